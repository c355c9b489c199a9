/* SPDX-License-Identifier: Apache-2.0
 * What a cashier sees of an order's coupons before one is redeemed. Nothing is changed at Douyin,
 * and nothing is recorded. */
#ifndef DYGW_GATEWAY_REDEEM_PREVIEW_H
#define DYGW_GATEWAY_REDEEM_PREVIEW_H

#include "gateway/reasons.h"
#include "gateway/redemption.h"

/* A coupon that prepare lists. */
typedef struct dygw_previewed_t {
    const dygw_certificate_t *certificate;
    dygw_terms_t terms;
    dygw_reason_e reason; /* why it cannot be used now; DYGW_REASON_NONE: it can */
} dygw_previewed_t;

typedef struct dygw_preview_t {
    dygw_result_t result;
    const dygw_prepare_reply_t *prepared; /* when result.code is DYGW_OK, as is the next one */
    dygw_previewed_t *coupons;            /* one for each of prepared->certificates */
} dygw_preview_t;

/* Calls prepare for /coupons/preview, as dygw_prepare_only does, and reads what it lists. An order
 * without a usable coupon is DYGW_OK, and has none. In ctx->pool. */
void dygw_preview(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request, dygw_preview_t *out);

#endif
