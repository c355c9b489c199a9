/* SPDX-License-Identifier: Apache-2.0
 * The background's reconciliation of business days with Douyin's records. Belongs to one thread. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILE_H
#define DYGW_GATEWAY_REPORTS_RECONCILE_H

#include "gateway/gateway.h"

/* Douyin's records lags, so a day is reconciled by itself so long after its end. */
#define DYGW_RECONCILE_LAG_MS APR_INT64_C(7200000)      /* 2 h */

typedef struct dygw_reconcile_t dygw_reconcile_t;

/* Lives as long as ctx->pool; a call under way is ended with it. */
apr_status_t dygw_reconcile_create(dygw_reconcile_t **reconcile, const dygw_ctx_t *ctx);

/* Goes on, a short step. may_work: this host does the background's work; else what runs is dropped,
 * another host begins it anew. is_due: the database has a day that is due. Waits up to patience for
 * an answer of Douyin. Gives whether there is more to do at once. */
int dygw_reconcile_turn(dygw_reconcile_t *reconcile, int may_work, int is_due,
                        apr_interval_time_t patience);

#endif
