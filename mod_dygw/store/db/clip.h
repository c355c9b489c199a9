/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: words of others that may be longer than their column. */
#ifndef DYGW_STORE_DB_CLIP_H
#define DYGW_STORE_DB_CLIP_H

#include <apr_pools.h>

/* At most `chars` characters of UTF-8: text itself, or the beginning of it from pool. */
const char *dygw_store_clip(const char *text, int chars, apr_pool_t *pool);

#endif
