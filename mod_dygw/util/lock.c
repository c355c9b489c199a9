/* SPDX-License-Identifier: Apache-2.0
 * A robust mutex between processes, without priority inheritance. APR's process mutex inherits
 * priorities, and so the kernel hands it from one waiting thread to the next: once threads wait,
 * each use costs two context switches, and under load there are always threads that wait. The mutex
 * here can be taken by any thread that is running. */
#include "util/lock.h"

#include <errno.h>
#include <stdlib.h>

apr_status_t dygw_lock_init(dygw_lock_t *lock)
{
    pthread_mutexattr_t attributes;
    int rv = pthread_mutexattr_init(&attributes);

    if (rv != 0) {
        return rv;
    }
    rv = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (rv == 0) {
        rv = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    if (rv == 0) {
        rv = pthread_mutex_init(&lock->mutex, &attributes);
    }
    pthread_mutexattr_destroy(&attributes);
    return rv;
}

void dygw_lock_take(void *baton)
{
    dygw_lock_t *lock = baton;
    int rv = pthread_mutex_lock(&lock->mutex);

    if (rv == EOWNERDEAD) {
        rv = pthread_mutex_consistent(&lock->mutex);
    }
    if (rv != 0) {
        abort(); /* to go on without the lock could accept a nonce twice */
    }
}

void dygw_lock_release(void *baton)
{
    dygw_lock_t *lock = baton;

    pthread_mutex_unlock(&lock->mutex);
}
