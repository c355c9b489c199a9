/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: when settling looks at rows again. */
#ifndef DYGW_GATEWAY_SETTLE_PACE_H
#define DYGW_GATEWAY_SETTLE_PACE_H

#include "gateway/settle/judge.h"

/* The first pause, before a repetition and before another look. */
#define DYGW_PACE_FIRST_MS 5000

/* When the verify of these rows may be repeated next, by Douyin's schedule. */
dygw_ms_t dygw_pace_repeat(dygw_verification_t *const *rows, int count);

/* The same after Douyin's platform has refused a repetition, for what is not the coupon's (the
 * set-up, our request): somebody has to mend that, so pauses are as long as the row has waited.
 * rest: a quota is used up, which takes longer from the start. */
dygw_ms_t dygw_pace_refused(const dygw_verification_t *v, int rest, dygw_ms_t now);

/* When to look at the row again after an answer that did not settle it. */
dygw_ms_t dygw_pace_look(const dygw_verification_t *v, dygw_ms_t now);

/* When to look again for what Douyin may apply late, of a verify that was sent last then: soon at
 * first, and when it cannot come any more for certain. */
dygw_ms_t dygw_pace_late(dygw_ms_t last_sent, dygw_ms_t now);

/* When to ask again after an ask that told nothing, because of this reply. */
dygw_ms_t dygw_pace_ask(const dygw_verification_t *v, const dygw_reply_t *reply, dygw_ms_t now);

/* When to try a cancel again that was wanted at `since`. */
dygw_ms_t dygw_pace_cancel(dygw_ms_t since, dygw_ms_t now);

#endif
