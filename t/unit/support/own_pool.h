/* SPDX-License-Identifier: Apache-2.0
 * The pool of a test, which is made before the test and destroyed after it. For all tests that
 * allocate from one pool. */
#ifndef OWN_POOL_H
#define OWN_POOL_H

#include <apr_pools.h>

/* The pool of the test that runs. */
extern apr_pool_t *pool;

/* For cmocka, or for the set-up of a test that needs more than a pool; *state is the pool, too. */
int make_pool(void **state);
int destroy_pool(void **state);

#endif
