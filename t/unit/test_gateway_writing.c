/* SPDX-License-Identifier: Apache-2.0
 * When it is tested whether the database can be written, and what is told of it.
 * links: gateway/background/writing.c gateway/db_work.c gateway/host.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "support/own_pool.h"

#include "gateway/host.h"
#include "gateway/background/writing.h"
#include "store/writing.h"
#include "util/compiler.h"

#define THOROUGH 32768

static dygw_gateway_t gateway;
static dygw_host_t host;
static dygw_writing_t writing;
static const dygw_log_t nowhere;
static char logged[1000];

static apr_time_t steady = 1;

static apr_time_t steady_of_test(void)
{
    return steady;
}

/* --- the database, as a test wants it --- */

static struct {
    int tests, size; /* how many were made, and the size of the last */
    int fails, is_dead, hangs;
    dygw_db_writes_e says;
} database;

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          DYGW_UNUSED apr_pool_t *p)
{
    *db = NULL;
    return APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
}

int dygw_db_answers(DYGW_UNUSED dygw_db_t *db)
{
    return !database.is_dead && !database.hangs;
}

int dygw_db_timed_out(DYGW_UNUSED const dygw_db_t *db)
{
    return database.hangs;
}

static void fail_as(dygw_db_writes_e says)
{
    host.database.failures++;
    if (says != DYGW_WRITES_WORK) {
        host.database.failed_as = (int)says;
        host.database.failed_at = dygw_steady_now();
    }
}

apr_status_t dygw_store_test_writing(DYGW_UNUSED dygw_db_t *db, int size)
{
    database.tests++;
    database.size = size;
    if (database.fails || database.hangs || database.is_dead) {
        fail_as(database.says);
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static void lock(DYGW_UNUSED void *baton)
{
}

static void note_line(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                      DYGW_UNUSED apr_status_t rv, const char *fmt, DYGW_UNUSED va_list args)
{
    strncat(logged, fmt, strlen("DYGW0000"));
}

static int set_up(void **state)
{
    make_pool(state);
    memset(&host, 0, sizeof host);
    memset(&database, 0, sizeof database);
    gateway = (dygw_gateway_t){ .host = &host, .lock_host = lock, .unlock_host = lock };
    writing = (dygw_writing_t){ 0 };
    logged[0] = '\0';
    steady += apr_time_from_sec(100); /* what was before is long ago */
    dygw_steady_set(steady_of_test);
    dygw_log_set_writer(note_line);
    return 0;
}

static int tear_down(void **state)
{
    dygw_log_set_writer(NULL);
    return destroy_pool(state);
}

/* A round a second later. */
static dygw_db_writes_e turn(void)
{
    steady += apr_time_from_sec(1);
    dygw_writing_turn(&(dygw_ctx_t){ &gateway, &nowhere, pool }, &writing);
    return dygw_host_writes(&gateway);
}

static void turn_often(int times)
{
    while (times-- > 0) {
        assert_int_equal(turn(), DYGW_WRITES_WORK);
    }
}

/* --- the tests --- */

static void a_little_is_written_at_the_start_and_every_ten_seconds(DYGW_UNUSED void **state)
{
    turn_often(1);
    assert_int_equal(database.tests, 1);
    turn_often(20);
    assert_int_equal(database.tests, 3);
    assert_true(database.size < 100);
    assert_string_equal(logged, "");
}

static void who_renews_the_lease_has_written(DYGW_UNUSED void **state)
{
    int i;

    for (i = 0; i < 30; i++) {
        dygw_writing_proved(&writing);
        turn_often(1);
    }
    assert_int_equal(database.tests, 0);
}

static void a_write_that_failed_makes_a_thorough_test(DYGW_UNUSED void **state)
{
    turn_often(1);
    fail_as(DYGW_WRITES_WORK); /* a lock that was not given, say */
    turn_often(1);
    assert_int_equal(database.tests, 2);
    assert_int_equal(database.size, THOROUGH);
    turn_often(3);
    assert_int_equal(database.tests, 2);
    assert_string_equal(logged, "");
}

static void a_database_that_cannot_be_written_is_tested_until_it_can(DYGW_UNUSED void **state)
{
    turn_often(1);
    database.fails = 1;
    database.says = DYGW_WRITES_READONLY;
    fail_as(DYGW_WRITES_READONLY);
    assert_int_equal(turn(), DYGW_WRITES_READONLY);
    assert_int_equal(turn(), DYGW_WRITES_READONLY);
    assert_int_equal(database.tests, 3);
    assert_string_equal(logged, "DYGW0370");
    database.fails = 0;
    while (turn() != DYGW_WRITES_WORK) {
        assert_int_equal(database.tests, 4);
    }
    assert_string_equal(logged, "DYGW0370DYGW0371");
}

static void what_a_redemption_said_counts_even_when_the_test_succeeds(DYGW_UNUSED void **state)
{
    turn_often(1);
    fail_as(DYGW_WRITES_FAIL);
    assert_int_equal(turn(), DYGW_WRITES_FAIL);
    assert_int_equal(turn(), DYGW_WRITES_FAIL);
    steady += apr_time_from_sec(5);
    assert_int_equal(turn(), DYGW_WRITES_WORK);
    assert_string_equal(logged, "DYGW0370DYGW0371");
}

static void a_write_that_hangs_or_fails_without_a_word_is_a_failure(DYGW_UNUSED void **state)
{
    database.hangs = 1;
    assert_int_equal(turn(), DYGW_WRITES_FAIL);
    database.hangs = 0;
    assert_int_equal(turn(), DYGW_WRITES_WORK);
    database.fails = 1;
    fail_as(DYGW_WRITES_WORK);
    assert_int_equal(turn(), DYGW_WRITES_FAIL);
}

static void a_connection_that_died_says_nothing(DYGW_UNUSED void **state)
{
    database.is_dead = 1;
    assert_int_equal(turn(), DYGW_WRITES_WORK);
    assert_string_equal(logged, "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_little_is_written_at_the_start_and_every_ten_seconds),
        TEST(who_renews_the_lease_has_written),
        TEST(a_write_that_failed_makes_a_thorough_test),
        TEST(a_database_that_cannot_be_written_is_tested_until_it_can),
        TEST(what_a_redemption_said_counts_even_when_the_test_succeeds),
        TEST(a_write_that_hangs_or_fails_without_a_word_is_a_failure),
        TEST(a_connection_that_died_says_nothing),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("gateway_writing", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
