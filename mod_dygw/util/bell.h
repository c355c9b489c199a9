/* SPDX-License-Identifier: Apache-2.0
 * A bell, for which threads of one process wait: a mutex with a condition. APR's condition waits
 * until a time of the host's clock, and so for as long as that clock is set back meanwhile; this
 * one goes by the steady clock (dygw_steady_now). */
#ifndef DYGW_UTIL_BELL_H
#define DYGW_UTIL_BELL_H

#include <pthread.h>

#include <apr_pools.h>
#include <apr_time.h>

typedef struct dygw_bell_t {
    pthread_mutex_t mutex;
    pthread_cond_t rung;
} dygw_bell_t;

/* Prepares *bell, which lives as long as pool; an error of the system's otherwise. */
apr_status_t dygw_bell_init(dygw_bell_t *bell, apr_pool_t *pool);

/* Locks the mutex, which guards what the waiting is about; unlocks it. */
void dygw_bell_lock(dygw_bell_t *bell);
void dygw_bell_unlock(dygw_bell_t *bell);

/* Wakes all threads that wait. To be called with the mutex locked. */
void dygw_bell_ring(dygw_bell_t *bell);

/* Waits until the bell rings, but `patience` (us) at most; may return earlier for no reason. To be
 * called with the mutex locked, which is unlocked meanwhile. */
void dygw_bell_wait(dygw_bell_t *bell, apr_interval_time_t patience);

#endif
