/* SPDX-License-Identifier: Apache-2.0
 * A server that does not answer in time: what it is asked ends all the same, and the connection
 * after it. SQLite has no server. */
#include "records.h"
#include "values.h"

#include <apr_atomic.h>
#include <apr_thread_proc.h>

#include "store/db/guard.h"
#include "util/compiler.h"

#define LIMIT       apr_time_from_sec(1)
#define LOOK_EVERY  apr_time_from_msec(50)
#define IN_TIME     apr_time_from_sec(4) /* before the server's own limits */
#define CONNECTIONS 4

static const dygw_stmt_t slow = {
    "suite_slow",
    { "SELECT 1", "SELECT 1 FROM pg_sleep(20)", "SELECT SLEEP(20)" },
};
static const dygw_stmt_t slow_change = {
    "suite_slow_change",
    { "SELECT 1", "UPDATE suite_values SET n = 7 WHERE id = %lld AND pg_sleep(20) IS NOT NULL",
      "UPDATE suite_values SET n = 7 WHERE id = %lld AND SLEEP(20) = 0" },
};

static dygw_guard_t *guard;
static apr_thread_t *watch;
static apr_uint32_t stopping;

static void never_sleeps(DYGW_UNUSED void *baton)
{
}

static void *APR_THREAD_FUNC look(DYGW_UNUSED apr_thread_t *thread, DYGW_UNUSED void *data)
{
    while (!apr_atomic_read32(&stopping)) {
        dygw_guard_look(guard);
        apr_sleep(LOOK_EVERY);
    }
    return NULL;
}

/* Sessions that a guard knows begin with it, and end before it. */
static int slow_setup(void **state)
{
    apr_pool_t *root;
    int rv = values_setup(state);

    suite_disconnect();
    root = apr_pool_parent_get(suite_pool);
    apr_atomic_set32(&stopping, 0);
    if (rv != 0
        || dygw_guard_create(
               &guard, &(dygw_guard_config_t){ suite_host[0].dialect, CONNECTIONS, LIMIT, never_sleeps, NULL }, root)
               != APR_SUCCESS
        || apr_thread_create(&watch, NULL, look, NULL, root) != APR_SUCCESS) {
        return -1;
    }
    suite_host[0].guard = guard;
    return 0;
}

static int slow_teardown(void **state)
{
    apr_status_t rv;

    suite_disconnect();
    apr_atomic_set32(&stopping, 1);
    apr_thread_join(&rv, watch);
    suite_host[0].guard = NULL;
    return suite_teardown(state);
}

static int has_server(void)
{
    return suite_host[0].dialect != DYGW_SQLITE3;
}

static void test_what_is_asked_ends_in_time(DYGW_UNUSED void **state)
{
    apr_time_t began = apr_time_now();
    dygw_rows_t *rows;
    dygw_db_t *db;

    if (!has_server()) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(dygw_db_select(db, &slow, &rows, NULL), APR_EGENERAL);
    assert_in_range(apr_time_now() - began, LIMIT, IN_TIME);
    assert_true(dygw_db_timed_out(db));
    assert_false(dygw_db_in_doubt(db));
    assert_int_equal(suite_errors, 1);
    assert_non_null(strstr(suite_last_error, "suite_slow: no answer within the time limit"));
    dygw_db_close(db);
}

static void test_the_next_unit_finds_a_connection_that_works(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_rows_t *rows;
    dygw_db_t *db;

    if (!has_server()) {
        skip();
    }
    assert_false(values_found(0, id));
    db = suite_open(0);
    assert_int_equal(dygw_db_select(db, &slow, &rows, NULL), APR_EGENERAL);
    suite_errors = 0;
    /* Nothing more comes of this one, and at once. */
    assert_int_equal(values_insert(db, id, "a", NULL), APR_EGENERAL);
    dygw_db_close(db);
    suite_errors = 0;
    db = suite_open(0);
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    dygw_db_close(db);
    assert_true(values_found(1, id));
    assert_int_equal(suite_errors, 0);
}

static void test_a_transaction_ends_with_what_took_too_long(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    apr_int64_t next = suite_unique(); /* the server may hold the first one's row for a while */
    const char *args[] = { apr_psprintf(suite_pool, "%" APR_INT64_T_FMT, id) };
    dygw_db_t *db;

    if (!has_server()) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, id, "a", "1"), APR_SUCCESS);
    assert_int_equal(dygw_db_exec(db, &slow_change, NULL, args), APR_EGENERAL);
    assert_int_equal(dygw_db_commit(db), APR_EGENERAL);
    dygw_db_close(db);
    assert_false(values_found(1, id));
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(values_insert(db, next, "a", "1"), APR_SUCCESS);
    assert_int_equal(dygw_db_commit(db), APR_SUCCESS);
    dygw_db_close(db);
    assert_true(values_found(1, next));
}

/* What changes something may have changed it. */
static void test_what_may_have_been_done_is_not_called_undone(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    const char *args[] = { apr_psprintf(suite_pool, "%" APR_INT64_T_FMT, id) };
    dygw_db_t *db;

    if (!has_server()) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(values_insert(db, id, "a", "1"), APR_SUCCESS);
    assert_false(dygw_db_in_doubt(db));
    assert_int_equal(dygw_db_exec(db, &slow_change, NULL, args), APR_EGENERAL);
    assert_true(dygw_db_in_doubt(db));
    dygw_db_close(db);
    db = suite_open(0);
    assert_int_equal(dygw_db_begin(db), APR_SUCCESS);
    assert_int_equal(dygw_db_exec(db, &slow_change, NULL, args), APR_EGENERAL);
    assert_false(dygw_db_in_doubt(db));
    dygw_db_close(db);
}

/* The server goes on where nobody waits any more. */
static void test_an_update_that_was_given_up_may_come_late_and_once(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = record_processing();
    dygw_db_t *db;

    if (!has_server()) {
        skip();
    }
    db = suite_open(0);
    assert_int_equal(record_insert(db, v), APR_SUCCESS);
    dygw_db_close(db);
    suite_do("BEGIN");
    suite_do(apr_psprintf(suite_pool, "UPDATE dygw_verifications SET asks = 0 WHERE id = %" APR_INT64_T_FMT, v->id));
    v->cancels = 1;
    db = suite_open(0);
    assert_int_equal(dygw_store_verification_update_one(db, v), APR_INCOMPLETE);
    dygw_db_close(db);
    suite_do("COMMIT");
    db = suite_open(0);
    assert_int_equal(dygw_store_verification_update_one(db, v), APR_SUCCESS);
    assert_int_equal(v->revision, 1);
    assert_int_equal(record_get(db, v->id)->revision, 1);
    dygw_db_close(db);
}

static void test_a_killed_connection_is_renewed_under_a_guard_too(DYGW_UNUSED void **state)
{
    apr_int64_t id = suite_unique();
    dygw_db_t *db;

    assert_false(values_found(0, id));
    suite_kill();
    db = suite_open(0);
    assert_int_equal(values_insert(db, id, "a", NULL), APR_SUCCESS);
    suite_kill();
    assert_int_equal(values_insert(db, suite_unique(), "a", NULL), APR_SUCCESS);
    dygw_db_close(db);
    assert_true(values_found(1, id));
    assert_int_equal(suite_errors, 0);
}

#define SLOW_TEST(f) cmocka_unit_test_setup_teardown(f, slow_setup, slow_teardown)

void suite_slow(void)
{
    const struct CMUnitTest tests[] = {
        SLOW_TEST(test_what_is_asked_ends_in_time),
        SLOW_TEST(test_the_next_unit_finds_a_connection_that_works),
        SLOW_TEST(test_a_transaction_ends_with_what_took_too_long),
        SLOW_TEST(test_what_may_have_been_done_is_not_called_undone),
        SLOW_TEST(test_an_update_that_was_given_up_may_come_late_and_once),
        SLOW_TEST(test_a_killed_connection_is_renewed_under_a_guard_too),
    };

    SUITE_ADD(tests);
}
