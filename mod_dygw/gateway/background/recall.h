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

/* 10 s, in ms: a lease of a request may last so much longer than its calls to Douyin. */
#define DYGW_RECALL_LEASE_MS 10000

/* 8 days, in ms: so far ahead may a look at a refund lie (gateway/settle/sale.h). */
#define DYGW_RECALL_SALES_MS APR_INT64_C(691200000)

/* 3 days, in ms: a day is reconciled two hours after its end, in any time zone. */
#define DYGW_RECALL_DAYS_MS APR_INT64_C(259200000)

/* Makes such work due, if it is time to look for it; and the refunds that a host of an older
 * version has dropped while it was leading. To be called by the host that leads.
 * *looked_at: when this was done last, kept here; 0: never. database_now: the database's clock, so
 * that a host whose own clock is behind recalls nothing. */
void dygw_recall_turn(const dygw_ctx_t *ctx, dygw_ms_t *looked_at, dygw_ms_t database_now);

/* Makes all work due that waits, because this host's clock was just set back: nobody can tell which
 * of it was put off by the clock before. To be called by that host, whether it leads or not, again
 * until it returns APR_SUCCESS. */
apr_status_t dygw_recall_all(const dygw_ctx_t *ctx, dygw_ms_t database_now);

#endif
