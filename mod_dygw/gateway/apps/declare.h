/* SPDX-License-Identifier: Apache-2.0
 * The apps that httpd.conf declares, and their rows in the table of apps. */
#ifndef DYGW_GATEWAY_APPS_DECLARE_H
#define DYGW_GATEWAY_APPS_DECLARE_H

#include "gateway/gateway.h"

/* Makes and refreshes the rows of all apps that this host declares. To be called by the background
 * at its first look at the database, and again until it is APR_SUCCESS. */
apr_status_t dygw_declare_apps(const dygw_ctx_t *ctx);

/* Who acts where the configuration is the reason: "config:" and the name of this host. */
const char *dygw_declare_actor(apr_pool_t *pool);

#endif
