/* SPDX-License-Identifier: Apache-2.0
 * Many requests of one thread, in one multi handle of libcurl, which keeps their connections. Each
 * request has an easy handle for as long as it is under way; easy handles are used again.
 *
 * All that libcurl does, it does inside of dygw_http_multi_begin and dygw_http_multi_next, in the
 * thread that the requests belong to. Another thread only aborts: it sets a flag and wakes the
 * multi handle.
 *
 * Calls libcurl, http_easy.c, http_outcome.c and, for aborts, http_handles.c. */
#include "douyin/http_multi.h"

#include "douyin/http_handles.h"

#define CONNECTIONS_KEPT 128L

struct dygw_http_multi_t {
    dygw_http_t *http;
    dygw_http_wakeable_t wakeable; /* with the multi handle; NULL when none is needed */
    apr_pool_t *easies;            /* memory of easy handles; cleared when all are closed */
    dygw_http_easy_ring_t idle;
    dygw_http_easy_ring_t busy;
    dygw_http_transfer_t *unsent; /* begun, but could not be sent */
    int count;
    int broken;            /* libcurl does not go on: what is under way is lost */
    apr_time_t idle_since; /* when the last request was completed, by the steady clock */
};

/* --- easy handles --- */

static void close_easies(dygw_http_easy_ring_t *easies, CURLM *curlm)
{
    while (!APR_RING_EMPTY(easies, dygw_http_easy_t, ring)) {
        dygw_http_easy_t *easy = APR_RING_FIRST(easies);

        APR_RING_REMOVE(easy, ring);
        curl_multi_remove_handle(curlm, easy->curl);
        dygw_http_easy_close(easy);
    }
}

/* Closes all connections, and forgets what was under way. */
static void close_multi(dygw_http_multi_t *multi)
{
    CURLM *curlm = multi->wakeable.multi;

    dygw_http_handles_set(multi->http, &multi->wakeable, NULL);
    close_easies(&multi->busy, curlm);
    close_easies(&multi->idle, curlm);
    curl_multi_cleanup(curlm);
    apr_pool_clear(multi->easies);
    multi->broken = 0;
}

static int has_multi_handle(dygw_http_multi_t *multi)
{
    CURLM *curlm = multi->wakeable.multi;

    if (!curlm) {
        curlm = curl_multi_init();
        curl_multi_setopt(curlm, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
        dygw_http_handles_set(multi->http, &multi->wakeable, curlm);
    }
    return curlm != NULL;
}

/* NULL: libcurl has no memory. */
static dygw_http_easy_t *take_easy(dygw_http_multi_t *multi)
{
    dygw_http_easy_t *easy;

    if (!APR_RING_EMPTY(&multi->idle, dygw_http_easy_t, ring)) {
        easy = APR_RING_FIRST(&multi->idle);
        APR_RING_REMOVE(easy, ring);
        return easy;
    }
    easy = apr_pcalloc(multi->easies, sizeof(*easy));
    if (dygw_http_easy_open(easy, &multi->http->settings)) {
        return easy;
    }
    dygw_http_easy_close(easy);
    return NULL;
}

/* --- begin --- */

/* Whether the request is under way now. The clock of its time-out starts when libcurl first sees
 * it. */
static int send_transfer(dygw_http_multi_t *multi, dygw_http_transfer_t *transfer)
{
    dygw_http_easy_t *easy = has_multi_handle(multi) ? take_easy(multi) : NULL;
    int running;

    if (!easy) {
        return 0;
    }
    if (!dygw_http_easy_begin(easy, &transfer->request, &transfer->answer, transfer->pool)
        || curl_multi_add_handle(multi->wakeable.multi, easy->curl) != CURLM_OK) {
        APR_RING_INSERT_HEAD(&multi->idle, easy, dygw_http_easy_t, ring);
        return 0;
    }
    APR_RING_INSERT_TAIL(&multi->busy, easy, dygw_http_easy_t, ring);
    easy->owner = transfer;
    multi->broken |= curl_multi_perform(multi->wakeable.multi, &running) != CURLM_OK;
    return 1;
}

static void leave_unsent(dygw_http_multi_t *multi, dygw_http_transfer_t *transfer)
{
    transfer->answer.end = DYGW_HTTP_UNREACHABLE;
    transfer->answer.aborted = dygw_http_is_aborted(multi->http);
    transfer->answer.problem = transfer->answer.aborted ? "aborted" : "out of memory";
    transfer->next = multi->unsent;
    multi->unsent = transfer;
}

void dygw_http_multi_begin(dygw_http_multi_t *multi, dygw_http_transfer_t *transfer)
{
    multi->count++;
    if (dygw_http_is_aborted(multi->http) || !send_transfer(multi, transfer)) {
        leave_unsent(multi, transfer);
    }
}

int dygw_http_multi_count(const dygw_http_multi_t *multi)
{
    return multi->count;
}

/* --- next --- */

/* Frees the easy handle of the request. A connection in an unknown state, libcurl closes by
 * itself. */
static dygw_http_transfer_t *end_transfer(dygw_http_multi_t *multi, dygw_http_easy_t *easy,
                                          CURLcode result)
{
    dygw_http_transfer_t *transfer = easy->owner;

    curl_multi_remove_handle(multi->wakeable.multi, easy->curl);
    dygw_http_easy_end(easy, result);
    APR_RING_REMOVE(easy, ring);
    APR_RING_INSERT_HEAD(&multi->idle, easy, dygw_http_easy_t, ring);
    return transfer;
}

static dygw_http_transfer_t *take_unsent(dygw_http_multi_t *multi)
{
    dygw_http_transfer_t *transfer = multi->unsent;

    if (transfer) {
        multi->unsent = transfer->next;
    }
    return transfer;
}

/* What libcurl is done with. */
static dygw_http_transfer_t *take_done(dygw_http_multi_t *multi)
{
    CURLMsg *message;
    dygw_http_easy_t *easy = NULL;
    int left;

    do {
        message = curl_multi_info_read(multi->wakeable.multi, &left);
    } while (message && message->msg != CURLMSG_DONE);
    if (!message || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &easy) != CURLE_OK) {
        return NULL;
    }
    return end_transfer(multi, easy, message->data.result);
}

/* What libcurl will not be asked to go on with. */
static dygw_http_transfer_t *take_hopeless(dygw_http_multi_t *multi)
{
    int aborted = dygw_http_is_aborted(multi->http);
    dygw_http_easy_t *easy = APR_RING_FIRST(&multi->busy);

    if (APR_RING_EMPTY(&multi->busy, dygw_http_easy_t, ring) || !(aborted || multi->broken)) {
        return NULL;
    }
    easy->answer->aborted = aborted;
    return end_transfer(multi, easy, CURLE_FAILED_INIT);
}

static dygw_http_transfer_t *take_completed(dygw_http_multi_t *multi)
{
    dygw_http_transfer_t *transfer = take_unsent(multi);

    if (!transfer && multi->wakeable.multi) {
        transfer = take_done(multi);
    }
    return transfer ? transfer : take_hopeless(multi);
}

/* Waits up to patience for something to do, and has libcurl do it. */
static void wait_and_perform(dygw_http_multi_t *multi, apr_interval_time_t patience)
{
    apr_interval_time_t ms = (patience + 999) / 1000;
    int wait = ms > DYGW_HTTP_SLEEP_MAX_MS ? DYGW_HTTP_SLEEP_MAX_MS : (int)ms;
    int running;

    if ((wait > 0 && curl_multi_poll(multi->wakeable.multi, NULL, 0, wait, NULL) != CURLM_OK)
        || (!dygw_http_is_aborted(multi->http)
            && curl_multi_perform(multi->wakeable.multi, &running) != CURLM_OK)) {
        multi->broken = 1;
    }
}

/* NULL: no request is completed until then. */
static dygw_http_transfer_t *await_completed(dygw_http_multi_t *multi, apr_interval_time_t patience)
{
    apr_time_t until = dygw_steady_now() + patience;
    apr_interval_time_t wait = 0;
    dygw_http_transfer_t *transfer = take_completed(multi);

    if (transfer || multi->count == 0) {
        return transfer;
    }
    do {
        wait_and_perform(multi, wait);
        transfer = take_completed(multi);
        wait = until - dygw_steady_now();
    } while (!transfer && wait > 0);
    return transfer;
}

/* Closes the connections when nobody has needed them for so long that they are of no use. */
static void close_useless(dygw_http_multi_t *multi)
{
    apr_interval_time_t idle = dygw_steady_now() - multi->idle_since;

    if (multi->wakeable.multi && multi->count == 0
        && (multi->broken || idle >= apr_time_from_sec(DYGW_HTTP_IDLE_MAX_SEC))) {
        close_multi(multi);
    }
}

dygw_http_transfer_t *dygw_http_multi_next(dygw_http_multi_t *multi, apr_interval_time_t patience)
{
    dygw_http_transfer_t *transfer = await_completed(multi, patience);

    if (transfer) {
        multi->count--;
        multi->idle_since = dygw_steady_now();
    }
    close_useless(multi);
    return transfer;
}

/* --- its life --- */

static apr_status_t end_multi(void *baton)
{
    dygw_http_multi_t *multi = baton;

    close_multi(multi);
    dygw_http_handles_remove(multi->http, &multi->wakeable);
    return APR_SUCCESS;
}

apr_status_t dygw_http_multi_create(dygw_http_multi_t **multi, dygw_http_t *http, apr_pool_t *pool)
{
    dygw_http_multi_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = apr_pool_create(&made->easies, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    made->http = http;
    APR_RING_INIT(&made->idle, dygw_http_easy_t, ring);
    APR_RING_INIT(&made->busy, dygw_http_easy_t, ring);
    dygw_http_handles_add(made->http, &made->wakeable);
    /* Before the pools below go, which the easy handles are in, and maybe the client. */
    apr_pool_pre_cleanup_register(pool, made, end_multi);
    *multi = made;
    return APR_SUCCESS;
}
