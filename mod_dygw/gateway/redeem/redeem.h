/* SPDX-License-Identifier: Apache-2.0
 * redeem/: what is done while the caller waits. It redeems, prepares and looks things up (this
 * header), previews (preview.h), cancels (cancel.h), and keeps idempotency keys (idempotency.h).
 * The glue has checked all fields of a request before. The room may call settle/, the top of
 * gateway/ and what is below. */
#ifndef DYGW_GATEWAY_REDEEM_REDEEM_H
#define DYGW_GATEWAY_REDEEM_REDEEM_H

#include "gateway/redemption.h"

/* Prepares (unless encrypted_code is given), records the verifications, verifies, and records the
 * outcome. DYGW_OK: each of out->verifications says how it ended, or is still `processing`; the
 * background then settles it. Any other code: nothing was redeemed. DYGW_REPLAYED_NONCE: a request
 * with this request_key has recorded its verifications before. */
void dygw_redeem(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                 dygw_redeem_result_t *out);

/* Calls prepare for /coupons/prepare, and for /coupons/preview. DYGW_OK: out->reply is Douyin's
 * whole answer, and what it lists is returned, both in ctx->pool. Any other code: what is returned
 * is of no use, and may be NULL. */
const dygw_prepare_reply_t *dygw_prepare_only(const dygw_ctx_t *ctx,
                                              const dygw_redeem_request_t *request,
                                              dygw_result_t *out);

/* Lists stores for /douyin/stores, in the same way. account_id NULL: that of the store, else
 * DygwAccountId. poi_id: NULL for none. page: from 1; size: stores in a page. */
void dygw_stores(const dygw_ctx_t *ctx, const char *account_id, const char *poi_id, int page,
                 int size, dygw_result_t *out);

/* Reads the verifications of one request, by the id of the first, into out->verifications.
 * APR_NOTFOUND: there are none; out->result is left as it is. */
apr_status_t dygw_request_verifications(const dygw_ctx_t *ctx, apr_int64_t first_id,
                                        dygw_redeem_result_t *out);

/* Reads a verification of the app, and the others of its request, into *out. DYGW_NOT_FOUND,
 * DYGW_DATABASE_UNAVAILABLE. */
void dygw_verification_read(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                            dygw_redeem_result_t *out);

#endif
