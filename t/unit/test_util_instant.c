/* SPDX-License-Identifier: Apache-2.0
 * RFC 3339 times as callers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/compiler.h"
#include "util/instant.h"

#define T APR_INT64_C(1764000000000) /* 2025-11-24T16:00:00Z */

static void check(const char *text, dygw_ms_t expected)
{
    dygw_ms_t t = -7;

    assert_int_equal(dygw_instant_parse(text, &t), APR_SUCCESS);
    assert_int_equal(t, expected);
}

static void offsets_count(DYGW_UNUSED void **state)
{
    check("2025-11-24T16:00:00Z", T);
    check("2025-11-24t16:00:00z", T);
    check("2025-11-25T00:00:00+08:00", T);
    check("2025-11-24T12:30:00-03:30", T);
    check("2025-11-24T16:00:00-00:00", T);
    check("2024-02-29T23:59:59+00:00", APR_INT64_C(1709251199000));
    check("1970-01-01T00:00:00Z", 0);
}

/* "From t on" and "before t" are about the same whole milliseconds. */
static void fractions_are_rounded_up(DYGW_UNUSED void **state)
{
    check("2025-11-24T16:00:00.1Z", T + 100);
    check("2025-11-24T16:00:00.12Z", T + 120);
    check("2025-11-24T16:00:00.123Z", T + 123);
    check("2025-11-24T16:00:00.123000000000Z", T + 123);
    check("2025-11-24T16:00:00.1230000001Z", T + 124);
    check("2025-11-24T15:59:59.9999+00:00", T);
}

static void what_is_no_time_is_refused(DYGW_UNUSED void **state)
{
    static const char *const wrong[] = {
        "",
        "2025",
        "2025-11-24",
        "2025-11-24T16:00:00",
        "2025-11-24T16:00Z",
        "2025-11-24 16:00:00Z",
        "2025-11-24T24:00:00Z",
        "2025-11-24T16:60:00Z",
        "2025-11-24T16:00:60Z",
        "2025-11-24T16:00:00.Z",
        "2025-11-24T16:00:00,5Z",
        "2025-11-24T16:00:00Zx",
        "2025-11-24T16:00:00 08:00",
        "2025-11-24T16:00:00+8:00",
        "2025-11-24T16:00:00+0800",
        "2025-11-24T16:00:00+24:00",
        "2025-11-24T16:00:00+08:60",
        "2025-11-24T16:00:00+08:00 ",
        "2025-02-30T16:00:00Z",
        "2025-11-24T1:00:00Z",
        "1764000000",
        "2025-11-24T16:00:0-Z",
        "2025-11-24T16:00:00+08",
        "2025-11-24T",
        "2025-11-24T16:00:00.5",
    };
    dygw_ms_t t = -7;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (dygw_instant_parse(wrong[i], &t) != APR_EINVAL) {
            fail_msg("%s is taken", wrong[i]);
        }
        assert_int_equal(t, -7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_count),
        cmocka_unit_test(fractions_are_rounded_up),
        cmocka_unit_test(what_is_no_time_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("util_instant", tests, NULL, NULL);
}
