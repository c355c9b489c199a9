/* SPDX-License-Identifier: Apache-2.0
 * The wrapper while nothing fails: values, rows, transactions, and how often it calls. */
#include "values.h"

#include <apr_time.h>

#include "util/compiler.h"

#define LONG_TEXT ((size_t)400 * 1024)
#define MANY_ROWS 300
#define QUICK     apr_time_from_msec(80) /* less than the sleep of PostgreSQL's driver */

#define VALUES_TEST(f) cmocka_unit_test_setup_teardown(f, values_setup, suite_teardown)

static const dygw_stmt_t values_new = {
    "suite_values_new",
    DYGW_SQL_INSERT_NEW("suite_values (id, t, n) VALUES (%lld, %s, %lld)"),
};

static const dygw_stmt_t values_range = {
    "suite_values_range",
    DYGW_SQL("SELECT id, n FROM suite_values WHERE id BETWEEN %lld AND %lld ORDER BY id LIMIT %lld"),
};

static const dygw_stmt_t values_like = {
    "suite_values_like",
    DYGW_SQL("SELECT id FROM suite_values WHERE t LIKE 'a%%z' AND id = %lld"),
};

static const dygw_stmt_t clock_read = { "suite_clock_read", DYGW_SQL_NOW("SELECT ", "") };

/* The one row with that id. */
static dygw_rows_t *row_of(dygw_db_t *db, apr_int64_t id)
{
    const char *args[] = { dygw_db_int(db, id) };
    dygw_rows_t *rows;

    assert_int_equal(dygw_db_select(db, &values_get, &rows, args), APR_SUCCESS);
    assert_int_equal(dygw_rows_next(rows), APR_SUCCESS);
    return rows;
}

static void assert_kept(const char *text)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db = suite_open(0);
    const char *back;

    assert_int_equal(values_insert(db, id, text, NULL), APR_SUCCESS);
    dygw_db_close(db);
    db = suite_open(1);
    back = dygw_row_text(row_of(db, id), 0, suite_pool);
    dygw_db_close(db);
    assert_non_null(back);
    assert_string_equal(back, text);
}

/* --- values --- */

static void test_text_of_any_kind_is_kept(DYGW_UNUSED void **state)
{
    assert_kept("%");
    assert_kept("100%s %d %lld %%");
    assert_kept("it's \"quoted\" `here` \\ \\' \\0 ; -- /* ? $1 :a");
    assert_kept(" blanks at both ends ");
    assert_kept("two\r\nlines\tand a tab");
    assert_kept("\xe6\x8a\x96\xe9\x9f\xb3 \xf0\x9f\x8e\xab \xc3\xa9 e\xcc\x81");
    assert_kept("NULL");
    assert_kept("0012");
}

static void test_long_text_is_kept(DYGW_UNUSED void **state)
{
    char *text = apr_palloc(suite_pool, LONG_TEXT + 1);
    size_t i;

    for (i = 0; i < LONG_TEXT; i += 4) {
        memcpy(text + i, i % 3 ? "\xf0\x9f\x8e\xab" : "abcd", 4);
    }
    text[LONG_TEXT] = '\0';
    assert_kept(text);
}

static void test_null_and_empty_are_two_things(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    apr_int64_t empty = suite_unique();
    dygw_db_t *db = suite_open(0);
    dygw_rows_t *rows;

    assert_int_equal(values_insert(db, id, NULL, NULL), APR_SUCCESS);
    assert_int_equal(values_insert(db, empty, "", "0"), APR_SUCCESS);
    rows = row_of(db, id);
    assert_null(dygw_row_text(rows, 0, suite_pool));
    assert_int_equal(dygw_row_int(rows, 1, -7), -7);
    rows = row_of(db, empty);
    assert_string_equal(dygw_row_text(rows, 0, suite_pool), "");
    assert_int_equal(dygw_row_int(rows, 1, -7), 0);
    dygw_db_close(db);
}

static void test_integers_have_64_bits(DYGW_UNUSED void **state)
{
    static const apr_int64_t values[] = {
        0, -1, T0, APR_INT64_MAX, APR_INT64_MIN, APR_INT64_C(4294967296),
    };
    dygw_db_t *db = suite_open(0);
    size_t i;

    for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
        apr_int64_t id = suite_unique();

        assert_int_equal(values_insert(db, id, NULL, dygw_db_int(db, values[i])), APR_SUCCESS);
        assert_true(dygw_row_int(row_of(db, id), 1, 1) == values[i]);
    }
    dygw_db_close(db);
}

static void test_a_doubled_percent_is_one(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db = suite_open(0);
    const char *args[] = { dygw_db_int(db, id) };
    dygw_rows_t *rows;

    assert_int_equal(values_insert(db, id, "a to z", NULL), APR_SUCCESS);
    assert_int_equal(dygw_db_select(db, &values_like, &rows, args), APR_SUCCESS);
    assert_int_equal(dygw_rows_next(rows), APR_SUCCESS);
    dygw_db_close(db);
}

static void test_the_database_s_clock_is_in_ms(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_ms_t before = dygw_now();
    dygw_rows_t *rows;
    dygw_ms_t clock;

    assert_int_equal(dygw_db_select(db, &clock_read, &rows, NULL), APR_SUCCESS);
    assert_int_equal(dygw_rows_next(rows), APR_SUCCESS);
    clock = dygw_row_int(rows, 0, 0);
    dygw_db_close(db);
    assert_in_range(clock, before - 2, dygw_now() + 2);
}

/* --- rows --- */

static void test_rows_come_one_by_one_and_end(DYGW_UNUSED void **state)
{
    apr_int64_t first = suite_unique();
    dygw_db_t *db = suite_open(0);
    const char *args[] = { dygw_db_int(db, first), dygw_db_int(db, first + MANY_ROWS), dygw_db_int(db, MANY_ROWS) };
    dygw_rows_t *rows;
    int i;

    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    for (i = 0; i <= MANY_ROWS; i++) {
        assert_int_equal(values_insert(db, i ? suite_unique() : first, "x", dygw_db_int(db, i)), APR_SUCCESS);
    }
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    assert_int_equal(dygw_db_select(db, &values_range, &rows, args), APR_SUCCESS);
    for (i = 0; i < MANY_ROWS; i++) {
        assert_int_equal(dygw_rows_next(rows), APR_SUCCESS);
        assert_int_equal(dygw_row_int(rows, 1, -1), i);
    }
    assert_true(APR_STATUS_IS_EOF(dygw_rows_next(rows)));
    assert_true(APR_STATUS_IS_EOF(dygw_rows_next(rows)));
    assert_null(dygw_row_text(rows, 0, suite_pool));
    dygw_db_close(db);
}

static void test_no_rows_are_told_at_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *args[] = { dygw_db_int(db, suite_unique()) };
    dygw_rows_t *rows;
    apr_time_t began;

    assert_int_equal(dygw_db_select(db, &values_get, &rows, args), APR_SUCCESS);
    began = apr_time_now();
    assert_true(APR_STATUS_IS_EOF(dygw_rows_next(rows)));
    assert_true(apr_time_now() - began < QUICK);
    dygw_db_close(db);
}

static void test_exec_counts_what_it_found(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    const char *args[] = { "5", dygw_db_int(db, suite_unique()) };
    const char *new_args[] = { args[1], "x", "5" };
    int nrows = -1;

    assert_int_equal(dygw_db_exec(db, &values_set, &nrows, args), APR_SUCCESS);
    assert_int_equal(nrows, 0);
    assert_int_equal(dygw_db_exec(db, &values_new, &nrows, new_args), APR_SUCCESS);
    assert_int_equal(nrows, 1);
    assert_int_equal(dygw_db_exec(db, &values_new, &nrows, new_args), APR_SUCCESS);
    assert_int_equal(nrows, 0);
    assert_int_equal(dygw_db_exec(db, &values_set, &nrows, args), APR_SUCCESS);
    assert_int_equal(nrows, 1);
    dygw_db_close(db);
}

/* --- transactions --- */

static void test_commit_shows_all_to_others_and_not_before(DYGW_UNUSED void **state)
{
    apr_int64_t a = suite_unique();
    apr_int64_t b = suite_unique();
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, a, "a", NULL), APR_SUCCESS);
    assert_int_equal(values_insert(db, b, "b", NULL), APR_SUCCESS);
    assert_false(values_found(1, a));
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    assert_true(values_found(1, a) && values_found(1, b));
    dygw_db_close(db);
}

static void test_close_rolls_back_what_is_open(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    dygw_db_close(db);
    dygw_db_close(NULL);
    assert_false(suite_locked);
    assert_false(values_found(0, id));
    assert_false(values_found(1, id));
}

static void test_a_unit_goes_on_after_a_rollback(DYGW_UNUSED void **state)
{
    apr_int64_t a = suite_unique();
    apr_int64_t b = suite_unique();
    dygw_db_t *db = suite_open(0);

    dygw_db_rollback(db);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, a, "a", NULL), APR_SUCCESS);
    dygw_db_rollback(db);
    assert_int_equal(values_insert(db, b, "b", NULL), APR_SUCCESS);
    assert_false(values_found(1, a));
    assert_true(values_found(1, b));
    dygw_db_close(db);
}

static void test_a_failure_inside_makes_commit_fail(DYGW_UNUSED void **state)
{
    apr_int64_t a = suite_unique();
    apr_int64_t b = suite_unique();
    dygw_db_t *db = suite_open(0);

    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, a, "a", NULL), APR_SUCCESS);
    assert_int_not_equal(values_insert(db, a, "again", NULL), APR_SUCCESS);
    assert_int_not_equal(dygw_db_commit(db), APR_SUCCESS);
    assert_false(suite_locked);
    assert_false(values_found(1, a));
    assert_int_equal(values_insert(db, b, "b", NULL), APR_SUCCESS);
    assert_true(values_found(1, b));
    dygw_db_close(db);
}

static void test_commit_of_nothing_is_an_error(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);

    assert_int_not_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
}

/* --- how often it calls --- */

static void test_a_prepared_statement_is_one_call(DYGW_UNUSED void **state)
{
    int unit;

    assert_false(values_found(0, 1));
    for (unit = 0; unit < 3; unit++) {
        dygw_db_t *db = suite_open(0);
        const char *args[] = { "1", dygw_db_int(db, suite_unique()) };

        if (unit > 0) {
            wire_calls = 0;
            assert_int_equal(dygw_db_exec(db, &values_set, NULL, args), APR_SUCCESS);
            assert_int_equal(wire_calls, 1);
        }
        else {
            assert_int_equal(dygw_db_exec(db, &values_set, NULL, args), APR_SUCCESS);
        }
        dygw_db_close(db);
    }
    wire_calls = 0;
    assert_false(values_found(0, 1));
    assert_int_equal(wire_calls, 1);
}

static void test_a_transaction_costs_two_calls_more(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);

    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_SUCCESS);
    wire_calls = 0;
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_SUCCESS);
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_SUCCESS);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
    assert_int_equal(wire_calls, 4);
}

static void test_a_session_is_set_up(DYGW_UNUSED void **state)
{
    switch (suite_host[0].dialect) {
    case DYGW_SQLITE3:
        assert_string_equal(APR_ARRAY_IDX(suite_ask(0, "PRAGMA synchronous"), 0, char *), "2");
        assert_string_equal(APR_ARRAY_IDX(suite_ask(0, "PRAGMA journal_mode"), 0, char *), "wal");
        break;
    case DYGW_PGSQL:
        /* t/lib's parameters set these: what the administrator wants is kept. */
        assert_string_equal(APR_ARRAY_IDX(suite_ask(0, "SHOW lock_timeout"), 0, char *), "2s");
        assert_string_equal(APR_ARRAY_IDX(suite_ask(0, "SHOW statement_timeout"), 0, char *), "5s");
        break;
    default:
        assert_string_equal(APR_ARRAY_IDX(suite_ask(0, "SELECT @@tx_isolation, @@time_zone"), 0, char *),
                            "READ-COMMITTED|+00:00");
    }
}

void suite_connections(void)
{
    const struct CMUnitTest tests[] = {
        VALUES_TEST(test_text_of_any_kind_is_kept),
        VALUES_TEST(test_long_text_is_kept),
        VALUES_TEST(test_null_and_empty_are_two_things),
        VALUES_TEST(test_integers_have_64_bits),
        VALUES_TEST(test_a_doubled_percent_is_one),
        VALUES_TEST(test_the_database_s_clock_is_in_ms),
        VALUES_TEST(test_rows_come_one_by_one_and_end),
        VALUES_TEST(test_no_rows_are_told_at_once),
        VALUES_TEST(test_exec_counts_what_it_found),
        VALUES_TEST(test_commit_shows_all_to_others_and_not_before),
        VALUES_TEST(test_close_rolls_back_what_is_open),
        VALUES_TEST(test_a_unit_goes_on_after_a_rollback),
        VALUES_TEST(test_a_failure_inside_makes_commit_fail),
        VALUES_TEST(test_commit_of_nothing_is_an_error),
        VALUES_TEST(test_a_prepared_statement_is_one_call),
        VALUES_TEST(test_a_transaction_costs_two_calls_more),
        VALUES_TEST(test_a_session_is_set_up),
    };

    SUITE_ADD(tests);
}
