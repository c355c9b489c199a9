/* SPDX-License-Identifier: Apache-2.0
 * Functions for texts: compare texts that may be absent (NULL), count characters, cut a text to a
 * length, copy and compare lists of texts, and get memory for a text that is written from front to
 * back. */
#ifndef DYGW_UTIL_TEXT_H
#define DYGW_UTIL_TEXT_H

#include <string.h>

#include <apr_pools.h>
#include <apr_tables.h>

/* Whether both texts are there, and equal. */
static inline int dygw_text_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Whether both texts are equal, or both are absent. */
static inline int dygw_text_equal(const char *a, const char *b)
{
    return a == b || dygw_text_same(a, b);
}

/* Returns how many characters UTF-8 text has. The limits of the API and of the database's columns
 * are in characters. */
static inline size_t dygw_characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        n += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return n;
}

/* Cuts UTF-8 text to at most `chars` characters. Returns text itself (which may be NULL), or its
 * beginning, from pool. */
const char *dygw_text_clip(const char *text, int chars, apr_pool_t *pool);

/* --- lists: arrays of const char *, which may be absent (NULL) --- */

/* A copy of the list and of its texts, from pool. */
apr_array_header_t *dygw_texts_copy(const apr_array_header_t *list, apr_pool_t *pool);

/* Whether both lists have equal texts in the same order, or both are absent. */
int dygw_texts_equal(const apr_array_header_t *a, const apr_array_header_t *b);

/* --- growing --- */

/* Returns the first memory for a text, from pool: size_hint bytes, but at least 64. *size: how
 * many. */
char *dygw_grow_begin(apr_size_t *size, apr_size_t size_hint, apr_pool_t *pool);

/* Makes room for `more` bytes and a NUL behind the first `len` bytes of *text, which are kept.
 * Returns where the new bytes go. When there is too little room, *size is doubled until there is
 * enough, and *text is new memory from pool. */
char *dygw_grow(char **text, apr_size_t *size, apr_size_t len, apr_size_t more, apr_pool_t *pool);

#endif
