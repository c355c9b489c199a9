/* SPDX-License-Identifier: Apache-2.0
 * Reading JSON: jansson, made strict, and tied to pools. */
#ifndef DYGW_UTIL_JSON_H
#define DYGW_UTIL_JSON_H

#include <apr_pools.h>
#include <jansson.h>

#define DYGW_JSON_MAX_DEPTH 32

typedef enum {
    DYGW_JSON_STRICT, /* from callers: duplicate keys, NUL, a depth over DYGW_JSON_MAX_DEPTH are
                         refused */
    DYGW_JSON_LENIENT   /* from Douyin: only what is no JSON even when mended, and the depth, are
                         * refused */
} dygw_json_mode_e;

/* JSON whose text is damaged, as something that can be read all the same: within strings, halves of
 * a surrogate pair, bytes that are no UTF-8, and NUL become U+FFFD, and control characters are
 * escaped; a byte order mark at the start goes. Everything else is as it was, to the last digit.
 * Where nothing is to be mended, text itself; else from pool, NUL ended. */
const char *dygw_json_mend(const char *text, apr_size_t *len, apr_pool_t *pool);

/* Parses exactly len bytes, any value at the root. The value lives until pool is cleared (jansson's
 * memory, released by a cleanup). On error NULL and *error (from pool) in words fit for the caller:
 * where, and what kind of mistake, without quoting the text. */
json_t *dygw_json_parse(const char *text, apr_size_t len, dygw_json_mode_e mode, apr_pool_t *pool,
                        const char **error);

/* A member as text: a string as it is, an integer in decimal (Douyin writes its ids either way).
 * NULL when absent, null, empty, of another type, or longer than records keep. From pool, or
 * jansson's memory. */
const char *dygw_json_id(const json_t *object, const char *key, apr_pool_t *pool);

/* A member as string; NULL when absent, null or of another type. Jansson's memory. */
const char *dygw_json_str(const json_t *object, const char *key);

/* A member as integer, also when Douyin wrote it as a decimal string or a whole real;
 * fallback when absent, of another type or out of range. */
apr_int64_t dygw_json_int(const json_t *object, const char *key, apr_int64_t fallback);

#endif
