/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: what may still come of a verify that was never answered when its record is
 * settled already. Douyin may apply it up to DYGW_LATE_MS later, if the coupon is free by then: it
 * was cancelled, or was never redeemed, or has uses left. That redemption is an orphan: no record
 * has it, and nobody knows of it. So such a record is looked at until the time is over
 * (follow_up.c).
 */
#ifndef DYGW_GATEWAY_SETTLE_LATE_H
#define DYGW_GATEWAY_SETTLE_LATE_H

#include "gateway/settle/judge.h"

/* For a row that has become what it is just now: marks it, and says when to look, if a verify of
 * its request may still be applied. A `failed` one whose only verify was answered with that is not
 * to come here: it does not tell. */
void dygw_late_expect(dygw_verification_t *v);

/* Says when to look at a row that is marked, and has no other follow-up. */
void dygw_late_resume(dygw_verification_t *v);

/* Douyin says that it has redeemed the coupon of a settled row anew: it is to be looked at now. */
void dygw_late_alarm(dygw_verification_t *v, dygw_ms_t now);

/* Whether a verify of this request may not have been answered, all of its rows being known. */
int dygw_late_is_possible(dygw_verification_t *const *rows, int count);

/* When a verify of this request may have been sent last. */
dygw_ms_t dygw_late_last_sent(dygw_verification_t *const *rows, int count);

/* Whether a redemption that fits v and that no record has may be taken back: Douyin said that it
 * is ours, or it was done in our store, with a coupon that a record of ours had redeemed or given
 * up. After a refusal another system of the shop may have done it, for the same customer. */
int dygw_late_is_ours(const dygw_verification_t *v, const dygw_seen_verify_t *orphan);

int dygw_late_is_over(dygw_ms_t last_sent, dygw_ms_t now);

#endif
