/* SPDX-License-Identifier: Apache-2.0
 * What a round finds of its database, and mends: SQLite's directory, missing tables, the name of
 * the Douyin application to which a new database belongs. The thread of the rounds alone calls
 * these functions. Each leaves in look->found what is to be said of a state that is not DYGW_DB_OK,
 * from scratch, and logs nothing of it. */
#ifndef DYGW_WORKER_DATABASE_H
#define DYGW_WORKER_DATABASE_H

#include "process/runtime.h"
#include "store/lease.h"

typedef struct dygw_look_t {
    dygw_runtime_t *runtime;
    int claimed;           /* the database was seen to belong to this Douyin application, by the
                            * start of httpd or since */
    const char *found;     /* what was found last, and is to be said of it */
    dygw_ms_t migrated_at; /* when it was last tried to make tables; 0: not yet */
} dygw_look_t;

/* Before the database is opened: DYGW_DB_FILES, when the User cannot work with SQLite's files. */
dygw_database_state_e dygw_look_at_files(dygw_look_t *look, apr_pool_t *scratch);

/* Why an open database has no answer to a tick. DYGW_DB_OK: its tables have just been made, so that
 * another tick may have one. */
dygw_database_state_e dygw_look_why_no_tick(dygw_look_t *look, dygw_db_t *db, apr_pool_t *scratch);

/* Whether the database belongs to this Douyin application, after a tick; one that belongs to none
 * becomes this one's. */
dygw_database_state_e dygw_look_whose(dygw_look_t *look, dygw_db_t *db, const dygw_tick_t *tick,
                                      apr_pool_t *scratch);

#endif
