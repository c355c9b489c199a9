/* SPDX-License-Identifier: Apache-2.0
 * Who reaches a server: at which of httpd's addresses it is to be had, and how. */
#ifndef DYGW_CFG_REACH_H
#define DYGW_CFG_REACH_H

#include "cfg/module.h"

/* Whether a server speaks TLS: mod_ssl's, or one of its like. */
int dygw_reach_speaks_tls(const server_rec *server, apr_pool_t *pool);

/* An address, as "0.0.0.0:80" from pool, at which a server answers other machines over plain http;
 * NULL: as far as the configuration tells there is none. There is none, too, where the server sends
 * everybody elsewhere, or names a proxy in front of it (mod_remoteip), which may speak https. */
const char *dygw_reach_plain(const server_rec *server, const server_rec *main_server,
                             apr_pool_t *pool);

/* The directive by which a proxy in front of a server is known: RemoteIPHeader,
 * RemoteIPProxyProtocol, or a ProxyPass of this very httpd that leads to `path` of the server.
 * NULL: none is known. */
const ap_directive_t *dygw_reach_proxy(const server_rec *server, const server_rec *main_server,
                                       const char *path, apr_pool_t *pool);

#endif
