/* SPDX-License-Identifier: Apache-2.0
 * The easy handles of blocking calls. A handle is opened when none is idle, and given back to the
 * front of a ring, so that few handles are used and their connections stay warm. The handle at the
 * end of the ring is closed when nobody has needed it for a while. The mutex guards the rings and
 * no call.
 *
 * Calls libcurl and http_easy.c. */
#include "douyin/http_handles.h"

#include <apr_atomic.h>

#include "util/pool.h"

#define CONNECTIONS_PER_HANDLE 4L

/* --- taking and giving back --- */

static int open_with_multi(dygw_http_easy_t *easy, const dygw_http_settings_t *settings)
{
    easy->multi = curl_multi_init();
    return easy->multi
           && curl_multi_setopt(easy->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_PER_HANDLE)
                  == CURLM_OK
           && dygw_http_easy_open(easy, settings);
}

static dygw_http_easy_t *take_idle_handle(dygw_http_t *http)
{
    dygw_http_easy_t *easy = NULL;

    apr_thread_mutex_lock(http->mutex);
    if (!APR_RING_EMPTY(&http->idle, dygw_http_easy_t, ring)) {
        easy = APR_RING_FIRST(&http->idle);
        APR_RING_REMOVE(easy, ring);
        APR_RING_INSERT_HEAD(&http->busy, easy, dygw_http_easy_t, ring);
    }
    apr_thread_mutex_unlock(http->mutex);
    return easy;
}

static dygw_http_easy_t *new_handle(dygw_http_t *http)
{
    dygw_http_easy_t *easy;

    apr_thread_mutex_lock(http->mutex);
    if (!APR_RING_EMPTY(&http->closed, dygw_http_easy_t, ring)) {
        easy = APR_RING_FIRST(&http->closed);
        APR_RING_REMOVE(easy, ring);
    }
    else {
        easy = apr_pcalloc(http->pool, sizeof(*easy));
    }
    apr_thread_mutex_unlock(http->mutex);
    return easy;
}

static void insert_handle(dygw_http_t *http, dygw_http_easy_ring_t *where, dygw_http_easy_t *easy)
{
    apr_thread_mutex_lock(http->mutex);
    APR_RING_INSERT_HEAD(where, easy, dygw_http_easy_t, ring);
    apr_thread_mutex_unlock(http->mutex);
}

dygw_http_easy_t *dygw_http_handles_take(dygw_http_t *http)
{
    dygw_http_easy_t *easy = take_idle_handle(http);

    if (easy) {
        return easy;
    }
    easy = new_handle(http);
    if (!open_with_multi(easy, &http->settings)) {
        dygw_http_easy_close(easy);
        insert_handle(http, &http->closed, easy);
        return NULL;
    }
    insert_handle(http, &http->busy, easy);
    return easy;
}

/* Takes out of the ring the handle that nobody has needed for so long that its connections are of
 * no use; NULL: there is none. With the mutex held. */
static dygw_http_easy_t *stale_handle(dygw_http_t *http, apr_time_t now)
{
    dygw_http_easy_t *easy = APR_RING_LAST(&http->idle);

    if (APR_RING_EMPTY(&http->idle, dygw_http_easy_t, ring)
        || now - easy->idle_since < apr_time_from_sec(DYGW_HTTP_IDLE_MAX_SEC)) {
        return NULL;
    }
    APR_RING_REMOVE(easy, ring);
    return easy;
}

void dygw_http_handles_give_back(dygw_http_t *http, dygw_http_easy_t *easy, int usable)
{
    dygw_http_easy_t *useless = easy;

    apr_thread_mutex_lock(http->mutex);
    APR_RING_REMOVE(easy, ring);
    if (usable) {
        easy->idle_since = dygw_steady_now();
        useless = stale_handle(http, easy->idle_since);
        APR_RING_INSERT_HEAD(&http->idle, easy, dygw_http_easy_t, ring);
    }
    apr_thread_mutex_unlock(http->mutex);
    if (useless) {
        dygw_http_easy_close(useless);
        insert_handle(http, &http->closed, useless);
    }
}

/* --- abort --- */

void dygw_http_handles_add(dygw_http_t *http, dygw_http_wakeable_t *wakeable)
{
    apr_thread_mutex_lock(http->mutex);
    APR_RING_INSERT_TAIL(&http->wakeables, wakeable, dygw_http_wakeable_t, ring);
    apr_thread_mutex_unlock(http->mutex);
}

void dygw_http_handles_remove(dygw_http_t *http, dygw_http_wakeable_t *wakeable)
{
    apr_thread_mutex_lock(http->mutex);
    APR_RING_REMOVE(wakeable, ring);
    apr_thread_mutex_unlock(http->mutex);
}

void dygw_http_handles_set(dygw_http_t *http, dygw_http_wakeable_t *wakeable, CURLM *multi)
{
    apr_thread_mutex_lock(http->mutex);
    wakeable->multi = multi;
    apr_thread_mutex_unlock(http->mutex);
}

int dygw_http_is_aborted(dygw_http_t *http)
{
    return apr_atomic_read32(&http->aborted) != 0;
}

void dygw_http_abort(dygw_http_t *http)
{
    dygw_http_easy_t *easy;
    dygw_http_wakeable_t *wakeable;

    apr_atomic_set32(&http->aborted, 1);
    apr_thread_mutex_lock(http->mutex);
    APR_RING_FOREACH (easy, &http->busy, dygw_http_easy_t, ring) {
        curl_multi_wakeup(easy->multi);
    }
    APR_RING_FOREACH (wakeable, &http->wakeables, dygw_http_wakeable_t, ring) {
        curl_multi_wakeup(wakeable->multi); /* NULL does no harm */
    }
    apr_thread_mutex_unlock(http->mutex);
}

/* --- all of them --- */

static apr_status_t close_idle_handles(void *baton)
{
    dygw_http_t *http = baton;

    while (!APR_RING_EMPTY(&http->idle, dygw_http_easy_t, ring)) {
        dygw_http_easy_t *easy = APR_RING_FIRST(&http->idle);

        APR_RING_REMOVE(easy, ring);
        dygw_http_easy_close(easy);
    }
    return APR_SUCCESS;
}

apr_status_t dygw_http_create(dygw_http_t **http, const dygw_http_settings_t *settings,
                              apr_pool_t *pool)
{
    dygw_http_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = dygw_pool_create(&made->pool, pool);

    if (rv == APR_SUCCESS) {
        rv = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, made->pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    made->settings = *settings;
    APR_RING_INIT(&made->idle, dygw_http_easy_t, ring);
    APR_RING_INIT(&made->busy, dygw_http_easy_t, ring);
    APR_RING_INIT(&made->closed, dygw_http_easy_t, ring);
    APR_RING_INIT(&made->wakeables, dygw_http_wakeable_t, ring);
    apr_pool_cleanup_register(made->pool, made, close_idle_handles, apr_pool_cleanup_null);
    *http = made;
    return APR_SUCCESS;
}
