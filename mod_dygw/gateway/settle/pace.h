/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: how long settling and follow-ups wait before they look at a row again. All
 * functions return a time, in ms, by our clock. */
#ifndef DYGW_GATEWAY_SETTLE_PACE_H
#define DYGW_GATEWAY_SETTLE_PACE_H

#include "gateway/settle/judge.h"

/* The first pause, in ms, before a repetition and before the next look. */
#define DYGW_PACE_FIRST_MS 5000

/* When the verify of this request may be repeated next, by Douyin's schedule. */
dygw_ms_t dygw_pace_repeat(dygw_verification_t *const *rows, int count);

/* When the verify may be repeated after Douyin's platform has refused a repetition for a reason
 * that is not the coupon's (the set-up, our request). Somebody has to mend that, so pauses are
 * as long as the row has waited. rest: a quota is used up, so that the first pauses are longer,
 * too. */
dygw_ms_t dygw_pace_refused(const dygw_verification_t *v, int rest, dygw_ms_t now);

/* When to look at a row again that the last look did not settle. */
dygw_ms_t dygw_pace_look(const dygw_verification_t *v, dygw_ms_t now);

/* When to look again for what Douyin may apply late of a verify that was sent at last_sent: soon at
 * first, then with growing pauses, and once when it is certainly too late. */
dygw_ms_t dygw_pace_late(dygw_ms_t last_sent, dygw_ms_t now);

/* When to ask again after Douyin's reply told nothing of the row. */
dygw_ms_t dygw_pace_ask(const dygw_verification_t *v, const dygw_reply_t *reply, dygw_ms_t now);

/* When to look again whether a row that waits for another verification may be sent. */
dygw_ms_t dygw_pace_held(const dygw_verification_t *v, dygw_ms_t now);

/* When to try a cancel again that could begin at `since`. */
dygw_ms_t dygw_pace_cancel(dygw_ms_t since, dygw_ms_t now);

#endif
