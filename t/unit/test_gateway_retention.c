/* SPDX-License-Identifier: Apache-2.0
 * What is older than DygwRetention goes: how much of it, when, and what is said. The tables are
 * numbers here.
 * links: gateway/background/retention.c gateway/db_work.c
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

#include "gateway/background/retention.h"
#include "gateway/host.h"
#include "store/audit.h"
#include "store/payout.h"
#include "store/reconciliation.h"
#include "store/webhook.h"
#include "util/compiler.h"

#define NOW    APR_INT64_C(1764000000000) /* 2025-11-24T16:00:00Z: already the 25th in China */
#define DAY_MS APR_INT64_C(86400000)
#define TURNS  100000

struct dygw_db_t {
    apr_pool_t *pool;
};

static dygw_db_t database;
static dygw_gateway_t gateway;
static dygw_retention_t state_of;
static const dygw_log_t no_log = { NULL, NULL };

static dygw_ms_t now;
static int rows[DYGW_RETENTION_TABLES]; /* that are too old */
static dygw_ms_t asked_before;
static const char *asked_day;
static int largest;
static int opens;
static int failing;
static char message[256];

static int is_heard; /* Douyin has told the time */

int dygw_host_clock(DYGW_UNUSED const dygw_gateway_t *g, DYGW_UNUSED dygw_clock_e which,
                    DYGW_UNUSED dygw_clock_seen_t *seen)
{
    return is_heard;
}

static dygw_ms_t clock_now(void)
{
    return now;
}

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          DYGW_UNUSED apr_pool_t *parent)
{
    opens++;
    database.pool = pool;
    *db = &database;
    return failing ? APR_EGENERAL : APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
}

apr_pool_t *dygw_db_pool(const dygw_db_t *db)
{
    return db->pool;
}

static apr_status_t take(int table, int limit, int *removed)
{
    *removed = rows[table] < limit ? rows[table] : limit;
    rows[table] -= *removed;
    largest = *removed > largest ? *removed : largest;
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_purge(DYGW_UNUSED dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    asked_before = before;
    return take(0, limit, removed);
}

apr_status_t dygw_store_audit_purge(DYGW_UNUSED dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    assert_true(before == asked_before);
    return take(1, limit, removed);
}

apr_status_t dygw_store_webhook_purge(DYGW_UNUSED dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    assert_true(before == asked_before);
    return take(2, limit, removed);
}

apr_status_t dygw_store_payout_purge(DYGW_UNUSED dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    assert_true(before == asked_before);
    return take(3, limit, removed);
}

/* Takes one at a time, as the last days may. */
apr_status_t dygw_store_reconciliation_purge(DYGW_UNUSED dygw_db_t *db, const char *day, int limit, int *removed)
{
    asked_day = day;
    return take(4, limit > 1 ? 1 : limit, removed);
}

static void write_log(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                      DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    vsnprintf(message, sizeof(message), fmt, args);
}

static int begin(void **state)
{
    make_pool(state);
    gateway = (dygw_gateway_t){ .retention = apr_time_from_sec(30 * 86400), .time_zone = 480 };
    state_of = (dygw_retention_t){ 0 };
    memset(rows, 0, sizeof(rows));
    now = NOW;
    largest = opens = failing = 0;
    is_heard = 1;
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &(dygw_clock_seen_t){ 0 });
    message[0] = '\0';
    return 0;
}

/* Turns until it rests; gives how many did something. */
static int sweep(void)
{
    int turns = 0;

    while (state_of.next_at <= now && turns < TURNS) {
        dygw_retention_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
        turns++;
    }
    return turns;
}

static void off_removes_nothing(DYGW_UNUSED void **state)
{
    gateway.retention = 0;
    rows[0] = 10;
    dygw_retention_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
    assert_int_equal(opens, 0);
    assert_int_equal(rows[0], 10);
}

static void nothing_goes_before_douyin_has_told_the_time(DYGW_UNUSED void **state)
{
    is_heard = 0;
    rows[0] = 10;
    dygw_retention_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
    assert_int_equal(opens, 0);
    is_heard = 1;
    sweep();
    assert_int_equal(rows[0], 0);
}

static void a_clock_that_is_years_ahead_removes_nothing_early(DYGW_UNUSED void **state)
{
    const dygw_ms_t before = NOW - 30 * DAY_MS;
    dygw_clock_seen_t seen = dygw_clock_see(NOW);

    dygw_clock_note(DYGW_CLOCK_DOUYIN, &seen);
    now = NOW + 3650 * DAY_MS;
    dygw_retention_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
    assert_int_equal(opens, 1);
    assert_in_range(asked_before, before, before + 60000);
}

static void what_is_old_enough_goes(DYGW_UNUSED void **state)
{
    rows[0] = rows[1] = rows[2] = rows[3] = rows[4] = 1;
    sweep();
    assert_int_equal(rows[0] + rows[1] + rows[2] + rows[3] + rows[4], 0);
    assert_true(asked_before == NOW - 30 * DAY_MS);
    assert_string_equal(asked_day, "2025-10-26");
}

static void it_goes_in_small_batches_one_a_turn(DYGW_UNUSED void **state)
{
    rows[0] = 1801;
    rows[1] = 500;
    dygw_retention_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
    assert_int_equal(opens, 1);
    assert_int_equal(rows[0], 1301);
    assert_int_equal(rows[1], 500);
    sweep();
    assert_int_equal(rows[0] + rows[1], 0);
    assert_int_equal(largest, 500);
}

static void reconciliations_go_to_the_last(DYGW_UNUSED void **state)
{
    rows[4] = 5;
    sweep();
    assert_int_equal(rows[4], 0);
}

static void it_rests_when_nothing_is_left(DYGW_UNUSED void **state)
{
    rows[0] = 3;
    assert_int_equal(sweep(), DYGW_RETENTION_TABLES);
    opens = 0;
    now += 299999;
    dygw_retention_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
    assert_int_equal(opens, 0);
    now += 1;
    assert_int_equal(sweep(), DYGW_RETENTION_TABLES);
}

static void it_does_not_rest_until_a_clock_that_was_set_back_has_caught_up(DYGW_UNUSED void **state)
{
    sweep();
    opens = 0;
    now -= 3600000;
    dygw_retention_turn(&(dygw_ctx_t){ &gateway, &no_log, pool }, &state_of);
    assert_int_equal(opens, 1);
}

static void it_rests_after_a_failure_and_goes_on(DYGW_UNUSED void **state)
{
    rows[0] = 1000;
    failing = 1;
    assert_int_equal(sweep(), 1);
    failing = 0;
    now += 300000;
    sweep();
    assert_int_equal(rows[0], 0);
}

static void it_says_how_much_it_was(DYGW_UNUSED void **state)
{
    rows[0] = 1200;
    rows[1] = 7;
    rows[3] = 4;
    rows[4] = 2;
    sweep();
    assert_non_null(strstr(message, "1200 verifications, 7 entries of the audit trail, 0 webhooks, "
                                    "4 payouts, 2 rows of reconciliations"));
    message[0] = '\0';
    now += 300000;
    sweep();
    assert_string_equal(message, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(off_removes_nothing),
        TEST(nothing_goes_before_douyin_has_told_the_time),
        TEST(a_clock_that_is_years_ahead_removes_nothing_early),
        TEST(what_is_old_enough_goes),
        TEST(it_goes_in_small_batches_one_a_turn),
        TEST(reconciliations_go_to_the_last),
        TEST(it_rests_when_nothing_is_left),
        TEST(it_does_not_rest_until_a_clock_that_was_set_back_has_caught_up),
        TEST(it_rests_after_a_failure_and_goes_on),
        TEST(it_says_how_much_it_was),
    };
    int failed;

    apr_initialize();
    dygw_log_set_writer(write_log);
    dygw_clock_set(clock_now);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("gateway_retention", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
