/* SPDX-License-Identifier: Apache-2.0
 * Looks directives up in the configuration as it was written. The settings of mod_dbd are read here
 * as well, because the structure of mod_dbd is private, and none of its functions tells the sizes
 * of the pool. */
#include "cfg/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_dbd.h>
#include <apr_strings.h>

#include <util_cfgtree.h>

#define OUR_PREFIX     "Dygw"
#define SANDBOX_PREFIX "DygwSandbox"

/* As in mod_dbd.c. */
#define DBD_DEFAULT_MIN  1
#define DBD_DEFAULT_KEEP 2
#define DBD_DEFAULT_MAX  10

#define CONNECTIONS_ENOUGH 5

int dygw_tree_is(const ap_directive_t *node, const char *name)
{
    return ap_cstr_casecmp(node->directive, name) == 0;
}

static int name_starts_with(const char *text, const char *prefix)
{
    return ap_cstr_casecmpn(text, prefix, strlen(prefix)) == 0;
}

static int is_section_of(const ap_directive_t *node, const server_rec *server)
{
    return dygw_tree_is(node, "<VirtualHost") && server->defn_name
           && strcmp(node->filename, server->defn_name) == 0
           && node->line_num == (int)server->defn_line_number;
}

const ap_directive_t *dygw_tree_first(const server_rec *server)
{
    const ap_directive_t *node;

    if (!server->is_virtual) {
        return ap_conftree;
    }
    for (node = ap_conftree; node; node = node->next) {
        if (is_section_of(node, server)) {
            return node->first_child;
        }
    }
    return NULL;
}

static const ap_directive_t *last_of(const ap_directive_t *node, const char *name)
{
    const ap_directive_t *found = NULL;

    for (; node; node = node->next) {
        found = dygw_tree_is(node, name) ? node : found;
    }
    return found;
}

const ap_directive_t *dygw_tree_setting(const server_rec *server, const char *name)
{
    const ap_directive_t *own = last_of(dygw_tree_first(server), name);

    return own ? own : last_of(ap_conftree, name);
}

const char *dygw_tree_argument(const ap_directive_t *node, apr_pool_t *pool)
{
    const char *args = node->args;
    char *word = ap_getword_conf(pool, &args);
    apr_size_t len = strlen(word);

    /* What closes the line of a section is part of it here. */
    if (*node->directive == '<' && len > 0 && word[len - 1] == '>') {
        word[len - 1] = '\0';
    }
    return word;
}

static int uses_gateway(const ap_directive_t *node, apr_pool_t *pool)
{
    static const char *const handlers[] = { DYGW_HANDLERS };

    if (dygw_tree_is(node, "SetHandler") || dygw_tree_is(node, "AddHandler")) {
        const char *handler = dygw_tree_argument(node, pool);

        for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
            if (ap_cstr_casecmp(handler, handlers[i]) == 0) {
                return 1;
            }
        }
    }
    return name_starts_with(node->directive, OUR_PREFIX)
           && !name_starts_with(node->directive, SANDBOX_PREFIX);
}

static const ap_directive_t *find_gateway_use(const ap_directive_t *node, apr_pool_t *pool)
{
    for (; node; node = node->next) {
        const ap_directive_t *inside;

        if (uses_gateway(node, pool)) {
            return node;
        }
        inside
            = dygw_tree_is(node, "<VirtualHost") ? NULL : find_gateway_use(node->first_child, pool);
        if (inside) {
            return inside;
        }
    }
    return NULL;
}

const ap_directive_t *dygw_tree_gateway_use(const server_rec *server, apr_pool_t *pool)
{
    return find_gateway_use(dygw_tree_first(server), pool);
}

/* --- mod_dbd --- */

static void take_dbd_settings(const ap_directive_t *node, apr_pool_t *pool,
                              dygw_dbd_settings_t *settings)
{
    for (; node; node = node->next) {
        if (dygw_tree_is(node, "DBDriver")) {
            settings->driver = dygw_tree_argument(node, pool);
        }
        else if (dygw_tree_is(node, "DBDParams")) {
            settings->params = dygw_tree_argument(node, pool);
        }
        else if (dygw_tree_is(node, "DBDMin")) {
            settings->min = atoi(dygw_tree_argument(node, pool));
        }
        else if (dygw_tree_is(node, "DBDKeep")) {
            settings->keep = atoi(dygw_tree_argument(node, pool));
        }
        else if (dygw_tree_is(node, "DBDMax")) {
            settings->max = atoi(dygw_tree_argument(node, pool));
        }
    }
}

apr_status_t dygw_cfg_dbd(const server_rec *server, apr_pool_t *pool, dygw_dbd_settings_t *settings)
{
    settings->driver = NULL;
    settings->params = NULL;
    settings->min = DBD_DEFAULT_MIN;
    settings->keep = DBD_DEFAULT_KEEP;
    settings->max = DBD_DEFAULT_MAX;
    if (ap_find_linked_module("mod_dbd.c") == NULL) {
        return APR_ENOENT;
    }
    /* As mod_dbd merges: a virtual host takes over each setting that it has not, even when the main
     * server has it further down in the file. */
    take_dbd_settings(ap_conftree, pool, settings);
    if (server->is_virtual) {
        take_dbd_settings(dygw_tree_first(server), pool, settings);
    }
    return APR_SUCCESS;
}

int dygw_cfg_dbd_reach(const dygw_dbd_settings_t *settings, int threads)
{
    return settings->max < threads + 1 ? settings->max : threads + 1;
}

int dygw_cfg_dbd_enough(int threads)
{
    return threads + 1 < CONNECTIONS_ENOUGH ? threads + 1 : CONNECTIONS_ENOUGH;
}

static int is_same_file(const char *path, const char *other)
{
    struct stat one, two;

    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev
           && one.st_ino == two.st_ino;
}

int dygw_cfg_dbd_is_same(const dygw_dbd_settings_t *a, const dygw_dbd_settings_t *b)
{
    if (!a->driver || !b->driver || !a->params || !b->params || strcmp(a->driver, b->driver) != 0) {
        return 0;
    }
    return strcmp(a->params, b->params) == 0
           || (strcmp(a->driver, "sqlite3") == 0 && is_same_file(a->params, b->params));
}

/* --- the drivers --- */

static const ap_directive_t *find_missing_driver(const ap_directive_t *node, const char **package,
                                                 apr_pool_t *pool)
{
    static const char *const packages[][2] = { { "sqlite3", "libaprutil1-dbd-sqlite3" },
                                               { "pgsql", "libaprutil1-dbd-pgsql" },
                                               { "mysql", "libaprutil1-dbd-mysql" } };

    for (; node; node = node->next) {
        const ap_directive_t *inside = find_missing_driver(node->first_child, package, pool);
        const char *driver = dygw_tree_is(node, "DBDriver") ? dygw_tree_argument(node, pool) : "";
        const apr_dbd_driver_t *found;

        if (inside) {
            return inside;
        }
        for (size_t i = 0; i < sizeof packages / sizeof *packages; i++) {
            *package = packages[i][1];
            if (strcmp(driver, packages[i][0]) == 0
                && apr_dbd_get_driver(pool, driver, &found) != APR_SUCCESS) {
                return node;
            }
        }
    }
    return NULL;
}

const ap_directive_t *dygw_tree_missing_driver(const char **package, apr_pool_t *pool)
{
    return apr_dbd_init(pool) == APR_SUCCESS ? find_missing_driver(ap_conftree, package, pool)
                                             : NULL;
}
