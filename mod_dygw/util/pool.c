/* SPDX-License-Identifier: Apache-2.0
 * Pools with an allocator of their own. See pool.h. */
#include "util/pool.h"

#include <apr_allocator.h>

apr_status_t dygw_pool_create(apr_pool_t **pool, apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_status_t rv = apr_allocator_create(&allocator);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = parent ? apr_pool_create_ex(pool, parent, NULL, allocator)
                : apr_pool_create_unmanaged_ex(pool, NULL, allocator);
    if (rv != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return rv;
    }
    apr_allocator_owner_set(allocator, *pool);
    return APR_SUCCESS;
}
