/* SPDX-License-Identifier: Apache-2.0
 * Memory for texts that are written from front to back, texts that are cut, and lists of texts. */
#include "util/text.h"

#include <apr_strings.h>

#define MIN_SIZE 64

char *dygw_grow_begin(apr_size_t *size, apr_size_t size_hint, apr_pool_t *pool)
{
    *size = size_hint < MIN_SIZE ? MIN_SIZE : size_hint;
    return apr_palloc(pool, *size);
}

char *dygw_grow(char **text, apr_size_t *size, apr_size_t len, apr_size_t more, apr_pool_t *pool)
{
    apr_size_t wanted = *size;
    char *grown;

    while (wanted - len <= more) {
        wanted *= 2;
    }
    if (wanted > *size) {
        grown = apr_palloc(pool, wanted);
        memcpy(grown, *text, len);
        *text = grown;
        *size = wanted;
    }
    return *text + len;
}

const char *dygw_text_clip(const char *text, int chars, apr_pool_t *pool)
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

apr_array_header_t *dygw_texts_copy(const apr_array_header_t *list, apr_pool_t *pool)
{
    apr_array_header_t *copy;
    int i;

    if (!list) {
        return NULL;
    }
    copy = apr_array_make(pool, list->nelts, sizeof(const char *));
    for (i = 0; i < list->nelts; i++) {
        APR_ARRAY_PUSH(copy, const char *)
            = apr_pstrdup(pool, APR_ARRAY_IDX(list, i, const char *));
    }
    return copy;
}

int dygw_texts_equal(const apr_array_header_t *a, const apr_array_header_t *b)
{
    int i;

    if (!a || !b || a->nelts != b->nelts) {
        return a == b;
    }
    for (i = 0; i < a->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(a, i, const char *), APR_ARRAY_IDX(b, i, const char *)) != 0) {
            return 0;
        }
    }
    return 1;
}
