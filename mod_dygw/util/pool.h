/* SPDX-License-Identifier: Apache-2.0
 * Pools with an allocator of their own. What one thread makes and another one uses or destroys is
 * in such a pool, so that it shares no allocator with the pools of requests. */
#ifndef DYGW_UTIL_POOL_H
#define DYGW_UTIL_POOL_H

#include <apr_pools.h>

/* Creates *pool below parent. parent NULL: the pool has no parent, and the caller has to destroy
 * it. The pool has no lock: one thread at a time may use it. APR_ENOMEM: there is no memory. */
apr_status_t dygw_pool_create(apr_pool_t **pool, apr_pool_t *parent);

#endif
