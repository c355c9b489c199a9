/* SPDX-License-Identifier: Apache-2.0
 * Times as filters of lists, as a table of what they take and what they refuse.
 * links: handle/when.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "handle/handle.h"
#include "util/compiler.h"

#define CHINA 480
#define DAY   APR_INT64_C(86400000)
#define T0    APR_INT64_C(1566656122000) /* 2019-08-24T14:15:22Z */

static apr_pool_t *pool;
static dygw_result_t out;

module AP_MODULE_DECLARE_DATA dygw_module;

void dygw_invalid(dygw_result_t *result, const char *field, const char *message)
{
    result->code = DYGW_INVALID_REQUEST;
    result->field = field;
    result->message = message;
}

static dygw_ms_t read_as(const char *text, dygw_edge_e edge)
{
    apr_table_t *query = apr_table_make(pool, 1);

    out = (dygw_result_t){ 0 };
    if (text) {
        apr_table_setn(query, "start_time", text);
    }
    return dygw_query_time(query, "start_time", edge, CHINA, &out);
}

static void assert_time(const char *text, dygw_ms_t t)
{
    assert_int_equal(read_as(text, DYGW_EDGE_START), t);
    assert_int_equal(out.code, DYGW_OK);
    assert_int_equal(read_as(text, DYGW_EDGE_END), t);
}

static void an_instant_is_the_same_at_both_edges(DYGW_UNUSED void **state)
{
    assert_time("2019-08-24T14:15:22Z", T0);
    assert_time("2019-08-24t14:15:22z", T0);
    assert_time("2019-08-24T22:15:22+08:00", T0);
    assert_time("2019-08-24T22:15:22 08:00", T0);
    assert_time("2019-08-24T10:45:22-03:30", T0);
    assert_time("2019-08-24T14:15:22.1Z", T0 + 100);
    assert_time("2019-08-24T14:15:22.123Z", T0 + 123);
    assert_time("2019-08-24T14:15:22.123000000+00:00", T0 + 123);
    assert_time("1970-01-01T00:00:00+08:00", 0);
}

static void a_date_is_a_whole_day_of_the_zone(DYGW_UNUSED void **state)
{
    /* 2019-08-23T16:00:00Z */
    assert_int_equal(read_as("2019-08-24", DYGW_EDGE_START), APR_INT64_C(1566576000000));
    assert_int_equal(read_as("2019-08-24", DYGW_EDGE_END), APR_INT64_C(1566576000000) + DAY);
    assert_int_equal(out.code, DYGW_OK);
}

static void absent_is_no_time(DYGW_UNUSED void **state)
{
    assert_true(read_as(NULL, DYGW_EDGE_START) == DYGW_NO_TIME);
    assert_int_equal(out.code, DYGW_OK);
}

static void all_else_is_refused(DYGW_UNUSED void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "2019",
        "2019-08",
        "2019-8-24",
        "2019-02-29",
        "2019-13-01",
        "2019-08-24T",
        "2019-08-24T14:15",
        "2019-08-24T14:15:22",
        "2019-08-24 14:15:22Z",
        "2019-08-24T24:00:00Z",
        "2019-08-24T14:60:00Z",
        "2019-08-24T14:15:61Z",
        "2019-08-24T14:15:22.Z",
        "2019-08-24T14:15:22+8:00",
        "2019-08-24T14:15:22+0800",
        "2019-08-24T14:15:22+08:60",
        "2019-08-24T14:15:22+24:00",
        "2019-08-24T14:15:22+08:00x",
        "2019-08-24T14:15:22Zx",
        "2019-02-29T00:00:00Z",
        "2019-08-24T14-15-22Z",
        "2019-08-24T1a:15:22Z",
        "1566656122",
        "2019-08-24T14:15:22*08:00",
        "20190824T141522Z",
        " 2019-08-24",
    };
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        read_as(bad[i], DYGW_EDGE_START);
        if (out.code != DYGW_INVALID_REQUEST) {
            fail_msg("'%s' is taken", bad[i]);
        }
        assert_string_equal(out.field, "start_time");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instant_is_the_same_at_both_edges),
        cmocka_unit_test(a_date_is_a_whole_day_of_the_zone),
        cmocka_unit_test(absent_is_no_time),
        cmocka_unit_test(all_else_is_refused),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("handle_when", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
