/* SPDX-License-Identifier: Apache-2.0
 * The apps that httpd.conf declares, and their rows in the table of apps. */
#include "gateway/apps/declare.h"

#include <apr_network_io.h>
#include <apr_strings.h>

#include "util/compiler.h"

apr_status_t dygw_declare_apps(DYGW_UNUSED const dygw_ctx_t *ctx)
{
    return APR_SUCCESS;
}

const char *dygw_declare_actor(apr_pool_t *pool)
{
    char host[APRMAXHOSTLEN + 1] = "host";

    apr_gethostname(host, sizeof(host), pool);
    return apr_psprintf(pool, "config:%.64s", host);
}
