/* SPDX-License-Identifier: Apache-2.0
 * The pool of a test. */
#include "own_pool.h"

#include "util/compiler.h"

apr_pool_t *pool;

int make_pool(void **state)
{
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return -1;
    }
    *state = pool;
    return 0;
}

int destroy_pool(DYGW_UNUSED void **state)
{
    apr_pool_destroy(pool);
    return 0;
}
