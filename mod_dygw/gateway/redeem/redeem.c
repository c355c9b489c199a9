/* SPDX-License-Identifier: Apache-2.0
 * A redeem request, in the order that makes it safe:
 *
 *   1  find the coupon     follow the short link, call prepare. Nothing can be redeemed yet: the
 *                          caller is told what goes wrong here, and it is not recorded. Only a
 *                          refusal because of the coupon is recorded, as a `failed` verification;
 *                          so is a code that was redeemed before (code_use.h)
 *   2  record              commit the verifications, `processing`, with all that is needed later to
 *                          repeat the verify, or to ask Douyin about it
 *   3  verify              the only call that may redeem
 *   4  record the outcome  as far as the answer tells it; what it does not tell stays `processing`,
 *                          for the background
 *
 * If this process dies between 2 and 4, the verification is in the table, its lease runs out, and
 * the background settles it (settle/settle.c). If the database dies in between, the caller hears
 * `processing`, as the table has it. No connection to the database is open during calls to Douyin.
 *
 * The member `attempts` of a verification counts the verify calls that may have reached Douyin. It
 * is 1 when the verification is committed, because this process may die before it knows more;
 * afterwards it is the number that was sent. When it is above 1, our own first call may be the
 * reason for "already used" and "no uses left", and only a look at the coupon can tell.
 */
#include "gateway/redeem/redeem.h"

#include <apr_strings.h>

#include "gateway/account.h"
#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/record.h"
#include "gateway/redeem/redeem_state.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/step.h"
#include "util/text.h"

#define LEASE_CALLS     3    /* upstream time-outs in a lease, see prepare_to_send */
#define LEASE_MARGIN_MS 5000 /* added to them, to record the outcome */

/* --- 2: record --- */

static void new_verifications(dygw_redeem_t *r, int count)
{
    int i;

    r->out->count = count;
    r->out->verifications
        = apr_palloc(r->ctx->pool, (apr_size_t)count * sizeof(*r->out->verifications));
    for (i = 0; i < count; i++) {
        dygw_verification_t *v = dygw_record_new(r->request, r->ctx->pool);

        v->item_no = i;
        v->item_count = count;
        v->request_key = i == 0 ? r->request->request_key : NULL;
        v->origin_code = r->request->code; /* until Douyin tells its own */
        r->out->verifications[i] = v;
    }
}

/* The caller hears `processing`, and not that nothing was done: verifications that may be recorded
 * will be settled by the background. If they are not recorded, the caller does not find them later,
 * and nothing was redeemed. */
static void redeem_leave_in_doubt(const dygw_redeem_t *r)
{
    dygw_log(r->ctx->log, WARN, 0,
             DYGWNO(0414) "whether verification %" APR_INT64_T_FMT " is recorded is not known: the "
                          "database went away with the commit",
             r->out->verifications[0]->id);
}

/* Commits the verifications. 0: the request ends here. Its result then says why they are not
 * recorded, or has what was recorded before; or it is not known whether they are recorded. */
static int record_verifications(dygw_redeem_t *r)
{
    apr_status_t rv;

    dygw_step("before_insert");
    rv = dygw_redeem_insert(r);
    dygw_step("after_insert");
    if (rv == APR_SUCCESS) {
        return 1;
    }
    if (r->in_doubt && r->out->verifications[0]->verify_status == DYGW_PROCESSING) {
        redeem_leave_in_doubt(r);
    }
    else if (rv == APR_EBUSY) {
        r->out->result.code = DYGW_REQUEST_IN_PROGRESS;
        r->out->result.message = "another request with this Idempotency-Key has gone ahead";
        r->out->result.retry_after = 1;
    }
    else if (rv == APR_EACCES && !r->redrawn) {
        dygw_explain_replay(&r->out->result);
    }
    else if (rv != APR_EEXIST || dygw_redeem_replay_earlier(r) != APR_SUCCESS) {
        dygw_explain_database(&r->out->result);
    }
    return 0;
}

/* Records one `failed` verification: prepare refused the coupon. */
static void record_refusal(dygw_redeem_t *r, const dygw_prepare_reply_t *prepared, apr_int64_t code,
                           const char *description)
{
    new_verifications(r, 1);
    r->out->verifications[0]->order_id = prepared->order_id;
    dygw_record_fail(r->out->verifications[0], code, description);
    dygw_record_add_response(r->out->verifications, 1, "prepare", &prepared->reply, r->ctx->pool);
    dygw_redeem_why(r);
    record_verifications(r);
}

/* Makes verifications of the n chosen coupons, or one without a coupon. */
static void choose_verifications(dygw_redeem_t *r, const dygw_prepare_reply_t *prepared,
                                 const dygw_certificate_t *const *chosen, int n)
{
    int i;

    new_verifications(r, n > 0 ? n : 1);
    r->verify_token = prepared->verify_token;
    r->listed = prepared->certificates;
    for (i = 0; i < r->out->count; i++) {
        r->out->verifications[i]->order_id = prepared->order_id;
        if (i < n) {
            dygw_record_set_certificate(r->out->verifications[i], chosen[i]);
        }
    }
}

/* Makes the verifications of the coupons that prepare found; they are not committed yet. 0: there
 * is nothing to verify, the result says why. */
static int verifications_from_coupons(dygw_redeem_t *r, const dygw_prepare_reply_t *prepared)
{
    const dygw_certificate_t *chosen[DYGW_COUNT_MAX];
    int n = dygw_redeem_choose(r, prepared, chosen);

    choose_verifications(r, prepared, chosen, n);
    if (dygw_redeem_look_at_code(r) != APR_SUCCESS) {
        dygw_explain_database(&r->out->result);
        return 0;
    }
    if (r->code_use == DYGW_CODE_USED) {
        record_refusal(r, prepared, DYGW_OUTCOME_NOT_OURS,
                       dygw_code_used_text(r->code_by, r->ctx->pool));
        return 0;
    }
    if (n == 0) {
        record_refusal(r, prepared, DYGW_OUTCOME_NO_COUPON, "the order has no usable coupon now");
        return 0;
    }
    if (n < r->request->count) {
        r->out->result.code = DYGW_NOT_ENOUGH_COUPONS;
        r->out->result.message = "the order has fewer usable coupons than `count`; "
                                 "nothing was redeemed";
        r->out->result.available = n;
        return 0;
    }
    dygw_record_add_response(r->out->verifications, n, "prepare", &prepared->reply, r->ctx->pool);
    return 1;
}

/* Calls prepare, and makes the verifications. 0: as above. */
static int verifications_from_prepare(dygw_redeem_t *r)
{
    const dygw_prepare_reply_t *prepared = dygw_redeem_prepare(r, &r->out->result);

    if (!prepared) {
        return 0;
    }
    switch (prepared->reply.kind) {
    case DYGW_REPLY_OK:
        return verifications_from_coupons(r, prepared);
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
        record_refusal(r, prepared, prepared->reply.error_code, prepared->reply.description);
        return 0;
    default:
        dygw_explain(&prepared->reply, &r->out->result);
        return 0;
    }
}

/* Makes the verification of a coupon that the caller has prepared. Without an access token nothing
 * is tried and nothing is recorded; but the outcome of an earlier request is told all the same. 0:
 * the request ends here. */
static int verifications_from_request(dygw_redeem_t *r)
{
    dygw_verification_t *v;

    new_verifications(r, 1);
    v = r->out->verifications[0];
    v->encrypted_code = r->request->encrypted_code;
    v->order_id = r->request->order_id;
    v->certificate_id = r->request->certificate_id;
    r->verify_token = r->request->verify_token;
    r->codes[0] = v->encrypted_code;
    r->times_left[0] = DYGW_TIMES_LEFT_UNKNOWN;
    if (!dygw_ask_ready(r->ctx, &r->token, &r->out->result)) {
        dygw_redeem_replay_earlier(r);
        return 0;
    }
    return 1;
}

static dygw_ms_t timeout_ms(const dygw_redeem_t *r)
{
    return r->ctx->gateway->upstream_timeout / 1000;
}

/* Sets what the background needs to settle the verifications, and their lease: the time in which
 * only this request works on them. Up to three calls can follow: a verify, and when the token is
 * refused, its renewal and the verify again. Verifications that wait have no lease. */
static void prepare_to_send(dygw_redeem_t *r)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t lease_until = now + LEASE_CALLS * timeout_ms(r) + LEASE_MARGIN_MS;
    int i;

    r->lease_ends = dygw_steady_now() + apr_time_from_msec(lease_until - now);
    for (i = 0; i < r->out->count; i++) {
        dygw_verification_t *v = r->out->verifications[i];

        r->codes[i] = v->encrypted_code;
        v->verify_token = r->verify_token;
        v->attempts = 1;
        v->sent_at = now;
        v->lease_until = lease_until;
        v->next_run_at = lease_until;
    }
    if (r->code_use == DYGW_CODE_WAITS) {
        dygw_redeem_wait(r);
    }
}

/* --- 3: verify --- */

/* So long before the end of its lease a verify may be sent at the latest: it then ends before the
 * lease does, also by the clock of the host that settles. */
static dygw_ms_t before_lease_end(const dygw_redeem_t *r)
{
    return DYGW_CLOCKS_APART_MS + timeout_ms(r);
}

static dygw_ms_t last_moment_to_send(const dygw_redeem_t *r)
{
    return r->out->verifications[0]->lease_until - before_lease_end(r);
}

static const dygw_reply_t *call_verify(void *baton, const char *access_token)
{
    dygw_redeem_t *r = baton;
    dygw_question_t question = { .what = DYGW_QUESTION_VERIFY,
                                 .poi_id = r->request->poi_id,
                                 .verify_token = r->verify_token,
                                 .codes = r->codes,
                                 .count = r->out->count,
                                 .send_by = last_moment_to_send(r) };
    dygw_verify_reply_t *reply;

    dygw_account_of_verify(r->ctx->gateway, r->out->verifications[0], &question);
    reply = dygw_douyin_verify(r->ctx->gateway->douyin, &question, access_token, r->ctx->log,
                               r->ctx->pool);
    r->out->upstream_time += reply->reply.took;
    if (reply->reply.kind != DYGW_REPLY_UNREACHABLE) {
        r->sent += reply->reply.sent_twice ? 2 : 1;
    }
    return &reply->reply;
}

static int is_platform_fault(dygw_reply_class_e kind)
{
    return kind == DYGW_REPLY_SETUP || kind == DYGW_REPLY_REQUEST;
}

/* Warns of a fault that is not the coupon's, as the repetitions cannot succeed before somebody has
 * mended it. The warning is not logged for every request, because all of them may be affected. */
static void warn_of_platform_fault(const dygw_redeem_t *r, const dygw_verify_reply_t *answer)
{
    apr_int64_t error_code = is_platform_fault(answer->reply.kind) ? answer->reply.error_code : 0;
    int i;

    for (i = 0; answer->items && i < r->out->count && error_code == 0; i++) {
        if (is_platform_fault(answer->items[i].kind)) {
            error_code = answer->items[i].result;
        }
    }
    if (error_code != 0) {
        const char *what
            = dygw_douyin_refusal_text(error_code, answer->reply.account_id, r->ctx->pool);

        dygw_log_rarely(r->ctx->log, WARN, what, 0,
                        DYGWNO(0415) "Douyin does not let verification %" APR_INT64_T_FMT
                                     " be done, for what is not the coupon's fault: error_code "
                                     "%s, logid %s; it is repeated",
                        r->out->verifications[0]->id, what, answer->reply.logid);
    }
}

/* Whether a refusal may not be the end: when the verify was sent twice, the first call, which was
 * not answered, may still be applied after the second was refused. */
static int may_yet_be_applied(const dygw_reply_t *reply, const dygw_verify_item_t *item)
{
    return reply->sent_twice && item->kind == DYGW_REPLY_COUPON;
}

/* Applies the answer to the verifications, in memory. */
static void apply_answer(dygw_redeem_t *r, const dygw_verify_reply_t *answer)
{
    dygw_ms_t now = dygw_now();
    int unknown = 0;
    int i;

    for (i = 0; i < r->out->count; i++) {
        dygw_verification_t *v = r->out->verifications[i];

        v->updated_at = now;
        v->sent_at = now;
        v->attempts = r->sent;
        if (answer->items && may_yet_be_applied(&answer->reply, &answer->items[i])) {
            dygw_record_stay_open(v);
        }
        else if (answer->items) {
            dygw_record_apply_item(v, &answer->items[i], r->times_left[i]);
        }
        else {
            dygw_record_apply_reply(v, &answer->reply);
        }
        unknown += v->verify_status == DYGW_PROCESSING;
    }
    dygw_record_add_response(r->out->verifications, r->out->count, "verify", &answer->reply,
                             r->ctx->pool);
    warn_of_platform_fault(r, answer);
    if (unknown > 0) {
        dygw_log(r->ctx->log, INFO, 0,
                 DYGWNO(0412) "verification %" APR_INT64_T_FMT ": the outcome of %d of %d is not "
                              "known yet: HTTP status %d, error_code %" APR_INT64_T_FMT
                              ", logid %s",
                 r->out->verifications[0]->id, unknown, r->out->count, answer->reply.http_status,
                 answer->reply.error_code, answer->reply.logid);
    }
}

/* --- 4: record the outcome --- */

/* Returns copies of the verifications as they are committed. If the outcome cannot be written, the
 * caller hears these. */
static dygw_verification_t **copy_verifications(dygw_redeem_t *r)
{
    const apr_size_t room = (apr_size_t)r->out->count * sizeof(dygw_verification_t *);
    dygw_verification_t **copies = apr_palloc(r->ctx->pool, room);
    int i;

    for (i = 0; i < r->out->count; i++) {
        copies[i] = apr_pmemdup(r->ctx->pool, r->out->verifications[i], sizeof(**copies));
    }
    return copies;
}

/* Whether it is too late to send the verify, because this process, or its machine, stood still: the
 * background may work on the verifications by now, and may have found that nothing was redeemed.
 * The clock may have been set back meanwhile: the steady one tells as well.
 * A call that is held up after this check is not sent either, see send_by. */
static int is_too_late_to_send(const dygw_redeem_t *r)
{
    const dygw_verification_t *first = r->out->verifications[0];

    if (dygw_now() <= last_moment_to_send(r)
        && dygw_steady_now() <= r->lease_ends - apr_time_from_msec(before_lease_end(r))) {
        return 0;
    }
    dygw_log(r->ctx->log, WARN, 0,
             DYGWNO(0413) "verification %" APR_INT64_T_FMT " was held up before it was sent; the "
                          "background settles it",
             first->id);
    return 1;
}

/* Writes what the request has made of the verifications, which are `committed` as they were. */
static void record_outcome(dygw_redeem_t *r, dygw_verification_t **committed)
{
    apr_status_t rv = dygw_redeem_settle(r);

    dygw_step("after_settle");
    if (rv == APR_NOTFOUND) {
        /* The background or a cancel has written the outcome first, and that outcome counts. */
        rv = dygw_request_verifications(r->ctx, committed[0]->first_id, r->out);
    }
    if (rv != APR_SUCCESS) {
        dygw_log(r->ctx->log, ERR, rv,
                 DYGWNO(0411) "the outcome of verification %" APR_INT64_T_FMT " could not be "
                              "recorded; it stays processing until the background settles it",
                 committed[0]->id);
        r->out->verifications = committed;
    }
    dygw_host_left_work(r->ctx->gateway);
}

static void verify_and_record(dygw_redeem_t *r)
{
    dygw_verification_t **committed = copy_verifications(r);
    const dygw_verify_reply_t *answer;

    dygw_step("before_verify");
    if (is_too_late_to_send(r)) {
        return;
    }
    /* call_verify returns the first member of a dygw_verify_reply_t. */
    answer
        = (const dygw_verify_reply_t *)dygw_ask(r->ctx, DYGW_ASK_VERIFY, call_verify, r, &r->token);
    dygw_step("after_verify");
    apply_answer(r, answer);
    dygw_redeem_why(r);
    dygw_step("why_known");
    record_outcome(r, committed);
}

/* Another verification has the code and is not settled: nothing is sent, and the background goes
 * on. If only the look after the commit has told so, the rows are committed as if they were sent.
 */
static void leave_waiting(dygw_redeem_t *r)
{
    dygw_log(r->ctx->log, INFO, 0,
             DYGWNO(0380) "verification %" APR_INT64_T_FMT " waits for verification "
                          "%" APR_INT64_T_FMT ", which has the same code and is not settled",
             r->out->verifications[0]->id, r->code_by);
    if (r->out->verifications[0]->attempts > 0) {
        dygw_verification_t **committed = copy_verifications(r);

        dygw_redeem_wait(r);
        record_outcome(r, committed);
    }
    else {
        dygw_host_left_work(r->ctx->gateway);
    }
}

void dygw_redeem(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                 dygw_redeem_result_t *out)
{
    dygw_redeem_t r = {
        .ctx = ctx,
        .request = request,
        .out = out,
    };
    int to_verify;

    *out = (dygw_redeem_result_t){ 0 };
    to_verify = request->mode == DYGW_MODE_ENCRYPTED_CODE ? verifications_from_request(&r)
                                                          : verifications_from_prepare(&r);
    if (!to_verify) {
        return;
    }
    prepare_to_send(&r);
    if (!record_verifications(&r)) {
        return;
    }
    if (r.code_use == DYGW_CODE_WAITS) {
        leave_waiting(&r);
    }
    else {
        verify_and_record(&r);
    }
}
