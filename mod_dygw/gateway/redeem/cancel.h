/* SPDX-License-Identifier: Apache-2.0
 * Taking a redemption back, for its caller. What stays open is done by follow_up.c and settle.c. */
#ifndef DYGW_GATEWAY_REDEEM_CANCEL_H
#define DYGW_GATEWAY_REDEEM_CANCEL_H

#include "gateway/redeem/redeem.h"

/* DYGW_OK: out->items[0] is the verification afterwards; *pending: the outcome is not known yet (or
 * a `processing` one was given up). DYGW_NOT_FOUND, DYGW_CONFLICT (it is `failed`),
 * DYGW_DATABASE_UNAVAILABLE, DYGW_TOKEN_UNAVAILABLE (nothing was done). */
void dygw_cancel(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                 dygw_redeem_result_t *out, int *pending);

#endif
