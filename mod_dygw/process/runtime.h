/* SPDX-License-Identifier: Apache-2.0
 * The room of what each process of httpd has: in the parent the shared memory (shared.h) and the
 * databases made ready (prepare.h), in each child a runtime for every virtual host with a gateway,
 * connections to its database (database.h) and the watch over them (watch.h); and the log (log.h).
 * The room may call cfg/ and the library. */
#ifndef DYGW_PROCESS_RUNTIME_H
#define DYGW_PROCESS_RUNTIME_H

#include "cfg/cfg.h"
#include "gateway/gateway.h"
#include "gateway/apps/apps.h"
#include "process/nonce.h"

/* What one gateway has in this child, for all of its threads; it lives as long as the child. */
struct dygw_runtime_t {
    server_rec *server;
    dygw_cfg_t *cfg;
    dygw_gateway_t gateway;
    dygw_apps_t *apps;
    dygw_nonces_t *nonces;          /* NULL with DygwNonceStore dbd */
    dygw_database_state_e database; /* as the start found it, and logged */
};

/* pre_config: names the mutexes, so that `Mutex` directives can be about them. */
int dygw_runtime_register(apr_pool_t *pconf);

/* post_config: makes shared memory, which is kept over restarts, and mutexes for every configured
 * server; creates, migrates or checks the databases. What fails is logged, and the gateway's alone:
 * cfg->not_started, or a database that the background tries again. can_call: libcurl is there. OK
 * or HTTP_INTERNAL_SERVER_ERROR, as dygw_database_prepare. */
int dygw_runtime_prepare(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server,
                         int can_call);

/* child_init: fills cfg->runtime of every configured server that can be started, and starts the
 * watch over their databases. The first error, when one cannot. */
apr_status_t dygw_runtime_start(apr_pool_t *pchild, server_rec *main_server);

/* The runtimes of this child, of dygw_runtime_t *. */
const apr_array_header_t *dygw_runtimes(void);

/* Makes a client for calls to Douyin, as cfg says; its calls are counted in the gateway's metrics.
 * From pool. NULL: libcurl could not be set up. */
dygw_douyin_t *dygw_runtime_douyin(const dygw_cfg_t *cfg, const dygw_gateway_t *gateway,
                                   apr_pool_t *pool);

#endif
