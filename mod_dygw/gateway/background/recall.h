/* SPDX-License-Identifier: Apache-2.0
 * Recalls work that is due further ahead than anybody puts it off: a clock was set back since.
 * Without this, such work would wait for as long as the clock was set back. */
#ifndef DYGW_GATEWAY_BACKGROUND_RECALL_H
#define DYGW_GATEWAY_BACKGROUND_RECALL_H

#include "gateway/gateway.h"

/* The work is looked for once in this time. */
#define DYGW_RECALL_PAUSE_MS 60000

/* 30 minutes, in ms: no settling, cancel or news is put off for longer. This is twice
 * DYGW_LATE_MS. */
#define DYGW_RECALL_WORK_MS APR_INT64_C(1800000)

/* 3 days, in ms: a day is reconciled two hours after its end, in any time zone. */
#define DYGW_RECALL_DAYS_MS APR_INT64_C(259200000)

/* Makes such work due, if it is time to look for it. To be called by the host that leads.
 * *looked_at: when this was done last, kept here; 0: never. database_now: the database's clock, so
 * that a host whose own clock is behind recalls nothing. */
void dygw_recall_turn(const dygw_ctx_t *ctx, dygw_ms_t *looked_at, dygw_ms_t database_now);

#endif
