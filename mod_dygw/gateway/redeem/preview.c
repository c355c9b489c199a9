/* SPDX-License-Identifier: Apache-2.0
 * The coupons of an order, and whether each may be used here and now. See preview.h. */
#include "gateway/redeem/preview.h"

#include "gateway/usable.h"
#include "gateway/redeem/redeem.h"

void dygw_preview(const dygw_ctx_t *ctx, const dygw_redeem_request_t *request, dygw_preview_t *out)
{
    dygw_moment_t at;

    *out = (dygw_preview_t){ .coupons = NULL };
    out->prepared = dygw_prepare_only(ctx, request, &out->result);
    if (out->result.code != DYGW_OK) {
        return;
    }
    at = dygw_usable_moment(out->prepared->reply.date, request->poi_id, ctx->gateway->time_zone);
    out->coupons = apr_pcalloc(ctx->pool, (apr_size_t)out->prepared->certificates->nelts
                                              * sizeof(*out->coupons));
    for (int i = 0; i < out->prepared->certificates->nelts; i++) {
        dygw_previewed_t *coupon = &out->coupons[i];

        coupon->certificate = &APR_ARRAY_IDX(out->prepared->certificates, i, dygw_certificate_t);
        dygw_douyin_terms(coupon->certificate, &coupon->terms, ctx->pool);
        coupon->reason = dygw_usable_reason(coupon->certificate, &coupon->terms, &at);
    }
}
