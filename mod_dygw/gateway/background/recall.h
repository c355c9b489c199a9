/* SPDX-License-Identifier: Apache-2.0
 * Work that lies further ahead than anybody puts it: a clock was set back since. Without this it
 * would wait for as long as that step was. */
#ifndef DYGW_GATEWAY_BACKGROUND_RECALL_H
#define DYGW_GATEWAY_BACKGROUND_RECALL_H

#include "gateway/gateway.h"

/* Looked for once in this time. */
#define DYGW_RECALL_PAUSE_MS    60000

/* No settling, cancel or news is put off for longer: twice as long as a redemption may be late. */
#define DYGW_RECALL_WORK_MS     APR_INT64_C(1800000)

/* A day of any time zone is reconciled two hours after its end. */
#define DYGW_RECALL_DAYS_MS     APR_INT64_C(259200000)

/* Makes such work due, when it is time to look; by the one host that leads. looked_at: when that
 * was last, 0 = now. database_now: so that a host whose own clock is behind recalls nothing. */
void dygw_recall_turn(const dygw_ctx_t *ctx, dygw_ms_t *looked_at, dygw_ms_t database_now);

#endif
