/* SPDX-License-Identifier: Apache-2.0
 * Asks Douyin's settlement ledger about our redemptions, in the background. A dygw_payouts_t
 * belongs to one thread. Nothing here changes a verification. */
#ifndef DYGW_GATEWAY_REPORTS_PAYOUTS_H
#define DYGW_GATEWAY_REPORTS_PAYOUTS_H

#include "gateway/gateway.h"

typedef struct dygw_payouts_t dygw_payouts_t;

/* Creates *payouts in ctx->pool; when the pool is destroyed, a call to Douyin under way is ended.
 * An error: calls to Douyin cannot be set up. */
apr_status_t dygw_payouts_create(dygw_payouts_t **payouts, const dygw_ctx_t *ctx);

typedef enum {
    DYGW_PAYOUTS_LEAVE, /* this host does not lead: what is under way is dropped, and the host that
                         * leads asks anew */
    DYGW_PAYOUTS_REST, /* it leads, but the database does not answer: a call under way is completed,
                         * and nothing is begun */
    DYGW_PAYOUTS_WORK
} dygw_payouts_turn_e;

/* Does one short step of the work. Waits up to patience (us) for an answer of Douyin. Returns
 * whether there is more to do at once. */
int dygw_payouts_turn(dygw_payouts_t *payouts, dygw_payouts_turn_e turn,
                      apr_interval_time_t patience);

#endif
