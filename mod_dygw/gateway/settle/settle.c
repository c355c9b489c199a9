/* SPDX-License-Identifier: Apache-2.0
 * The job that settles the rows of one request that are still `processing` (open). Its steps:
 *
 *   1 look    query, by order, if Douyin itself has told the order; then get, for each code that
 *             query did not show. If Douyin does not answer, the job ends, and the rows are due
 *             later.
 *   2 judge   The verdicts of judge.c are applied to the rows. If a verdict is to repeat the verify
 *             and the schedule has a repetition due, the repetition is counted in the rows; then
 *             the rows are written, in one commit. The job ends here if nothing is to be
 *             repeated.
 *   3 repeat  verify, with the same token and codes (repeat.c). The answer may settle rows. After
 *             "already used" or a refusal, the job goes back to step 1.
 *
 * Before all that, rows that were never sent may have to wait for another verification (held.c).
 *
 * The job never waits for a later time: it ends, and the rows say when they are due again.
 *
 * Rows of the request that are settled keep their outcome, but their codes are in the repetition,
 * which has to be the very same request. If Douyin has forgotten the token, a repetition redeems
 * anew what was cancelled. So a repetition is sent only while Douyin shows the redemptions of all
 * rows that are `success` (step 1 looks at these, too, when a repetition is due), and while none of
 * them is to be cancelled: the commit of step 2 raises their revision. A cancel that was wanted
 * before that commit makes the commit fail; a cancel that is wanted afterwards finds the lease and
 * waits. */
#include <string.h>

#include "gateway/account.h"
#include "gateway/db_work.h"
#include "gateway/record.h"
#include "gateway/settle/attribution.h"
#include "gateway/settle/late.h"
#include "gateway/settle/pace.h"
#include "gateway/settle/settle.h"
#include "gateway/settle/settle_state.h"
#include "util/step.h"
#include "util/text.h"

/* --- without an answer --- */

/* The look told nothing: the open rows are due again later. */
static const dygw_question_t *settle_put_off(dygw_job_t *job, const dygw_reply_t *reply)
{
    dygw_ms_t now = dygw_now();
    int changed[DYGW_COUNT_MAX] = { 0 };
    int i;

    for (i = 0; i < job->count; i++) {
        dygw_verification_t *v = job->rows[i];

        if (dygw_settle_is_open(v)) {
            v->asks++;
            v->last_error = dygw_record_trouble(job->question.what, reply, job->ctx.pool);
            v->next_run_at = dygw_pace_ask(v, reply, now);
            changed[i] = 1;
        }
    }
    dygw_settle_write(job, changed, NULL);
    return NULL;
}

/* --- verdicts --- */

static apr_status_t read_rivals_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_job_t *job = baton;
    dygw_settle_t *s = job->state;
    int i;

    for (i = 0; i < job->count; i++) {
        const dygw_seen_coupon_t *seen = s->evidence.seen[i];
        apr_array_header_t *rivals;
        apr_status_t rv;

        if (!seen || seen->verifies->nelts == 0) {
            continue;
        }
        rv = dygw_attribution_rivals(db, job->rows[i], seen, &rivals, ctx->pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        s->evidence.rivals[i] = rivals;
    }
    return APR_SUCCESS;
}

/* Reads the rivals of rows whose coupon has redemptions, since a redemption may be a rival's, and
 * when the prepare of these rows was answered, since a redemption may be older than the request. 0:
 * the database does not tell. */
static int read_rivals(dygw_job_t *job)
{
    dygw_settle_t *s = job->state;
    int needed = 0;
    int i;

    for (i = 0; i < job->count; i++) {
        if (s->evidence.seen[i] && s->evidence.seen[i]->verifies->nelts > 0) {
            s->evidence.prepared_at[i] = dygw_fit_prepared_at(job->rows[i], job->ctx.pool);
            needed = 1;
        }
    }
    return !needed || dygw_db_work(&job->ctx, read_rivals_with, job, DYGW_DB_ONCE) == APR_SUCCESS;
}

static void apply_verdict(const dygw_job_t *job, int i, const dygw_verdict_t *verdict)
{
    dygw_settle_t *s = job->state;
    dygw_verification_t *v = job->rows[i];
    const dygw_seen_coupon_t *seen = s->evidence.seen[i];

    s->fits[i] = verdict->verify != NULL;
    v->asks++;
    v->news &= DYGW_NEWS_SALE;
    v->last_error = NULL;
    v->updated_at = s->evidence.now;
    if (verdict->what == DYGW_VERDICT_OURS) {
        dygw_record_seen(v, seen, verdict->verify,
                         s->news[i] ? DYGW_BY_WEBHOOK : DYGW_BY_STATUS_QUERY);
        dygw_settle_finish(v);
        return;
    }
    if (verdict->what == DYGW_VERDICT_FAILED) {
        dygw_record_fail(v, verdict->error_code, verdict->description);
        dygw_settle_explain(job, i);
        dygw_settle_finish(v);
    }
    else if (verdict->silent && !v->already) {
        v->already = DYGW_ALREADY_SILENT; /* rivals need not wait for this row */
    }
    if (seen) {
        dygw_record_look(v, seen);
    }
    if (verdict->what == DYGW_VERDICT_FAILED) {
        dygw_late_expect(v);
    }
}

/* The codes of `success` rows are in the repetition, so these rows must not be cancelled at the
 * same time: the commit makes sure that nobody has changed them. */
static void guard_redeemed(const dygw_job_t *job, int *changed)
{
    int i;

    for (i = 0; i < job->count; i++) {
        if (job->rows[i]->verify_status == DYGW_SUCCESS && changed[i] == DYGW_JOB_LEFT) {
            changed[i] = DYGW_JOB_GUARDED;
        }
    }
}

static int repetition_is_due(const dygw_job_t *job, dygw_ms_t now)
{
    const dygw_settle_t *s = job->state;

    return dygw_may_repeat_or_confirm(&s->evidence)
           && now >= dygw_pace_repeat(job->rows, job->count);
}

/* Applies the verdicts, sets changed for dygw_settle_write, and returns whether the verify is to be
 * repeated now. */
static int apply_verdicts(dygw_job_t *job, const dygw_verdict_t *verdicts, int *changed)
{
    dygw_settle_t *s = job->state;
    int wanted = 0;
    int i;

    for (i = 0; i < job->count; i++) {
        changed[i] = dygw_settle_is_open(job->rows[i]);
        if (changed[i]) {
            apply_verdict(job, i, &verdicts[i]);
            wanted |= verdicts[i].what == DYGW_VERDICT_REPEAT;
        }
    }
    wanted
        = wanted && repetition_is_due(job, s->evidence.now) && dygw_settle_redeemed_are_shown(job);
    if (wanted) {
        guard_redeemed(job, changed);
        dygw_repeat_count(job, s->evidence.now);
    }
    dygw_settle_schedule(job, s->evidence.now);
    return wanted;
}

static dygw_verification_t *copy_rows(const dygw_job_t *job)
{
    dygw_verification_t *kept = apr_palloc(job->ctx.pool, (apr_size_t)job->count * sizeof(*kept));
    int i;

    for (i = 0; i < job->count; i++) {
        kept[i] = *job->rows[i];
    }
    return kept;
}

static void restore_rows(dygw_job_t *job, const dygw_verification_t *kept)
{
    int i;

    for (i = 0; i < job->count; i++) {
        *job->rows[i] = kept[i];
    }
}

/* Step 2: all that Douyin shows now is known. Where the database finds that a verify_id is another
 * verification's, that redemption is taken as foreign, and all rows are judged again. */
static const dygw_question_t *settle_judge(dygw_job_t *job)
{
    dygw_settle_t *s = job->state;
    const dygw_verification_t *kept = copy_rows(job);
    dygw_verdict_t verdicts[DYGW_COUNT_MAX];
    int changed[DYGW_COUNT_MAX];
    int clash = -1;

    if (!read_rivals(job)) {
        return NULL;
    }
    do {
        int wanted;

        s->evidence.now = dygw_now();
        s->evidence.sure = dygw_sure_now();
        dygw_judge(&s->evidence, verdicts);
        wanted = apply_verdicts(job, verdicts, changed);
        if (dygw_settle_write(job, changed, &clash)) {
            dygw_step("settle_committed");
            dygw_settle_note_gone(job);
            return wanted ? dygw_repeat_question(job) : NULL;
        }
        if (clash >= 0) {
            APR_ARRAY_PUSH(s->evidence.foreign, const char *) = job->rows[clash]->verify_id;
            restore_rows(job, kept);
        }
    } while (clash >= 0);
    return NULL;
}

/* --- the look --- */

/* With an encrypted code, the order is the caller's word and not Douyin's. */
static int knows_order(const dygw_verification_t *v)
{
    return v->order_id && v->mode != DYGW_MODE_ENCRYPTED_CODE;
}

/* Returns the index of the first row with this status whose coupon was not shown, and for which get
 * was not asked in this look; -1: none. */
static int find_unseen_row(const dygw_job_t *job, dygw_verify_status_e status)
{
    const dygw_settle_t *s = job->state;
    int i;

    for (i = 0; i < job->count; i++) {
        if (job->rows[i]->verify_status == status && !s->evidence.seen[i] && !s->asked[i]) {
            return i;
        }
    }
    return -1;
}

static const dygw_question_t *settle_ask_next(dygw_job_t *job)
{
    int i = find_unseen_row(job, DYGW_PROCESSING);

    if (i < 0 && repetition_is_due(job, dygw_now())) {
        i = find_unseen_row(job, DYGW_SUCCESS);
    }
    if (i < 0) {
        return settle_judge(job);
    }
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_GET,
        .account_id = dygw_account_of(job->ctx.gateway, job->rows[i]),
        .encrypted_code = job->rows[i]->encrypted_code,
    };
    return &job->question;
}

static const dygw_question_t *settle_look(dygw_job_t *job)
{
    dygw_settle_t *s = job->state;

    memset(s->evidence.seen, 0, sizeof(s->evidence.seen));
    memset(s->evidence.unseen, 0, sizeof(s->evidence.unseen));
    memset(s->asked, 0, sizeof(s->asked));
    if (!knows_order(job->rows[0])) {
        return settle_ask_next(job);
    }
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_QUERY,
        .account_id = dygw_account_of(job->ctx.gateway, job->rows[0]),
        .order_id = job->rows[0]->order_id,
    };
    return &job->question;
}

static int is_no_answer(const dygw_reply_t *reply)
{
    switch (reply->kind) {
    case DYGW_REPLY_TIMEOUT:
    case DYGW_REPLY_LOST:
    case DYGW_REPLY_UNREACHABLE:
    case DYGW_REPLY_TOKEN:
        return 1;
    default:
        return 0;
    }
}

static const dygw_question_t *settle_take_query(dygw_job_t *job, const dygw_coupons_reply_t *answer)
{
    dygw_settle_t *s = job->state;
    int i;

    if (is_no_answer(&answer->reply)) {
        return settle_put_off(job, &answer->reply);
    }
    dygw_settle_keep_answer(job, "query", &answer->reply);
    s->shown_at = answer->reply.date;
    for (i = 0; answer->reply.kind == DYGW_REPLY_OK && i < job->count; i++) {
        s->evidence.seen[i] = dygw_fit_coupon(job->rows[i], answer->coupons);
    }
    return settle_ask_next(job);
}

static int says_no_coupon(const dygw_reply_t *reply)
{
    return reply->kind == DYGW_REPLY_OK || reply->kind == DYGW_REPLY_COUPON
           || reply->kind == DYGW_REPLY_REQUEST;
}

/* Whether the verify may be repeated although get failed: Douyin does not let us ask, or the answer
 * cannot be understood. A repetition may tell more then. A row that was refused or "already used",
 * however, must be looked at first, because that answer alone does not settle it. */
static int may_repeat_without_look(const dygw_job_t *job, const dygw_reply_t *reply)
{
    int i;

    for (i = 0; i < job->count; i++) {
        if (dygw_settle_is_open(job->rows[i])
            && (job->rows[i]->already || job->rows[i]->refused_code != DYGW_NO_INT)) {
            return 0;
        }
    }
    return (reply->kind == DYGW_REPLY_SETUP || reply->kind == DYGW_REPLY_GARBLED)
           && dygw_may_repeat(job->rows, job->count)
           && dygw_may_repeat_unseen(job->rows[0], dygw_now());
}

static int question_is_of_open_row(const dygw_job_t *job)
{
    int i;

    for (i = 0; i < job->count; i++) {
        if (dygw_settle_is_open(job->rows[i])
            && dygw_text_same(job->rows[i]->encrypted_code, job->question.encrypted_code)) {
            return 1;
        }
    }
    return 0;
}

/* When get fails for a settled row, the job goes on: the row is not shown, so that nothing is
 * repeated. */
static const dygw_question_t *settle_take_get(dygw_job_t *job, const dygw_coupons_reply_t *answer)
{
    dygw_settle_t *s = job->state;
    const dygw_seen_coupon_t *seen = NULL;
    int open = question_is_of_open_row(job);
    int i;

    if (open) {
        dygw_settle_keep_answer(job, "get", &answer->reply);
    }
    s->shown_at = answer->reply.date;
    if (answer->reply.kind == DYGW_REPLY_OK && answer->coupons->nelts > 0) {
        seen = &APR_ARRAY_IDX(answer->coupons, 0, dygw_seen_coupon_t);
    }
    else if (open && !says_no_coupon(&answer->reply)
             && !may_repeat_without_look(job, &answer->reply)) {
        return settle_put_off(job, &answer->reply);
    }
    for (i = 0; i < job->count; i++) {
        if (!s->evidence.seen[i]
            && dygw_text_same(job->rows[i]->encrypted_code, job->question.encrypted_code)) {
            s->evidence.seen[i] = seen;
            s->evidence.unseen[i] = seen ? NULL : &answer->reply;
            s->asked[i] = 1;
        }
    }
    return settle_ask_next(job);
}

/* --- the job --- */

static const dygw_question_t *settle_begin(dygw_job_t *job)
{
    dygw_settle_t *s = apr_pcalloc(job->ctx.pool, sizeof(*s));
    int left = 0;
    int unsent = 0;
    int i;

    job->state = s;
    s->evidence.rows = job->rows;
    s->evidence.count = job->count;
    s->evidence.foreign = apr_array_make(job->ctx.pool, 1, sizeof(const char *));
    for (i = 0; i < job->count; i++) {
        const dygw_verification_t *v = job->rows[i];

        s->news[i] = v->news & ~DYGW_NEWS_SALE;
        left += dygw_settle_is_open(v);
        unsent += dygw_settle_is_open(v) && v->attempts == 0 && v->cancel_since != DYGW_NO_TIME;
    }
    if (left == 0) {
        return NULL;
    }
    if (unsent == left) {
        return settle_judge(job);
    }
    return dygw_settle_is_held(job) ? NULL : settle_look(job);
}

static const dygw_question_t *settle_answered(dygw_job_t *job, dygw_answer_t answer)
{
    switch (job->question.what) {
    case DYGW_QUESTION_QUERY:
        return settle_take_query(job, answer.coupons);
    case DYGW_QUESTION_GET:
        return settle_take_get(job, answer.coupons);
    case DYGW_QUESTION_VERIFY:
        return dygw_repeat_answered(job, answer.verified) ? settle_look(job) : NULL;
    default:
        return NULL;
    }
}

const dygw_job_kind_t dygw_settle_job = {
    "settle",
    DYGW_DUE_SETTLE,
    settle_begin,
    settle_answered,
};
