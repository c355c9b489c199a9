/* SPDX-License-Identifier: Apache-2.0
 * A signed request that comes once more, when nobody remembers its nonce.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/code_use.c gateway/db_work.c
 * links: gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/by_code.c gateway/redeem/earlier.c gateway/redeem/lookup.c
 * links: gateway/redeem/prepare.c gateway/redeem/redeem.c gateway/redeem/why.c gateway/settle/fit.c
 * links: gateway/token.c gateway/unusable.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c own_pool.c fake_look.c */
#include "support/redeeming.h"

#include <apr_general.h>

#include "util/compiler.h"

#define SIGNED "5a7d5c0e0f9b7f2f6a3d4c5b6a798887766554433221100ffeeddccbbaa99887"

static void check_refused_as_replay(int rows)
{
    assert_int_equal(out.result.code, DYGW_REPLAYED_NONCE);
    assert_non_null(out.result.message);
    assert_int_equal(out.result.retry_after, 0);
    assert_int_equal(fake_store_rows(), rows);
}

static void a_request_leaves_its_key_in_its_first_row(DYGW_UNUSED void **state)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);

    fake_certificate(prepared, "enc-2");
    fake_certificate(prepared, "enc-3");
    request.count = 2;
    request.request_key = SIGNED;
    redeem();
    assert_int_equal(out.count, 2);
    assert_string_equal(fake_store_row(0)->request_key, SIGNED);
    assert_null(fake_store_row(1)->request_key);
}

static void a_request_that_comes_again_redeems_nothing(DYGW_UNUSED void **state)
{
    request.request_key = SIGNED;
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    fake_trace();
    fake_prepare(DYGW_REPLY_OK, 0)->verify_token = "vt-2";
    redeem();
    check_refused_as_replay(1);
    assert_int_equal(fake_verify_calls(), 1);
    assert_string_equal(fake_trace(), "prepare " LOOKED " query " COMMITTED);
}

static void nor_does_it_where_douyin_gives_the_same_token_again(DYGW_UNUSED void **state)
{
    request.request_key = SIGNED;
    redeem();
    redeem();
    check_refused_as_replay(1);
    assert_int_equal(fake_verify_calls(), 1);
}

static void nor_with_the_callers_own_prepare(DYGW_UNUSED void **state)
{
    use_encrypted_code();
    request.request_key = SIGNED;
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    redeem();
    check_refused_as_replay(1);
    /* without a token it would be told from the record */
    fake_store_set_token(gateway->seal, NULL, 0, 0, 0);
    gateway->host->token[0] = '\0';
    fake_token(DYGW_REPLY_BUSY, NULL, 0);
    redeem();
    check_refused_as_replay(1);
    assert_int_equal(fake_verify_calls(), 1);
}

static void a_refused_one_leaves_no_second_record(DYGW_UNUSED void **state)
{
    request.request_key = SIGNED;
    fake_prepare(DYGW_REPLY_COUPON, 1208);
    redeem();
    check_failed(0, 1208);
    fake_prepare(DYGW_REPLY_COUPON, 1208);
    redeem();
    check_refused_as_replay(1);
    fake_prepare(DYGW_REPLY_OK, 0);
    redeem();
    check_refused_as_replay(1);
    assert_int_equal(fake_verify_calls(), 0);
}

static void the_same_coupon_asked_for_anew_is_told_as_before(DYGW_UNUSED void **state)
{
    use_encrypted_code();
    request.request_key = SIGNED;
    redeem();
    request.request_key = "another";
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_true(out.replayed);
}

static void an_insert_whose_answer_is_lost_is_no_repetition(DYGW_UNUSED void **state)
{
    request.request_key = SIGNED;
    fake_store_fail(FAKE_INSERT, 0, 1, APR_INCOMPLETE, 1);
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    assert_int_equal(fake_store_rows(), 1);
}

/* The first try comes to its end when ids were drawn anew: the row is there, under the old one. */
static void rows_of_our_own_under_ids_before_are_no_repetition(DYGW_UNUSED void **state)
{
    request.request_key = SIGNED;
    fake_store_fail(FAKE_INSERT, 0, 1, APR_EAGAIN, 1);
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_PROCESSING);
    assert_true(item(0)->id == fake_store_row(0)->id);
    assert_int_equal(fake_store_rows(), 1);
    assert_int_equal(fake_verify_calls(), 0);
}

static void without_a_key_nothing_is_compared(DYGW_UNUSED void **state)
{
    redeem();
    fake_prepare(DYGW_REPLY_OK, 0)->verify_token = "vt-2";
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_FAILED); /* that verify_id is another's */
    assert_int_equal(fake_store_rows(), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_leaves_its_key_in_its_first_row),
        TEST(a_request_that_comes_again_redeems_nothing),
        TEST(nor_does_it_where_douyin_gives_the_same_token_again),
        TEST(nor_with_the_callers_own_prepare),
        TEST(a_refused_one_leaves_no_second_record),
        TEST(the_same_coupon_asked_for_anew_is_told_as_before),
        TEST(an_insert_whose_answer_is_lost_is_no_repetition),
        TEST(rows_of_our_own_under_ids_before_are_no_repetition),
        TEST(without_a_key_nothing_is_compared),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_redeem_again", tests, NULL, NULL);
}
