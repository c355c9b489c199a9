/* SPDX-License-Identifier: Apache-2.0
 * The addresses at which this gateway is mounted, as its configuration has them, for the diagnosis:
 * so dygw-doctor can ask there from outside. What stands before httpd may have other names. */
#include "handle/internal/internal.h"

#include <string.h>

#include <ap_listen.h>
#include <http_core.h>
#include <http_main.h>

#include <apr_strings.h>

#include "cfg/reach.h"
#include "cfg/tree.h"
#include "handle/route.h"
#include "util/spelling.h"

#define MOUNTS_MAX 24 /* as many as dygw-doctor asks */

typedef struct mount_t {
    const char *handler;
    const char *path; /* of the <Location> */
    const server_rec *server;
} mount_t;

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
 * inherited a name that leads elsewhere. With TLS it is the name that a certificate has. */
static const char *host_of(const server_rec *server, int is_tls)
{
    const char *address = server->addrs ? server->addrs->virthost : NULL;
    int is_loopback
        = address && (strncmp(address, "127.", 4) == 0 || strcmp(address, "localhost") == 0);

    return is_loopback && !is_tls ? address : server->server_hostname;
}

static const char *origin_of(const server_rec *server, apr_pool_t *pool)
{
    int is_tls = server->server_scheme ? strcmp(server->server_scheme, "https") == 0
                                       : dygw_reach_speaks_tls(server, pool);
    apr_port_t usual = is_tls ? DEFAULT_HTTPS_PORT : DEFAULT_HTTP_PORT;
    apr_port_t port = port_of(server);

    return apr_pstrcat(pool, is_tls ? "https://" : "http://", host_of(server, is_tls),
                       port && port != usual ? apr_psprintf(pool, ":%u", (unsigned)port) : "",
                       NULL);
}

static int is_ours(const char *handler)
{
    static const char *const ours[] = { DYGW_HANDLERS, NULL };

    return handler && dygw_is_one_of(handler, ours);
}

/* Adds the mounts of a server. Of sections that are about the same place, the last one with a
 * handler counts. */
static void add_mounts(const request_rec *r, server_rec *server, apr_array_header_t *mounts)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    ap_conf_vector_t **sections = (ap_conf_vector_t **)core->sec_url->elts;
    request_rec there = *r; /* as if it had come to that server */
    int i, len;

    there.server = server;
    for (i = 0; i < core->sec_url->nelts; i++) {
        const core_dir_config *section = ap_get_core_module_config(sections[i]);
        const char *handler = dygw_route_handler(&there, section);

        if (is_ours(handler) && dygw_route_section(&there, section->d, &len) == section) {
            APR_ARRAY_PUSH(mounts, mount_t) = (mount_t){ handler, section->d, server };
        }
    }
}

/* The mounts of the virtual hosts; where they have none, those of the main server, which otherwise
 * are what the virtual hosts took over. */
static const apr_array_header_t *mounts_of(const dygw_call_t *call)
{
    apr_array_header_t *mounts = apr_array_make(call->r->pool, 4, sizeof(mount_t));
    const char *client_key = call->runtime->cfg->client_key;
    server_rec *server;

    for (server = ap_server_conf->next; server; server = server->next) {
        if (server->server_hostname && is_same_application(server, client_key)) {
            add_mounts(call->r, server, mounts);
        }
    }
    if (mounts->nelts == 0) {
        add_mounts(call->r, ap_server_conf, mounts);
    }
    return mounts;
}

void dygw_write_mounts(const dygw_call_t *call, dygw_jsonw_t *w)
{
    const apr_array_header_t *mounts = mounts_of(call);
    int i;

    dygw_jsonw_array(w, "mounts");
    for (i = 0; i < mounts->nelts && i < MOUNTS_MAX; i++) {
        const mount_t *mount = &APR_ARRAY_IDX(mounts, i, mount_t);
        const char *path = ap_os_escape_path(call->r->pool, mount->path, 1);

        dygw_jsonw_object(w, NULL);
        dygw_jsonw_string(w, "handler", mount->handler);
        dygw_jsonw_string(
            w, "url", apr_pstrcat(call->r->pool, origin_of(mount->server, w->pool), path, NULL));
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
}
