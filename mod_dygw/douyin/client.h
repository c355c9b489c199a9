/* SPDX-License-Identifier: Apache-2.0
 * What the calls in this room have in common. */
#ifndef DYGW_DOUYIN_CLIENT_H
#define DYGW_DOUYIN_CLIENT_H

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
    const char *name;           /* for the log: prepare */
    const char *target;         /* path and query */
    const char *access_token;   /* NULL = none */
    const char *body;           /* NULL = GET */
    apr_size_t body_len;
} dygw_douyin_call_t;

/* Makes the call and reads the envelope of its answer. What failed on the way is logged. */
void dygw_douyin_call(dygw_douyin_t *douyin, const dygw_douyin_call_t *call, dygw_reply_t *reply,
                      const dygw_log_t *log, apr_pool_t *pool);

/* Reads what came with reply->http_status, raw and raw_len into the rest of reply. */
void dygw_douyin_read_envelope(dygw_reply_t *reply, dygw_call_e what, apr_pool_t *pool);

/* The rules of DygwShortLinkHosts' words. */
apr_array_header_t *dygw_douyin_link_rules(const apr_array_header_t *words, apr_pool_t *pool);

/* "&name=value" percent-encoded, or "" when value is NULL. */
const char *dygw_douyin_argument(const char *name, const char *value, apr_pool_t *pool);

#endif
