/* SPDX-License-Identifier: Apache-2.0
 * links: store/db/guard.c
 * The gate before a pool of connections, and the watch over what is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_thread_cond.h>
#include <apr_time.h>

#include "store/db/guard.h"
#include "util/compiler.h"

#define MAX      4
#define CALLERS  8
#define LIMIT    apr_time_from_msec(200)
#define PATIENCE apr_time_from_sec(30) /* the limit of tests in which nothing is to end by it */
#define MOMENT   apr_time_from_msec(1)

/* A source whose opens block until they are told what becomes of them. */
typedef struct world_t {
    apr_pool_t *pool;
    dygw_db_source_t source;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int blocks; /* opens wait until this is 0 */
    int inside; /* opens that wait */
    int opens;
    int failures; /* so many of the next opens fail */
    int knocks;
    int is_refused; /* a knock is */
    dygw_db_shared_t shared;
    apr_uint32_t wakes;
} world_t;

typedef struct caller_t {
    world_t *world;
    pthread_t thread;
    dygw_wait_t wait;
    dygw_dbd_t dbd;
    apr_status_t rv;
} caller_t;

/* So much the clock of the guard has leapt. */
static apr_time_t leapt;

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int (*get)(clockid_t, struct timespec *);
    int rv;

    *(void **)&get = dlsym(RTLD_NEXT, "clock_gettime");
    rv = get(clock, t);
    t->tv_sec += clock == CLOCK_MONOTONIC ? apr_time_sec(leapt) : 0;
    return rv;
}

/* Threads that came to the gate and had to wait there, since the test began. */
static apr_uint32_t waited;

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
    int (*wait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    struct timespec end = *until;

    *(void **)&wait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
    apr_atomic_inc32(&waited);
    end.tv_sec -= apr_time_sec(leapt);
    return wait(cond, mutex, clock, &end);
}

static void await_waited(apr_uint32_t threads)
{
    while (apr_atomic_read32(&waited) < threads) {
        apr_sleep(MOMENT);
    }
}

static apr_status_t open_one(void *baton, DYGW_UNUSED apr_pool_t *pool, DYGW_UNUSED dygw_dbd_t *dbd)
{
    world_t *world = baton;
    int fails;

    pthread_mutex_lock(&world->mutex);
    world->opens++;
    world->inside++;
    pthread_cond_broadcast(&world->changed);
    while (world->blocks) {
        pthread_cond_wait(&world->changed, &world->mutex);
    }
    world->inside--;
    fails = world->failures > 0;
    world->failures -= fails;
    pthread_mutex_unlock(&world->mutex);
    return fails ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t knock(void *baton, DYGW_UNUSED apr_pool_t *pool)
{
    world_t *world = baton;

    world->knocks++;
    return world->is_refused ? APR_EGENERAL : APR_SUCCESS;
}

static void close_one(DYGW_UNUSED void *baton, DYGW_UNUSED dygw_dbd_t *dbd)
{
}

static void wake(void *baton)
{
    apr_atomic_inc32(&((world_t *)baton)->wakes);
}

static int make_with(void **state, apr_interval_time_t limit)
{
    apr_pool_t *pool;
    world_t *world;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    world = apr_pcalloc(pool, sizeof(*world));
    world->pool = pool;
    pthread_mutex_init(&world->mutex, NULL);
    pthread_cond_init(&world->changed, NULL);
    world->source.dialect = DYGW_SQLITE3;
    world->source.max_opens = 1;
    world->source.open = open_one;
    world->source.close = close_one;
    world->source.baton = world;
    *state = world;
    apr_atomic_set32(&waited, 0);
    return dygw_guard_create(&world->source.guard, &(dygw_guard_config_t){ DYGW_SQLITE3, MAX, limit, wake, world },
                             pool)
                   == APR_SUCCESS
               ? 0
               : -1;
}

static int make(void **state)
{
    return make_with(state, PATIENCE);
}

static int make_short(void **state)
{
    return make_with(state, LIMIT);
}

/* As a child of httpd has it. */
static int make_in_child(void **state)
{
    int rv = make(state);
    world_t *world = *state;

    world->source.max_opens = MAX + 1;
    world->source.knock = knock;
    world->source.shared = &world->shared;
    return rv;
}

static int unmake(void **state)
{
    world_t *world = *state;

    apr_pool_destroy(world->pool);
    return 0;
}

static void set_world(world_t *world, int blocks, int failures)
{
    pthread_mutex_lock(&world->mutex);
    world->blocks = blocks;
    world->failures = failures;
    pthread_cond_broadcast(&world->changed);
    pthread_mutex_unlock(&world->mutex);
}

static void await_inside(world_t *world, int inside)
{
    pthread_mutex_lock(&world->mutex);
    while (world->inside != inside) {
        pthread_cond_wait(&world->changed, &world->mutex);
    }
    pthread_mutex_unlock(&world->mutex);
}

static void *take(void *data)
{
    caller_t *caller = data;

    caller->rv = dygw_guard_take(&caller->world->source, &caller->wait, caller->world->pool, &caller->dbd);
    return NULL;
}

static void init(caller_t *caller, world_t *world)
{
    memset(caller, 0, sizeof(*caller));
    caller->world = world;
    caller->wait.guard = world->source.guard;
}

static void start(caller_t *caller, world_t *world)
{
    init(caller, world);
    assert_int_equal(pthread_create(&caller->thread, NULL, take, caller), 0);
}

static apr_status_t result(caller_t *caller)
{
    pthread_join(caller->thread, NULL);
    return caller->rv;
}

/* In this thread. */
static apr_status_t take_now(caller_t *caller, world_t *world)
{
    init(caller, world);
    take(caller);
    return caller->rv;
}

static void give(caller_t *caller)
{
    dygw_guard_give(&caller->world->source, &caller->wait, &caller->dbd);
}

/* --- the gate --- */

static void a_host_that_is_gone_costs_all_who_wait_two_tries(void **state)
{
    world_t *world = *state;
    caller_t callers[MAX];
    int i;

    set_world(world, 1, MAX);
    start(&callers[0], world);
    await_inside(world, 1);
    for (i = 1; i < MAX; i++) {
        start(&callers[i], world);
    }
    await_waited(MAX - 1);
    set_world(world, 0, MAX);
    for (i = 0; i < MAX; i++) {
        assert_int_equal(result(&callers[i]), APR_EGENERAL);
    }
    assert_int_equal(world->opens, 2);
}

static void a_try_that_began_earlier_fails_nobody_else(void **state)
{
    world_t *world = *state;
    caller_t early;
    caller_t late;

    set_world(world, 1, 1);
    start(&early, world);
    await_inside(world, 1);
    start(&late, world);
    await_waited(1);
    set_world(world, 0, 1);
    assert_int_equal(result(&early), APR_EGENERAL);
    assert_int_equal(result(&late), APR_SUCCESS);
    give(&late);
}

static void a_failure_is_not_remembered(void **state)
{
    world_t *world = *state;
    caller_t caller;

    set_world(world, 0, 1);
    assert_int_equal(take_now(&caller, world), APR_EGENERAL);
    assert_int_equal(take_now(&caller, world), APR_SUCCESS);
    give(&caller);
}

static void a_refused_connection_is_tried_again_for_all_who_wait(void **state)
{
    world_t *world = *state;
    caller_t callers[CALLERS];
    caller_t caller;
    int i;

    set_world(world, 0, MAX * CALLERS);
    world->is_refused = 1;
    assert_int_equal(take_now(&caller, world), APR_EGENERAL);
    assert_int_equal(world->opens, 1); /* and not one for each connection that may be dead */
    assert_int_equal(world->knocks, 1);
    for (i = 0; i < CALLERS; i++) {
        start(&callers[i], world);
    }
    for (i = 0; i < CALLERS; i++) {
        assert_int_equal(result(&callers[i]), APR_EGENERAL);
    }
    assert_int_equal(world->opens, 1);    /* the pool is not asked before somebody is let in */
    assert_in_range(world->knocks, 2, 4); /* who came late, on a busy machine, is none of those who waited */
}

static void the_first_who_comes_when_it_is_back_gets_a_connection(void **state)
{
    world_t *world = *state;
    caller_t caller;

    set_world(world, 0, MAX);
    world->is_refused = 1;
    assert_int_equal(take_now(&caller, world), APR_EGENERAL);
    set_world(world, 0, 0);
    world->is_refused = 0;
    assert_int_equal(take_now(&caller, world), APR_SUCCESS);
    assert_int_equal(world->shared.refused_at, 0);
    give(&caller);
}

static void dead_connections_of_the_pool_are_gone_through(void **state)
{
    world_t *world = *state;
    caller_t caller;

    set_world(world, 0, MAX);
    assert_int_equal(take_now(&caller, world), APR_SUCCESS);
    assert_int_equal(world->opens, MAX + 1);
    assert_int_equal(world->knocks, 1);
    assert_int_equal(world->shared.refused_at, 0);
    give(&caller);
}

static void a_try_of_another_child_is_waited_for(void **state)
{
    world_t *world = *state;
    caller_t caller;

    world->shared.refused_at = dygw_steady_now();
    start(&caller, world);
    await_waited(1);
    world->shared.refused_at = world->shared.refused_try = dygw_steady_now();
    assert_int_equal(result(&caller), APR_EGENERAL);
    assert_int_equal(world->opens + world->knocks, 0);
    world->shared.refused_at = dygw_steady_now();
    start(&caller, world);
    await_waited(2);
    world->shared.refused_at = 0; /* it has made a connection */
    assert_int_equal(result(&caller), APR_SUCCESS);
    give(&caller);
}

static void who_waits_for_a_try_does_not_wait_beyond_the_limit(void **state)
{
    world_t *world = *state;
    caller_t stuck;
    caller_t caller;
    apr_time_t began;

    set_world(world, 1, 0);
    start(&stuck, world);
    await_inside(world, 1);
    began = apr_time_now();
    assert_int_equal(take_now(&caller, world), APR_EGENERAL);
    assert_true(apr_time_now() - began >= LIMIT);
    assert_int_equal(world->opens, 1);
    set_world(world, 0, 0);
    assert_int_equal(result(&stuck), APR_SUCCESS);
    give(&stuck);
}

static void used_connections_are_to_be_had_while_another_is_made(void **state)
{
    world_t *world = *state;
    caller_t used[2];
    caller_t stuck;
    caller_t caller;
    int i;

    for (i = 0; i < 2; i++) {
        assert_int_equal(take_now(&used[i], world), APR_SUCCESS);
        assert_non_null(dygw_guard_watch(world->source.guard, world->pool));
    }
    set_world(world, 1, 0);
    start(&stuck, world);
    await_inside(world, 1);
    give(&used[0]);
    give(&used[1]);
    /* It gets as far as the source itself, which in this test blocks it there. */
    start(&caller, world);
    await_inside(world, 2);
    set_world(world, 0, 0);
    assert_int_equal(result(&stuck), APR_SUCCESS);
    assert_int_equal(result(&caller), APR_SUCCESS);
    give(&stuck);
    give(&caller);
}

static void when_all_are_in_use_the_next_gives_up_in_time(void **state)
{
    world_t *world = *state;
    caller_t callers[MAX];
    caller_t next;
    apr_time_t began;
    int i;

    for (i = 0; i < MAX; i++) {
        assert_int_equal(take_now(&callers[i], world), APR_SUCCESS);
    }
    began = apr_time_now();
    assert_int_equal(take_now(&next, world), APR_EBUSY);
    assert_true(apr_time_now() - began >= LIMIT);
    assert_int_equal(world->opens, MAX);
    give(&callers[0]);
    assert_int_equal(take_now(&next, world), APR_SUCCESS);
    give(&next);
    for (i = 1; i < MAX; i++) {
        give(&callers[i]);
    }
}

static void who_waits_for_a_free_connection_gets_the_next(void **state)
{
    world_t *world = *state;
    caller_t callers[CALLERS];
    int i;

    for (i = 0; i < MAX; i++) {
        assert_int_equal(take_now(&callers[i], world), APR_SUCCESS);
    }
    for (i = MAX; i < CALLERS; i++) {
        start(&callers[i], world);
    }
    await_waited(CALLERS - MAX);
    assert_int_equal(world->opens, MAX);
    for (i = 0; i < MAX; i++) {
        give(&callers[i]);
    }
    for (i = MAX; i < CALLERS; i++) {
        assert_int_equal(result(&callers[i]), APR_SUCCESS);
    }
    for (i = MAX; i < CALLERS; i++) {
        give(&callers[i]);
    }
}

/* --- the watch --- */

static void what_takes_too_long_is_cut_once(void **state)
{
    world_t *world = *state;
    caller_t caller;

    init(&caller, world);
    dygw_wait_begin(&caller.wait);
    assert_true(dygw_guard_look(world->source.guard));
    apr_sleep(LIMIT);
    assert_true(dygw_guard_look(world->source.guard));
    assert_true(dygw_wait_end(&caller.wait));
    dygw_wait_begin(&caller.wait);
    dygw_guard_look(world->source.guard);
    assert_false(dygw_wait_end(&caller.wait));
}

static void a_process_that_stood_still_cuts_nothing_before_it_has_looked_twice(void **state)
{
    world_t *world = *state;
    caller_t caller;

    init(&caller, world);
    dygw_wait_begin(&caller.wait);
    leapt += apr_time_from_sec(60);
    assert_true(dygw_guard_look(world->source.guard));
    assert_false(dygw_wait_end(&caller.wait));
    dygw_wait_begin(&caller.wait);
    leapt += apr_time_from_sec(60);
    dygw_guard_look(world->source.guard);
    dygw_guard_look(world->source.guard);
    assert_true(dygw_wait_end(&caller.wait));
}

static void looks_that_are_late_again_and_again_cut_all_the_same(void **state)
{
    world_t *world = *state;
    caller_t caller;

    init(&caller, world);
    dygw_wait_begin(&caller.wait);
    leapt += apr_time_from_sec(60);
    dygw_guard_look(world->source.guard);
    leapt += apr_time_from_sec(60);
    dygw_guard_look(world->source.guard);
    assert_true(dygw_wait_end(&caller.wait));
}

static void a_connection_that_was_cut_is_no_longer_counted_on(void **state)
{
    world_t *world = *state;
    caller_t used;
    caller_t stuck;
    caller_t caller;
    dygw_watched_t *watched;

    assert_int_equal(take_now(&used, world), APR_SUCCESS);
    watched = dygw_guard_watch(world->source.guard, world->pool);
    dygw_wait_use(&used.wait, watched, &used.dbd);
    dygw_wait_begin(&used.wait);
    apr_sleep(LIMIT);
    dygw_guard_look(world->source.guard);
    assert_true(dygw_wait_end(&used.wait));
    give(&used);

    /* Now one is alone where connections are made, and the other waits. */
    set_world(world, 1, 0);
    start(&stuck, world);
    await_inside(world, 1);
    assert_int_equal(take_now(&caller, world), APR_EGENERAL);
    set_world(world, 0, 0);
    assert_int_equal(result(&stuck), APR_SUCCESS);
    give(&stuck);
}

static void the_watch_sleeps_while_nothing_happens_and_is_woken_once(void **state)
{
    world_t *world = *state;
    dygw_guard_t *guard = world->source.guard;
    caller_t caller;

    init(&caller, world);
    assert_false(dygw_guard_look(guard));
    dygw_wait_begin(&caller.wait);
    dygw_wait_end(&caller.wait);
    dygw_wait_begin(&caller.wait);
    dygw_wait_end(&caller.wait);
    assert_int_equal(apr_atomic_read32(&world->wakes), 1);
    assert_true(dygw_guard_look(guard)); /* something happened */
    assert_false(dygw_guard_look(guard));
    dygw_wait_begin(&caller.wait);
    assert_int_equal(apr_atomic_read32(&world->wakes), 2);
    assert_true(dygw_guard_look(guard));
    dygw_wait_end(&caller.wait);
}

static void without_a_guard_all_of_it_does_nothing(void **state)
{
    world_t *world = *state;
    caller_t caller;

    init(&caller, world);
    caller.wait.guard = NULL;
    assert_null(dygw_guard_watch(NULL, world->pool));
    dygw_wait_begin(&caller.wait);
    dygw_wait_use(&caller.wait, NULL, &caller.dbd);
    assert_false(dygw_wait_end(&caller.wait));
    take(&caller);
    assert_int_equal(caller.rv, APR_SUCCESS);
    give(&caller);
}

#define TEST(f)  cmocka_unit_test_setup_teardown(f, make, unmake)
#define CHILD(f) cmocka_unit_test_setup_teardown(f, make_in_child, unmake)
#define SHORT(f) cmocka_unit_test_setup_teardown(f, make_short, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_host_that_is_gone_costs_all_who_wait_two_tries),
        TEST(a_try_that_began_earlier_fails_nobody_else),
        TEST(a_failure_is_not_remembered),
        CHILD(a_refused_connection_is_tried_again_for_all_who_wait),
        CHILD(the_first_who_comes_when_it_is_back_gets_a_connection),
        CHILD(dead_connections_of_the_pool_are_gone_through),
        CHILD(a_try_of_another_child_is_waited_for),
        SHORT(who_waits_for_a_try_does_not_wait_beyond_the_limit),
        TEST(used_connections_are_to_be_had_while_another_is_made),
        SHORT(when_all_are_in_use_the_next_gives_up_in_time),
        TEST(who_waits_for_a_free_connection_gets_the_next),
        SHORT(what_takes_too_long_is_cut_once),
        SHORT(a_process_that_stood_still_cuts_nothing_before_it_has_looked_twice),
        SHORT(looks_that_are_late_again_and_again_cut_all_the_same),
        SHORT(a_connection_that_was_cut_is_no_longer_counted_on),
        TEST(the_watch_sleeps_while_nothing_happens_and_is_woken_once),
        TEST(without_a_guard_all_of_it_does_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
