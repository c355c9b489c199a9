/* SPDX-License-Identifier: Apache-2.0
 * Idempotency-Key: one key of an app, one redemption. */
#ifndef DYGW_GATEWAY_REDEEM_IDEMPOTENCY_H
#define DYGW_GATEWAY_REDEEM_IDEMPOTENCY_H

#include "gateway/redeem/redeem.h"

/* dygw_redeem under request->idempotency_key (which is not NULL). DYGW_REQUEST_IN_PROGRESS,
 * DYGW_IDEMPOTENCY_KEY_REUSED, and what dygw_redeem gives. */
void dygw_redeem_once(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                      dygw_redeem_result_t *out);

/* What a key of app_id stands for. DYGW_NOT_FOUND, DYGW_REQUEST_IN_PROGRESS,
 * DYGW_DATABASE_UNAVAILABLE. */
void dygw_verification_by_key(const dygw_ctx_t *ctx, const char *idempotency_key,
                              apr_int64_t app_id, dygw_redeem_result_t *out);

#endif
