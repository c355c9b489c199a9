/* SPDX-License-Identifier: Apache-2.0
 * However often an app sends a request with one idempotency key, it redeems once.
 *
 * A request claims its key before it does anything else. The commit that records its verifications
 * ties the key to them. So a key is in one of three states: free; claimed for some time; or tied to
 * verifications until the key expires. A request that died after it claimed the key has recorded
 * nothing, and so has redeemed nothing: when the time of the claim is over, another request may
 * take the key over. If the first request is still alive then, its insert finds that the key is not
 * its own any more, and the request ends without a verify.
 */
#include "gateway/redeem/idempotency.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/db_work.h"
#include "store/verification/idempotency.h"
#include "util/compiler.h"
#include "util/jsonw.h"

#define CLAIM_CALLS      6     /* a claim is for so many upstream time-outs */
#define CLAIM_MARGIN_MS  60000 /* and this time more */
#define KEPT_MS          (APR_INT64_C(48) * 3600 * 1000) /* until a key expires */
#define RETRY_AFTER_SEC  1
#define OWNER_LEN        24
#define FINGERPRINT_SIZE 512

/* A request under a key. */
typedef struct key_use_t {
    const dygw_ctx_t *ctx;
    dygw_redeem_result_t *out;
    dygw_idempotency_t wanted;
    dygw_idempotency_t *held; /* the key as the table has it; NULL: not known */
} key_use_t;

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

/* Returns the fingerprint of a request: a hash of its fields, in whatever way the JSON of the body
 * was written. The fields are hashed as JSON, so that two values cannot be taken for one. The
 * verify_token is not hashed: a caller who prepares again has another verify_token, and means the
 * same request.
 *
 * Fingerprints stay in the database for two days, also during an upgrade, and hosts that still have
 * the earlier version compare them. So these nine places must not change. A field that is added
 * later goes behind them, as its name and its value, and only where the request has the field:
 * requests without it keep their fingerprints.
 *
 * A store counts as it was named: where that is by its code, its poi_id is the configuration's,
 * which may change while the caller repeats the same request. */
static const char *fingerprint_of(const dygw_redeem_request_t *request, apr_pool_t *pool)
{
    const char *first_fields[] = {
        dygw_mode_word(request->mode),
        coupon_of(request),
        request->store_named ? NULL : request->poi_id,
        request->order_id,
        request->certificate_id,
        request->operator_name,
        request->device,
        request->ext_order_id,
    };
    dygw_jsonw_t w;
    size_t i;

    dygw_jsonw_init(&w, pool, FINGERPRINT_SIZE);
    dygw_jsonw_array(&w, NULL);
    for (i = 0; i < sizeof first_fields / sizeof *first_fields; i++) {
        dygw_jsonw_string(&w, NULL, first_fields[i]);
    }
    dygw_jsonw_int(&w, NULL, request->count);
    if (request->store_named) {
        dygw_jsonw_string(&w, NULL, "store");
        dygw_jsonw_string(&w, NULL, request->store_named);
    }
    dygw_jsonw_end_array(&w);
    return sha256_of(w.text, w.len, pool);
}

static void key_explain(dygw_result_t *out, dygw_code_e code, const char *message, int retry_after)
{
    *out = (dygw_result_t){ .code = code, .message = message, .retry_after = retry_after };
}

static void key_explain_running(dygw_result_t *out)
{
    key_explain(out, DYGW_REQUEST_IN_PROGRESS,
                "the first request with this idempotency key has not recorded anything yet; try "
                "again",
                RETRY_AFTER_SEC);
}

/* --- the key --- */

static apr_status_t key_claim_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    key_use_t *use = baton;

    return dygw_store_idempotency_claim(db, &use->wanted, dygw_now(), &use->held, ctx->pool);
}

/* Claims the key. To claim it twice does no harm, so a second unit of work follows when the
 * connection died. APR_EEXIST: the key is not free, use->held says what it stands for. */
static apr_status_t key_claim(key_use_t *use)
{
    static const apr_status_t ends[] = { APR_EEXIST, APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { .ends = ends };

    return dygw_db_work(use->ctx, key_claim_with, use, &rules);
}

static apr_status_t key_release_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_idempotency_t *key = baton;

    return key->first_id ? dygw_store_idempotency_tie(db, key->key, key->owner, key->first_id)
                         : dygw_store_idempotency_free(db, key->key, key->owner);
}

/* Frees the key, or ties it to the verifications of first_id, when first_id is not 0. When this
 * fails, the key stays claimed until the time of the claim is over. */
static void key_release(key_use_t *use, apr_int64_t first_id)
{
    apr_status_t rv;

    use->wanted.first_id = first_id;
    rv = dygw_db_work(use->ctx, key_release_with, &use->wanted, DYGW_DB_ONCE);
    if (rv != APR_SUCCESS) {
        dygw_log(use->ctx->log, WARN, rv,
                 DYGWNO(0455) "an idempotency key could not be %s; it answers 409 for some seconds",
                 first_id ? "tied to its verification" : "freed");
    }
}

static void key_read_verifications(const dygw_ctx_t *ctx, apr_int64_t first_id,
                                   dygw_redeem_result_t *out)
{
    apr_status_t rv = dygw_request_verifications(ctx, first_id, out);

    if (rv == APR_NOTFOUND) {
        key_explain(&out->result, DYGW_CONFLICT,
                    "the records of this idempotency key have been removed", 0);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}

/* Replies to a request whose key was given before. */
static void key_replay(const key_use_t *use)
{
    const dygw_idempotency_t *held = use->held;

    if (strcmp(held->fingerprint, use->wanted.fingerprint) != 0) {
        key_explain(&use->out->result, DYGW_IDEMPOTENCY_KEY_REUSED,
                    "this idempotency key was given with other fields before", 0);
    }
    else if (held->first_id == 0) {
        key_explain_running(&use->out->result);
    }
    else {
        key_read_verifications(use->ctx, held->first_id, use->out);
        use->out->replayed = use->out->result.code == DYGW_OK;
    }
}

/* --- the redemption --- */

/* Redeems under the key, which this request has claimed. Verifications that this request has
 * recorded are tied to the key already; those of an earlier request with the same verify_token are
 * not. */
static void key_redeem(key_use_t *use, const dygw_redeem_request_t *request)
{
    dygw_redeem_request_t claimed = *request;
    dygw_redeem_result_t *out = use->out;

    claimed.key_hash = use->wanted.key;
    claimed.key_owner = use->wanted.owner;
    dygw_redeem(use->ctx, &claimed, out);
    if (out->result.code == DYGW_REQUEST_IN_PROGRESS) {
        key_explain_running(&out->result); /* another request has taken the key over */
    }
    else if (out->result.code != DYGW_OK) {
        key_release(use, 0);
    }
    else if (out->replayed) {
        key_release(use, out->verifications[0]->first_id);
    }
}

void dygw_redeem_once(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                      dygw_redeem_result_t *out)
{
    key_use_t use = { .ctx = ctx, .out = out };
    dygw_ms_t now = dygw_now();
    dygw_clock_seen_t seen;
    apr_status_t rv;

    *out = (dygw_redeem_result_t){ 0 };
    /* For the store, which takes no key for expired by a clock that is ahead. */
    dygw_host_clock(ctx->gateway, DYGW_CLOCK_DATABASE, &seen);
    dygw_host_clock(ctx->gateway, DYGW_CLOCK_DOUYIN, &seen);
    use.wanted = (dygw_idempotency_t){
        .key = hash_of_key(request->app_id, request->idempotency_key, ctx->pool),
        .fingerprint = fingerprint_of(request, ctx->pool),
        .owner = dygw_random_name(ctx->pool, OWNER_LEN),
        .running_until
        = now + CLAIM_MARGIN_MS + CLAIM_CALLS * (ctx->gateway->upstream_timeout / 1000),
        .expires_at = now + KEPT_MS,
    };
    rv = use.wanted.owner ? key_claim(&use) : APR_EGENERAL;
    if (rv == APR_SUCCESS) {
        key_redeem(&use, request);
    }
    else if (rv == APR_EEXIST && use.held) {
        key_replay(&use);
    }
    else {
        dygw_explain_database(&out->result);
    }
}

/* --- looking up a key --- */

static apr_status_t key_look_up(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    key_use_t *use = baton;

    return dygw_store_idempotency_get(db, use->wanted.key, dygw_now(), &use->held, ctx->pool);
}

void dygw_verification_by_key(const dygw_ctx_t *ctx, const char *idempotency_key,
                              apr_int64_t app_id, dygw_redeem_result_t *out)
{
    key_use_t use = { .wanted.key = hash_of_key(app_id, idempotency_key, ctx->pool) };
    apr_status_t rv = dygw_db_work(ctx, key_look_up, &use, DYGW_DB_ONCE);

    *out = (dygw_redeem_result_t){ 0 };
    if (rv == APR_SUCCESS && use.held->first_id != 0) {
        key_read_verifications(ctx, use.held->first_id, out);
    }
    else if (rv == APR_SUCCESS && dygw_store_idempotency_runs(use.held, dygw_now())) {
        key_explain_running(&out->result);
    }
    else if (rv == APR_SUCCESS || rv == APR_NOTFOUND) {
        key_explain(&out->result, DYGW_NOT_FOUND, "this app has no verification with this key", 0);
    }
    else {
        dygw_explain_database(&out->result);
    }
}
