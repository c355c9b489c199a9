/* SPDX-License-Identifier: Apache-2.0
 * Looks directives up in the configuration as it was written. */
#ifndef DYGW_CFG_TREE_H
#define DYGW_CFG_TREE_H

#include "cfg/module.h"

/* The handlers of the gateway, as SetHandler names them: for a list. */
#define DYGW_HANDLERS "dygw-open", "dygw-internal", "dygw-health"

/* The first directive of a server that is one of the gateway's or mounts one of its handlers; for
 * the main server, the first one outside the virtual hosts. NULL when there is none. */
const ap_directive_t *dygw_tree_gateway_use(const server_rec *server, apr_pool_t *pool);

/* Whether a node is the directive of that name; a section's begins with "<". */
int dygw_tree_is(const ap_directive_t *node, const char *name);

/* The first argument of a directive or a section, from pool; "" when there is none. */
const char *dygw_tree_argument(const ap_directive_t *node, apr_pool_t *pool);

/* The first directive in the <VirtualHost> of a server; for the main server, the first of all. NULL
 * when there is none. Httpd has resolved Include, <IfModule> and macros already. */
const ap_directive_t *dygw_tree_first(const server_rec *server);

/* The directive of that name that counts for a server: the last one outside of all sections, its
 * own before the main server's. NULL: there is none. */
const ap_directive_t *dygw_tree_setting(const server_rec *server, const char *name);

/* The settings of mod_dbd for a server: driver, params (NULL when unset), and the pool sizes with
 * mod_dbd's defaults. Texts are from pool. APR_ENOENT: mod_dbd is not loaded. */
typedef struct dygw_dbd_settings_t {
    const char *driver;
    const char *params;
    int min, keep, max;
} dygw_dbd_settings_t;
apr_status_t dygw_cfg_dbd(const server_rec *server, apr_pool_t *pool,
                          dygw_dbd_settings_t *settings);

/* How many connections a child with that many threads opens at most: one for each of them, one for
 * the background, and no more than DBDMax. */
int dygw_cfg_dbd_reach(const dygw_dbd_settings_t *settings, int threads);

/* With how many such a child does well. No connection is held through a call to Douyin, so that few
 * serve many threads: five redeem as much as one for each thread. */
int dygw_cfg_dbd_enough(int threads);

/* Whether two servers use one database, as far as their settings and SQLite's files tell. */
int dygw_cfg_dbd_is_same(const dygw_dbd_settings_t *a, const dygw_dbd_settings_t *b);

/* The first DBDriver of which the APR driver cannot be loaded, and its Debian package. NULL: there
 * is none, or no package is known. mod_dbd refuses the directive a moment later, and does not tell
 * the package. */
const ap_directive_t *dygw_tree_missing_driver(const char **package, apr_pool_t *pool);

#endif
