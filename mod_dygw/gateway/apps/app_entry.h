/* SPDX-License-Identifier: Apache-2.0
 * What the audit trail says about an app. */
#ifndef DYGW_GATEWAY_APPS_APP_ENTRY_H
#define DYGW_GATEWAY_APPS_APP_ENTRY_H

#include "gateway/apps/audit.h"

/* Fills in the entry with what differs between the two; before NULL: the app is new. Gives whether
 * anything differs. Texts from pool. */
int dygw_app_entry(dygw_gateway_t *gateway, const dygw_actor_t *actor, const char *action,
                   const dygw_app_t *before, const dygw_app_t *after, apr_pool_t *pool,
                   dygw_audit_entry_t *entry);

#endif
