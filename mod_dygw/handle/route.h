/* SPDX-License-Identifier: Apache-2.0
 * Routes: which endpoint a path belongs to, and where in the URL space a handler is mounted. */
#ifndef DYGW_HANDLE_ROUTE_H
#define DYGW_HANDLE_ROUTE_H

#include <http_core.h>

#include "handle/handle.h"

/* A check that stands before an endpoint: it refuses the call by setting out->code. */
typedef void dygw_check_fn(dygw_call_t *call, dygw_result_t *out);

typedef struct dygw_route_t {
    const char *path;             /* "{id}" in it stands for a positive integer */
    int method;                   /* M_GET (HEAD too), M_POST, M_PATCH */
    dygw_check_fn *const *checks; /* NULL ended; the first that refuses ends the call */
    dygw_endpoint_fn *endpoint;
} dygw_route_t;

/* Returns the route for path and method out of routes, which a NULL path ends; *id becomes the id
 * in the path. NULL: there is none; then *allow is the methods that the path has, for the header
 * Allow, or NULL where there is no such path. */
const dygw_route_t *dygw_route_find(const dygw_route_t *routes, const char *path, int method,
                                    apr_int64_t *id, const char **allow, apr_pool_t *pool);

/* Whether a Content-Type (may be NULL) is JSON in UTF-8. */
int dygw_is_json_type(const char *type, apr_pool_t *pool);

/* Sets call->mount and call->route. 0: the handler is not mounted in a <Location> with a plain
 * path. */
int dygw_route_mount(dygw_call_t *call);

/* The <Location> with a plain path that path is in and that has a handler of its own; *len: the
 * length of the mount. NULL: there is none. */
const core_dir_config *dygw_route_section(const request_rec *r, const char *path, int *len);

/* The name of the handler that a section, or several merged, sets for r, at a time when httpd has
 * not set r->handler yet. NULL: none. */
const char *dygw_route_handler(request_rec *r, const core_dir_config *core);

#endif
