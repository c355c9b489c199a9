/* SPDX-License-Identifier: Apache-2.0
 * A redemption, in the order that makes it safe:
 *
 *   1  find the coupon     short link -> encrypted_data; prepare. Nothing can be redeemed yet, so
 *                          what goes wrong here is told to the caller and not recorded (but a
 *                          refusal because of the coupon is)
 *   2  record              the rows, `processing`, with all that repeating or asking needs; commit
 *   3  verify              the one request that may redeem
 *   4  record the outcome  what the answer settles; the rest stays `processing`, for the background
 *
 * If this process dies between 2 and 4, the row is there, its lease runs out, and the background
 * settles it (settle.c). If the database dies in between, the caller hears `processing`, which is
 * what the record says. No connection to the database is held while Douyin is asked.
 *
 * A row's `attempts` counts the verify requests that may have reached Douyin: 1 when it is
 * committed, for we may die before we know; afterwards what was really sent. Above 1, "already
 * used" and "no uses left" may be our own doing, and only a look at the coupon can tell.
 */
#include "gateway/redeem/redeem.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/record.h"
#include "gateway/redeem/attempt.h"
#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/step.h"
#include "util/text.h"

#define LEASE_CALLS     3       /* of an upstream time-out each, see set_out */
#define LEASE_MARGIN_MS 5000    /* over these: recording the outcome */
#define ID_DRAWS        3
#define PATIENCE_MS     5000    /* with a database that has gone away with our commit */

/* --- 2: record --- */

static void new_items(dygw_attempt_t *a, int count)
{
    int i;

    a->out->count = count;
    a->out->items = apr_palloc(a->ctx->pool, (apr_size_t)count * sizeof(*a->out->items));
    for (i = 0; i < count; i++) {
        dygw_verification_t *v = dygw_record_new(a->request, a->ctx->pool);

        v->item_no = i;
        v->item_count = count;
        v->request_key = i == 0 ? a->request->request_key : NULL;
        a->out->items[i] = v;
    }
}

static void assign_ids(dygw_attempt_t *a)
{
    apr_int64_t first = dygw_host_next_ids(a->ctx->gateway, a->out->count);
    int i;

    for (i = 0; i < a->out->count; i++) {
        a->out->items[i]->id = first + i;
        a->out->items[i]->first_id = first;
        a->out->items[i]->created_at = dygw_id_time(first + i);
    }
}

static apr_status_t insert_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_attempt_t *a = baton;
    const dygw_verification_t *const *rows = (const dygw_verification_t *const *)a->out->items;
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

/* APR_EEXIST: this verify_token and code are recorded already; APR_EACCES: this request is. When
 * the connection dies with the commit, a second unit of work finds out whether it was done:
 * inserting the same rows again is no error. A second that only fails leaves it in doubt. A
 * database that went away with our commit is waited for: what may be recorded may be settled, and
 * the caller must not hear that nothing was done. */
static apr_status_t insert(dygw_attempt_t *a)
{
    static const apr_status_t ends[] = { APR_EEXIST, APR_EBUSY, APR_EACCES, APR_EAGAIN, APR_TIMEUP,
                                         APR_SUCCESS };
    static const dygw_db_rules_t rules = { ends, PATIENCE_MS };

    assign_ids(a);
    return dygw_db_work(a->ctx, insert_with, a, &rules);
}

typedef struct recorded_t {
    const dygw_attempt_t *a;
    dygw_verification_t *row;       /* of the first of our codes that has one, */
    apr_array_header_t *items;      /* and all rows of that request */
} recorded_t;

/* What is recorded of our codes. APR_NOTFOUND: nothing is. */
static apr_status_t find_recorded(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    recorded_t *found = baton;
    const dygw_attempt_t *a = found->a;
    apr_status_t rv = APR_NOTFOUND;
    int i;

    for (i = 0; i < a->out->count && rv == APR_NOTFOUND; i++) {
        rv = dygw_store_verification_find(db, a->verify_token, a->codes[i], &found->row, ctx->pool);
    }
    return rv == APR_SUCCESS ? dygw_store_verification_items(db, found->row->first_id,
                                                             &found->items, ctx->pool)
                             : rv;
}

static void explain_conflict(dygw_attempt_t *a, const char *message)
{
    a->out->result.code = DYGW_CONFLICT;
    a->out->result.message = message;
}

/* The records are those of the same signed request, which has come once more: whatever became of
 * its nonce, it redeems once. After a second draw they may be our own, under the ids before. */
static int is_repeated(const dygw_attempt_t *a, const apr_array_header_t *items)
{
    const dygw_verification_t *first = APR_ARRAY_IDX(items, 0, dygw_verification_t *);

    return !a->redrawn && dygw_text_same(a->request->request_key, first->request_key);
}

/* This verify_token and code have been recorded before: that outcome counts, if it is the same
 * app's. A prepare of our own that gave an old token once more is another matter: an outcome that
 * is final was told to somebody else, who may have got his goods for it. */
static apr_status_t replay(dygw_attempt_t *a)
{
    recorded_t found = { .a = a };
    apr_status_t rv = dygw_db_work(a->ctx, find_recorded, &found, DYGW_DB_ONCE);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    a->out->result = (dygw_result_t){ 0 };
    if (found.row->app_id != a->request->app_id) {
        explain_conflict(a, "another app has used this coupon with the same verify_token");
    }
    else if (is_repeated(a, found.items)) {
        dygw_explain_replay(&a->out->result);
    }
    else if (a->request->mode != DYGW_MODE_ENCRYPTED_CODE
             && found.row->verify_status != DYGW_PROCESSING) {
        explain_conflict(a, "Douyin gave a verify_token that a finished verification has used; "
                            "nothing was redeemed, try again later");
    }
    else {
        a->out->items = (dygw_verification_t **)found.items->elts;
        a->out->count = found.items->nelts;
        a->out->replayed = 1;
    }
    return APR_SUCCESS;
}

/* Rows that may be recorded will be settled, so the caller must not hear that nothing was done; he
 * hears `processing`. If they are not recorded he will not find them, and nothing was redeemed. */
static void leave_in_doubt(const dygw_attempt_t *a)
{
    dygw_log(a->ctx->log, WARN, 0,
             DYGWNO(0414) "whether verification %" APR_INT64_T_FMT " is recorded is not known: the "
                          "database went away with the commit", a->out->items[0]->id);
}

/* Commits the rows. 0: not done, the result says why or holds what was recorded before; or that is
 * not known. */
static int record(dygw_attempt_t *a)
{
    apr_status_t rv;

    dygw_step("before_insert");
    rv = insert(a);
    dygw_step("after_insert");
    if (rv == APR_SUCCESS) {
        return 1;
    }
    if (a->in_doubt && a->out->items[0]->verify_status == DYGW_PROCESSING) {
        leave_in_doubt(a);
    }
    else if (rv == APR_EBUSY) {
        a->out->result.code = DYGW_REQUEST_IN_PROGRESS;
        a->out->result.message = "another request with this Idempotency-Key has gone ahead";
        a->out->result.retry_after = 1;
    }
    else if (rv == APR_EACCES && !a->redrawn) {
        dygw_explain_replay(&a->out->result);
    }
    else if (rv != APR_EEXIST || replay(a) != APR_SUCCESS) {
        dygw_explain_database(&a->out->result);
    }
    return 0;
}

static void record_refusal(dygw_attempt_t *a, const dygw_prepare_reply_t *prepared,
                           apr_int64_t code, const char *description)
{
    new_items(a, 1);
    a->out->items[0]->order_id = prepared->order_id;
    dygw_record_fail(a->out->items[0], code, description);
    dygw_record_add_response(a->out->items, 1, "prepare", &prepared->reply, a->ctx->pool);
    record(a);
}

/* The rows of what prepare found, not yet committed. 0: there is nothing to verify. */
static int rows_of_coupons(dygw_attempt_t *a, const dygw_prepare_reply_t *prepared)
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
    new_items(a, n);
    a->verify_token = prepared->verify_token;
    for (i = 0; i < n; i++) {
        dygw_record_set_certificate(a->out->items[i], chosen[i]);
        a->out->items[i]->order_id = prepared->order_id;
    }
    dygw_record_add_response(a->out->items, n, "prepare", &prepared->reply, a->ctx->pool);
    return 1;
}

/* 0: there is nothing to verify, the result says why. */
static int rows_from_prepare(dygw_attempt_t *a)
{
    const dygw_prepare_reply_t *prepared = dygw_attempt_prepare(a, &a->out->result);

    if (!prepared) {
        return 0;
    }
    switch (prepared->reply.kind) {
    case DYGW_REPLY_OK:
        return rows_of_coupons(a, prepared);
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
        record_refusal(a, prepared, prepared->reply.error_code, prepared->reply.description);
        return 0;
    default:
        dygw_explain(&prepared->reply, &a->out->result);
        return 0;
    }
}

/* The caller's own prepare. Without a token nothing is attempted, so nothing is recorded either;
 * but the outcome of an earlier request is told without one. */
static int rows_from_request(dygw_attempt_t *a)
{
    dygw_verification_t *v;

    new_items(a, 1);
    v = a->out->items[0];
    v->encrypted_code = a->request->encrypted_code;
    v->order_id = a->request->order_id;
    v->certificate_id = a->request->certificate_id;
    a->verify_token = a->request->verify_token;
    a->codes[0] = v->encrypted_code;
    a->times_left[0] = DYGW_TIMES_LEFT_UNKNOWN;
    if (!dygw_ask_ready(a->ctx, &a->token, &a->out->result)) {
        replay(a);
        return 0;
    }
    return 1;
}

static dygw_ms_t timeout_ms(const dygw_attempt_t *a)
{
    return a->ctx->gateway->upstream_timeout / 1000;
}

/* What settling needs, and until when this request works on the rows itself: to come are a verify,
 * and when the token is refused its renewal, and the verify again. */
static void set_out(dygw_attempt_t *a)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t lease_until = now + LEASE_CALLS * timeout_ms(a) + LEASE_MARGIN_MS;
    int i;

    for (i = 0; i < a->out->count; i++) {
        dygw_verification_t *v = a->out->items[i];

        a->codes[i] = v->encrypted_code;
        v->verify_token = a->verify_token;
        v->attempts = 1;
        v->sent_at = now;
        v->lease_until = lease_until;
        v->next_run_at = lease_until;
    }
}

/* --- 3: verify --- */

/* A verify that is sent by then has ended with the lease; the host that settles has a clock of its
 * own. */
static dygw_ms_t last_moment(const dygw_attempt_t *a)
{
    return a->out->items[0]->lease_until - DYGW_CLOCKS_APART_MS - timeout_ms(a);
}

static const dygw_reply_t *call_verify(void *baton, const char *access_token)
{
    dygw_attempt_t *a = baton;
    const dygw_question_t question = { .what = DYGW_QUESTION_VERIFY,
                                       .poi_id = a->request->poi_id,
                                       .verify_token = a->verify_token,
                                       .codes = a->codes,
                                       .count = a->out->count,
                                       .send_by = last_moment(a) };
    dygw_verify_reply_t *reply = dygw_douyin_verify(a->ctx->gateway->douyin, &question,
                                                    access_token, a->ctx->log, a->ctx->pool);

    a->out->upstream_time += reply->reply.took;
    if (reply->reply.kind != DYGW_REPLY_UNREACHABLE) {
        a->sent += reply->reply.sent_twice ? 2 : 1;
    }
    return &reply->reply;
}

static int is_platforms(dygw_reply_class_e kind)
{
    return kind == DYGW_REPLY_SETUP || kind == DYGW_REPLY_REQUEST;
}

/* Somebody has to mend that before the repetitions can succeed. Not each redemption says so: it may
 * be all of them. */
static void warn_of_platform(const dygw_attempt_t *a, const dygw_verify_reply_t *answer)
{
    static volatile apr_uint32_t warned_at;
    apr_int64_t error_code = is_platforms(answer->reply.kind) ? answer->reply.error_code : 0;
    int i;

    for (i = 0; answer->items && i < a->out->count && error_code == 0; i++) {
        if (is_platforms(answer->items[i].kind)) {
            error_code = answer->items[i].result;
        }
    }
    if (error_code != 0 && dygw_log_may_repeat(&warned_at)) {
        dygw_log(a->ctx->log, WARN, 0,
                 DYGWNO(0415) "Douyin does not let verification %" APR_INT64_T_FMT " be done, for "
                              "what is not the coupon's fault: error_code %" APR_INT64_T_FMT
                              ", logid %s; it is repeated",
                 a->out->items[0]->id, error_code, answer->reply.logid);
    }
}

/* Of two that were sent, the one without an answer may be done after the other was refused. */
static int may_yet_be_done(const dygw_reply_t *reply, const dygw_verify_item_t *item)
{
    return reply->sent_twice && item->kind == DYGW_REPLY_COUPON;
}

static void apply(dygw_attempt_t *a, const dygw_verify_reply_t *answer)
{
    dygw_ms_t now = dygw_now();
    int unknown = 0;
    int i;

    for (i = 0; i < a->out->count; i++) {
        dygw_verification_t *v = a->out->items[i];

        v->updated_at = now;
        v->sent_at = now;
        v->attempts = a->sent;
        if (answer->items && may_yet_be_done(&answer->reply, &answer->items[i])) {
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
    dygw_record_add_response(a->out->items, a->out->count, "verify", &answer->reply, a->ctx->pool);
    warn_of_platform(a, answer);
    if (unknown > 0) {
        dygw_log(a->ctx->log, INFO, 0,
                 DYGWNO(0412) "verification %" APR_INT64_T_FMT ": the outcome of %d of %d is not "
                              "known yet: HTTP status %d, error_code %" APR_INT64_T_FMT
                              ", logid %s", a->out->items[0]->id, unknown, a->out->count,
                 answer->reply.http_status, answer->reply.error_code, answer->reply.logid);
    }
}

/* --- 4: record the outcome --- */

/* The outcome goes into copies, so that what the caller hears is what was committed. */
static dygw_verification_t **copy_items(dygw_attempt_t *a)
{
    const apr_size_t room = (apr_size_t)a->out->count * sizeof(dygw_verification_t *);
    dygw_verification_t **copies = apr_palloc(a->ctx->pool, room);
    int i;

    for (i = 0; i < a->out->count; i++) {
        copies[i] = apr_pmemdup(a->ctx->pool, a->out->items[i], sizeof(**copies));
    }
    return copies;
}

static void disown(dygw_attempt_t *a, dygw_verification_t *v)
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

static apr_status_t settle_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_attempt_t *a = baton;
    const dygw_verification_t *const *rows = (const dygw_verification_t *const *)a->out->items;
    apr_status_t rv;
    int clash = 0;
    int left = a->out->count;

    while ((rv = dygw_store_verification_settle(db, rows, a->out->count, &clash)) == APR_EEXIST
           && left-- > 0) {
        disown(a, a->out->items[clash]);
    }
    return rv;
}

static apr_status_t settle(dygw_attempt_t *a)
{
    static const apr_status_t ends[] = { APR_NOTFOUND, APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { .ends = ends };

    return dygw_db_work(a->ctx, settle_with, a, &rules);
}

/* This process stood still, with its machine perhaps: the background has the rows by now, and may
 * even have found that they came to nothing. Until the last moment the same is seen to by the
 * lease, after which a verify is not sent. */
static int is_too_late(const dygw_attempt_t *a)
{
    const dygw_verification_t *first = a->out->items[0];

    if (dygw_now() <= last_moment(a)) {
        return 0;
    }
    dygw_log(a->ctx->log, WARN, 0,
             DYGWNO(0413) "verification %" APR_INT64_T_FMT " was held up before it was sent; the "
                          "background settles it", first->id);
    return 1;
}

static void verify_and_settle(dygw_attempt_t *a)
{
    dygw_verification_t **committed = copy_items(a);
    const dygw_verify_reply_t *answer;
    apr_status_t rv;

    dygw_step("before_verify");
    if (is_too_late(a)) {
        return;
    }
    /* The reply is the first member of what call_verify made. */
    answer = (const dygw_verify_reply_t *)dygw_ask(a->ctx, DYGW_ASK_VERIFY, call_verify, a,
                                                   &a->token);
    dygw_step("after_verify");
    apply(a, answer);
    rv = settle(a);
    dygw_step("after_settle");
    if (rv == APR_NOTFOUND) {
        /* The background or a cancel was there first: what they recorded counts. */
        rv = dygw_items_read(a->ctx, committed[0]->first_id, a->out);
    }
    if (rv != APR_SUCCESS) {
        dygw_log(a->ctx->log, ERR, rv,
                 DYGWNO(0411) "the outcome of verification %" APR_INT64_T_FMT " could not be "
                              "recorded; it stays processing until the background settles it",
                 committed[0]->id);
        a->out->items = committed;
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
    to_verify = request->mode == DYGW_MODE_ENCRYPTED_CODE ? rows_from_request(&a)
                                                          : rows_from_prepare(&a);
    if (!to_verify) {
        return;
    }
    set_out(&a);
    if (record(&a)) {
        verify_and_settle(&a);
    }
}
