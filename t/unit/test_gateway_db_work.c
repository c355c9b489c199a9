/* SPDX-License-Identifier: Apache-2.0
 * Units of work: what ends one, what is done once more, and how long a database is waited for.
 * links: gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "gateway/db_work.h"
#include "util/compiler.h"

#define PATIENCE_MS 5000

static dygw_gateway_t *gateway;

/* What the work comes to, one unit after the other, and how often it was done. */
static apr_status_t comes_to[2];
static int units;
static dygw_ms_t takes_ms, moves_ms;
static apr_time_t steady;

static apr_time_t steady_of_test(void)
{
    return steady;
}

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    comes_to[0] = comes_to[1] = APR_SUCCESS;
    units = 0;
    takes_ms = moves_ms = 0;
    dygw_steady_set(steady_of_test);
    return 0;
}

static int tear_down(void **state)
{
    assert_int_equal(fake_store_open_units(), 0);
    dygw_steady_set(NULL);
    return destroy_pool(state);
}

static apr_status_t work(const dygw_ctx_t *ctx, DYGW_UNUSED dygw_db_t *db, void *baton)
{
    assert_ptr_equal(ctx->gateway, gateway);
    assert_ptr_equal(baton, &units);
    assert_int_equal(fake_store_open_units(), 1);
    assert_true(units < 2);
    steady += apr_time_from_msec(takes_ms);
    fake_clock_advance(moves_ms);
    return comes_to[units++];
}

static apr_status_t run(const dygw_db_rules_t *rules)
{
    return dygw_db_work(FAKE_CTX(gateway, pool), work, &units, rules);
}

static const apr_status_t ends[] = { APR_EEXIST, APR_TIMEUP, APR_SUCCESS };
static const dygw_db_rules_t again = { .ends = ends };
static const dygw_db_rules_t patiently = { ends, PATIENCE_MS };

static void work_is_done_once(DYGW_UNUSED void **state)
{
    assert_int_equal(run(DYGW_DB_ONCE), APR_SUCCESS);
    assert_int_equal(units, 1);
    units = 0;
    comes_to[0] = APR_INCOMPLETE;
    assert_int_equal(run(DYGW_DB_ONCE), APR_INCOMPLETE);
    assert_int_equal(units, 1);
}

static void what_ends_it_is_not_done_again(DYGW_UNUSED void **state)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        units = 0;
        comes_to[0] = ends[i];
        comes_to[1] = APR_EGENERAL;
        assert_int_equal(run(&again), ends[i]);
        assert_int_equal(units, 1);
    }
}

static void all_else_is_done_once_more(DYGW_UNUSED void **state)
{
    static const apr_status_t others[] = { APR_EGENERAL, APR_INCOMPLETE, APR_NOTFOUND, APR_EBUSY };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        units = 0;
        comes_to[0] = others[i];
        comes_to[1] = APR_SUCCESS;
        assert_int_equal(run(&again), APR_SUCCESS);
        assert_int_equal(units, 2);
        units = 0;
        comes_to[1] = others[i];
        assert_int_equal(run(&again), others[i]);
        assert_int_equal(units, 2);
    }
}

static void without_a_connection_nothing_is_done(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    assert_int_equal(run(&patiently), APR_EGENERAL);
    assert_int_equal(units, 0);
    assert_int_equal(fake_store_calls(FAKE_OPEN), 1);
}

static void only_what_is_in_doubt_is_waited_for(DYGW_UNUSED void **state)
{
    comes_to[0] = APR_EBUSY;
    fake_store_fail(FAKE_OPEN, 1, 1, APR_EGENERAL, 0);
    assert_int_equal(run(&patiently), APR_EGENERAL);
    assert_int_equal(fake_store_calls(FAKE_OPEN), 2);
    assert_int_equal(units, 1);
}

static void a_database_that_went_with_the_commit_is_waited_for(DYGW_UNUSED void **state)
{
    comes_to[0] = APR_INCOMPLETE;
    fake_store_fail(FAKE_OPEN, 1, 2, APR_EGENERAL, 0);
    assert_int_equal(run(&patiently), APR_SUCCESS);
    assert_int_equal(fake_store_calls(FAKE_OPEN), 4);
    assert_int_equal(units, 2);
}

static void patience_ends(DYGW_UNUSED void **state)
{
    comes_to[0] = APR_INCOMPLETE;
    takes_ms = PATIENCE_MS;
    fake_store_fail(FAKE_OPEN, 1, 1, APR_EGENERAL, 0);
    assert_int_equal(run(&patiently), APR_EGENERAL);
    assert_int_equal(fake_store_calls(FAKE_OPEN), 2);
    assert_int_equal(units, 1);
}

static void patience_ends_when_the_clock_is_set_back_meanwhile(DYGW_UNUSED void **state)
{
    comes_to[0] = APR_INCOMPLETE;
    takes_ms = PATIENCE_MS;
    moves_ms = -3600000;
    fake_store_fail(FAKE_OPEN, 1, 1, APR_EGENERAL, 0);
    assert_int_equal(run(&patiently), APR_EGENERAL);
    assert_int_equal(fake_store_calls(FAKE_OPEN), 2);
}

static void without_patience_nothing_is_waited_for(DYGW_UNUSED void **state)
{
    comes_to[0] = APR_INCOMPLETE;
    fake_store_fail(FAKE_OPEN, 1, 1, APR_EGENERAL, 0);
    assert_int_equal(run(&again), APR_EGENERAL);
    assert_int_equal(fake_store_calls(FAKE_OPEN), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(work_is_done_once),
        TEST(what_ends_it_is_not_done_again),
        TEST(all_else_is_done_once_more),
        TEST(without_a_connection_nothing_is_done),
        TEST(only_what_is_in_doubt_is_waited_for),
        TEST(a_database_that_went_with_the_commit_is_waited_for),
        TEST(patience_ends),
        TEST(patience_ends_when_the_clock_is_set_back_meanwhile),
        TEST(without_patience_nothing_is_waited_for),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_db_work", tests, NULL, NULL);
}
