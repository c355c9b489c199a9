/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_audit: who changed what, and who read the access token. */
#ifndef DYGW_STORE_AUDIT_H
#define DYGW_STORE_AUDIT_H

#include "store/page.h"
#include "store/db/db.h"

typedef struct dygw_audit_entry_t {
    apr_int64_t id;
    dygw_ms_t at;
    const char *actor;
    const char *action;       /* app.create, app.change, app.token_access, app.secret, app.declare,
                               * app.undeclare, token.read, reconciliation.refresh */
    const char *target;       /* "app:17"; NULL = none */
    const char *before_state; /* JSON object of what changed, without secrets; NULL = nothing */
    const char *after_state;
    const char *address;
    const char *request_id;
} dygw_audit_entry_t;

/* Appends an entry; within the caller's transaction, when one is open. The same entry with the same
 * id may be appended twice: it is there once. Text that is longer than its column is cut, but for
 * the two states. APR_EEXIST: too many ids in a row are taken. */
apr_status_t dygw_store_audit_insert(dygw_db_t *db, const dygw_audit_entry_t *entry);

/* Appends so many entries in few statements, each as by dygw_store_audit_insert; of several the
 * caller has a transaction open, so that all or none is there. */
apr_status_t dygw_store_audit_insert_many(dygw_db_t *db, const dygw_audit_entry_t *entries,
                                          int count);

/* What to list: NULL and DYGW_NO_TIME: any. */
typedef struct dygw_audit_filter_t {
    dygw_ms_t start_time; /* inclusive */
    dygw_ms_t end_time;   /* exclusive */
    const char *actor;
    const char *action;
    const char *target;
} dygw_audit_filter_t;

/* The newest first, `offset` of them left out, at most limit. Rows are dygw_audit_entry_t. */
apr_status_t dygw_store_audit_list(dygw_db_t *db, const dygw_audit_filter_t *filter, int offset,
                                   int limit, dygw_page_t *found, apr_pool_t *pool);

/* Removes at most limit entries from before `before`; *removed: how many. */
apr_status_t dygw_store_audit_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed);

#endif
