/* SPDX-License-Identifier: Apache-2.0
 * Pools with an allocator of their own: for what is made by one thread and used or destroyed by
 * another, whatever pools requests use meanwhile. */
#ifndef DYGW_UTIL_POOL_H
#define DYGW_UTIL_POOL_H

#include <apr_pools.h>

/* Below parent, or on its own when that is NULL: then somebody has to destroy it. One thread uses
 * it at a time. APR_ENOMEM. */
apr_status_t dygw_pool_create(apr_pool_t **pool, apr_pool_t *parent);

#endif
