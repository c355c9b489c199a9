/* SPDX-License-Identifier: Apache-2.0
 * The handlers: a request in, a reply out. One file a resource. */
#ifndef DYGW_HANDLE_HANDLE_H
#define DYGW_HANDLE_HANDLE_H

#include "gateway/redeem/redeem.h"
#include "handle/call.h"
#include "util/json.h"
#include "util/jsonw.h"

#define DYGW_POI_MAX    32      /* characters of a Douyin store's id */

/* The content handler: DECLINED unless r->handler is one of dygw-open, dygw-internal, dygw-health.
 */
int dygw_handle(request_rec *r);
/* map_to_storage, before httpd's own, which answers TRACE there: with all headers, whatever the
 * handler would say. DECLINED unless it is TRACE and for one of our handlers. */
int dygw_handle_trace(request_rec *r);

/* --- reply.c: every answer leaves through one of these; they return what the handler returns to
 * httpd --- */
int dygw_reply_error(dygw_call_t *call, const dygw_result_t *result);
int dygw_reply_json(dygw_call_t *call, int status, const char *json, apr_size_t len);
/* What is no JSON, but a whole text of that Content-Type. */
int dygw_reply_text(dygw_call_t *call, const char *type, const char *text, apr_size_t len);
/* Douyin's own answer, byte for byte. */
int dygw_reply_douyin(dygw_call_t *call, const dygw_reply_t *reply);
/* For the access log and the metrics: the code of the answer. */
void dygw_note_code(const dygw_call_t *call, dygw_code_e code);
/* The word and the HTTP status of a code; NULL where there is no such code. */
const char *dygw_code_word(int code, int *status);
/* For the access log: how long Douyin was waited for. */
void dygw_note_upstream(dygw_call_t *call, apr_interval_time_t upstream_time);

/* --- read.c: what comes as body and as query --- */
/* Reads the body, when there is one, of any type. */
void dygw_read_body(dygw_call_t *call, dygw_result_t *out);
/* The same, of the right type where it is going to be looked at. */
void dygw_read_json_body(dygw_call_t *call, dygw_result_t *out);
/* For a request that is answered before its body was read: before the answer, whose connection is
 * closed where the rest would be too much to read; */
void dygw_leave_body(const dygw_call_t *call);
/* and after it: reads what remains, so that httpd has no need to wait for it as long as it likes.
 */
void dygw_drop_body(const dygw_call_t *call);
/* Query parameters, percent-decoded, valid UTF-8 without control characters; all in `known` (NULL
 * ended), none twice. */
apr_table_t *dygw_read_query(dygw_call_t *call, const char *const *known, dygw_result_t *out);
/* For endpoints that take none. */
void dygw_read_no_query(dygw_call_t *call, dygw_result_t *out);
/* One of them as a decimal integer; what is wrong with it is said from the query's pool. */
int dygw_query_int(const apr_table_t *query, const char *name, int min, int max, int if_absent,
                   dygw_result_t *out);

/* --- deadline.c: the time that a body may take --- */
/* In register_hooks: the filter that keeps it. */
void dygw_deadline_register(void);
/* While a body is read, reading ends with APR_TIMEUP when its time is over. */
void dygw_deadline_begin(request_rec *r);
int dygw_deadline_passed(request_rec *r);
void dygw_deadline_end(request_rec *r);
/* The connection ends with this request, and soon: what was not read does not matter. */
void dygw_hang_up(conn_rec *c);

/* --- when.c --- */
/* One of them as a time in ms: RFC 3339 with offset, or a date, which is that whole day in `zone`:
 * its first ms at the start of a range, the one after its last at the end. DYGW_NO_TIME when
 * absent. */
typedef enum { DYGW_EDGE_START, DYGW_EDGE_END } dygw_edge_e;
dygw_ms_t dygw_query_time(const apr_table_t *query, const char *name, dygw_edge_e edge, int zone,
                          dygw_result_t *out);

/* --- fields.c: the members of the body. The first mistake counts: after it, readers do nothing ---
 */
typedef struct dygw_fields_t {
    const json_t *object;
    apr_pool_t *pool;
    dygw_result_t *out;
} dygw_fields_t;

/* *out becomes DYGW_INVALID_REQUEST about field, unless it tells of a mistake already. */
void dygw_invalid(dygw_result_t *out, const char *field, const char *message);
/* For a header that decides something. 0: it came twice, *out says so. Httpd has joined the two to
 * "a, b" before any module sees them, so that one with ", " in it is taken for two. */
int dygw_header_once(const char *value, const char *header, apr_pool_t *pool, dygw_result_t *out);
/* The same as dygw_invalid with the message "<field> <problem>". */
void dygw_invalid_field(const dygw_fields_t *f, const char *field, const char *problem);
/* Parses text as one JSON object. 0: it is none, *out says so. */
int dygw_fields_parse(dygw_fields_t *f, const char *text, apr_size_t len, apr_pool_t *pool,
                      dygw_result_t *out);
/* Refuses members that are not in `known` (NULL ended). */
void dygw_fields_known(const dygw_fields_t *f, const char *const *known);
/* Whether there is such a member, and it is neither null nor "", which are the same as absent. */
int dygw_field_given(const dygw_fields_t *f, const char *name);
void dygw_field_require(const dygw_fields_t *f, const char *name);
/* A string of min..max characters without control characters; NULL when not given. */
const char *dygw_field_string(const dygw_fields_t *f, const char *name, int min, int max);
/* The same of any length and content. */
const char *dygw_field_text(const dygw_fields_t *f, const char *name);
/* A string of min..max ASCII letters, digits, '_' and '-'; NULL when not given. */
const char *dygw_field_word(const dygw_fields_t *f, const char *name, int min, int max);
/* A whole number, which may be written 1.0. */
apr_int64_t dygw_field_int(const dygw_fields_t *f, const char *name, apr_int64_t min,
                           apr_int64_t max, apr_int64_t if_absent);
int dygw_field_bool(const dygw_fields_t *f, const char *name, int if_absent);

/* Whether an Idempotency-Key is spelled as one; else *out tells, about `field`. */
int dygw_key_check(const char *key, const char *field, dygw_result_t *out);

/* --- coupon.c: what verify and prepare have in common --- */
/* 0: the body names a store that this app may not use, *out says so. */
int dygw_coupon_store_allowed(const dygw_fields_t *f, const dygw_known_app_t *app);
extern const char *const dygw_coupon_modes[4];      /* short_link, code, encrypted_code */
extern const char *const dygw_prepare_modes[3];     /* short_link, code */
/* poi_id and exactly one of modes (one of the lists above) into *request. */
void dygw_coupon_read(const dygw_fields_t *f, const char *const *modes,
                      dygw_redeem_request_t *request);

/* --- view.c --- */
void dygw_view_verification(dygw_jsonw_t *w, const char *key, const dygw_verification_t *v);
void dygw_view_app(dygw_jsonw_t *w, const char *key, const dygw_app_t *app);

/* --- verification.c --- */
/* {"data": data}, with all of them as "items" when with_items. With 202 goes data's Location. */
int dygw_reply_verifications(dygw_call_t *call, int status, const dygw_verification_t *data,
                             const dygw_redeem_result_t *all, int with_items);

/* --- app_fields.c: what apps are made of --- */
void dygw_app_fields_create(const dygw_fields_t *f, dygw_new_app_t *wanted);
void dygw_app_fields_change(const dygw_fields_t *f, dygw_app_change_t *change);
/* secret, NULL when absent, and grace_seconds. */
const char *dygw_app_fields_secret(const dygw_fields_t *f, apr_int64_t *grace_seconds);

/* --- the endpoints, each answers a call that is authenticated --- */
typedef int dygw_endpoint_fn(dygw_call_t *call);
dygw_endpoint_fn dygw_handle_verify, dygw_handle_prepare, dygw_handle_cancel,
    dygw_handle_verification, dygw_handle_verification_by_key, dygw_handle_access_token,
    dygw_handle_stores, dygw_handle_webhook;
dygw_endpoint_fn dygw_handle_app_create, dygw_handle_app_list, dygw_handle_app_read,
    dygw_handle_app_change, dygw_handle_app_token_access, dygw_handle_app_secret;
dygw_endpoint_fn dygw_handle_openapi_open, dygw_handle_openapi_internal;
dygw_endpoint_fn dygw_handle_audit, dygw_handle_diagnosis, dygw_handle_metrics;
dygw_endpoint_fn dygw_handle_report, dygw_handle_summary;
dygw_endpoint_fn dygw_handle_reconciliation;
dygw_endpoint_fn dygw_handle_health, dygw_handle_health_live;

#endif
