/* SPDX-License-Identifier: Apache-2.0
 * A bell for threads that wait. See bell.h. */
#include "util/bell.h"

#include "util/clock.h"

static apr_status_t end_bell(void *data)
{
    dygw_bell_t *bell = data;

    pthread_cond_destroy(&bell->rung);
    pthread_mutex_destroy(&bell->mutex);
    return APR_SUCCESS;
}

apr_status_t dygw_bell_init(dygw_bell_t *bell, apr_pool_t *pool)
{
    int rv = pthread_mutex_init(&bell->mutex, NULL);

    if (rv == 0) {
        rv = pthread_cond_init(&bell->rung, NULL);
    }
    if (rv == 0) {
        apr_pool_cleanup_register(pool, bell, end_bell, apr_pool_cleanup_null);
    }
    return rv;
}

void dygw_bell_lock(dygw_bell_t *bell)
{
    pthread_mutex_lock(&bell->mutex);
}

void dygw_bell_unlock(dygw_bell_t *bell)
{
    pthread_mutex_unlock(&bell->mutex);
}

void dygw_bell_ring(dygw_bell_t *bell)
{
    pthread_cond_broadcast(&bell->rung);
}

void dygw_bell_wait(dygw_bell_t *bell, apr_interval_time_t patience)
{
    const apr_time_t until = dygw_steady_now() + patience;
    const struct timespec end
        = { .tv_sec = apr_time_sec(until), .tv_nsec = apr_time_usec(until) * 1000 };

    pthread_cond_clockwait(&bell->rung, &bell->mutex, CLOCK_MONOTONIC, &end);
}
