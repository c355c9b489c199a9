/* SPDX-License-Identifier: Apache-2.0
 * One call of our API while it is being answered, and how what is wrong with it is told. */
#ifndef DYGW_AUTH_CALL_H
#define DYGW_AUTH_CALL_H

#include "cfg/cfg.h"
#include "gateway/gateway.h"
#include "gateway/apps/apps.h"
#include "process/runtime.h"

/* Which API a call is of; one of /health is of neither. */
typedef enum { DYGW_API_NONE, DYGW_API_OPEN, DYGW_API_INTERNAL } dygw_api_e;

typedef struct dygw_call_t {
    request_rec *r;
    dygw_api_e api;
    dygw_runtime_t *runtime; /* NULL: this child could not start the gateway */
    dygw_log_t log;          /* with the request id */
    dygw_ctx_t ctx;          /* for the gateway; there is none without a runtime */
    const char *mount;       /* the <Location>'s path, without a slash at the end */
    const char *route;       /* path below it, "/coupons/verify" */
    const char *body;        /* as it came, NUL ended besides; "" when there is none */
    apr_size_t body_len;
    int is_read; /* the body was read, as far as it was wanted */
    /* /open: the four headers, once dygw_auth_headers accepted them */
    const char *signed_timestamp;
    const char *signed_nonce;
    const char *signed_key;
    const char *signature;
    apr_int64_t timestamp;       /* s */
    const dygw_known_app_t *app; /* /open: who calls */
    const char *actor;           /* /internal: the operator */
    apr_int64_t id;              /* the id in the path, when the route has one */
} dygw_call_t;

/* *out becomes DYGW_INVALID_REQUEST about field, unless *out tells of a mistake already: the first
 * mistake counts. field: NULL, or a header, a parameter or a member of the body. */
void dygw_invalid(dygw_result_t *out, const char *field, const char *message);

/* For the value of a header that decides something. 0: the header came twice, *out says so. Httpd
 * has joined the two to "a, b" before any module sees them, so that a header with ", " in it is
 * taken for two. */
int dygw_header_once(const char *value, const char *header, apr_pool_t *pool, dygw_result_t *out);

#endif
