/* SPDX-License-Identifier: Apache-2.0
 * What the files of settling share: writing rows, when they are due next, and what to do about rows
 * of the request that are settled already. */
#include "gateway/settle/settle_state.h"

#include "gateway/reasons.h"
#include "gateway/record.h"
#include "gateway/settle/late.h"
#include "gateway/settle/pace.h"
#include "gateway/settle/sale.h"
#include "gateway/unusable.h"

int dygw_settle_is_open(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_PROCESSING;
}

void dygw_settle_explain(const dygw_job_t *job, int i)
{
    const dygw_settle_t *s = job->state;
    const dygw_seen_coupon_t *seen = s->evidence.seen[i];
    const dygw_shown_t shown = {
        .coupons = seen,
        .count = seen != NULL,
        .at = dygw_usable_moment(s->shown_at, job->rows[i]->poi_id, job->ctx.gateway->time_zone),
    };

    dygw_unusable_explain(job->rows[i], &shown, job->ctx.pool);
}

void dygw_settle_finish(dygw_verification_t *v)
{
    v->last_error = NULL;
    v->news &= DYGW_NEWS_SALE;
    v->refused_code = DYGW_NO_INT;
    v->refused_description = NULL;
    v->errand_at = v->verify_status == DYGW_SUCCESS && v->cancel_since != DYGW_NO_TIME
                       ? v->updated_at
                       : DYGW_NO_TIME;
    if (v->verify_status == DYGW_SUCCESS) {
        dygw_late_expect(v);
    }
    dygw_sale_resume(v);
}

static void count_settled(const dygw_job_t *job, const dygw_verification_t *v)
{
    const dygw_metrics_t *metrics = job->ctx.gateway->metrics;

    dygw_count(metrics, DYGW_COUNT_SETTLED,
               v->verify_status == DYGW_SUCCESS ? DYGW_SETTLED_SUCCESS : DYGW_SETTLED_FAILED);
    if (v->verify_status == DYGW_FAILED) {
        dygw_reason_count(metrics, dygw_reason_of(v));
    }
}

static void log_settled_rows(const dygw_job_t *job, const int *changed)
{
    int i;

    for (i = 0; i < job->count; i++) {
        const dygw_verification_t *v = job->rows[i];

        if (changed[i] == DYGW_JOB_CHANGED && !dygw_settle_is_open(v)) {
            count_settled(job, v);
            dygw_log(job->ctx.log, INFO, 0,
                     DYGWNO(0430) "verification %" APR_INT64_T_FMT " is settled: %s%s%s, "
                                  "error_code %" APR_INT64_T_FMT,
                     v->id, dygw_verify_status_word(v->verify_status),
                     v->confirmed_by ? ", confirmed by " : "",
                     v->confirmed_by ? dygw_confirmed_by_word(v->confirmed_by) : "", v->error_code);
        }
    }
}

/* Makes the open rivals of the i-th row due, since they may have waited for it to be settled. If
 * that fails, they come to their turn later all the same. */
static void wake_rivals_of(const dygw_job_t *job, int i, dygw_db_t **db)
{
    const dygw_settle_t *s = job->state;
    const apr_array_header_t *rivals = s->evidence.rivals[i];
    int n;

    for (n = 0; rivals && n < rivals->nelts; n++) {
        const dygw_rival_t *rival = &APR_ARRAY_IDX(rivals, n, dygw_rival_t);

        if (rival->verify_status != DYGW_PROCESSING || rival->first_id == job->rows[0]->first_id) {
            continue;
        }
        if (!*db
            && dygw_db_open(db, job->ctx.gateway->db, job->ctx.log, job->ctx.pool) != APR_SUCCESS) {
            return;
        }
        dygw_store_verification_wake(*db, rival->id, dygw_now());
    }
}

static void wake_rivals(const dygw_job_t *job, const int *changed)
{
    dygw_db_t *db = NULL;
    int i;

    for (i = 0; i < job->count; i++) {
        if (changed[i] == DYGW_JOB_CHANGED && !dygw_settle_is_open(job->rows[i])) {
            wake_rivals_of(job, i, &db);
        }
    }
    if (db) {
        dygw_db_close(db);
    }
}

int dygw_settle_write(dygw_job_t *job, const int *changed, int *clash)
{
    if (!dygw_job_write(job, changed, clash)) {
        return 0;
    }
    log_settled_rows(job, changed);
    wake_rivals(job, changed);
    return 1;
}

/* All open rows of the request are looked at together, so they are due together; but no row is due
 * while a verify of it may be under way. */
static void set_next_run_of_open(const dygw_job_t *job, dygw_ms_t next)
{
    int i;

    for (i = 0; i < job->count; i++) {
        dygw_verification_t *v = job->rows[i];

        if (dygw_settle_is_open(v)) {
            v->next_run_at = v->lease_until > next ? v->lease_until : next;
        }
    }
}

static dygw_ms_t next_look_of(const dygw_job_t *job, const dygw_verification_t *v, dygw_ms_t now)
{
    const dygw_settle_t *s = job->state;
    dygw_ms_t repeat;

    if (v->already || v->refused_code != DYGW_NO_INT || !dygw_may_repeat(job->rows, job->count)) {
        return dygw_pace_look(v, now);
    }
    repeat = dygw_pace_repeat(job->rows, job->count);
    if (s->refused) {
        dygw_ms_t mended = dygw_pace_refused(v, s->rests, now);

        return mended > repeat ? mended : repeat;
    }
    return repeat > now ? repeat : dygw_pace_look(v, now);
}

void dygw_settle_schedule(const dygw_job_t *job, dygw_ms_t now)
{
    dygw_ms_t next = DYGW_NO_TIME;
    int i;

    for (i = 0; i < job->count; i++) {
        if (dygw_settle_is_open(job->rows[i])) {
            dygw_ms_t due = next_look_of(job, job->rows[i], now);

            next = next == DYGW_NO_TIME || due < next ? due : next;
        }
    }
    set_next_run_of_open(job, next);
}

/* --- settled rows of the request --- */

/* If Douyin never told the verify_id of v, any redemption counts. */
static int redemption_is_shown(const dygw_verification_t *v, const dygw_seen_coupon_t *seen)
{
    return seen
           && (v->verify_id ? dygw_fit_find(seen, v->verify_id) != NULL
                            : seen->verifies->nelts > 0);
}

int dygw_settle_redeemed_are_shown(const dygw_job_t *job)
{
    const dygw_settle_t *s = job->state;
    int i;

    for (i = 0; i < job->count; i++) {
        if (job->rows[i]->verify_status == DYGW_SUCCESS
            && !redemption_is_shown(job->rows[i], s->evidence.seen[i])) {
            return 0;
        }
    }
    return 1;
}

/* Whether the redemption of v is gone and no follow-up knows that yet. A row that is being
 * cancelled is left out, because its follow-up looks in any case. */
static int redemption_is_gone(const dygw_verification_t *v, const dygw_seen_coupon_t *seen)
{
    return v->verify_status == DYGW_SUCCESS && v->cancel_since == DYGW_NO_TIME
           && !(v->news & DYGW_NEWS_LOOK) && seen && dygw_fit_is_gone(v, seen)
           && !dygw_fit_is_hidden(seen);
}

void dygw_settle_note_gone(dygw_job_t *job)
{
    const dygw_settle_t *s = job->state;
    int changed[DYGW_COUNT_MAX];
    int gone = 0;
    int i;

    for (i = 0; i < job->count; i++) {
        dygw_verification_t *v = job->rows[i];

        changed[i] = redemption_is_gone(v, s->evidence.seen[i]);
        if (changed[i]) {
            v->news |= DYGW_NEWS_WEBHOOK | DYGW_NEWS_LOOK;
            v->errand_at = s->evidence.now;
            gone++;
        }
    }
    if (gone > 0) {
        dygw_job_write(job, changed, NULL);
    }
}

void dygw_settle_keep_answer(const dygw_job_t *job, const char *call, const dygw_reply_t *reply)
{
    int i;

    for (i = 0; i < job->count; i++) {
        if (dygw_settle_is_open(job->rows[i])) {
            dygw_record_replace_response(job->rows[i], call, reply, job->ctx.pool);
        }
    }
}
