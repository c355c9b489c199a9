/* SPDX-License-Identifier: Apache-2.0
 * The wrapper when the database fails: connections that are gone, locks that are not given,
 * answers that are lost, and what is said about it. */
#include "values.h"

#include <apr_atomic.h>
#include <apr_time.h>

#include "store/db/error.h"
#include "util/compiler.h"

#define MYSQL_DEADLOCK 1213
#define BIG_TEXT       ((size_t)2 * 1024 * 1024)
#define LOCK_PATIENCE  apr_time_from_sec(9) /* more than the longest time limit of a driver */

#define VALUES_TEST(f) cmocka_unit_test_setup_teardown(f, values_setup, suite_teardown)

static const dygw_stmt_t missing = { "suite_missing", DYGW_SQL("SELECT a FROM suite_no_table") };

static int is_sqlite(void)
{
    return suite_host[0].dialect == DYGW_SQLITE3;
}

/* Both hosts have a session and the statements of the tests. */
static void warm(void)
{
    int host;

    for (host = 0; host < HOSTS; host++) {
        dygw_db_t *db = suite_open(host);

        assert_int_equal(values_insert(db, suite_unique(), "warm", NULL), APR_SUCCESS);
        dygw_db_close(db);
        assert_false(values_found(host, suite_unique()));
    }
}

/* By a statement that no other test uses. */
static int holds_something(dygw_db_t *db)
{
    static const dygw_stmt_t something = { "suite_something", DYGW_SQL("SELECT id FROM suite_values LIMIT 1") };
    dygw_rows_t *rows;

    return dygw_db_select(db, &something, &rows, NULL) == APR_SUCCESS && dygw_rows_next(rows) == APR_SUCCESS;
}

/* --- what is said --- */

static void test_a_failure_is_an_error_and_no_empty_result(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    dygw_rows_t *rows;

    assert_int_equal(dygw_db_select(db, &missing, &rows, NULL), APR_EGENERAL);
    assert_int_equal(suite_errors, 1);
    assert_non_null(strstr(suite_last_error, "DYGW0601"));
    assert_non_null(strstr(suite_last_error, "suite_missing"));
    dygw_db_close(db);
    assert_true(values_found(0, 1) == 0);
}

static void test_a_failure_leaves_values_out_of_the_log(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db = suite_open(0);
    const char *digits = dygw_db_int(db, id);

    assert_int_equal(values_insert(db, id, "a-secret", "1"), APR_SUCCESS);
    assert_int_equal(values_insert(db, id, "a-secret", "1"), APR_EGENERAL);
    assert_int_equal(suite_errors, 1);
    assert_null(strstr(suite_last_error, "a-secret"));
    assert_null(strstr(suite_last_error, digits));
    if (!is_sqlite()) { /* which takes any text for an integer */
        assert_int_equal(values_insert(db, suite_unique(), NULL, "another-secret"), APR_EGENERAL);
        assert_int_equal(suite_errors, 2);
        assert_null(strstr(suite_last_error, "secret"));
    }
    dygw_db_close(db);
}

static void test_error_texts_lose_what_is_quoted(DYGW_UNUSED void **state)
{
    static const char *const texts[][2] = {
        { "ERROR:  relation \"dygw_meta\" does not exist\nLINE 1: 's'",
          "ERROR:  relation \"dygw_meta\" does not exist" },
        { "ERROR:  invalid input syntax for type bigint: \"123456789012\"",
          "ERROR:  invalid input syntax for type bigint: (not shown)" },
        { "Duplicate entry 'it's-7' for key 'dygw_apps_code'", "Duplicate entry (not shown)" },
        { "Can't connect to the server", "Can't connect to the server" },
        { "a quote that does not end 'sk_live", "a quote that does not end (not shown)" },
        { "", "the driver's error 7" },
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        assert_string_equal(dygw_db_error_text(suite_pool, texts[i][0], 7), texts[i][1]);
    }
    assert_string_equal(dygw_db_error_text(suite_pool, NULL, 7), "the driver's error 7");
}

static void test_a_quiet_failure_is_logged_when_it_is_reported(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db = suite_open(0);
    const char *args[] = { dygw_db_int(db, id), "x", "1" };
    int nrows = -1;

    assert_int_equal(dygw_db_exec_quiet(db, &values_put, &nrows, args), APR_SUCCESS);
    assert_int_equal(dygw_db_exec_quiet(db, &values_put, &nrows, args), APR_EGENERAL);
    assert_int_equal(nrows, 0);
    assert_int_equal(suite_errors, 0);
    assert_true(values_found(1, id));
    dygw_db_report(db);
    assert_int_equal(suite_errors, 1);
    dygw_db_report(db);
    assert_int_equal(suite_errors, 1);
    dygw_db_close(db);
}

/* --- connections that are gone --- */

static void test_a_database_that_is_not_there_is_told_once(DYGW_UNUSED void **state)
{
    dygw_db_t *db;

    suite_refused_opens = suite_host[0].max_opens;
    suite_opens = 0;
    assert_int_equal(dygw_db_open(&db, &suite_host[0], &suite_log, suite_pool), APR_EGENERAL);
    assert_null(db);
    assert_int_equal(suite_opens, suite_host[0].max_opens);
    assert_int_equal(suite_errors, 1);
    assert_non_null(strstr(suite_last_error, "DYGW0600"));
    dygw_db_close(suite_open(0));
}

static void test_open_goes_on_past_dead_connections(DYGW_UNUSED void **state)
{
    suite_refused_opens = suite_host[0].max_opens - 1;
    dygw_db_close(suite_open(0));
    assert_int_equal(suite_errors, 0);
}

static void test_a_unit_heals_whose_connection_was_killed_before(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db;

    warm();
    suite_kill();
    assert_false(values_found(0, id));
    suite_kill();
    db = suite_open(0);
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    dygw_db_close(db);
    assert_true(values_found(1, id));
    assert_int_equal(suite_errors, 0);
}

static void test_a_select_heals_inside_a_unit(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_uint32_t repairs = apr_atomic_read32(&suite_host[0].repairs);
    apr_int64_t id = suite_unique();
    const char *args[] = { dygw_db_int(db, id) };
    dygw_rows_t *rows;

    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    suite_kill();
    assert_int_equal(dygw_db_select(db, &values_get, &rows, args), APR_SUCCESS);
    assert_int_equal(dygw_rows_next(rows), APR_SUCCESS);
    assert_string_equal(dygw_row_text(rows, 0, suite_pool), "a");
    assert_int_equal(apr_atomic_read32(&suite_host[0].repairs), repairs + 1);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_select_that_is_not_kept_heals_as_well(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_int64_t id = suite_unique();
    const char *args[] = { dygw_db_int(db, id) };
    const char *nothing[] = { NULL };
    dygw_rows_t *rows;

    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    suite_kill();
    assert_int_equal(dygw_db_select_once(db, &values_get, &rows, args), APR_SUCCESS);
    assert_int_equal(dygw_rows_next(rows), APR_SUCCESS);
    assert_string_equal(dygw_row_text(rows, 0, suite_pool), "a");
    assert_true(APR_STATUS_IS_EOF(dygw_rows_next(rows)));
    assert_int_equal(dygw_db_select_once(db, &values_get, &rows, nothing), APR_SUCCESS);
    assert_true(APR_STATUS_IS_EOF(dygw_rows_next(rows)));
    assert_int_equal(values_insert(db, suite_unique(), "b", NULL), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_an_exec_heals_inside_a_unit(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_int64_t id = suite_unique();

    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_SUCCESS);
    suite_kill();
    assert_int_equal(values_insert(db, id, "b", NULL), APR_SUCCESS);
    assert_true(values_found(1, id));
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_transaction_heals_at_its_start(DYGW_UNUSED void **state)
{
    dygw_db_t *db = suite_open(0);
    apr_int64_t id = suite_unique();

    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_SUCCESS);
    suite_kill();
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, id, "b", NULL), APR_SUCCESS);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    assert_true(values_found(1, id));
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

/* Nobody else can change SQLite's schema meanwhile. */
static void test_a_transaction_ends_with_its_connection(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    apr_int64_t a = suite_unique();
    apr_int64_t b = suite_unique();

    if (is_sqlite()) {
        skip();
    }
    warm();
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, a, "a", NULL), APR_SUCCESS);
    suite_kill();
    assert_int_not_equal(values_insert(db, b, "b", NULL), APR_SUCCESS);
    assert_int_not_equal(dygw_db_commit(db), APR_SUCCESS);
    assert_true(suite_errors > 0);
    assert_int_equal(values_insert(db, b, "b", NULL), APR_SUCCESS);
    dygw_db_close(db);
    assert_false(values_found(1, a));
    assert_true(values_found(1, b));
}

/* PostgreSQL's driver may have connected again meanwhile, which BEGIN does not show. */
static void test_the_transaction_after_it_goes_well(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    apr_int64_t id = suite_unique();

    if (is_sqlite()) {
        skip();
    }
    warm();
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    suite_kill();
    assert_int_not_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    dygw_db_close(db);
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
    assert_true(values_found(1, id));
}

static void test_a_commit_on_a_dead_connection_fails(DYGW_UNUSED void **state)
{
    dygw_db_t *db;
    apr_int64_t id = suite_unique();

    if (is_sqlite()) {
        skip();
    }
    warm();
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    suite_kill();
    assert_int_not_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
    assert_false(values_found(0, id));
    assert_false(values_found(1, id));
}

/* PostgreSQL's driver connects again where a pool looks at the connection; what is prepared then is
 * in a session that nobody has noticed yet. */
static void test_a_session_that_nobody_noticed_ends_well(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db;

    if (is_sqlite()) {
        skip();
    }
    warm();
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    suite_kill();
    assert_int_not_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    dygw_db_close(db);
    db = suite_open(0);
    assert_true(holds_something(db));
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    suite_errors = 0;
    assert_true(holds_something(db));
    assert_int_equal(suite_errors, 0);
    dygw_db_close(db);
}

static void test_a_unit_ends_well_whose_database_stays_away(DYGW_UNUSED void **state)
{
    dygw_db_t *db;

    if (suite_host[0].dialect != DYGW_MYSQL) {
        skip(); /* the others' drivers connect again by themselves */
    }
    warm();
    db = suite_open(0);
    suite_kill();
    suite_refused_opens = suite_host[0].max_opens;
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_EGENERAL);
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_EGENERAL);
    assert_int_equal(dygw_db_begin(db), APR_EGENERAL);
    dygw_db_close(db);
    warm();
}

/* --- what could be done twice, or not at all --- */

static void test_an_open_end_of_a_transaction_is_never_built_upon(DYGW_UNUSED void **state)
{
    apr_int64_t a = suite_unique();
    apr_int64_t b = suite_unique();
    dygw_db_t *db;

    if (is_sqlite()) {
        skip(); /* its ROLLBACK fails when there is nothing to roll back */
    }
    warm();
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, a, "a", NULL), APR_SUCCESS);
    wire_refuse("ROLLBACK", 1, 1);
    dygw_db_close(db);
    db = suite_open(0);
    assert_int_equal(values_insert(db, b, "b", NULL), APR_SUCCESS);
    dygw_db_close(db);
    assert_false(values_found(1, a));
    assert_true(values_found(1, b));
}

static void test_a_statement_that_lost_a_deadlock_is_repeated(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db;

    if (suite_host[0].dialect != DYGW_MYSQL) {
        skip(); /* PostgreSQL tells by its words, SQLite has one writer */
    }
    warm();
    db = suite_open(0);
    wire_refuse(values_put.label, MYSQL_DEADLOCK, 2);
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    assert_int_equal(suite_errors, 0);
    wire_refuse(values_put.label, MYSQL_DEADLOCK, 3);
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_EGENERAL);
    assert_true(dygw_db_lost_deadlock(db));
    assert_int_equal(suite_errors, 1);
    dygw_db_close(db);
    assert_true(values_found(1, id));
}

/* --- locks --- */

/* Host 0 holds the row; host 1 wants it, outside of the writer's lock, as a stranger would. */
static void test_a_lock_that_is_not_given_ends_in_an_error(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_source_t stranger = suite_host[1];
    dygw_db_t *holder;
    dygw_db_t *db;
    const char *args[] = { "1", apr_psprintf(suite_pool, "%" APR_INT64_T_FMT, id) };
    apr_time_t began;

    warm();
    holder = suite_open(0);
    assert_int_equal(values_insert(holder, id, "a", NULL), APR_SUCCESS);
    assert_int_equal(dygw_db_begin(holder), APR_SUCCESS);
    assert_int_equal(dygw_db_exec(holder, &values_set, NULL, args), APR_SUCCESS);

    stranger.lock_writer = NULL;
    assert_int_equal(dygw_db_open(&db, &stranger, &suite_log, suite_pool), APR_SUCCESS);
    began = apr_time_now();
    assert_int_equal(dygw_db_exec(db, &values_set, NULL, args), APR_EGENERAL);
    assert_true(apr_time_now() - began < LOCK_PATIENCE);
    assert_int_equal(suite_errors, 1);
    assert_true(dygw_db_timed_out(db));

    assert_int_equal(dygw_db_commit(holder), APR_SUCCESS);
    dygw_db_close(holder);
    assert_int_equal(dygw_db_exec(db, &values_set, NULL, args), APR_SUCCESS);
    assert_false(dygw_db_timed_out(db));
    dygw_db_close(db);
}

static void test_writers_of_one_host_take_turns(DYGW_UNUSED void **state)
{
    dygw_db_t *holder;
    dygw_db_t *db;

    if (!is_sqlite()) {
        assert_null(suite_host[0].lock_writer);
        return;
    }
    warm();
    holder = suite_open(0);
    db = suite_open(1);
    assert_int_equal(dygw_db_begin(holder), APR_SUCCESS);
    assert_true(suite_locked);
    /* The suite's lock refuses where another would wait. */
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_EBUSY);
    assert_int_equal(suite_errors, 1);
    assert_non_null(strstr(suite_last_error, "DYGW0603"));
    assert_false(values_found(1, suite_unique()));
    dygw_db_close(holder);
    assert_false(suite_locked);
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_SUCCESS);
    assert_false(suite_locked);
    dygw_db_close(db);
}

/* --- no room --- */

static void test_a_full_database_is_an_error_until_there_is_room(DYGW_UNUSED void **state)
{
    char *text = apr_pcalloc(suite_pool, BIG_TEXT);
    apr_int64_t id = suite_unique();
    dygw_db_t *db;

    if (!is_sqlite()) {
        skip(); /* a server's disk is not ours to fill */
    }
    memset(text, 'x', BIG_TEXT - 1);
    warm();
    suite_ask(0, "PRAGMA max_page_count = 1");
    db = suite_open(0);
    assert_int_equal(values_insert(db, id, text, NULL), APR_EGENERAL);
    assert_int_equal(suite_errors, 1);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, id, text, NULL), APR_EGENERAL);
    assert_int_equal(dygw_db_commit(db), APR_EGENERAL);
    dygw_db_close(db);
    assert_false(values_found(0, id));
    suite_ask(0, "PRAGMA max_page_count = 1000000");
    db = suite_open(0);
    assert_int_equal(values_insert(db, id, text, NULL), APR_SUCCESS);
    dygw_db_close(db);
}

void suite_failures(void)
{
    const struct CMUnitTest tests[] = {
        VALUES_TEST(test_a_failure_is_an_error_and_no_empty_result),
        VALUES_TEST(test_a_failure_leaves_values_out_of_the_log),
        VALUES_TEST(test_error_texts_lose_what_is_quoted),
        VALUES_TEST(test_a_quiet_failure_is_logged_when_it_is_reported),
        VALUES_TEST(test_a_database_that_is_not_there_is_told_once),
        VALUES_TEST(test_open_goes_on_past_dead_connections),
        VALUES_TEST(test_a_unit_heals_whose_connection_was_killed_before),
        VALUES_TEST(test_a_select_heals_inside_a_unit),
        VALUES_TEST(test_a_select_that_is_not_kept_heals_as_well),
        VALUES_TEST(test_an_exec_heals_inside_a_unit),
        VALUES_TEST(test_a_transaction_heals_at_its_start),
        VALUES_TEST(test_a_transaction_ends_with_its_connection),
        VALUES_TEST(test_the_transaction_after_it_goes_well),
        VALUES_TEST(test_a_commit_on_a_dead_connection_fails),
        VALUES_TEST(test_a_session_that_nobody_noticed_ends_well),
        VALUES_TEST(test_a_unit_ends_well_whose_database_stays_away),
        VALUES_TEST(test_an_open_end_of_a_transaction_is_never_built_upon),
        VALUES_TEST(test_a_statement_that_lost_a_deadlock_is_repeated),
        VALUES_TEST(test_a_lock_that_is_not_given_ends_in_an_error),
        VALUES_TEST(test_writers_of_one_host_take_turns),
        VALUES_TEST(test_a_full_database_is_an_error_until_there_is_room),
    };

    SUITE_ADD(tests);
}
