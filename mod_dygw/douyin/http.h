/* SPDX-License-Identifier: Apache-2.0
 * HTTP over libcurl, for this room alone. Here: blocking calls from many threads, connections kept;
 * http_multi.h: many requests of one thread at once. Knows nothing of Douyin. */
#ifndef DYGW_DOUYIN_HTTP_H
#define DYGW_DOUYIN_HTTP_H

#include <apr_pools.h>
#include <apr_time.h>

#include "douyin/reply.h"
#include "util/clock.h"

typedef struct dygw_http_t dygw_http_t;

/* libcurl's own set-up; see dygw_douyin_global_init and dygw_douyin_old_libcurl. */
apr_status_t dygw_http_global_init(apr_pool_t *pool);
const char *dygw_http_old_libcurl(void);

typedef struct dygw_http_settings_t {
    const char *schemes; /* what URLs may have: "https", "http" or "http,https" */
    const char *origin;  /* "https://host:port" of every request, which libcurl then need not take
                          * apart each time; NULL: each has a URL. Not for http:// by a proxy, which
                          * is to be told the URL */
    const char *const *headers;          /* "name: value" of every request, NULL ended */
    const char *ca_file;                 /* NULL = the system's */
    const char *proxy;                   /* NULL = none, whatever the environment says */
    apr_interval_time_t connect_timeout; /* us */
    apr_size_t max_body;                 /* bytes of an answer's body, when it is decoded */
    int decode; /* decodes a compressed body, which was not asked for, too */
} dygw_http_settings_t;

/* Handles of libcurl that keep their connections. They are opened when needed and closed with pool,
 * which must outlive all calls. Settings are copied, what they point to is not. */
apr_status_t dygw_http_create(dygw_http_t **http, const dygw_http_settings_t *settings,
                              apr_pool_t *pool);

typedef struct dygw_http_request_t {
    const char *url;          /* unless the settings have an origin */
    const char *target;       /* if they have: the path and the query, to be sent as they are */
    const char *access_token; /* NULL = none is sent */
    const char *account_id;   /* the same */
    const char *body;         /* NULL = GET, else POST */
    apr_size_t body_len;
    apr_interval_time_t timeout; /* us, for all of it */
    dygw_ms_t send_by;           /* not to be sent after that, by our clock; 0 = at any time */
    int once;                    /* not sent anew when a kept connection turns out to be dead */
    int direct;                  /* past the proxy */
    int guarded;                 /* connects to public addresses only (a proxy's excepted) */
} dygw_http_request_t;

typedef enum {
    DYGW_HTTP_ANSWERED,   /* a whole answer, of any status */
    DYGW_HTTP_UNREADABLE, /* no HTTP, or a body over the limit */
    DYGW_HTTP_TIMEOUT,    /* no whole answer in time */
    DYGW_HTTP_LOST,       /* broke off after the request may have been sent */
    DYGW_HTTP_UNREACHABLE /* certainly nothing was sent */
} dygw_http_end_e;

typedef struct dygw_http_answer_t {
    dygw_http_end_e end;
    int status;       /* 0 when none came; known with a body over the limit too */
    const char *body; /* NUL ended; NULL unless ANSWERED */
    apr_size_t body_len;
    const char *location; /* the header, as it came; NULL when absent */
    dygw_ms_t date;       /* the header; DYGW_NO_TIME when absent */
    dygw_ms_t ended_at;   /* by our clock */
    dygw_trouble_e trouble;
    const char *problem;      /* libcurl's words when not ANSWERED, for logs; never NULL */
    int is_sandbox;           /* it has the header of the sandbox */
    int sent_twice;           /* anew on another connection, because a kept one was dead */
    int was_dead;             /* a kept one was dead, and the request was to be sent once */
    int address_refused;      /* guarded, and an address was not public */
    int aborted;              /* by dygw_http_abort */
    apr_interval_time_t took; /* us */
} dygw_http_answer_t;

/* One call, in this thread. The answer is in pool, never NULL. */
dygw_http_answer_t *dygw_http_call(dygw_http_t *http, const dygw_http_request_t *request,
                                   apr_pool_t *pool);

/* Ends calls in progress at once, and those to come before they start. From any thread. */
void dygw_http_abort(dygw_http_t *http);

typedef struct dygw_url_t {
    const char *text;   /* as it is requested */
    const char *scheme; /* lower case */
    const char *host;   /* as written; IPv6 in brackets */
    const char *port;   /* the scheme's own when none is written */
    const char *query;  /* still percent-encoded; NULL when there is none */
} dygw_url_t;

/* Takes a URL apart, relative to base unless that is NULL, exactly as a call would. NULL: no URL,
 * or one with a user name. From pool. */
const dygw_url_t *dygw_http_url(const char *base, const char *text, apr_pool_t *pool);

#endif
