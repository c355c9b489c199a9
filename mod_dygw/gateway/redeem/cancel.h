/* SPDX-License-Identifier: Apache-2.0
 * Taking a redemption back, for its caller. What stays open is done by errand.c and settle.c. */
#ifndef DYGW_GATEWAY_REDEEM_CANCEL_H
#define DYGW_GATEWAY_REDEEM_CANCEL_H

#include "gateway/redeem/redeem.h"

/* DYGW_OK: out->items[0] is the verification afterwards; *pending: the outcome is not known yet (or
 * a `processing` one was given up). DYGW_NOT_FOUND, DYGW_CONFLICT (it is `failed`),
 * DYGW_DATABASE_UNAVAILABLE, DYGW_TOKEN_UNAVAILABLE (nothing was done). */
void dygw_cancel(dygw_gateway_t *gateway, apr_int64_t id, apr_int64_t app_id,
                 const dygw_log_t *log, apr_pool_t *pool, dygw_redeem_result_t *out, int *pending);

/* The rules that the background shares. */

/* The cancel_token of this verification, or NULL when none is to be sent. */
const char *dygw_cancel_token(const dygw_gateway_t *gateway, const dygw_verification_t *v,
                              apr_pool_t *pool);

/* When no verify of this request can be under way any more, by its rows; in the past: none is. A
 * cancel that Douyin carries out before could be undone by it. */
dygw_ms_t dygw_cancel_not_before(dygw_verification_t *const *rows, int count);

/* Makes it `cancelled`, finally. */
void dygw_cancel_done(dygw_verification_t *v);

/* Douyin refused to: it stays as it was, and says why. */
void dygw_cancel_refused(dygw_verification_t *v, const dygw_reply_t *reply);

#endif
