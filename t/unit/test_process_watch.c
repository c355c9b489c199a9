/* SPDX-License-Identifier: Apache-2.0
 * The thread that watches the database: it is woken through a pipe that nobody finds when it is
 * closed, and that is closed when the thread cannot start. links: process/watch.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_thread_proc.h>

#include "process/watch.h"
#include "util/compiler.h"

#define NUMBERS 64 /* of descriptors that a test looks at */

static apr_pool_t *pool;
static dygw_db_source_t source;
static apr_status_t thread_fails;
static apr_uint32_t looks;
static int watched_closes; /* those that somebody tries to wake it at */
static int late_wakes;

/* --- what is around it --- */

int dygw_guard_look(DYGW_UNUSED dygw_guard_t *guard)
{
    apr_atomic_inc32(&looks);
    return 0;
}

apr_status_t ap_thread_create(apr_thread_t **thread, apr_threadattr_t *attributes, apr_thread_start_t start, void *data,
                              apr_pool_t *own)
{
    return thread_fails ? thread_fails : apr_thread_create(thread, attributes, start, data, own);
}

/* Somebody wakes it while its pipe is being closed. */
int close(int fd)
{
    int (*next)(int) = NULL;
    int rv;

    *(void **)&next = dlsym(RTLD_NEXT, "close");
    rv = next(fd);
    if (watched_closes) {
        dygw_watch_wake(NULL);
    }
    return rv;
}

ssize_t write(int fd, const void *data, size_t len)
{
    ssize_t (*next)(int, const void *, size_t) = NULL;

    *(void **)&next = dlsym(RTLD_NEXT, "write");
    late_wakes += watched_closes;
    return next(fd, data, len);
}

/* --- the tests --- */

static int setup(DYGW_UNUSED void **state)
{
    thread_fails = 0;
    late_wakes = 0;
    apr_atomic_set32(&looks, 0);
    return apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static int open_descriptors(void)
{
    int count = 0;
    int fd;

    for (fd = 0; fd < NUMBERS; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void it_looks_when_it_is_woken_and_ends_with_its_pool(DYGW_UNUSED void **state)
{
    int before = open_descriptors();

    assert_int_equal(dygw_watch_source(&source, pool), APR_SUCCESS);
    assert_int_equal(open_descriptors(), before + 2);
    while (apr_atomic_read32(&looks) < 3) {
        dygw_watch_wake(NULL);
    }
    apr_pool_destroy(pool);
    assert_int_equal(open_descriptors(), before);
}

static void nobody_wakes_it_through_a_pipe_that_is_closed(DYGW_UNUSED void **state)
{
    apr_pool_t *until;

    apr_pool_create(&until, pool);
    assert_int_equal(dygw_watch_source(&source, until), APR_SUCCESS);
    watched_closes = 1;
    apr_pool_clear(until);
    late_wakes--; /* the one that ends it */
    dygw_watch_wake(NULL);
    watched_closes = 0;
    assert_int_equal(late_wakes, 0);
    apr_pool_destroy(pool);
}

static void one_that_cannot_start_leaves_nothing_open(DYGW_UNUSED void **state)
{
    int before = open_descriptors();

    thread_fails = APR_EGENERAL;
    assert_int_equal(dygw_watch_source(&source, pool), APR_EGENERAL);
    assert_int_equal(open_descriptors(), before);
    watched_closes = 1;
    dygw_watch_wake(NULL);
    watched_closes = 0;
    assert_int_equal(late_wakes, 0);
    apr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_looks_when_it_is_woken_and_ends_with_its_pool, setup),
        cmocka_unit_test_setup(nobody_wakes_it_through_a_pipe_that_is_closed, setup),
        cmocka_unit_test_setup(one_that_cannot_start_leaves_nothing_open, setup),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    failed = cmocka_run_group_tests_name("process_watch", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
