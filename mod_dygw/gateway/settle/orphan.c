/* SPDX-License-Identifier: Apache-2.0
 * What follows when a verify may have been applied late (late.h). The job follow-up looks at the
 * coupon of a settled row; a redemption that fits the row and that no verification has is an
 * orphan:
 *
 *   certainly ours       it is cancelled, and the row is looked at again: there may be another one
 *   ours, but it cannot  that is tried again until it is too late for late verifies, then written
 *   be cancelled         to the log as an error
 *   not certainly ours   it is left alone, and in the end written to the log */
#include "gateway/account.h"
#include "gateway/record.h"
#include "gateway/settle/attribution.h"
#include "gateway/settle/cancelled.h"
#include "gateway/settle/follow_up.h"
#include "gateway/settle/late.h"
#include "gateway/settle/pace.h"

void dygw_orphan_schedule(dygw_job_t *job)
{
    dygw_verification_t *v = dygw_follow_up_row(job);
    dygw_ms_t last_sent = dygw_late_last_sent(job->rows, job->count);
    dygw_ms_t now = dygw_now();

    v->errand_at = DYGW_NO_TIME;
    if (dygw_late_is_over(last_sent, dygw_sure_now())) {
        v->news &= ~(DYGW_NEWS_LATE | DYGW_NEWS_ORPHAN);
    }
    else if (v->news & DYGW_NEWS_LATE) {
        v->errand_at = dygw_pace_late(last_sent, now);
    }
}

/* Ends a look at a row of which no orphan is left. If an orphan was being cancelled, that is done.
 * again: there may be another orphan, and the row is looked at again. */
static dygw_follow_up_next_e orphan_end_look(dygw_job_t *job, int again)
{
    dygw_verification_t *v = dygw_follow_up_row(job);
    int was_there = (v->news & DYGW_NEWS_ORPHAN) && v->cancels > 0;

    if (was_there) {
        v->news &= ~DYGW_NEWS_ORPHAN;
    }
    dygw_orphan_schedule(job);
    if (again) {
        v->news |= DYGW_NEWS_LATE;
        v->errand_at = v->errand_at == DYGW_NO_TIME ? dygw_now() : v->errand_at;
    }
    if (!was_there) {
        return dygw_follow_up_go_on(job);
    }
    dygw_log(job->ctx.log, INFO, 0,
             DYGWNO(0443) "verification %" APR_INT64_T_FMT ": what Douyin redeemed late is taken "
                          "back",
             v->id);
    return dygw_follow_up_end_cancel(job, DYGW_CANCEL_ORPHAN);
}

/* A redemption that is not certainly ours is left as it is. */
static dygw_follow_up_next_e leave_doubtful_redemption(dygw_job_t *job,
                                                       const dygw_seen_verify_t *orphan)
{
    dygw_verification_t *v = dygw_follow_up_row(job);

    dygw_orphan_schedule(job);
    if (v->errand_at == DYGW_NO_TIME) {
        dygw_log(job->ctx.log, WARN, 0,
                 DYGWNO(0445) "verification %" APR_INT64_T_FMT " is %s, and its coupon is used, by "
                              "verify_id %s: by a verify of ours that came late, or by another "
                              "system of the shop; no record has that, and it is left as it is",
                 v->id, dygw_verify_status_word(v->verify_status), orphan->verify_id);
    }
    return dygw_follow_up_go_on(job);
}

/* The orphan is not cancelled now. Until it is too late for late verifies, that is tried again,
 * since the reason (`why`) may cease. */
static dygw_follow_up_next_e leave_orphan(dygw_job_t *job, const dygw_seen_coupon_t *seen,
                                          const dygw_seen_verify_t *orphan, const char *why)
{
    dygw_verification_t *v = dygw_follow_up_row(job);

    v->last_error = why;
    dygw_orphan_schedule(job);
    if (v->errand_at != DYGW_NO_TIME) {
        return dygw_follow_up_go_on(job);
    }
    dygw_record_look(v, seen);
    dygw_log(job->ctx.log, ERR, 0,
             DYGWNO(0444) "verification %" APR_INT64_T_FMT " is %s, and Douyin redeemed its coupon "
                          "late all the same, as verify_id %s; that is not cancelled: %s",
             v->id, dygw_verify_status_word(v->verify_status), orphan->verify_id, why);
    return dygw_follow_up_end_cancel(job, DYGW_CANCEL_ORPHAN_LEFT);
}

static dygw_follow_up_next_e cancel_orphan(dygw_job_t *job, const dygw_seen_coupon_t *seen,
                                           const dygw_seen_verify_t *orphan)
{
    dygw_verification_t *v = dygw_follow_up_row(job);
    dygw_verification_t late = *v;

    late.verify_id = orphan->verify_id;
    v->news |= DYGW_NEWS_ORPHAN;
    v->cancels++;
    v->errand_at = dygw_pace_cancel(orphan->verify_time, dygw_now());
    if (!dygw_follow_up_write(job)) {
        return DYGW_FOLLOW_UP_STOP;
    }
    dygw_log(job->ctx.log, WARN, 0,
             DYGWNO(0442) "verification %" APR_INT64_T_FMT " is %s, and Douyin redeemed its coupon "
                          "late all the same, as verify_id %s; that is being cancelled",
             v->id, dygw_verify_status_word(v->verify_status), orphan->verify_id);
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_CANCEL,
        .account_id = dygw_account_of(job->ctx.gateway, v),
        .verify_id = late.verify_id,
        .certificate_id
        = seen->certificate.certificate_id ? seen->certificate.certificate_id : v->certificate_id,
        .cancel_token = dygw_cancel_token(job->ctx.gateway, &late, job->ctx.pool),
    };
    return DYGW_FOLLOW_UP_ASK;
}

dygw_follow_up_next_e dygw_orphan_taken_back(dygw_job_t *job)
{
    return orphan_end_look(job, 1);
}

static dygw_follow_up_next_e handle_orphan(dygw_job_t *job, const dygw_seen_coupon_t *seen,
                                           const dygw_seen_verify_t *orphan)
{
    const dygw_follow_up_t *state = job->state;

    if (!dygw_late_is_ours(dygw_follow_up_row(job), orphan)) {
        return leave_doubtful_redemption(job, orphan);
    }
    if (state->refusal) {
        return leave_orphan(job, seen, orphan, state->refusal->description);
    }
    if (orphan->can_cancel == 0 || dygw_sure_now() > orphan->verify_time + DYGW_CANCEL_FOR_MS) {
        return leave_orphan(job, seen, orphan, "it is too late for that");
    }
    return cancel_orphan(job, seen, orphan);
}

/* Finds an orphan. A redemption that was done after the time for late verifies is somebody else's,
 * and no orphan. */
static apr_status_t find_orphan(const dygw_job_t *job, const dygw_seen_coupon_t *seen,
                                dygw_free_verify_t *found)
{
    dygw_ms_t end = dygw_late_last_sent(job->rows, job->count) + DYGW_LATE_MS;
    dygw_ms_t now = dygw_now();
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, job->ctx.gateway->db, job->ctx.log, job->ctx.pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_attribution_find_free(db, dygw_follow_up_row(job), now < end ? now : end, seen,
                                        found, job->ctx.pool);
        dygw_db_close(db);
    }
    return rv;
}

/* While another verification of the coupon is `processing`, the redemption may be that
 * verification's: the row is looked at again later. */
dygw_follow_up_next_e dygw_orphan_look(dygw_job_t *job, const dygw_seen_coupon_t *seen)
{
    dygw_free_verify_t found;

    if (find_orphan(job, seen, &found) != APR_SUCCESS) {
        return DYGW_FOLLOW_UP_STOP;
    }
    if (found.verify && found.contested) {
        dygw_follow_up_row(job)->errand_at
            = dygw_pace_late(dygw_late_last_sent(job->rows, job->count), dygw_now());
        return dygw_follow_up_go_on(job);
    }
    return found.verify ? handle_orphan(job, seen, found.verify) : orphan_end_look(job, 0);
}
