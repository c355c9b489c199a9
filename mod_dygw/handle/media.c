/* SPDX-License-Identifier: Apache-2.0
 * Content types. */
#include "handle/handle.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define BLANKS " \t"

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
