/* SPDX-License-Identifier: Apache-2.0
 * Asking Douyin with the token that everybody shares, and saying in the contract's words why it did
 * not work. */
#ifndef DYGW_GATEWAY_ASK_H
#define DYGW_GATEWAY_ASK_H

#include "gateway/gateway.h"
#include "gateway/token.h"

/* One upstream call with the given token. */
typedef const dygw_reply_t *dygw_ask_fn(void *baton, const char *access_token);

typedef enum {
    DYGW_ASK_HARMLESS,  /* redeems nothing: tried once more when Douyin is busy or away */
    DYGW_ASK_VERIFY     /* may redeem: again only when Douyin refused the token, so did nothing */
} dygw_ask_e;

/* A token to ask with, renewed when the one held has ended. 0: there is none, *out says so. */
int dygw_ask_ready(const dygw_ctx_t *ctx, dygw_token_t *token, dygw_result_t *out);

/* Calls with *token; when Douyin refuses it, it is renewed, once, and the call made again. *token
 * is the one used last. Never NULL. */
const dygw_reply_t *dygw_ask(const dygw_ctx_t *ctx, dygw_ask_e kind, dygw_ask_fn *call, void *baton,
                             dygw_token_t *token);

/* The two halves of that, for who asks without waiting. What reply to a call with *token says of
 * the token; */
void dygw_ask_heard(dygw_gateway_t *gateway, const dygw_token_t *token, const dygw_reply_t *reply);
/* and the renewal of *token, which reply refuses; one that another is making is waited for up to
 * patience. APR_SUCCESS: *token is a newer one. */
apr_status_t dygw_ask_renew(const dygw_ctx_t *ctx, const dygw_reply_t *reply,
                            apr_interval_time_t patience, dygw_token_t *token);

/* What a reply that is not OK means to the caller, where nothing can have been redeemed. */
void dygw_explain(const dygw_reply_t *reply, dygw_result_t *out);

/* The database did not do its part. */
void dygw_explain_database(dygw_result_t *out);

/* The same signed request has come before. */
void dygw_explain_replay(dygw_result_t *out);

/* Douyin cannot be asked at the moment, or not in time; why is for the caller. */
void dygw_explain_unavailable(const char *why, dygw_result_t *out);
void dygw_explain_timeout(const char *why, dygw_result_t *out);

#endif
