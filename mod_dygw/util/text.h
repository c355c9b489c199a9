/* SPDX-License-Identifier: Apache-2.0
 * Texts: comparing those that may be absent (NULL), counting their characters, cutting them, and
 * writing them from front to back. */
#ifndef DYGW_UTIL_TEXT_H
#define DYGW_UTIL_TEXT_H

#include <string.h>

#include <apr_pools.h>

/* Both are there, and the same. */
static inline int dygw_text_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* The same, or both absent. */
static inline int dygw_text_equal(const char *a, const char *b)
{
    return a == b || dygw_text_same(a, b);
}

/* Characters of UTF-8 text: what limits count, in the contract and in the columns. */
static inline size_t dygw_characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        n += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return n;
}

/* At most `chars` characters of UTF-8: text itself (may be NULL), or its beginning, from pool. */
const char *dygw_text_clip(const char *text, int chars, apr_pool_t *pool);

/* --- growing --- */

/* The first memory: size_hint bytes, or a few more; *size: how many. From pool. */
char *dygw_grow_begin(apr_size_t *size, apr_size_t size_hint, apr_pool_t *pool);

/* Makes room for `more` bytes and a NUL behind the first `len`, which are kept, by doubling *size;
 * gives where they go. *text is in pool. */
char *dygw_grow(char **text, apr_size_t *size, apr_size_t len, apr_size_t more, apr_pool_t *pool);

#endif
