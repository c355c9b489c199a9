/* SPDX-License-Identifier: Apache-2.0
 * Whether a coupon may be used here and now: each restriction, at its edges.
 * links: gateway/usable.c
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

#include "gateway/usable.h"
#include "util/compiler.h"
#include "util/instant.h"

#define CHINA    480
#define STORE    "7012345678901234567"
#define MONDAY   "2026-11-30T"
#define AT(text) at(text "+08:00")

static dygw_certificate_t coupon;
static dygw_terms_t terms;

static int set_up(void **state)
{
    make_pool(state);
    coupon = (dygw_certificate_t){ .status = DYGW_CERTIFICATE_UNUSED, .expire_time = DYGW_NO_TIME, .times_left = 1 };
    terms = (dygw_terms_t){ .start_time = DYGW_NO_TIME,
                            .closed = apr_array_make(pool, 1, sizeof(dygw_span_t)),
                            .hours = apr_array_make(pool, 1, sizeof(dygw_hours_t)),
                            .not_for = apr_array_make(pool, 1, sizeof(const char *)) };
    return 0;
}

static dygw_ms_t instant(const char *text)
{
    dygw_ms_t t = 0;

    assert_int_equal(dygw_instant_parse(text, &t), APR_SUCCESS);
    return t;
}

static dygw_reason_e at_in(const char *when, int zone)
{
    return dygw_usable_reason(&coupon, &terms, &(dygw_moment_t){ STORE, instant(when), 1, zone });
}

static dygw_reason_e at(const char *when)
{
    return at_in(when, CHINA);
}

static void only_between(int from, int to)
{
    APR_ARRAY_PUSH(terms.hours, dygw_hours_t) = (dygw_hours_t){ from, to };
}

static void closed(const char *from, const char *to)
{
    APR_ARRAY_PUSH(terms.closed, dygw_span_t) = (dygw_span_t){ instant(from), instant(to) };
}

#define USABLE(when)       assert_int_equal(AT(when), DYGW_REASON_NONE)
#define REASON(when, word) assert_int_equal(AT(when), DYGW_REASON_##word)

/* --- status, validity, uses, stores --- */

static void a_status_that_ends_a_coupon_tells_why_and_no_other_does(DYGW_UNUSED void **state)
{
    static const struct {
        int status;
        dygw_reason_e reason;
    } table[] = {
        { DYGW_CERTIFICATE_UNSAID, DYGW_REASON_NONE },
        { DYGW_CERTIFICATE_INITIAL, DYGW_REASON_NONE },
        { DYGW_CERTIFICATE_UNUSED, DYGW_REASON_NONE },
        { DYGW_CERTIFICATE_USED, DYGW_REASON_ALREADY_USED },
        { DYGW_CERTIFICATE_REFUND_REQUESTED, DYGW_REASON_REFUNDING },
        { DYGW_CERTIFICATE_REFUNDED, DYGW_REASON_REFUNDED },
        { DYGW_CERTIFICATE_REFUND_FAILED, DYGW_REASON_NONE },
        { DYGW_CERTIFICATE_REFUNDING, DYGW_REASON_REFUNDING },
        { 7, DYGW_REASON_NONE },
        { 99, DYGW_REASON_NONE },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        coupon.status = table[i].status;
        assert_int_equal(AT(MONDAY "12:00:00"), table[i].reason);
    }
}

static void it_expires_after_its_last_second(DYGW_UNUSED void **state)
{
    coupon.expire_time = instant("2026-11-30T23:59:59+08:00");
    USABLE("2026-11-30T23:59:59");
    USABLE("2026-11-30T23:59:59.999");
    REASON("2026-12-01T00:00:00", EXPIRED);
}

static void by_this_hosts_clock_nothing_has_expired(DYGW_UNUSED void **state)
{
    dygw_moment_t moment = { STORE, instant("2030-01-01T00:00:00Z"), 0, CHINA };

    coupon.expire_time = instant("2026-11-30T23:59:59+08:00");
    assert_int_equal(dygw_usable_reason(&coupon, &terms, &moment), DYGW_REASON_NONE);
    moment.by_douyin = 1;
    assert_int_equal(dygw_usable_reason(&coupon, &terms, &moment), DYGW_REASON_EXPIRED);
}

static void it_is_valid_from_its_first_second(DYGW_UNUSED void **state)
{
    terms.start_time = instant("2026-12-01T00:00:00+08:00");
    REASON("2026-11-30T23:59:59", NOT_YET_VALID);
    USABLE("2026-12-01T00:00:00");
    /* The answer's clock is cut to the second: one that was bought in this very second is valid. */
    terms.start_time = instant("2026-12-01T00:00:00.700+08:00");
    USABLE("2026-12-01T00:00:00");
}

static void without_uses_it_cannot_be_used(DYGW_UNUSED void **state)
{
    coupon.times_left = 0;
    REASON(MONDAY "12:00:00", NO_USES_LEFT);
}

static void in_a_store_that_is_excluded_it_is_the_wrong_one(DYGW_UNUSED void **state)
{
    APR_ARRAY_PUSH(terms.not_for, const char *) = "7012345678901234568";
    USABLE(MONDAY "12:00:00");
    APR_ARRAY_PUSH(terms.not_for, const char *) = STORE;
    REASON(MONDAY "12:00:00", WRONG_STORE);
}

/* --- days --- */

static void a_weekday_is_closed_from_midnight_to_midnight(DYGW_UNUSED void **state)
{
    terms.closed_weekdays = 1U << 6 | 1U << 7;
    USABLE("2026-11-27T23:59:59.999");
    REASON("2026-11-28T00:00:00", UNUSABLE_NOW);
    REASON("2026-11-29T23:59:59.999", UNUSABLE_NOW);
    USABLE("2026-11-30T00:00:00");
}

static void days_are_those_of_the_time_zone(DYGW_UNUSED void **state)
{
    terms.closed_weekdays = 1U << 7;
    assert_int_equal(at_in("2026-11-29T16:00:00Z", 480), DYGW_REASON_NONE);
    assert_int_equal(at_in("2026-11-29T16:00:00Z", 0), DYGW_REASON_UNUSABLE_NOW);
    assert_int_equal(at_in("2026-11-30T03:29:59Z", -210), DYGW_REASON_UNUSABLE_NOW);
    assert_int_equal(at_in("2026-11-30T03:30:00Z", -210), DYGW_REASON_NONE);
    terms.closed_weekdays = 0;
    only_between(600, 840);
    assert_int_equal(at_in("2026-11-30T02:00:00Z", 480), DYGW_REASON_NONE);
    assert_int_equal(at_in("2026-11-30T02:00:00Z", 0), DYGW_REASON_UNUSABLE_NOW);
}

static void excluded_dates_are_closed_to_their_last_second(DYGW_UNUSED void **state)
{
    closed("2026-10-01T00:00:00+08:00", "2026-10-07T23:59:59+08:00");
    USABLE("2026-09-30T23:59:59.999");
    REASON("2026-10-01T00:00:00", UNUSABLE_NOW);
    REASON("2026-10-07T23:59:59.999", UNUSABLE_NOW);
    USABLE("2026-10-08T00:00:00");
}

static void one_midnight_stands_for_its_day_and_another_moment_for_itself(DYGW_UNUSED void **state)
{
    closed("2026-10-01T00:00:00+08:00", "2026-10-01T00:00:00+08:00");
    USABLE("2026-09-30T23:59:59.999");
    REASON("2026-10-01T00:00:00", UNUSABLE_NOW);
    REASON("2026-10-01T23:59:59.999", UNUSABLE_NOW);
    USABLE("2026-10-02T00:00:00");
    closed("2026-10-03T12:00:00+08:00", "2026-10-03T12:00:00+08:00");
    REASON("2026-10-03T12:00:00", UNUSABLE_NOW);
    USABLE("2026-10-03T12:00:01");
}

/* --- hours --- */

static void hours_count_to_the_end_of_their_last_minute(DYGW_UNUSED void **state)
{
    only_between(600, 840);
    only_between(1020, 1260);
    REASON(MONDAY "09:59:59.999", UNUSABLE_NOW);
    USABLE(MONDAY "10:00:00");
    USABLE(MONDAY "14:00:59.999");
    REASON(MONDAY "14:01:00", UNUSABLE_NOW);
    REASON(MONDAY "16:59:59", UNUSABLE_NOW);
    USABLE(MONDAY "17:00:00");
    USABLE(MONDAY "21:00:00");
    REASON(MONDAY "21:01:00", UNUSABLE_NOW);
}

static void hours_may_go_past_midnight(DYGW_UNUSED void **state)
{
    only_between(1320, 1560);
    REASON(MONDAY "21:59:59", UNUSABLE_NOW);
    USABLE(MONDAY "22:00:00");
    USABLE(MONDAY "23:59:59.999");
    USABLE("2026-12-01T00:00:00");
    USABLE("2026-12-01T02:00:59");
    REASON("2026-12-01T02:01:00", UNUSABLE_NOW);
}

static void the_hours_after_midnight_are_of_both_days(DYGW_UNUSED void **state)
{
    only_between(1320, 1560);
    terms.closed_weekdays = 1U << 6;
    USABLE("2026-11-27T23:00:00"); /* Friday's night */
    USABLE("2026-11-28T01:00:00");
    REASON("2026-11-28T23:00:00", UNUSABLE_NOW); /* Saturday's */
    USABLE("2026-11-29T01:00:00");
    terms.closed_weekdays |= 1U << 7;
    REASON("2026-11-29T01:00:00", UNUSABLE_NOW);
}

static void a_whole_day_leaves_no_hour_to_the_next_one(DYGW_UNUSED void **state)
{
    only_between(0, 1439);
    terms.closed_weekdays = 1U << 6;
    USABLE("2026-11-27T23:59:59");
    REASON("2026-11-28T00:00:00", UNUSABLE_NOW);
}

/* --- several reasons, and what the moment is --- */

static void of_several_reasons_the_lasting_one_is_told(DYGW_UNUSED void **state)
{
    only_between(600, 840);
    REASON(MONDAY "20:00:00", UNUSABLE_NOW);
    terms.start_time = instant("2026-12-24T00:00:00Z");
    REASON(MONDAY "20:00:00", NOT_YET_VALID);
    APR_ARRAY_PUSH(terms.not_for, const char *) = STORE;
    REASON(MONDAY "20:00:00", WRONG_STORE);
    coupon.times_left = 0;
    REASON(MONDAY "20:00:00", NO_USES_LEFT);
    coupon.expire_time = instant("2026-11-01T00:00:00Z");
    REASON(MONDAY "20:00:00", EXPIRED);
    coupon.status = DYGW_CERTIFICATE_REFUNDED;
    REASON(MONDAY "20:00:00", REFUNDED);
}

static void each_reason_is_told_apart_whatever_others_there_are(DYGW_UNUSED void **state)
{
    static const dygw_reason_e reasons[]
        = { DYGW_REASON_REFUNDED,    DYGW_REASON_EXPIRED,       DYGW_REASON_NO_USES_LEFT,
            DYGW_REASON_WRONG_STORE, DYGW_REASON_NOT_YET_VALID, DYGW_REASON_UNUSABLE_NOW };
    dygw_moment_t moment = { STORE, instant(MONDAY "20:00:00+08:00"), 1, CHINA };
    int barred = 0;

    only_between(600, 840);
    terms.start_time = instant("2026-12-24T00:00:00Z");
    APR_ARRAY_PUSH(terms.not_for, const char *) = STORE;
    coupon.times_left = 0;
    coupon.expire_time = instant("2026-11-01T00:00:00Z");
    coupon.status = DYGW_CERTIFICATE_REFUNDED;
    for (int reason = 0; reason < DYGW_REASON_COUNT; reason++) {
        barred += dygw_usable_is_barred((dygw_reason_e)reason, &coupon, &terms, &moment);
    }
    assert_int_equal(barred, sizeof reasons / sizeof *reasons);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        assert_true(dygw_usable_is_barred(reasons[i], &coupon, &terms, &moment));
    }
    moment.poi_id = NULL; /* unknown: no store is the wrong one */
    assert_false(dygw_usable_is_barred(DYGW_REASON_WRONG_STORE, &coupon, &terms, &moment));
}

static dygw_ms_t our_clock(void)
{
    return 4711;
}

static void the_moment_is_douyins_where_its_answer_tells_it(DYGW_UNUSED void **state)
{
    dygw_moment_t moment = dygw_usable_moment(1767225600000, STORE, CHINA);

    assert_int_equal(moment.now, 1767225600000);
    assert_true(moment.by_douyin);
    assert_string_equal(moment.poi_id, STORE);
    assert_int_equal(moment.zone, CHINA);
    dygw_clock_set(our_clock);
    moment = dygw_usable_moment(DYGW_NO_TIME, STORE, CHINA);
    dygw_clock_set(NULL);
    assert_int_equal(moment.now, 4711);
    assert_false(moment.by_douyin);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_status_that_ends_a_coupon_tells_why_and_no_other_does),
        TEST(it_expires_after_its_last_second),
        TEST(by_this_hosts_clock_nothing_has_expired),
        TEST(it_is_valid_from_its_first_second),
        TEST(without_uses_it_cannot_be_used),
        TEST(in_a_store_that_is_excluded_it_is_the_wrong_one),
        TEST(a_weekday_is_closed_from_midnight_to_midnight),
        TEST(days_are_those_of_the_time_zone),
        TEST(excluded_dates_are_closed_to_their_last_second),
        TEST(one_midnight_stands_for_its_day_and_another_moment_for_itself),
        TEST(hours_count_to_the_end_of_their_last_minute),
        TEST(hours_may_go_past_midnight),
        TEST(the_hours_after_midnight_are_of_both_days),
        TEST(a_whole_day_leaves_no_hour_to_the_next_one),
        TEST(of_several_reasons_the_lasting_one_is_told),
        TEST(each_reason_is_told_apart_whatever_others_there_are),
        TEST(the_moment_is_douyins_where_its_answer_tells_it),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_usable", tests, NULL, NULL);
}
