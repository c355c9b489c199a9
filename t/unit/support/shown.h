/* SPDX-License-Identifier: Apache-2.0
 * Coupons as a look at them shows them, for the tests of why one was refused. With redeeming.c and
 * fake_look.c. */
#ifndef SHOWN_H
#define SHOWN_H

#include "fake_douyin.h"

/* What query or get shows: one coupon, ours, on a Thursday at eight in the morning in China, by a
 * clock of Douyin's that agrees with this host's. */
dygw_seen_coupon_t *show_in(dygw_coupons_reply_t *answer, int status);
dygw_seen_coupon_t *show(int status);

/* What may have become of it, or be in its terms. */
typedef void be_t(dygw_seen_coupon_t *c);
be_t be_used, be_verified, be_refunded, be_refund_requested, be_refunding, be_expired, be_for_later, be_for_other_days,
    be_for_other_dates, be_for_other_hours, be_for_this_hour, be_for_other_stores, be_not_for_others,
    be_for_later_and_other_days, be_used_up_unseen, be_used_up_and_for_other_days_and_stores,
    be_used_up_and_for_other_stores, be_used_up, be_a_card_with_uses, be_as_before;

#endif
