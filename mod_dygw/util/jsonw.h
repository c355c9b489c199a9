/* SPDX-License-Identifier: Apache-2.0
 * Writes JSON, from front to back. Jansson is not used for this, because it cannot embed a text as
 * it is, and Douyin's answers must stay as Douyin wrote them, to the last digit. */
#ifndef DYGW_UTIL_JSONW_H
#define DYGW_UTIL_JSONW_H

#include <apr_pools.h>

#include "util/clock.h"

typedef struct dygw_jsonw_t {
    apr_pool_t *pool;
    char *text; /* NUL ended at any time */
    apr_size_t len;
    apr_size_t size;
    int comma; /* the next value needs a comma before it */
} dygw_jsonw_t;

/* Begins an empty text of size_hint bytes, from pool; the text grows by doubling. */
void dygw_jsonw_init(dygw_jsonw_t *w, apr_pool_t *pool, apr_size_t size_hint);

/* Open and close objects and arrays. key: of the member; NULL inside arrays and at the root. */
void dygw_jsonw_object(dygw_jsonw_t *w, const char *key);
void dygw_jsonw_end_object(dygw_jsonw_t *w);
void dygw_jsonw_array(dygw_jsonw_t *w, const char *key);
void dygw_jsonw_end_array(dygw_jsonw_t *w);

/* Write a value. A NULL string and DYGW_NO_TIME are written as null. Invalid UTF-8 in a string is
 * written as U+FFFD, so that the text is always valid JSON. */
void dygw_jsonw_string(dygw_jsonw_t *w, const char *key, const char *value);
void dygw_jsonw_int(dygw_jsonw_t *w, const char *key, apr_int64_t value);
void dygw_jsonw_bool(dygw_jsonw_t *w, const char *key, int value);
void dygw_jsonw_null(dygw_jsonw_t *w, const char *key);
void dygw_jsonw_time(dygw_jsonw_t *w, const char *key, dygw_ms_t t);

/* Embeds a text that is known to be one valid JSON value; NULL is written as null. */
void dygw_jsonw_raw(dygw_jsonw_t *w, const char *key, const char *json, apr_size_t len);

/* Writes more of a value that dygw_jsonw_raw has begun. */
void dygw_jsonw_piece(dygw_jsonw_t *w, const char *json, apr_size_t len);

#endif
