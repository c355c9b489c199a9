/* SPDX-License-Identifier: Apache-2.0
 * CSV, cell by cell.
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
#include "util/csv_read.h"

#define CELLS_MAX 4

static dygw_csv_reader_t reader;

static void begin(const char *text)
{
    dygw_csv_read(&reader, apr_pstrdup(pool, text), strlen(text));
}

/* The next row as "line: cell|cell|..."; "end"; or "line! fault". */
static const char *next(void)
{
    char *cells[CELLS_MAX];
    int count = dygw_csv_read_row(&reader, cells, CELLS_MAX);
    const char *row = apr_psprintf(pool, "%d:", reader.line);

    if (count == DYGW_CSV_FAULT) {
        return apr_psprintf(pool, "%d! %s", reader.line, reader.fault);
    }
    for (int i = 0; i < count && i < CELLS_MAX; i++) {
        row = apr_pstrcat(pool, row, i ? "|" : " ", cells[i], NULL);
    }
    return count == DYGW_CSV_END ? "end" : count > CELLS_MAX ? apr_psprintf(pool, "%s and more: %d", row, count) : row;
}

static void lines_end_with_lf_or_crlf_or_not_at_all(DYGW_UNUSED void **state)
{
    begin("a,b\nc,d\r\ne,f");
    assert_string_equal(next(), "1: a|b");
    assert_string_equal(next(), "2: c|d");
    assert_string_equal(next(), "3: e|f");
    assert_string_equal(next(), "end");
    assert_string_equal(next(), "end");
}

static void a_mark_at_the_beginning_is_no_text(DYGW_UNUSED void **state)
{
    begin("\xEF\xBB\xBF"
          "a");
    assert_string_equal(next(), "1: a");
    begin("\xEF\xBB\xBF");
    assert_string_equal(next(), "end");
}

static void empty_cells_are_cells_and_empty_lines_are_no_rows(DYGW_UNUSED void **state)
{
    begin("\n\r\n,\n\n,a,\r\n\"\"\n\n");
    assert_string_equal(next(), "3: |");
    assert_string_equal(next(), "5: |a|");
    assert_string_equal(next(), "6: ");
    assert_string_equal(next(), "end");
    begin("a,");
    assert_string_equal(next(), "1: a|");
    assert_string_equal(next(), "end");
    begin("");
    assert_string_equal(next(), "end");
}

static void quotes_hold_commas_quotes_and_line_ends(DYGW_UNUSED void **state)
{
    begin("\"a,\"\"b\"\"\",\"c\r\nd\n\",e\n\"\"\"\"\r\nf");
    assert_string_equal(next(), "1: a,\"b\"|c\r\nd\n|e");
    assert_string_equal(next(), "4: \"");
    assert_string_equal(next(), "5: f");
    assert_string_equal(next(), "end");
}

static void a_row_that_is_too_long_is_counted(DYGW_UNUSED void **state)
{
    begin("a,b,c,d,e,f\ng\n");
    assert_string_equal(next(), "1: a|b|c|d and more: 6");
    assert_string_equal(next(), "2: g");
}

static void after_a_fault_it_goes_on_in_the_next_line(DYGW_UNUSED void **state)
{
    begin("a\"b,c\nd\n\"e\"f,g\nh\ni\rj\nk\n\"l\nm");
    assert_string_equal(next(), "1! there is a quote inside a cell that does not begin with one");
    assert_string_equal(next(), "2: d");
    assert_string_equal(next(), "3! there is text behind a closing quote");
    assert_string_equal(next(), "4: h");
    assert_string_equal(next(), "5! a line ends with CR alone");
    assert_string_equal(next(), "6: k");
    assert_string_equal(next(), "7! a quote is not closed");
    assert_string_equal(next(), "end");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_pool, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_end_with_lf_or_crlf_or_not_at_all),
        TEST(a_mark_at_the_beginning_is_no_text),
        TEST(empty_cells_are_cells_and_empty_lines_are_no_rows),
        TEST(quotes_hold_commas_quotes_and_line_ends),
        TEST(a_row_that_is_too_long_is_counted),
        TEST(after_a_fault_it_goes_on_in_the_next_line),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("util_csv_read", tests, NULL, NULL);
}
