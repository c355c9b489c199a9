/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: the rules of refunds that customers ask for after the redemption. Douyin tells
 * of the application by a webhook; how it ends has to be asked (after_sale.c), as a refusal and a
 * withdrawal come with no message. A refund is an addition: the redemption it is about stays
 * `success`. A row whose refund is followed has DYGW_NEWS_SALE. The functions are pure but for the
 * row. */
#ifndef DYGW_GATEWAY_SETTLE_SALE_H
#define DYGW_GATEWAY_SETTLE_SALE_H

#include "douyin/douyin.h"
#include "store/verification/verification.h"

/* 1 minute, in ms: so long after the message Douyin is asked first. Its after-sale orders appear
 * seconds late, or a minute (page groupon-refund/refund-list-query). */
#define DYGW_SALE_FIRST_MS 60000

/* 6 hours, in ms: when to ask again where Douyin cannot be asked before somebody mends the set-up.
 */
#define DYGW_SALE_BLOCKED_MS APR_INT64_C(21600000)

/* Whether what became of the refund is all that is left to do with the settled row. */
int dygw_sale_is_all(const dygw_verification_t *v);

/* Sets when to ask for the refund of a row that is followed, unless another follow-up of it is due.
 * Of a row that failed none is followed. */
void dygw_sale_resume(dygw_verification_t *v);

/* Sets when to ask again; never, when Douyin was asked for 30 days since the message. */
void dygw_sale_put_off(dygw_verification_t *v);

/* Sets when to ask again where somebody has to mend the set-up first; never, as above. */
void dygw_sale_block(dygw_verification_t *v);

/* Records the refund_status that Douyin shows (a DYGW_REFUND_*; an unknown one changes nothing),
 * and when to ask again; never, when it is final. */
void dygw_sale_take(dygw_verification_t *v, int refund_status);

/* Records what a look at the coupon shows: the coupon of a `success` is refunded. Of a times card
 * that may be the uses that are left, so it is not recorded, but the refund that is followed is
 * asked for soon. */
void dygw_sale_note_coupon(dygw_verification_t *v, const dygw_seen_coupon_t *seen);

#endif
