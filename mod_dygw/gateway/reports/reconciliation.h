/* SPDX-License-Identifier: Apache-2.0
 * What requests see of reconciliations. The background makes them, see reconcile.h. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILIATION_H
#define DYGW_GATEWAY_REPORTS_RECONCILIATION_H

#include "gateway/apps/audit.h"
#include "store/reconciliation.h"

typedef struct dygw_reconciliation_wanted_t {
    const char *day;                /* "2026-01-31" */
    const char *account_id;
    int refresh;                    /* it is to be made anew */
} dygw_reconciliation_wanted_t;

/* The reconciliation of a day, as it is shown. With refresh, and where there is none yet, it
 * becomes wanted, which is entered in the audit trail; being wanted already changes nothing. It is
 * wanted while it has a next_run_at. DYGW_DATABASE_UNAVAILABLE. */
void dygw_reconciliation_read(const dygw_ctx_t *ctx, const dygw_reconciliation_wanted_t *wanted,
                              const dygw_actor_t *actor, dygw_reconciliation_t **shown,
                              dygw_result_t *out);

/* Its items behind number after_no (-1: from the first on), at most limit of them, of
 * dygw_reconciliation_item_t. DYGW_DATABASE_UNAVAILABLE. */
void dygw_reconciliation_items(const dygw_ctx_t *ctx, const dygw_reconciliation_t *shown,
                               int after_no, int limit, apr_array_header_t **items,
                               dygw_result_t *out);

#endif
