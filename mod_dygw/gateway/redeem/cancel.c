/* SPDX-License-Identifier: Apache-2.0
 * Cancelling a verification.
 *
 * The mark that a cancel is wanted (cancel_since) is committed before Douyin is asked, together
 * with a follow-up for the background, which is due when the call must have ended. So if this
 * process dies in between, the background finds out how the cancel ended. A verification that is
 * still `processing` is given up by the same mark; the background settles such a verification
 * anyway.
 *
 * While other verifications of the same request are not settled, a verify of that request may be
 * under way, and might redeem again what Douyin has just cancelled. Then only the mark is
 * committed, and the background cancels later. The mark and the commit before a repetition of the
 * verify exclude each other, because that commit raises the revision of this verification, too.
 */
#include "gateway/redeem/cancel.h"

#include <apr_strings.h>

#include "gateway/account.h"
#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/reasons.h"
#include "gateway/db_work.h"
#include "gateway/record.h"
#include "gateway/settle/cancelled.h"
#include "util/compiler.h"
#include "util/step.h"

#define READS               5 /* of a verification that others change at the same time */
/* Upstream time-outs: the call, the wait for a new token, the token call, the call again. */
#define CALLS               4
#define FOLLOW_UP_MARGIN_MS 5000 /* added to them until the follow-up is due */
#define UNKNOWN_PAUSE_MS    5000 /* until the background looks after an unclear answer */
#define MARK_LEN            12

typedef struct cancel_t {
    const dygw_ctx_t *ctx;
    apr_int64_t id;
    apr_int64_t app_id;
    dygw_redeem_result_t *out;
    int *pending;
    dygw_verification_t *v; /* as it was read, and then changed to be written */
    dygw_ms_t not_before;   /* see dygw_cancel_not_before */
    dygw_token_t token;
} cancel_t;

/* --- the verification in the database --- */

/* Reads the others of the request, after the verification itself: when somebody writes to all of
 * them afterwards, the write of this verification fails. */
static apr_status_t cancel_read_request(cancel_t *c, dygw_db_t *db)
{
    apr_array_header_t *rows;
    apr_status_t rv = dygw_store_verification_items(db, c->v->first_id, &rows, c->ctx->pool);

    if (rv == APR_SUCCESS) {
        c->not_before = dygw_cancel_not_before((dygw_verification_t **)rows->elts, rows->nelts);
    }
    return rv;
}

static apr_status_t cancel_read_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    cancel_t *c = baton;
    apr_status_t rv = dygw_store_verification_get(db, c->id, c->app_id, &c->v, ctx->pool);

    return rv == APR_SUCCESS && c->v->item_count > 1 ? cancel_read_request(c, db) : rv;
}

static apr_status_t cancel_read(cancel_t *c)
{
    return dygw_db_work(c->ctx, cancel_read_with, c, DYGW_DB_ONCE);
}

static apr_status_t cancel_write_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *row)
{
    return dygw_store_verification_update_one(db, row);
}

/* Writes c->v. APR_NOTFOUND: it was changed since it was read. APR_INCOMPLETE: it may be
 * written. */
static apr_status_t cancel_write(const cancel_t *c)
{
    return dygw_db_work(c->ctx, cancel_write_with, c->v, DYGW_DB_ONCE);
}

/* Writes c->v with the mark. When it may be written already, it is written once more to find out;
 * APR_INCOMPLETE: this did not find out either. */
static apr_status_t cancel_write_mark(const cancel_t *c)
{
    apr_status_t rv = cancel_write(c);

    if (rv != APR_INCOMPLETE) {
        return rv;
    }
    rv = cancel_write(c);
    return rv == APR_SUCCESS || rv == APR_NOTFOUND ? rv : APR_INCOMPLETE;
}

/* Gives the caller the verification as it is now. */
static apr_status_t cancel_answer(const cancel_t *c, int pending)
{
    c->out->verifications = apr_pmemdup(c->ctx->pool, &c->v, sizeof(c->v));
    c->out->count = 1;
    *c->pending = pending;
    return APR_SUCCESS;
}

static apr_status_t cancel_refuse(const cancel_t *c, dygw_code_e code, const char *message)
{
    c->out->result.code = code;
    c->out->result.message = message;
    return APR_SUCCESS;
}

/* The verification is in no state to be cancelled; reason: in which it is. */
static apr_status_t cancel_conflict(const cancel_t *c, dygw_reason_e reason, const char *message)
{
    c->out->result.reason = dygw_reason_word(reason);
    return cancel_refuse(c, DYGW_CONFLICT, message);
}

/* --- the call --- */

static const dygw_reply_t *call_cancel(void *baton, const char *access_token)
{
    cancel_t *c = baton;
    const dygw_question_t question
        = { .what = DYGW_QUESTION_CANCEL,
            .account_id = dygw_account_of(c->ctx->gateway, c->v),
            .verify_id = c->v->verify_id,
            .certificate_id = c->v->certificate_id,
            .cancel_token = dygw_cancel_token(c->ctx->gateway, c->v, c->ctx->pool) };
    const dygw_cancel_reply_t *reply = dygw_douyin_cancel(c->ctx->gateway->douyin, &question,
                                                          access_token, c->ctx->log, c->ctx->pool);

    c->out->upstream_time += reply->reply.took;
    return &reply->reply;
}

/* Whether Douyin has refused to cancel. When the cancel was sent twice, the first call may have
 * been carried out, and the second refused for that reason. */
static int cancel_is_refused(const dygw_reply_t *reply)
{
    return !reply->sent_twice
           && (reply->kind == DYGW_REPLY_COUPON || reply->kind == DYGW_REPLY_SETUP
               || reply->kind == DYGW_REPLY_REQUEST);
}

/* Applies the reply to c->v. Returns 1 when the outcome is known. */
static int cancel_apply_reply(const cancel_t *c, const dygw_reply_t *reply)
{
    if (reply->kind == DYGW_REPLY_OK) {
        dygw_cancel_done(c->v);
        return 1;
    }
    if (cancel_is_refused(reply)) {
        dygw_log(c->ctx->log, INFO, 0,
                 DYGWNO(0453) "Douyin does not cancel verification %" APR_INT64_T_FMT
                              ": error_code %s, logid %s",
                 c->id,
                 dygw_douyin_refusal_text(reply->error_code, reply->account_id, c->ctx->pool),
                 reply->logid);
        dygw_cancel_refused(c->v, reply);
        return 1;
    }
    dygw_log(c->ctx->log, INFO, 0,
             DYGWNO(0452) "whether verification %" APR_INT64_T_FMT " is cancelled is not known "
                          "yet: HTTP status %d, error_code %" APR_INT64_T_FMT ", logid %s",
             c->id, reply->http_status, reply->error_code, reply->logid);
    c->v->updated_at = dygw_now();
    c->v->errand_at = c->v->updated_at + UNKNOWN_PAUSE_MS;
    return 0;
}

static void cancel_count(const cancel_t *c, dygw_cancel_series_e what)
{
    dygw_count(c->ctx->gateway->metrics, DYGW_COUNT_CANCELS, what);
}

/* Writes the outcome to the verification as it is now, because it may have been enriched meanwhile.
 * When the verification has no mark any more, somebody else has found the outcome; that outcome
 * counts, unless Douyin has carried out the cancel just now. */
static apr_status_t cancel_record_outcome(cancel_t *c, const dygw_reply_t *reply)
{
    dygw_verification_t *committed = c->v;
    apr_status_t rv = APR_NOTFOUND;
    int known = 0;
    int reads;

    for (reads = 0; rv == APR_NOTFOUND && reads < READS; reads++) {
        if (reads > 0 && cancel_read(c) != APR_SUCCESS) {
            break;
        }
        if (c->v->verify_status != DYGW_SUCCESS
            || (c->v->cancel_since == DYGW_NO_TIME && reply->kind != DYGW_REPLY_OK)) {
            return cancel_answer(c, 0);
        }
        committed = c->v;
        c->v = apr_pmemdup(c->ctx->pool, committed, sizeof(*committed));
        known = cancel_apply_reply(c, reply);
        rv = cancel_write(c);
    }
    if (rv != APR_SUCCESS) {
        dygw_log(c->ctx->log, ERR, rv,
                 DYGWNO(0454) "the outcome of cancelling verification %" APR_INT64_T_FMT
                              " could not be recorded; the background finds it out",
                 c->id);
        c->v = committed;
    }
    cancel_count(c, !known || rv != APR_SUCCESS             ? DYGW_CANCEL_UNKNOWN
                    : c->v->verify_status == DYGW_CANCELLED ? DYGW_CANCEL_DONE
                                                            : DYGW_CANCEL_REFUSED);
    dygw_host_left_work(c->ctx->gateway);
    return cancel_answer(c, !known || rv != APR_SUCCESS);
}

/* --- what is to be done with the verification --- */

/* Each of these functions returns APR_SUCCESS when c->out is filled in, and APR_NOTFOUND when the
 * verification was changed meanwhile and has to be read again. */

/* Returns a text that no other request writes. The store takes a write as successful when the row
 * is already as it is to be: two requests in the same millisecond that write the same would both
 * succeed, and both would ask Douyin. */
static const char *cancel_mark(const cancel_t *c)
{
    return apr_pstrcat(c->ctx->pool, "is being cancelled by ",
                       dygw_random_text(c->ctx->pool, MARK_LEN), NULL);
}

/* Commits the mark only: the background cancels when no verify is under way any more. */
static apr_status_t cancel_leave_to_background(cancel_t *c)
{
    apr_status_t rv;

    c->v->cancel_since = c->v->updated_at = dygw_now();
    c->v->cancels = 0;
    c->v->errand_at = c->not_before;
    dygw_record_error(c->v, 0, NULL);
    rv = cancel_write_mark(c);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    dygw_log(c->ctx->log, INFO, 0,
             DYGWNO(0436) "verification %" APR_INT64_T_FMT " is cancelled when the verify of "
                          "others of its request has ended",
             c->id);
    cancel_count(c, DYGW_CANCEL_UNKNOWN);
    dygw_host_left_work(c->ctx->gateway);
    return cancel_answer(c, 1);
}

static apr_status_t cancel_success(cancel_t *c)
{
    const dygw_reply_t *reply;
    apr_status_t rv;

    if (c->v->cancel_since != DYGW_NO_TIME) {
        return cancel_answer(c, 1); /* another request or the background cancels it */
    }
    if (!c->v->verify_id || !c->v->certificate_id) {
        /* As a rule its enrichment learns that, see gateway/settle/enrich.c. */
        return cancel_conflict(c, DYGW_REASON_IN_PROGRESS,
                               "Douyin did not say what is needed to cancel it");
    }
    if (c->not_before > dygw_now()) {
        return cancel_leave_to_background(c);
    }
    if (!dygw_ask_ready(c->ctx, &c->token, &c->out->result)) {
        return APR_SUCCESS;
    }
    c->v->cancel_since = c->v->updated_at = dygw_now();
    c->v->cancels = 1;
    c->v->errand_at = c->v->cancel_since + CALLS * (c->ctx->gateway->upstream_timeout / 1000)
                      + FOLLOW_UP_MARGIN_MS;
    dygw_record_error(c->v, 0, NULL);
    c->v->last_error = cancel_mark(c);
    rv = cancel_write_mark(c);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    dygw_step("cancel_committed");
    reply = dygw_ask(c->ctx, DYGW_ASK_VERIFY, call_cancel, c, &c->token);
    dygw_step("cancel_sent");
    return cancel_record_outcome(c, reply);
}

static apr_status_t cancel_processing(const cancel_t *c)
{
    dygw_ms_t now = dygw_now();
    apr_status_t rv;

    if (c->v->cancel_since == DYGW_NO_TIME) {
        c->v->cancel_since = c->v->updated_at = now;
        c->v->next_run_at = c->v->lease_until > now ? c->v->lease_until : now;
        rv = cancel_write_mark(c);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        cancel_count(c, DYGW_CANCEL_GIVEN_UP);
        dygw_host_left_work(c->ctx->gateway);
    }
    return cancel_answer(c, 1);
}

static apr_status_t cancel_decide(cancel_t *c)
{
    switch (c->v->verify_status) {
    case DYGW_SUCCESS:
        return cancel_success(c);
    case DYGW_PROCESSING:
        return cancel_processing(c);
    case DYGW_CANCELLED:
        return cancel_answer(c, 0);
    default:
        return cancel_conflict(c, dygw_reason_of(c->v),
                               "this verification has failed, there is nothing to cancel");
    }
}

/* The mark may be committed or not. If it is, the cancel will be carried out: the caller must not
 * hear that nothing was done. If it is not, the verification stays as it was, and the caller can
 * cancel it again. */
static void cancel_leave_in_doubt(const cancel_t *c)
{
    dygw_log(c->ctx->log, WARN, 0,
             DYGWNO(0456) "whether verification %" APR_INT64_T_FMT " will be cancelled is not "
                          "known: the database went away with the commit",
             c->id);
    cancel_count(c, DYGW_CANCEL_UNKNOWN);
    dygw_host_left_work(c->ctx->gateway);
    cancel_answer(c, 1);
}

void dygw_cancel(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                 dygw_redeem_result_t *out, int *pending)
{
    cancel_t c = { .ctx = ctx, .id = id, .app_id = app_id, .out = out, .pending = pending };
    apr_status_t rv = APR_NOTFOUND;
    int reads;

    *out = (dygw_redeem_result_t){ 0 };
    *pending = 0;
    for (reads = 0; rv == APR_NOTFOUND && reads < READS; reads++) {
        rv = cancel_read(&c);
        if (rv == APR_NOTFOUND) {
            cancel_refuse(&c, DYGW_NOT_FOUND, "this app has no such verification");
            return;
        }
        if (rv == APR_SUCCESS) {
            rv = cancel_decide(&c);
        }
    }
    if (rv == APR_INCOMPLETE) {
        cancel_leave_in_doubt(&c);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}
