/* SPDX-License-Identifier: Apache-2.0
 * The handlers: a request in, a reply out. One file a resource. */
#ifndef DYGW_HANDLE_HANDLE_H
#define DYGW_HANDLE_HANDLE_H

#include "handle/call.h"
#include "gateway/redeem.h"
#include "util/jsonw.h"

/* The content handler: DECLINED unless r->handler is one of dygw-open, dygw-internal, dygw-health.
 */
int dygw_handle(request_rec *r);

/* --- reply.c: every answer leaves through one of these; they return what the handler returns to
 * httpd --- */
int dygw_reply_error(dygw_call_t *call, const dygw_result_t *result);
int dygw_reply_json(dygw_call_t *call, int status, const char *json, apr_size_t len);
/* Fills *result as DYGW_INVALID_REQUEST about field. */
void dygw_invalid(dygw_result_t *result, const char *field, const char *message);

/* --- read.c --- */
/* Reads the body of a request that may have one: size, type. */
void dygw_read_body(dygw_call_t *call, dygw_result_t *out);
/* Parses call->body as one JSON object whose members are all in `known` (NULL ended). */
json_t *dygw_read_object(dygw_call_t *call, const char *const *known, dygw_result_t *out);
/* A string member of min..max characters (UTF-8), no control characters; NULL when absent, null or,
 * where min is 0, empty. */
const char *dygw_read_string(const json_t *object, const char *name, int required, int min, int max,
                             dygw_result_t *out);
apr_int64_t dygw_read_int(const json_t *object, const char *name, apr_int64_t min, apr_int64_t max,
                          apr_int64_t if_absent, dygw_result_t *out);
int dygw_read_bool(const json_t *object, const char *name, int if_absent, dygw_result_t *out);
/* Query parameters, percent-decoded; all in `known`, none twice. */
apr_table_t *dygw_read_query(dygw_call_t *call, const char *const *known, dygw_result_t *out);

/* --- view.c --- */
void dygw_view_verification(dygw_jsonw_t *w, const char *key, const dygw_verification_t *v);
void dygw_view_app(dygw_jsonw_t *w, const char *key, const dygw_app_t *app);

/* --- the endpoints, each answers a call that is authenticated --- */
typedef int dygw_endpoint_fn(dygw_call_t *call);
dygw_endpoint_fn dygw_handle_verify, dygw_handle_prepare, dygw_handle_verification,
    dygw_handle_access_token, dygw_handle_stores;
dygw_endpoint_fn dygw_handle_app_create, dygw_handle_app_list, dygw_handle_app_read,
    dygw_handle_app_change, dygw_handle_app_token_access;
dygw_endpoint_fn dygw_handle_health, dygw_handle_health_live;

#endif
