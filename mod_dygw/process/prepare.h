/* SPDX-License-Identifier: Apache-2.0
 * Making a database ready, at the start of httpd. */
#ifndef DYGW_PROCESS_PREPARE_H
#define DYGW_PROCESS_PREPARE_H

#include <apr_tables.h>

#include "cfg/cfg.h"
#include "gateway/gateway.h"

/* post_config: creates, migrates or checks the database of one gateway; but does not try a server
 * that *state says to be DYGW_DB_UNREACHABLE. *state: what was found, logged unless it is
 * DYGW_DB_OK; none of it ends httpd, because the background tries again. OK; or
 * HTTP_INTERNAL_SERVER_ERROR, logged, when root could not become root again. */
int dygw_database_prepare(const dygw_cfg_t *cfg, server_rec *server, apr_pool_t *ptemp,
                          dygw_database_state_e *state);

/* Logs which files of sql/ were run, of const char *. */
void dygw_database_tell_files(const apr_array_header_t *done, const server_rec *server,
                              apr_pool_t *pool);

/* The path of SQLite's file, from pool. */
const char *dygw_database_file(const server_rec *server, apr_pool_t *pool);

#endif
