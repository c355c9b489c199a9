/* SPDX-License-Identifier: Apache-2.0
 * Who reaches a server, as far as the configuration tells. In doubt nobody does: what is said of it
 * is a warning, which has to be true. */
#include "cfg/reach.h"

#include <stdlib.h>
#include <string.h>

#include <ap_listen.h>

#include <apr_strings.h>

#include "cfg/tree.h"
#include "util/loopback.h"

#define HTTPS_PORT 443
#define HTTP       "http://"
#define LETTERS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* --- addresses --- */

static int is_any(const apr_sockaddr_t *address)
{
    const unsigned char *bytes = address->ipaddr_ptr;
    int i = 0;

    while (i < (int)address->ipaddr_len && bytes[i] == 0) {
        i++;
    }
    return i == (int)address->ipaddr_len;
}

static int has_port(const server_addr_rec *address, const ap_listen_rec *listener)
{
    return address->host_port == 0 || address->host_port == listener->bind_addr->port;
}

/* Whether httpd has no other server than this address's for what comes to the listener. */
static int takes_all(const server_addr_rec *address, const ap_listen_rec *listener)
{
    return has_port(address, listener)
           && (is_any(address->host_addr)
               || apr_sockaddr_equal(address->host_addr, listener->bind_addr));
}

/* The address at which the main server is to be had through a listener; NULL: virtual hosts have it
 * all. */
static const apr_sockaddr_t *address_of_main(const server_rec *main_server,
                                             const ap_listen_rec *listener)
{
    for (const server_rec *s = main_server->next; s; s = s->next) {
        for (const server_addr_rec *address = s->addrs; address; address = address->next) {
            if (takes_all(address, listener)) {
                return NULL;
            }
        }
    }
    return listener->bind_addr;
}

/* The same for any server. */
static const apr_sockaddr_t *address_at(const server_rec *server, const server_rec *main_server,
                                        const ap_listen_rec *listener)
{
    if (!server->is_virtual) {
        return address_of_main(main_server, listener);
    }
    for (const server_addr_rec *address = server->addrs; address; address = address->next) {
        if (takes_all(address, listener)) {
            return listener->bind_addr;
        }
        if (has_port(address, listener) && is_any(listener->bind_addr)) {
            return address->host_addr;
        }
    }
    return NULL;
}

static const char *text_of(const apr_sockaddr_t *address, const ap_listen_rec *listener,
                           apr_pool_t *pool)
{
    char *ip = NULL;

    apr_sockaddr_ip_get(&ip, (apr_sockaddr_t *)address);
    return apr_psprintf(pool, address->family == APR_INET ? "%s:%u" : "[%s]:%u", ip,
                        listener->bind_addr->port);
}

/* --- how --- */

static int is_set(const server_rec *server, const char *name, apr_pool_t *pool)
{
    const ap_directive_t *node = dygw_tree_setting(server, name);

    return node && ap_cstr_casecmp(dygw_tree_argument(node, pool), "off") != 0;
}

int dygw_reach_speaks_tls(const server_rec *server, apr_pool_t *pool)
{
    return is_set(server, "SSLEngine", pool) || is_set(server, "GnuTLSEnable", pool)
           || is_set(server, "NSSEngine", pool) || is_set(server, "TLSEngine", pool);
}

/* Whether a rule holds for all paths: `Redirect / https://...`, or a pattern without a letter. */
static int holds_for_all(const ap_directive_t *node, apr_pool_t *pool)
{
    const char *args = node->args;
    const char *word = ap_getword_conf(pool, &args);

    if (dygw_tree_is(node, "RewriteRule") || dygw_tree_is(node, "RedirectMatch")) {
        return !strpbrk(word, LETTERS);
    }
    while (*word && strcmp(word, "/") != 0) {
        word = ap_getword_conf(pool, &args);
    }
    return *word && ap_cstr_casecmpn(node->directive, "Redirect", strlen("Redirect")) == 0;
}

static int sends_to_https(const ap_directive_t *node, apr_pool_t *pool)
{
    while (node && !(strstr(node->args, "https://") && holds_for_all(node, pool))) {
        node = node->next;
    }
    return node != NULL;
}

const char *dygw_reach_plain(const server_rec *server, const server_rec *main_server,
                             apr_pool_t *pool)
{
    if (dygw_reach_speaks_tls(server, pool) || sends_to_https(dygw_tree_first(server), pool)
        || dygw_tree_setting(server, "RemoteIPHeader")
        || is_set(server, "RemoteIPProxyProtocol", pool)) {
        return NULL;
    }
    for (const ap_listen_rec *listener = ap_listeners; listener; listener = listener->next) {
        const apr_sockaddr_t *address = address_at(server, main_server, listener);

        if (address && !dygw_is_loopback(address) && listener->bind_addr->port != HTTPS_PORT
            && (!listener->protocol || strcmp(listener->protocol, "https") != 0)) {
            return text_of(address, listener, pool);
        }
    }
    return NULL;
}

/* --- proxies --- */

static int is_this_machine(const char *host, apr_size_t len)
{
    return (len == strlen("localhost") && ap_cstr_casecmpn(host, "localhost", len) == 0)
           || strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", len) == 0;
}

static int is_port_of(const server_rec *server, const server_rec *main_server, int port)
{
    for (const ap_listen_rec *listener = ap_listeners; listener; listener = listener->next) {
        if (listener->bind_addr->port == port && address_at(server, main_server, listener)) {
            return 1;
        }
    }
    return 0;
}

/* Whether a URL is for a path of that server, or for all paths above it. */
static int leads_to(const char *url, const server_rec *server, const server_rec *main_server,
                    const char *path)
{
    const char *host = url + strlen(HTTP);
    apr_size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    const char *rest = host + len;
    char *end = NULL;
    int port = *rest == ':' ? (int)strtol(rest + 1, &end, 10) : 80;
    const char *target = end ? end : rest;
    apr_size_t target_len = strcspn(target, "$ \"");

    while (target_len > 0 && target[target_len - 1] == '/') {
        target_len--;
    }
    return is_this_machine(host, len) && is_port_of(server, main_server, port)
           && strncmp(target, path, target_len) == 0;
}

static int is_proxying(const ap_directive_t *node)
{
    return dygw_tree_is(node, "ProxyPass") || dygw_tree_is(node, "ProxyPassMatch")
           || dygw_tree_is(node, "BalancerMember") || dygw_tree_is(node, "RewriteRule");
}

static const ap_directive_t *find_proxying(const ap_directive_t *node, const server_rec *server,
                                           const server_rec *main_server, const char *path)
{
    const ap_directive_t *found = NULL;

    for (; node && !found; node = node->next) {
        const char *url = is_proxying(node) ? strstr(node->args, HTTP) : NULL;

        found = url && leads_to(url, server, main_server, path)
                    ? node
                    : find_proxying(node->first_child, server, main_server, path);
    }
    return found;
}

const ap_directive_t *dygw_reach_proxy(const server_rec *server, const server_rec *main_server,
                                       const char *path, apr_pool_t *pool)
{
    const ap_directive_t *header = dygw_tree_setting(server, "RemoteIPHeader");

    if (!header && is_set(server, "RemoteIPProxyProtocol", pool)) {
        header = dygw_tree_setting(server, "RemoteIPProxyProtocol");
    }
    return header ? header : find_proxying(ap_conftree, server, main_server, path);
}
