/* SPDX-License-Identifier: Apache-2.0
 * Idempotency-Key: however often an app sends a request with one key, it redeems once. */
#ifndef DYGW_GATEWAY_REDEEM_IDEMPOTENCY_H
#define DYGW_GATEWAY_REDEEM_IDEMPOTENCY_H

#include "gateway/redeem/redeem.h"

/* Does dygw_redeem under request->idempotency_key, which is not NULL; when the key was given
 * before, replies with the verifications of the request that had it. Besides the codes of
 * dygw_redeem: DYGW_REQUEST_IN_PROGRESS, DYGW_IDEMPOTENCY_KEY_REUSED (with other fields),
 * DYGW_CONFLICT (the verifications were removed). */
void dygw_redeem_once(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                      dygw_redeem_result_t *out);

/* Reads the verifications of the request that had this key of the app. DYGW_NOT_FOUND,
 * DYGW_REQUEST_IN_PROGRESS, DYGW_CONFLICT (they were removed), DYGW_DATABASE_UNAVAILABLE. */
void dygw_verification_by_key(const dygw_ctx_t *ctx, const char *idempotency_key,
                              apr_int64_t app_id, dygw_redeem_result_t *out);

#endif
