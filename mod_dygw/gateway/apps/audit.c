/* SPDX-License-Identifier: Apache-2.0
 * The audit trail: who changed what through /internal, and who read the token. */
#include "gateway/apps/audit.h"

#include "gateway/cell.h"

void dygw_audit_fill(dygw_gateway_t *gateway, const dygw_actor_t *actor, dygw_audit_entry_t *entry)
{
    entry->id = dygw_cell_next_ids(gateway, 1);
    entry->at = dygw_now();
    entry->actor = actor->name;
    entry->address = actor->address;
    entry->request_id = actor->request_id;
}

const char *const dygw_audit_actions[] = {
    "app.create", "app.change", "app.token_access", "app.secret", "token.read",
    "reconciliation.refresh", NULL
};
