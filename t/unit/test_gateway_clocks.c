/* SPDX-License-Identifier: Apache-2.0
 * What the background of a host says of its clock, and what it has done about it.
 * links: gateway/background/clocks.c gateway/host.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "support/own_pool.h"

#include "gateway/background/clocks.h"
#include "gateway/host.h"
#include "util/compiler.h"

#define NOW     APR_INT64_C(1764000000000)
#define SEC     APR_INT64_C(1000)
#define HOUR_MS APR_INT64_C(3600000)
#define WINDOW  300

static dygw_host_t host;
static dygw_gateway_t gateway;
static dygw_clocks_t clocks;
static dygw_ms_t now;
static apr_time_t steady;
static char message[512];
static int messages;

static dygw_ms_t clock_of_test(void)
{
    return now;
}

static apr_time_t steady_of_test(void)
{
    return steady;
}

static void write_log(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                      DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    messages++;
    vsnprintf(message, sizeof(message), fmt, args);
}

static int turn(void)
{
    static const dygw_log_t nowhere;

    return dygw_clocks_turn(&(dygw_ctx_t){ &gateway, &nowhere, pool }, &clocks);
}

static void pass(dygw_ms_t ms)
{
    now += ms;
    steady += apr_time_from_msec(ms);
}

/* Douyin answers by a clock that is so far ahead of this host's. */
static void douyin_answers(dygw_ms_t ahead)
{
    dygw_reply_t reply = { .date = now + ahead - 600, .took = 200000 };

    dygw_host_reply_shown(&gateway, &reply);
}

static void assert_said(const char *code)
{
    assert_int_equal(messages, 1);
    assert_non_null(strstr(message, code));
    messages = 0;
}

static int set_up(void **state)
{
    static const dygw_clock_seen_t unseen;

    make_pool(state);
    memset((void *)&host, 0, sizeof(host));
    gateway = (dygw_gateway_t){ .host = &host, .signature_window = apr_time_from_sec(WINDOW) };
    clocks = (dygw_clocks_t){ 0 };
    now = NOW;
    steady = apr_time_from_sec(1000);
    messages = 0;
    dygw_clock_note(DYGW_CLOCK_DATABASE, &unseen);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &unseen);
    turn();
    return 0;
}

static void a_clock_that_goes_as_it_should_is_not_talked_of(DYGW_UNUSED void **state)
{
    douyin_answers(0);
    for (int i = 0; i < 100; i++) {
        pass(1300);
        now += 5; /* NTP slows it down and speeds it up */
        assert_int_equal(turn(), 0);
    }
    assert_int_equal(messages, 0);
}

static void a_clock_that_is_set_back_is_told_once_with_by_how_much(DYGW_UNUSED void **state)
{
    pass(260);
    now -= 3 * HOUR_MS + 5 * SEC;
    assert_int_equal(turn(), DYGW_CLOCKS_SET_BACK | DYGW_CLOCKS_ASK);
    assert_said("DYGW0360");
    assert_non_null(strstr(message, "set back by 3h 0m 5s"));
    pass(260);
    assert_int_equal(turn(), 0);
    assert_int_equal(messages, 0);
}

static void after_a_step_back_douyin_tells_which_clock_was_right(DYGW_UNUSED void **state)
{
    pass(260);
    now -= HOUR_MS;
    turn();
    messages = 0;
    douyin_answers(0);
    assert_int_equal(turn(), DYGW_CLOCKS_RIGHT);
    assert_int_equal(turn(), 0);
    pass(260);
    now -= HOUR_MS;
    turn();
    messages = 0;
    douyin_answers(HOUR_MS);
    assert_int_equal(turn(), 0);
    assert_said("DYGW0362");
    douyin_answers(0);
    assert_int_equal(turn(), 0);
}

static void one_that_is_set_forward_recalls_nothing(DYGW_UNUSED void **state)
{
    pass(260);
    now += 90 * SEC;
    assert_int_equal(turn(), DYGW_CLOCKS_ASK);
    assert_said("DYGW0361");
    assert_non_null(strstr(message, "1m 30s"));
}

static void two_seconds_are_no_step(DYGW_UNUSED void **state)
{
    pass(260);
    now -= DYGW_CLOCKS_APART_MS;
    assert_int_equal(turn(), 0);
    assert_int_equal(messages, 0);
}

static void how_wrong_it_is_is_told_when_that_changes(DYGW_UNUSED void **state)
{
    douyin_answers(-20 * SEC);
    turn();
    assert_int_equal(messages, 0);
    douyin_answers(-40 * SEC);
    turn();
    assert_said("DYGW0363");
    assert_non_null(strstr(message, "40.0s ahead of Douyin's"));
    pass(SEC);
    turn();
    assert_int_equal(messages, 0);
    assert_true(dygw_host_clock_wrong(&gateway) == 0);
    douyin_answers(160 * SEC);
    turn();
    assert_said("DYGW0362");
    assert_non_null(strstr(message, "2m 40s behind Douyin's"));
    assert_true(dygw_host_clock_wrong(&gateway) == -160 * SEC);
    douyin_answers(0);
    turn();
    assert_said("DYGW0364");
    assert_true(dygw_host_clock_wrong(&gateway) == 0);
}

static void a_clock_that_is_set_right_is_well_at_once(DYGW_UNUSED void **state)
{
    douyin_answers(HOUR_MS);
    assert_true(dygw_host_clock_wrong(&gateway) < 0);
    now += HOUR_MS;
    assert_true(dygw_host_clock_wrong(&gateway) == 0);
}

static void the_database_s_clock_alone_is_no_reason_to_fail(DYGW_UNUSED void **state)
{
    dygw_clock_seen_t seen;

    dygw_host_clock_shown(&gateway, DYGW_CLOCK_DATABASE, now + HOUR_MS);
    assert_true(dygw_host_clock(&gateway, DYGW_CLOCK_DATABASE, &seen));
    assert_true(dygw_clock_ahead(&seen) == -HOUR_MS);
    assert_true(dygw_host_clock_wrong(&gateway) == 0);
}

static void what_was_heard_long_ago_does_not_count(DYGW_UNUSED void **state)
{
    douyin_answers(HOUR_MS);
    pass(DYGW_CLOCK_KNOWN_US / 1000);
    assert_true(dygw_host_clock_wrong(&gateway) < 0);
    pass(1);
    assert_true(dygw_host_clock_wrong(&gateway) == 0);
}

/* The machine stood still, and the steady clock with it: what was heard before says that this
 * host's clock is ahead. */
static void after_a_standstill_douyin_is_heard_anew(DYGW_UNUSED void **state)
{
    douyin_answers(0);
    now += 8 * HOUR_MS;
    assert_int_equal(turn(), DYGW_CLOCKS_ASK);
    assert_said("DYGW0361");
    assert_true(dygw_host_clock_wrong(&gateway) == 0);
    assert_true(dygw_sure_now() < NOW + HOUR_MS); /* nothing is given up for it meanwhile */
    douyin_answers(0);
    assert_int_equal(turn(), 0);
    assert_int_equal(messages, 0);
    assert_true(dygw_sure_now() == now);
}

static void a_short_window_has_a_bound_that_whole_seconds_cannot_reach(DYGW_UNUSED void **state)
{
    gateway.signature_window = apr_time_from_sec(1);
    douyin_answers(5 * SEC);
    assert_true(dygw_host_clock_wrong(&gateway) == 0);
    douyin_answers(6 * SEC);
    assert_true(dygw_host_clock_wrong(&gateway) == -6 * SEC);
}

/* --- callers --- */

static void refuse(int times, apr_int64_t sec)
{
    while (times-- > 0) {
        dygw_host_stale(&gateway, sec);
    }
}

static void stale_timestamps_are_told_once_a_minute_with_the_middle(DYGW_UNUSED void **state)
{
    douyin_answers(0);
    refuse(1, -5000);
    refuse(20, 400);
    refuse(1, 7000);
    turn();
    assert_int_equal(messages, 0);
    pass(61 * SEC);
    turn();
    assert_said("DYGW0365");
    assert_non_null(strstr(message, "22 requests"));
    assert_non_null(strstr(message, "400 s ahead in the middle, 400 to 7000"));
    assert_null(strstr(message, "is this host's clock right?"));
}

static void callers_that_all_are_off_by_the_same_point_at_this_host(DYGW_UNUSED void **state)
{
    douyin_answers(0);
    refuse(3, -3600);
    refuse(2, -3604);
    pass(61 * SEC);
    turn();
    assert_said("DYGW0365");
    assert_non_null(strstr(message, "is this host's clock right?"));
}

static void what_goes_on_is_told_less_and_less_often(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 24 * 60; i++) {
        douyin_answers(0);
        refuse(1, 500);
        pass(60 * SEC);
        turn();
    }
    assert_in_range(messages, 20, 32);
}

static void while_callers_are_refused_and_douyin_is_silent_it_is_asked(DYGW_UNUSED void **state)
{
    int asked = 0;

    refuse(1, 500);
    assert_int_equal(turn(), DYGW_CLOCKS_ASK);
    for (int i = 0; i < 60; i++) {
        refuse(1, 500);
        pass(60 * SEC);
        asked += turn() == DYGW_CLOCKS_ASK;
    }
    assert_in_range(asked, 4, 6);
    douyin_answers(0);
    refuse(1, 500);
    assert_int_equal(turn(), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_clock_that_goes_as_it_should_is_not_talked_of),
        TEST(a_clock_that_is_set_back_is_told_once_with_by_how_much),
        TEST(after_a_step_back_douyin_tells_which_clock_was_right),
        TEST(one_that_is_set_forward_recalls_nothing),
        TEST(two_seconds_are_no_step),
        TEST(how_wrong_it_is_is_told_when_that_changes),
        TEST(a_clock_that_is_set_right_is_well_at_once),
        TEST(the_database_s_clock_alone_is_no_reason_to_fail),
        TEST(what_was_heard_long_ago_does_not_count),
        TEST(after_a_standstill_douyin_is_heard_anew),
        TEST(a_short_window_has_a_bound_that_whole_seconds_cannot_reach),
        TEST(stale_timestamps_are_told_once_a_minute_with_the_middle),
        TEST(callers_that_all_are_off_by_the_same_point_at_this_host),
        TEST(what_goes_on_is_told_less_and_less_often),
        TEST(while_callers_are_refused_and_douyin_is_silent_it_is_asked),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    dygw_clock_set(clock_of_test);
    dygw_steady_set(steady_of_test);
    dygw_log_set_writer(write_log);
    failed = cmocka_run_group_tests_name("gateway_clocks", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
