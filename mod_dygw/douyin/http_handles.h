/* SPDX-License-Identifier: Apache-2.0
 * The easy handles that blocking calls share, and what an abort has to wake. For the files http_*.c
 * alone. Thread-safe. */
#ifndef DYGW_DOUYIN_HTTP_HANDLES_H
#define DYGW_DOUYIN_HTTP_HANDLES_H

#include <apr_thread_mutex.h>

#include "douyin/http_easy.h"

/* A multi handle that a thread may be waiting in, so that an abort wakes it; or NULL. */
typedef struct dygw_http_wakeable_t dygw_http_wakeable_t;
struct dygw_http_wakeable_t {
    APR_RING_ENTRY(dygw_http_wakeable_t) ring;
    CURLM *multi;
};

APR_RING_HEAD(dygw_http_wakeable_ring_t, dygw_http_wakeable_t);

struct dygw_http_t {
    dygw_http_settings_t settings;
    apr_pool_t *pool; /* has its own allocator; used under the mutex only */
    apr_thread_mutex_t *mutex;
    dygw_http_easy_ring_t idle;   /* open, the last used first */
    dygw_http_easy_ring_t busy;   /* open, with a thread each */
    dygw_http_easy_ring_t closed; /* memory to use again */
    struct dygw_http_wakeable_ring_t wakeables;
    volatile apr_uint32_t aborted;
};

/* A handle for this thread, with a multi handle of its own; NULL: libcurl has no memory. */
dygw_http_easy_t *dygw_http_handles_take(dygw_http_t *http);

/* Gives the handle back to the others. One that is not usable is closed: a connection in an unknown
 * state must not be met again. */
void dygw_http_handles_give_back(dygw_http_t *http, dygw_http_easy_t *easy, int usable);

/* An abort wakes what was added, until it is removed. _set changes its multi handle (NULL: none),
 * which stays the caller's. */
void dygw_http_handles_add(dygw_http_t *http, dygw_http_wakeable_t *wakeable);
void dygw_http_handles_remove(dygw_http_t *http, dygw_http_wakeable_t *wakeable);
void dygw_http_handles_set(dygw_http_t *http, dygw_http_wakeable_t *wakeable, CURLM *multi);

int dygw_http_is_aborted(dygw_http_t *http);

#endif
