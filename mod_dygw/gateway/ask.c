/* SPDX-License-Identifier: Apache-2.0
 * Calls upstream with the shared token. */
#include "gateway/ask.h"

#include "gateway/token.h"

#define RETRY_AFTER_TOKEN_SEC       5
#define RETRY_AFTER_UPSTREAM_SEC    5
#define RETRY_AFTER_DATABASE_SEC    2

static void explain_token(dygw_result_t *out)
{
    out->code = DYGW_TOKEN_UNAVAILABLE;
    out->message = "the gateway holds no valid Douyin access token at the moment; try again";
    out->retry_after = RETRY_AFTER_TOKEN_SEC;
}

void dygw_explain_database(dygw_result_t *out)
{
    out->code = DYGW_DATABASE_UNAVAILABLE;
    out->message = "the gateway's database does not answer; nothing was done, try again";
    out->retry_after = RETRY_AFTER_DATABASE_SEC;
}

static int worth_another_try(const dygw_reply_t *reply)
{
    return reply->kind == DYGW_REPLY_BUSY || reply->kind == DYGW_REPLY_UNREACHABLE
           || reply->kind == DYGW_REPLY_LOST;
}

int dygw_ask_ready(dygw_gateway_t *gateway, apr_pool_t *pool, dygw_result_t *out)
{
    dygw_token_t token;

    if (dygw_token_held(gateway, &token, pool) == APR_SUCCESS) {
        return 1;
    }
    explain_token(out);
    return 0;
}

const dygw_reply_t *dygw_ask(dygw_gateway_t *gateway, dygw_ask_e kind, dygw_ask_fn *call,
                             void *baton, const dygw_log_t *log, apr_pool_t *pool,
                             dygw_result_t *out)
{
    const dygw_reply_t *reply;
    dygw_token_t token;

    if (dygw_token_held(gateway, &token, pool) != APR_SUCCESS) {
        explain_token(out);
        return NULL;
    }
    reply = call(baton, token.access_token);
    if (reply->kind == DYGW_REPLY_TOKEN
        && dygw_token_renew(gateway, token.version, 1, gateway->upstream_timeout, &token, log, pool)
           == APR_SUCCESS) {
        reply = call(baton, token.access_token);
    }
    if (kind == DYGW_ASK_HARMLESS && worth_another_try(reply)) {
        reply = call(baton, token.access_token);
    }
    return reply;
}

static void explain_as(dygw_result_t *out, dygw_code_e code, const char *message, int retry_after)
{
    out->code = code;
    out->message = message;
    out->retry_after = retry_after;
}

void dygw_explain(const dygw_reply_t *reply, dygw_result_t *out)
{
    out->reply = reply;
    switch (reply->kind) {
    case DYGW_REPLY_OK:
        break;
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
    case DYGW_REPLY_SETUP:
        explain_as(out, DYGW_UPSTREAM_REFUSED, "Douyin refused; `douyin` says why", 0);
        out->upstream_spoke = 1;
        break;
    case DYGW_REPLY_REQUEST:
    case DYGW_REPLY_GARBLED:
        explain_as(out, DYGW_UPSTREAM_ERROR,
                   reply->kind == DYGW_REPLY_REQUEST
                       ? "Douyin says that the gateway's request is wrong"
                       : "Douyin's answer cannot be understood",
                   0);
        out->upstream_spoke = 1;
        if (reply->error_code == 0) {
            out->reply = NULL;
        }
        break;
    case DYGW_REPLY_TOKEN:
        explain_token(out);
        break;
    case DYGW_REPLY_BUSY:
    case DYGW_REPLY_LOST:
    case DYGW_REPLY_UNREACHABLE:
        explain_as(out, DYGW_UPSTREAM_UNAVAILABLE,
                   "Douyin is busy or cannot be reached; nothing was redeemed, "
                   "try again",
                   RETRY_AFTER_UPSTREAM_SEC);
        break;
    case DYGW_REPLY_TIMEOUT:
        explain_as(out, DYGW_UPSTREAM_TIMEOUT,
                   "Douyin did not answer in time; nothing was redeemed, try again", 0);
        break;
    }
}
