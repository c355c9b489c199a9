/* SPDX-License-Identifier: Apache-2.0
 * Finding the route for a path and a method; and whether a Content-Type is the one that bodies must
 * have. */
#include "handle/route.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define ID        "{id}"
#define ID_DIGITS 18 /* more might not fit into 64 bits, and no id has as many */
#define BLANKS    " \t"

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

static int matches_route(const char *pattern, const char *path, apr_int64_t *id)
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
        if (!matches_route(route->path, path, id)) {
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

/* --- content types --- */

/* Cuts the next part off at ';' and the blanks around it. */
static char *next_part(char **rest)
{
    char *part = *rest + strspn(*rest, BLANKS);
    apr_size_t len = strcspn(part, ";");

    *rest = part[len] ? part + len + 1 : NULL;
    while (len > 0 && strchr(BLANKS, part[len - 1])) {
        len--;
    }
    part[len] = '\0';
    return part;
}

/* A value that stands in quotes without them. */
static const char *unquoted(char *value)
{
    apr_size_t len = strlen(value);

    if (len >= 2 && *value == '"' && value[len - 1] == '"') {
        value[len - 1] = '\0';
        value++;
    }
    return value;
}

/* UTF-8 has two names in the field. */
static int is_other_charset(char *parameter)
{
    char *value = strchr(parameter, '=');
    const char *charset;

    if (!value) {
        return 0;
    }
    *value++ = '\0';
    if (apr_cstr_casecmp(next_part(&parameter), "charset") != 0) {
        return 0;
    }
    charset = unquoted(next_part(&value));
    return apr_cstr_casecmp(charset, "utf-8") != 0 && apr_cstr_casecmp(charset, "utf8") != 0;
}

int dygw_is_json_type(const char *type, apr_pool_t *pool)
{
    char *rest = type ? apr_pstrdup(pool, type) : NULL;

    if (!rest || apr_cstr_casecmp(next_part(&rest), "application/json") != 0) {
        return 0;
    }
    while (rest) {
        if (is_other_charset(next_part(&rest))) {
            return 0;
        }
    }
    return 1;
}
