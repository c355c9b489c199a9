/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: late verifies and orphans.
 *
 * A verify that was never answered may still be applied by Douyin for up to DYGW_LATE_MS, while its
 * verification has ended already. That happens if the coupon is free by then: it was cancelled, was
 * never redeemed, or has uses left. Such a redemption is an orphan: no verification has it, and
 * nobody knows of it. So a verification of which a late verify is possible is marked
 * (DYGW_NEWS_LATE), and the job follow-up looks at it now and then until the time is over. */
#ifndef DYGW_GATEWAY_SETTLE_LATE_H
#define DYGW_GATEWAY_SETTLE_LATE_H

#include "gateway/settle/judge.h"

/* For a row whose outcome is just being set: if a verify of its request may still be applied, marks
 * the row and sets when to look at it. Not to be called for a row that failed by the answer to its
 * only verify, because the row alone does not show that. */
void dygw_late_expect(dygw_verification_t *v);

/* Sets when to look at a row that is marked, unless another follow-up of it is due. */
void dygw_late_resume(dygw_verification_t *v);

/* For a settled row whose coupon Douyin has redeemed anew: marks it, to be looked at now. */
void dygw_late_alarm(dygw_verification_t *v, dygw_ms_t now);

/* Whether a verify of this request may have been sent and not answered. rows: all of the
 * request. */
int dygw_late_is_possible(dygw_verification_t *const *rows, int count);

/* Returns the time at which a verify of this request was sent last, or a later time. */
dygw_ms_t dygw_late_last_sent(dygw_verification_t *const *rows, int count);

/* Whether an orphan that fits v may be cancelled: Douyin has told us that it is ours; or it was
 * done in our store, with a coupon that a verification of ours had redeemed or that was given up.
 * After a refusal, however, another system of the shop may have redeemed the coupon for the same
 * customer. */
int dygw_late_is_ours(const dygw_verification_t *v, const dygw_seen_verify_t *orphan);

/* Whether it is too late for Douyin to apply a verify that was sent at last_sent. */
int dygw_late_is_over(dygw_ms_t last_sent, dygw_ms_t now);

#endif
