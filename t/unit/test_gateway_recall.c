/* SPDX-License-Identifier: Apache-2.0
 * Which work counts as too far ahead, and when it is looked for.
 * links: gateway/background/recall.c gateway/db_work.c
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

#include "gateway/background/recall.h"
#include "store/reconciliation.h"
#include "util/compiler.h"

#define NOW     APR_INT64_C(1764000000000)
#define HOUR_MS APR_INT64_C(3600000)
#define KINDS   4

static dygw_gateway_t gateway;
static dygw_ms_t now, looked_at;
static char message[256];
static int messages;

/* --- what is around it --- */

static int is_away, opens, found, days, lefts, sales, resumed;
static dygw_ms_t due_at[KINDS], beyond[KINDS], days_beyond;

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          DYGW_UNUSED apr_pool_t *p)
{
    opens++;
    *db = NULL;
    return is_away ? APR_EGENERAL : APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
}

apr_status_t dygw_store_verification_recall(DYGW_UNUSED dygw_db_t *db, dygw_due_e what, dygw_ms_t at, dygw_ms_t far,
                                            DYGW_UNUSED int limit, int *count)
{
    due_at[what] = at;
    beyond[what] = far;
    *count = found;
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_resume_sales(DYGW_UNUSED dygw_db_t *db, dygw_ms_t at, int limit, int *count)
{
    assert_true(at == now);
    assert_in_range(limit, 1, 1000);
    resumed++;
    *count = sales;
    return APR_SUCCESS;
}

apr_status_t dygw_store_reconciliation_recall(DYGW_UNUSED dygw_db_t *db, DYGW_UNUSED dygw_ms_t at, dygw_ms_t far,
                                              int *count)
{
    days_beyond = far;
    *count = days;
    return APR_SUCCESS;
}

void dygw_host_left_work(DYGW_UNUSED dygw_gateway_t *g)
{
    lefts++;
}

static void write_log(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                      DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    messages++;
    vsnprintf(message, sizeof(message), fmt, args);
}

static dygw_ms_t clock_of_test(void)
{
    return now;
}

static void turn(dygw_ms_t database_now)
{
    static const dygw_log_t nowhere;

    dygw_recall_turn(&(dygw_ctx_t){ &gateway, &nowhere, pool }, &looked_at, database_now);
}

/* --- the tests --- */

static int set_up(void **state)
{
    make_pool(state);
    gateway = (dygw_gateway_t){ .enrich_max = apr_time_from_sec(7200) };
    now = NOW;
    looked_at = 0;
    is_away = opens = found = days = lefts = messages = sales = resumed = 0;
    return 0;
}

static void each_kind_has_a_reach_of_its_own(DYGW_UNUSED void **state)
{
    turn(NOW);
    assert_true(due_at[DYGW_DUE_SETTLE] == NOW);
    assert_true(beyond[DYGW_DUE_SETTLE] == NOW + HOUR_MS / 2);
    assert_true(beyond[DYGW_DUE_FOLLOW_UP] == NOW + HOUR_MS / 2);
    assert_true(beyond[DYGW_DUE_ENRICH] == NOW + HOUR_MS / 2 + 4 * HOUR_MS);
    assert_true(beyond[DYGW_DUE_SALE] == NOW + HOUR_MS / 2 + 8 * 24 * HOUR_MS);
    assert_true(days_beyond == NOW + 72 * HOUR_MS);
    assert_int_equal(messages + lefts, 0);
}

static void a_host_whose_clock_is_behind_recalls_nothing(DYGW_UNUSED void **state)
{
    turn(NOW + 5 * HOUR_MS);
    assert_true(due_at[DYGW_DUE_SETTLE] == NOW);
    assert_true(beyond[DYGW_DUE_SETTLE] == NOW + 5 * HOUR_MS + HOUR_MS / 2);
    looked_at = 0;
    turn(NOW - 5 * HOUR_MS);
    assert_true(beyond[DYGW_DUE_SETTLE] == NOW + HOUR_MS / 2);
}

static void what_is_recalled_is_told_and_worked_on(DYGW_UNUSED void **state)
{
    found = 2;
    days = 1;
    turn(NOW);
    assert_int_equal(lefts, 1);
    assert_int_equal(messages, 1);
    assert_non_null(strstr(message, "DYGW0632"));
    assert_non_null(strstr(message, "9 records"));
}

static void it_is_looked_for_once_a_minute_and_when_the_clock_goes_back(DYGW_UNUSED void **state)
{
    turn(NOW);
    now += DYGW_RECALL_PAUSE_MS - 1;
    turn(now);
    assert_int_equal(opens, 1);
    now += 1;
    turn(now);
    assert_int_equal(opens, 2);
    now -= HOUR_MS;
    turn(now);
    assert_int_equal(opens, 3);
}

static void when_the_clock_was_just_set_back_all_that_waits_is_recalled(DYGW_UNUSED void **state)
{
    static const dygw_log_t nowhere;
    const dygw_ctx_t ctx = { &gateway, &nowhere, pool };
    const dygw_ms_t lease = 4 * 4000 + DYGW_RECALL_LEASE_MS;

    gateway.upstream_timeout = apr_time_from_sec(4);
    is_away = 1;
    assert_int_equal(dygw_recall_all(&ctx, NOW), APR_EGENERAL);
    assert_int_equal(lefts, 0);
    is_away = 0;
    found = 2;
    assert_int_equal(dygw_recall_all(&ctx, NOW + HOUR_MS), APR_SUCCESS);
    for (int i = 0; i < KINDS; i++) {
        assert_true(due_at[i] == NOW);
        assert_true(beyond[i] == NOW + HOUR_MS + lease); /* leases that run by the right clock stay */
    }
    assert_int_equal(lefts, 1);
    assert_non_null(strstr(message, "8 records"));
}

static void a_refund_that_an_older_version_dropped_is_followed_again(DYGW_UNUSED void **state)
{
    sales = 2;
    turn(NOW);
    assert_int_equal(messages, 1);
    assert_non_null(strstr(message, "DYGW0885"));
    assert_int_equal(lefts, 1);
    turn(NOW);
    assert_int_equal(resumed, 1);
}

static void without_a_database_it_is_looked_for_again(DYGW_UNUSED void **state)
{
    is_away = 1;
    turn(NOW);
    is_away = 0;
    turn(NOW);
    assert_int_equal(opens, 2);
    assert_true(looked_at == NOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_kind_has_a_reach_of_its_own),
        TEST(a_host_whose_clock_is_behind_recalls_nothing),
        TEST(what_is_recalled_is_told_and_worked_on),
        TEST(it_is_looked_for_once_a_minute_and_when_the_clock_goes_back),
        TEST(when_the_clock_was_just_set_back_all_that_waits_is_recalled),
        TEST(a_refund_that_an_older_version_dropped_is_followed_again),
        TEST(without_a_database_it_is_looked_for_again),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    dygw_clock_set(clock_of_test);
    dygw_log_set_writer(write_log);
    failed = cmocka_run_group_tests_name("gateway_recall", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
