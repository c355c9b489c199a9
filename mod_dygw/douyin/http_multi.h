/* SPDX-License-Identifier: Apache-2.0
 * Many requests at once from one thread, none of which it waits for by itself. */
#ifndef DYGW_DOUYIN_HTTP_MULTI_H
#define DYGW_DOUYIN_HTTP_MULTI_H

#include "douyin/http.h"

/* The requests that one thread has under way. Belongs to that thread; connections are kept. */
typedef struct dygw_http_multi_t dygw_http_multi_t;

/* A request under way. The caller sets request, pool and baton, zeroes the rest, and keeps it, and
 * what it points to, until it is completed. */
typedef struct dygw_http_transfer_t dygw_http_transfer_t;
struct dygw_http_transfer_t {
    dygw_http_request_t request;
    dygw_http_answer_t answer; /* in pool; whole when the transfer is completed */
    apr_pool_t *pool;
    void *baton;
    dygw_http_transfer_t *next; /* for http_multi.c */
};

/* With the settings of http. Lives as long as pool, which is that of http or ends before it;
 * requests under way are ended with it. */
apr_status_t dygw_http_multi_create(dygw_http_multi_t **multi, dygw_http_t *http, apr_pool_t *pool);

/* Sends the request, without waiting. One that cannot be sent is completed as UNREACHABLE. */
void dygw_http_multi_begin(dygw_http_multi_t *multi, dygw_http_transfer_t *transfer);

/* How many requests are under way. */
int dygw_http_multi_count(const dygw_http_multi_t *multi);

/* Waits up to patience (us; 0: not at all) for a request to be completed. NULL: none was, which is
 * said at once when none is under way. To be called then, too: it closes connections that nobody
 * needs. After dygw_http_abort, it completes all requests at once, as LOST or UNREACHABLE. */
dygw_http_transfer_t *dygw_http_multi_next(dygw_http_multi_t *multi, apr_interval_time_t patience);

#endif
