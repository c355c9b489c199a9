/* SPDX-License-Identifier: Apache-2.0
 * Cancelling: the rules that the caller's request and the background share. */
#ifndef DYGW_GATEWAY_SETTLE_CANCELLED_H
#define DYGW_GATEWAY_SETTLE_CANCELLED_H

#include "gateway/gateway.h"

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
