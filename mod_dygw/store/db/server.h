/* SPDX-License-Identifier: Apache-2.0
 * What the database says of itself. */
#ifndef DYGW_STORE_DB_SERVER_H
#define DYGW_STORE_DB_SERVER_H

#include "store/db/db.h"

typedef struct dygw_server_t {
    dygw_ms_t now;              /* its clock */
    int max_connections;        /* for users like ours; 0: there is no server, or no limit */
} dygw_server_t;

apr_status_t dygw_store_server(dygw_db_t *db, dygw_server_t *server);

#endif
