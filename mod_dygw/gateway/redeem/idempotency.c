/* SPDX-License-Identifier: Apache-2.0
 * One key of an app, one redemption.
 *
 * A request claims its key before it does anything else, and the commit that makes its records ties
 * the key to them. So a key is free, claimed for some time, or stands for records for good (until
 * it is forgotten). A request that died with a claim has recorded nothing, and so has redeemed
 * nothing: when the claim's time is over another request may take it over, and should the first be
 * alive after all, its insert finds that out and it ends there.
 */
#include "gateway/redeem/idempotency.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "store/verification/idempotency.h"
#include "util/compiler.h"
#include "util/jsonw.h"

#define CLAIM_CALLS         6       /* upstream time-outs, and over these: */
#define CLAIM_MARGIN_MS     60000
#define KEPT_MS             (APR_INT64_C(48) * 3600 * 1000)
#define RETRY_AFTER_SEC     1
#define OWNER_LEN           24
#define FINGERPRINT_SIZE    512

typedef struct once_t {
    const dygw_ctx_t *ctx;
    dygw_redeem_result_t *out;
    dygw_idempotency_t wanted;
    dygw_idempotency_t *held;       /* what the key stands for; NULL: not known */
} once_t;

static const char *sha256_of(const char *text, apr_size_t len, apr_pool_t *pool)
{
    char *hash = apr_palloc(pool, DYGW_SHA256_HEX_LEN + 1);

    dygw_sha256_hex(text, len, hash);
    return hash;
}

static const char *hash_of_key(apr_int64_t app_id, const char *key, apr_pool_t *pool)
{
    const char *text = apr_psprintf(pool, "%" APR_INT64_T_FMT "\n%s", app_id, key);

    return sha256_of(text, strlen(text), pool);
}

static const char *coupon_of(const dygw_redeem_request_t *request)
{
    switch (request->mode) {
    case DYGW_MODE_SHORT_LINK:
        return request->short_link;
    case DYGW_MODE_CODE:
        return request->code;
    default:
        return request->encrypted_code;
    }
}

/* Of what was asked for, however it was written. As JSON, so that no value runs into the next. A
 * verify_token is not among it: a caller who prepares anew has another one, and means the same.
 *
 * Fingerprints live in the database for two days, across upgrades, and are compared by hosts of the
 * version before meanwhile. So these nine places stay as they are. A field that comes later is
 * appended behind them by name and value, where it is given and nowhere else: requests without it
 * keep the fingerprint that they have. */
static const char *fingerprint_of(const dygw_redeem_request_t *request, apr_pool_t *pool)
{
    const char *first_fields[] = {
        dygw_mode_word(request->mode), coupon_of(request), request->poi_id, request->order_id,
        request->certificate_id, request->operator_name, request->device, request->ext_order_id
    };
    dygw_jsonw_t w;
    size_t i;

    dygw_jsonw_init(&w, pool, FINGERPRINT_SIZE);
    dygw_jsonw_array(&w, NULL);
    for (i = 0; i < sizeof first_fields / sizeof *first_fields; i++) {
        dygw_jsonw_string(&w, NULL, first_fields[i]);
    }
    dygw_jsonw_int(&w, NULL, request->count);
    dygw_jsonw_end_array(&w);
    return sha256_of(w.text, w.len, pool);
}

static void explain(dygw_result_t *out, dygw_code_e code, const char *message, int retry_after)
{
    *out = (dygw_result_t){ .code = code, .message = message, .retry_after = retry_after };
}

static void explain_running(dygw_result_t *out)
{
    explain(out, DYGW_REQUEST_IN_PROGRESS,
            "the first request with this idempotency key has not recorded anything yet; try again",
            RETRY_AFTER_SEC);
}

/* --- the key --- */

static apr_status_t claim_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    once_t *o = baton;

    return dygw_store_idempotency_claim(db, &o->wanted, dygw_now(), &o->held, ctx->pool);
}

/* Doing it twice is no harm, so that a connection that died is no reason to give up. */
static apr_status_t claim(once_t *o)
{
    static const apr_status_t ends[] = { APR_EEXIST, APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { .ends = ends };

    return dygw_db_work(o->ctx, claim_with, o, &rules);
}

static apr_status_t let_go_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_idempotency_t *key = baton;

    return key->first_id ? dygw_store_idempotency_tie(db, key->key, key->owner, key->first_id)
                         : dygw_store_idempotency_free(db, key->key, key->owner);
}

/* Frees the key, or ties it to records (first_id not 0). What fails here ends with the claim. */
static void let_go(once_t *o, apr_int64_t first_id)
{
    apr_status_t rv;

    o->wanted.first_id = first_id;
    rv = dygw_db_work(o->ctx, let_go_with, &o->wanted, DYGW_DB_ONCE);
    if (rv != APR_SUCCESS) {
        dygw_log(o->ctx->log, WARN, rv,
                 DYGWNO(0455) "an idempotency key could not be %s; it answers 409 for some seconds",
                 first_id ? "tied to its verification" : "freed");
    }
}

static void read_records(const dygw_ctx_t *ctx, apr_int64_t first_id, dygw_redeem_result_t *out)
{
    apr_status_t rv = dygw_items_read(ctx, first_id, out);

    if (rv == APR_NOTFOUND) {
        explain(&out->result, DYGW_CONFLICT,
                "the records of this idempotency key have been removed", 0);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}

/* The key has been given before. */
static void replay(const once_t *o)
{
    const dygw_idempotency_t *held = o->held;

    if (strcmp(held->fingerprint, o->wanted.fingerprint) != 0) {
        explain(&o->out->result, DYGW_IDEMPOTENCY_KEY_REUSED,
                "this idempotency key was given with other fields before", 0);
    }
    else if (held->first_id == 0) {
        explain_running(&o->out->result);
    }
    else {
        read_records(o->ctx, held->first_id, o->out);
        o->out->replayed = o->out->result.code == DYGW_OK;
    }
}

/* --- the redemption --- */

/* The key is ours. Records that this request has made are tied to it already; those of another one,
 * which had the same verify_token, are not. */
static void redeem(once_t *o, const dygw_redeem_request_t *request)
{
    dygw_redeem_request_t claimed = *request;
    dygw_redeem_result_t *out = o->out;

    claimed.key_hash = o->wanted.key;
    claimed.key_owner = o->wanted.owner;
    dygw_redeem(o->ctx, &claimed, out);
    if (out->result.code == DYGW_REQUEST_IN_PROGRESS) {
        explain_running(&out->result);      /* somebody has taken the key over */
    }
    else if (out->result.code != DYGW_OK) {
        let_go(o, 0);
    }
    else if (out->replayed) {
        let_go(o, out->items[0]->first_id);
    }
}

void dygw_redeem_once(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                      dygw_redeem_result_t *out)
{
    once_t o = { .ctx = ctx, .out = out };
    dygw_ms_t now = dygw_now();
    apr_status_t rv;

    *out = (dygw_redeem_result_t){ 0 };
    o.wanted = (dygw_idempotency_t){
        .key = hash_of_key(request->app_id, request->idempotency_key, ctx->pool),
        .fingerprint = fingerprint_of(request, ctx->pool),
        .owner = dygw_random_text(ctx->pool, OWNER_LEN),
        .running_until = now + CLAIM_MARGIN_MS
                         + CLAIM_CALLS * (ctx->gateway->upstream_timeout / 1000),
        .expires_at = now + KEPT_MS
    };
    rv = o.wanted.owner ? claim(&o) : APR_EGENERAL;
    if (rv == APR_SUCCESS) {
        redeem(&o, request);
    }
    else if (rv == APR_EEXIST && o.held) {
        replay(&o);
    }
    else {
        dygw_explain_database(&out->result);
    }
}

/* --- looking it up --- */

static apr_status_t look_up(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    once_t *o = baton;

    return dygw_store_idempotency_get(db, o->wanted.key, dygw_now(), &o->held, ctx->pool);
}

void dygw_verification_by_key(const dygw_ctx_t *ctx, const char *idempotency_key,
                              apr_int64_t app_id, dygw_redeem_result_t *out)
{
    once_t o = { .wanted.key = hash_of_key(app_id, idempotency_key, ctx->pool) };
    apr_status_t rv = dygw_db_work(ctx, look_up, &o, DYGW_DB_ONCE);

    *out = (dygw_redeem_result_t){ 0 };
    if (rv == APR_SUCCESS && o.held->first_id != 0) {
        read_records(ctx, o.held->first_id, out);
    }
    else if (rv == APR_SUCCESS && dygw_store_idempotency_runs(o.held, dygw_now())) {
        explain_running(&out->result);
    }
    else if (rv == APR_SUCCESS || rv == APR_NOTFOUND) {
        explain(&out->result, DYGW_NOT_FOUND, "this app has no verification with this key", 0);
    }
    else {
        dygw_explain_database(&out->result);
    }
}
