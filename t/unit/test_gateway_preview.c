/* SPDX-License-Identifier: Apache-2.0
 * What is read of an order before a coupon of it is redeemed: one prepare, and nothing of the database.
 * links: gateway/reasons.c
 * links: gateway/ask.c gateway/host.c gateway/redeem/lookup.c gateway/redeem/prepare.c
 * links: gateway/redeem/preview.c gateway/usable.c gateway/token.c gateway/db_work.c gateway/account.c
 * links: gateway/declared.c douyin/certificate.c douyin/codes.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "gateway/redeem/preview.h"
#include "util/compiler.h"
#include "util/json.h"

#define POI     "7012345678901234567"
#define HOUR_MS APR_INT64_C(3600000)

static dygw_gateway_t *gateway;
static dygw_preview_t out;

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    gateway->time_zone = 480;
    fake_trace();
    return 0;
}

static void preview(void)
{
    dygw_redeem_request_t request = {
        .poi_id = POI,
        .mode = DYGW_MODE_CODE,
        .code = "123456789012",
        .account_id = "1001",
        .count = 1,
    };

    dygw_preview(FAKE_CTX(gateway, pool), &request, &out);
}

/* A coupon of the next answer, with more members in Douyin's own item. */
static dygw_certificate_t *listed(dygw_prepare_reply_t *answer, const char *code, const char *item)
{
    const char *mistake;
    dygw_certificate_t *coupon = fake_certificate(answer, code);

    coupon->item = dygw_json_parse(item, strlen(item), DYGW_JSON_LENIENT, pool, &mistake);
    assert_non_null(coupon->item);
    return coupon;
}

static void each_coupon_of_the_order_is_read_by_one_prepare(DYGW_UNUSED void **state)
{
    dygw_prepare_reply_t *answer = fake_prepare(DYGW_REPLY_OK, 0);

    answer->reply.date = FAKE_START_MS;
    listed(answer, "enc-1", "{\"sku\":{\"groupon_type\":2,\"market_price\":10000}}");
    listed(answer, "enc-2", "{\"not_available_poi_list\":[\"" POI "\"]}");
    listed(answer, "enc-3", "{\"start_time\":1767225601}")->status = 4;
    preview();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_string_equal(out.prepared->verify_token, "vt-1");
    assert_string_equal(out.prepared->order_id, "order-1");
    assert_string_equal(out.coupons[0].certificate->encrypted_code, "enc-1");
    assert_int_equal(out.coupons[0].terms.kind, DYGW_COUPON_VOUCHER);
    assert_int_equal(out.coupons[0].terms.face_value, 10000);
    assert_int_equal(out.coupons[0].reason, DYGW_REASON_NONE);
    assert_int_equal(out.coupons[1].reason, DYGW_REASON_WRONG_STORE);
    assert_int_equal(out.coupons[2].reason, DYGW_REASON_REFUNDED);
    assert_string_equal(fake_prepare_args(), "tok-1 " POI " 123456789012");
    assert_string_equal(fake_accounts(), "prepare 1001");
    assert_string_equal(fake_trace(), "prepare");
    assert_int_equal(fake_verify_calls(), 0);
}

/* The host's clock stands at 2026-01-01T00:00:00Z, which is 8:00 in China. */
static void days_and_hours_are_by_douyins_clock_and_the_shops_zone(DYGW_UNUSED void **state)
{
    static const char *const item
        = "{\"use_time_info\":{\"time_period_list\":[{\"start_time\":\"10:00\",\"end_time\":\"14:00\"}]}}";
    dygw_prepare_reply_t *answer = fake_prepare(DYGW_REPLY_OK, 0);

    answer->reply.date = FAKE_START_MS + 2 * HOUR_MS;
    listed(answer, "enc-1", item);
    preview();
    assert_int_equal(out.coupons[0].reason, DYGW_REASON_NONE);
    answer = fake_prepare(DYGW_REPLY_OK, 0);
    answer->reply.date = DYGW_NO_TIME;
    listed(answer, "enc-1", item);
    preview();
    assert_int_equal(out.coupons[0].reason, DYGW_REASON_UNUSABLE_NOW);
    answer = fake_prepare(DYGW_REPLY_OK, 0);
    answer->reply.date = FAKE_START_MS + 2 * HOUR_MS;
    listed(answer, "enc-1", item);
    gateway->time_zone = 0;
    preview();
    assert_int_equal(out.coupons[0].reason, DYGW_REASON_UNUSABLE_NOW);
}

static void an_order_without_a_usable_coupon_has_none(DYGW_UNUSED void **state)
{
    fake_prepare(DYGW_REPLY_OK, 0);
    preview();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.prepared->certificates->nelts, 0);
}

static void what_is_refused_is_told_as_prepare_tells_it(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_reply_class_e kind;
        apr_int64_t error_code;
        dygw_code_e code;
    } table[] = {
        { DYGW_REPLY_COUPON, 1212, DYGW_UPSTREAM_REFUSED }, { DYGW_REPLY_SETUP, 1508, DYGW_UPSTREAM_REFUSED },
        { DYGW_REPLY_REVIEW, 1229, DYGW_UPSTREAM_REFUSED }, { DYGW_REPLY_REQUEST, 2100005, DYGW_UPSTREAM_ERROR },
        { DYGW_REPLY_GARBLED, 0, DYGW_UPSTREAM_ERROR },     { DYGW_REPLY_TIMEOUT, 0, DYGW_UPSTREAM_TIMEOUT },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        fake_prepare(table[i].kind, table[i].error_code);
        preview();
        assert_int_equal(out.result.code, table[i].code);
        assert_null(out.coupons);
    }
    for (int i = 0; i < 2; i++) {
        fake_prepare(DYGW_REPLY_BUSY, 2119003);
    }
    preview();
    assert_int_equal(out.result.code, DYGW_UPSTREAM_UNAVAILABLE);
    assert_string_equal(fake_trace(), "prepare prepare prepare prepare prepare prepare prepare prepare");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_coupon_of_the_order_is_read_by_one_prepare),
        TEST(days_and_hours_are_by_douyins_clock_and_the_shops_zone),
        TEST(an_order_without_a_usable_coupon_has_none),
        TEST(what_is_refused_is_told_as_prepare_tells_it),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_preview", tests, NULL, NULL);
}
