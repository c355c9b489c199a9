/* SPDX-License-Identifier: Apache-2.0
 * The content of a file of stores: what stores are made of it; its mistakes are in
 * t/server/configtest_declared.t.
 * links: cfg/stores_csv.c cfg/parse.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include <httpd.h>

#include "support/own_pool.h"

#include "cfg/stores_csv.h"
#include "gateway/declared.h"
#include "util/compiler.h"

/* httpd's, which nothing here calls. */
apr_status_t ap_timeout_parameter_parse(DYGW_UNUSED const char *text, DYGW_UNUSED apr_interval_time_t *timeout,
                                        DYGW_UNUSED const char *unit)
{
    return APR_EGENERAL;
}

static apr_array_header_t *stores;

static const char *read_text(const char *text)
{
    stores = apr_array_make(pool, 1, sizeof(const dygw_declared_store_t *));
    return dygw_stores_read(apr_pstrdup(pool, text), strlen(text), "s.csv", stores, pool);
}

static void assert_store(int i, const char *code, const char *poi_id, const char *account_id, const char *name,
                         const char *place)
{
    const dygw_declared_store_t *store = APR_ARRAY_IDX(stores, i, const dygw_declared_store_t *);

    assert_string_equal(store->code, code);
    assert_string_equal(store->poi_id, poi_id);
    assert_string_equal(store->account_id ? store->account_id : "-", account_id);
    assert_string_equal(store->name ? store->name : "-", name);
    assert_string_equal(store->place, place);
}

static void a_line_is_a_store(DYGW_UNUSED void **state)
{
    assert_null(read_text("store,poi_id,account_id,name\n7001,99,701,Shop\nx-2,98,,\n"));
    assert_int_equal(stores->nelts, 2);
    assert_store(0, "7001", "99", "701", "Shop", "s.csv:2");
    assert_store(1, "x-2", "98", "-", "-", "s.csv:3");
}

static void columns_go_by_their_names(DYGW_UNUSED void **state)
{
    assert_null(read_text("name,poi_id,store\n\"a, \"\"b\"\"\",99,7001"));
    assert_int_equal(stores->nelts, 1);
    assert_store(0, "7001", "99", "-", "a, \"b\"", "s.csv:2");
}

static void a_place_counts_all_lines(DYGW_UNUSED void **state)
{
    assert_null(read_text("\xEF\xBB\xBFstore,poi_id\r\n\r\n\"70\",\"99\"\r\n\r\n71,98\r\n\r\n"));
    assert_int_equal(stores->nelts, 2);
    assert_store(0, "70", "99", "-", "-", "s.csv:3");
    assert_store(1, "71", "98", "-", "-", "s.csv:5");
}

static void a_line_end_in_a_name_is_refused_at_its_line(DYGW_UNUSED void **state)
{
    const char *error = read_text("store,poi_id,name\n1,2,\"a\nb\"\n3,4,5,6\n");

    assert_non_null(strstr(error, "s.csv:2: name: "));
    assert_non_null(strstr(error, "s.csv:4: there are 4 cells"));
}

static void what_is_long_is_shown_in_part(DYGW_UNUSED void **state)
{
    char *text = apr_pstrcat(pool, "store,poi_id\n", NULL);
    const char *error;

    for (int i = 0; i < 10; i++) {
        text = apr_pstrcat(pool, text, apr_psprintf(pool, "%0200d", i), ",1\n", NULL);
    }
    error = read_text(text);
    assert_non_null(error);
    assert_true(strlen(error) < 2000);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_pool, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_a_store),
        TEST(columns_go_by_their_names),
        TEST(a_place_counts_all_lines),
        TEST(a_line_end_in_a_name_is_refused_at_its_line),
        TEST(what_is_long_is_shown_in_part),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("cfg_stores_csv", tests, NULL, NULL);
}
