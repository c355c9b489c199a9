/* SPDX-License-Identifier: Apache-2.0
 * Writing JSON: an appending writer. Jansson cannot embed text as it came, and Douyin's answers
 * have to stay as Douyin wrote them, to the last digit. */
#ifndef DYGW_UTIL_JSONW_H
#define DYGW_UTIL_JSONW_H

#include <apr_pools.h>

#include "util/clock.h"

typedef struct dygw_jsonw_t {
    apr_pool_t *pool;
    char *text;         /* NUL ended at any time */
    apr_size_t len;
    apr_size_t size;
    int comma;          /* the next value needs one before it */
} dygw_jsonw_t;

/* Starts an empty text; grows by doubling, from pool. */
void dygw_jsonw_init(dygw_jsonw_t *w, apr_pool_t *pool, apr_size_t size_hint);

/* Structure; key is NULL inside arrays and at the root. */
void dygw_jsonw_object(dygw_jsonw_t *w, const char *key);
void dygw_jsonw_end_object(dygw_jsonw_t *w);
void dygw_jsonw_array(dygw_jsonw_t *w, const char *key);
void dygw_jsonw_end_array(dygw_jsonw_t *w);

/* Values. A NULL string, DYGW_NO_TIME and NULL raw text are written as null. Invalid UTF-8 in a
 * string is written as U+FFFD, so that the text is always valid JSON. */
void dygw_jsonw_string(dygw_jsonw_t *w, const char *key, const char *value);
void dygw_jsonw_int(dygw_jsonw_t *w, const char *key, apr_int64_t value);
void dygw_jsonw_bool(dygw_jsonw_t *w, const char *key, int value);
void dygw_jsonw_null(dygw_jsonw_t *w, const char *key);
void dygw_jsonw_time(dygw_jsonw_t *w, const char *key, dygw_ms_t t);

/* Embeds text that is known to be one valid JSON value. */
void dygw_jsonw_raw(dygw_jsonw_t *w, const char *key, const char *json, apr_size_t len);

#endif
