/* SPDX-License-Identifier: Apache-2.0
 * Words of others that may be longer than their column. */
#include "store/db/clip.h"

#include <string.h>

#include <apr_strings.h>

const char *dygw_store_clip(const char *text, int chars, apr_pool_t *pool)
{
    const char *end = text;

    if (!text || strlen(text) <= (size_t)chars) {
        return text;
    }
    while (*end) {
        int starts = ((unsigned char)*end & 0xC0) != 0x80;

        if (starts && chars-- == 0) {
            return apr_pstrmemdup(pool, text, (apr_size_t)(end - text));
        }
        end++;
    }
    return text;
}
