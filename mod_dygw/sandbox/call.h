/* SPDX-License-Identifier: Apache-2.0
 * What the answers to requests have in common: a call of Douyin's API, a request of the control
 * interface, and the tools to read and answer either. Stands on the records (state.h); knows
 * neither those who answer (handlers.h) nor those who call them (serve.c, control.c). */
#ifndef DYGW_SANDBOX_CALL_H
#define DYGW_SANDBOX_CALL_H

#include <httpd.h>

#include <apr_tables.h>
#include <jansson.h>

#include "sandbox/state.h"
#include "util/jsonw.h"

/* What the directives say; one sandbox an httpd. */
typedef struct dygw_sandbox_settings_t {
    apr_table_t *clients;           /* client_key -> client_secret; empty: any pair is accepted */
    int coupons;                    /* capacity */
    int token_life;                 /* s */
} dygw_sandbox_settings_t;

/* One call of Douyin's API: what was asked, and the answer in the making. */
typedef struct dygw_sandbox_call_t {
    request_rec *r;
    apr_pool_t *pool;
    const dygw_sandbox_settings_t *settings;
    dygw_sandbox_call_e which;
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
} dygw_sandbox_call_t;

/* One request of the control interface. */
typedef struct dygw_sandbox_control_t {
    request_rec *r;
    apr_pool_t *pool;
    const json_t *body;             /* of POST: an object */
    apr_table_t *query;             /* decoded */
    dygw_jsonw_t w;                 /* the answer, an object that is open */
} dygw_sandbox_control_t;

/* The calls as the control interface names them, by number. */
extern const char *const dygw_sandbox_call_names[DYGW_SANDBOX_CALLS];

/* The lock of the records. Taking it does what has become due of changes that come late. */
void dygw_sandbox_lock(void);
void dygw_sandbox_unlock(void);

/* Reads the body of a request, at most 1 MB; from r->pool, NUL ended. An HTTP status, or OK. */
int dygw_sandbox_read_body(request_rec *r, const char **body, apr_size_t *len);

/* The parameters of a raw query string (NULL: none), decoded as a form's, so a plain + is a space;
 * those that cannot be decoded are left out. */
apr_table_t *dygw_sandbox_args(apr_pool_t *pool, const char *args);

/* A parameter of the query, NULL when absent or empty. */
const char *dygw_sandbox_param(const dygw_sandbox_call_t *call, const char *name);

/* The same as number; fallback when absent, -1 when it is none. */
apr_int64_t dygw_sandbox_param_int(const dygw_sandbox_call_t *call, const char *name,
                                   apr_int64_t fallback);

/* NULL, or the first key of an object that is not in the list (NULL ended), as an error in words;
 * from pool. */
const char *dygw_sandbox_unknown_key(const json_t *object, const char *const *known,
                                     apr_pool_t *pool);

/* "http://127.0.0.1:8080", as the client reached us; from r->pool. */
const char *dygw_sandbox_origin(request_rec *r);

/* Sends an answer with its length. Always OK. */
int dygw_sandbox_send(request_rec *r, int status, const char *type, const char *body,
                      apr_size_t len);

#endif
