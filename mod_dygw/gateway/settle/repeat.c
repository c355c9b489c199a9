/* SPDX-License-Identifier: Apache-2.0
 * Step 3 of settling: the verify of a request is repeated with the same token and codes. While
 * Douyin remembers the token, it takes the repetition for the same verify and redeems nothing anew.
 *
 * The repetition is counted in the open rows, and these are committed, before it is sent. The
 * commit also gives the rows a lease: until that ends, or the answer is written, nobody else asks
 * Douyin about this request or cancels anything of it. If the repetition was certainly not sent,
 * the count is taken back. */
#include <apr_strings.h>

#include "douyin/douyin.h"
#include "gateway/account.h"
#include "gateway/reasons.h"
#include "gateway/record.h"
#include "gateway/settle/late.h"
#include "gateway/settle/pace.h"
#include "gateway/settle/settle_state.h"
#include "util/step.h"
#include "util/text.h"

/* So many repetitions without a result are enough, while a redemption that fits is shown. */
#define IN_VAIN_MAX    3
/* A repetition is sent within this time after its commit, or not at all. So long no other host has
 * the rows due again, even if its clock is ahead: no caller can cancel what another host finds
 * while the repetition is still to be sent. */
#define SEND_WITHIN_MS (DYGW_PACE_FIRST_MS - DYGW_CLOCKS_APART_MS)

void dygw_repeat_count(const dygw_job_t *job, dygw_ms_t now)
{
    dygw_settle_t *s = job->state;
    dygw_ms_t ended_at
        = now + SEND_WITHIN_MS + job->ctx.gateway->upstream_timeout / 1000 + DYGW_CLOCKS_APART_MS;
    int i;

    for (i = 0; i < job->count; i++) {
        dygw_verification_t *v = job->rows[i];

        if (dygw_settle_is_open(v)) {
            s->sent_before[i] = v->sent_at;
            v->repeats++;
            v->attempts++;
            v->sent_at = now;
            v->lease_until = ended_at;
        }
    }
}

const dygw_question_t *dygw_repeat_question(dygw_job_t *job)
{
    const dygw_settle_t *s = job->state;
    const dygw_verification_t *first = job->rows[0];
    const char **codes = apr_palloc(job->ctx.pool, (apr_size_t)job->count * sizeof(*codes));
    int i;

    for (i = 0; i < job->count; i++) {
        codes[i] = job->rows[i]->encrypted_code;
    }
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_VERIFY,
        .poi_id = first->poi_id,
        .verify_token = first->verify_token,
        .codes = codes,
        .count = job->count,
        .send_by = s->evidence.now + SEND_WITHIN_MS,
    };
    dygw_account_of_verify(job->ctx.gateway, first, &job->question);
    return &job->question;
}

/* --- the answer to a repetition --- */

/* If no other verify was sent, a refusal means that no redemption is ours, and the row fails.
 * Otherwise an earlier verify that was never answered may still be applied; the refusal is kept in
 * the row until that time is over. In any case a risk review has ended. Returns whether to look at
 * the coupons again. */
static int repeat_take_refusal(dygw_verification_t *v, int already, apr_int64_t error_code,
                               const char *description)
{
    if (v->attempts <= 1) {
        dygw_record_fail(v, error_code, description);
        dygw_settle_finish(v);
        return 0;
    }
    v->review_since = DYGW_NO_TIME;
    v->reason = NULL; /* what was amiss with the set-up is not any more */
    if (already) {
        v->already = DYGW_ALREADY_USED;
    }
    v->refused_code = already ? DYGW_NO_INT : error_code;
    v->refused_description = already ? NULL : description;
    return 1;
}

/* The answer tells nothing of the coupon. Who refused decides how soon the next repetition may
 * be sent. If a redemption that fits is shown, a few such answers are enough: the row need not
 * be repeated for ever to hear whose that redemption is. Returns whether to look at the coupons
 * again. */
static int repeat_take_nothing(const dygw_job_t *job, int i, dygw_reply_class_e kind,
                               int wants_rest)
{
    dygw_settle_t *s = job->state;
    dygw_verification_t *v = job->rows[i];

    s->rests |= wants_rest;
    s->refused |= s->rests || kind == DYGW_REPLY_SETUP || kind == DYGW_REPLY_REQUEST;
    if (!s->fits[i] || v->repeats < IN_VAIN_MAX || kind == DYGW_REPLY_UNREACHABLE) {
        return 0;
    }
    v->already = DYGW_ALREADY_SILENT;
    return 1;
}

/* Applies what the answer says of one code. Returns whether to look at the coupons again. */
static int repeat_take_item(const dygw_job_t *job, int i, const dygw_verify_item_t *item)
{
    const dygw_settle_t *s = job->state;
    dygw_verification_t *v = job->rows[i];

    switch (item->kind) {
    case DYGW_REPLY_OK:
        dygw_record_replayed(v, item, s->evidence.seen[i]);
        dygw_settle_finish(v);
        return 0;
    case DYGW_REPLY_COUPON:
        return repeat_take_refusal(v, item->already, item->result, item->msg);
    case DYGW_REPLY_REVIEW:
        dygw_record_review(v);
        return 0;
    default:
        v->last_error = apr_psprintf(job->ctx.pool, "certificate/verify: result %" APR_INT64_T_FMT,
                                     item->result);
        dygw_reason_record_wait(v, item->result, item->msg);
        return repeat_take_nothing(job, i, item->kind, dygw_douyin_item_wants_rest(item));
    }
}

static int repeat_take_reply(const dygw_job_t *job, int i, const dygw_reply_t *reply)
{
    dygw_verification_t *v = job->rows[i];

    switch (reply->kind) {
    case DYGW_REPLY_COUPON:
        return repeat_take_refusal(v, dygw_douyin_reply_is_already(reply), reply->error_code,
                                   reply->description);
    case DYGW_REPLY_REVIEW:
        dygw_record_review(v);
        return 0;
    default:
        v->last_error = dygw_record_trouble(DYGW_QUESTION_VERIFY, reply, job->ctx.pool);
        dygw_reason_record_wait(v, reply->error_code, reply->description);
        return repeat_take_nothing(job, i, reply->kind, dygw_douyin_reply_wants_rest(reply));
    }
}

/* Corrects what was counted before the sending by what was certainly sent. */
static void repeat_correct_count(const dygw_job_t *job, int i, const dygw_reply_t *reply,
                                 dygw_ms_t now)
{
    const dygw_settle_t *s = job->state;
    dygw_verification_t *v = job->rows[i];

    v->lease_until = 0;
    if (reply->kind == DYGW_REPLY_UNREACHABLE) {
        v->repeats--;
        v->attempts--;
        v->sent_at = s->sent_before[i];
        return;
    }
    v->attempts += reply->sent_twice;
    v->sent_at = now;
}

/* The answer names a verify_id that another verification has. */
static void repeat_disown(const dygw_job_t *job, dygw_verification_t *v)
{
    dygw_log(job->ctx.log, WARN, 0,
             DYGWNO(0431) "verification %" APR_INT64_T_FMT " was answered with the verify_id of "
                          "another record; it is recorded as failed",
             v->id);
    dygw_record_fail(v, DYGW_OUTCOME_NOT_OURS,
                     "that redemption is recorded as another verification");
    dygw_settle_finish(v);
    dygw_late_expect(v);
}

/* The answer for a row that is settled already, which does not change the outcome of the row. If
 * the repetition redeemed the coupon anew, a follow-up has to look. Returns what dygw_job_write is
 * to do with the row (DYGW_JOB_*). */
static int repeat_take_settled_row(const dygw_job_t *job, int i, const dygw_verify_reply_t *answer,
                                   dygw_ms_t now)
{
    dygw_verification_t *v = job->rows[i];

    if (!answer->items || answer->items[i].kind != DYGW_REPLY_OK) {
        return DYGW_JOB_LEFT;
    }
    if (v->verify_status == DYGW_FAILED && v->error_code != DYGW_OUTCOME_NOT_OURS) {
        dygw_log(job->ctx.log, WARN, 0,
                 DYGWNO(0432) "verification %" APR_INT64_T_FMT " is recorded as failed, and Douyin "
                              "redeemed it when the others of its request were repeated",
                 v->id);
        dygw_late_alarm(v, now);
        return DYGW_JOB_GUARDED;
    }
    if (v->verify_id && answer->items[i].verify_id
        && !dygw_text_same(v->verify_id, answer->items[i].verify_id)) {
        dygw_log(job->ctx.log, WARN, 0,
                 DYGWNO(0437) "verification %" APR_INT64_T_FMT " was cancelled at Douyin just when "
                              "the others of its request were repeated, which redeemed it anew as "
                              "verify_id %s",
                 v->id, answer->items[i].verify_id);
        dygw_late_alarm(v, now);
        return DYGW_JOB_GUARDED;
    }
    return DYGW_JOB_LEFT;
}

static int repeat_take_rows(dygw_job_t *job, const dygw_verify_reply_t *answer, int *changed)
{
    dygw_ms_t now = dygw_now();
    int look_again = 0;
    int i;

    for (i = 0; i < job->count; i++) {
        changed[i] = dygw_settle_is_open(job->rows[i]);
        if (!changed[i]) {
            changed[i] = repeat_take_settled_row(job, i, answer, now);
            continue;
        }
        job->rows[i]->updated_at = now;
        repeat_correct_count(job, i, &answer->reply, now);
        look_again |= answer->items ? repeat_take_item(job, i, &answer->items[i])
                                    : repeat_take_reply(job, i, &answer->reply);
        dygw_settle_explain(job, i);
    }
    dygw_settle_schedule(job, now);
    return look_again;
}

int dygw_repeat_answered(dygw_job_t *job, const dygw_verify_reply_t *answer)
{
    dygw_verification_t *kept[DYGW_COUNT_MAX];
    int changed[DYGW_COUNT_MAX];
    int look_again;
    int clash = -1;
    int i;

    dygw_step("settle_answered");
    dygw_settle_keep_answer(job, "replay", &answer->reply);
    for (i = 0; i < job->count; i++) {
        kept[i] = apr_pmemdup(job->ctx.pool, job->rows[i], sizeof(**kept));
    }
    look_again = repeat_take_rows(job, answer, changed);
    while (!dygw_settle_write(job, changed, &clash)) {
        if (clash < 0) {
            return 0;
        }
        *job->rows[clash] = *kept[clash];
        repeat_disown(job, job->rows[clash]);
    }
    return look_again;
}
