/* SPDX-License-Identifier: Apache-2.0
 * Takes members out of JSON text without parsing it, so that the rest stays as it was written. */
#ifndef DYGW_UTIL_JSON_CUT_H
#define DYGW_UTIL_JSON_CUT_H

#include "util/jsonw.h"

/* Whether a member is to be left out that has a key of the list, and whose value is a string. key:
 * the pointer in the list. value is without quotes and escapes. */
typedef int dygw_json_is_cut_fn(const char *key, const char *value, const void *baton);

typedef struct dygw_json_cut_t {
    const char *const *keys;     /* ended by NULL; other members stay */
    dygw_json_is_cut_fn *is_cut; /* NULL: each of them whose value is a string is left out */
    const void *baton;
} dygw_json_cut_t;

/* Writes a member of w (key as there) whose value is the valid JSON `json`, without what is to be
 * left out at any depth of it; all else stays byte for byte. */
void dygw_jsonw_raw_cut(dygw_jsonw_t *w, const char *key, const char *json,
                        const dygw_json_cut_t *cut);

/* Returns the same as a text of its own, from pool. */
const char *dygw_json_cut(const char *text, const dygw_json_cut_t *cut, apr_pool_t *pool);

#endif
