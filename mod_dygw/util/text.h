/* SPDX-License-Identifier: Apache-2.0
 * Comparing texts that may be absent (NULL), and counting their characters. */
#ifndef DYGW_UTIL_TEXT_H
#define DYGW_UTIL_TEXT_H

#include <string.h>

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

#endif
