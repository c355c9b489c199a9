/* SPDX-License-Identifier: Apache-2.0
 * A mutex in shared memory for sections of a few instructions, taken for every request by all
 * threads of all children. What is held for longer goes through httpd's own mutexes. */
#ifndef DYGW_UTIL_LOCK_H
#define DYGW_UTIL_LOCK_H

#include <pthread.h>

#include <apr_errno.h>

typedef struct dygw_lock_t {
    pthread_mutex_t mutex;
} dygw_lock_t;

/* Makes one in memory that the children will inherit. */
apr_status_t dygw_lock_init(dygw_lock_t *lock);

/* As the gateway and the nonce table call them; the baton is the dygw_lock_t. A holder that died
 * leaves the lock to the next one. */
void dygw_lock_take(void *baton);
void dygw_lock_release(void *baton);

#endif
