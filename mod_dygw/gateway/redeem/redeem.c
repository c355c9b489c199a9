/* SPDX-License-Identifier: Apache-2.0
 * A redeem request, in the order that makes it safe:
 *
 *   1  find the coupon     follow the short link, call prepare. Nothing can be redeemed yet: the
 *                          caller is told what goes wrong here, and it is not recorded. Only a
 *                          refusal because of the coupon is recorded, as a `failed` verification
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

#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/record.h"
#include "gateway/redeem/redeem_state.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/step.h"
#include "util/text.h"

#define LEASE_CALLS     3       /* upstream time-outs in a lease, see prepare_to_send */
#define LEASE_MARGIN_MS 5000    /* added to them, to record the outcome */
#define ID_DRAWS        3
#define PATIENCE_MS     5000    /* for a database that went away during our commit */

/* --- 2: record --- */

static void new_verifications(dygw_attempt_t *a, int count)
{
    int i;

    a->out->count = count;
    a->out->verifications = apr_palloc(a->ctx->pool,
                                       (apr_size_t)count * sizeof(*a->out->verifications));
    for (i = 0; i < count; i++) {
        dygw_verification_t *v = dygw_record_new(a->request, a->ctx->pool);

        v->item_no = i;
        v->item_count = count;
        v->request_key = i == 0 ? a->request->request_key : NULL;
        a->out->verifications[i] = v;
    }
}

static void assign_ids(dygw_attempt_t *a)
{
    apr_int64_t first = dygw_host_next_ids(a->ctx->gateway, a->out->count);
    int i;

    for (i = 0; i < a->out->count; i++) {
        a->out->verifications[i]->id = first + i;
        a->out->verifications[i]->first_id = first;
        a->out->verifications[i]->created_at = dygw_id_time(first + i);
    }
}

static apr_status_t insert_verifications_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db,
                                              void *baton)
{
    dygw_attempt_t *a = baton;
    const dygw_verification_t *const *rows
        = (const dygw_verification_t *const *)a->out->verifications;
    apr_status_t rv;
    int draw = 1;

    while ((rv = dygw_store_verification_insert(db, rows, a->out->count, a->request->key_hash,
                                                a->request->key_owner)) == APR_EAGAIN
           && draw++ < ID_DRAWS) {
        assign_ids(a);
        a->redrawn = 1;
    }
    if (rv == APR_INCOMPLETE) {
        a->in_doubt = 1;
    }
    else if (rv == APR_SUCCESS || rv == APR_EEXIST || rv == APR_EBUSY || rv == APR_EACCES) {
        a->in_doubt = 0;
    }
    return rv;
}

/* Inserts the verifications, with ids. APR_EEXIST: this verify_token and code are recorded already;
 * APR_EACCES: this request is recorded already. When the connection dies during the commit, a
 * second unit of work finds out whether it was done, because inserting the same rows again is no
 * error. When the second unit only fails, a->in_doubt stays set. A database that went away during
 * our commit is waited for: verifications that may be recorded may be redeemed by the background,
 * so the caller must not hear that nothing was done. */
static apr_status_t insert_verifications(dygw_attempt_t *a)
{
    static const apr_status_t ends[] = { APR_EEXIST, APR_EBUSY, APR_EACCES, APR_EAGAIN, APR_TIMEUP,
                                         APR_SUCCESS };
    static const dygw_db_rules_t rules = { ends, PATIENCE_MS };

    assign_ids(a);
    return dygw_db_work(a->ctx, insert_verifications_with, a, &rules);
}

/* What an earlier request has recorded about the codes of this one. */
typedef struct earlier_t {
    const dygw_attempt_t *a;
    dygw_verification_t *first;         /* of the first of our codes that has a verification */
    apr_array_header_t *verifications;  /* all verifications of the request that made it */
} earlier_t;

/* Reads the earlier verifications. APR_NOTFOUND: there are none. */
static apr_status_t find_earlier(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    earlier_t *found = baton;
    const dygw_attempt_t *a = found->a;
    apr_status_t rv = APR_NOTFOUND;
    int i;

    for (i = 0; i < a->out->count && rv == APR_NOTFOUND; i++) {
        rv = dygw_store_verification_find(db, a->verify_token, a->codes[i], &found->first,
                                          ctx->pool);
    }
    return rv == APR_SUCCESS ? dygw_store_verification_items(db, found->first->first_id,
                                                             &found->verifications, ctx->pool)
                             : rv;
}

static void explain_conflict(dygw_attempt_t *a, const char *message)
{
    a->out->result.code = DYGW_CONFLICT;
    a->out->result.message = message;
}

/* Whether the same signed request has made these verifications and has now come once more. It must
 * not redeem again, also when its nonce was not recognised. After ids were drawn again the
 * verifications may be our own, under the ids before, so that nothing is concluded then. */
static int is_request_repeated(const dygw_attempt_t *a, const apr_array_header_t *items)
{
    const dygw_verification_t *first = APR_ARRAY_IDX(items, 0, dygw_verification_t *);

    return !a->redrawn && dygw_text_same(a->request->request_key, first->request_key);
}

/* Replies with the verifications that were recorded with this verify_token and code before, if they
 * are of the same app. When our own prepare gave a verify_token a second time, an earlier outcome
 * that is final is refused instead: it was told to another caller, who may have handed out the
 * goods for it. */
static apr_status_t replay_earlier(dygw_attempt_t *a)
{
    earlier_t found = { .a = a };
    apr_status_t rv = dygw_db_work(a->ctx, find_earlier, &found, DYGW_DB_ONCE);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    a->out->result = (dygw_result_t){ 0 };
    if (found.first->app_id != a->request->app_id) {
        explain_conflict(a, "another app has used this coupon with the same verify_token");
    }
    else if (is_request_repeated(a, found.verifications)) {
        dygw_explain_replay(&a->out->result);
    }
    else if (a->request->mode != DYGW_MODE_ENCRYPTED_CODE
             && found.first->verify_status != DYGW_PROCESSING) {
        explain_conflict(a, "Douyin gave a verify_token that a finished verification has used; "
                            "nothing was redeemed, try again later");
    }
    else {
        a->out->verifications = (dygw_verification_t **)found.verifications->elts;
        a->out->count = found.verifications->nelts;
        a->out->replayed = 1;
    }
    return APR_SUCCESS;
}

/* The caller hears `processing`, and not that nothing was done: verifications that may be recorded
 * will be settled by the background. If they are not recorded, the caller does not find them later,
 * and nothing was redeemed. */
static void redeem_leave_in_doubt(const dygw_attempt_t *a)
{
    dygw_log(a->ctx->log, WARN, 0,
             DYGWNO(0414) "whether verification %" APR_INT64_T_FMT " is recorded is not known: the "
                          "database went away with the commit", a->out->verifications[0]->id);
}

/* Commits the verifications. 0: the request ends here. Its result then says why they are not
 * recorded, or has what was recorded before; or it is not known whether they are recorded. */
static int record_verifications(dygw_attempt_t *a)
{
    apr_status_t rv;

    dygw_step("before_insert");
    rv = insert_verifications(a);
    dygw_step("after_insert");
    if (rv == APR_SUCCESS) {
        return 1;
    }
    if (a->in_doubt && a->out->verifications[0]->verify_status == DYGW_PROCESSING) {
        redeem_leave_in_doubt(a);
    }
    else if (rv == APR_EBUSY) {
        a->out->result.code = DYGW_REQUEST_IN_PROGRESS;
        a->out->result.message = "another request with this Idempotency-Key has gone ahead";
        a->out->result.retry_after = 1;
    }
    else if (rv == APR_EACCES && !a->redrawn) {
        dygw_explain_replay(&a->out->result);
    }
    else if (rv != APR_EEXIST || replay_earlier(a) != APR_SUCCESS) {
        dygw_explain_database(&a->out->result);
    }
    return 0;
}

/* Records one `failed` verification: prepare refused the coupon. */
static void record_refusal(dygw_attempt_t *a, const dygw_prepare_reply_t *prepared,
                           apr_int64_t code, const char *description)
{
    new_verifications(a, 1);
    a->out->verifications[0]->order_id = prepared->order_id;
    dygw_record_fail(a->out->verifications[0], code, description);
    dygw_record_add_response(a->out->verifications, 1, "prepare", &prepared->reply, a->ctx->pool);
    record_verifications(a);
}

/* Makes the verifications of the coupons that prepare found; they are not committed yet. 0: there
 * is nothing to verify, the result says why. */
static int verifications_from_coupons(dygw_attempt_t *a, const dygw_prepare_reply_t *prepared)
{
    const dygw_certificate_t *chosen[DYGW_COUNT_MAX];
    int n = dygw_attempt_choose(a, prepared, chosen);
    int i;

    if (n == 0) {
        record_refusal(a, prepared, DYGW_OUTCOME_NO_COUPON, "the order has no usable coupon now");
        return 0;
    }
    if (n < a->request->count) {
        a->out->result.code = DYGW_NOT_ENOUGH_COUPONS;
        a->out->result.message = "the order has fewer usable coupons than `count`; "
                                 "nothing was redeemed";
        a->out->result.available = n;
        return 0;
    }
    new_verifications(a, n);
    a->verify_token = prepared->verify_token;
    for (i = 0; i < n; i++) {
        dygw_record_set_certificate(a->out->verifications[i], chosen[i]);
        a->out->verifications[i]->order_id = prepared->order_id;
    }
    dygw_record_add_response(a->out->verifications, n, "prepare", &prepared->reply, a->ctx->pool);
    return 1;
}

/* Calls prepare, and makes the verifications. 0: as above. */
static int verifications_from_prepare(dygw_attempt_t *a)
{
    const dygw_prepare_reply_t *prepared = dygw_attempt_prepare(a, &a->out->result);

    if (!prepared) {
        return 0;
    }
    switch (prepared->reply.kind) {
    case DYGW_REPLY_OK:
        return verifications_from_coupons(a, prepared);
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
        record_refusal(a, prepared, prepared->reply.error_code, prepared->reply.description);
        return 0;
    default:
        dygw_explain(&prepared->reply, &a->out->result);
        return 0;
    }
}

/* Makes the verification of a coupon that the caller has prepared. Without an access token nothing
 * is tried and nothing is recorded; but the outcome of an earlier request is told all the same. 0:
 * the request ends here. */
static int verifications_from_request(dygw_attempt_t *a)
{
    dygw_verification_t *v;

    new_verifications(a, 1);
    v = a->out->verifications[0];
    v->encrypted_code = a->request->encrypted_code;
    v->order_id = a->request->order_id;
    v->certificate_id = a->request->certificate_id;
    a->verify_token = a->request->verify_token;
    a->codes[0] = v->encrypted_code;
    a->times_left[0] = DYGW_TIMES_LEFT_UNKNOWN;
    if (!dygw_ask_ready(a->ctx, &a->token, &a->out->result)) {
        replay_earlier(a);
        return 0;
    }
    return 1;
}

static dygw_ms_t timeout_ms(const dygw_attempt_t *a)
{
    return a->ctx->gateway->upstream_timeout / 1000;
}

/* Sets what the background needs to settle the verifications, and their lease: the time in which
 * only this request works on them. Up to three calls can follow: a verify, and when the token is
 * refused, its renewal and the verify again. */
static void prepare_to_send(dygw_attempt_t *a)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t lease_until = now + LEASE_CALLS * timeout_ms(a) + LEASE_MARGIN_MS;
    int i;

    for (i = 0; i < a->out->count; i++) {
        dygw_verification_t *v = a->out->verifications[i];

        a->codes[i] = v->encrypted_code;
        v->verify_token = a->verify_token;
        v->attempts = 1;
        v->sent_at = now;
        v->lease_until = lease_until;
        v->next_run_at = lease_until;
    }
}

/* --- 3: verify --- */

/* Returns the time until which a verify may be sent: it then ends before the lease does, also by
 * the clock of the host that settles. */
static dygw_ms_t last_moment_to_send(const dygw_attempt_t *a)
{
    return a->out->verifications[0]->lease_until - DYGW_CLOCKS_APART_MS - timeout_ms(a);
}

static const dygw_reply_t *call_verify(void *baton, const char *access_token)
{
    dygw_attempt_t *a = baton;
    const dygw_question_t question = { .what = DYGW_QUESTION_VERIFY,
                                       .poi_id = a->request->poi_id,
                                       .verify_token = a->verify_token,
                                       .codes = a->codes,
                                       .count = a->out->count,
                                       .send_by = last_moment_to_send(a) };
    dygw_verify_reply_t *reply = dygw_douyin_verify(a->ctx->gateway->douyin, &question,
                                                    access_token, a->ctx->log, a->ctx->pool);

    a->out->upstream_time += reply->reply.took;
    if (reply->reply.kind != DYGW_REPLY_UNREACHABLE) {
        a->sent += reply->reply.sent_twice ? 2 : 1;
    }
    return &reply->reply;
}

static int is_platform_fault(dygw_reply_class_e kind)
{
    return kind == DYGW_REPLY_SETUP || kind == DYGW_REPLY_REQUEST;
}

/* Warns of a fault that is not the coupon's, as the repetitions cannot succeed before somebody has
 * mended it. The warning is not logged for every request, because all of them may be affected. */
static void warn_of_platform_fault(const dygw_attempt_t *a, const dygw_verify_reply_t *answer)
{
    static volatile apr_uint32_t warned_at;
    apr_int64_t error_code = is_platform_fault(answer->reply.kind) ? answer->reply.error_code : 0;
    int i;

    for (i = 0; answer->items && i < a->out->count && error_code == 0; i++) {
        if (is_platform_fault(answer->items[i].kind)) {
            error_code = answer->items[i].result;
        }
    }
    if (error_code != 0 && dygw_log_may_repeat(&warned_at)) {
        dygw_log(a->ctx->log, WARN, 0,
                 DYGWNO(0415) "Douyin does not let verification %" APR_INT64_T_FMT " be done, for "
                              "what is not the coupon's fault: error_code %" APR_INT64_T_FMT
                              ", logid %s; it is repeated",
                 a->out->verifications[0]->id, error_code, answer->reply.logid);
    }
}

/* Whether a refusal may not be the end: when the verify was sent twice, the first call, which was
 * not answered, may still be applied after the second was refused. */
static int may_yet_be_applied(const dygw_reply_t *reply, const dygw_verify_item_t *item)
{
    return reply->sent_twice && item->kind == DYGW_REPLY_COUPON;
}

/* Applies the answer to the verifications, in memory. */
static void apply_answer(dygw_attempt_t *a, const dygw_verify_reply_t *answer)
{
    dygw_ms_t now = dygw_now();
    int unknown = 0;
    int i;

    for (i = 0; i < a->out->count; i++) {
        dygw_verification_t *v = a->out->verifications[i];

        v->updated_at = now;
        v->sent_at = now;
        v->attempts = a->sent;
        if (answer->items && may_yet_be_applied(&answer->reply, &answer->items[i])) {
            dygw_record_stay_open(v);
        }
        else if (answer->items) {
            dygw_record_apply_item(v, &answer->items[i], a->times_left[i]);
        }
        else {
            dygw_record_apply_reply(v, &answer->reply);
        }
        unknown += v->verify_status == DYGW_PROCESSING;
    }
    dygw_record_add_response(a->out->verifications, a->out->count, "verify", &answer->reply,
                             a->ctx->pool);
    warn_of_platform_fault(a, answer);
    if (unknown > 0) {
        dygw_log(a->ctx->log, INFO, 0,
                 DYGWNO(0412) "verification %" APR_INT64_T_FMT ": the outcome of %d of %d is not "
                              "known yet: HTTP status %d, error_code %" APR_INT64_T_FMT
                              ", logid %s", a->out->verifications[0]->id, unknown, a->out->count,
                 answer->reply.http_status, answer->reply.error_code, answer->reply.logid);
    }
}

/* --- 4: record the outcome --- */

/* Returns copies of the verifications as they are committed. If the outcome cannot be written, the
 * caller hears these. */
static dygw_verification_t **copy_verifications(dygw_attempt_t *a)
{
    const apr_size_t room = (apr_size_t)a->out->count * sizeof(dygw_verification_t *);
    dygw_verification_t **copies = apr_palloc(a->ctx->pool, room);
    int i;

    for (i = 0; i < a->out->count; i++) {
        copies[i] = apr_pmemdup(a->ctx->pool, a->out->verifications[i], sizeof(**copies));
    }
    return copies;
}

/* Douyin answered with a redemption that another verification has: v becomes `failed`. */
static void fail_as_not_ours(dygw_attempt_t *a, dygw_verification_t *v)
{
    dygw_log(a->ctx->log, WARN, 0,
             DYGWNO(0410) "verification %" APR_INT64_T_FMT " was answered with the verify_id of "
                          "another record; it is recorded as failed",
             v->id);
    v->verify_id = NULL;
    v->confirmed_by = DYGW_BY_NOBODY;
    v->verify_time = v->cancelable_until = DYGW_NO_TIME;
    dygw_record_fail(v, DYGW_OUTCOME_NOT_OURS,
                     "that redemption is recorded as another verification");
}

static apr_status_t write_outcome_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db,
                                       void *baton)
{
    dygw_attempt_t *a = baton;
    const dygw_verification_t *const *rows
        = (const dygw_verification_t *const *)a->out->verifications;
    apr_status_t rv;
    int clash = 0;
    int left = a->out->count;

    while ((rv = dygw_store_verification_settle(db, rows, a->out->count, &clash)) == APR_EEXIST
           && left-- > 0) {
        fail_as_not_ours(a, a->out->verifications[clash]);
    }
    return rv;
}

static apr_status_t write_outcome(dygw_attempt_t *a)
{
    static const apr_status_t ends[] = { APR_NOTFOUND, APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { .ends = ends };

    return dygw_db_work(a->ctx, write_outcome_with, a, &rules);
}

/* Whether it is too late to send the verify, because this process, or its machine, stood still: the
 * background may work on the verifications by now, and may have found that nothing was redeemed.
 * A call that is held up after this check is not sent either: see
 * send_by. */
static int is_too_late_to_send(const dygw_attempt_t *a)
{
    const dygw_verification_t *first = a->out->verifications[0];

    if (dygw_now() <= last_moment_to_send(a)) {
        return 0;
    }
    dygw_log(a->ctx->log, WARN, 0,
             DYGWNO(0413) "verification %" APR_INT64_T_FMT " was held up before it was sent; the "
                          "background settles it", first->id);
    return 1;
}

static void verify_and_record(dygw_attempt_t *a)
{
    dygw_verification_t **committed = copy_verifications(a);
    const dygw_verify_reply_t *answer;
    apr_status_t rv;

    dygw_step("before_verify");
    if (is_too_late_to_send(a)) {
        return;
    }
    /* The reply is the first member of what call_verify made. */
    answer = (const dygw_verify_reply_t *)dygw_ask(a->ctx, DYGW_ASK_VERIFY, call_verify, a,
                                                   &a->token);
    dygw_step("after_verify");
    apply_answer(a, answer);
    rv = write_outcome(a);
    dygw_step("after_settle");
    if (rv == APR_NOTFOUND) {
        /* The background or a cancel has written the outcome first, and that outcome counts. */
        rv = dygw_request_verifications(a->ctx, committed[0]->first_id, a->out);
    }
    if (rv != APR_SUCCESS) {
        dygw_log(a->ctx->log, ERR, rv,
                 DYGWNO(0411) "the outcome of verification %" APR_INT64_T_FMT " could not be "
                              "recorded; it stays processing until the background settles it",
                 committed[0]->id);
        a->out->verifications = committed;
    }
    dygw_host_left_work(a->ctx->gateway);
}

void dygw_redeem(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                 dygw_redeem_result_t *out)
{
    dygw_attempt_t a = {
        .ctx = ctx, .request = request, .out = out
    };
    int to_verify;

    *out = (dygw_redeem_result_t){ 0 };
    to_verify = request->mode == DYGW_MODE_ENCRYPTED_CODE ? verifications_from_request(&a)
                                                          : verifications_from_prepare(&a);
    if (!to_verify) {
        return;
    }
    prepare_to_send(&a);
    if (record_verifications(&a)) {
        verify_and_record(&a);
    }
}
