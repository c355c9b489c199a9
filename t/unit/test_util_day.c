/* SPDX-License-Identifier: Apache-2.0
 * Days of a time zone: where they begin, and which one a moment is in.
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "util/compiler.h"
#include "util/day.h"

#define CHINA 480

static dygw_ms_t start_of(const char *text, int zone)
{
    dygw_ms_t start = -1;

    assert_int_equal(dygw_day_start(text, zone, &start), APR_SUCCESS);
    return start;
}

static void a_day_of_china_begins_at_16_00_utc(DYGW_UNUSED void **state)
{
    const dygw_ms_t midnight = APR_INT64_C(1764000000000); /* 2025-11-24T16:00:00Z */

    assert_int_equal(start_of("2025-11-25", CHINA), midnight);
    assert_string_equal(dygw_day_of(midnight, CHINA, pool), "2025-11-25");
    assert_string_equal(dygw_day_of(midnight - 1, CHINA, pool), "2025-11-24");
    assert_string_equal(dygw_day_of(midnight + DYGW_DAY_MS - 1, CHINA, pool), "2025-11-25");
    assert_string_equal(dygw_day_of(midnight, 0, pool), "2025-11-24");
}

static void zones_may_be_west_and_have_minutes(DYGW_UNUSED void **state)
{
    assert_int_equal(start_of("1970-01-02", 0), DYGW_DAY_MS);
    assert_int_equal(start_of("1970-01-02", -210), DYGW_DAY_MS + 210 * 60000);
    assert_int_equal(start_of("1970-01-02", 345), DYGW_DAY_MS - 345 * 60000);
    assert_string_equal(dygw_day_of(DYGW_DAY_MS, -210, pool), "1970-01-01");
}

/* By the C library's calendar. */
static void every_day_has_24_hours(DYGW_UNUSED void **state)
{
    dygw_ms_t t;

    for (t = 0; t < APR_INT64_C(253370764800000); t += 11 * DYGW_DAY_MS) {
        const time_t seconds = (time_t)(t / 1000);
        struct tm when;
        char text[DYGW_DAY_LEN + 1];

        gmtime_r(&seconds, &when);
        strftime(text, sizeof(text), "%Y-%m-%d", &when);
        assert_int_equal(start_of(text, 0), t);
    }
}

static void what_is_no_date_is_refused(DYGW_UNUSED void **state)
{
    static const char *const wrong[] = {
        "",           "2026",       "2026-11-2",  "2026-11-241", "2026/11/24",  "2026-1-024", "20261124",
        "2026-00-10", "2026-13-10", "2026-11-00", "2026-11-31",  "2025-02-29",  "1900-01-01", "2100-02-29",
        "9999-01-01", "2026-11-2x", " 2026-11-2", "-026-11-24",  "2026-11-24 ",
    };
    dygw_ms_t start = 17;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(dygw_day_start(wrong[i], CHINA, &start), APR_EINVAL);
        assert_int_equal(start, 17);
    }
    assert_int_equal(start_of("2024-02-29", 0) + DYGW_DAY_MS, start_of("2024-03-01", 0));
    assert_int_equal(start_of("2000-02-29", 0) + DYGW_DAY_MS, start_of("2000-03-01", 0));
}

static void weekdays_go_from_monday_to_sunday_and_minutes_from_midnight(DYGW_UNUSED void **state)
{
    const dygw_ms_t monday = start_of("2026-11-30", CHINA);

    for (int day = 0; day < 14; day++) {
        assert_int_equal(dygw_weekday_of(monday + day * DYGW_DAY_MS, CHINA), day % 7 + 1);
        assert_int_equal(dygw_weekday_of(monday + (day + 1) * DYGW_DAY_MS - 1, CHINA), day % 7 + 1);
    }
    assert_int_equal(dygw_weekday_of(monday, 0), 7);
    assert_int_equal(dygw_weekday_of(0, 0), 4);
    assert_int_equal(dygw_minute_of(monday, CHINA), 0);
    assert_int_equal(dygw_minute_of(monday, 0), 16 * 60);
    assert_int_equal(dygw_minute_of(monday + 59999, CHINA), 0);
    assert_int_equal(dygw_minute_of(monday + 60000, CHINA), 1);
    assert_int_equal(dygw_minute_of(monday - 1, CHINA), 1439);
    assert_int_equal(dygw_minute_of(monday, -210), 12 * 60 + 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_day_of_china_begins_at_16_00_utc, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(zones_may_be_west_and_have_minutes, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(every_day_has_24_hours, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(what_is_no_date_is_refused, make_pool, destroy_pool),
        cmocka_unit_test_setup_teardown(weekdays_go_from_monday_to_sunday_and_minutes_from_midnight, make_pool,
                                        destroy_pool),
    };
    int failed;

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("util_day", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
