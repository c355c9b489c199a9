/* SPDX-License-Identifier: Apache-2.0
 * What the calls in this room have in common. */
#ifndef DYGW_DOUYIN_CLIENT_H
#define DYGW_DOUYIN_CLIENT_H

#include "douyin/codes.h"
#include "douyin/douyin.h"
#include "douyin/http.h"

#define DYGW_PATH_OF_CERTIFICATES "/goodlife/v1/fulfilment/certificate/"

/* A host that links may lead to. */
typedef struct dygw_link_rule_t {
    const char *host;
    int below;              /* any host below this one (not the host itself) */
    const char *port;       /* plain http to this port, at any address; NULL = https */
} dygw_link_rule_t;

struct dygw_douyin_t {
    dygw_douyin_config_t config;
    dygw_http_t *upstream;
    dygw_http_t *links;                 /* apart: nothing that is for Douyin's API alone */
    apr_array_header_t *link_rules;     /* of dygw_link_rule_t */
};

typedef struct dygw_douyin_call_t {
    dygw_call_e what;
    dygw_upstream_e counted_as;
    const char *name;           /* for the log: prepare */
    const char *target;         /* path and query */
    const char *access_token;   /* NULL = none */
    const char *body;           /* NULL = GET */
    apr_size_t body_len;
    dygw_ms_t send_by;          /* not to be sent after that; 0 = at any time */
    int once;                   /* see dygw_http_request_t */
    int both_levels;            /* no success unless both levels of the envelope say 0 */
} dygw_douyin_call_t;

/* Makes the call and reads the envelope of its answer. What failed on the way is logged. */
void dygw_douyin_call(dygw_douyin_t *douyin, const dygw_douyin_call_t *call, dygw_reply_t *reply,
                      const dygw_log_t *log, apr_pool_t *pool);

/* The halves of a call, for a flight: what is requested, what came of it. */
void dygw_douyin_request(dygw_http_request_t *request, const dygw_douyin_t *douyin,
                         const dygw_douyin_call_t *call, apr_pool_t *pool);
void dygw_douyin_read_answer(dygw_reply_t *reply, const dygw_douyin_t *douyin,
                             const dygw_douyin_call_t *call, const dygw_http_answer_t *answer,
                             const dygw_log_t *log, apr_pool_t *pool);

/* Counts what one request came to, whatever was answered. */
void dygw_douyin_count_end(const dygw_douyin_t *douyin, dygw_upstream_e call,
                           const dygw_http_answer_t *answer);

/* Takes down a refusal: counts it by its code; one that the table lacks is logged, too. call: its
 * name for the log. */
void dygw_douyin_note_refusal(const dygw_douyin_t *douyin, const char *call,
                              apr_int64_t error_code, dygw_reply_class_e kind, const char *logid,
                              const dygw_log_t *log);

/* Reads what came with reply->http_status, raw and raw_len into the rest of reply. */
void dygw_douyin_read_envelope(dygw_reply_t *reply, const dygw_douyin_call_t *call,
                               apr_pool_t *pool);

/* --- questions: each is put into a call, all but the access token; the reply is read --- */

void dygw_douyin_put_get(const dygw_douyin_t *douyin, const dygw_question_t *question,
                         dygw_douyin_call_t *call, apr_pool_t *pool);
void dygw_douyin_put_query(const dygw_douyin_t *douyin, const dygw_question_t *question,
                           dygw_douyin_call_t *call, apr_pool_t *pool);
void dygw_douyin_put_verify(const dygw_douyin_t *douyin, const dygw_question_t *question,
                            dygw_douyin_call_t *call, apr_pool_t *pool);
void dygw_douyin_put_cancel(const dygw_douyin_t *douyin, const dygw_question_t *question,
                            dygw_douyin_call_t *call, apr_pool_t *pool);
void dygw_douyin_put_order(const dygw_douyin_t *douyin, const dygw_question_t *question,
                           dygw_douyin_call_t *call, apr_pool_t *pool);
void dygw_douyin_put_records(const dygw_douyin_t *douyin, const dygw_question_t *question,
                             dygw_douyin_call_t *call, apr_pool_t *pool);

void dygw_douyin_put_stores(const dygw_douyin_t *douyin, const dygw_question_t *question,
                            dygw_douyin_call_t *call, apr_pool_t *pool);

dygw_coupons_reply_t *dygw_douyin_read_get(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_coupons_reply_t *dygw_douyin_read_query(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_verify_reply_t *dygw_douyin_read_verify(const dygw_douyin_t *douyin,
                                             const dygw_question_t *question,
                                             const dygw_reply_t *reply, const dygw_log_t *log,
                                             apr_pool_t *pool);
dygw_cancel_reply_t *dygw_douyin_read_cancel(const dygw_reply_t *reply, apr_pool_t *pool);
dygw_order_reply_t *dygw_douyin_read_order(const dygw_question_t *question,
                                           const dygw_reply_t *reply, apr_pool_t *pool);
dygw_records_reply_t *dygw_douyin_read_records(const dygw_reply_t *reply, apr_pool_t *pool);

/* Fen paid for one use of a times card, where an item tells of it; else -1. */
apr_int64_t dygw_douyin_amount_of_use(const json_t *item);

/* One coupon as prepare, get and query show it; without encrypted_code that is NULL. */
void dygw_douyin_read_certificate(dygw_certificate_t *certificate, const json_t *item,
                                  apr_pool_t *pool);

/* What Douyin gives copies of, under `name`, `name`_v2 or `name`_v_2, an array of objects or an
 * object: the first that has something. NULL: none has; *strange tells whether one of them is
 * something else all the same than absent, null or empty. */
const json_t *dygw_douyin_copy(const json_t *data, const char *name, json_type type, int *strange,
                               apr_pool_t *pool);

/* The verify_id of an object that has one; NULL also for "0", with which Douyin says that there is
 * none. */
const char *dygw_douyin_verify_id(const json_t *verify, apr_pool_t *pool);

/* The rules of DygwShortLinkHosts' words. */
apr_array_header_t *dygw_douyin_link_rules(const apr_array_header_t *words, apr_pool_t *pool);

/* "&name=value" percent-encoded, or "" when value is NULL. */
const char *dygw_douyin_argument(const char *name, const char *value, apr_pool_t *pool);

#endif
