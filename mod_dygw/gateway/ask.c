/* SPDX-License-Identifier: Apache-2.0
 * Calls to Douyin with the shared access token. */
#include "gateway/ask.h"

#include "douyin/douyin.h"
#include "gateway/host.h"

#define RETRY_AFTER_TOKEN_SEC    5
#define RETRY_AFTER_UPSTREAM_SEC 5
#define RETRY_AFTER_QUOTA_SEC    60
#define RETRY_AFTER_DATABASE_SEC 2
#define RETRY_AFTER_KEY_SEC      60
#define TOKEN_PATIENCE_US        2000000 /* a caller waits so long for a renewal */

/* --- why a call failed --- */

static void explain_as(dygw_result_t *out, dygw_code_e code, const char *message, int retry_after)
{
    out->code = code;
    out->message = message;
    out->retry_after = retry_after;
}

static void explain_token(dygw_result_t *out)
{
    explain_as(out, DYGW_TOKEN_UNAVAILABLE,
               "the gateway holds no valid Douyin access token at the moment; try again",
               RETRY_AFTER_TOKEN_SEC);
}

void dygw_explain_database(dygw_result_t *out)
{
    explain_as(out, DYGW_DATABASE_UNAVAILABLE,
               "the gateway's database does not answer; nothing was done, try again",
               RETRY_AFTER_DATABASE_SEC);
}

void dygw_explain_key(dygw_result_t *out)
{
    explain_as(out, DYGW_KEY_UNAVAILABLE,
               "what the gateway has sealed does not open with its master key; nothing was done, "
               "the administrator has to give it the right key",
               RETRY_AFTER_KEY_SEC);
}

void dygw_explain_replay(dygw_result_t *out)
{
    explain_as(out, DYGW_REPLAYED_NONCE, "this X-Nonce was used before", 0);
}

void dygw_explain_unavailable(const char *why, dygw_result_t *out)
{
    explain_as(out, DYGW_UPSTREAM_UNAVAILABLE, why, RETRY_AFTER_UPSTREAM_SEC);
}

void dygw_explain_timeout(const char *why, dygw_result_t *out)
{
    explain_as(out, DYGW_UPSTREAM_TIMEOUT, why, 0);
}

/* The error shows what Douyin said, when Douyin gave an error_code. */
static void explain_error(const dygw_reply_t *reply, dygw_code_e code, const char *message,
                          dygw_result_t *out)
{
    explain_as(out, code, message, 0);
    out->upstream_spoke = 1;
    out->reply = reply->error_code != 0 ? reply : NULL;
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
        explain_error(reply, DYGW_UPSTREAM_REFUSED, "Douyin refused; `douyin` says why", out);
        break;
    case DYGW_REPLY_REQUEST:
        explain_error(reply, DYGW_UPSTREAM_ERROR, "Douyin says that the gateway's request is wrong",
                      out);
        break;
    case DYGW_REPLY_GARBLED:
        explain_error(reply, DYGW_UPSTREAM_ERROR, "Douyin's answer cannot be understood", out);
        break;
    case DYGW_REPLY_TOKEN:
        explain_token(out);
        break;
    case DYGW_REPLY_BUSY:
    case DYGW_REPLY_LOST:
    case DYGW_REPLY_UNREACHABLE:
        dygw_explain_unavailable("Douyin is busy or cannot be reached; nothing was redeemed, "
                                 "try again",
                                 out);
        if (dygw_douyin_reply_wants_rest(reply)) {
            out->retry_after = RETRY_AFTER_QUOTA_SEC;
        }
        break;
    case DYGW_REPLY_TIMEOUT:
        dygw_explain_timeout("Douyin did not answer in time; nothing was redeemed, try again", out);
        break;
    }
}

/* --- asking --- */

int dygw_ask_ready(const dygw_ctx_t *ctx, dygw_token_t *token, dygw_result_t *out)
{
    if (dygw_token_held(ctx->gateway, token, ctx->pool) == APR_SUCCESS
        || dygw_token_renew(ctx, token->version, DYGW_RENEW_OLD, TOKEN_PATIENCE_US, token)
               == APR_SUCCESS) {
        return 1;
    }
    explain_token(out);
    return 0;
}

static int ask_is_worth_repeating(const dygw_reply_t *reply)
{
    return reply->kind == DYGW_REPLY_BUSY || reply->kind == DYGW_REPLY_UNREACHABLE
           || reply->kind == DYGW_REPLY_LOST;
}

/* Whether Douyin looked at the coupon: then Douyin has taken the token. */
static int reply_took_token(const dygw_reply_t *reply)
{
    return reply->kind == DYGW_REPLY_OK || reply->kind == DYGW_REPLY_COUPON
           || reply->kind == DYGW_REPLY_REVIEW;
}

void dygw_ask_note_token(dygw_gateway_t *gateway, const dygw_token_t *token,
                         const dygw_reply_t *reply)
{
    if (token->refused && reply_took_token(reply)) {
        dygw_token_accepted(gateway, token);
    }
}

apr_status_t dygw_ask_renew(const dygw_ctx_t *ctx, const dygw_reply_t *reply,
                            apr_interval_time_t patience, dygw_token_t *token)
{
    dygw_log_rarely(ctx->log, INFO, NULL, 0,
                    DYGWNO(0406) "Douyin refuses version %" APR_INT64_T_FMT " of the access token: "
                                 "error_code %" APR_INT64_T_FMT ", logid %s",
                    token->version, reply->error_code, reply->logid);
    return dygw_token_renew(ctx, token->version, DYGW_RENEW_REFUSED, patience, token);
}

const dygw_reply_t *dygw_ask(const dygw_ctx_t *ctx, dygw_ask_e kind, dygw_ask_fn *call, void *baton,
                             dygw_token_t *token)
{
    int may_renew = 1;
    int may_repeat = kind == DYGW_ASK_HARMLESS;

    for (;;) {
        const dygw_reply_t *reply = call(baton, token->access_token);

        dygw_host_reply_shown(ctx->gateway, reply);
        dygw_ask_note_token(ctx->gateway, token, reply);
        if (reply->kind == DYGW_REPLY_TOKEN && may_renew
            && dygw_ask_renew(ctx, reply, ctx->gateway->upstream_timeout, token) == APR_SUCCESS) {
            may_renew = 0;
            continue;
        }
        if (!may_repeat || !ask_is_worth_repeating(reply)) {
            return reply;
        }
        may_repeat = 0;
    }
}
