/* SPDX-License-Identifier: Apache-2.0
 * When the backlog is counted, and what the gauges say.
 * links: gateway/background/backlog.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>

#include "support/own_pool.h"

#include "gateway/background/backlog.h"
#include "store/app.h"
#include "store/backlog.h"
#include "util/compiler.h"

static dygw_gateway_t gateway;
static dygw_backlog_state_t state;
static const dygw_log_t nowhere;

/* --- the store, faked --- */

static int opened, counts, app_counts, is_away;
static dygw_backlog_t in_store;

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          DYGW_UNUSED apr_pool_t *p)
{
    opened++;
    *db = NULL;
    return is_away ? APR_EGENERAL : APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
}

apr_status_t dygw_store_backlog(DYGW_UNUSED dygw_db_t *db, dygw_backlog_t *backlog)
{
    counts++;
    *backlog = in_store;
    return APR_SUCCESS;
}

apr_status_t dygw_store_apps_count(DYGW_UNUSED dygw_db_t *db, dygw_apps_count_t *count)
{
    app_counts++;
    *count = (dygw_apps_count_t){ 0 };
    count->of[DYGW_APP_OF_DATABASE][DYGW_APP_ACTIVE] = 3;
    count->of[DYGW_APP_OF_DATABASE][DYGW_APP_DISABLED] = 1;
    count->of[DYGW_APP_OF_CONFIG][DYGW_APP_ACTIVE] = 5;
    count->of[DYGW_APP_OF_CONFIG][DYGW_APP_DISABLED] = 2;
    return APR_SUCCESS;
}

/* --- the tests --- */

static int set_up(void **unused)
{
    void *memory;

    make_pool(unused);
    memory = apr_palloc(pool, dygw_metrics_size());
    dygw_metrics_format(memory);
    gateway = (dygw_gateway_t){ .metrics = dygw_metrics_attach(memory, pool) };
    state = (dygw_backlog_state_t){ 0, 1 };
    opened = counts = app_counts = is_away = 0;
    in_store = (dygw_backlog_t){ 5, 6, 7, 1234 };
    return 0;
}

static void turn(int waits, apr_int64_t apps_version)
{
    dygw_backlog_turn(&(dygw_ctx_t){ &gateway, &nowhere, pool }, &state, waits, apps_version);
}

static void assert_gauges(int to_settle, int to_cancel, int to_enrich, int oldest_at)
{
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_TO_SETTLE), to_settle);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_TO_CANCEL), to_cancel);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_TO_ENRICH), to_enrich);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_OLDEST_AT), oldest_at);
}

static void what_waits_is_counted(DYGW_UNUSED void **unused)
{
    turn(1, 1);
    assert_gauges(5, 6, 7, 1234);
    assert_true(dygw_gauged(gateway.metrics, DYGW_GAUGE_COUNTED_AT) > 0);
}

static void it_is_counted_once_in_a_while(DYGW_UNUSED void **unused)
{
    turn(1, 1);
    turn(1, 1);
    assert_int_equal(counts, 1);
    state.counted_at -= DYGW_BACKLOG_PAUSE_MS;
    turn(1, 1);
    assert_int_equal(counts, 2);
    state.counted_at += 1000000; /* the clock was set back */
    turn(1, 1);
    assert_int_equal(counts, 3);
}

static void nothing_that_waits_costs_no_query(DYGW_UNUSED void **unused)
{
    turn(1, 1);
    opened = 0;
    turn(0, 1);
    assert_int_equal(opened, 0);
    assert_gauges(0, 0, 0, 0);
}

static void without_a_database_the_last_count_stands(DYGW_UNUSED void **unused)
{
    turn(1, 1);
    state.counted_at = 0;
    is_away = 1;
    turn(1, 1);
    assert_gauges(5, 6, 7, 1234);
}

static void apps_are_counted_when_they_have_changed(DYGW_UNUSED void **unused)
{
    turn(0, 1);
    assert_int_equal(app_counts, 0);
    turn(0, 2);
    turn(0, 2);
    assert_int_equal(app_counts, 1);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_APPS_ACTIVE), 3);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_APPS_DISABLED), 1);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_DECLARED_ACTIVE), 5);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_DECLARED_DISABLED), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_waits_is_counted),
        TEST(it_is_counted_once_in_a_while),
        TEST(nothing_that_waits_costs_no_query),
        TEST(without_a_database_the_last_count_stands),
        TEST(apps_are_counted_when_they_have_changed),
    };
    int failed;

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("gateway_backlog", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
