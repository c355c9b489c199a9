/* SPDX-License-Identifier: Apache-2.0
 * Which endpoint a path belongs to. */
#include "handle/route.h"

#include <string.h>

#include <apr_strings.h>

#define ID          "{id}"
#define ID_DIGITS   18      /* more might not fit into 64 bits, and no id has as many */

/* Steps over a positive integer, of which there is one spelling; NULL when there is none. */
static const char *read_id(const char *path, apr_int64_t *id)
{
    apr_size_t digits = strspn(path, "0123456789");

    if (digits == 0 || digits > ID_DIGITS || *path == '0') {
        return NULL;
    }
    *id = apr_atoi64(path);
    return path + digits;
}

static int matches(const char *pattern, const char *path, apr_int64_t *id)
{
    while (*pattern) {
        if (*pattern == *ID) {
            path = read_id(path, id);
            if (!path) {
                return 0;
            }
            pattern += sizeof(ID) - 1;
        }
        else if (*pattern++ != *path++) {
            return 0;
        }
    }
    return *path == '\0';
}

static const char *method_name(int method)
{
    return method == M_GET ? "GET, HEAD" : method == M_POST ? "POST" : "PATCH";
}

const dygw_route_t *dygw_route_find(const dygw_route_t *routes, const char *path, int method,
                                    apr_int64_t *id, const char **allow, apr_pool_t *pool)
{
    const dygw_route_t *route;

    *allow = NULL;
    for (route = routes; route->path; route++) {
        if (!matches(route->path, path, id)) {
            continue;
        }
        if (route->method == method) {
            return route;
        }
        *allow = *allow ? apr_pstrcat(pool, *allow, ", ", method_name(route->method), NULL)
                        : method_name(route->method);
    }
    return NULL;
}
