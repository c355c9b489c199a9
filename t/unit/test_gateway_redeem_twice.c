/* SPDX-License-Identifier: Apache-2.0
 * A redemption whose verify went out twice, or with a token that Douyin refused.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/code_use.c gateway/db_work.c
 * links: gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/by_code.c gateway/redeem/earlier.c gateway/redeem/lookup.c
 * links: gateway/redeem/prepare.c gateway/redeem/redeem.c gateway/redeem/why.c gateway/settle/fit.c
 * links: gateway/token.c gateway/unusable.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c own_pool.c fake_look.c */
#include "support/redeeming.h"

#include "util/compiler.h"

/* --- "already used" --- */

static void already_used_is_final_for_the_only_request_sent(DYGW_UNUSED void **state)
{
    static const apr_int64_t results[] = { 1208, 2 };

    for (int i = 0; i < 2; i++) {
        start_anew();
        fake_item(fake_verify(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, results[i]);
        redeem();
        check_failed(0, results[i]);
    }
}

static void already_used_may_be_ours_when_the_request_went_out_twice(DYGW_UNUSED void **state)
{
    dygw_verify_reply_t *answer = fake_verify(DYGW_REPLY_OK, 0);

    fake_item(answer, 0, DYGW_REPLY_COUPON, 1208);
    answer->reply.sent_twice = 1;
    redeem();
    check_unknown(0, 2);
}

static void already_used_may_be_ours_after_a_renewed_token(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TOKEN, 2190008);
    fake_item(fake_verify(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 2);
    redeem();
    check_unknown(0, 2);
}

static void no_uses_left_may_be_our_own_doing_too(DYGW_UNUSED void **state)
{
    dygw_verify_reply_t *answer = fake_verify(DYGW_REPLY_OK, 0);

    fake_item(answer, 0, DYGW_REPLY_COUPON, 1241);
    redeem();
    check_failed(0, 1241);
    start_anew();
    answer = fake_verify(DYGW_REPLY_OK, 0);
    fake_item(answer, 0, DYGW_REPLY_COUPON, 1241);
    answer->reply.sent_twice = 1;
    redeem();
    check_unknown(0, 2);
}

static void whatever_one_of_two_was_refused_with_the_other_may_be_done(DYGW_UNUSED void **state)
{
    static const apr_int64_t results[] = { 1250, 3000001 };

    for (int i = 0; i < 2; i++) {
        dygw_verify_reply_t *answer;

        start_anew();
        answer = fake_verify(DYGW_REPLY_OK, 0);
        fake_item(answer, 0, DYGW_REPLY_COUPON, results[i]);
        answer->reply.sent_twice = 1;
        redeem();
        check_unknown(0, 2);
    }
}

static void refused_after_a_refused_token_it_has_failed(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TOKEN, 2190008);
    fake_item(fake_verify(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1250);
    redeem();
    check_failed(0, 1250);
}

static void a_whole_refusal_of_a_request_sent_twice_is_not_final(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_COUPON, 1208)->reply.sent_twice = 1;
    redeem();
    check_unknown(0, 2);
}

static void a_success_of_a_request_sent_twice_is_a_success(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_OK, 0)->reply.sent_twice = 1;
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    assert_int_equal(item(0)->attempts, 2);
}

/* --- the token during verify --- */

static void a_token_refused_at_verify_is_renewed_and_the_same_sent_again(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TOKEN, 2190002);
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    assert_int_equal(item(0)->attempts, 2);
    assert_string_equal(fake_verify_args(), "tok-1 " POI " vt-1 enc-1; tok-2 " POI " vt-1 enc-1");
    assert_string_equal(fake_trace(), "prepare " BY_CODE " verify " RENEWED " verify " SETTLED);
}

static void a_token_that_stays_refused_leaves_it_processing(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TOKEN, 2190002);
    fake_verify(DYGW_REPLY_TOKEN, 2190002);
    redeem();
    check_unknown(0, 2);
    assert_int_equal(fake_verify_calls(), 2);
    start_anew();
    fake_verify(DYGW_REPLY_TOKEN, 2190002);
    fake_token(DYGW_REPLY_TIMEOUT, NULL, 0);
    redeem();
    check_unknown(0, 1);
    assert_int_equal(fake_verify_calls(), 1);
}

static void a_busy_verify_is_not_repeated_here(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TOKEN, 2190002);
    fake_verify(DYGW_REPLY_BUSY, 2100004);
    redeem();
    check_unknown(0, 2);
    assert_int_equal(fake_verify_calls(), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(already_used_is_final_for_the_only_request_sent),
        TEST(already_used_may_be_ours_when_the_request_went_out_twice),
        TEST(already_used_may_be_ours_after_a_renewed_token),
        TEST(no_uses_left_may_be_our_own_doing_too),
        TEST(whatever_one_of_two_was_refused_with_the_other_may_be_done),
        TEST(refused_after_a_refused_token_it_has_failed),
        TEST(a_whole_refusal_of_a_request_sent_twice_is_not_final),
        TEST(a_success_of_a_request_sent_twice_is_a_success),
        TEST(a_token_refused_at_verify_is_renewed_and_the_same_sent_again),
        TEST(a_token_that_stays_refused_leaves_it_processing),
        TEST(a_busy_verify_is_not_repeated_here),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_redeem_twice", tests, NULL, NULL);
}
