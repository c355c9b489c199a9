/* SPDX-License-Identifier: Apache-2.0
 * Reconciles business days: days that have ended, and days that somebody wants anew.
 *
 *   fetch    all pages of Douyin's records, one after the other, kept in memory
 *   read     our rows of the day, some hundred a turn
 *   find     for Douyin's records without a partner: what else the database has
 *   write    what did not match, some dozen items a turn, as a new generation
 *   show     the generation, in one statement
 *   tidy     removes generations but that one and the one before, which somebody may be reading
 *
 * One day at a time. The row of the day stays due until its generation is shown: after a crash, or
 * when another host takes over, the day is reconciled from the beginning. */
#include "gateway/reports/reconcile.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/reports/reconcile_run.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/day.h"
#include "util/pool.h"

#define BEFORE_MS       APR_INT64_C(7200000)    /* Douyin's records from so long before the day, */
#define AFTER_MS        APR_INT64_C(600000)     /* and after it, see match.h */
#define SETTLED_MS      APR_INT64_C(180000000)  /* 50 h: a redemption is known so late */
#define SKEW_MS         APR_INT64_C(300000)     /* verified by Douyin's clock, created by ours */
#define FIRST_PAUSE_MS  APR_INT64_C(60000)      /* before a failed day is tried again; doubles */
#define LONGEST_PAUSE_MS APR_INT64_C(3600000)
#define DOUBLINGS_MAX   6
#define TRIES_MAX       24                      /* about a day */
#define REST_MS         5000                    /* the database does not do its part */
#define BACK_DAYS       30                      /* that are made up for */

struct dygw_reconcile_t {
    dygw_ctx_t ctx;                     /* its pool is above that of the run */
    dygw_douyin_async_t *async;
    dygw_reconcile_run_t *run;          /* NULL: none */
    dygw_ms_t known_from;               /* from then on, for a day, all days are in the table */
    dygw_ms_t rest_until;
};

static void rest(dygw_reconcile_t *rec)
{
    rec->rest_until = dygw_now() + REST_MS;
}

/* --- days that have ended --- */

/* Days from `from` to `last`, both included. */
static apr_status_t add_range(const dygw_gateway_t *gateway, dygw_db_t *db, dygw_ms_t from,
                              dygw_ms_t last)
{
    const dygw_ms_t now = dygw_now();
    apr_status_t rv = APR_SUCCESS;

    for (; from <= last && rv == APR_SUCCESS; from += DYGW_DAY_MS) {
        const char *day = dygw_day_of(from, gateway->time_zone, dygw_db_pool(db));

        rv = dygw_store_reconciliation_add(db, day, gateway->account_id, now, now);
    }
    return rv;
}

/* The days behind the last that is known, up to the one that begins at `*baton`. Without any, that
 * one if there was anything to reconcile by then: a gateway that begins does not ask for the days
 * before. */
static apr_status_t add_missing(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_ms_t last = *(const dygw_ms_t *)baton;
    const int zone = ctx->gateway->time_zone;
    const char *known;
    dygw_ms_t from;
    int began = 0;
    apr_status_t rv = dygw_store_reconciliation_last_day(
        db, ctx->gateway->account_id, dygw_day_of(last - BACK_DAYS * DYGW_DAY_MS, zone, ctx->pool),
        dygw_day_of(last, zone, ctx->pool), &known, ctx->pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_day_start(known, zone, &from);
        return rv == APR_SUCCESS ? add_range(ctx->gateway, db, from + DYGW_DAY_MS, last) : rv;
    }
    if (rv == APR_NOTFOUND) {
        rv = dygw_store_match_began_before(db, dygw_id_at(last + DYGW_DAY_MS), &began);
    }
    return rv == APR_SUCCESS && began ? add_range(ctx->gateway, db, last, last) : rv;
}

/* When the last day began that is to be in the table. */
static dygw_ms_t last_day(const dygw_ctx_t *ctx)
{
    const int zone = ctx->gateway->time_zone;
    const dygw_ms_t at = dygw_now() - DYGW_RECONCILE_LAG_MS - DYGW_DAY_MS;
    dygw_ms_t start = 0;

    dygw_day_start(dygw_day_of(at, zone, ctx->pool), zone, &start);
    return start;
}

static void add_days(dygw_reconcile_t *rec)
{
    const dygw_ms_t now = dygw_now();
    dygw_ctx_t ctx = rec->ctx;
    dygw_ms_t last;

    if (now >= rec->known_from && now < rec->known_from + DYGW_DAY_MS) {
        return;
    }
    apr_pool_create(&ctx.pool, rec->ctx.pool);
    last = last_day(&ctx);
    if (dygw_db_work(&ctx, add_missing, &last, DYGW_DB_ONCE) == APR_SUCCESS) {
        rec->known_from = last + DYGW_DAY_MS + DYGW_RECONCILE_LAG_MS;
    }
    else {
        rest(rec);
    }
    apr_pool_destroy(ctx.pool);
}

/* --- a run's beginning and end --- */

static void end_run(dygw_reconcile_t *rec)
{
    apr_pool_destroy(rec->run->ctx.pool);
    rec->run = NULL;
}

static apr_status_t set_up(dygw_reconcile_run_t *run)
{
    const dygw_gateway_t *gateway = run->ctx.gateway;
    const char *account = gateway->account_id;
    dygw_ms_t start;
    apr_status_t rv = dygw_day_start(run->row->day, gateway->time_zone, &start);
    const dygw_ms_t end = start + DYGW_DAY_MS;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    run->match = dygw_match_make(start, end, account && !strcmp(account, run->row->account_id),
                                 run->ctx.pool);
    run->question = (dygw_question_t){ .what = DYGW_QUESTION_RECORDS,
                                       .account_id = run->row->account_id,
                                       .start_time = start - BEFORE_MS,
                                       .end_time = end + AFTER_MS };
    run->ids.after = dygw_id_at(start - SETTLED_MS) - 1;
    run->ids.below = dygw_id_at(end + SKEW_MS);
    run->step = DYGW_RECONCILE_FETCH;
    return apr_pool_create(&run->page_pool, run->ctx.pool);
}

/* APR_NOTFOUND: none is due. */
static apr_status_t read_due(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_reconcile_run_t *run = baton;

    return dygw_store_reconciliation_due(db, dygw_now(), &run->row, ctx->pool);
}

/* The run has memory of its own, which goes when it ends. */
static void begin_run(dygw_reconcile_t *rec)
{
    apr_pool_t *pool;
    apr_status_t rv = dygw_pool_create(&pool, rec->ctx.pool);

    if (rv != APR_SUCCESS) {
        rest(rec);
        return;
    }
    apr_pool_tag(pool, "dygw_reconcile");
    rec->run = apr_pcalloc(pool, sizeof(*rec->run));
    rec->run->ctx = dygw_ctx_with_pool(&rec->ctx, pool);
    rec->run->async = rec->async;
    rv = dygw_db_work(&rec->run->ctx, read_due, rec->run, DYGW_DB_ONCE);
    if (rv == APR_SUCCESS) {
        rv = set_up(rec->run);
    }
    if (rv != APR_SUCCESS) {
        end_run(rec);
    }
    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        rest(rec);
    }
}

/* When the day is to be tried again. */
static dygw_ms_t next_try(int tries)
{
    const dygw_ms_t pause = FIRST_PAUSE_MS << (tries < DOUBLINGS_MAX ? tries : DOUBLINGS_MAX);

    if (tries + 1 >= TRIES_MAX) {
        return DYGW_NO_TIME;
    }
    return dygw_now() + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
}

static void report_failure(const dygw_reconcile_run_t *run)
{
    if (run->next_at == DYGW_NO_TIME) {
        dygw_log(run->ctx.log, ERR, 0,
                 DYGWNO(0482) "%s is not reconciled with Douyin's records, and not tried again: %s",
                 run->row->day, run->failed);
    }
    else {
        dygw_log(run->ctx.log, WARN, 0,
                 DYGWNO(0481) "%s is not reconciled with Douyin's records yet: %s; it will be "
                              "tried again in %" APR_INT64_T_FMT " s",
                 run->row->day, run->failed, (run->next_at - dygw_now()) / 1000);
    }
}

static apr_status_t write_failure(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_reconcile_run_t *run = baton;

    return dygw_store_reconciliation_failed(db, run->row, run->next_at, run->failed);
}

static void fail_run(dygw_reconcile_t *rec)
{
    dygw_reconcile_run_t *run = rec->run;

    run->next_at = next_try(run->row->tries);
    report_failure(run);
    dygw_db_work(&run->ctx, write_failure, run, DYGW_DB_ONCE);
    end_run(rec);
    rest(rec);
}

/* --- turns --- */

/* One step, in one unit of work. */
static void step(dygw_reconcile_run_t *run)
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

/* The calls under way go first: they point into the run's pool. */
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

/* What is under way is completed first: it points into the run. */
static int drop(dygw_reconcile_t *rec, apr_interval_time_t patience)
{
    dygw_answer_t answer;
    void *baton;

    if (rec->run->under_way && !dygw_douyin_async_next(rec->async, patience, &baton, &answer)) {
        return 1;
    }
    end_run(rec);
    return 0;
}

/* Connections that were not needed for long are closed. */
static void look_after_async(dygw_reconcile_t *rec)
{
    dygw_answer_t answer;
    void *baton;

    dygw_douyin_async_next(rec->async, 0, &baton, &answer);
}

/* Gives whether there is more to do at once. */
static int go_on(dygw_reconcile_t *rec, apr_interval_time_t patience)
{
    int more = 1;

    if (rec->run->step == DYGW_RECONCILE_FETCH) {
        more = dygw_reconcile_fetch(rec->run, patience);
    }
    else {
        step(rec->run);
    }
    if (rec->run->failed && rec->run->step != DYGW_RECONCILE_TIDY) {
        fail_run(rec);
    }
    else if (rec->run->failed || rec->run->step == DYGW_RECONCILE_OVER) {
        end_run(rec);
    }
    return more;
}

static void begin(dygw_reconcile_t *rec, int is_due)
{
    if (rec->ctx.gateway->account_id) {
        add_days(rec);
    }
    if (is_due) {
        begin_run(rec);
    }
}

int dygw_reconcile_turn(dygw_reconcile_t *rec, int may_work, int is_due,
                        apr_interval_time_t patience)
{
    if (rec->run && !may_work) {
        return drop(rec, patience);
    }
    if (!rec->run && may_work && dygw_left_until(rec->rest_until, REST_MS) == 0) {
        begin(rec, is_due);
    }
    if (!rec->run) {
        look_after_async(rec);
        return 0;
    }
    return go_on(rec, patience);
}
