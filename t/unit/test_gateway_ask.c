/* SPDX-License-Identifier: Apache-2.0
 * Asking Douyin: when a call is made again, and what the caller is told.
 * links: gateway/ask.c gateway/host.c gateway/redeem/lookup.c gateway/redeem/prepare.c
 * links: gateway/token.c gateway/db_work.c gateway/account.c gateway/declared.c douyin/codes.c gateway/reasons.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "gateway/ask.h"
#include "gateway/redeem/redeem.h"
#include "util/compiler.h"

#define POI "7012345678901234567"

static dygw_gateway_t *gateway;
static dygw_result_t out;

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    return 0;
}

static void prepare(void)
{
    dygw_redeem_request_t request = {
        .poi_id = POI,
        .mode = DYGW_MODE_CODE,
        .code = "123456789012",
        .count = 1,
    };

    dygw_prepare_only(FAKE_CTX(gateway, pool), &request, &out);
}

static void prepare_link(void)
{
    dygw_redeem_request_t request = {
        .poi_id = POI,
        .mode = DYGW_MODE_SHORT_LINK,
        .short_link = "https://v.douyin.com/a/",
        .count = 1,
    };

    dygw_prepare_only(FAKE_CTX(gateway, pool), &request, &out);
}

static void stores(void)
{
    dygw_stores(FAKE_CTX(gateway, pool), NULL, POI, 1, 20, &out);
}

/* --- what the caller is told, for each class of answer --- */

typedef struct told_t {
    dygw_reply_class_e kind;
    apr_int64_t error_code;
    int answers; /* Douyin gives it so often, as the call is repeated */
    dygw_code_e code;
    int speaks;      /* the error has `douyin` ... */
    int words;       /* ... and it is not null */
    int retry_after; /* is given */
} told_t;

static const told_t table[] = {
    { DYGW_REPLY_OK, 0, 1, DYGW_OK, 0, 0, 0 },
    { DYGW_REPLY_COUPON, 1212, 1, DYGW_UPSTREAM_REFUSED, 1, 1, 0 },
    { DYGW_REPLY_REVIEW, 1229, 1, DYGW_UPSTREAM_REFUSED, 1, 1, 0 },
    { DYGW_REPLY_SETUP, 1508, 1, DYGW_UPSTREAM_REFUSED, 1, 1, 0 },
    { DYGW_REPLY_REQUEST, 2100005, 1, DYGW_UPSTREAM_ERROR, 1, 1, 0 },
    { DYGW_REPLY_GARBLED, 0, 1, DYGW_UPSTREAM_ERROR, 1, 0, 0 },
    { DYGW_REPLY_TOKEN, 2190002, 2, DYGW_TOKEN_UNAVAILABLE, 0, 0, 1 },
    { DYGW_REPLY_BUSY, 2119003, 2, DYGW_UPSTREAM_UNAVAILABLE, 0, 0, 1 },
    { DYGW_REPLY_LOST, 0, 2, DYGW_UPSTREAM_UNAVAILABLE, 0, 0, 1 },
    { DYGW_REPLY_UNREACHABLE, 0, 2, DYGW_UPSTREAM_UNAVAILABLE, 0, 0, 1 },
    { DYGW_REPLY_TIMEOUT, 0, 1, DYGW_UPSTREAM_TIMEOUT, 0, 0, 0 },
};

static void check_told(const told_t *expected)
{
    assert_int_equal(out.code, expected->code);
    assert_int_equal(out.upstream_spoke, expected->speaks);
    if (expected->speaks) {
        assert_int_equal(out.reply != NULL, expected->words);
    }
    if (expected->words && out.reply) {
        assert_true(out.reply->error_code == expected->error_code);
    }
    assert_int_equal(out.retry_after > 0, expected->retry_after);
    assert_int_equal(out.message != NULL, expected->code != DYGW_OK);
}

static void prepare_tells_each_class_of_answer(DYGW_UNUSED void **state)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        gateway = fake_world(pool);
        for (int n = 0; n < table[i].answers; n++) {
            fake_prepare(table[i].kind, table[i].error_code);
        }
        prepare();
        check_told(&table[i]);
    }
}

static void stores_tell_each_class_of_answer(DYGW_UNUSED void **state)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        gateway = fake_world(pool);
        for (int n = 0; n < table[i].answers; n++) {
            fake_stores(table[i].kind, table[i].error_code);
        }
        stores();
        check_told(&table[i]);
    }
}

static void a_success_is_handed_on_with_douyins_own_text(DYGW_UNUSED void **state)
{
    prepare();
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(out.reply->raw, "{\"data\":{\"error_code\":0,\"of\":\"prepare\"}}");
    assert_string_equal(fake_prepare_args(), "tok-1 " POI " 123456789012");
    assert_int_equal(fake_store_rows(), 0);
}

/* --- calls that are made again --- */

static void what_redeems_nothing_is_tried_once_more(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = {
        DYGW_REPLY_BUSY,
        DYGW_REPLY_LOST,
        DYGW_REPLY_UNREACHABLE,
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        gateway = fake_world(pool);
        fake_prepare(kinds[i], 0);
        prepare();
        assert_int_equal(out.code, DYGW_OK);
        assert_string_equal(fake_trace(), "prepare prepare");
    }
}

static void not_after_a_time_out_and_not_twice(DYGW_UNUSED void **state)
{
    fake_prepare(DYGW_REPLY_TIMEOUT, 0);
    prepare();
    assert_int_equal(out.code, DYGW_UPSTREAM_TIMEOUT);
    assert_string_equal(fake_trace(), "prepare");
    fake_prepare(DYGW_REPLY_BUSY, 2119002);
    fake_prepare(DYGW_REPLY_BUSY, 2119002);
    prepare();
    assert_int_equal(out.code, DYGW_UPSTREAM_UNAVAILABLE);
    assert_string_equal(fake_trace(), "prepare prepare");
}

static void a_refused_token_is_renewed_and_the_new_one_used(DYGW_UNUSED void **state)
{
    fake_prepare(DYGW_REPLY_TOKEN, 2190008);
    prepare();
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(fake_trace(), "prepare open claim close token open put close prepare");
    assert_string_equal(fake_prepare_args(), "tok-1 " POI " 123456789012; tok-2 " POI " 123456789012");
}

static void renewal_and_one_more_try_are_independent(DYGW_UNUSED void **state)
{
    fake_prepare(DYGW_REPLY_TOKEN, 2190002);
    fake_prepare(DYGW_REPLY_BUSY, 2119002);
    prepare();
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(fake_prepare_args(),
                        "tok-1 " POI " 123456789012; tok-2 " POI " 123456789012; tok-2 " POI " 123456789012");
    gateway = fake_world(pool);
    fake_prepare(DYGW_REPLY_BUSY, 2119002);
    fake_prepare(DYGW_REPLY_TOKEN, 2190002);
    prepare();
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(fake_prepare_args(),
                        "tok-1 " POI " 123456789012; tok-1 " POI " 123456789012; tok-2 " POI " 123456789012");
}

static void a_token_is_renewed_once_a_call(DYGW_UNUSED void **state)
{
    fake_prepare(DYGW_REPLY_TOKEN, 2190002);
    fake_prepare(DYGW_REPLY_TOKEN, 2190002);
    prepare();
    assert_int_equal(out.code, DYGW_TOKEN_UNAVAILABLE);
    assert_int_equal(fake_token_calls(), 1);
}

static void a_token_that_ended_is_renewed_before_the_call(DYGW_UNUSED void **state)
{
    fake_clock_advance(FAKE_LIFE_MS);
    prepare();
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(fake_trace(), "open claim close token open put close prepare");
    assert_string_equal(fake_prepare_args(), "tok-2 " POI " 123456789012");
}

static void without_a_token_nothing_is_asked(DYGW_UNUSED void **state)
{
    fake_clock_advance(FAKE_LIFE_MS);
    fake_token(DYGW_REPLY_UNREACHABLE, NULL, 0);
    prepare();
    assert_int_equal(out.code, DYGW_TOKEN_UNAVAILABLE);
    assert_true(out.retry_after > 0);
    assert_string_equal(fake_trace(), "open claim close token");
    stores();
    assert_int_equal(out.code, DYGW_TOKEN_UNAVAILABLE);
    assert_string_equal(fake_trace(), ""); /* what has just failed is not tried again */
}

static void a_refused_token_that_works_again_is_good_again(DYGW_UNUSED void **state)
{
    gateway->host->token_refused = 1;
    fake_prepare(DYGW_REPLY_TIMEOUT, 0);
    prepare();
    assert_int_equal(gateway->host->token_refused, 1);
    prepare();
    assert_int_equal(gateway->host->token_refused, 0);
}

/* --- short links --- */

static void a_link_is_followed_before_prepare(DYGW_UNUSED void **state)
{
    prepare_link();
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(fake_trace(), "link prepare");
    assert_string_equal(fake_prepare_args(), "tok-1 " POI " object-1");
}

static void what_is_wrong_with_a_link_is_told(DYGW_UNUSED void **state)
{
    fake_link(DYGW_LINK_BAD);
    prepare_link();
    assert_int_equal(out.code, DYGW_INVALID_REQUEST);
    assert_string_equal(out.field, "short_link");
    assert_string_equal(out.message, "what is wrong with the link");
    assert_string_equal(out.reason, "wrong_code");
    fake_link(DYGW_LINK_DEAD);
    prepare_link();
    assert_int_equal(out.code, DYGW_INVALID_REQUEST);
    assert_string_equal(out.field, "short_link");
    assert_string_equal(out.reason, "qr_expired");
    fake_link(DYGW_LINK_TIMEOUT);
    prepare_link();
    assert_int_equal(out.code, DYGW_UPSTREAM_TIMEOUT);
    assert_null(out.field);
    fake_link(DYGW_LINK_UNAVAILABLE);
    fake_link(DYGW_LINK_UNAVAILABLE);
    prepare_link();
    assert_int_equal(out.code, DYGW_UPSTREAM_UNAVAILABLE);
    assert_true(out.retry_after > 0);
    assert_string_equal(fake_trace(), "link link link link link");
}

static void a_link_host_that_is_away_is_tried_once_more(DYGW_UNUSED void **state)
{
    fake_link(DYGW_LINK_UNAVAILABLE);
    prepare_link();
    assert_int_equal(out.code, DYGW_OK);
    assert_string_equal(fake_trace(), "link link prepare");
}

static void the_token_lock_is_taken_once_a_call(DYGW_UNUSED void **state)
{
    prepare();
    assert_int_equal(fake_host_locks(), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(prepare_tells_each_class_of_answer),
        TEST(stores_tell_each_class_of_answer),
        TEST(a_success_is_handed_on_with_douyins_own_text),
        TEST(what_redeems_nothing_is_tried_once_more),
        TEST(not_after_a_time_out_and_not_twice),
        TEST(a_refused_token_is_renewed_and_the_new_one_used),
        TEST(renewal_and_one_more_try_are_independent),
        TEST(a_token_is_renewed_once_a_call),
        TEST(a_token_that_ended_is_renewed_before_the_call),
        TEST(without_a_token_nothing_is_asked),
        TEST(a_refused_token_that_works_again_is_good_again),
        TEST(a_link_is_followed_before_prepare),
        TEST(what_is_wrong_with_a_link_is_told),
        TEST(a_link_host_that_is_away_is_tried_once_more),
        TEST(the_token_lock_is_taken_once_a_call),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_ask", tests, NULL, NULL);
}
