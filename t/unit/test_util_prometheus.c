/* SPDX-License-Identifier: Apache-2.0
 * Prometheus' text format, byte for byte.
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "support/own_pool.h"

#include "util/compiler.h"
#include "util/prometheus.h"

static dygw_prometheus_t page;

static int set_up(void **state)
{
    make_pool(state);
    dygw_prometheus_init(&page, pool, 1);
    return 0;
}

static void an_empty_page_is_an_empty_text(DYGW_UNUSED void **state)
{
    assert_string_equal(page.text, "");
}

static void a_metric_is_introduced_by_help_and_type(DYGW_UNUSED void **state)
{
    dygw_prometheus_metric(&page, "dygw_x_total", "counter", "Says \"what\" it is.");
    assert_string_equal(page.text, "# HELP dygw_x_total Says \"what\" it is.\n"
                                   "# TYPE dygw_x_total counter\n");
}

static void help_stays_on_its_line(DYGW_UNUSED void **state)
{
    dygw_prometheus_metric(&page, "x", "gauge", "one\ntwo \\ three");
    assert_string_equal(page.text, "# HELP x one\\ntwo \\\\ three\n# TYPE x gauge\n");
}

static void a_sample_is_a_line_with_its_labels(DYGW_UNUSED void **state)
{
    const dygw_label_t labels[] = { { "a", "1" }, { "le", "+Inf" } };

    dygw_prometheus_sample(&page, "x", &(dygw_sample_t){ "", labels, 0, 7, DYGW_WHOLE });
    dygw_prometheus_sample(&page, "x", &(dygw_sample_t){ "_bucket", labels, 2, -1, DYGW_WHOLE });
    assert_string_equal(page.text, "x 7\nx_bucket{a=\"1\",le=\"+Inf\"} -1\n");
}

static void labels_are_escaped(DYGW_UNUSED void **state)
{
    const dygw_label_t label = { "a", "q\"b\\n\n\xe4\xb8\xad" };

    dygw_prometheus_sample(&page, "x", &(dygw_sample_t){ "", &label, 1, 0, DYGW_WHOLE });
    assert_string_equal(page.text, "x{a=\"q\\\"b\\\\n\\n\xe4\xb8\xad\"} 0\n");
}

static void assert_value(apr_int64_t value, dygw_decimals_e decimals, const char *text)
{
    assert_string_equal(dygw_prometheus_value(value, decimals, pool), text);
}

static void values_are_decimals_without_needless_noughts(DYGW_UNUSED void **state)
{
    assert_value(0, DYGW_WHOLE, "0");
    assert_value(INT64_MIN, DYGW_WHOLE, "-9223372036854775808");
    assert_value(0, DYGW_THOUSANDTHS, "0");
    assert_value(1500, DYGW_THOUSANDTHS, "1.5");
    assert_value(1795835933894, DYGW_THOUSANDTHS, "1795835933.894");
    assert_value(-7, DYGW_THOUSANDTHS, "-0.007");
    assert_value(25000, DYGW_MILLIONTHS, "0.025");
    assert_value(10000000, DYGW_MILLIONTHS, "10");
    assert_value(1, DYGW_MILLIONTHS, "0.000001");
}

static void long_pages_are_whole(DYGW_UNUSED void **state)
{
    int i;

    for (i = 0; i < 1000; i++) {
        dygw_prometheus_sample(&page, "name", &(dygw_sample_t){ "", NULL, 0, i % 10, DYGW_WHOLE });
    }
    assert_int_equal(page.len, 7000);
    assert_int_equal(strlen(page.text), 7000);
    assert_string_equal(page.text + 6993, "name 9\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_page_is_an_empty_text),
        TEST(a_metric_is_introduced_by_help_and_type),
        TEST(help_stays_on_its_line),
        TEST(a_sample_is_a_line_with_its_labels),
        TEST(labels_are_escaped),
        TEST(values_are_decimals_without_needless_noughts),
        TEST(long_pages_are_whole),
    };
    int failed;

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("util_prometheus", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
