/* SPDX-License-Identifier: Apache-2.0
 * The audit trail: who changed what through /internal, and who read the token. Append-only. */
#ifndef DYGW_GATEWAY_APPS_AUDIT_H
#define DYGW_GATEWAY_APPS_AUDIT_H

#include "gateway/gateway.h"
#include "store/audit.h"

/* Who acts, and from where. All text is the caller's. */
typedef struct dygw_actor_t {
    const char *name;    /* the operator, or "app:" and a client_key */
    const char *address; /* IP address of the client; NULL = unknown */
    const char *request_id;
} dygw_actor_t;

/* Fills in id, time and actor of an entry; the caller fills in the rest, and writes the entry in
 * the transaction of the change (dygw_store_audit_insert). */
void dygw_audit_fill(dygw_gateway_t *gateway, const dygw_actor_t *actor, dygw_audit_entry_t *entry);

/* All words that may be the action of an entry, ended by NULL. */
extern const char *const dygw_audit_actions[];

/* Fills in the entry about a change of an app, with the fields that differ; before NULL: the app is
 * new. Returns whether any field differs. Text is from ctx->pool. */
int dygw_audit_fill_app(const dygw_ctx_t *ctx, const dygw_actor_t *actor, const char *action,
                        const dygw_app_t *before, const dygw_app_t *after,
                        dygw_audit_entry_t *entry);

#endif
