/* SPDX-License-Identifier: Apache-2.0
 * A queue of requests that want something written. No thread of its own is behind it:
 *
 *   A request that finds nobody leading leads. It opens a connection, and only then takes all that
 *   wait, itself first: nobody is bound to a leader who gets no connection. One request is written
 *   as ever (`alone`), several as one commit (`together`). Then the connection is given back, each
 *   request is told, and the first of those that came meanwhile leads.
 *   Who is not taken for DYGW_SHARE_PATIENCE leads beside the leader: one who hangs holds up its
 *   own batch and nobody else. When it ends, it hands nothing on if another has begun since.
 *   Who is taken waits for the batch, since the leader reads what belongs to it. Each step of a
 *   unit of work has a limit, so that a batch ends; only then may the request go on.
 *   A batch counts as the first unit of each of its requests. Done: done for all. In doubt: each
 *   finds out alone, in its second unit, as after a first one of its own. Else nothing is written,
 *   and each goes the whole way alone, which tells its own outcome; but where the batch took long,
 *   it has one unit left, or, where the batch timed out after longer, none. So nobody waits longer
 *   than two units of its own would take, but for SOON and the patience above.
 *
 * The mutex guards the queue, and is held for a few instructions. Each thread waits for a semaphore
 * of its own; who posts it has written the outcome before. */
#include "gateway/share.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <apr_ring.h>

#include "util/step.h"

#define SOON      apr_time_from_sec(1) /* a batch that failed within it has cost nobody anything */
#define OWN_TRY   apr_time_from_sec(6) /* after a lock time-out of 5 s there is time for a try */
#define PER_MSEC  1000
#define NO_RESULT APR_EGENERAL

typedef enum { SHARER_WAITS, SHARER_TAKEN, SHARER_LEADS } sharer_state_e;

/* A request at the queue, on its thread's stack. */
typedef struct sharer_t {
    void *baton;
    sharer_state_e state; /* guarded by the mutex */
    apr_time_t began;     /* a leader: when it began to lead */
    apr_status_t rv;      /* what the unit gave; written by its leader */
    int company;          /* requests in that unit; 0: it got no connection */
    sem_t told;           /* posted when it was told, or is to lead; */
    _Atomic int is_told;  /* set before, so that what was written until then is seen */
    APR_RING_ENTRY(sharer_t) ring;
} sharer_t;

APR_RING_HEAD(sharers_t, sharer_t);

struct dygw_share_t {
    pthread_mutex_t mutex;
    struct sharers_t waiting; /* the longest first */
    struct sharers_t leading; /* the latest last */
    dygw_batch_series_e series;
    const dygw_metrics_t *metrics;
};

static apr_status_t destroy_share(void *data)
{
    dygw_share_t *share = data;

    pthread_mutex_destroy(&share->mutex);
    return APR_SUCCESS;
}

apr_status_t dygw_share_create(dygw_share_t **share, dygw_batch_series_e series,
                               const dygw_metrics_t *metrics, apr_pool_t *pool)
{
    dygw_share_t *made = apr_pcalloc(pool, sizeof(*made));
    int rv = pthread_mutex_init(&made->mutex, NULL);

    APR_RING_INIT(&made->waiting, sharer_t, ring);
    APR_RING_INIT(&made->leading, sharer_t, ring);
    made->series = series;
    made->metrics = metrics;
    if (rv == 0) {
        apr_pool_cleanup_register(pool, made, destroy_share, apr_pool_cleanup_null);
    }
    *share = made;
    return rv;
}

/* --- waiting --- */

/* With the mutex locked. */
static void share_begin_to_lead(dygw_share_t *share, sharer_t *me)
{
    me->state = SHARER_LEADS;
    me->began = dygw_steady_now();
    APR_RING_INSERT_TAIL(&share->leading, me, sharer_t, ring);
}

static void share_call(sharer_t *sharer)
{
    atomic_store_explicit(&sharer->is_told, 1, memory_order_release);
    sem_post(&sharer->told);
}

static int share_is_called(const sharer_t *me)
{
    return atomic_load_explicit(&me->is_told, memory_order_acquire);
}

static void share_wait(sharer_t *me)
{
    while (sem_wait(&me->told) != 0 || !share_is_called(me)) {}
}

/* Whether `me` was called within the patience. */
static int share_was_called(sharer_t *me)
{
    const apr_time_t until = dygw_steady_now() + DYGW_SHARE_PATIENCE;
    const struct timespec end
        = { .tv_sec = apr_time_sec(until), .tv_nsec = apr_time_usec(until) * PER_MSEC };
    int rv;

    while ((rv = sem_clockwait(&me->told, CLOCK_MONOTONIC, &end)) != 0 && errno == EINTR) {}
    return rv == 0 && share_is_called(me);
}

/* Joins the queue. 1: `me` leads; 0: a leader has done its work. */
static int share_join(dygw_share_t *share, sharer_t *me)
{
    int leads;
    int waits;

    pthread_mutex_lock(&share->mutex);
    leads = APR_RING_EMPTY(&share->leading, sharer_t, ring);
    if (leads) {
        share_begin_to_lead(share, me);
    }
    else {
        APR_RING_INSERT_TAIL(&share->waiting, me, sharer_t, ring);
    }
    pthread_mutex_unlock(&share->mutex);
    if (leads) {
        return 1;
    }
    if (!share_was_called(me)) {
        pthread_mutex_lock(&share->mutex);
        waits = me->state == SHARER_WAITS;
        if (waits) {
            APR_RING_REMOVE(me, ring);
            share_begin_to_lead(share, me);
        }
        pthread_mutex_unlock(&share->mutex);
        if (waits) {
            return 1;
        }
        share_wait(me);
    }
    return me->state == SHARER_LEADS;
}

/* --- leading --- */

/* Takes those that wait, behind `me`; how many there are with it. */
static int share_take(dygw_share_t *share, sharer_t *me, sharer_t **batch)
{
    int count = 0;

    batch[count++] = me;
    pthread_mutex_lock(&share->mutex);
    while (count < DYGW_SHARE_MAX && !APR_RING_EMPTY(&share->waiting, sharer_t, ring)) {
        sharer_t *next = APR_RING_FIRST(&share->waiting);

        APR_RING_REMOVE(next, ring);
        next->state = SHARER_TAKEN;
        batch[count++] = next;
    }
    pthread_mutex_unlock(&share->mutex);
    return count;
}

/* Ends the lead of `me`, and calls the next, if there is need of one. */
static void share_hand_on(dygw_share_t *share, sharer_t *me)
{
    sharer_t *next = NULL;
    int is_led;

    pthread_mutex_lock(&share->mutex);
    APR_RING_REMOVE(me, ring);
    is_led = !APR_RING_EMPTY(&share->leading, sharer_t, ring)
             && dygw_steady_now() - APR_RING_LAST(&share->leading)->began < DYGW_SHARE_PATIENCE;
    if (!is_led && !APR_RING_EMPTY(&share->waiting, sharer_t, ring)) {
        next = APR_RING_FIRST(&share->waiting);
        APR_RING_REMOVE(next, ring);
        share_begin_to_lead(share, next);
    }
    pthread_mutex_unlock(&share->mutex);
    if (next) {
        share_call(next);
    }
}

/* Tells the batch. What belongs to a request that was told may be gone. */
static void share_tell(sharer_t **batch, int count, apr_status_t rv)
{
    int i;

    for (i = 0; i < count; i++) {
        batch[i]->rv = rv;
        batch[i]->company = count;
    }
    for (i = 1; i < count; i++) {
        share_call(batch[i]);
    }
}

static apr_status_t share_write(const dygw_ctx_t *ctx, dygw_db_t *db, const dygw_share_job_t *job,
                                sharer_t **batch, int count)
{
    void *batons[DYGW_SHARE_MAX];
    int i;

    if (count == 1) {
        return job->alone(ctx, db, batch[0]->baton);
    }
    for (i = 0; i < count; i++) {
        batons[i] = batch[i]->baton;
    }
    return job->together(ctx, db, batons, count);
}

static void share_count(const dygw_share_t *share, int count)
{
    dygw_count(share->metrics, DYGW_COUNT_DB_BATCHES, (int)share->series);
    dygw_count_more(share->metrics, DYGW_COUNT_DB_BATCHED, (int)share->series, count);
}

static void share_lead(const dygw_ctx_t *ctx, dygw_share_t *share, const dygw_share_job_t *job,
                       sharer_t *me)
{
    sharer_t *batch[DYGW_SHARE_MAX];
    apr_status_t rv;
    dygw_db_t *db;
    int count;

    me->company = 0;
    me->rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);
    if (me->rv != APR_SUCCESS) {
        share_hand_on(share, me);
        return;
    }
    count = share_take(share, me, batch);
    dygw_step("batch_taken");
    rv = share_write(ctx, db, job, batch, count);
    dygw_step("batch_written");
    dygw_db_close(db);
    share_count(share, count);
    share_hand_on(share, me);
    share_tell(batch, count, rv);
}

/* --- afterwards --- */

/* The batch of several has failed, or is in doubt. */
static apr_status_t share_go_alone(const dygw_ctx_t *ctx, const dygw_share_job_t *job,
                                   const sharer_t *me, apr_time_t began)
{
    const dygw_db_unit_t batch = { me->rv, began };
    const apr_interval_time_t took = dygw_steady_now() - began;

    if (me->rv == APR_TIMEUP && took > OWN_TRY) {
        return me->rv;
    }
    if (me->rv == APR_INCOMPLETE || took > SOON) {
        return dygw_db_work_again(ctx, job->alone, me->baton, job->rules, &batch);
    }
    return dygw_db_work(ctx, job->alone, me->baton, job->rules);
}

static apr_status_t share_follow(const dygw_ctx_t *ctx, const dygw_share_job_t *job,
                                 const sharer_t *me, apr_time_t began)
{
    const dygw_db_unit_t unit = { me->rv, began };

    if (me->company == 0) {
        return me->rv;
    }
    if (me->company == 1) {
        return dygw_db_is_end(job->rules, me->rv)
                   ? me->rv
                   : dygw_db_work_again(ctx, job->alone, me->baton, job->rules, &unit);
    }
    job->told(ctx, me->baton, me->rv);
    return me->rv == APR_SUCCESS ? me->rv : share_go_alone(ctx, job, me, began);
}

apr_status_t dygw_share_work(const dygw_ctx_t *ctx, dygw_share_t *share,
                             const dygw_share_job_t *job, void *baton)
{
    const apr_time_t began = dygw_steady_now();
    sharer_t me = { .baton = baton, .state = SHARER_WAITS, .rv = NO_RESULT };

    if (!share || sem_init(&me.told, 0, 0) != 0) {
        return dygw_db_work(ctx, job->alone, baton, job->rules);
    }
    if (share_join(share, &me)) {
        share_lead(ctx, share, job, &me);
    }
    sem_destroy(&me.told);
    return share_follow(ctx, job, &me, began);
}
