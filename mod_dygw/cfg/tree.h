/* SPDX-License-Identifier: Apache-2.0
 * Looking things up in the configuration as it was written. */
#ifndef DYGW_CFG_TREE_H
#define DYGW_CFG_TREE_H

#include "cfg/module.h"

/* The first directive in a server's own section (for the main server without the virtual hosts')
 * that is the gateway's or mounts one of its handlers. NULL when there is none. */
const ap_directive_t *dygw_tree_gateway_use(const server_rec *server, apr_pool_t *pool);

#endif
