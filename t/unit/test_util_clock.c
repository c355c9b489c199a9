/* SPDX-License-Identifier: Apache-2.0
 * Time and the log facade. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_time.h>

#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"

static dygw_ms_t frozen(void)
{
    return 17;
}

static void a_test_may_own_the_clock_and_give_it_back(DYGW_UNUSED void **state)
{
    dygw_ms_t before = apr_time_now() / 1000;

    dygw_clock_set(frozen);
    assert_int_equal(dygw_now(), 17);
    dygw_clock_set(NULL);
    assert_true(dygw_now() >= before);
    assert_true(dygw_now() <= apr_time_now() / 1000);
}

static void what_lies_ahead_is_not_recent(DYGW_UNUSED void **state)
{
    dygw_clock_set(frozen);
    assert_true(dygw_is_recent(17, 10));
    assert_true(dygw_is_recent(8, 10));
    assert_false(dygw_is_recent(7, 10));
    assert_true(dygw_is_recent(17 + DYGW_CLOCKS_APART_MS, 10)); /* noted a moment ago */
    assert_false(dygw_is_recent(18 + DYGW_CLOCKS_APART_MS, 10));
    dygw_clock_set(NULL);
    assert_false(dygw_is_recent(0, APR_INT64_C(1000000000000)));
}

static dygw_ms_t a_day_ahead(void)
{
    return APR_INT64_C(1764000000000) + 86400000;
}

static void see(dygw_clock_e which, dygw_ms_t shown)
{
    const dygw_clock_seen_t seen = dygw_clock_see(shown);

    dygw_clock_note(which, &seen);
}

static void what_has_come_for_certain_is_what_the_earliest_clock_says(DYGW_UNUSED void **state)
{
    static const dygw_clock_seen_t unseen;
    const dygw_ms_t now = a_day_ahead();
    const dygw_ms_t right = now - 86400000;

    dygw_clock_set(a_day_ahead);
    assert_true(dygw_sure_now() == now);
    see(DYGW_CLOCK_DATABASE, now - DYGW_CLOCK_WELL_MS + 5000);
    assert_true(dygw_sure_now() == now); /* a small difference is none */
    see(DYGW_CLOCK_DATABASE, now + 86400000);
    assert_true(dygw_sure_now() == now);
    see(DYGW_CLOCK_DOUYIN, right);
    assert_in_range(dygw_sure_now(), right, right + 60000);
    see(DYGW_CLOCK_DATABASE, right - 86400000);
    assert_in_range(dygw_sure_now(), right - 86400000, right - 86400000 + 60000);
    dygw_clock_note(DYGW_CLOCK_DATABASE, &unseen);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &unseen);
    assert_true(dygw_sure_now() == now);
    dygw_clock_set(NULL);
}

static apr_time_t frozen_steady(void)
{
    return apr_time_from_sec(50);
}

static void another_clock_is_known_whatever_this_host_s_is_set_to(DYGW_UNUSED void **state)
{
    dygw_clock_seen_t seen;

    dygw_steady_set(frozen_steady);
    dygw_clock_set(a_day_ahead);
    seen = dygw_clock_see(a_day_ahead() - 7000);
    assert_true(seen.at == apr_time_from_sec(50));
    assert_true(dygw_clock_ahead(&seen) == 7000);
    dygw_clock_set(frozen);
    assert_true(dygw_clock_ahead(&seen) == 17 - (a_day_ahead() - 7000));
    dygw_steady_set(NULL);
    dygw_clock_set(NULL);
}

static void douyins_seconds_and_milliseconds_are_told_apart(DYGW_UNUSED void **state)
{
    assert_true(dygw_time_from_douyin(1767225600) == APR_INT64_C(1767225600000));
    assert_true(dygw_time_from_douyin(APR_INT64_C(1767225600123)) == APR_INT64_C(1767225600123));
    assert_true(dygw_time_from_douyin(APR_INT64_C(100000000000)) == APR_INT64_C(100000000000000));
    assert_true(dygw_time_from_douyin(APR_INT64_C(100000000001)) == APR_INT64_C(100000000001));
    assert_true(dygw_time_from_douyin(0) == DYGW_NO_TIME);
    assert_true(dygw_time_from_douyin(-5) == DYGW_NO_TIME);
}

static const char *rfc3339(dygw_ms_t t)
{
    static char text[DYGW_RFC3339_LEN + 1];

    dygw_time_rfc3339_into(text, t);
    return text;
}

static void times_are_written_as_rfc3339(DYGW_UNUSED void **state)
{
    assert_string_equal(rfc3339(APR_INT64_C(1566656122123)), "2019-08-24T14:15:22.123Z");
    assert_string_equal(rfc3339(0), "1970-01-01T00:00:00.000Z");
    assert_string_equal(rfc3339(APR_INT64_C(1709251199999)), "2024-02-29T23:59:59.999Z");
}

static void times_out_of_range_keep_the_format(DYGW_UNUSED void **state)
{
    assert_string_equal(rfc3339(INT64_MAX), "9999-12-31T23:59:59.999Z");
    assert_string_equal(rfc3339(INT64_MIN), "1970-01-01T00:00:00.000Z");
}

/* Hours and offsets are added to times, which are compared and written. */
static void a_time_of_douyins_after_all_calendars_is_the_last_moment(DYGW_UNUSED void **state)
{
    const dygw_ms_t last = APR_INT64_C(253402300799999);

    assert_true(dygw_time_from_douyin(last) == last);
    assert_true(dygw_time_from_douyin(last + 1) == last);
    assert_true(dygw_time_from_douyin(INT64_MAX) == last);
}

static char written[200];

static void writer(const dygw_log_t *log, const dygw_log_place_t *place, apr_status_t rv, const char *fmt, va_list args)
{
    int n = snprintf(written, sizeof written, "%s %d %d ", log->request_id, (int)place->level, rv);

    vsnprintf(written + n, sizeof written - (size_t)n, fmt, args);
}

static void log_messages_reach_the_writer_and_nothing_without_one(DYGW_UNUSED void **state)
{
    dygw_log_t log = { NULL, "Zx3k" };

    written[0] = '\0';
    dygw_log(&log, ERR, 5, DYGWNO(9999) "dropped");
    assert_string_equal(written, "");
    dygw_log_set_writer(writer);
    dygw_log(&log, WARN, 5, DYGWNO(9999) "%s of %d", "one", 2);
    assert_string_equal(written, "Zx3k 4 5 DYGW9999: one of 2");
    dygw_log_set_writer(NULL);
    dygw_log(&log, ERR, 0, DYGWNO(9999) "dropped");
    assert_string_equal(written, "Zx3k 4 5 DYGW9999: one of 2");
}

/* --- what is logged once a minute --- */

static dygw_ms_t moved;

static dygw_ms_t moving(void)
{
    return APR_INT64_C(1767225600000) + moved;
}

/* Logs it, and returns the level and the text with which it was written. */
static const char *say(const char *subject)
{
    dygw_log_t log = { NULL, "-" };

    dygw_log_rarely(&log, ERR, subject, 0, DYGWNO(9999) "about %s", subject);
    return written + 2;
}

static void start_to_count(void)
{
    moved += 3600000; /* what was logged before is forgotten */
    dygw_clock_set(moving);
    dygw_log_set_writer(writer);
}

static void stop_to_count(void)
{
    dygw_log_set_writer(NULL);
    dygw_clock_set(NULL);
}

static void what_goes_on_is_logged_once_a_minute_with_how_often(DYGW_UNUSED void **state)
{
    start_to_count();
    assert_string_equal(say("a"), "3 0 DYGW9999: about a");
    assert_string_equal(say("a"), "7 0 DYGW9999: about a"); /* at level debug */
    moved += 59000;
    assert_string_equal(say("a"), "7 0 DYGW9999: about a");
    moved += 1000;
    assert_string_equal(say("a"), "3 0 DYGW9999: about a (2 more of these were not logged)");
    assert_string_equal(say("a"), "7 0 DYGW9999: about a");
    moved += 60000;
    assert_string_equal(say("a"), "3 0 DYGW9999: about a (1 more of these were not logged)");
    moved += 60000;
    assert_string_equal(say("a"), "3 0 DYGW9999: about a");
    stop_to_count();
}

static void what_is_about_something_else_is_logged_too(DYGW_UNUSED void **state)
{
    char subject[16];
    int i;

    start_to_count();
    assert_string_equal(say("b"), "3 0 DYGW9999: about b");
    assert_string_equal(say("c"), "3 0 DYGW9999: about c");
    assert_string_equal(say("b"), "7 0 DYGW9999: about b");
    for (i = 0; i < 1000; i++) { /* more than can be remembered */
        (void)snprintf(subject, sizeof subject, "d%d", i);
        assert_int_equal(say(subject)[0], '3');
    }
    stop_to_count();
}

static void a_clock_that_was_set_back_silences_nothing(DYGW_UNUSED void **state)
{
    start_to_count();
    assert_string_equal(say("e"), "3 0 DYGW9999: about e");
    moved -= 7200000;
    assert_string_equal(say("e"), "3 0 DYGW9999: about e");
    moved += 7200000;
    stop_to_count();
}

static void processes_that_share_the_memory_share_what_was_logged(DYGW_UNUSED void **state)
{
    void *memory = calloc(1, dygw_log_memory_size());

    start_to_count();
    assert_int_equal(say("f")[0], '3');
    dygw_log_share(memory); /* as in another process */
    assert_int_equal(say("f")[0], '3');
    assert_int_equal(say("f")[0], '7');
    dygw_log_share(NULL);
    assert_int_equal(say("f")[0], '7');
    stop_to_count();
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_may_own_the_clock_and_give_it_back),
        cmocka_unit_test(what_lies_ahead_is_not_recent),
        cmocka_unit_test(what_has_come_for_certain_is_what_the_earliest_clock_says),
        cmocka_unit_test(another_clock_is_known_whatever_this_host_s_is_set_to),
        cmocka_unit_test(douyins_seconds_and_milliseconds_are_told_apart),
        cmocka_unit_test(times_are_written_as_rfc3339),
        cmocka_unit_test(times_out_of_range_keep_the_format),
        cmocka_unit_test(a_time_of_douyins_after_all_calendars_is_the_last_moment),
        cmocka_unit_test(log_messages_reach_the_writer_and_nothing_without_one),
        cmocka_unit_test(what_goes_on_is_logged_once_a_minute_with_how_often),
        cmocka_unit_test(what_is_about_something_else_is_logged_too),
        cmocka_unit_test(a_clock_that_was_set_back_silences_nothing),
        cmocka_unit_test(processes_that_share_the_memory_share_what_was_logged),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("util_clock", tests, NULL, NULL);
}
