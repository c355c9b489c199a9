/* SPDX-License-Identifier: Apache-2.0
 * Making a database ready, at the start of httpd. */
#ifndef DYGW_PROCESS_PREPARE_H
#define DYGW_PROCESS_PREPARE_H

#include "cfg/cfg.h"

/* post_config: creates, migrates or checks the database of one gateway. OK or
 * HTTP_INTERNAL_SERVER_ERROR, logged. A database server that does not answer is no error:
 * /health tells, and the background tries again. */
int dygw_database_prepare(const dygw_cfg_t *cfg, server_rec *server, apr_pool_t *ptemp);

#endif
