/* SPDX-License-Identifier: Apache-2.0
 * GET /douyin/access-token: the token that the gateway holds, for apps that may read it. */
#include "handle/open/open.h"

#include "gateway/token.h"
#include "gateway/apps/reads.h"
#include "util/spelling.h"

#define REPLY_SIZE      512
#define DIGEST_LEN      8
#define RETRY_AFTER_SEC 5

static const char *const known_parameters[] = { "rejected", NULL };

/* Reads ?rejected=: the start of the digest of a token that Douyin refused. NULL when it is
 * absent. */
static const char *read_rejected(dygw_call_t *call, dygw_result_t *out)
{
    apr_table_t *query = dygw_read_query(call, known_parameters, out);
    const char *digest = apr_table_get(query, "rejected");

    if (digest && !dygw_is_hex(digest, DIGEST_LEN)) {
        dygw_invalid(out, "rejected",
                     "rejected must be the first 8 lowercase hex digits of the token's SHA-256");
    }
    return digest;
}

static int reply_token(dygw_call_t *call, const dygw_token_t *token)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, REPLY_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_object(&w, "data");
    dygw_jsonw_string(&w, "access_token", token->access_token);
    dygw_jsonw_time(&w, "expires_at", token->expires_at);
    dygw_jsonw_int(&w, "expires_in", (token->expires_at - dygw_now()) / 1000);
    dygw_jsonw_end_object(&w);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

int dygw_handle_access_token(dygw_call_t *call)
{
    dygw_gateway_t *gateway = &call->runtime->gateway;
    dygw_result_t out = { 0 };
    dygw_token_t token;
    const char *rejected;

    if (!call->app->allow_token_read) {
        out.code = DYGW_TOKEN_READ_FORBIDDEN;
        out.message = "this app may not read the access token";
        return dygw_reply_error(call, &out);
    }
    rejected = read_rejected(call, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    if (rejected) {
        dygw_token_rejected(&call->ctx, rejected);
    }
    if (dygw_token_held(gateway, &token, call->r->pool) != APR_SUCCESS) {
        out.code = DYGW_TOKEN_UNAVAILABLE;
        out.message = "the gateway holds no valid Douyin access token at the moment; try again";
        out.retry_after = RETRY_AFTER_SEC;
        return dygw_reply_error(call, &out);
    }
    dygw_reads_record(&call->ctx, call->app, call->r->useragent_ip, &out);
    return out.code == DYGW_OK ? reply_token(call, &token) : dygw_reply_error(call, &out);
}
