/* SPDX-License-Identifier: Apache-2.0
 * Reconciles business days with Douyin's records, in the background. A dygw_reconcile_t belongs to
 * one thread. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILE_H
#define DYGW_GATEWAY_REPORTS_RECONCILE_H

#include "gateway/gateway.h"

typedef struct dygw_reconcile_t dygw_reconcile_t;

/* Creates *reconcile in ctx->pool; when the pool is destroyed, a call to Douyin under way is ended.
 * An error: calls to Douyin cannot be set up. */
apr_status_t dygw_reconcile_create(dygw_reconcile_t **reconcile, const dygw_ctx_t *ctx);

/* Does one short step of the work. may_work: this host does the background's work; 0: a run under
 * way is dropped, and the host that leads begins that day anew. is_due: the database has a day that
 * is due. Waits up to patience (us) for an answer of Douyin. Returns whether there is more to do at
 * once. */
int dygw_reconcile_turn(dygw_reconcile_t *reconcile, int may_work, int is_due,
                        apr_interval_time_t patience);

#endif
