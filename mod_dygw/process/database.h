/* SPDX-License-Identifier: Apache-2.0
 * Connections to the database of a virtual host, for the library. */
#ifndef DYGW_PROCESS_DATABASE_H
#define DYGW_PROCESS_DATABASE_H

#include "cfg/cfg.h"
#include "store/db/db.h"

/* child_init: *source gives connections of mod_dbd's pool for this server. From pool. APR_ENOTIMPL:
 * mod_dbd is not there. */
apr_status_t dygw_database_source(dygw_db_source_t **source, server_rec *server, apr_pool_t *pool);

/* For the parent, before there are children and after: *source opens each connection anew. From
 * pool. */
apr_status_t dygw_database_direct(dygw_db_source_t **source, server_rec *server, apr_pool_t *pool);

#endif
