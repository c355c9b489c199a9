/* SPDX-License-Identifier: Apache-2.0
 * mod_dbd as the library's source of connections, and the schema at start. */
#ifndef DYGW_PROCESS_DATABASE_H
#define DYGW_PROCESS_DATABASE_H

#include "cfg/cfg.h"
#include "store/db/db.h"

/* post_config: creates, migrates or checks the database of one gateway. OK or
 * HTTP_INTERNAL_SERVER_ERROR, logged. A database server that does not answer is no error: /health
 * tells, and it heals. */
int dygw_database_prepare(const dygw_cfg_t *cfg, server_rec *server, apr_pool_t *ptemp);

/* child_init: connections of mod_dbd's pool for this server. From pool. APR_ENOTIMPL: no mod_dbd.
 */
apr_status_t dygw_database_source(dygw_db_source_t **source, server_rec *server, apr_pool_t *pool);

/* For the parent, where there are no children: each connection is opened anew. From pool. */
apr_status_t dygw_database_direct(dygw_db_source_t **source, server_rec *server, apr_pool_t *pool);

#endif
