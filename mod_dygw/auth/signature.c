/* SPDX-License-Identifier: Apache-2.0
 * The signatures: of an app over its request, and of Douyin over a webhook. */
#include "auth/auth.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/settle/webhook.h"
#include "util/crypto.h"

/* Tried where there is no such secret, so that a wrong signature costs the same as an unknown key.
 */
#define NO_SECRET "sk_0000000000000000000000000000000000000000000"

#define DOUYIN_SIGNATURE "X-Douyin-Signature"

/* --- an app's --- */

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
    return app && app->old_secret
                   && (app->is_declared
                       || dygw_left_until(app->old_secret_until, DYGW_APP_GRACE_MAX_MS) > 0)
               ? app->old_secret
               : NULL;
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
    apr_status_t rv = dygw_apps_find(&call->ctx, call->runtime->apps, call->signed_key, &app);

    if (rv == APR_EACCES) {
        dygw_explain_key(out);
        if (app && app->is_declared) {
            out->message = "the secret of this app could not be read when the gateway was started; "
                           "the administrator has to see to its file, and to reload httpd";
        }
        return NULL;
    }
    if (rv != APR_SUCCESS && rv != APR_NOTFOUND) {
        dygw_explain_database(out);
        return NULL;
    }
    if (!is_authentic(call, app)) {
        out->code = DYGW_INVALID_CREDENTIALS;
        out->message
            = "the client key is unknown or the signature is wrong; it is over the path and "
              "the query as they arrive here, which a proxy on the way must not change";
        return NULL;
    }
    return app;
}

void dygw_auth_signature(dygw_call_t *call, dygw_result_t *out)
{
    call->app = authenticate(call, out);
    if (call->app) {
        call->r->user = apr_pstrdup(call->r->pool, call->app->client_key);
    }
}

/* --- Douyin's --- */

/* Douyin signs the bytes of the body with the application's secret. The check of the URL is let
 * through without a signature too, for Douyin does not say whether it has one: it changes nothing,
 * and is answered with what it brought. */
void dygw_auth_webhook(dygw_call_t *call, dygw_result_t *out)
{
    const char *signature = apr_table_get(call->r->headers_in, DOUYIN_SIGNATURE);
    const char *secret = call->runtime->cfg->client_secret;
    char expected[DYGW_SHA1_HEX_LEN + 1];

    if (!signature) {
        if (!dygw_webhook_is_url_check(call->body, call->body_len, call->r->pool)) {
            out->code = DYGW_MISSING_CREDENTIALS;
            out->message = "the header " DOUYIN_SIGNATURE " is missing";
        }
    }
    else if (dygw_sha1_hex(secret, strlen(secret), call->body, call->body_len, expected)
             != APR_SUCCESS) {
        out->code = DYGW_INTERNAL_ERROR;
        out->message = "OpenSSL offers no SHA-1 here, with which Douyin signs";
    }
    else if (!dygw_equal_secret(expected, signature)) {
        out->code = DYGW_INVALID_CREDENTIALS;
        out->message = "the signature is wrong";
    }
}
