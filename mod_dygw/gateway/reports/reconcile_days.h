/* SPDX-License-Identifier: Apache-2.0
 * For gateway/reports/ only: the times of a business day, and which days are to be reconciled by
 * themselves: of each account of the gateway, all that have ended since its first one; and of any
 * account those that were compared while they were open. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILE_DAYS_H
#define DYGW_GATEWAY_REPORTS_RECONCILE_DAYS_H

#include "gateway/gateway.h"

/* Douyin's records appear with a delay. So a day is reconciled this long after its end, unless an
 * operator asks for it sooner. */
#define DYGW_RECONCILE_LAG_MS APR_INT64_C(7200000) /* 2 h */

/* What happened less than this ago may be under way still, or not in Douyin's records yet. A day
 * that is compared before that lag is over is compared until then: see match_edge.c. */
#define DYGW_RECONCILE_EDGE_MS APR_INT64_C(300000) /* 5 min */

typedef struct dygw_day_times_t {
    dygw_ms_t start;
    dygw_ms_t end;
    dygw_ms_t ready; /* from then on Douyin's records are complete, and a run is final */
} dygw_day_times_t;

/* APR_EINVAL: day is no date. */
apr_status_t dygw_day_times(const dygw_gateway_t *gateway, const char *day,
                            dygw_day_times_t *times);

/* How far the days are added; all zero at first. */
typedef struct dygw_reconcile_days_t {
    dygw_ms_t known_from; /* from then on, for 24 h, no day is missing in the table */
    dygw_ms_t last;       /* when the last day began that is being added */
    int accounts;         /* so many accounts have it */
} dygw_reconcile_days_t;

/* Adds the missing days of the next accounts to the table, some accounts at a time; at last makes
 * days wanted that were compared before their end, and have not been made since. APR_INCOMPLETE:
 * there are accounts left, call again. Another error: the database did not do its part. */
apr_status_t dygw_reconcile_days_add(const dygw_ctx_t *ctx, dygw_reconcile_days_t *days);

#endif
