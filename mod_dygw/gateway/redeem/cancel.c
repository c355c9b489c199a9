/* SPDX-License-Identifier: Apache-2.0
 * Taking a redemption back.
 *
 * That it is wanted is committed before Douyin is asked, with a follow-up for the background that
 * comes due after the call must have ended: if this process dies in between, the background finds
 * out what became of it. A verification that is still `processing` is given up by the same mark; to
 * settle it is the background's work in any case.
 *
 * While a verify of the same request may be under way, because others of it are not settled,
 * nothing but the mark is made: it might redeem again what Douyin has just cancelled. The mark and
 * the commit of a repetition exclude each other: that raises the revision of this row, too.
 */
#include "gateway/redeem/cancel.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/settle/cancelled.h"
#include "util/compiler.h"
#include "util/step.h"

#define READS               5       /* of a record that others change at the same time */
#define CALLS               4       /* upstream time-outs: the call, the wait for a new token, the
                                     * token call, the call again */
#define FOLLOW_UP_MARGIN_MS    5000
#define UNKNOWN_PAUSE_MS    5000
#define MARK_LEN            12

typedef struct cancel_t {
    const dygw_ctx_t *ctx;
    apr_int64_t id;
    apr_int64_t app_id;
    dygw_redeem_result_t *out;
    int *pending;
    dygw_verification_t *v;     /* as the table has it, but for what is going to be written */
    dygw_ms_t not_before;       /* see dygw_cancel_not_before */
    dygw_token_t token;
} cancel_t;

/* --- the record --- */

/* After the record itself: who writes to both afterwards is noticed when that is written. */
static apr_status_t read_others(cancel_t *c, dygw_db_t *db)
{
    apr_array_header_t *items;
    apr_status_t rv = dygw_store_verification_items(db, c->v->first_id, &items, c->ctx->pool);

    if (rv == APR_SUCCESS) {
        c->not_before = dygw_cancel_not_before((dygw_verification_t **)items->elts, items->nelts);
    }
    return rv;
}

static apr_status_t read_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    cancel_t *c = baton;
    apr_status_t rv = dygw_store_verification_get(db, c->id, c->app_id, &c->v, ctx->pool);

    return rv == APR_SUCCESS && c->v->item_count > 1 ? read_others(c, db) : rv;
}

static apr_status_t read_record(cancel_t *c)
{
    return dygw_db_work(c->ctx, read_with, c, DYGW_DB_ONCE);
}

static apr_status_t write_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *row)
{
    return dygw_store_verification_update_one(db, row);
}

/* APR_NOTFOUND: it was changed since it was read. APR_INCOMPLETE: it may be written. */
static apr_status_t write_record(const cancel_t *c)
{
    return dygw_db_work(c->ctx, write_with, c->v, DYGW_DB_ONCE);
}

/* Commits what is wanted. What may be written already is written once more; APR_INCOMPLETE: nor
 * does that tell. */
static apr_status_t write_wish(const cancel_t *c)
{
    apr_status_t rv = write_record(c);

    if (rv != APR_INCOMPLETE) {
        return rv;
    }
    rv = write_record(c);
    return rv == APR_SUCCESS || rv == APR_NOTFOUND ? rv : APR_INCOMPLETE;
}

/* The caller hears the record as it is now. */
static apr_status_t answer(const cancel_t *c, int pending)
{
    c->out->items = apr_pmemdup(c->ctx->pool, &c->v, sizeof(c->v));
    c->out->count = 1;
    *c->pending = pending;
    return APR_SUCCESS;
}

static apr_status_t refuse(const cancel_t *c, dygw_code_e code, const char *message)
{
    c->out->result.code = code;
    c->out->result.message = message;
    return APR_SUCCESS;
}

/* --- the call --- */

static const dygw_reply_t *call_cancel(void *baton, const char *access_token)
{
    cancel_t *c = baton;
    const dygw_question_t question
        = { .what = DYGW_QUESTION_CANCEL, .verify_id = c->v->verify_id,
            .certificate_id = c->v->certificate_id,
            .cancel_token = dygw_cancel_token(c->ctx->gateway, c->v, c->ctx->pool) };
    const dygw_cancel_reply_t *reply = dygw_douyin_cancel(c->ctx->gateway->douyin, &question,
                                                          access_token, c->ctx->log,
                                                          c->ctx->pool);

    c->out->upstream_time += reply->reply.took;
    return &reply->reply;
}

/* Sent twice, the first may have been done and the second refused for that. */
static int is_refused(const dygw_reply_t *reply)
{
    return !reply->sent_twice
           && (reply->kind == DYGW_REPLY_COUPON || reply->kind == DYGW_REPLY_SETUP
               || reply->kind == DYGW_REPLY_REQUEST);
}

/* 1: the outcome is known. */
static int apply(const cancel_t *c, const dygw_reply_t *reply)
{
    if (reply->kind == DYGW_REPLY_OK) {
        dygw_cancel_done(c->v);
        return 1;
    }
    if (is_refused(reply)) {
        dygw_log(c->ctx->log, INFO, 0,
                 DYGWNO(0453) "Douyin does not cancel verification %" APR_INT64_T_FMT
                              ": error_code %" APR_INT64_T_FMT ", logid %s",
                 c->id, reply->error_code, reply->logid);
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

static void count(const cancel_t *c, dygw_cancel_series_e what)
{
    dygw_count(c->ctx->gateway->metrics, DYGW_COUNT_CANCELS, what);
}

/* Writes the outcome to the record as it is now, for it may have been enriched meanwhile. When it
 * does not wait for its cancel any more, somebody else has found the outcome, and that counts,
 * unless Douyin has just carried it out. */
static apr_status_t conclude(cancel_t *c, const dygw_reply_t *reply)
{
    dygw_verification_t *committed = c->v;
    apr_status_t rv = APR_NOTFOUND;
    int known = 0;
    int reads;

    for (reads = 0; rv == APR_NOTFOUND && reads < READS; reads++) {
        if (reads > 0 && read_record(c) != APR_SUCCESS) {
            break;
        }
        if (c->v->verify_status != DYGW_SUCCESS
            || (c->v->cancel_since == DYGW_NO_TIME && reply->kind != DYGW_REPLY_OK)) {
            return answer(c, 0);
        }
        committed = c->v;
        c->v = apr_pmemdup(c->ctx->pool, committed, sizeof(*committed));
        known = apply(c, reply);
        rv = write_record(c);
    }
    if (rv != APR_SUCCESS) {
        dygw_log(c->ctx->log, ERR, rv,
                 DYGWNO(0454) "the outcome of cancelling verification %" APR_INT64_T_FMT
                              " could not be recorded; the background finds it out",
                 c->id);
        c->v = committed;
    }
    count(c, !known || rv != APR_SUCCESS ? DYGW_CANCEL_UNKNOWN
             : c->v->verify_status == DYGW_CANCELLED ? DYGW_CANCEL_DONE : DYGW_CANCEL_REFUSED);
    dygw_host_left_work(c->ctx->gateway);
    return answer(c, !known || rv != APR_SUCCESS);
}

/* --- what is to be done with it --- */

/* Each of these: APR_SUCCESS, the answer is there; APR_NOTFOUND, read it again. */

/* Two requests of the same millisecond must not write the same: to the store a row that is as it
 * was to be is a success, and both would ask Douyin. */
static const char *mark(const cancel_t *c)
{
    return apr_pstrcat(c->ctx->pool, "is being cancelled by ",
                       dygw_random_text(c->ctx->pool, MARK_LEN), NULL);
}

/* The background carries it out. */
static apr_status_t leave_wish(cancel_t *c)
{
    apr_status_t rv;

    c->v->cancel_since = c->v->updated_at = dygw_now();
    c->v->cancels = 0;
    c->v->errand_at = c->not_before;
    c->v->error_code = 0;
    c->v->error_description = NULL;
    rv = write_wish(c);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    dygw_log(c->ctx->log, INFO, 0,
             DYGWNO(0436) "verification %" APR_INT64_T_FMT " is cancelled when the verify of "
                          "others of its request has ended", c->id);
    count(c, DYGW_CANCEL_UNKNOWN);
    dygw_host_left_work(c->ctx->gateway);
    return answer(c, 1);
}

static apr_status_t cancel_success(cancel_t *c)
{
    const dygw_reply_t *reply;
    apr_status_t rv;

    if (c->v->cancel_since != DYGW_NO_TIME) {
        return answer(c, 1);        /* another request, or the background, is at it */
    }
    if (!c->v->verify_id || !c->v->certificate_id) {
        return refuse(c, DYGW_CONFLICT, "Douyin did not say what is needed to cancel it");
    }
    if (c->not_before > dygw_now()) {
        return leave_wish(c);
    }
    if (!dygw_ask_ready(c->ctx, &c->token, &c->out->result)) {
        return APR_SUCCESS;
    }
    c->v->cancel_since = c->v->updated_at = dygw_now();
    c->v->cancels = 1;
    c->v->errand_at = c->v->cancel_since + CALLS * (c->ctx->gateway->upstream_timeout / 1000)
                      + FOLLOW_UP_MARGIN_MS;
    c->v->error_code = 0;
    c->v->error_description = NULL;
    c->v->last_error = mark(c);
    rv = write_wish(c);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    dygw_step("cancel_committed");
    reply = dygw_ask(c->ctx, DYGW_ASK_VERIFY, call_cancel, c, &c->token);
    dygw_step("cancel_sent");
    return conclude(c, reply);
}

static apr_status_t give_up(const cancel_t *c)
{
    dygw_ms_t now = dygw_now();
    apr_status_t rv;

    if (c->v->cancel_since == DYGW_NO_TIME) {
        c->v->cancel_since = c->v->updated_at = now;
        c->v->next_run_at = c->v->lease_until > now ? c->v->lease_until : now;
        rv = write_wish(c);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        count(c, DYGW_CANCEL_GIVEN_UP);
        dygw_host_left_work(c->ctx->gateway);
    }
    return answer(c, 1);
}

static apr_status_t decide(cancel_t *c)
{
    switch (c->v->verify_status) {
    case DYGW_SUCCESS:
        return cancel_success(c);
    case DYGW_PROCESSING:
        return give_up(c);
    case DYGW_CANCELLED:
        return answer(c, 0);
    default:
        return refuse(c, DYGW_CONFLICT, "this verification has failed, there is nothing to cancel");
    }
}

/* What may be wanted may be carried out, so the caller must not hear that nothing was done. If it
 * is not, the record tells, and may be cancelled again. */
static void leave_in_doubt(const cancel_t *c)
{
    dygw_log(c->ctx->log, WARN, 0,
             DYGWNO(0456) "whether verification %" APR_INT64_T_FMT " will be cancelled is not "
                          "known: the database went away with the commit", c->id);
    count(c, DYGW_CANCEL_UNKNOWN);
    dygw_host_left_work(c->ctx->gateway);
    answer(c, 1);
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
        rv = read_record(&c);
        if (rv == APR_NOTFOUND) {
            refuse(&c, DYGW_NOT_FOUND, "this app has no such verification");
            return;
        }
        if (rv == APR_SUCCESS) {
            rv = decide(&c);
        }
    }
    if (rv == APR_INCOMPLETE) {
        leave_in_doubt(&c);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}
