/* SPDX-License-Identifier: Apache-2.0
 * Lines: handles of libcurl that keep their connections. For the files http* alone. */
#ifndef DYGW_DOUYIN_HTTP_EASY_H
#define DYGW_DOUYIN_HTTP_EASY_H

#include <curl/curl.h>

#include <apr_ring.h>
#include <apr_thread_mutex.h>

#include "douyin/http.h"
#include "util/clock.h"

#define DYGW_LINE_LOOK_UP_MS        1000    /* the longest sleep of calls in progress */
#define DYGW_LINE_MAX_IDLE_SEC      60      /* servers and middleboxes drop connections unheard */

typedef struct dygw_line_t dygw_line_t;
typedef struct dygw_line_ring_t dygw_line_ring_t;

/* An easy handle, and the multi handle that it runs in, which keeps the connections and can be
 * woken from another thread. One thread has a line at a time. */
struct dygw_line_t {
    APR_RING_ENTRY(dygw_line_t) ring;
    CURL *easy;
    CURLM *multi;               /* its own; NULL: that of a flight */
    struct curl_slist *headers;
    const char *token;          /* in the headers; NULL = not there */
    dygw_ms_t idle_since;
    char problem[CURL_ERROR_SIZE];
    const dygw_http_settings_t *settings;

    /* The call in progress. */
    const dygw_http_request_t *request;
    dygw_http_answer_t *answer;
    apr_pool_t *pool;
    char *body;
    apr_size_t room;
    int too_large;
    int times_sent;
    void *owner;                /* for the flight */
};

APR_RING_HEAD(dygw_line_ring_t, dygw_line_t);

/* A flight, as seen by an abort: the multi handle that it may be waiting for, or NULL. */
typedef struct dygw_waker_t dygw_waker_t;
struct dygw_waker_t {
    APR_RING_ENTRY(dygw_waker_t) ring;
    CURLM *multi;
};

APR_RING_HEAD(dygw_waker_ring_t, dygw_waker_t);

struct dygw_http_t {
    dygw_http_settings_t settings;
    apr_pool_t *pool;           /* its own allocator; used under the mutex only */
    apr_thread_mutex_t *mutex;
    dygw_line_ring_t idle;      /* open, the last used first */
    dygw_line_ring_t busy;      /* open, with a thread each */
    dygw_line_ring_t closed;    /* memory to use again */
    struct dygw_waker_ring_t wakers;
    volatile apr_uint32_t aborted;
};

/* A line for this thread; NULL when libcurl has no memory. */
dygw_line_t *dygw_line_take(dygw_http_t *http);

/* Back to the others, or closed when it is not usable: a connection in an unknown state must not
 * be met again. */
void dygw_line_give_back(dygw_http_t *http, dygw_line_t *line, int usable);

/* Opens a line without a multi handle of its own, in zeroed memory; 0: libcurl has no memory.
 * Closing takes any. */
int dygw_line_open(dygw_line_t *line, const dygw_http_settings_t *settings);
void dygw_line_close(dygw_line_t *line);

/* From the request to the moment before it is sent; all of them must live until the end. 0: no
 * memory, and the line is as it was. */
int dygw_line_begin(dygw_line_t *line, const dygw_http_request_t *request,
                    dygw_http_answer_t *answer, apr_pool_t *pool);

/* From libcurl's result to the answer, whose `aborted` is the caller's to set before. */
void dygw_line_end(dygw_line_t *line, CURLcode result);

/* Whether what came is no HTTP, or too large. */
int dygw_line_is_unreadable(const dygw_line_t *line, CURLcode result);

/* Where a call failed that libcurl ended with result. */
dygw_trouble_e dygw_line_trouble(const dygw_line_t *line, CURLcode result);

int dygw_line_aborted(dygw_http_t *http);

/* Has the waker woken by an abort, or no more; changes its multi handle, which the caller owns. */
void dygw_line_add_waker(dygw_http_t *http, dygw_waker_t *waker);
void dygw_line_remove_waker(dygw_http_t *http, dygw_waker_t *waker);
void dygw_line_set_waker(dygw_http_t *http, dygw_waker_t *waker, CURLM *multi);

/* libcurl's callbacks; the baton is the line. In http.c, set when a line is opened. */
int dygw_line_before_sending(void *baton, char *remote_ip, char *local_ip, int remote_port,
                             int local_port);
curl_socket_t dygw_line_open_socket(void *baton, curlsocktype purpose,
                                    struct curl_sockaddr *address);
size_t dygw_line_receive(char *data, size_t one, size_t len, void *baton);

/* In milliseconds; at least 1, because 0 means "none" to libcurl. */
long dygw_line_ms(apr_interval_time_t us);

#endif
