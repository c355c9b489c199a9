/* SPDX-License-Identifier: Apache-2.0
 * The way of a request through our handlers: the tools for reading it and for writing the reply.
 *
 * At the top of handle/ stand these tools, and what belongs to no half of the API (endpoints.h).
 * Below, open/ and internal/ have the endpoints, one file for each resource: an endpoint reads the
 * request, calls the gateway, writes the reply, and returns what its reply function returned. The
 * dispatcher, which has the table of routes, stands above all of them (dispatch.h). The tools call
 * auth/, process/ and the library, and no endpoint. */
#ifndef DYGW_HANDLE_HANDLE_H
#define DYGW_HANDLE_HANDLE_H

#include "auth/call.h"
#include "gateway/reasons.h"
#include "util/csv.h"
#include "util/json.h"
#include "util/json_cut.h"
#include "util/jsonw.h"

#define DYGW_POI_MAX   32 /* characters of a Douyin store's id */
#define DYGW_STORE_MAX 32 /* and of the code of a declared store */

/* Answers a call that is authenticated; returns what the handler returns to httpd. */
typedef int dygw_endpoint_fn(dygw_call_t *call);

/* --- reply.c: every answer leaves through one of these, or through stream.h; they return what the
 * handler returns to httpd --- */
int dygw_reply_error(dygw_call_t *call, const dygw_result_t *result);
int dygw_reply_json(dygw_call_t *call, int status, const char *json, apr_size_t len);
/* A whole text that is no JSON; type: its Content-Type. */
int dygw_reply_text(dygw_call_t *call, const char *type, const char *text, apr_size_t len);
/* Before an answer that was made of Douyin's: its log id, in a header. */
void dygw_name_logid(dygw_call_t *call, const dygw_reply_t *reply);
/* Douyin's own answer, byte for byte, with its log id. */
int dygw_reply_douyin(dygw_call_t *call, const dygw_reply_t *reply);
/* What httpd refuses by itself with r->status, in our form: a whole body, for a filter. */
apr_bucket_brigade *dygw_reply_refused(dygw_call_t *call);
/* Notes the code of the answer for the access log, and counts it. */
void dygw_note_code(const dygw_call_t *call, dygw_code_e code);
/* Notes for the access log how long Douyin was waited for, in us. */
void dygw_note_upstream(dygw_call_t *call, apr_interval_time_t upstream_time);

/* --- read.c: the body and the query; a mistake of the caller's is told by *out --- */
/* Reads the body, when there is one, of any type, into call->body. */
void dygw_read_body(dygw_call_t *call, dygw_result_t *out);
/* The same; where the endpoint will look at the body, its type has to be JSON. */
void dygw_read_json_body(dygw_call_t *call, dygw_result_t *out);
/* The next two are for a request that is answered before its body was read. Before the answer: the
 * connection is going to be closed, when the body would be too much to read; over HTTP/2 the body
 * is read and dropped, within the deadline and up to 1 MiB (or DygwMaxBody). */
void dygw_leave_body(dygw_call_t *call);
/* After the answer: reads the body and drops it, so that httpd does not wait for it. */
void dygw_drop_body(const dygw_call_t *call);
/* The query parameters, in the request's pool: percent-decoded, valid UTF-8 without control
 * characters. A parameter that is not in `known` (NULL ended) is a mistake, and so is one that
 * comes twice. */
apr_table_t *dygw_read_query(dygw_call_t *call, const char *const *known, dygw_result_t *out);
/* For endpoints that take no parameters. */
void dygw_read_no_query(dygw_call_t *call, dygw_result_t *out);
/* A parameter as a decimal integer; if_absent, when there is none or a mistake. What is wrong with
 * it is said from the query's pool. */
int dygw_query_int(const apr_table_t *query, const char *name, int min, int max, int if_absent,
                   dygw_result_t *out);

/* --- deadline.c: the time that a body may take --- */
/* For register_hooks: registers the filter that keeps the deadline. */
void dygw_deadline_register(void);
/* Between begin and end a body is read: reading ends with APR_TIMEUP when the time is over. */
void dygw_deadline_begin(request_rec *r);
int dygw_deadline_passed(request_rec *r);
void dygw_deadline_end(request_rec *r);
/* Makes the connection end with this request, and soon: what was not read does not matter. */
void dygw_hang_up(conn_rec *c);

/* --- when.c: query parameters that are times --- */
/* A parameter as a time in ms: RFC 3339 with offset, or a date, which is that whole day in `zone`
 * (minutes east of UTC). Of a date the edge START is the first ms of the day, END the first ms
 * after it. DYGW_NO_TIME when the parameter is absent. */
typedef enum { DYGW_EDGE_START, DYGW_EDGE_END } dygw_edge_e;
dygw_ms_t dygw_query_time(const apr_table_t *query, const char *name, dygw_edge_e edge, int zone,
                          dygw_result_t *out);

/* --- fields.c: the members of the body. The first mistake counts: after it these functions read
 * nothing more --- */
typedef struct dygw_fields_t {
    const json_t *object;
    apr_pool_t *pool;
    dygw_result_t *out;
} dygw_fields_t;

/* As dygw_invalid, with the message "<field> <problem>". */
void dygw_invalid_field(const dygw_fields_t *f, const char *field, const char *problem);
/* Parses text as one JSON object. 0: it is none, *out says so. */
int dygw_fields_parse(dygw_fields_t *f, const char *text, apr_size_t len, apr_pool_t *pool,
                      dygw_result_t *out);
/* Refuses members that are not in `known` (NULL ended). */
void dygw_fields_known(const dygw_fields_t *f, const char *const *known);
/* Whether there is such a member with a value: null and "" count as absent. */
int dygw_field_given(const dygw_fields_t *f, const char *name);
void dygw_field_require(const dygw_fields_t *f, const char *name);
/* A string of min to max characters without control characters; NULL when not given. */
const char *dygw_field_string(const dygw_fields_t *f, const char *name, int min, int max);
/* A string of any length and content; NULL when not given. */
const char *dygw_field_text(const dygw_fields_t *f, const char *name);
/* A string of min to max ASCII letters, digits, '_' and '-'; NULL when not given. */
const char *dygw_field_word(const dygw_fields_t *f, const char *name, int min, int max);
/* A whole number, which may be written as 1.0. */
apr_int64_t dygw_field_int(const dygw_fields_t *f, const char *name, apr_int64_t min,
                           apr_int64_t max, apr_int64_t if_absent);
int dygw_field_bool(const dygw_fields_t *f, const char *name, int if_absent);

/* --- store.c: the store that a request names: by poi_id, or, where httpd.conf declares it, by its
 * code in `store` --- */
typedef struct dygw_named_store_t {
    const char *poi_id;     /* NULL: the request names no store */
    const char *store;      /* the code of the declared store; NULL: none is declared for poi_id */
    const char *named;      /* the code, where the request has it in `store`; NULL: it has not */
    const char *account_id; /* of the merchant, DygwAccountId where no store is named; NULL: none */
} dygw_named_store_t;
/* Whether the app may use the store. poi_id and store are what the request has, NULL for absent
 * ones, and need not make sense together; 1 where both are. 0: *out says so. */
int dygw_store_allowed(const dygw_gateway_t *gateway, const dygw_known_app_t *app,
                       const char *poi_id, const char *store, dygw_result_t *out);
/* Reads the members, or the parameters, poi_id and store, of which a request has one at most. A
 * mistake, such as a code that is not declared, is told by *out. */
void dygw_field_store(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                      dygw_named_store_t *named);
void dygw_query_store(const apr_table_t *query, const dygw_gateway_t *gateway,
                      dygw_named_store_t *named, dygw_result_t *out);
/* The parameter account_id; NULL when it is absent. */
const char *dygw_query_account(const apr_table_t *query, dygw_result_t *out);

/* Whether key may be an Idempotency-Key; 0: it may not, *out says so about `field`. */
int dygw_key_check(const char *key, const char *field, dygw_result_t *out);

/* --- advice.c: what is said to a cashier, and in which language --- */
/* The language of the caller, by Accept-Language; the answer then says that it varies with it. */
dygw_lang_e dygw_advice_language(const dygw_call_t *call);
/* Why a cashier meets this error; DYGW_REASON_NONE: none does, it is the till's or the office's. */
dygw_reason_e dygw_advice_reason(const dygw_call_t *call, const dygw_result_t *result);

/* --- view.c: records as callers see them --- */
/* A number that may be DYGW_NO_INT, which is null. */
void dygw_view_int(dygw_jsonw_t *w, const char *key, apr_int64_t value);
/* key: NULL within an array. cut: what is left out of Douyin's answers; NULL: nothing. */
void dygw_view_verification(dygw_jsonw_t *w, const char *key, const dygw_verification_t *v,
                            const dygw_json_cut_t *cut, dygw_lang_e lang);
/* The members reason, retryable and advice; null all three for DYGW_REASON_NONE. */
void dygw_view_reason(dygw_jsonw_t *w, dygw_reason_e reason, dygw_lang_e lang);
void dygw_view_app(dygw_jsonw_t *w, const char *key, const dygw_app_t *app);

/* --- view_csv.c: the same verifications as rows of CSV --- */
/* A number, and fen as yuan, that may be DYGW_NO_INT, which is an empty cell. */
void dygw_view_csv_int(dygw_csv_t *csv, apr_int64_t value);
void dygw_view_csv_yuan(dygw_csv_t *csv, apr_int64_t fen);
/* The row of the columns' names. */
void dygw_view_csv_head(dygw_csv_t *csv);
void dygw_view_csv_row(dygw_csv_t *csv, const dygw_verification_t *v, dygw_lang_e lang);

#endif
