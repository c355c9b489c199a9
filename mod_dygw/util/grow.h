/* SPDX-License-Identifier: Apache-2.0
 * The growing of texts that are written from front to back. */
#ifndef DYGW_UTIL_GROW_H
#define DYGW_UTIL_GROW_H

#include <apr_pools.h>

/* The first memory: size_hint bytes, or a few more; *size: how many. From pool. */
char *dygw_grow_begin(apr_size_t *size, apr_size_t size_hint, apr_pool_t *pool);

/* Makes room for `more` bytes and a NUL behind the first `len`, which are kept, by doubling *size;
 * gives where they go. *text is in pool. */
char *dygw_grow(char **text, apr_size_t *size, apr_size_t len, apr_size_t more, apr_pool_t *pool);

#endif
