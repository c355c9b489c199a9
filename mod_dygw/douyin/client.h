/* SPDX-License-Identifier: Apache-2.0
 * A client for one Douyin application, and the way of every call, for the files of the calls. */
#ifndef DYGW_DOUYIN_CLIENT_H
#define DYGW_DOUYIN_CLIENT_H

#include "douyin/douyin.h"
#include "douyin/http.h"

#define DYGW_PATH_OF_CERTIFICATES "/goodlife/v1/fulfilment/certificate/"

struct dygw_douyin_t {
    dygw_douyin_config_t config;
    apr_uint32_t upstream_id; /* a hash of the base_url */
    int is_loopback;          /* that is on this machine */
    const char *origin;       /* the base_url, if it is one; NULL: requests have whole URLs */
    dygw_http_t *upstream;
    dygw_http_t *links;             /* has nothing that is for Douyin's API alone */
    apr_array_header_t *link_rules; /* of dygw_link_rule_t */
};

/* A call to Douyin's API, before it is made. */
typedef struct dygw_douyin_call_t {
    dygw_call_e what;
    dygw_upstream_e counted_as;
    const char *name;         /* for the log: "prepare" */
    const char *target;       /* path and query */
    const char *access_token; /* NULL = none */
    const char *account_id;   /* for the header; NULL = none */
    const char *body;         /* NULL = GET, else POST */
    apr_size_t body_len;
    dygw_ms_t send_by;            /* not to be sent after that, by our clock; 0 = at any time */
    int once;                     /* see dygw_http_request_t */
    apr_interval_time_t patience; /* us: ended sooner than other calls; 0 = as they are */
    int both_levels;              /* no success unless both levels of the envelope say 0 */
} dygw_douyin_call_t;

/* Makes the call and reads the envelope of its answer; what reply points to is in pool. A failure
 * on the way is logged and counted. */
void dygw_douyin_call(dygw_douyin_t *douyin, const dygw_douyin_call_t *call, dygw_reply_t *reply,
                      const dygw_log_t *log, apr_pool_t *pool);

/* The two halves of dygw_douyin_call, for who does not wait: the request of a call, */
void dygw_douyin_request(dygw_http_request_t *request, const dygw_douyin_t *douyin,
                         const dygw_douyin_call_t *call, apr_pool_t *pool);
/* and the reply that the answer to it makes. */
void dygw_douyin_read_answer(dygw_reply_t *reply, const dygw_douyin_t *douyin,
                             const dygw_douyin_call_t *call, const dygw_http_answer_t *answer,
                             const dygw_log_t *log, apr_pool_t *pool);

/* Counts how one request ended, whatever was answered. */
void dygw_douyin_count_end(const dygw_douyin_t *douyin, dygw_upstream_e call,
                           const dygw_http_answer_t *answer);

/* Counts a refusal by its code, and logs one that the table of codes lacks. call: its name for the
 * log. */
void dygw_douyin_note_refusal(const dygw_douyin_t *douyin, const char *call, apr_int64_t error_code,
                              dygw_reply_class_e kind, const char *logid, const dygw_log_t *log);

/* "&name=value" percent-encoded, or "" when value is NULL. */
const char *dygw_douyin_argument(const char *name, const char *value, apr_pool_t *pool);

#endif
