/* SPDX-License-Identifier: Apache-2.0
 * The job that asks Douyin what became of a refund that a customer asked for after the redemption.
 * One run asks about one row: it is a look, not a decision, and moves no money.
 *
 * A coupon that was given away belongs to two orders, and Douyin may have the refund under either:
 * the one that was paid is asked for first. */
#include <apr_hash.h>
#include <apr_strings.h>

#include "douyin/codes.h"
#include "gateway/account.h"
#include "gateway/record.h"
#include "gateway/redemption.h"
#include "gateway/settle/sale.h"
#include "gateway/settle/settle.h"
#include "util/compiler.h"
#include "util/json_cut.h"
#include "util/text.h"

/* The permission is named differently on Douyin's pages. Logs are ASCII. */
#define PERMISSION "life.capacity.catering_after_sale_order"

/* The state of the job. */
typedef struct sale_job_t {
    int at;                /* the index of the row */
    const char *orders[2]; /* that are still to be asked for; NULL: none */
} sale_job_t;

static dygw_verification_t *sale_row(const dygw_job_t *job)
{
    const sale_job_t *state = job->state;

    return job->rows[state->at];
}

/* Writes the row and ends the job. A look that found nothing new is no change of the row. */
static const dygw_question_t *sale_write(dygw_job_t *job, dygw_after_sale_e before)
{
    const sale_job_t *state = job->state;
    int changed[DYGW_COUNT_MAX] = { 0 };

    changed[state->at] = sale_row(job)->after_sale == before ? DYGW_JOB_GUARDED : DYGW_JOB_CHANGED;
    dygw_job_write(job, changed, NULL);
    return NULL;
}

/* --- what is told --- */

/* Whose refusal it is: the permission is the application's (NULL), all else the merchant's. */
static const char *refused_account(const dygw_reply_t *reply)
{
    return dygw_douyin_reply_obstacle(reply) == DYGW_OBSTACLE_PERMISSION ? NULL : reply->account_id;
}

/* What the log is told, as a number: the error_code, and of which account. */
static apr_int64_t refusal_mark(const dygw_reply_t *reply)
{
    const char *account = refused_account(reply);
    apr_ssize_t len = APR_HASH_KEY_STRING;
    apr_int64_t hash = account ? apr_hashfunc_default(account, &len) >> 1 : 0;

    return reply->error_code + (hash << 31);
}

/* Said once, until Douyin answers, or refuses otherwise; where it refuses some merchants and
 * answers for others, of each now and then. */
static void log_refused(dygw_job_t *job, const dygw_reply_t *reply)
{
    _Atomic apr_int64_t *said = &job->ctx.gateway->host->sales_refused;
    const char *code
        = dygw_douyin_refusal_text(reply->error_code, reply->account_id, job->ctx.pool);
    const char *account = refused_account(reply);
    const char *subject = apr_psprintf(job->ctx.pool, "%s %" APR_INT64_T_FMT,
                                       account ? account : "", reply->error_code);

    if (*said == refusal_mark(reply)) {
        return;
    }
    *said = refusal_mark(reply);
    if (dygw_douyin_reply_obstacle(reply) == DYGW_OBSTACLE_PERMISSION) {
        dygw_log_rarely(
            job->ctx.log, WARN, subject, 0,
            DYGWNO(0881) "Douyin does not tell what becomes of refunds after the redemption: "
                         "error_code %s. The application needs the permission %s; until it "
                         "has that, after_sale stays as it is",
            code, PERMISSION);
        return;
    }
    dygw_log_rarely(job->ctx.log, WARN, subject, 0,
                    DYGWNO(0882) "Douyin does not tell what becomes of refunds after the "
                                 "redemption: error_code %s",
                    code);
}

static void log_state(const dygw_job_t *job, dygw_after_sale_e before)
{
    const dygw_verification_t *v = sale_row(job);

    if (v->after_sale != before) {
        dygw_log(job->ctx.log, INFO, 0,
                 DYGWNO(0883) "verification %" APR_INT64_T_FMT ": the refund that was asked for "
                              "after the redemption is %s",
                 v->id, dygw_after_sale_word(v->after_sale));
    }
    else if (!(v->news & DYGW_NEWS_SALE)
             && (v->after_sale == DYGW_AFTER_SALE_REQUESTED
                 || v->after_sale == DYGW_AFTER_SALE_AGREED)) {
        dygw_log(job->ctx.log, WARN, 0,
                 DYGWNO(0884) "verification %" APR_INT64_T_FMT
                              ": what became of the refund that was "
                              "asked for is not known after 30 days, and not asked any more",
                 v->id);
    }
}

/* --- asking --- */

/* The customer's own words, which are nobody's business here: of his application (additional_msg)
 * and of the order that came of it (reason.desc). */
static const char *const personal[] = { "desc", "additional_msg", NULL };

static void keep_sale_answer(const dygw_job_t *job, const dygw_reply_t *reply)
{
    const dygw_json_cut_t cut = { .keys = personal };
    dygw_reply_t kept = *reply;

    if (kept.raw && kept.data) {
        kept.raw = dygw_json_cut(apr_pstrmemdup(job->ctx.pool, kept.raw, kept.raw_len), &cut,
                                 job->ctx.pool);
        kept.raw_len = strlen(kept.raw);
    }
    dygw_record_replace_response(sale_row(job), "after_sale", &kept, job->ctx.pool);
}

/* Asks for the next order; NULL: there is none. */
static const dygw_question_t *ask_next_order(dygw_job_t *job)
{
    sale_job_t *state = job->state;
    const char *order_id = state->orders[0];

    if (!order_id) {
        return NULL;
    }
    state->orders[0] = state->orders[1];
    state->orders[1] = NULL;
    job->question = (dygw_question_t){
        .what = DYGW_QUESTION_AFTER_SALE,
        .account_id = dygw_account_of(job->ctx.gateway, sale_row(job)),
        .order_id = order_id,
        .certificate_id = sale_row(job)->certificate_id,
    };
    return &job->question;
}

/* --- answers --- */

static int tells_nothing_of_sale(const dygw_after_sale_reply_t *answer)
{
    return answer->refund_status == DYGW_REFUND_UNSAID
           && (answer->reply.kind == DYGW_REPLY_OK || answer->reply.kind == DYGW_REPLY_COUPON
               || answer->reply.kind == DYGW_REPLY_REQUEST);
}

static void take_sale_state(dygw_job_t *job, const dygw_after_sale_reply_t *answer)
{
    dygw_verification_t *v = sale_row(job);

    if (answer->reply.kind == DYGW_REPLY_OK) {
        job->ctx.gateway->host->sales_refused = 0;
    }
    if (answer->refund_status != DYGW_REFUND_UNSAID) {
        v->last_error = NULL;
        dygw_sale_take(v, answer->refund_status);
        return;
    }
    v->last_error = answer->reply.kind == DYGW_REPLY_OK
                        ? "after_sale/order_detail: Douyin shows no refund of the coupon"
                        : dygw_record_trouble(job->question.what, &answer->reply, job->ctx.pool);
    if (answer->reply.kind == DYGW_REPLY_SETUP) {
        log_refused(job, &answer->reply);
        dygw_sale_block(v);
        return;
    }
    dygw_sale_put_off(v);
}

static const dygw_question_t *sale_answered(dygw_job_t *job, dygw_answer_t answer)
{
    dygw_after_sale_e before = sale_row(job)->after_sale;
    const dygw_question_t *next
        = tells_nothing_of_sale(answer.after_sale) ? ask_next_order(job) : NULL;

    if (next) {
        return next;
    }
    keep_sale_answer(job, &answer.after_sale->reply);
    take_sale_state(job, answer.after_sale);
    log_state(job, before);
    return sale_write(job, before);
}

/* --- the job --- */

static int sale_is_due(const dygw_verification_t *v)
{
    return dygw_sale_is_all(v) && v->errand_at != DYGW_NO_TIME && v->errand_at <= dygw_now();
}

/* The orders of the row, the one that was paid first. */
static void choose_orders(sale_job_t *state, const dygw_verification_t *v)
{
    state->orders[0] = v->source_order_id ? v->source_order_id : v->order_id;
    state->orders[1]
        = v->source_order_id && v->order_id && !dygw_text_same(v->source_order_id, v->order_id)
              ? v->order_id
              : NULL;
}

static const dygw_question_t *sale_begin_row(dygw_job_t *job)
{
    dygw_verification_t *v = sale_row(job);
    dygw_after_sale_e before = v->after_sale;

    if (v->verify_status == DYGW_FAILED || !v->certificate_id) {
        v->news = 0;
        v->errand_at = DYGW_NO_TIME;
        return sale_write(job, before);
    }
    if (v->after_sale == DYGW_AFTER_SALE_NONE) {
        v->after_sale = DYGW_AFTER_SALE_REQUESTED; /* it was `processing` when Douyin told of it */
    }
    choose_orders(job->state, v);
    if (dygw_account_of(job->ctx.gateway, v)) {
        const dygw_question_t *question = ask_next_order(job);

        if (question) {
            return question;
        }
    }
    v->last_error = "after_sale/order_detail: neither account nor order may be missing";
    dygw_sale_block(v);
    return sale_write(job, before);
}

static const dygw_question_t *sale_begin(dygw_job_t *job)
{
    sale_job_t *state = apr_pcalloc(job->ctx.pool, sizeof(*state));

    job->state = state;
    while (state->at < job->count && !sale_is_due(job->rows[state->at])) {
        state->at++;
    }
    return state->at < job->count ? sale_begin_row(job) : NULL;
}

const dygw_job_kind_t dygw_after_sale_job = {
    "after_sale",
    DYGW_DUE_SALE,
    sale_begin,
    sale_answered,
};
