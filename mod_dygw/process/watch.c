/* SPDX-License-Identifier: Apache-2.0
 * The watch over the database.
 *
 * The thread sleeps as long as nobody waits for the database. When somebody does, the thread looks
 * once a second, until nothing has happened between two looks. It is woken through a pipe, to which
 * any thread may write, a signal handler too.
 *
 * The thread ends in the last of our pre-cleanups of pchild. The background thread ends before, and
 * that may take statements that this thread cuts off. When the background thread's cleanup runs in
 * a signal handler (prefork), it ends the child: then nobody waits here for a lock that an
 * interrupted request holds. */
#include "process/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include <apr_atomic.h>
#include <apr_thread_proc.h>

#include "store/db/guard.h"
#include "util/compiler.h"
#include "util/pool.h"

#define LOOK_EVERY_MS 1000
#define DRAIN_BYTES   64

typedef struct watch_t {
    apr_pool_t *pool;
    const apr_array_header_t *sources; /* of dygw_db_source_t * */
    apr_thread_t *thread;
    apr_uint32_t stopping; /* atomic */
} watch_t;

#define CLOSED (-1)

/* This process's pipe: the end to read from, and the one to write to. */
static _Atomic int wake_from = CLOSED;
static _Atomic int wake_to = CLOSED;

void dygw_watch_wake(DYGW_UNUSED void *baton)
{
    int to = wake_to;

    if (to != CLOSED) {
        /* A full pipe wakes it as well. */
        (void)!write(to, "", 1);
    }
}

static int look_at_sources(const apr_array_header_t *sources)
{
    int again = 0;
    int i;

    for (i = 0; i < sources->nelts; i++) {
        again |= dygw_guard_look(APR_ARRAY_IDX(sources, i, dygw_db_source_t *)->guard);
    }
    return again;
}

static void sleep_until_woken(int timeout_ms)
{
    struct pollfd end = { .fd = wake_from, .events = POLLIN };
    char drained[DRAIN_BYTES];

    if (poll(&end, 1, timeout_ms) > 0) {
        (void)!read(end.fd, drained, sizeof(drained));
    }
}

static void *APR_THREAD_FUNC run_watch(apr_thread_t *thread, void *data)
{
    watch_t *watch = data;

    while (!apr_atomic_read32(&watch->stopping)) {
        sleep_until_woken(look_at_sources(watch->sources) ? LOOK_EVERY_MS : -1);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/* Nobody finds a number that is closed, and may be something else's by then. */
static void close_pipe(void)
{
    int to = atomic_exchange(&wake_to, CLOSED);
    int from = atomic_exchange(&wake_from, CLOSED);

    if (to != CLOSED) {
        close(to);
    }
    if (from != CLOSED) {
        close(from);
    }
}

static apr_status_t stop_watch(void *data)
{
    watch_t *watch = data;
    apr_status_t rv;

    apr_atomic_set32(&watch->stopping, 1);
    dygw_watch_wake(NULL);
    apr_thread_join(&rv, watch->thread);
    close_pipe();
    apr_pool_destroy(watch->pool);
    return APR_SUCCESS;
}

static apr_status_t open_pipe(void)
{
    int ends[2];
    int i;

    if (pipe(ends) != 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    wake_from = ends[0];
    wake_to = ends[1];
    for (i = 0; i < 2; i++) {
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0) {
            return APR_FROM_OS_ERROR(errno);
        }
    }
    return APR_SUCCESS;
}

/* The thread's pool is nobody's child: a pre-cleanup of `until` joins the thread, and destroys the
 * pool. */
apr_status_t dygw_watch_start(const apr_array_header_t *sources, apr_pool_t *until)
{
    apr_threadattr_t *attributes;
    apr_pool_t *pool;
    watch_t *watch;
    apr_status_t rv = dygw_pool_create(&pool, NULL);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(pool, "dygw_watch");
    watch = apr_pcalloc(pool, sizeof(*watch));
    watch->pool = pool;
    watch->sources = sources;
    rv = open_pipe();
    if (rv == APR_SUCCESS) {
        rv = apr_threadattr_create(&attributes, pool);
    }
    if (rv == APR_SUCCESS) {
        apr_threadattr_detach_set(attributes, 0);
        rv = ap_thread_create(&watch->thread, attributes, run_watch, watch, pool);
    }
    if (rv != APR_SUCCESS) {
        close_pipe();
        apr_pool_destroy(pool);
        return rv;
    }
    apr_pool_pre_cleanup_register(until, watch, stop_watch);
    return APR_SUCCESS;
}

apr_status_t dygw_watch_source(dygw_db_source_t *source, apr_pool_t *pool)
{
    apr_array_header_t *sources = apr_array_make(pool, 1, sizeof(dygw_db_source_t *));

    APR_ARRAY_PUSH(sources, dygw_db_source_t *) = source;
    return dygw_watch_start(sources, pool);
}
