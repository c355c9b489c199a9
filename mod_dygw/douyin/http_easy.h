/* SPDX-License-Identifier: Apache-2.0
 * Easy handles of libcurl, each of which makes one request after another. For the files http_*.c
 * alone. */
#ifndef DYGW_DOUYIN_HTTP_EASY_H
#define DYGW_DOUYIN_HTTP_EASY_H

#include <curl/curl.h>

#include <apr_ring.h>

#include "douyin/http.h"
#include "util/clock.h"

#define DYGW_HTTP_SLEEP_MAX_MS 1000 /* the longest sleep while a request is under way */
#define DYGW_HTTP_IDLE_MAX_SEC 60   /* servers and middleboxes drop connections unheard */

typedef struct dygw_http_easy_t dygw_http_easy_t;
typedef struct dygw_http_easy_ring_t dygw_http_easy_ring_t;

/* One thread has a handle at a time. */
struct dygw_http_easy_t {
    APR_RING_ENTRY(dygw_http_easy_t) ring;
    CURL *curl;
    CURLM *multi;  /* a multi handle of its own, which keeps the connections and which
                   * another thread can wake; NULL: that of http_multi.c is used */
    CURLU *origin; /* of the settings, taken apart; NULL: they have none */
    struct curl_slist *headers;
    const char *token;     /* the access token in the headers; NULL: there is none */
    const char *account;   /* the account in the headers, likewise */
    apr_time_t idle_since; /* by the steady clock */
    char problem[CURL_ERROR_SIZE];
    const dygw_http_settings_t *settings;

    /* The request in progress. */
    const dygw_http_request_t *request;
    dygw_http_answer_t *answer;
    apr_pool_t *pool;
    char *body;
    apr_size_t room; /* bytes that body has place for */
    int too_large;
    int times_sent;
    void *owner; /* for http_multi.c */
};

APR_RING_HEAD(dygw_http_easy_ring_t, dygw_http_easy_t);

/* Opens a handle without a multi handle of its own, in zeroed memory; 0: libcurl has no memory, and
 * the handle is to be closed. settings must outlive it. */
int dygw_http_easy_open(dygw_http_easy_t *easy, const dygw_http_settings_t *settings);

/* Closes a handle, and the multi handle if it has one of its own. Another handle may be opened in
 * its memory. */
void dygw_http_easy_close(dygw_http_easy_t *easy);

/* Puts the request into the handle, so that libcurl can send it. request, answer and pool must live
 * until the end. 0: libcurl has no memory. */
int dygw_http_easy_begin(dygw_http_easy_t *easy, const dygw_http_request_t *request,
                         dygw_http_answer_t *answer, apr_pool_t *pool);

/* Fills the answer in from libcurl's result; answer->aborted is the caller's to set before. */
void dygw_http_easy_end(dygw_http_easy_t *easy, CURLcode result);

#endif
