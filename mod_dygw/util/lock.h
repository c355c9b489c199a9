/* SPDX-License-Identifier: Apache-2.0
 * A mutex in shared memory that all threads of all children take in every request, each for a few
 * instructions. For longer sections httpd's own mutexes are used. */
#ifndef DYGW_UTIL_LOCK_H
#define DYGW_UTIL_LOCK_H

#include <pthread.h>

#include <apr_errno.h>

typedef struct dygw_lock_t {
    pthread_mutex_t mutex;
} dygw_lock_t;

/* Makes a mutex in shared memory, before the children are forked. */
apr_status_t dygw_lock_init(dygw_lock_t *lock);

/* Take and release the mutex. The baton is the dygw_lock_t: the gateway and the nonce table call
 * these functions as callbacks. When a process dies with the mutex, the next thread gets it. */
void dygw_lock_take(void *baton);
void dygw_lock_release(void *baton);

#endif
