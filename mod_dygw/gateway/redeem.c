/* SPDX-License-Identifier: Apache-2.0
 * A redemption, in the order that makes it safe:
 *
 *   1  find the coupon     short link -> encrypted_data; prepare. Nothing can be redeemed yet, so
 *                          what goes wrong here is told to the caller and not recorded (but a
 *                          refusal because of the coupon is)
 *   2  record              the rows, `processing`, with all that repeating or asking needs,
 * committed 3  verify              the one request that may redeem 4  record the outcome  what the
 * answer settles; the rest stays `processing` for the background
 *
 * If this process dies between 2 and 4, the row is there, its lease runs out, and the background
 * settles it. If the database dies in between, the caller hears `processing`, which is what the
 * record says. No connection to the database is held while Douyin is asked.
 */
#include "gateway/redeem.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/cell.h"
#include "gateway/record.h"

#define LEASE_MARGIN_MS     10000   /* over the upstream time-outs: recording the outcome */
#define ID_DRAWS            3
#define RETRY_AFTER_LINK_SEC 5

/* One redemption on its way. */
typedef struct attempt_t {
    dygw_gateway_t *gateway;
    const dygw_redeem_request_t *request;
    const dygw_log_t *log;
    apr_pool_t *pool;
    dygw_redeem_result_t *out;
    const char *encrypted_data;             /* what the short link led to */
    const char *verify_token;
    const char *codes[DYGW_COUNT_MAX];      /* to send, one a row */
    int times_left[DYGW_COUNT_MAX]; /* uses of that coupon that remain after the row's own */
} attempt_t;

/* --- 1: find the coupon --- */

static const dygw_reply_t *call_prepare(void *baton, const char *access_token)
{
    attempt_t *a = baton;
    dygw_prepare_reply_t *reply = dygw_douyin_prepare(a->gateway->douyin, access_token,
                                                      a->request->poi_id, a->encrypted_data,
                                                      a->request->code, a->log, a->pool);

    a->out->upstream_time += reply->reply.took;
    return &reply->reply;
}

static int resolve_link(attempt_t *a, dygw_result_t *out)
{
    const char *why = NULL;
    apr_time_t began = apr_time_now();
    dygw_link_e link = dygw_douyin_short_link(a->gateway->douyin, a->request->short_link,
                                              &a->encrypted_data, &why, a->log, a->pool);

    a->out->upstream_time += apr_time_now() - began;
    switch (link) {
    case DYGW_LINK_OK:
        return 1;
    case DYGW_LINK_BAD:
        out->code = DYGW_INVALID_REQUEST;
        out->field = "short_link";
        break;
    case DYGW_LINK_TIMEOUT:
        out->code = DYGW_UPSTREAM_TIMEOUT;
        break;
    case DYGW_LINK_UNAVAILABLE:
        out->code = DYGW_UPSTREAM_UNAVAILABLE;
        out->retry_after = RETRY_AFTER_LINK_SEC;
        break;
    }
    out->message = why;
    return 0;
}

/* Prepare's answer, whatever it says; NULL when it cannot even be asked, *out tells. */
static const dygw_prepare_reply_t *prepare(attempt_t *a, dygw_result_t *out)
{
    if (a->request->mode == DYGW_MODE_SHORT_LINK && !resolve_link(a, out)) {
        return NULL;
    }
    /* The reply is the first member of what call_prepare made. */
    return (const dygw_prepare_reply_t *)dygw_ask(a->gateway, DYGW_ASK_HARMLESS, call_prepare, a,
                                                  a->log, a->pool, out);
}

/* --- 2: record --- */

static void new_items(attempt_t *a, int count)
{
    int i;

    a->out->count = count;
    a->out->items = apr_palloc(a->pool, (apr_size_t)count * sizeof(*a->out->items));
    for (i = 0; i < count; i++) {
        dygw_verification_t *v = dygw_record_new(a->request, a->pool);

        v->item_no = i;
        v->item_count = count;
        a->out->items[i] = v;
    }
}

static void assign_ids(attempt_t *a)
{
    apr_int64_t first = dygw_cell_next_ids(a->gateway, a->out->count);
    int i;

    for (i = 0; i < a->out->count; i++) {
        a->out->items[i]->id = first + i;
        a->out->items[i]->first_id = first;
    }
}

/* APR_EEXIST: this verify_token and code are recorded already. */
static apr_status_t insert(attempt_t *a)
{
    const dygw_verification_t *const *rows = (const dygw_verification_t *const *)a->out->items;
    dygw_db_t *db;
    int draw;
    apr_status_t rv = dygw_db_open(&db, a->gateway->db, a->log, a->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (draw = 0; draw < ID_DRAWS; draw++) {
        assign_ids(a);
        rv = dygw_store_verification_insert(db, rows, a->out->count);
        if (rv != APR_EAGAIN) {
            break;
        }
    }
    dygw_db_close(db);
    return rv;
}

/* The same verify_token and code again: the recorded outcome, if it is the same app's. */
static void replay(attempt_t *a)
{
    dygw_verification_t *recorded;
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, a->gateway->db, a->log, a->pool);

    if (rv == APR_SUCCESS) {
        rv = dygw_store_verification_find(db, a->verify_token, a->codes[0], &recorded, a->pool);
        dygw_db_close(db);
    }
    if (rv == APR_SUCCESS && recorded->app_id != a->request->app_id) {
        a->out->result.code = DYGW_CONFLICT;
        a->out->result.message = "another app has used this encrypted_code with this verify_token";
        return;
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_items_read(a->gateway, recorded->first_id, a->log, a->pool, a->out);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(&a->out->result);
        return;
    }
    a->out->replayed = 1;
}

/* Commits the rows. 0: not done, the result says why or holds what was recorded before. */
static int record(attempt_t *a)
{
    apr_status_t rv = insert(a);

    if (rv == APR_SUCCESS) {
        return 1;
    }
    if (rv == APR_EEXIST) {
        replay(a);
    }
    else {
        dygw_explain_database(&a->out->result);
    }
    return 0;
}

static void record_refusal(attempt_t *a, const dygw_reply_t *reply, apr_int64_t code,
                           const char *description)
{
    new_items(a, 1);
    dygw_record_fail(a->out->items[0], code, description);
    dygw_record_add_response(a->out->items[0], "prepare", reply, a->pool);
    record(a);
}

/* Chooses the first coupons, and uses of times cards, of those that prepare lists. Gives how many
 * there are, at most what was asked for. */
static int choose(attempt_t *a, const dygw_prepare_reply_t *prepared,
                  const dygw_certificate_t **chosen)
{
    const dygw_certificate_t *listed = (const dygw_certificate_t *)prepared->certificates->elts;
    int wanted = a->request->count;
    int n = 0;
    int i, use;

    for (i = 0; i < prepared->certificates->nelts && n < wanted; i++) {
        if (listed[i].status != -1 && listed[i].status != DYGW_COUPON_UNUSED) {
            continue;
        }
        for (use = 1; use <= listed[i].times_left && n < wanted; use++) {
            a->times_left[n] = listed[i].times_left - use;
            chosen[n++] = &listed[i];
        }
    }
    return n;
}

/* The rows of what prepare found, filled in but not yet committed. 0: there is nothing to verify.
 */
static int rows_of_coupons(attempt_t *a, const dygw_prepare_reply_t *prepared)
{
    const dygw_certificate_t *chosen[DYGW_COUNT_MAX];
    int n = choose(a, prepared, chosen);
    int i;

    if (n == 0) {
        record_refusal(a, &prepared->reply, DYGW_OUTCOME_NO_COUPON,
                       "the order has no usable coupon now");
        return 0;
    }
    if (n < a->request->count) {
        a->out->result.code = DYGW_NOT_ENOUGH_COUPONS;
        a->out->result.message =
            "the order has fewer usable coupons than `count`; nothing was redeemed";
        a->out->result.available = n;
        return 0;
    }
    new_items(a, n);
    a->verify_token = prepared->verify_token;
    for (i = 0; i < n; i++) {
        dygw_verification_t *v = a->out->items[i];

        dygw_record_set_certificate(v, chosen[i]);
        v->order_id = prepared->order_id;
        dygw_record_add_response(v, "prepare", &prepared->reply, a->pool);
    }
    return 1;
}

/* 0: there is nothing to verify, the result says why. */
static int rows_from_prepare(attempt_t *a)
{
    const dygw_prepare_reply_t *prepared = prepare(a, &a->out->result);

    if (!prepared) {
        return 0;
    }
    switch (prepared->reply.kind) {
    case DYGW_REPLY_OK:
        return rows_of_coupons(a, prepared);
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
        record_refusal(a, &prepared->reply, prepared->reply.error_code,
                       prepared->reply.description);
        return 0;
    default:
        dygw_explain(&prepared->reply, &a->out->result);
        return 0;
    }
}

/* The caller's own prepare. Without a token nothing is attempted, so nothing is recorded either. */
static int rows_from_request(attempt_t *a)
{
    dygw_verification_t *v;

    if (!dygw_ask_ready(a->gateway, a->pool, &a->out->result)) {
        return 0;
    }
    new_items(a, 1);
    v = a->out->items[0];
    a->verify_token = a->request->verify_token;
    v->encrypted_code = a->request->encrypted_code;
    v->order_id = a->request->order_id;
    v->certificate_id = a->request->certificate_id;
    return 1;
}

/* What settling needs, and until when this request works on the rows itself: prepare is over, at
 * most two verify calls (the second after a refused token) and a renewal are to come. */
static void set_out(attempt_t *a)
{
    dygw_ms_t lease_until = dygw_now() + 3 * (a->gateway->upstream_timeout / 1000)
                            + LEASE_MARGIN_MS;
    int i;

    for (i = 0; i < a->out->count; i++) {
        dygw_verification_t *v = a->out->items[i];

        a->codes[i] = v->encrypted_code;
        v->verify_token = a->verify_token;
        v->attempts = 1;
        v->lease_until = lease_until;
        v->next_run_at = lease_until;
    }
}

/* --- 3: verify --- */

static const dygw_reply_t *call_verify(void *baton, const char *access_token)
{
    attempt_t *a = baton;
    dygw_verify_reply_t *reply = dygw_douyin_verify(a->gateway->douyin, access_token,
                                                    a->request->poi_id, a->verify_token, a->codes,
                                                    a->out->count, a->log, a->pool);

    a->out->upstream_time += reply->reply.took;
    return &reply->reply;
}

static void apply(attempt_t *a, const dygw_verify_reply_t *answer)
{
    dygw_ms_t now = dygw_now();
    int i;

    for (i = 0; i < a->out->count; i++) {
        dygw_verification_t *v = a->out->items[i];

        v->updated_at = now;
        if (answer && answer->items) {
            dygw_record_apply_item(v, &answer->items[i], a->times_left[i]);
        }
        else if (answer) {
            dygw_record_apply_reply(v, &answer->reply);
        }
        if (answer) {
            dygw_record_add_response(v, "verify", &answer->reply, a->pool);
        }
    }
}

/* --- 4: record the outcome --- */

/* The outcome in copies of the rows, so that what the caller hears is what was committed. */
static dygw_verification_t **copy_items(attempt_t *a)
{
    dygw_verification_t **copies = apr_palloc(a->pool, (apr_size_t)a->out->count * sizeof(*copies));
    int i;

    for (i = 0; i < a->out->count; i++) {
        copies[i] = apr_pmemdup(a->pool, a->out->items[i], sizeof(**copies));
    }
    return copies;
}

static apr_status_t settle_rows(attempt_t *a, dygw_db_t *db)
{
    const dygw_verification_t *const *rows = (const dygw_verification_t *const *)a->out->items;
    apr_status_t rv;
    int clash = 0;
    int left = a->out->count;

    while ((rv = dygw_store_verification_settle(db, rows, a->out->count, &clash)) == APR_EEXIST
           && left-- > 0) {
        dygw_verification_t *v = a->out->items[clash];

        dygw_log(a->log, WARN, 0,
                 DYGWNO(0410) "verification %" APR_INT64_T_FMT " was answered with the verify_id "
                              "of another record; it is recorded as failed",
                 v->id);
        v->verify_id = NULL;
        v->confirmed_by = DYGW_BY_NOBODY;
        v->verify_time = v->cancelable_until = DYGW_NO_TIME;
        dygw_record_fail(v, DYGW_OUTCOME_NOT_OURS,
                         "that redemption is recorded as another verification");
    }
    return rv;
}

static apr_status_t settle(attempt_t *a)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, a->gateway->db, a->log, a->pool);

    if (rv == APR_SUCCESS) {
        rv = settle_rows(a, db);
        dygw_db_close(db);
    }
    return rv;
}

static void verify_and_settle(attempt_t *a)
{
    dygw_verification_t **committed = copy_items(a);
    dygw_result_t no_token = { 0 };
    const dygw_reply_t *reply = dygw_ask(a->gateway, DYGW_ASK_VERIFY, call_verify, a, a->log,
                                         a->pool, &no_token);
    apr_status_t rv;

    apply(a, (const dygw_verify_reply_t *)reply);
    rv = settle(a);
    if (rv == APR_NOTFOUND) {
        /* The background or a cancel was there first: what they recorded counts. */
        rv = dygw_items_read(a->gateway, committed[0]->first_id, a->log, a->pool, a->out);
    }
    if (rv != APR_SUCCESS) {
        dygw_log(a->log, ERR, rv,
                 DYGWNO(0411) "the outcome of verification %" APR_INT64_T_FMT " could not be "
                              "recorded; it stays processing until the background settles it",
                 committed[0]->id);
        a->out->items = committed;
    }
}

void dygw_redeem(dygw_gateway_t *gateway, const dygw_redeem_request_t *request,
                 const dygw_log_t *log, apr_pool_t *pool, dygw_redeem_result_t *out)
{
    attempt_t a = { .gateway = gateway, .request = request, .log = log, .pool = pool, .out = out };

    *out = (dygw_redeem_result_t){ 0 };
    if (!(request->mode == DYGW_MODE_ENCRYPTED_CODE ? rows_from_request(&a)
                                                    : rows_from_prepare(&a))) {
        return;
    }
    set_out(&a);
    if (record(&a)) {
        verify_and_settle(&a);
    }
}

void dygw_prepare_only(dygw_gateway_t *gateway, const dygw_redeem_request_t *request,
                       const dygw_log_t *log, apr_pool_t *pool, dygw_result_t *out)
{
    dygw_redeem_result_t ignored = { 0 };
    attempt_t a = {
        .gateway = gateway, .request = request, .log = log, .pool = pool, .out = &ignored
    };
    const dygw_prepare_reply_t *prepared;

    *out = (dygw_result_t){ 0 };
    prepared = prepare(&a, out);
    if (prepared) {
        dygw_explain(&prepared->reply, out);
    }
}
