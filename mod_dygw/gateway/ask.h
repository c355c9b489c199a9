/* SPDX-License-Identifier: Apache-2.0
 * Calls to Douyin with the access token that all share, and what a failed call means to the caller,
 * in the words of the API. */
#ifndef DYGW_GATEWAY_ASK_H
#define DYGW_GATEWAY_ASK_H

#include "gateway/gateway.h"
#include "gateway/token.h"

/* Makes one upstream call with the given token, and returns its reply, never NULL. */
typedef const dygw_reply_t *dygw_ask_fn(void *baton, const char *access_token);

typedef enum {
    DYGW_ASK_HARMLESS, /* changes nothing: made once more when Douyin is busy or away */
    DYGW_ASK_VERIFY    /* may redeem or cancel: made again only when Douyin refused the token, and
                        * so did nothing */
} dygw_ask_e;

/* Fills in *token, from ctx->pool, with a token for a call; renews the token first when the one
 * that the host holds has ended. 0: there is no token, *out says so. */
int dygw_ask_ready(const dygw_ctx_t *ctx, dygw_token_t *token, dygw_result_t *out);

/* Makes the call with *token and returns the reply, never NULL. When Douyin refuses the token, the
 * token is renewed, once, and the call is made again. Afterwards *token is the token of the last
 * call. */
const dygw_reply_t *dygw_ask(const dygw_ctx_t *ctx, dygw_ask_e kind, dygw_ask_fn *call, void *baton,
                             dygw_token_t *token);

/* The next two are for questions that are asked without waiting.
 *
 * Notes for the host what the reply to a call with *token says about the token: when Douyin has
 * taken a token that it refused before, that token counts as good again. */
void dygw_ask_note_token(dygw_gateway_t *gateway, const dygw_token_t *token,
                         const dygw_reply_t *reply);
/* Renews *token, which Douyin refuses in this reply. When another thread is renewing the token
 * already, waits for at most `patience` us. APR_SUCCESS: *token is a newer token. */
apr_status_t dygw_ask_renew(const dygw_ctx_t *ctx, const dygw_reply_t *reply,
                            apr_interval_time_t patience, dygw_token_t *token);

/* Fills in *out with what the reply means to the caller, for calls that cannot have redeemed
 * anything. Leaves out->code when the reply is OK. */
void dygw_explain(const dygw_reply_t *reply, dygw_result_t *out);

/* Fills in *out: the database does not answer. */
void dygw_explain_database(dygw_result_t *out);
/* DYGW_KEY_UNAVAILABLE. */
void dygw_explain_key(dygw_result_t *out);

/* Fills in *out: the same signed request has come before. */
void dygw_explain_replay(dygw_result_t *out);

/* Fills in *out: Douyin cannot be reached at the moment; Douyin did not answer in time. why: the
 * message for the caller. */
void dygw_explain_unavailable(const char *why, dygw_result_t *out);
void dygw_explain_timeout(const char *why, dygw_result_t *out);

#endif
