/* SPDX-License-Identifier: Apache-2.0
 * The bell: who waits for it is woken, or gives up in time, whatever the host's clock is set to.
 * links: util/bell.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <cmocka.h>

#include <apr_general.h>

#include "support/own_pool.h"

#include "util/bell.h"
#include "util/clock.h"
#include "util/compiler.h"

#define MOMENT apr_time_from_msec(30)
#define LONG   apr_time_from_sec(60)

static dygw_bell_t bell;
static int rings;

/* The clock of the host is set back by hours as soon as somebody waits for a time of it. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, DYGW_UNUSED const struct timespec *until)
{
    struct timespec far;
    int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

    *(void **)&wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    clock_gettime(CLOCK_REALTIME, &far);
    far.tv_sec += 10;
    return wait(cond, mutex, &far);
}

static int set_up(void **state)
{
    make_pool(state);
    rings = 0;
    return dygw_bell_init(&bell, pool);
}

static void who_waits_gives_up_in_time(DYGW_UNUSED void **state)
{
    const apr_time_t began = dygw_steady_now();
    apr_interval_time_t took;

    dygw_bell_lock(&bell);
    dygw_bell_wait(&bell, MOMENT);
    dygw_bell_unlock(&bell);
    took = dygw_steady_now() - began;
    assert_true(took >= MOMENT && took < apr_time_from_sec(5));
}

static void without_patience_nobody_waits(DYGW_UNUSED void **state)
{
    const apr_time_t began = dygw_steady_now();

    dygw_bell_lock(&bell);
    dygw_bell_wait(&bell, 0);
    dygw_bell_wait(&bell, -LONG);
    dygw_bell_unlock(&bell);
    assert_true(dygw_steady_now() - began < apr_time_from_sec(5));
}

static void *ring(DYGW_UNUSED void *data)
{
    dygw_bell_lock(&bell);
    rings = 1;
    dygw_bell_ring(&bell);
    dygw_bell_unlock(&bell);
    return NULL;
}

static void who_waits_is_woken(DYGW_UNUSED void **state)
{
    const apr_time_t began = dygw_steady_now();
    pthread_t thread;

    dygw_bell_lock(&bell);
    assert_int_equal(pthread_create(&thread, NULL, ring, NULL), 0);
    while (!rings && dygw_steady_now() - began < LONG) {
        dygw_bell_wait(&bell, LONG);
    }
    dygw_bell_unlock(&bell);
    pthread_join(thread, NULL);
    assert_int_equal(rings, 1);
    assert_true(dygw_steady_now() - began < LONG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_waits_gives_up_in_time),
        TEST(without_patience_nobody_waits),
        TEST(who_waits_is_woken),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("util_bell", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
