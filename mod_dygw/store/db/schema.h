/* SPDX-License-Identifier: Apache-2.0
 * The schema: the numbered files of sql/ are built into the module; they also run by hand. And what
 * the server says of itself. */
#ifndef DYGW_STORE_DB_SCHEMA_H
#define DYGW_STORE_DB_SCHEMA_H

#include <apr_tables.h>

#include "store/db/db.h"

/* The version this build needs: the number of the last file of sql/<dialect>/. */
int dygw_schema_wanted(void);

/* The version of the schema in the database: 0 when it is empty. An error: no database answers. */
apr_status_t dygw_schema_version(dygw_db_t *db, int *version);

/* Brings the database to dygw_schema_wanted(), file by file; *done names the files that ran. Files
 * only add to what is there, so that hosts of the version before go on meanwhile. A newer database
 * is left alone. */
apr_status_t dygw_schema_migrate(dygw_db_t *db, apr_array_header_t **done, apr_pool_t *pool);

/* Path below sql/ of the first file missing at `version`, "pgsql/0001_init.sql"; NULL: none. */
const char *dygw_schema_next_file(dygw_dialect_e dialect, int version);

/* One database serves one Douyin application: records client_key at the first call, and afterwards
 * gives APR_EEXIST with the recorded one in *owner when it is another. */
apr_status_t dygw_schema_claim(dygw_db_t *db, const char *client_key, const char **owner,
                               apr_pool_t *pool);

/* What the server says of itself. */
typedef struct dygw_server_t {
    dygw_ms_t now;       /* its clock */
    int max_connections; /* for users like ours; 0: there is no server, or no limit */
} dygw_server_t;

apr_status_t dygw_store_server(dygw_db_t *db, dygw_server_t *server);

#endif
