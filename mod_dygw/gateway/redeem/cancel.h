/* SPDX-License-Identifier: Apache-2.0
 * Cancelling a verification for its caller. What cannot be finished while the caller waits is done
 * by the background (settle/follow_up.c and settle/settle.c). */
#ifndef DYGW_GATEWAY_REDEEM_CANCEL_H
#define DYGW_GATEWAY_REDEEM_CANCEL_H

#include "gateway/redeem/redeem.h"

/* Cancels the verification `id` of the app. DYGW_OK: out->verifications[0] is the verification
 * afterwards, in ctx->pool. *pending: the outcome is not known yet, or the verification was
 * `processing` and has been given up. Nothing was done at DYGW_NOT_FOUND, DYGW_CONFLICT (the
 * verification is `failed`, or lacks what a cancel needs), DYGW_DATABASE_UNAVAILABLE and
 * DYGW_TOKEN_UNAVAILABLE. */
void dygw_cancel(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                 dygw_redeem_result_t *out, int *pending);

#endif
