/* SPDX-License-Identifier: Apache-2.0
 * What the answers to all requests need: a call of Douyin's API, a request of the control
 * interface, and the functions to read and to answer both. It uses the records (state.h). It does
 * not know the functions that answer (handlers.h), nor the files that call these (serve.c,
 * control.c). */
#ifndef DYGW_SANDBOX_CALL_H
#define DYGW_SANDBOX_CALL_H

#include <httpd.h>

#include <apr_tables.h>
#include <jansson.h>

#include "sandbox/records/state.h"
#include "util/jsonw.h"

/* What the directives say. An httpd has one sandbox. */
typedef struct dygw_sandbox_settings_t {
    apr_table_t *clients; /* client_key -> client_secret; empty: any pair is accepted */
    int coupons;          /* how many there is room for */
    int token_life;       /* s that an access token lives */
    dygw_sandbox_accounts_t *accounts;
} dygw_sandbox_settings_t;

/* One call of Douyin's API: the request, and the answer as far as it is made. */
typedef struct dygw_sandbox_call_t {
    request_rec *r;
    apr_pool_t *pool;
    const dygw_sandbox_settings_t *settings;
    dygw_sandbox_call_e which;
    apr_table_t *query; /* decoded */
    const char *body;   /* NUL ended */
    apr_size_t body_len;
    dygw_sandbox_fault_t fault; /* what goes wrong with this call */
    int token_ok;               /* the access token is good; -1: the call needs none */
    apr_int64_t token_error;    /* with token_ok 0: the code that refuses the token */
    dygw_ms_t began;
    dygw_sandbox_switches_t switches; /* as they were when the call came */
    const char *account_header;       /* the header Rpc-Transit-Life-Account; NULL: none */
    const char *account_id;           /* the parameter, or the member of the body; NULL: none */
    apr_uint32_t account;             /* whose call it is; NONE: the coupon tells */

    int http_status; /* 0: the connection is closed without an answer */
    const char *content_type;
    const char *location; /* the header Location; NULL: none */
    apr_int64_t error_code;
    dygw_jsonw_t w; /* the body */
} dygw_sandbox_call_t;

/* One request of the control interface. */
typedef struct dygw_sandbox_control_t {
    request_rec *r;
    apr_pool_t *pool;
    const json_t *body; /* of POST: an object */
    apr_table_t *query; /* decoded */
    dygw_jsonw_t w;     /* the answer: an object, to which members are written */
} dygw_sandbox_control_t;

/* The names of Douyin's calls in the control interface, by dygw_sandbox_call_e. */
extern const char *const dygw_sandbox_call_names[DYGW_SANDBOX_CALLS];

/* Take and release the lock of the records. dygw_sandbox_lock also makes the late changes that are
 * due. */
void dygw_sandbox_lock(void);
void dygw_sandbox_unlock(void);

/* Reads the body of a request, at most 1 MB, into *body: from r->pool, NUL ended. Returns OK or an
 * HTTP status. */
int dygw_sandbox_read_body(request_rec *r, const char **body, apr_size_t *len);

/* The parameters of a raw query string (NULL: none), from pool. They are decoded as those of a
 * form, so that a plain + is a space. A parameter that cannot be decoded is left out. */
apr_table_t *dygw_sandbox_args(apr_pool_t *pool, const char *args);

/* A parameter of the query; NULL: it is absent or empty. */
const char *dygw_sandbox_param(const dygw_sandbox_call_t *call, const char *name);

/* The same as a number. fallback: the parameter is absent; -1: it is not a number of 0 or more. */
apr_int64_t dygw_sandbox_param_int(const dygw_sandbox_call_t *call, const char *name,
                                   apr_int64_t fallback);

/* Checks that all keys of an object are in the list `known` (NULL ended). Returns NULL, or an error
 * in words, from pool, about the first key that is not. */
const char *dygw_sandbox_unknown_key(const json_t *object, const char *const *known,
                                     apr_pool_t *pool);

/* The address at which the client reached us, "http://127.0.0.1:8080"; from r->pool. */
const char *dygw_sandbox_origin(request_rec *r);

/* Sends an answer with its length. Always returns OK. */
int dygw_sandbox_send(request_rec *r, int status, const char *type, const char *body,
                      apr_size_t len);

#endif
