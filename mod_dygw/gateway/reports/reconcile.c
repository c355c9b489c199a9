/* SPDX-License-Identifier: Apache-2.0
 * Reconciles business days: each day after its end, and again each day that an operator asks for.
 * An open day, which has not ended or of which Douyin's records may not be complete, is compared as
 * far as it has come, and again when they are.
 *
 * A run is the work on one day of one account; there is one run at a time, however many accounts
 * there are. Its steps are:
 *
 *   fetch    asks Douyin for all pages of its records, one by one, and keeps them in memory
 *   read     reads our verifications of the day from the database, some hundred in a turn
 *   find     searches the database for partners of Douyin's records that have none yet
 *   write    writes what did not match as items of a new generation, some dozen in a turn
 *   show     makes the new generation the one that readers see, in one statement
 *   tidy     removes the items of older generations, except the one that was shown before, which
 *            somebody may still be reading
 *
 * The day's row in the database stays due until the new generation is shown. So after a crash, or
 * when another host takes over, the day is reconciled from the beginning. */
#include "gateway/reports/reconcile.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/account.h"
#include "gateway/reports/reconcile_days.h"
#include "gateway/reports/reconcile_run.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/day.h"
#include "util/pool.h"

/* Douyin is asked for its records from so long before the day to so long after it: see match.h. */
#define BEFORE_MS        APR_INT64_C(7200000)
#define AFTER_MS         APR_INT64_C(600000)
/* Our verifications of the day were created up to 50 h before it, because settling may take so
 * long, and up to 5 min after it, because Douyin's clock may be behind ours. */
#define SETTLED_MS       APR_INT64_C(180000000)
#define SKEW_MS          APR_INT64_C(300000)
/* The pause before a failed day is tried again; it doubles up to the longest one. */
#define FIRST_PAUSE_MS   APR_INT64_C(60000)
#define LONGEST_PAUSE_MS APR_INT64_C(3600000)
#define DOUBLINGS_MAX    6
#define TRIES_MAX        24   /* of one day; with the pauses they take about 18 h */
#define REST_MS          5000 /* nothing new is begun for so long after a failure */

struct dygw_reconcile_t {
    dygw_ctx_t ctx; /* its pool is the parent of the run's pool */
    dygw_douyin_async_t *async;
    dygw_reconcile_run_t *run;  /* NULL: no day is being reconciled */
    dygw_reconcile_days_t days; /* which days were added to the table */
    dygw_ms_t rest_until;       /* nothing is begun before then */
};

static void rest_for_now(dygw_reconcile_t *rec)
{
    rec->rest_until = dygw_now() + REST_MS;
}

/* --- the beginning and the end of a run --- */

static void end_run(dygw_reconcile_t *rec)
{
    apr_pool_destroy(rec->run->ctx.pool);
    rec->run = NULL;
}

/* An account of the gateway has all redemptions of its records; of others we cannot tell. */
static int is_account_of_ours(const dygw_reconcile_run_t *run)
{
    const apr_array_header_t *accounts = dygw_accounts(run->ctx.gateway, run->ctx.pool);
    int i;

    for (i = 0; i < accounts->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(accounts, i, const char *), run->row->account_id)) {
            return 1;
        }
    }
    return 0;
}

static dygw_ms_t earlier_of(dygw_ms_t a, dygw_ms_t b)
{
    return a < b ? a : b;
}

static dygw_ms_t later_of(dygw_ms_t a, dygw_ms_t b)
{
    return a > b ? a : b;
}

static apr_status_t set_up_run(dygw_reconcile_run_t *run)
{
    const dygw_day_times_t *times = &run->times;
    apr_status_t rv = dygw_day_times(run->ctx.gateway, run->row->day, &run->times);
    dygw_ms_t now;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    now = later_of(dygw_sure_now(), times->start);
    run->is_final = now >= times->ready;
    run->match = dygw_match_make(times->start, times->end, is_account_of_ours(run), run->ctx.pool);
    if (!run->is_final) {
        run->match->until
            = later_of(earlier_of(now - DYGW_RECONCILE_EDGE_MS, times->end), times->start);
    }
    /* What is redeemed while the pages come must not make them endless. */
    run->question
        = (dygw_question_t){ .what = DYGW_QUESTION_RECORDS,
                             .account_id = run->row->account_id,
                             .start_time = times->start - BEFORE_MS,
                             .end_time = earlier_of(times->end + AFTER_MS, now + SKEW_MS) };
    run->ids.after = dygw_id_at(times->start - SETTLED_MS) - 1;
    run->ids.below = dygw_id_at(earlier_of(times->end, now) + SKEW_MS);
    run->step = DYGW_RECONCILE_FETCH;
    return apr_pool_create(&run->page_pool, run->ctx.pool);
}

/* Reads the day that is due for the longest time. APR_NOTFOUND: no day is due. */
static apr_status_t read_due_day(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_reconcile_run_t *run = baton;

    return dygw_store_reconciliation_due(db, dygw_sure_now(), &run->row, ctx->pool);
}

/* The run gets a pool of its own, which is destroyed when the run ends. */
static void begin_run(dygw_reconcile_t *rec)
{
    apr_pool_t *pool;
    apr_status_t rv = dygw_pool_create(&pool, rec->ctx.pool);

    if (rv != APR_SUCCESS) {
        rest_for_now(rec);
        return;
    }
    apr_pool_tag(pool, "dygw_reconcile");
    rec->run = apr_pcalloc(pool, sizeof(*rec->run));
    rec->run->ctx = dygw_ctx_with_pool(&rec->ctx, pool);
    rec->run->async = rec->async;
    rv = dygw_db_work(&rec->run->ctx, read_due_day, rec->run, DYGW_DB_ONCE);
    if (rv == APR_SUCCESS) {
        rv = set_up_run(rec->run);
    }
    if (rv != APR_SUCCESS) {
        end_run(rec);
    }
    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        rest_for_now(rec);
    }
}

/* Sets when the day is to be tried again, DYGW_NO_TIME: never; and how many tries count as failed.
 * A day that was open is given up for the time being only: it begins anew when it is ready. */
static void set_next_try(dygw_reconcile_run_t *run)
{
    const int tries = run->row->tries;
    const dygw_ms_t pause = FIRST_PAUSE_MS << (tries < DOUBLINGS_MAX ? tries : DOUBLINGS_MAX);

    run->tries = tries + 1;
    if (run->tries < TRIES_MAX) {
        run->next_at = dygw_now() + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
    }
    else if (run->is_final) {
        run->next_at = DYGW_NO_TIME;
    }
    else {
        run->next_at = run->times.ready;
        run->tries = 0;
    }
}

static void report_failure(const dygw_reconcile_run_t *run)
{
    if (run->next_at == DYGW_NO_TIME) {
        dygw_log(run->ctx.log, ERR, 0,
                 DYGWNO(0482) "%s of account %s is not reconciled with Douyin's records, and not "
                              "tried again: %s",
                 run->row->day, run->row->account_id, run->failed);
    }
    else {
        dygw_log(run->ctx.log, WARN, 0,
                 DYGWNO(0481) "%s of account %s is not reconciled with Douyin's records yet: %s; "
                              "it will be tried again in %" APR_INT64_T_FMT " s",
                 run->row->day, run->row->account_id, run->failed,
                 (run->next_at - dygw_now()) / 1000);
    }
}

static apr_status_t write_failure(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_reconcile_run_t *run = baton;

    return dygw_store_reconciliation_failed(db, run->row, run->next_at, run->tries, run->failed);
}

static void fail_run(dygw_reconcile_t *rec)
{
    dygw_reconcile_run_t *run = rec->run;

    set_next_try(run);
    report_failure(run);
    dygw_db_work(&run->ctx, write_failure, run, DYGW_DB_ONCE);
    end_run(rec);
    rest_for_now(rec);
}

/* --- turns --- */

/* Does one step in one unit of work. */
static void work_on_run(dygw_reconcile_run_t *run)
{
    dygw_ctx_t ctx = run->ctx;
    apr_status_t rv;

    apr_pool_create(&ctx.pool, run->ctx.pool);
    rv = dygw_db_work(&ctx, dygw_reconcile_step, run, DYGW_DB_ONCE);
    apr_pool_destroy(ctx.pool);
    if (rv != APR_SUCCESS) {
        run->failed = "the database does not do its part";
    }
}

/* Runs before the pool of the run is destroyed, because calls under way point into that pool. */
static apr_status_t end_async(void *data)
{
    apr_pool_destroy(data);
    return APR_SUCCESS;
}

apr_status_t dygw_reconcile_create(dygw_reconcile_t **reconcile, const dygw_ctx_t *ctx)
{
    dygw_reconcile_t *made;
    apr_pool_t *own, *async_pool;

    apr_pool_create(&own, ctx->pool);
    *reconcile = made = apr_pcalloc(own, sizeof(*made));
    made->ctx = dygw_ctx_with_pool(ctx, own);
    apr_pool_create(&async_pool, own);
    apr_pool_pre_cleanup_register(own, async_pool, end_async);
    return dygw_douyin_async_create(&made->async, ctx->gateway->douyin, async_pool);
}

/* Drops the run. A call under way points into the run, and so is completed first. Returns whether
 * the call is still under way. */
static int drop_run(dygw_reconcile_t *rec, apr_interval_time_t patience)
{
    dygw_answer_t answer;
    void *baton;

    if (rec->run->under_way && !dygw_douyin_async_next(rec->async, patience, &baton, &answer)) {
        return 1;
    }
    end_run(rec);
    return 0;
}

/* dygw_douyin_async_next closes connections to Douyin that were not used for long. */
static void close_idle_connections(dygw_reconcile_t *rec)
{
    dygw_answer_t answer;
    void *baton;

    dygw_douyin_async_next(rec->async, 0, &baton, &answer);
}

/* Returns whether there is more to do at once. */
static int continue_run(dygw_reconcile_t *rec, apr_interval_time_t patience)
{
    int more = 1;

    if (rec->run->step == DYGW_RECONCILE_FETCH) {
        more = dygw_reconcile_fetch(rec->run, patience);
    }
    else {
        work_on_run(rec->run);
    }
    if (rec->run->failed && rec->run->step != DYGW_RECONCILE_TIDY) {
        fail_run(rec);
    }
    else if (rec->run->failed || rec->run->step == DYGW_RECONCILE_OVER) {
        end_run(rec);
    }
    return more;
}

/* Returns whether there are accounts left whose missing days are to be added. */
static int begin_next_day(dygw_reconcile_t *rec, int is_due)
{
    const apr_status_t rv = dygw_reconcile_days_add(&rec->ctx, &rec->days);

    if (rv != APR_SUCCESS && rv != APR_INCOMPLETE) {
        rest_for_now(rec);
    }
    if (is_due) {
        begin_run(rec);
    }
    return rv == APR_INCOMPLETE;
}

int dygw_reconcile_turn(dygw_reconcile_t *rec, int may_work, int is_due,
                        apr_interval_time_t patience)
{
    int more = 0;

    if (rec->run && !may_work) {
        return drop_run(rec, patience);
    }
    if (!rec->run && may_work && dygw_left_until(rec->rest_until, REST_MS) == 0) {
        more = begin_next_day(rec, is_due);
    }
    if (!rec->run) {
        close_idle_connections(rec);
        return more;
    }
    return continue_run(rec, patience);
}
