/* SPDX-License-Identifier: Apache-2.0
 * Reads JSON with jansson, more strictly than jansson does, into the memory of pools. */
#ifndef DYGW_UTIL_JSON_H
#define DYGW_UTIL_JSON_H

#include <apr_pools.h>
#include <jansson.h>

#define DYGW_JSON_MAX_DEPTH 32

typedef enum {
    DYGW_JSON_STRICT, /* from callers: duplicate keys, NUL characters, and a depth above
                       * DYGW_JSON_MAX_DEPTH are refused */
    DYGW_JSON_LENIENT /* from Douyin: refused is only such a depth, and what is not JSON even
                       * after dygw_json_mend */
} dygw_json_mode_e;

/* Mends JSON whose text is damaged, so that it can be read. Within strings, a half of a surrogate
 * pair, bytes that are not UTF-8, and NUL become U+FFFD, and control characters are escaped; a byte
 * order mark at the start is removed. Everything else stays as it was, to the last digit. Returns
 * text itself when there is nothing to mend; otherwise a text from pool, NUL ended, and its length
 * in *len. *depth: how deep arrays and objects nest in it. */
const char *dygw_json_mend(const char *text, apr_size_t *len, int *depth, apr_pool_t *pool);

/* Parses exactly len bytes; the root may be any value. The value lives until pool is cleared: it is
 * in jansson's memory, which a cleanup of pool releases. On an error returns NULL, and *error (from
 * pool) is a message for the caller: where the mistake is and of what kind, without the text. */
json_t *dygw_json_parse(const char *text, apr_size_t len, dygw_json_mode_e mode, apr_pool_t *pool,
                        const char **error);

/* The same with DYGW_JSON_LENIENT for one who keeps the text: *text and *len become what
 * dygw_json_mend makes of them, also on an error. */
json_t *dygw_json_mend_and_parse(const char **text, apr_size_t *len, apr_pool_t *pool,
                                 const char **error);

/* Returns a member that is an id as text: a string as it is, an integer in decimal, because Douyin
 * writes its ids either way. NULL: the member is absent, null, empty, of another type, or longer
 * than the columns of ids in the database (64 characters). The text is from pool or in jansson's
 * memory. */
const char *dygw_json_id(const json_t *object, const char *key, apr_pool_t *pool);

/* Returns a member that is a string, in jansson's memory. NULL: it is absent, null or of another
 * type. */
const char *dygw_json_str(const json_t *object, const char *key);

/* Returns a member as integer, also when it is written as a decimal string or as a real number
 * without a fraction. fallback: the member is absent, of another type or out of range. */
apr_int64_t dygw_json_int(const json_t *object, const char *key, apr_int64_t fallback);

/* --- text that stays as it was written --- */

/* Returns what follows the string whose opening quote is at s, in valid JSON. */
const char *dygw_json_after_string(const char *s);

#endif
