/* SPDX-License-Identifier: Apache-2.0
 * What requests read of reconciliations, and how they ask for one, also for an open day: one that
 * has not ended. The background makes
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

/* The comparison of an open day that is younger than this is shown; an older one is made anew for
 * who asks. */
#define DYGW_RECONCILIATION_FRESH_MS 60000

/* Reads the reconciliation of a day, as it is shown, into *shown, from ctx->pool. With refresh, or
 * where there is none yet, the day becomes wanted, and the audit trail gets an entry of `actor`; a
 * day that is wanted already stays as it is. A day is wanted while it has a next_run_at. An open
 * day becomes wanted also when what is shown is old, without an entry.
 * out: DYGW_OK or DYGW_DATABASE_UNAVAILABLE. */
void dygw_reconciliation_read(const dygw_ctx_t *ctx, const dygw_reconciliation_wanted_t *wanted,
                              const dygw_actor_t *actor, dygw_reconciliation_t **shown,
                              dygw_result_t *out);

/* "open": the day has not ended; "pending": it has, and its final comparison, or another one, is to
 * come; "done": it is made of Douyin's complete records. A constant string. */
const char *dygw_reconciliation_state(const dygw_gateway_t *gateway,
                                      const dygw_reconciliation_t *shown);

/* Whether what is shown changes in seconds, without anybody's doing: there is nothing yet, or it is
 * an open day that is being compared. */
int dygw_reconciliation_is_coming(const dygw_gateway_t *gateway,
                                  const dygw_reconciliation_t *shown);

/* Reads the items of the shown generation with a number above after_no (-1: from the first on), at
 * most limit of them: *items is of dygw_reconciliation_item_t, from ctx->pool. out: DYGW_OK or
 * DYGW_DATABASE_UNAVAILABLE. */
void dygw_reconciliation_items(const dygw_ctx_t *ctx, const dygw_reconciliation_t *shown,
                               int after_no, int limit, apr_array_header_t **items,
                               dygw_result_t *out);

#endif
