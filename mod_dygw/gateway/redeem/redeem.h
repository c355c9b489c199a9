/* SPDX-License-Identifier: Apache-2.0
 * Redeeming coupons: validate nothing here (the glue did), promise everything. */
#ifndef DYGW_GATEWAY_REDEEM_REDEEM_H
#define DYGW_GATEWAY_REDEEM_REDEEM_H

#include "gateway/redemption.h"

/* Prepares (unless encrypted_code is given), records, verifies, records the outcome. DYGW_OK: items
 * say how it ended, or `processing`; anything else: nothing was redeemed. DYGW_REPLAYED_NONCE: a
 * request with this request_key has made its records before. */
void dygw_redeem(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                 dygw_redeem_result_t *out);

/* /coupons/prepare: out->reply is Douyin's whole answer when out->code is DYGW_OK. */
void dygw_prepare_only(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request,
                       dygw_result_t *out);

/* /douyin/stores, likewise. */
void dygw_stores(const dygw_ctx_t *ctx, const char *account_id, const char *poi_id, int page,
                 int size, dygw_result_t *out);

/* The records of one request, by the id of its first, into out. APR_NOTFOUND: there is none. */
apr_status_t dygw_items_read(const dygw_ctx_t *ctx, apr_int64_t first_id,
                             dygw_redeem_result_t *out);

/* A verification of app_id and the others of its request. DYGW_NOT_FOUND,
 * DYGW_DATABASE_UNAVAILABLE. */
void dygw_verification_read(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                            dygw_redeem_result_t *out);

#endif
