/* SPDX-License-Identifier: Apache-2.0
 * The addresses at which this gateway is mounted, as its configuration has them, for the diagnosis:
 * so dygw-doctor can ask there from outside. What stands before httpd may have other names. */
#include "handle/internal/internal.h"

#include <string.h>

#include <ap_listen.h>
#include <http_core.h>
#include <http_main.h>

#include <apr_strings.h>

#include "cfg/tree.h"
#include "handle/route.h"

#define MOUNTS_MAX 24 /* as many as dygw-doctor asks */

/* Whether a server has the application of this call: one has its own, or takes over another's. */
static int is_same_application(const server_rec *server, const char *client_key)
{
    const char *key = dygw_cfg_get(server)->client_key;

    return key && client_key && strcmp(key, client_key) == 0;
}

static apr_port_t port_of(const server_rec *server)
{
    if (server->port) {
        return server->port;
    }
    if (server->addrs && server->addrs->host_port) {
        return server->addrs->host_port;
    }
    return ap_listeners ? ap_listeners->bind_addr->port : 0;
}

/* The name of a server; of a virtual host on the loopback, its address, because it may have
 * inherited a name that leads elsewhere. */
static const char *host_of(const server_rec *server)
{
    const char *address = server->addrs ? server->addrs->virthost : NULL;

    if (address && (strncmp(address, "127.", 4) == 0 || strcmp(address, "localhost") == 0)) {
        return address;
    }
    return server->server_hostname;
}

static const char *origin_of(const server_rec *server, apr_pool_t *pool)
{
    const char *scheme = server->server_scheme                ? server->server_scheme
                         : dygw_tree_speaks_tls(server, pool) ? "https"
                                                              : "http";
    apr_port_t usual = strcmp(scheme, "https") == 0 ? DEFAULT_HTTPS_PORT : DEFAULT_HTTP_PORT;
    apr_port_t port = port_of(server);

    return port && port != usual
               ? apr_psprintf(pool, "%s://%s:%u", scheme, host_of(server), (unsigned)port)
               : apr_pstrcat(pool, scheme, "://", host_of(server), NULL);
}

/* The mounts of the virtual hosts; where they have none, those of the main server, which otherwise
 * are what the virtual hosts took over. */
static const apr_array_header_t *mounts_of(const dygw_call_t *call)
{
    apr_array_header_t *mounts = apr_array_make(call->r->pool, 4, sizeof(dygw_mount_t));
    const char *client_key = call->runtime->cfg->client_key;
    const server_rec *server;

    for (server = ap_server_conf->next; server; server = server->next) {
        if (server->server_hostname && is_same_application(server, client_key)) {
            dygw_route_mounts(call->r, server, mounts);
        }
    }
    if (mounts->nelts == 0) {
        dygw_route_mounts(call->r, ap_server_conf, mounts);
    }
    return mounts;
}

void dygw_write_mounts(const dygw_call_t *call, dygw_jsonw_t *w)
{
    const apr_array_header_t *mounts = mounts_of(call);
    int i;

    dygw_jsonw_array(w, "mounts");
    for (i = 0; i < mounts->nelts && i < MOUNTS_MAX; i++) {
        const dygw_mount_t *mount = &APR_ARRAY_IDX(mounts, i, dygw_mount_t);
        const char *path = ap_os_escape_path(call->r->pool, mount->path, 1);

        dygw_jsonw_object(w, NULL);
        dygw_jsonw_string(w, "handler", mount->handler);
        dygw_jsonw_string(
            w, "url", apr_pstrcat(call->r->pool, origin_of(mount->server, w->pool), path, NULL));
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
}
