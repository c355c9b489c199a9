/* SPDX-License-Identifier: Apache-2.0
 * CSV, byte for byte: quotes, what keeps spreadsheets from guessing, times and money.
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

#include "util/compiler.h"
#include "util/csv.h"

#define CHINA 480

static dygw_csv_t csv;

static int set_up(void **state)
{
    make_pool(state);
    dygw_csv_init(&csv, pool, 1, CHINA, 0);
    return 0;
}

/* What was written since the last look. */
static const char *written(void)
{
    const char *text = apr_pstrmemdup(pool, csv.text, csv.len);

    dygw_csv_rewind(&csv);
    return text;
}

static void rows_end_with_crlf_and_cells_are_parted_by_commas(DYGW_UNUSED void **state)
{
    dygw_csv_bom(&csv);
    dygw_csv_text(&csv, "id");
    dygw_csv_text(&csv, "name");
    dygw_csv_end_row(&csv);
    dygw_csv_int(&csv, 12);
    dygw_csv_text(&csv, NULL);
    dygw_csv_end_row(&csv);
    dygw_csv_empty(&csv);
    dygw_csv_text(&csv, "");
    dygw_csv_text(&csv, "\xe8\x8c\xb6");
    dygw_csv_end_row(&csv);
    assert_string_equal(written(), "\xEF\xBB\xBFid,name\r\n12,\r\n,,\xe8\x8c\xb6\r\n");
}

static void check_text(const char *value, const char *expected)
{
    csv.cells = 0;
    dygw_csv_text(&csv, value);
    assert_string_equal(written(), expected);
}

static void what_needs_quotes_has_them(DYGW_UNUSED void **state)
{
    check_text("plain text; with 'all' else", "plain text; with 'all' else");
    check_text("a,b", "\"a,b\"");
    check_text("say \"no\"", "\"say \"\"no\"\"\"");
    check_text("\"", "\"\"\"\"");
    check_text("two\r\nlines", "\"two\r\nlines\"");
    check_text("two\nlines", "\"two\nlines\"");
}

static void what_looks_like_a_formula_is_text(DYGW_UNUSED void **state)
{
    check_text("=1+1", "'=1+1");
    check_text("+86 10", "'+86 10");
    check_text("-2", "'-2");
    check_text("@SUM(A1)", "'@SUM(A1)");
    check_text("\t=1", "'\t=1");
    check_text("\r=1", "\"'\r=1\"");
    check_text("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    check_text("1=1", "1=1");
    check_text("'=1", "'=1");
    /* full-width = + - @, and their neighbours */
    check_text("\xEF\xBC\x9D"
               "1+1",
               "'\xEF\xBC\x9D"
               "1+1");
    check_text("\xEF\xBC\x8B"
               "1",
               "'\xEF\xBC\x8B"
               "1");
    check_text("\xEF\xBC\x8D"
               "1",
               "'\xEF\xBC\x8D"
               "1");
    check_text("\xEF\xBC\xA0"
               "SUM(A1,B1)",
               "\"'\xEF\xBC\xA0"
               "SUM(A1,B1)\"");
    check_text("\xEF\xBC\x9C"
               "1",
               "\xEF\xBC\x9C"
               "1");
    check_text("\xEF\xBC", "\xEF\xBC");
    check_text("1\xEF\xBC\x9D"
               "1",
               "1\xEF\xBC\x9D"
               "1");
    csv.raw = 1;
    check_text("\xEF\xBC\x9D"
               "1+1",
               "\xEF\xBC\x9D"
               "1+1");
    check_text("=1+1", "=1+1");
    check_text("-2", "-2");
}

static void check_id(const char *value, const char *expected)
{
    csv.cells = 0;
    dygw_csv_id(&csv, value);
    assert_string_equal(written(), expected);
}

static void identifiers_of_digits_stay_text(DYGW_UNUSED void **state)
{
    check_id("7012345678901234567", "\"=\"\"7012345678901234567\"\"\"");
    check_id("007", "\"=\"\"007\"\"\"");
    check_id("CyA12", "CyA12");
    check_id("12-3", "12-3");
    check_id("-3", "'-3");
    check_id("", "");
    check_id(NULL, "");
    csv.cells = 0;
    dygw_csv_int_id(&csv, APR_INT64_C(374123456789012));
    assert_string_equal(written(), "\"=\"\"374123456789012\"\"\"");
    csv.raw = 1;
    check_id("007", "007");
}

static void numbers_and_money(DYGW_UNUSED void **state)
{
    dygw_csv_int(&csv, 0);
    dygw_csv_int(&csv, -4);
    dygw_csv_yuan(&csv, 0);
    dygw_csv_yuan(&csv, 5);
    dygw_csv_yuan(&csv, 1230);
    dygw_csv_yuan(&csv, APR_INT64_C(123456789012345));
    dygw_csv_yuan(&csv, -105);
    assert_string_equal(written(), "0,'-4,0.00,0.05,12.30,1234567890123.45,'-1.05");
    csv.raw = 1;
    csv.cells = 0;
    dygw_csv_int(&csv, -4);
    dygw_csv_yuan(&csv, -105);
    assert_string_equal(written(), "-4,-1.05");
}

static void times_are_of_the_zone(DYGW_UNUSED void **state)
{
    const dygw_ms_t midnight = APR_INT64_C(1764000000000); /* 2025-11-24T16:00:00Z */

    dygw_csv_time(&csv, midnight);
    dygw_csv_time(&csv, midnight - 1);
    dygw_csv_time(&csv, DYGW_NO_TIME);
    csv.zone = -90;
    dygw_csv_time(&csv, midnight);
    assert_string_equal(written(), "2025-11-25 00:00:00,2025-11-24 23:59:59,,2025-11-24 14:30:00");
}

static void long_texts_are_whole(DYGW_UNUSED void **state)
{
    char *text = apr_palloc(pool, 100001);

    memset(text, '"', 100000);
    text[100000] = '\0';
    dygw_csv_text(&csv, text);
    assert_int_equal(csv.len, 200002);
    dygw_csv_rewind(&csv);
    dygw_csv_end_row(&csv);
    assert_string_equal(written(), "\r\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_end_with_crlf_and_cells_are_parted_by_commas),
        TEST(what_needs_quotes_has_them),
        TEST(what_looks_like_a_formula_is_text),
        TEST(identifiers_of_digits_stay_text),
        TEST(numbers_and_money),
        TEST(times_are_of_the_zone),
        TEST(long_texts_are_whole),
    };
    int failed;

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("util_csv", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
