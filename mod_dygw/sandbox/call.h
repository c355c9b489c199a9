/* SPDX-License-Identifier: Apache-2.0
 * One call of Douyin's API: what was asked, and the answer in the making. */
#ifndef DYGW_SANDBOX_CALL_H
#define DYGW_SANDBOX_CALL_H

#include "sandbox/state.h"
#include "util/jsonw.h"

typedef struct dygw_sandbox_call_t dygw_sandbox_call_t;

/* Gives call->w and the rest of the answer. */
typedef void dygw_sandbox_call_fn(dygw_sandbox_call_t *call);

typedef struct dygw_sandbox_endpoint_t {
    const char *name;               /* as the control interface calls it */
    const char *path;               /* without the slash at the end */
    int is_prefix;                  /* the path goes on */
    int method;
    int needs_token;
    dygw_sandbox_call_fn *answer;
} dygw_sandbox_endpoint_t;

struct dygw_sandbox_call_t {
    request_rec *r;
    apr_pool_t *pool;
    dygw_sandbox_call_e which;
    const dygw_sandbox_endpoint_t *endpoint;
    apr_table_t *query;             /* decoded */
    const char *body;               /* NUL ended */
    apr_size_t body_len;
    dygw_sandbox_fault_t fault;     /* what goes wrong with this call */
    int token_ok;                   /* -1: none needed */
    apr_int64_t token_error;        /* if it is not */
    dygw_ms_t began;
    dygw_sandbox_switches_t switches;       /* as they were when the call came */

    int http_status;                /* 0: none, the connection is closed */
    const char *content_type;
    const char *location;
    apr_int64_t error_code;
    dygw_jsonw_t w;                 /* the body */
};

extern const dygw_sandbox_endpoint_t dygw_sandbox_endpoints[DYGW_SANDBOX_CALLS];

/* Handler of everything that is not control. */
int dygw_sandbox_serve(request_rec *r);

/* Reads the body of a request, at most 1 MB. An HTTP status, or OK. */
int dygw_sandbox_read_body(request_rec *r, const char **body, apr_size_t *len);

/* Sends the answer as it stands, with its length. */
int dygw_sandbox_send(request_rec *r, int status, const char *type, const char *body,
                      apr_size_t len);

/* The parameters of a raw query string (NULL: none), decoded as a form's, so a plain + is a space;
 * those that cannot be decoded are left out. */
apr_table_t *dygw_sandbox_args(apr_pool_t *pool, const char *args);

/* A parameter of the query, NULL when absent or empty. */
const char *dygw_sandbox_param(const dygw_sandbox_call_t *call, const char *name);

/* The same as number; fallback when absent, -1 when it is none. */
apr_int64_t dygw_sandbox_param_int(const dygw_sandbox_call_t *call, const char *name,
                                   apr_int64_t fallback);

/* Counts an order query, for the peak; the lock is held. */
void dygw_sandbox_orders_asked(dygw_ms_t now);

/* One file each. */
dygw_sandbox_call_fn dygw_sandbox_client_token, dygw_sandbox_stable_token,
    dygw_sandbox_short_link, dygw_sandbox_prepare, dygw_sandbox_verify, dygw_sandbox_cancel,
    dygw_sandbox_get, dygw_sandbox_query, dygw_sandbox_verify_record, dygw_sandbox_stores,
    dygw_sandbox_orders;

#endif
