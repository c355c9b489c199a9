/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: which part of an order's money belongs to one verification. Amounts are in
 * fen. */
#ifndef DYGW_GATEWAY_SETTLE_AMOUNTS_H
#define DYGW_GATEWAY_SETTLE_AMOUNTS_H

#include "douyin/douyin.h"
#include "store/verification/verification.h"

/* Returns the share at `position` (from 0) when total is divided into `parts` shares of whole fen.
 * The first shares are one fen larger where there is a remainder, so that all shares together are
 * the total. */
apr_int64_t dygw_amounts_share(apr_int64_t total, apr_int64_t parts, apr_int64_t position);

/* Fills in what was paid, received and discounted for v. An amount that v has already stays.
 * Otherwise it is Douyin's figure for this coupon or use, else v's share of the figure for the
 * order. order NULL: not known. coupon NULL: Douyin's state of the coupon is not known. */
void dygw_amounts_fill(dygw_verification_t *v, const dygw_order_reply_t *order,
                       const dygw_seen_coupon_t *coupon);

#endif
