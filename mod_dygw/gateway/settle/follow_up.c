/* SPDX-License-Identifier: Apache-2.0
 * The job follow-up: what is left to do with rows that are not `processing` any more. For each row
 * of the request that is due:
 *
 *   what is left                     what is done
 *
 *   a cancel that was not sent yet   cancel, as soon as no verify of the request can be under way
 *   a cancel whose outcome is        get: our verify_id is not shown any more: `cancelled`; it is
 *   unknown                          still shown, or may be hidden by a refund: cancel once more,
 *                                    for up to 2 h
 *   Douyin has refused a cancel      get: an earlier cancel may have been carried out; if none
 *                                    was, the refusal is the outcome
 *   news of a webhook                get: our verify_id is not shown any more: `cancelled`; the
 *                                    coupon was refunded: that is recorded
 *                                    (a refund that was asked for: after_sale.c asks, later)
 *   a verify may be applied late     get, now and then, until it is too late for that; a redemption
 *   (late.h, orphan.c)               that fits and that no verification has: cancel that
 *
 * A cancel is counted in the row, and that is committed, before the cancel is sent. A `success`
 * without verify_id is looked at with get first, to learn the verify_id that a cancel needs. */
#include "gateway/settle/follow_up.h"

#include "douyin/codes.h"
#include "gateway/account.h"
#include "gateway/record.h"
#include "gateway/settle/attribution.h"
#include "gateway/settle/cancelled.h"
#include "gateway/settle/fit.h"
#include "gateway/settle/late.h"
#include "gateway/settle/pace.h"
#include "gateway/settle/sale.h"
#include "gateway/settle/settle.h"

/* 49 h: after that Douyin is not asked any more. */
#define ASK_FOR_MS        APR_INT64_C(176400000)
#define NEWS_PAUSE_MS     60000
#define NEWS_PAUSE_MAX_MS 600000
#define NEWS_PAUSE_PART   10    /* a pause is the row's age divided by this */
#define FRESH_MS          10000 /* Douyin may not show a redemption yet */
/* So far the clock of the host that redeemed may be ahead; more: our clock was set back. */
#define AHEAD_MAX_MS      60000
/* What a look at the coupon answers. */
#define NEWS_LOOKED_INTO  (DYGW_NEWS_WEBHOOK | DYGW_NEWS_LOOK | DYGW_NEWS_CANCEL)

static dygw_follow_up_next_e end_cancel_undone(dygw_job_t *job, const char *why);

static int is_being_cancelled(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_SUCCESS && v->cancel_since != DYGW_NO_TIME;
}

/* Returns when cancelling could begin. A row that was given up while it was `processing` can be
 * cancelled only when its redemption is known. */
static dygw_ms_t cancel_began(const dygw_verification_t *v)
{
    return v->verify_time > v->cancel_since ? v->verify_time : v->cancel_since;
}

/* --- questions --- */

static dygw_follow_up_next_e follow_up_ask_get(dygw_job_t *job)
{
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_GET,
        .account_id = dygw_account_of(job->ctx.gateway, dygw_follow_up_row(job)),
        .encrypted_code = dygw_follow_up_row(job)->encrypted_code,
    };
    return DYGW_FOLLOW_UP_ASK;
}

static dygw_follow_up_next_e end_cancel_nameless(dygw_job_t *job)
{
    return end_cancel_undone(job, "Douyin did not say what is needed to cancel it");
}

static dygw_follow_up_next_e follow_up_send_cancel(dygw_job_t *job)
{
    const dygw_follow_up_t *state = job->state;
    dygw_verification_t *v = dygw_follow_up_row(job);

    if (!v->verify_id || !v->certificate_id) {
        return end_cancel_nameless(job);
    }
    v->cancels++;
    v->errand_at = dygw_pace_cancel(cancel_began(v), dygw_now());
    if (!dygw_follow_up_write(job)) {
        v->verify_id = state->clash ? NULL : v->verify_id;
        return state->clash ? end_cancel_nameless(job) : DYGW_FOLLOW_UP_STOP;
    }
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_CANCEL,
        .account_id = dygw_account_of(job->ctx.gateway, v),
        .verify_id = v->verify_id,
        .certificate_id = v->certificate_id,
        .cancel_token = dygw_cancel_token(job->ctx.gateway, v, job->ctx.pool),
    };
    return DYGW_FOLLOW_UP_ASK;
}

/* The cancel waits while a verify of its request may be under way: that could redeem anew what the
 * cancel has taken back. */
static dygw_follow_up_next_e follow_up_begin_cancel(dygw_job_t *job)
{
    dygw_ms_t at = dygw_cancel_not_before(job->rows, job->count);

    if (at <= dygw_now()) {
        return follow_up_send_cancel(job);
    }
    dygw_follow_up_row(job)->errand_at = at;
    return dygw_follow_up_go_on(job);
}

/* --- outcomes --- */

static dygw_follow_up_next_e end_cancel_done(dygw_job_t *job, dygw_confirmed_by_e by)
{
    dygw_verification_t *v = dygw_follow_up_row(job);

    dygw_cancel_done(v);
    if (by != DYGW_BY_NOBODY) {
        v->confirmed_by = by;
    }
    dygw_log(job->ctx.log, INFO, 0, DYGWNO(0434) "verification %" APR_INT64_T_FMT " is cancelled",
             v->id);
    return dygw_follow_up_end_cancel(job, DYGW_CANCEL_DONE);
}

static dygw_follow_up_next_e end_cancel_refused(dygw_job_t *job, const dygw_reply_t *reply)
{
    dygw_log(job->ctx.log, INFO, 0,
             DYGWNO(0433) "verification %" APR_INT64_T_FMT " is not cancelled: error_code %s",
             dygw_follow_up_row(job)->id,
             dygw_douyin_refusal_text(reply->error_code, reply->account_id, job->ctx.pool));
    dygw_cancel_refused(dygw_follow_up_row(job), reply);
    return dygw_follow_up_end_cancel(job, DYGW_CANCEL_REFUSED);
}

static dygw_follow_up_next_e end_cancel_undone(dygw_job_t *job, const char *why)
{
    const dygw_reply_t reply = { .error_code = DYGW_CODE_UNKNOWN_ERROR, .description = why };

    return end_cancel_refused(job, &reply);
}

static dygw_follow_up_next_e end_cancel_unconfirmed(dygw_job_t *job)
{
    return end_cancel_undone(job, "Douyin did not carry out the cancel in time");
}

static dygw_follow_up_next_e end_news(dygw_job_t *job, const dygw_reply_t *reply)
{
    dygw_verification_t *v = dygw_follow_up_row(job);

    v->news &= ~NEWS_LOOKED_INTO;
    v->last_error = dygw_record_trouble(job->question.what, reply, job->ctx.pool);
    dygw_orphan_schedule(job);
    return dygw_follow_up_go_on(job);
}

/* Returns how many ms it takes until Douyin certainly shows the redemption of v; 0: none. */
static dygw_ms_t fresh_for(const dygw_verification_t *v, dygw_ms_t now)
{
    dygw_ms_t left = v->verify_time == DYGW_NO_TIME ? 0 : v->verify_time + FRESH_MS - now;

    if (left <= 0 || left > FRESH_MS + AHEAD_MAX_MS) {
        return 0;
    }
    return left < FRESH_MS ? left : FRESH_MS;
}

static dygw_ms_t news_pause(const dygw_verification_t *v, const dygw_reply_t *reply, dygw_ms_t now)
{
    dygw_ms_t pause = (now - v->created_at) / NEWS_PAUSE_PART;

    if (reply->kind == DYGW_REPLY_OK && fresh_for(v, now) > 0) {
        return fresh_for(v, now);
    }
    if (reply->kind == DYGW_REPLY_SETUP) {
        pause = NEWS_PAUSE_MAX_MS;
    }
    return dygw_job_pause(0, pause < NEWS_PAUSE_MS ? NEWS_PAUSE_MS : pause, NEWS_PAUSE_MAX_MS);
}

/* Whether Douyin has answered in a way that asking again will not make clearer. */
static int tells_nothing_for_good(const dygw_verification_t *v, const dygw_reply_t *reply,
                                  dygw_ms_t now)
{
    return (reply->kind == DYGW_REPLY_OK || reply->kind == DYGW_REPLY_GARBLED)
           && now > v->created_at + ASK_FOR_MS;
}

/* Douyin's answer does not tell how the follow-up ends: the row is due again later. */
static dygw_follow_up_next_e follow_up_put_off(dygw_job_t *job, const dygw_reply_t *reply)
{
    dygw_verification_t *v = dygw_follow_up_row(job);
    dygw_ms_t now = dygw_now();

    v->last_error = dygw_record_trouble(job->question.what, reply, job->ctx.pool);
    if (!is_being_cancelled(v)) {
        if (tells_nothing_for_good(v, reply, dygw_sure_now())) {
            return end_news(job, reply);
        }
        /* A cancel here is that of an orphan: orphan.c has set when to look for its outcome. */
        v->errand_at = job->question.what == DYGW_QUESTION_CANCEL ? v->errand_at
                                                                  : now + news_pause(v, reply, now);
    }
    else if (dygw_sure_now() > cancel_began(v) + ASK_FOR_MS) {
        return end_cancel_unconfirmed(job);
    }
    else {
        v->errand_at = dygw_pace_cancel(cancel_began(v), now);
    }
    return dygw_follow_up_go_on(job);
}

/* --- answers --- */

/* Whether the redemption may be hidden because its coupon is being refunded, or was, as its
 * customer asked: it is not known that Douyin still shows it then. Where Douyin has told that the
 * redemption is cancelled, it is. */
static int may_be_hidden_by_refund(const dygw_verification_t *v, const dygw_seen_coupon_t *seen)
{
    int status = seen->certificate.status;

    return !(v->news & DYGW_NEWS_CANCEL)
           && (v->after_sale == DYGW_AFTER_SALE_REQUESTED || v->after_sale == DYGW_AFTER_SALE_AGREED
               || v->after_sale == DYGW_AFTER_SALE_REFUNDED)
           && (status == DYGW_CERTIFICATE_REFUND_REQUESTED || status == DYGW_CERTIFICATE_REFUNDING
               || status == DYGW_CERTIFICATE_REFUNDED);
}

/* Whether what Douyin shows tells that the redemption of v was cancelled. */
static int is_cancelled(const dygw_verification_t *v, const dygw_seen_coupon_t *seen)
{
    return dygw_fit_is_gone(v, seen) && !may_be_hidden_by_refund(v, seen);
}

static int cancel_is_refused(const dygw_reply_t *reply)
{
    return reply->kind == DYGW_REPLY_COUPON || reply->kind == DYGW_REPLY_SETUP
           || reply->kind == DYGW_REPLY_REQUEST;
}

/* Sets the verify_id of a row that has none. APR_NOTFOUND: Douyin does not show the redemption. */
static apr_status_t follow_up_learn_verify_id(const dygw_job_t *job, const dygw_seen_coupon_t *seen)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, job->ctx.gateway->db, job->ctx.log, job->ctx.pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_attribution_learn(db, dygw_follow_up_row(job), seen, job->ctx.pool);
        dygw_db_close(db);
    }
    return rv;
}

static dygw_follow_up_next_e cancel_without_verify_id(dygw_job_t *job,
                                                      const dygw_coupons_reply_t *answer,
                                                      const dygw_seen_coupon_t *seen)
{
    apr_status_t rv = follow_up_learn_verify_id(job, seen);

    if (rv == APR_SUCCESS) {
        return follow_up_begin_cancel(job);
    }
    if (rv != APR_NOTFOUND) {
        return DYGW_FOLLOW_UP_STOP;
    }
    return dygw_sure_now() > cancel_began(dygw_follow_up_row(job)) + DYGW_CANCEL_FOR_MS
               ? end_cancel_nameless(job)
               : follow_up_put_off(job, &answer->reply);
}

static dygw_follow_up_next_e go_on_with_cancel(dygw_job_t *job, const dygw_coupons_reply_t *answer,
                                               const dygw_seen_coupon_t *seen)
{
    const dygw_follow_up_t *state = job->state;
    dygw_verification_t *v = dygw_follow_up_row(job);

    if (is_cancelled(v, seen)) {
        return end_cancel_done(job, DYGW_BY_STATUS_QUERY);
    }
    if (!v->verify_id) {
        return cancel_without_verify_id(job, answer, seen);
    }
    if (state->refusal) {
        return end_cancel_refused(job, state->refusal);
    }
    if (v->cancels > 0 && dygw_sure_now() > cancel_began(v) + DYGW_CANCEL_FOR_MS) {
        return end_cancel_unconfirmed(job);
    }
    return follow_up_send_cancel(job);
}

/* --- news --- */

static dygw_follow_up_next_e look_into_news(dygw_job_t *job, const dygw_seen_coupon_t *seen)
{
    dygw_verification_t *v = dygw_follow_up_row(job);
    int refunded = seen->certificate.status == DYGW_CERTIFICATE_REFUNDED;
    int told = v->news & DYGW_NEWS_WEBHOOK;
    int cancelled = is_cancelled(v, seen);
    dygw_confirmed_by_e by = v->news & DYGW_NEWS_LOOK ? DYGW_BY_STATUS_QUERY : DYGW_BY_WEBHOOK;

    v->news &= ~NEWS_LOOKED_INTO;
    v->last_error = NULL;
    v->errand_at = DYGW_NO_TIME;
    if (told && v->verify_status == DYGW_SUCCESS && cancelled) {
        dygw_cancel_done(v);
        dygw_record_look(v, seen);
        v->confirmed_by = by;
        dygw_log(job->ctx.log, INFO, 0,
                 DYGWNO(0435) "verification %" APR_INT64_T_FMT " was cancelled at Douyin", v->id);
        return dygw_follow_up_end_cancel(job, DYGW_CANCEL_ELSEWHERE);
    }
    if (told && (v->verify_status == DYGW_SUCCESS || refunded)) {
        v->confirmed_by = refunded && v->coupon_status != DYGW_COUPON_REFUNDED ? DYGW_BY_WEBHOOK
                                                                               : v->confirmed_by;
        dygw_record_look(v, seen);
        dygw_sale_note_coupon(v, seen);
    }
    return v->news & DYGW_NEWS_LATE ? dygw_orphan_look(job, seen) : dygw_follow_up_go_on(job);
}

/* Douyin says that there is no such coupon. Then news were wrong, and get cannot tell how a cancel
 * ended. */
static dygw_follow_up_next_e take_no_coupon(dygw_job_t *job, const dygw_reply_t *reply)
{
    const dygw_follow_up_t *state = job->state;

    if (is_being_cancelled(dygw_follow_up_row(job))) {
        return state->refusal ? end_cancel_refused(job, state->refusal)
                              : follow_up_put_off(job, reply);
    }
    return end_news(job, reply);
}

static dygw_follow_up_next_e follow_up_take_get(dygw_job_t *job, const dygw_coupons_reply_t *answer)
{
    dygw_verification_t *v = dygw_follow_up_row(job);
    const dygw_seen_coupon_t *seen;

    v->asks++;
    dygw_record_replace_response(v, "get", &answer->reply, job->ctx.pool);
    if (answer->reply.kind == DYGW_REPLY_COUPON || answer->reply.kind == DYGW_REPLY_REQUEST) {
        return take_no_coupon(job, &answer->reply);
    }
    if (answer->reply.kind != DYGW_REPLY_OK || answer->coupons->nelts == 0) {
        return follow_up_put_off(job, &answer->reply);
    }
    seen = &APR_ARRAY_IDX(answer->coupons, 0, dygw_seen_coupon_t);
    if ((is_being_cancelled(v) || (v->news & DYGW_NEWS_WEBHOOK)) && dygw_fit_is_gone(v, seen)
        && (dygw_fit_is_hidden(seen) || fresh_for(v, dygw_now()) > 0)) {
        return follow_up_put_off(job, &answer->reply);
    }
    return is_being_cancelled(v) ? go_on_with_cancel(job, answer, seen) : look_into_news(job, seen);
}

static dygw_follow_up_next_e follow_up_take_cancel(dygw_job_t *job, const dygw_reply_t *reply)
{
    dygw_follow_up_t *state = job->state;

    dygw_record_replace_response(dygw_follow_up_row(job), "cancel", reply, job->ctx.pool);
    if (reply->kind == DYGW_REPLY_OK) {
        return is_being_cancelled(dygw_follow_up_row(job)) ? end_cancel_done(job, DYGW_BY_NOBODY)
                                                           : dygw_orphan_taken_back(job);
    }
    if (cancel_is_refused(reply)) {
        state->refusal = reply;
        return follow_up_ask_get(job);
    }
    return follow_up_put_off(job, reply);
}

/* --- the job --- */

static int follow_up_is_due(const dygw_verification_t *v)
{
    return v->verify_status != DYGW_PROCESSING && v->errand_at != DYGW_NO_TIME
           && v->errand_at <= dygw_now() && !dygw_sale_is_all(v);
}

static dygw_follow_up_next_e follow_up_begin_row(dygw_job_t *job)
{
    dygw_verification_t *v = dygw_follow_up_row(job);

    if (is_being_cancelled(v) && v->cancels == 0 && (v->verify_id || !v->encrypted_code)) {
        return follow_up_begin_cancel(job);
    }
    if (!(v->news & DYGW_NEWS_ORPHAN) && !dygw_late_is_possible(job->rows, job->count)) {
        v->news &= ~DYGW_NEWS_LATE;
    }
    if (is_being_cancelled(v) || ((v->news & ~DYGW_NEWS_SALE) && v->encrypted_code)) {
        return follow_up_ask_get(job);
    }
    v->news &= DYGW_NEWS_SALE;
    v->errand_at = DYGW_NO_TIME;
    return dygw_follow_up_go_on(job);
}

static const dygw_question_t *follow_up_proceed(dygw_job_t *job, dygw_follow_up_next_e next)
{
    dygw_follow_up_t *state = job->state;

    while (next == DYGW_FOLLOW_UP_NEXT && ++state->at < job->count) {
        state->refusal = NULL;
        if (follow_up_is_due(job->rows[state->at])) {
            next = follow_up_begin_row(job);
        }
    }
    return next == DYGW_FOLLOW_UP_ASK ? &job->question : NULL;
}

static const dygw_question_t *follow_up_begin(dygw_job_t *job)
{
    dygw_follow_up_t *state = apr_pcalloc(job->ctx.pool, sizeof(*state));

    state->at = -1;
    job->state = state;
    return follow_up_proceed(job, DYGW_FOLLOW_UP_NEXT);
}

static const dygw_question_t *follow_up_answered(dygw_job_t *job, dygw_answer_t answer)
{
    return follow_up_proceed(job, job->question.what == DYGW_QUESTION_GET
                                      ? follow_up_take_get(job, answer.coupons)
                                      : follow_up_take_cancel(job, answer.reply));
}

const dygw_job_kind_t dygw_follow_up_job = {
    "errand",
    DYGW_DUE_FOLLOW_UP,
    follow_up_begin,
    follow_up_answered,
};
