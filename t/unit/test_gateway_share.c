/* SPDX-License-Identifier: Apache-2.0
 * Commits that requests share: who writes for whom, and what each hears. With threads, and without a database.
 * links: gateway/share.c gateway/db_work.c
 * helpers: own_pool.c */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <apr_general.h>

#include "gateway/share.h"
#include "support/own_pool.h"
#include "util/compiler.h"

#define OTHERS     5
#define CROWD      12
#define ROUNDS     1500
#define PASSES_MAX 500 /* on a busy machine the threads may run one after another */
#define FAR_AWAY   apr_time_from_sec(3600)

typedef struct caller_t {
    pthread_t thread;
    apr_status_t comes_to; /* its own work, when it is done alone */
    apr_status_t rv;       /* what it was given */
    int alone, shared;     /* how often its work was done */
    int told;
    apr_status_t told_rv;
    pthread_t teller;
} caller_t;

static dygw_share_t *share;
static dygw_gateway_t gateway;
static dygw_metrics_t *metrics;
static caller_t callers[CROWD];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int held;                /* work that is done alone waits */
static int holding;             /* and how many do */
static int queued;              /* callers that lead or wait */
static int batches, batch_rows; /* done together */
static apr_status_t batch_comes_to;
static apr_interval_time_t batch_takes;
static _Atomic int opens, open_now;
static _Atomic int no_connection;
static _Atomic apr_int64_t ahead;
static _Thread_local int looks;

/* Its second look at the clock a caller takes when it stands in the queue. Ahead of the true time nobody's patience
 * ends. */
static apr_time_t steady_of_test(void)
{
    if (++looks == 2) {
        pthread_mutex_lock(&mutex);
        queued++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000 + ahead;
}

apr_status_t dygw_db_open(dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source, DYGW_UNUSED const dygw_log_t *log,
                          DYGW_UNUSED apr_pool_t *in)
{
    opens++;
    *db = NULL;
    if (no_connection) {
        return APR_EGENERAL;
    }
    open_now++;
    return APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
    open_now--;
}

static apr_status_t alone(DYGW_UNUSED const dygw_ctx_t *ctx, DYGW_UNUSED dygw_db_t *db, void *baton)
{
    caller_t *caller = baton;

    pthread_mutex_lock(&mutex);
    caller->alone++;
    holding++;
    pthread_cond_broadcast(&changed);
    while (held) {
        pthread_cond_wait(&changed, &mutex);
    }
    holding--;
    pthread_mutex_unlock(&mutex);
    return caller->comes_to;
}

static apr_status_t together(DYGW_UNUSED const dygw_ctx_t *ctx, DYGW_UNUSED dygw_db_t *db, void *const *batons,
                             int count)
{
    pthread_mutex_lock(&mutex);
    batches++;
    batch_rows += count;
    for (int i = 0; i < count; i++) {
        ((caller_t *)batons[i])->shared++;
    }
    pthread_mutex_unlock(&mutex);
    ahead += batch_takes;
    return batch_comes_to;
}

static void told(DYGW_UNUSED const dygw_ctx_t *ctx, void *baton, apr_status_t rv)
{
    caller_t *caller = baton;

    caller->told++;
    caller->told_rv = rv;
    caller->teller = pthread_self();
}

static const apr_status_t ends[] = { APR_EEXIST, APR_TIMEUP, APR_SUCCESS };
static const dygw_db_rules_t rules = { .ends = ends };
static const dygw_share_job_t job = { alone, &rules, together, told };

static void *call(void *baton)
{
    caller_t *caller = baton;

    looks = 0;
    caller->rv = dygw_share_work(&(dygw_ctx_t){ .gateway = &gateway }, share, &job, caller);
    return NULL;
}

static int set_up(void **state)
{
    void *memory;

    make_pool(state);
    memory = apr_palloc(pool, dygw_metrics_size());
    dygw_metrics_format(memory);
    metrics = dygw_metrics_attach(memory, pool);
    memset(callers, 0, sizeof(callers));
    held = holding = queued = batches = batch_rows = 0;
    batch_comes_to = APR_SUCCESS;
    batch_takes = 0;
    opens = open_now = no_connection = 0;
    ahead = FAR_AWAY;
    dygw_steady_set(steady_of_test);
    return dygw_share_create(&share, DYGW_BATCH_SETTLE, metrics, pool) == APR_SUCCESS ? 0 : -1;
}

static int tear_down(void **state)
{
    assert_int_equal(open_now, 0);
    dygw_steady_set(NULL);
    return destroy_pool(state);
}

static void start(int number)
{
    assert_int_equal(pthread_create(&callers[number].thread, NULL, call, &callers[number]), 0);
}

static void hold(int is_held)
{
    pthread_mutex_lock(&mutex);
    held = is_held;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void await(const int *number, int value)
{
    pthread_mutex_lock(&mutex);
    while (*number != value) {
        pthread_cond_wait(&changed, &mutex);
    }
    pthread_mutex_unlock(&mutex);
}

/* The first leads and is held; the others come meanwhile. Then it goes on. */
static void run_with_company(void)
{
    hold(1);
    start(0);
    await(&holding, 1);
    for (int i = 1; i <= OTHERS; i++) {
        start(i);
    }
    await(&queued, 1 + OTHERS);
    hold(0);
    for (int i = 0; i <= OTHERS; i++) {
        pthread_join(callers[i].thread, NULL);
    }
}

static void who_comes_alone_writes_alone_and_in_its_own_thread(DYGW_UNUSED void **state)
{
    call(&callers[0]);
    assert_int_equal(callers[0].rv, APR_SUCCESS);
    assert_int_equal(callers[0].alone, 1);
    assert_int_equal(callers[0].told, 0);
    assert_int_equal(opens, 1);
    assert_int_equal(batches, 0);
    assert_int_equal(dygw_counted(metrics, DYGW_COUNT_DB_BATCHES, DYGW_BATCH_SETTLE), 1);
    assert_int_equal(dygw_counted(metrics, DYGW_COUNT_DB_BATCHED, DYGW_BATCH_SETTLE), 1);
}

static void what_ends_a_first_unit_alone_ends_it_here_and_the_rest_has_a_second(DYGW_UNUSED void **state)
{
    callers[0].comes_to = APR_EEXIST;
    call(&callers[0]);
    assert_int_equal(callers[0].rv, APR_EEXIST);
    assert_int_equal(callers[0].alone, 1);
    callers[1].comes_to = APR_INCOMPLETE;
    call(&callers[1]);
    assert_int_equal(callers[1].rv, APR_INCOMPLETE);
    assert_int_equal(callers[1].alone, 2);
}

static void those_that_wait_are_one_commit(DYGW_UNUSED void **state)
{
    run_with_company();
    assert_int_equal(batches, 1);
    assert_int_equal(batch_rows, OTHERS);
    assert_int_equal(opens, 2);
    assert_int_equal(callers[0].told, 0);
    for (int i = 1; i <= OTHERS; i++) {
        assert_int_equal(callers[i].rv, APR_SUCCESS);
        assert_int_equal(callers[i].alone, 0);
        assert_int_equal(callers[i].shared, 1);
        assert_int_equal(callers[i].told, 1);
        assert_true(pthread_equal(callers[i].teller, callers[i].thread));
    }
    assert_int_equal(dygw_counted(metrics, DYGW_COUNT_DB_BATCHES, DYGW_BATCH_SETTLE), 2);
    assert_int_equal(dygw_counted(metrics, DYGW_COUNT_DB_BATCHED, DYGW_BATCH_SETTLE), 1 + OTHERS);
}

/* A batch fails as a whole because of one; the others are written all the same. */
static void when_a_batch_fails_each_hears_its_own_outcome(DYGW_UNUSED void **state)
{
    batch_comes_to = APR_EEXIST;
    callers[2].comes_to = APR_EEXIST;
    callers[3].comes_to = APR_EGENERAL;
    run_with_company();
    for (int i = 1; i <= OTHERS; i++) {
        assert_int_equal(callers[i].rv, callers[i].comes_to);
        assert_int_equal(callers[i].told_rv, APR_EEXIST);
        assert_int_equal(callers[i].alone, i == 3 ? 2 : 1); /* the whole way, with its second unit */
    }
}

static void a_batch_in_doubt_was_the_first_unit_of_each(DYGW_UNUSED void **state)
{
    batch_comes_to = APR_INCOMPLETE;
    callers[3].comes_to = APR_INCOMPLETE;
    run_with_company();
    for (int i = 1; i <= OTHERS; i++) {
        assert_int_equal(callers[i].rv, callers[i].comes_to);
        assert_int_equal(callers[i].told_rv, APR_INCOMPLETE);
        assert_int_equal(callers[i].alone, 1);
    }
}

static void after_a_batch_that_timed_out_there_is_a_try_if_there_is_time(DYGW_UNUSED void **state)
{
    batch_comes_to = APR_TIMEUP;
    batch_takes = apr_time_from_sec(5);
    callers[3].comes_to = APR_EGENERAL;
    run_with_company();
    for (int i = 1; i <= OTHERS; i++) {
        assert_int_equal(callers[i].rv, callers[i].comes_to);
        assert_int_equal(callers[i].alone, 1);
    }
}

static void and_none_after_a_long_time(DYGW_UNUSED void **state)
{
    batch_comes_to = APR_TIMEUP;
    batch_takes = apr_time_from_sec(7);
    run_with_company();
    for (int i = 1; i <= OTHERS; i++) {
        assert_int_equal(callers[i].rv, APR_TIMEUP);
        assert_int_equal(callers[i].alone, 0);
    }
}

static void nobody_waits_for_a_leader_that_hangs(DYGW_UNUSED void **state)
{
    ahead = 0;
    hold(1);
    start(0);
    await(&holding, 1);
    start(1);
    await(&holding, 2); /* it writes beside the first, which still hangs */
    hold(0);
    pthread_join(callers[0].thread, NULL);
    pthread_join(callers[1].thread, NULL);
    assert_int_equal(callers[0].alone + callers[1].alone, 2);
    assert_int_equal(batches, 0);
}

static void who_gets_no_connection_takes_nobody_along(DYGW_UNUSED void **state)
{
    no_connection = 1;
    call(&callers[0]);
    assert_int_equal(callers[0].rv, APR_EGENERAL);
    assert_int_equal(callers[0].alone, 0);
    assert_int_equal(opens, 1);
    no_connection = 0;
    looks = 0;
    call(&callers[0]);
    assert_int_equal(callers[0].rv, APR_SUCCESS);
}

static void *call_often(void *baton)
{
    caller_t *caller = baton;

    for (int i = 0; i < ROUNDS; i++) {
        int before = caller->alone + caller->shared;

        call(caller);
        if (caller->rv != caller->comes_to || caller->alone + caller->shared <= before) {
            return caller;
        }
    }
    return NULL;
}

/* Some batches fail, and some callers: each hears its own outcome every time, and nobody waits for ever. */
static void in_a_crowd_nobody_is_lost(DYGW_UNUSED void **state)
{
    ahead = 0;
    batch_comes_to = APR_EGENERAL;
    for (int i = 0; i < CROWD; i++) {
        callers[i].comes_to = i % 3 ? APR_SUCCESS : APR_EEXIST;
    }
    for (int pass = 0; pass < 2 || (batches == 0 && pass < PASSES_MAX); pass++) {
        for (int i = 0; i < CROWD; i++) {
            assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
        }
        for (int i = 0; i < CROWD; i++) {
            void *lost;

            pthread_join(callers[i].thread, &lost);
            assert_null(lost);
            callers[i].comes_to = APR_SUCCESS;
        }
        batch_comes_to = APR_SUCCESS;
    }
    assert_true(batches > 0);
}

static void without_a_queue_each_writes_alone(DYGW_UNUSED void **state)
{
    share = NULL;
    call(&callers[0]);
    assert_int_equal(callers[0].rv, APR_SUCCESS);
    assert_int_equal(callers[0].alone, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_comes_alone_writes_alone_and_in_its_own_thread),
        TEST(what_ends_a_first_unit_alone_ends_it_here_and_the_rest_has_a_second),
        TEST(those_that_wait_are_one_commit),
        TEST(when_a_batch_fails_each_hears_its_own_outcome),
        TEST(a_batch_in_doubt_was_the_first_unit_of_each),
        TEST(after_a_batch_that_timed_out_there_is_a_try_if_there_is_time),
        TEST(and_none_after_a_long_time),
        TEST(nobody_waits_for_a_leader_that_hangs),
        TEST(who_gets_no_connection_takes_nobody_along),
        TEST(in_a_crowd_nobody_is_lost),
        TEST(without_a_queue_each_writes_alone),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
