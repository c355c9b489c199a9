/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: why a coupon cannot be used, where the number of the refusal leaves that open
 * and Douyin has shown the coupon since. It explains what is decided already: nothing here says
 * whether a coupon is redeemed. */
#ifndef DYGW_GATEWAY_UNUSABLE_H
#define DYGW_GATEWAY_UNUSABLE_H

#include "gateway/usable.h"

/* Coupons that Douyin has shown, of which one would have been redeemed: `count` of them; when, and
 * in which store. Nothing is said by this host's clock. */
typedef struct dygw_shown_t {
    const dygw_seen_coupon_t *coupons;
    int count;
    dygw_moment_t at;
} dygw_shown_t;

/* Why none of them can be used: the first line of the table in unusable.c that is true of any of
 * them. DYGW_REASON_NONE: what is shown does not tell. */
dygw_reason_e dygw_unusable_why(const dygw_shown_t *shown, apr_pool_t *pool);

/* Whether v is `failed`, and its number leaves the reason open. */
int dygw_unusable_is_open(const dygw_verification_t *v);

/* Sets the reason of such a verification, and nothing else of it, to what is shown, where that
 * tells. */
void dygw_unusable_explain(dygw_verification_t *v, const dygw_shown_t *shown, apr_pool_t *pool);

#endif
