/* SPDX-License-Identifier: Apache-2.0
 * The signature, the nonce and the app behind them. */
#include "auth/auth.h"

#include <string.h>

#include <apr_atomic.h>
#include <apr_strings.h>

#include "gateway/ask.h"
#include "store/nonce.h"

/* Tried where there is no such secret, so that a wrong signature costs the same as an unknown key.
 */
#define NO_SECRET   "sk_0000000000000000000000000000000000000000000"

/* Nonces in the database are forgotten by one host's clock and accepted by another's. */
#define NONCE_CLOCKS_MS         600000
#define FULL_REPORT_PAUSE_SEC   60

/* --- the signature --- */

/* The request as the caller sent it: an internal redirect (of mod_rewrite, say) has a target that
 * nobody signed. For a request with an absolute URI httpd keeps that as it is, so it is signed so.
 */
static const request_rec *as_sent(const request_rec *r)
{
    while (r->prev) {
        r = r->prev;
    }
    return r;
}

static char *put_line(char *out, const char *text, apr_size_t len)
{
    memcpy(out, text, len);
    out[len] = '\n';
    return out + len + 1;
}

static const char *string_to_sign(const dygw_call_t *call, apr_size_t *len)
{
    const request_rec *sent = as_sent(call->r);
    char body_hash[DYGW_SHA256_HEX_LEN + 1];
    const char *lines[] = { sent->method, sent->unparsed_uri, call->signed_timestamp,
                            call->signed_nonce, body_hash };
    apr_size_t lens[sizeof lines / sizeof *lines];
    char *text, *end;
    size_t i;

    dygw_sha256_hex(call->body, call->body_len, body_hash);
    *len = 0;
    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        lens[i] = strlen(lines[i]);
        *len += lens[i] + 1;
    }
    text = end = apr_palloc(call->r->pool, *len);
    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        end = put_line(end, lines[i], lens[i]);
    }
    return text;
}

static int is_signed_with(const char *secret, const dygw_call_t *call, const char *text,
                          apr_size_t len)
{
    char expected[DYGW_SHA256_HEX_LEN + 1];

    return dygw_hmac_sha256_hex(secret, strlen(secret), text, len, expected) == APR_SUCCESS
           && dygw_equal_secret(expected, call->signature);
}

static const char *old_secret_of(const dygw_known_app_t *app)
{
    return app && app->old_secret && app->old_secret_until > dygw_now() ? app->old_secret : NULL;
}

/* Both secrets are tried before it is refused, whether there are any or not. */
static int is_authentic(const dygw_call_t *call, const dygw_known_app_t *app)
{
    const char *old_secret = old_secret_of(app);
    apr_size_t len;
    const char *text = string_to_sign(call, &len);

    return (is_signed_with(app ? app->secret : NO_SECRET, call, text, len) && app)
           || (is_signed_with(old_secret ? old_secret : NO_SECRET, call, text, len) && old_secret);
}

/* NULL: refused, *out says so. */
static const dygw_known_app_t *authenticate(dygw_call_t *call, dygw_result_t *out)
{
    dygw_known_app_t *app = NULL;
    apr_status_t rv = dygw_apps_find(call->runtime->apps, call->signed_key, &call->log,
                                     call->r->pool, &app);

    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        dygw_explain_database(out);
        return NULL;
    }
    if (!is_authentic(call, app)) {
        out->code = DYGW_INVALID_CREDENTIALS;
        out->message = "the client key is unknown or the signature is wrong";
        return NULL;
    }
    return app;
}

/* --- the nonce --- */

/* Once a minute and child: every refused request would be a flood of its own. */
static void report_full(const dygw_call_t *call)
{
    static volatile apr_uint32_t reported_at;
    apr_uint32_t before = apr_atomic_read32(&reported_at);
    apr_uint32_t now = (apr_uint32_t)apr_time_sec(apr_time_now());

    if (now - before >= FULL_REPORT_PAUSE_SEC
        && apr_atomic_cas32(&reported_at, now, before) == before) {
        dygw_log(&call->log, ERR, 0,
                 DYGWNO(0200) "all %d entries of DygwNonceStore are in use, requests to /open are "
                              "refused: give it more entries, or shorten DygwSignatureWindow",
                 call->runtime->cfg->nonce_entries);
    }
}

static void explain_full(const dygw_call_t *call, dygw_ms_t wait, dygw_result_t *out)
{
    report_full(call);
    out->code = DYGW_NONCE_STORE_FULL;
    out->message = "too many requests within the signature window; try again later";
    out->retry_after = wait > 0 ? (int)((wait + 999) / 1000) : 1;
}

static apr_status_t spend_in_database(const dygw_call_t *call, dygw_ms_t expires_at)
{
    char key[33];
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, call->runtime->gateway.db, &call->log, call->r->pool);

    if (rv == APR_SUCCESS) {
        dygw_nonce_key(call->signed_key, call->signed_nonce, key);
        rv = dygw_store_nonce_spend(db, key, expires_at + NONCE_CLOCKS_MS);
        dygw_db_close(db);
    }
    return rv;
}

static void spend_nonce(const dygw_call_t *call, dygw_result_t *out)
{
    dygw_runtime_t *runtime = call->runtime;
    dygw_ms_t expires_at = call->timestamp * 1000 + runtime->cfg->signature_window / 1000;
    dygw_ms_t now = dygw_now(), free_at = now;
    apr_status_t rv = runtime->nonces
                          ? dygw_nonces_spend(runtime->nonces, call->signed_key,
                                              call->signed_nonce, now, expires_at, &free_at)
                          : spend_in_database(call, expires_at);

    if (rv == APR_EEXIST) {
        out->code = DYGW_REPLAYED_NONCE;
        out->message = "this X-Nonce was used before";
    }
    else if (rv == APR_ENOSPC) {
        explain_full(call, free_at - now, out);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

void dygw_auth_signature(dygw_call_t *call, dygw_result_t *out)
{
    call->app = authenticate(call, out);
    if (!call->app) {
        return;
    }
    call->r->user = apr_pstrdup(call->r->pool, call->app->client_key);
    spend_nonce(call, out);
    if (out->code == DYGW_OK && call->app->status != DYGW_APP_ACTIVE) {
        out->code = DYGW_APP_DISABLED_ERROR;
        out->message = "this app is disabled";
    }
}
