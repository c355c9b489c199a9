/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: which part of an order's money is this verification's. */
#ifndef DYGW_GATEWAY_SETTLE_AMOUNTS_H
#define DYGW_GATEWAY_SETTLE_AMOUNTS_H

#include "douyin/douyin.h"
#include "store/verification/verification.h"

/* The share of the part at `position` (from 0) when total is divided into `parts`: whole fen, the
 * remainder to the first ones, so that the shares of all positions are the total. */
apr_int64_t dygw_amounts_share(apr_int64_t total, apr_int64_t parts, apr_int64_t position);

/* Fills in what is paid, received and discounted for v. What it has is its own and stays; then come
 * figures that Douyin gives of its coupon or use, then its share of the order's. order NULL: not
 * known. coupon NULL: its state is not known. */
void dygw_amounts_fill(dygw_verification_t *v, const dygw_order_reply_t *order,
                       const dygw_seen_coupon_t *coupon);

#endif
