/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's answers show of a coupon's worth, its uses, and when and where it may be used.
 * links: douyin/certificate.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "douyin/certificate.h"
#include "util/compiler.h"
#include "util/json.h"

#define LEN(array) (sizeof(array) / sizeof *(array))

/* The terms of a coupon with these members. */
static dygw_terms_t terms_of(const char *members)
{
    const char *mistake = "";
    const char *text = apr_pstrcat(pool, "{", members, "}", NULL);
    const json_t *item = dygw_json_parse(text, strlen(text), DYGW_JSON_LENIENT, pool, &mistake);
    dygw_certificate_t certificate;
    dygw_terms_t terms;

    if (!item) {
        fail_msg("%s: %s", text, mistake);
    }
    dygw_douyin_read_certificate(&certificate, item, pool);
    dygw_douyin_terms(&certificate, &terms, pool);
    return terms;
}

/* --- kind --- */

static void the_kind_is_told_by_number_and_by_what_only_one_kind_has(DYGW_UNUSED void **state)
{
    static const struct {
        const char *members;
        dygw_coupon_kind_e kind;
    } table[] = {
        { "\"sku\":{\"groupon_type\":1}", DYGW_COUPON_PACKAGE },
        { "\"sku\":{\"groupon_type\":2}", DYGW_COUPON_VOUCHER },
        { "\"sku\":{\"groupon_type\":3}", DYGW_COUPON_TIMES_CARD },
        { "\"sku\":{\"groupon_type\":\"2\"}", DYGW_COUPON_VOUCHER },
        { "\"sku\":{\"groupon_type\":2.0}", DYGW_COUPON_VOUCHER },
        { "\"sku\":{\"groupon_type\":1,\"voucher_type\":1}", DYGW_COUPON_PACKAGE },
        { "\"sku\":{\"voucher_type\":1}", DYGW_COUPON_VOUCHER },
        { "\"sku\":{\"groupon_type\":0,\"voucher_type\":77}", DYGW_COUPON_VOUCHER },
        { "\"sku\":{\"voucher_type\":0}", DYGW_COUPON_OTHER },
        { "\"time_card\":{\"times_count\":3}", DYGW_COUPON_TIMES_CARD },
        { "\"sku\":{},\"time_card\":{}", DYGW_COUPON_OTHER },
        { "\"sku\":{},\"time_card\":null", DYGW_COUPON_OTHER },
        { "\"sku\":{\"groupon_type\":4}", DYGW_COUPON_OTHER },
        { "\"sku\":{\"groupon_type\":-1,\"voucher_type\":1}", DYGW_COUPON_OTHER },
        { "\"sku\":{\"groupon_type\":[]}", DYGW_COUPON_OTHER },
        { "\"sku\":null", DYGW_COUPON_OTHER },
        { "\"status\":1", DYGW_COUPON_OTHER },
    };

    for (size_t i = 0; i < LEN(table); i++) {
        dygw_terms_t terms = terms_of(table[i].members);

        if (terms.kind != table[i].kind) {
            fail_msg("%s: %d", table[i].members, (int)terms.kind);
        }
    }
}

/* --- amounts and uses --- */

typedef struct figures_t {
    const char *members;
    apr_int64_t face_value, pay_amount;
    int uses_total, uses_left;
} figures_t;

static void assert_figures(const figures_t *table, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const figures_t *f = &table[i];
        dygw_terms_t t = terms_of(f->members);

        if (t.face_value != f->face_value || t.pay_amount != f->pay_amount || t.uses_total != f->uses_total
            || t.uses_left != f->uses_left) {
            fail_msg("%s: %ld %ld, %d of %d", f->members, (long)t.face_value, (long)t.pay_amount, t.uses_left,
                     t.uses_total);
        }
    }
}

static void the_face_value_is_the_price_that_is_crossed_out(DYGW_UNUSED void **state)
{
    static const figures_t table[] = {
        { "\"sku\":{\"groupon_type\":2,\"market_price\":10000},\"amount\":{\"list_market_amount\":9000,"
          "\"original_amount\":8000,\"pay_amount\":7900}",
          10000, 7900, -1, -1 },
        { "\"sku\":{\"market_price\":0},\"amount\":{\"list_market_amount\":\"9000\","
          "\"pay_amount\":\"7900\"}",
          9000, 7900, -1, -1 },
        /* What it was sold for is no face value. */
        { "\"amount\":{\"original_amount\":8000,\"pay_amount\":0}", -1, 0, -1, -1 },
        { "\"sku\":{\"market_price\":-5},\"amount\":{\"list_market_amount\":0,\"pay_amount\":-1}", -1, -1, -1, -1 },
        { "\"sku\":{\"market_price\":\"a lot\"},\"amount\":[]", -1, -1, -1, -1 },
        { "\"amount\":null", -1, -1, -1, -1 },
        { "\"status\":1", -1, -1, -1, -1 },
    };

    assert_figures(table, LEN(table));
}

#define CARD "\"sku\":{\"groupon_type\":3,\"market_price\":26900},\"amount\":{\"pay_amount\":19400},\"time_card\":"
#define SERIAL \
    "\"serial_amount_list\":[" \
    "{\"serial_numb\":1,\"amount\":{\"pay_amount\":6468,\"list_market_amount\":8968}}," \
    "{\"serial_numb\":\"2\",\"amount\":{\"pay_amount\":\"6466\",\"list_market_amount\":\"8966\"}}," \
    "{\"serial_numb\":3,\"amount\":{\"pay_amount\":0}}]"

static void of_a_times_card_they_are_of_the_next_use(DYGW_UNUSED void **state)
{
    static const figures_t table[] = {
        { CARD "{\"times_count\":3," SERIAL "}", 8968, 6468, 3, 3 },
        { CARD "{\"times_count\":\"3\",\"times_used\":\"1\"," SERIAL "}", 8966, 6466, 3, 2 },
        { CARD "{\"times_count\":3,\"times_used\":2," SERIAL "}", -1, 0, 3, 1 },
        { CARD "{\"times_count\":3,\"times_used\":3," SERIAL "}", -1, -1, 3, 0 },
        { CARD "{\"times_count\":3,\"times_used\":7," SERIAL "}", -1, -1, 3, 0 },
        { CARD "{\"times_count\":3,\"times_used\":-7," SERIAL "}", 8968, 6468, 3, 3 },
        /* The whole card's are not one use's, unless it has one only. */
        { CARD "{\"times_count\":3,\"times_used\":1}", -1, -1, 3, 2 },
        { CARD "{\"times_count\":3,\"serial_amount_list\":{}}", -1, -1, 3, 3 },
        { CARD "{\"times_count\":3,\"serial_amount_list\":[null,7,{}]}", -1, -1, 3, 3 },
        { CARD "{\"times_count\":1}", 26900, 19400, 1, 1 },
        { CARD "{" SERIAL "}", -1, -1, -1, -1 },
        { CARD "null", -1, -1, -1, -1 },
        { CARD "{\"times_count\":0,\"times_used\":0}", -1, -1, -1, -1 },
    };

    assert_figures(table, LEN(table));
}

/* --- times --- */

static void the_beginning_is_in_seconds_or_milliseconds(DYGW_UNUSED void **state)
{
    static const struct {
        const char *members;
        dygw_ms_t start;
    } table[] = {
        { "\"start_time\":1650278040", 1650278040000 },
        { "\"start_time\":1650278040000", 1650278040000 },
        { "\"start_time\":\"1650278040\"", 1650278040000 },
        { "\"start_time\":1650278040.0", 1650278040000 },
        { "\"start_time\":0", DYGW_NO_TIME },
        { "\"start_time\":-1", DYGW_NO_TIME },
        { "\"start_time\":null", DYGW_NO_TIME },
        { "\"start_time\":\"2026-01-01\"", DYGW_NO_TIME },
        { "\"start_time\":{\"seconds\":1}", DYGW_NO_TIME },
        { "\"expire_time\":1650278040", DYGW_NO_TIME },
    };

    for (size_t i = 0; i < LEN(table); i++) {
        dygw_terms_t terms = terms_of(table[i].members);

        if (terms.start_time != table[i].start) {
            fail_msg("%s: %ld", table[i].members, (long)terms.start_time);
        }
    }
}

static unsigned weekdays(const char *list)
{
    const char *members = apr_pstrcat(pool, "\"not_available_time_info\":{\"can_no_use_week_day\":", list, "}", NULL);

    return terms_of(members).closed_weekdays;
}

static void sunday_is_0_or_7_and_other_numbers_forbid_nothing(DYGW_UNUSED void **state)
{
    assert_int_equal(weekdays("[1]"), 1U << 1);
    assert_int_equal(weekdays("[6,7]"), 1U << 6 | 1U << 7);
    assert_int_equal(weekdays("[0]"), 1U << 7);
    assert_int_equal(weekdays("[\"0\",\"3\"]"), 1U << 7 | 1U << 3);
    assert_int_equal(weekdays("[]"), 0);
    assert_int_equal(weekdays("null"), 0);
    assert_int_equal(weekdays("{\"1\":1}"), 0);
    assert_int_equal(weekdays("7"), 0);
    assert_int_equal(weekdays("[8,9,10,-1,64,9223372036854775807,1.5,true,null,[1],\"\",\"12\",\"MON\",\"周一\"]"), 0);
}

static apr_array_header_t *closed(const char *list)
{
    const char *members = apr_pstrcat(
        pool, "\"not_available_time_info\":{\"fulfil_enable\":true,\"can_no_use_date\":", list, "}", NULL);

    return terms_of(members).closed;
}

static void dates_are_ranges_of_which_half_ones_forbid_nothing(DYGW_UNUSED void **state)
{
    const apr_array_header_t *spans
        = closed("[{\"start_time\":1759248000,\"end_time\":1759852799},{\"start_time\":\"1759248000000\","
                 "\"end_time\":\"1759248000000\"}]");

    assert_int_equal(spans->nelts, 2);
    assert_int_equal(APR_ARRAY_IDX(spans, 0, dygw_span_t).from, 1759248000000);
    assert_int_equal(APR_ARRAY_IDX(spans, 0, dygw_span_t).to, 1759852799000);
    assert_int_equal(APR_ARRAY_IDX(spans, 1, dygw_span_t).from, 1759248000000);
    assert_int_equal(APR_ARRAY_IDX(spans, 1, dygw_span_t).to, 1759248000000);
    assert_int_equal(closed("[{\"start_time\":1759248000}]")->nelts, 0);
    assert_int_equal(closed("[{\"end_time\":1759248000}]")->nelts, 0);
    assert_int_equal(closed("[{\"start_time\":1759248001,\"end_time\":1759248000}]")->nelts, 0);
    assert_int_equal(closed("[{\"start_time\":\"2025-10-01\",\"end_time\":\"2025-10-07\"}]")->nelts, 0);
    assert_int_equal(closed("[null,7,\"2025-10-01\",[]]")->nelts, 0);
    assert_int_equal(closed("null")->nelts, 0);
    assert_int_equal(closed("{}")->nelts, 0);
}

static const char *hours(const char *list)
{
    const char *members
        = apr_pstrcat(pool, "\"use_time_info\":{\"use_time_type\":9,\"time_period_list\":", list, "}", NULL);
    const apr_array_header_t *found = terms_of(members).hours;
    const char *text = "";

    for (int i = 0; i < found->nelts; i++) {
        const dygw_hours_t *period = &APR_ARRAY_IDX(found, i, dygw_hours_t);

        text = apr_psprintf(pool, "%s%s%d-%d", text, *text ? " " : "", period->from, period->to);
    }
    return text;
}

static const char *period(const char *start, const char *end, const char *next_day)
{
    return hours(apr_psprintf(pool, "[{\"start_time\":%s,\"end_time\":%s%s%s}]", start, end,
                              *next_day ? ",\"end_time_is_next_day\":" : "", next_day));
}

static void hours_are_minutes_of_the_day_and_the_last_one_counts(DYGW_UNUSED void **state)
{
    assert_string_equal(period("\"10:00\"", "\"14:30\"", "false"), "600-870");
    assert_string_equal(period("\"9:05\"", "\"09:59:59\"", ""), "545-599");
    assert_string_equal(period("\"00:00\"", "\"24:00\"", ""), "0-1439");
    assert_string_equal(period("\"00:00\"", "\"23:59\"", ""), "0-1439");
    assert_string_equal(hours("[{\"start_time\":\"10:00\",\"end_time\":\"14:00\"},{\"start_time\":\"17:00\","
                              "\"end_time\":\"21:00\"}]"),
                        "600-840 1020-1260");
}

static void an_end_may_be_the_next_days_said_or_not(DYGW_UNUSED void **state)
{
    static const char *const said[] = { "true", "1", "\"true\"", "\"1\"" };

    for (size_t i = 0; i < LEN(said); i++) {
        assert_string_equal(period("\"22:00\"", "\"02:00\"", said[i]), "1320-1560");
        assert_string_equal(period("\"10:00\"", "\"12:00\"", said[i]), "600-2160");
    }
    assert_string_equal(period("\"22:00\"", "\"02:00\"", ""), "1320-1560");
    assert_string_equal(period("\"22:00\"", "\"02:00\"", "false"), "1320-1560");
    assert_string_equal(period("\"22:00\"", "\"00:00\"", "true"), "1320-1439");
    assert_string_equal(period("\"00:00\"", "\"00:00\"", ""), "0-1439");
    assert_string_equal(period("\"10:00\"", "\"10:00\"", ""), "600-2040");
}

static void hours_that_cannot_be_understood_forbid_nothing(DYGW_UNUSED void **state)
{
    static const char *const strange[] = {
        "\"\"",       "\"ten\"",         "\"10\"",     "\"10:\"",    "\":30\"",   "\"10:60\"",  "\"24:01\"",
        "\"25:00\"",  "\"10:00:\"",      "\"10:00 \"", "\" 10:00\"", "\"-1:00\"", "\"100:00\"", "\"10:000\"",
        "\"10：00\"", "\"10:00:00:00\"", "600",        "null",       "{}",
    };

    for (size_t i = 0; i < LEN(strange); i++) {
        assert_string_equal(period(strange[i], "\"14:00\"", ""), "");
        assert_string_equal(period("\"10:00\"", strange[i], ""), "");
        /* The others do not tell either, then. */
        assert_string_equal(hours(apr_psprintf(pool,
                                               "[{\"start_time\":\"10:00\",\"end_time\":\"14:00\"},{\"start_time\":%s,"
                                               "\"end_time\":\"21:00\"}]",
                                               strange[i])),
                            "");
    }
    assert_string_equal(period("\"24:00\"", "\"00:00\"", ""), "");
    assert_string_equal(hours("[{}]"), "");
    assert_string_equal(hours("[]"), "");
    assert_string_equal(hours("null"), "");
    assert_string_equal(hours("{}"), "");
    assert_string_equal(hours("\"10:00-14:00\""), "");
}

/* --- stores --- */

static void stores_are_texts_or_numbers(DYGW_UNUSED void **state)
{
    const apr_array_header_t *stores
        = terms_of("\"not_available_poi_list\":[\"7012345678901234567\",7012345678901234568,null,{},\"\"]").not_for;

    assert_int_equal(stores->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(stores, 0, const char *), "7012345678901234567");
    assert_string_equal(APR_ARRAY_IDX(stores, 1, const char *), "7012345678901234568");
    assert_int_equal(terms_of("\"not_available_poi_list\":\"7012345678901234567\"").not_for->nelts, 0);
    assert_int_equal(terms_of("\"not_available_poi_list\":null").not_for->nelts, 0);
}

static void a_coupon_without_terms_has_none(DYGW_UNUSED void **state)
{
    dygw_terms_t terms;

    dygw_douyin_terms(&(dygw_certificate_t){ .encrypted_code = "A", .times_left = 1 }, &terms, pool);
    assert_int_equal(terms.kind, DYGW_COUPON_OTHER);
    assert_int_equal(terms.start_time, DYGW_NO_TIME);
    assert_int_equal(terms.closed_weekdays, 0);
    assert_int_equal(terms.closed->nelts + terms.hours->nelts + terms.not_for->nelts, 0);
    terms = terms_of("\"not_available_time_info\":{},\"use_time_info\":{}");
    assert_int_equal(terms.closed_weekdays, 0);
    assert_int_equal(terms.closed->nelts + terms.hours->nelts, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_pool, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_kind_is_told_by_number_and_by_what_only_one_kind_has),
        TEST(the_face_value_is_the_price_that_is_crossed_out),
        TEST(of_a_times_card_they_are_of_the_next_use),
        TEST(the_beginning_is_in_seconds_or_milliseconds),
        TEST(sunday_is_0_or_7_and_other_numbers_forbid_nothing),
        TEST(dates_are_ranges_of_which_half_ones_forbid_nothing),
        TEST(hours_are_minutes_of_the_day_and_the_last_one_counts),
        TEST(an_end_may_be_the_next_days_said_or_not),
        TEST(hours_that_cannot_be_understood_forbid_nothing),
        TEST(stores_are_texts_or_numbers),
        TEST(a_coupon_without_terms_has_none),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("douyin_terms", tests, NULL, NULL);
}
