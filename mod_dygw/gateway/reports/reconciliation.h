/* SPDX-License-Identifier: Apache-2.0
 * What requests read of reconciliations, and how they ask for one. The background makes
 * reconciliations: see reconcile.h. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILIATION_H
#define DYGW_GATEWAY_REPORTS_RECONCILIATION_H

#include "gateway/apps/audit.h"
#include "store/reconciliation.h"

/* Which reconciliation a request asks for. */
typedef struct dygw_reconciliation_wanted_t {
    const char *day; /* "2026-01-31" */
    const char *account_id;
    int refresh; /* the reconciliation is to be made anew */
} dygw_reconciliation_wanted_t;

/* Reads the reconciliation of a day, as it is shown, into *shown, from ctx->pool. With refresh, or
 * where there is none yet, the day becomes wanted, and the audit trail gets an entry of `actor`; a
 * day that is wanted already stays as it is. A day is wanted while it has a next_run_at.
 * out: DYGW_OK or DYGW_DATABASE_UNAVAILABLE. */
void dygw_reconciliation_read(const dygw_ctx_t *ctx, const dygw_reconciliation_wanted_t *wanted,
                              const dygw_actor_t *actor, dygw_reconciliation_t **shown,
                              dygw_result_t *out);

/* Reads the items of the shown generation with a number above after_no (-1: from the first on), at
 * most limit of them: *items is of dygw_reconciliation_item_t, from ctx->pool. out: DYGW_OK or
 * DYGW_DATABASE_UNAVAILABLE. */
void dygw_reconciliation_items(const dygw_ctx_t *ctx, const dygw_reconciliation_t *shown,
                               int after_no, int limit, apr_array_header_t **items,
                               dygw_result_t *out);

#endif
