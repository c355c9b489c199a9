/* SPDX-License-Identifier: Apache-2.0
 * Runs the background's jobs, many at once, in one thread.
 *
 * A turn fetches the rows that are due. All rows of one request make one job; two jobs of the same
 * request and kind are never under way together. Then the turn waits for answers from Douyin, and
 * takes the jobs further that were answered (run.c).
 *
 * Settling and follow-ups have slots of their own, so that many orders to look up are never in
 * their way. Every job has a pool. All of these pools share one allocator, which is this thread's
 * alone. */
#include "gateway/background/scheduler.h"

#include "gateway/background/run.h"
#include "gateway/db_work.h"
#include "util/pool.h"

#define SHARE           4 /* this part of the slots has to be free before a fetch */
/* After a fetch that found nothing, while jobs are under way. */
#define FETCH_PAUSE_MS  50
/* While more order queries wait than go in this time, no rows to enrich are fetched. */
#define ORDERS_AHEAD_MS 2000
#define KEEP_FREE_BYTES 4194304U /* of memory that no job needs now, at most */

/* Douyin answers 10 questions a second about after-sale orders (page
 * groupon-refund/after-sale-order-detail): one refund is looked at at a time, and one a second. */
#define SALES_PAUSE_MS 1000

static const int slots[DYGW_JOB_CLASSES] = { 32, 96, 1 };

/* --- fetching --- */

static int free_slots(const dygw_scheduler_t *scheduler, dygw_job_class_e class)
{
    return slots[class] - scheduler->busy[class];
}

/* Whether rows of this class are to be fetched. For a few free slots a query is not worth its
 * cost. */
static int is_worth_a_fetch(const dygw_scheduler_t *scheduler, dygw_job_class_e class)
{
    if (class == DYGW_JOB_CLASS_ENRICH
        && scheduler->orders.count * dygw_run_order_distance(scheduler) > ORDERS_AHEAD_MS) {
        return 0;
    }
    if (class == DYGW_JOB_CLASS_SALE && dygw_left_until(scheduler->sales_at, SALES_PAUSE_MS) > 0) {
        return 0;
    }
    return scheduler->busy[class] == 0 || free_slots(scheduler, class) * SHARE >= slots[class];
}

/* Notes that there is more of a kind than was begun. What waits of refunds has time. */
static void note_rest(dygw_scheduler_t *scheduler, const dygw_job_kind_t *kind, int is_more)
{
    scheduler->caught_up &= !is_more || kind->due == DYGW_DUE_SALE;
}

/* Makes a run for a row that is due, unless one of the same request and kind is under way. */
static apr_status_t make_run(dygw_scheduler_t *scheduler, dygw_db_t *db,
                             const dygw_job_kind_t *kind, const dygw_due_row_t *row,
                             dygw_run_list_t *fresh)
{
    dygw_job_key_t key = { row->first_id, kind->due };
    dygw_run_t *r;
    apr_status_t rv;

    if (apr_hash_get(scheduler->running, &key, sizeof(key))
        || (kind->due == DYGW_DUE_SETTLE && row->lease_until > dygw_now())) {
        return APR_SUCCESS;
    }
    if (free_slots(scheduler, dygw_job_class_of(kind->due)) == 0) {
        note_rest(scheduler, kind, 1);
        return APR_SUCCESS;
    }
    rv = dygw_run_new(&r, scheduler, db, kind, row);
    if (rv == APR_SUCCESS) {
        dygw_run_append(fresh, r);
    }
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

typedef struct fetch_t {
    dygw_scheduler_t *scheduler;
    int wanted[DYGW_JOB_CLASSES];
    dygw_run_list_t fresh; /* the runs that were made, and have to begin */
} fetch_t;

/* The rows of jobs under way are due, too, and come first, so the limit allows for them. */
static apr_status_t fetch_kind(fetch_t *f, dygw_db_t *db, const dygw_job_kind_t *kind,
                               apr_pool_t *scratch)
{
    int room = free_slots(f->scheduler, dygw_job_class_of(kind->due));
    int limit = room + f->scheduler->rows[kind->due];
    apr_array_header_t *rows;
    apr_status_t rv;
    int i;

    if (room == 0) {
        note_rest(f->scheduler, kind, 1);
        return APR_SUCCESS;
    }
    rv = dygw_store_verification_due(db, kind->due, dygw_now(), limit, &rows, scratch);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    note_rest(f->scheduler, kind, rows->nelts >= limit);
    for (i = 0; i < rows->nelts && rv == APR_SUCCESS; i++) {
        rv = make_run(f->scheduler, db, kind, &APR_ARRAY_IDX(rows, i, const dygw_due_row_t),
                      &f->fresh);
    }
    return rv;
}

static apr_status_t fetch_classes(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    fetch_t *f = baton;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < DYGW_JOB_KINDS && rv == APR_SUCCESS; i++) {
        if (f->wanted[dygw_job_class_of(f->scheduler->kinds[i]->due)]) {
            rv = fetch_kind(f, db, f->scheduler->kinds[i], ctx->pool);
        }
    }
    return rv;
}

/* Fetches in one unit of work, whose memory ends with it. */
static apr_status_t fetch_in_unit_of_work(fetch_t *f)
{
    dygw_ctx_t ctx = f->scheduler->ctx;
    apr_status_t rv;

    apr_pool_create(&ctx.pool, f->scheduler->ctx.pool);
    rv = dygw_db_work(&ctx, fetch_classes, f, DYGW_DB_ONCE);
    apr_pool_destroy(ctx.pool);
    return rv;
}

/* Whether a question is under way or waits; runs that rest do not count. */
static int scheduler_is_active(const dygw_scheduler_t *scheduler)
{
    return dygw_douyin_async_count(scheduler->async) > 0 || scheduler->orders.count > 0;
}

static void begin_fresh_runs(dygw_scheduler_t *scheduler, dygw_run_list_t *fresh)
{
    scheduler->moved += fresh->count;
    while (fresh->first) {
        dygw_run_begin(scheduler, dygw_run_take_first(fresh));
    }
}

/* Jobs begin after the unit of work, because they use the database themselves. */
static void scheduler_fetch(dygw_scheduler_t *scheduler)
{
    fetch_t f = {
        .scheduler = scheduler,
        .wanted = { is_worth_a_fetch(scheduler, DYGW_JOB_CLASS_URGENT),
                    is_worth_a_fetch(scheduler, DYGW_JOB_CLASS_ENRICH),
                    is_worth_a_fetch(scheduler, DYGW_JOB_CLASS_SALE) },
    };
    const int *wanted = f.wanted;
    apr_status_t rv;

    scheduler->caught_up = 0;
    scheduler->fetch_waits = dygw_left_until(scheduler->fetch_at, DYGW_JOB_REST_MS) > 0;
    if (scheduler->fetch_waits
        || (!wanted[DYGW_JOB_CLASS_URGENT] && !wanted[DYGW_JOB_CLASS_ENRICH])) {
        return;
    }
    scheduler->caught_up = wanted[DYGW_JOB_CLASS_URGENT] && wanted[DYGW_JOB_CLASS_ENRICH];
    scheduler->sales_at
        = wanted[DYGW_JOB_CLASS_SALE] ? dygw_now() + SALES_PAUSE_MS : scheduler->sales_at;
    rv = fetch_in_unit_of_work(&f);
    if (rv != APR_SUCCESS) {
        scheduler->caught_up = 0;
        scheduler->fetch_at = dygw_now() + DYGW_JOB_REST_MS;
    }
    else if (f.fresh.count == 0 && scheduler_is_active(scheduler)) {
        scheduler->fetch_at = dygw_now() + FETCH_PAUSE_MS;
    }
    begin_fresh_runs(scheduler, &f.fresh);
}

/* --- the scheduler's own functions --- */

/* The calls under way have to end before the pools of the jobs, into which they point. */
static apr_status_t end_async(void *data)
{
    dygw_scheduler_t *scheduler = data;

    apr_pool_destroy(scheduler->async_pool);
    return APR_SUCCESS;
}

apr_status_t dygw_scheduler_create(dygw_scheduler_t **scheduler, const dygw_ctx_t *ctx,
                                   const dygw_job_kind_t *const *kinds)
{
    apr_pool_t *own;
    dygw_scheduler_t *made;
    apr_status_t rv = dygw_pool_create(&own, ctx->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_tag(own, "dygw_scheduler");
    apr_allocator_max_free_set(apr_pool_allocator_get(own), KEEP_FREE_BYTES);
    *scheduler = made = apr_pcalloc(own, sizeof(*made));
    made->ctx = dygw_ctx_with_pool(ctx, own);
    made->kinds = kinds;
    made->running = apr_hash_make(own);
    made->caught_up = 1;
    apr_pool_create(&made->async_pool, own);
    apr_pool_pre_cleanup_register(own, made, end_async);
    return dygw_douyin_async_create(&made->async, ctx->gateway->douyin, made->async_pool);
}

void dygw_scheduler_lead(dygw_scheduler_t *scheduler, dygw_ms_t from, dygw_ms_t until)
{
    scheduler->orders_from = from;
    scheduler->orders_until = until;
}

static apr_interval_time_t min_patience(apr_interval_time_t patience, dygw_ms_t left)
{
    return left * 1000 < patience ? left * 1000 : patience;
}

/* Shortens the patience to the time at which there is something else to do. */
static apr_interval_time_t limit_patience(const dygw_scheduler_t *scheduler,
                                          apr_interval_time_t patience)
{
    if (scheduler->orders.count > 0) {
        patience = min_patience(patience, dygw_run_order_wait(scheduler));
    }
    if (scheduler->fetch_waits) {
        patience = min_patience(patience, dygw_left_until(scheduler->fetch_at, DYGW_JOB_REST_MS));
    }
    return patience;
}

/* Takes all calls that are completed. Waits for the first of them, but sleeps when no call is under
 * way. */
static void take_completed_calls(dygw_scheduler_t *scheduler, apr_interval_time_t patience)
{
    int left = dygw_douyin_async_count(scheduler->async);
    dygw_answer_t answer;
    void *baton;

    if (left == 0 && patience > 0) {
        apr_sleep(patience);
    }
    while (left > 0 && dygw_douyin_async_next(scheduler->async, patience, &baton, &answer)) {
        dygw_run_answered(scheduler, baton, answer);
        scheduler->moved++;
        patience = 0;
        left--;
    }
}

/* No call is under way, but this closes connections that nobody needs any more. */
static void close_idle_connections(dygw_scheduler_t *scheduler)
{
    dygw_answer_t answer;
    void *baton;

    dygw_douyin_async_next(scheduler->async, 0, &baton, &answer);
}

int dygw_scheduler_turn(dygw_scheduler_t *scheduler, int may_start, apr_interval_time_t patience)
{
    dygw_run_end_rests(scheduler);
    scheduler->fetch_waits = 0;
    scheduler->moved = 0;
    if (may_start) {
        scheduler_fetch(scheduler);
    }
    dygw_run_send_order(scheduler);
    if (scheduler_is_active(scheduler)) {
        take_completed_calls(scheduler, limit_patience(scheduler, patience));
    }
    else {
        close_idle_connections(scheduler);
    }
    /* Calls that began together are completed together, so free slots are to be filled at once. */
    return scheduler_is_active(scheduler)
           || (may_start && scheduler->moved > 0 && !scheduler->caught_up);
}

int dygw_scheduler_caught_up(const dygw_scheduler_t *scheduler)
{
    return scheduler->caught_up;
}

int dygw_scheduler_running(const dygw_scheduler_t *scheduler)
{
    return (int)apr_hash_count(scheduler->running);
}
