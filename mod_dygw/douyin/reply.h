/* SPDX-License-Identifier: Apache-2.0
 * What came of a call to Douyin: the part that all replies have in common.
 *
 * Calls nothing but util/. */
#ifndef DYGW_DOUYIN_REPLY_H
#define DYGW_DOUYIN_REPLY_H

#include <apr_pools.h>
#include <apr_time.h>
#include <jansson.h>

#include "util/clock.h"

/* What an answer means to us. The numbers behind it: codes.h. */
typedef enum {
    DYGW_REPLY_OK,         /* error_code 0 on both levels */
    DYGW_REPLY_COUPON,     /* refused because of the coupon: final */
    DYGW_REPLY_SETUP,      /* refused because of permission, authorisation or address, or by a
                            * number of the platform's that nobody knows */
    DYGW_REPLY_REQUEST,    /* Douyin says that our request is wrong */
    DYGW_REPLY_TOKEN,      /* access token refused; nothing was done */
    DYGW_REPLY_BUSY,       /* "try again", HTTP 5xx: a verify may have been done or not */
    DYGW_REPLY_REVIEW,     /* risk review; Douyin may redeem the coupon within 48 h */
    DYGW_REPLY_GARBLED,    /* an answer that cannot be understood */
    DYGW_REPLY_TIMEOUT,    /* no whole answer within the total time-out */
    DYGW_REPLY_LOST,       /* the connection broke after the request may have been sent */
    DYGW_REPLY_UNREACHABLE /* no connection: certainly nothing was sent */
} dygw_reply_class_e;

/* Where a call without an answer failed on its way. */
typedef enum {
    DYGW_TROUBLE_NONE,
    DYGW_TROUBLE_PROXY_NAME,   /* the proxy's name is not known */
    DYGW_TROUBLE_NAME,         /* Douyin's is not, or the name server did not answer in time */
    DYGW_TROUBLE_CONNECT,      /* refused, or there is no way */
    DYGW_TROUBLE_CONNECT_TIME, /* no connection in time */
    DYGW_TROUBLE_PROXY,        /* the proxy does not let it through */
    DYGW_TROUBLE_CA_FILE,      /* the certificate authorities cannot be read */
    DYGW_TROUBLE_CERTIFICATE,  /* not trusted, or for another name */
    DYGW_TROUBLE_EXPIRED,      /* the certificate has expired, or will be valid only later */
    DYGW_TROUBLE_TLS,          /* no TLS for another reason */
    DYGW_TROUBLE_TIME,         /* connected, but no whole answer in time */
    DYGW_TROUBLE_BROKEN,       /* connected, then the connection broke */
    DYGW_TROUBLE_UNREADABLE    /* no HTTP, or an answer over the limit */
} dygw_trouble_e;

/* A call's outcome; in the pool of the call. What its error_code means, dygw_douyin_reply_* of
 * douyin.h tell. */
typedef struct dygw_reply_t {
    dygw_reply_class_e kind;
    dygw_trouble_e trouble;  /* NONE when there was an answer */
    int http_status;         /* 0 when there was no answer */
    apr_int64_t error_code;  /* the first non-zero of data and extra */
    const char *description; /* never NULL */
    apr_int64_t sub_error_code;
    const char *logid;      /* Douyin's, to quote to its support; never NULL */
    const char *account_id; /* that the call was made for; NULL: for none */
    const char *raw;        /* the body as it came; NULL when there was none. Valid JSON unless
                        * kind is GARBLED or BUSY */
    apr_size_t raw_len;
    json_t *data;             /* member "data" of the body, borrowed; NULL when there is none */
    apr_interval_time_t took; /* us */
    dygw_ms_t date;           /* Douyin's clock, to the second: Date, else extra's "now";
                               * DYGW_NO_TIME when absent */
    dygw_ms_t ended_at;       /* our clock at that moment */
    int sent_twice;           /* a kept-alive connection was dead and libcurl sent the request on
                               * another: the first may have arrived all the same, so "already
                               * used" may be our own doing */
    int was_dead;             /* LOST: a kept-alive connection was dead, under an order query,
                               * which libcurl must not send anew: Douyin counts order queries, so
                               * each has to wait for its turn */
} dygw_reply_t;

#endif
