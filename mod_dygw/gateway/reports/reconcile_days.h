/* SPDX-License-Identifier: Apache-2.0
 * For gateway/reports/ only: which business days are to be reconciled by themselves: of each
 * account of the gateway, all that have ended since its first one. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILE_DAYS_H
#define DYGW_GATEWAY_REPORTS_RECONCILE_DAYS_H

#include "gateway/gateway.h"

/* Douyin's records appear with a delay. So a day is reconciled this long after its end, unless an
 * operator asks for it sooner. */
#define DYGW_RECONCILE_LAG_MS APR_INT64_C(7200000) /* 2 h */

/* How far the days are added; all zero at first. */
typedef struct dygw_reconcile_days_t {
    dygw_ms_t known_from; /* from then on, for 24 h, no day is missing in the table */
    dygw_ms_t last;       /* when the last day began that is being added */
    int accounts;         /* so many accounts have it */
} dygw_reconcile_days_t;

/* Adds the missing days of the next accounts to the table, some accounts at a time.
 * APR_INCOMPLETE: there are accounts left, call again. Another error: the database did not do its
 * part. */
apr_status_t dygw_reconcile_days_add(const dygw_ctx_t *ctx, dygw_reconcile_days_t *days);

#endif
