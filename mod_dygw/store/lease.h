/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_leases: which child of which host does the background work; and the one query a host
 * asks while idle. */
#ifndef DYGW_STORE_LEASE_H
#define DYGW_STORE_LEASE_H

#include "store/db/db.h"

#define DYGW_LEASE_WORKER "worker"

/* A lease that has more left than this was taken before the database's clock was set back, and is
 * free: no host takes it for so long. */
#define DYGW_LEASE_LEFT_MAX(ttl_ms) (2 * (dygw_ms_t)(ttl_ms))

/* Takes or renews the lease for ttl_ms by the database's clock. APR_EBUSY: another holds it. */
apr_status_t dygw_store_lease_take(dygw_db_t *db, const char *name, const char *owner,
                                   dygw_ms_t ttl_ms);

/* Gives it back, so that another need not wait for its end. Not holding it is no error. */
apr_status_t dygw_store_lease_release(dygw_db_t *db, const char *name, const char *owner);

/* When no host has renewed the lease for so long, the background stands still everywhere. */
#define DYGW_LEASE_STALLED_MS 60000

/* What an idle host wants to know, in one query. */
typedef struct dygw_tick_t {
    apr_int64_t apps_version;
    apr_int64_t token_version;
    dygw_ms_t lease_left_ms; /* of DYGW_LEASE_WORKER; 0 or less: free */
    dygw_ms_t lease_age_ms;  /* since it was renewed last; negative: never was, or before the
                              * clock was set back */
    const char *lease_owner; /* NULL when never taken */
    dygw_ms_t due_at;        /* when a verification needs work next; DYGW_NO_TIME: none */
    dygw_ms_t reconcile_at;  /* when a day is to be reconciled next; DYGW_NO_TIME: none */
    dygw_ms_t now;           /* by the database's clock */
    int schema_version;
    const char *application; /* of Douyin, to which the database belongs; NULL: to none yet */
} dygw_tick_t;

apr_status_t dygw_store_tick(dygw_db_t *db, dygw_tick_t *tick, apr_pool_t *pool);

#endif
