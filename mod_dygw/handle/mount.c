/* SPDX-License-Identifier: Apache-2.0
 * Where a handler is mounted. Httpd tells a handler its name, but not the <Location> that set it.
 * So the sections are searched in httpd's order: the last one with a handler counts. */
#include "handle/route.h"

#include <string.h>

#include <apr_strings.h>

/* <Location> sees slashes in a row as one, whatever MergeSlashes says. */
static const char *path_of(const request_rec *r)
{
    char *path;

    if (!strstr(r->uri, "//")) {
        return r->uri;
    }
    path = apr_pstrdup(r->pool, r->uri);
    ap_no2slash(path);
    return path;
}

static int has_handler(const core_dir_config *section)
{
    return section->expr_handler || section->handler;
}

/* The length of the mount, when path is in the section; else -1. */
static int mount_len(const core_dir_config *section, const char *path)
{
    apr_size_t len = strlen(section->d);

    if (section->r || section->d_is_fnmatch || strncmp(section->d, path, len) != 0) {
        return -1;
    }
    if (len > 0 && section->d[len - 1] == '/') {
        return (int)len - 1;
    }
    return path[len] == '/' || path[len] == '\0' ? (int)len : -1;
}

const core_dir_config *dygw_route_section(const request_rec *r, const char *path, int *len)
{
    const core_server_config *core = ap_get_core_module_config(r->server->module_config);
    ap_conf_vector_t **sections = (ap_conf_vector_t **)core->sec_url->elts;
    int i;

    for (i = core->sec_url->nelts - 1; i >= 0; i--) {
        const core_dir_config *section = ap_get_core_module_config(sections[i]);

        *len = has_handler(section) ? mount_len(section, path) : -1;
        if (*len >= 0) {
            return section;
        }
    }
    return NULL;
}

int dygw_route_mount(dygw_call_t *call)
{
    const char *path = path_of(call->r);
    int len;

    if (!dygw_route_section(call->r, path, &len)) {
        return 0;
    }
    call->mount = apr_pstrmemdup(call->r->pool, path, (apr_size_t)len);
    call->route = path + len;
    return 1;
}

const char *dygw_route_handler(request_rec *r, const core_dir_config *core)
{
    const char *error = NULL;
    char *name;

    if (!core->expr_handler) {
        return core->handler;
    }
    name = apr_pstrdup(r->pool, ap_expr_str_exec(r, core->expr_handler, &error));
    if (name) {
        ap_str_tolower(name); /* as httpd does */
    }
    return name;
}
