/* SPDX-License-Identifier: Apache-2.0
 * The audit trail: who changed what through /internal, and who read the token. Append-only. */
#ifndef DYGW_GATEWAY_APPS_AUDIT_H
#define DYGW_GATEWAY_APPS_AUDIT_H

#include "gateway/gateway.h"
#include "store/audit.h"

/* Who acts, from where; text of the caller's. */
typedef struct dygw_actor_t {
    const char *name;           /* the operator, or "app:" and a client_key */
    const char *address;        /* of the client; NULL = unknown */
    const char *request_id;
} dygw_actor_t;

/* Fills in id, time and who; the rest is the caller's. For the store to write in the same
 * transaction as the change (dygw_store_audit_insert). */
void dygw_audit_fill(dygw_gateway_t *gateway, const dygw_actor_t *actor, dygw_audit_entry_t *entry);

/* All that can stand in an entry's action; NULL ended. */
extern const char *const dygw_audit_actions[];

/* Fills in the entry with what differs between the two; before NULL: the app is new. Gives whether
 * anything differs. Texts from pool. */
int dygw_app_entry(const dygw_ctx_t *ctx, const dygw_actor_t *actor, const char *action,
                   const dygw_app_t *before, const dygw_app_t *after, dygw_audit_entry_t *entry);

#endif
