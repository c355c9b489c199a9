/* SPDX-License-Identifier: Apache-2.0
 * One call of our API while it is being answered. */
#ifndef DYGW_HANDLE_CALL_H
#define DYGW_HANDLE_CALL_H

#include "mod_dygw_private.h"

#include "cfg/cfg.h"
#include "gateway/gateway.h"
#include "gateway/apps/apps.h"
#include "process/runtime.h"

/* Of the API; requests to /health are in none. */
typedef enum { DYGW_NO_HALF, DYGW_HALF_OPEN, DYGW_HALF_INTERNAL } dygw_half_e;

typedef struct dygw_call_t {
    request_rec *r;
    dygw_half_e half;
    dygw_runtime_t *runtime;        /* NULL: this child could not start the gateway */
    dygw_log_t log;                 /* with the request id */
    dygw_ctx_t ctx;                 /* for the gateway; there is none without a runtime */
    const char *mount;              /* the <Location>'s path, without a slash at the end */
    const char *route;              /* path below it, "/coupons/verify" */
    const char *body;               /* as it came, NUL ended besides; "" when there is none */
    apr_size_t body_len;
    int is_read;                    /* as far as it was wanted */
    /* /open: the four headers, once dygw_auth_headers accepted them */
    const char *signed_timestamp;
    const char *signed_nonce;
    const char *signed_key;
    const char *signature;
    apr_int64_t timestamp;          /* s */
    const dygw_known_app_t *app;    /* /open: who calls */
    const char *actor;              /* /internal: the operator */
    apr_int64_t id;                 /* the id in the path, when the route has one */
} dygw_call_t;

#endif
