/* SPDX-License-Identifier: Apache-2.0
 * Asking Douyin with the token that everybody shares, and saying in the contract's words why it did
 * not work. */
#ifndef DYGW_GATEWAY_ASK_H
#define DYGW_GATEWAY_ASK_H

#include "gateway/gateway.h"

/* One upstream call with the given token. */
typedef const dygw_reply_t *dygw_ask_fn(void *baton, const char *access_token);

typedef enum {
    DYGW_ASK_HARMLESS,  /* redeems nothing: tried once more when Douyin is busy or away */
    DYGW_ASK_VERIFY /* may redeem: repeated here only when Douyin refused the token, so did nothing
                     */
} dygw_ask_e;

/* Whether there is a token to ask with; 0: *out says that there is none. */
int dygw_ask_ready(dygw_gateway_t *gateway, apr_pool_t *pool, dygw_result_t *out);

/* Calls; renews the token and calls again when Douyin refuses it. NULL: there is no token, *out
 * says so. */
const dygw_reply_t *dygw_ask(dygw_gateway_t *gateway, dygw_ask_e kind, dygw_ask_fn *call,
                             void *baton, const dygw_log_t *log, apr_pool_t *pool,
                             dygw_result_t *out);

/* What a reply that is not OK means to the caller, where nothing can have been redeemed. */
void dygw_explain(const dygw_reply_t *reply, dygw_result_t *out);

/* The database did not do its part. */
void dygw_explain_database(dygw_result_t *out);

#endif
