/* SPDX-License-Identifier: Apache-2.0
 * Read before each source where undefined behaviour is looked for: what is found because of APR's
 * headers, and is no mistake of ours. */
#ifndef BUILD_SANITIZED_H
#define BUILD_SANITIZED_H

/* Without it APR's rings have an offset computed from a null pointer. */
#include <stddef.h>

/* APR says that apr_pstrmemdup() gives n bytes; it gives one more, the text's end. What it says of
 * apr_pmemdup() is true, and is said again. */
#include <apr_pools.h>
#define alloc_size(position)
#include <apr_strings.h>
#undef alloc_size
APR_DECLARE(void *)
apr_pmemdup(apr_pool_t *p, const void *m, apr_size_t n) __attribute__((alloc_size(3)));

#endif
