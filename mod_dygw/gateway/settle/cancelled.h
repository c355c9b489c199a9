/* SPDX-License-Identifier: Apache-2.0
 * The rules of cancelling that a caller's request and the job follow-up share. */
#ifndef DYGW_GATEWAY_SETTLE_CANCELLED_H
#define DYGW_GATEWAY_SETTLE_CANCELLED_H

#include "gateway/gateway.h"

/* Returns the cancel_token of v, in pool: every repetition of the same cancel has the same. NULL:
 * none is to be sent. */
const char *dygw_cancel_token(const dygw_gateway_t *gateway, const dygw_verification_t *v,
                              apr_pool_t *pool);

/* Returns the time until which a verify of this request may be under way, by the leases of its
 * rows; a time in the past: none is. Such a verify could redeem anew what a cancel has taken back
 * before. */
dygw_ms_t dygw_cancel_not_before(dygw_verification_t *const *rows, int count);

/* Makes v `cancelled`, finally, in memory; the caller writes the row, here and below. */
void dygw_cancel_done(dygw_verification_t *v);

/* For a cancel that Douyin refused: v keeps its status, and gets Douyin's code and words. */
void dygw_cancel_refused(dygw_verification_t *v, const dygw_reply_t *reply);

#endif
