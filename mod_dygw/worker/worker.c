/* SPDX-License-Identifier: Apache-2.0
 * The background thread.
 *
 * Each child starts one such thread. The thread whose child holds the leader mutex is the leader of
 * this host: about every 1.3 s it asks the database what is new, and writes the answer to the
 * host's state, where the other children read it. One of the leaders of all hosts holds the lease
 * in the database, and does the work of the background: it renews the token, runs jobs
 * (gateway/background/scheduler.c), with many calls to Douyin at once, and reconciles days. Between
 * two queries, the leader sees in the host's state that requests of its own host have left work.
 * The threads of the other children only try to get the mutex now and then; when the leader dies,
 * the operating system frees the mutex.
 *
 * Start: in child_init, as the user of the children, with signals blocked. The thread has its own
 * allocator and pool. But the connections that it borrows from mod_dbd are allocated below pchild,
 * whose allocator has no lock in prefork, where a child has one thread. With this thread there are
 * two, so that the allocator gets a lock.
 *
 * Stop: child_stopping and the pre-cleanup of pchild set `stopping`, wake the thread and make its
 * upstream calls end. Then the pre-cleanup waits for the thread. A plain cleanup would be too late:
 * mod_dbd's connections live in a sub-pool of pchild, which is destroyed before plain cleanups run.
 * The wait is limited, because prefork runs the pre-cleanup inside a signal handler. The request
 * that the signal interrupted may be anywhere, in malloc or with a connection of mod_dbd in use,
 * and so may hold a lock that the thread needs; and to destroy the pools, which comes next, could
 * abort or hang the child. So the child exits at once when it is inside a signal handler, and when
 * the thread does not stop in time. This loses nothing: all our work may be cut off at any
 * point. */
#include "worker/worker.h"

#include <signal.h>
#include <unistd.h>

#include <ap_mpm.h>
#include <mpm_common.h>

#include <apr_allocator.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "process/shared.h"
#include "util/bell.h"
#include "util/clock.h"
#include "util/compiler.h"
#include "util/log.h"
#include "util/pool.h"
#include "worker/round.h"

#define FOLLOWER_PAUSE_US   apr_time_from_msec(1500)
#define LEADER_PAUSE_US     apr_time_from_msec(260) /* requests that leave work wait so long */
#define SHARED_PATIENCE_US  apr_time_from_msec(20)  /* for each of several gateways */
#define STOP_PATIENCE_US    apr_time_from_sec(3)
#define HANDLER_PATIENCE_US apr_time_from_sec(1) /* within a signal handler */

typedef struct worker_t {
    apr_pool_t *pool; /* the thread's, with an allocator of its own */
    apr_thread_t *thread;
    dygw_bell_t wake; /* its mutex guards stopping and done */
    int stopping;
    int done;                   /* the thread has done its last work */
    int leads;                  /* holds the leader mutex; only the thread reads it */
    apr_array_header_t *rounds; /* of dygw_round_t *, one for each gateway */
    server_rec *server;
} worker_t;

/* The worker of this child; NULL before the start, and where no gateway is configured. */
static worker_t *worker;

static int is_stopping(worker_t *w)
{
    int stopping;

    dygw_bell_lock(&w->wake);
    stopping = w->stopping;
    dygw_bell_unlock(&w->wake);
    return stopping;
}

static void pause_worker(worker_t *w, apr_interval_time_t duration)
{
    dygw_bell_lock(&w->wake);
    if (!w->stopping) {
        dygw_bell_wait(&w->wake, duration);
    }
    dygw_bell_unlock(&w->wake);
}

/* Returns whether work is under way: then the rounds have waited for Douyin's answers, and no pause
 * is needed. */
static int run_rounds(worker_t *w, apr_pool_t *scratch)
{
    apr_interval_time_t patience = w->rounds->nelts == 1 ? LEADER_PAUSE_US : SHARED_PATIENCE_US;
    int under_way = 0;
    int i;

    for (i = 0; i < w->rounds->nelts && !is_stopping(w); i++) {
        under_way |= dygw_round_run(APR_ARRAY_IDX(w->rounds, i, dygw_round_t *), patience, scratch);
        apr_pool_clear(scratch);
    }
    return under_way;
}

static void finish_rounds(worker_t *w, apr_pool_t *scratch)
{
    int i;

    for (i = 0; i < w->rounds->nelts; i++) {
        dygw_round_finish(APR_ARRAY_IDX(w->rounds, i, dygw_round_t *), scratch);
        apr_pool_clear(scratch);
    }
}

static void leave_rounds(worker_t *w, apr_pool_t *scratch)
{
    int i;

    if (!w->leads) {
        return;
    }
    for (i = 0; i < w->rounds->nelts; i++) {
        dygw_round_leave(APR_ARRAY_IDX(w->rounds, i, dygw_round_t *), scratch);
        apr_pool_clear(scratch);
    }
    apr_global_mutex_unlock(dygw_shared_mutex(DYGW_MUTEX_LEADER));
    w->leads = 0;
}

static void *APR_THREAD_FUNC run_worker(apr_thread_t *thread, void *data)
{
    worker_t *w = data;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, w->pool);
    while (!is_stopping(w)) {
        w->leads = w->leads
                   || apr_global_mutex_trylock(dygw_shared_mutex(DYGW_MUTEX_LEADER)) == APR_SUCCESS;
        if (!w->leads || !run_rounds(w, scratch)) {
            pause_worker(w, w->leads ? LEADER_PAUSE_US : FOLLOWER_PAUSE_US);
        }
    }
    finish_rounds(w, scratch);
    leave_rounds(w, scratch);
    dygw_bell_lock(&w->wake);
    w->done = 1;
    dygw_bell_ring(&w->wake);
    dygw_bell_unlock(&w->wake);
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void signal_stop(worker_t *w)
{
    int i;

    dygw_bell_lock(&w->wake);
    w->stopping = 1;
    dygw_bell_ring(&w->wake);
    dygw_bell_unlock(&w->wake);
    for (i = 0; i < w->rounds->nelts; i++) {
        dygw_round_abort(APR_ARRAY_IDX(w->rounds, i, dygw_round_t *));
    }
}

void dygw_worker_stopping(void)
{
    if (worker) {
        signal_stop(worker);
    }
}

static int is_threaded(void)
{
    int threaded = 0;

    ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded);
    return threaded;
}

/* Whether this runs inside the signal handler with which a child of prefork ends. While a handler
 * runs, its signal is blocked; between requests neither SIGTERM nor SIGHUP is. */
static int within_signal_handler(void)
{
    sigset_t blocked;

    return !is_threaded() && pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0
           && (sigismember(&blocked, SIGTERM) || sigismember(&blocked, SIGHUP));
}

/* Waits for the thread, and returns whether it has done its last work in time. */
static int await_done(worker_t *w)
{
    apr_time_t deadline
        = dygw_steady_now() + (is_threaded() ? STOP_PATIENCE_US : HANDLER_PATIENCE_US);
    apr_time_t now;
    int done;

    dygw_bell_lock(&w->wake);
    while (!w->done && (now = dygw_steady_now()) < deadline) {
        dygw_bell_wait(&w->wake, deadline - now);
    }
    done = w->done;
    dygw_bell_unlock(&w->wake);
    return done;
}

static apr_status_t stop_worker(void *data)
{
    worker_t *w = data;
    apr_status_t rv;

    signal_stop(w);
    worker = NULL;
    if (!await_done(w)) {
        /* In prefork this is to be expected, and so INFO: the request that the signal interrupted
         * may hold a lock that the thread needs. */
        ap_log_error(APLOG_MARK, is_threaded() ? APLOG_WARNING : APLOG_INFO, 0, w->server,
                     DYGWNO(0320) "the background thread did not stop in "
                                  "time; this child ends without it");
        _exit(0);
    }
    apr_thread_join(&rv, w->thread);
    if (within_signal_handler()) {
        _exit(0);
    }
    apr_pool_destroy(w->pool);
    return APR_SUCCESS;
}

/* Gives the allocator of the pool a lock, where it has none, so that two threads may use it. An APR
 * that is built for pool debugging has no allocators. */
static apr_status_t share_allocator(apr_pool_t *pool)
{
    apr_allocator_t *allocator = apr_pool_allocator_get(pool);
    apr_thread_mutex_t *mutex;
    apr_status_t rv = APR_SUCCESS;

    if (allocator && !apr_allocator_mutex_get(allocator)) {
        rv = apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, pool);
        if (rv == APR_SUCCESS) {
            apr_allocator_mutex_set(allocator, mutex);
        }
    }
    return rv;
}

static apr_status_t create_rounds(worker_t *w)
{
    const apr_array_header_t *runtimes = dygw_runtimes();
    apr_status_t rv = APR_SUCCESS;
    int i;

    w->rounds = apr_array_make(w->pool, runtimes->nelts, sizeof(dygw_round_t *));
    for (i = 0; i < runtimes->nelts && rv == APR_SUCCESS; i++) {
        rv = dygw_round_create(apr_array_push(w->rounds),
                               APR_ARRAY_IDX(runtimes, i, dygw_runtime_t *), w->pool);
    }
    return rv;
}

static apr_status_t create_worker(worker_t **made, server_rec *server)
{
    apr_pool_t *pool;
    worker_t *w;
    apr_status_t rv = dygw_pool_create(&pool, NULL);

    if (rv == APR_SUCCESS) {
        rv = share_allocator(pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(pool, "dygw_worker");
    *made = w = apr_pcalloc(pool, sizeof(*w));
    w->pool = pool;
    w->server = server;
    rv = dygw_bell_init(&w->wake, pool);
    return rv == APR_SUCCESS ? create_rounds(w) : rv;
}

apr_status_t dygw_worker_start(apr_pool_t *pchild, server_rec *main_server)
{
    apr_threadattr_t *attributes;
    worker_t *w;
    apr_status_t rv;

    if (dygw_runtimes()->nelts == 0) {
        return APR_SUCCESS;
    }
    rv = share_allocator(pchild);
    if (rv == APR_SUCCESS) {
        rv = create_worker(&w, main_server);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_threadattr_create(&attributes, w->pool);
    }
    if (rv == APR_SUCCESS) {
        apr_threadattr_detach_set(attributes, 0);
        rv = ap_thread_create(&w->thread, attributes, run_worker, w, w->pool);
    }
    if (rv == APR_SUCCESS) {
        worker = w;
        apr_pool_pre_cleanup_register(pchild, w, stop_worker);
    }
    return rv;
}
