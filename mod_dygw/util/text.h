/* SPDX-License-Identifier: Apache-2.0
 * Comparing texts that may be absent (NULL). */
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

#endif
