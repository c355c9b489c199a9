/* SPDX-License-Identifier: Apache-2.0
 * Replies. The handler always returns OK with r->status set, so that httpd adds no page of its own.
 */
#include "handle/handle.h"

#include <string.h>

#include <http_protocol.h>

#include <apr_strings.h>

#include "process/code.h"
#include "util/spelling.h"

#define ERROR_SIZE 512
#define JSON_TYPE  "application/json"

void dygw_note_code(const dygw_call_t *call, dygw_code_e code)
{
    apr_table_setn(call->r->notes, "dygw-code", dygw_code_word((int)code));
    if (call->runtime && call->api != DYGW_API_NONE) {
        dygw_count(call->runtime->gateway.metrics, DYGW_COUNT_REQUESTS,
                   ((int)call->api - DYGW_API_OPEN) * DYGW_REQUEST_CODES + (int)code);
    }
}

/* A whole answer in a brigade, and the headers that tell of it. */
static apr_bucket_brigade *wrap_text(request_rec *r, const char *type, const char *text,
                                     apr_size_t len)
{
    apr_bucket_alloc_t *buckets = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, buckets);

    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    /* Tokens and secrets are among what we say, and nothing of it is the same a second later. */
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(text, len, r->pool, buckets));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(buckets));
    return brigade;
}

static int send_text(const dygw_call_t *call, int status, const char *type, const char *text,
                     apr_size_t len)
{
    call->r->status = status;
    /* It fails when nobody listens any more. */
    ap_pass_brigade(call->r->output_filters, wrap_text(call->r, type, text, len));
    return OK;
}

int dygw_reply_json(dygw_call_t *call, int status, const char *json, apr_size_t len)
{
    dygw_note_code(call, DYGW_OK);
    return send_text(call, status, JSON_TYPE, json, len);
}

int dygw_reply_text(dygw_call_t *call, const char *type, const char *text, apr_size_t len)
{
    dygw_note_code(call, DYGW_OK);
    return send_text(call, HTTP_OK, type, text, len);
}

/* What Douyin wrote into a header of ours is looked at first. */
void dygw_name_logid(dygw_call_t *call, const dygw_reply_t *reply)
{
    if (dygw_spelled(reply->logid, 1, 128, "._-")) {
        apr_table_setn(call->r->headers_out, "X-Douyin-Logid", reply->logid);
    }
}

int dygw_reply_douyin(dygw_call_t *call, const dygw_reply_t *reply)
{
    dygw_name_logid(call, reply);
    return dygw_reply_json(call, HTTP_OK, reply->raw, reply->raw_len);
}

void dygw_note_upstream(dygw_call_t *call, apr_interval_time_t upstream_time)
{
    apr_table_setn(call->r->notes, "dygw-upstream-us",
                   apr_psprintf(call->r->pool, "%" APR_TIME_T_FMT, upstream_time));
}

/* --- errors --- */

static void write_douyin(dygw_jsonw_t *w, const dygw_reply_t *reply)
{
    if (!reply) {
        dygw_jsonw_null(w, "douyin");
        return;
    }
    dygw_jsonw_object(w, "douyin");
    dygw_jsonw_int(w, "error_code", reply->error_code);
    dygw_jsonw_string(w, "description", reply->description);
    dygw_jsonw_int(w, "sub_error_code", reply->sub_error_code);
    dygw_jsonw_string(w, "logid", reply->logid);
    dygw_jsonw_end_object(w);
}

static void write_error(dygw_jsonw_t *w, const dygw_call_t *call, const dygw_result_t *result,
                        dygw_reason_e reason)
{
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "code", dygw_code_word((int)result->code));
    dygw_jsonw_string(w, "message", result->message);
    dygw_jsonw_string(w, "request_id", call->log.request_id);
    if (reason != DYGW_REASON_NONE) {
        dygw_view_reason(w, reason, dygw_advice_language(call));
    }
    if (result->field) {
        dygw_jsonw_string(w, "field", result->field);
    }
    if (result->code == DYGW_NOT_ENOUGH_COUPONS) {
        dygw_jsonw_int(w, "available", result->available);
    }
    if (result->upstream_spoke) {
        write_douyin(w, result->reply);
    }
    dygw_jsonw_end_object(w);
}

/* For each app and code: many may call, and go on calling. A caller's mistake is no news; that
 * Douyin refuses the set-up is the administrator's business. */
static void report_refusal(const dygw_call_t *call, const dygw_result_t *result)
{
    const dygw_reply_t *reply = result->upstream_spoke ? result->reply : NULL;

    if (reply && reply->kind == DYGW_REPLY_SETUP) {
        const char *what
            = dygw_douyin_refusal_text(reply->error_code, reply->account_id, call->r->pool);

        dygw_log_rarely(&call->log, WARN, what, 0,
                        DYGWNO(0210) "Douyin does not let this application do it: error_code "
                                     "%s, logid %s",
                        what, reply->logid);
        return;
    }
    dygw_log_rarely(&call->log, INFO,
                    apr_pstrcat(call->r->pool, dygw_code_word((int)result->code), " ",
                                call->app ? call->app->client_key : "", NULL),
                    0, DYGWNO(0211) "refused with %d %s: %s", dygw_code_status((int)result->code),
                    dygw_code_word((int)result->code), result->message);
}

static void count_reason(const dygw_call_t *call, dygw_reason_e reason)
{
    if (call->runtime) {
        dygw_reason_count(call->runtime->gateway.metrics, reason);
    }
}

static const char *error_text(dygw_call_t *call, const dygw_result_t *result, dygw_reason_e reason,
                              apr_size_t *len)
{
    request_rec *r = call->r;
    dygw_jsonw_t w;

    report_refusal(call, result);
    dygw_note_code(call, result->code);
    count_reason(call, reason);
    if (result->retry_after > 0) {
        apr_table_setn(r->headers_out, "Retry-After", apr_itoa(r->pool, result->retry_after));
    }
    dygw_jsonw_init(&w, r->pool, ERROR_SIZE);
    write_error(&w, call, result, reason);
    *len = w.len;
    return w.text;
}

int dygw_reply_error(dygw_call_t *call, const dygw_result_t *result)
{
    apr_size_t len;
    const char *text = error_text(call, result, dygw_advice_reason(call, result), &len);

    return send_text(call, dygw_code_status((int)result->code), JSON_TYPE, text, len);
}

/* --- what httpd refuses by itself --- */

typedef struct refusal_t {
    int status;
    dygw_code_e code;
    const char *message;
} refusal_t;

static const refusal_t refusals[] = {
    { HTTP_BAD_REQUEST, DYGW_INVALID_REQUEST, "Apache cannot read this request" },
    { HTTP_UNAUTHORIZED, DYGW_MISSING_CREDENTIALS,
      "Apache wants to know here who is calling, see WWW-Authenticate" },
    { HTTP_FORBIDDEN, DYGW_FORBIDDEN, "Apache does not let this caller in here" },
    { HTTP_NOT_FOUND, DYGW_NOT_FOUND, "there is no such endpoint" },
    { HTTP_METHOD_NOT_ALLOWED, DYGW_METHOD_NOT_ALLOWED,
      "Apache does not let this method in here, see Allow" },
    { HTTP_REQUEST_TIME_OUT, DYGW_INVALID_REQUEST, "the request did not arrive in time" },
    { HTTP_REQUEST_ENTITY_TOO_LARGE, DYGW_BODY_TOO_LARGE, "the body is too long for Apache" },
    { HTTP_REQUEST_URI_TOO_LARGE, DYGW_INVALID_REQUEST, "the request line is too long" },
    { HTTP_UNSUPPORTED_MEDIA_TYPE, DYGW_UNSUPPORTED_MEDIA_TYPE, "Apache does not take this type" },
    { HTTP_EXPECTATION_FAILED, DYGW_INVALID_REQUEST, "the header Expect may be 100-continue only" },
    { HTTP_TOO_MANY_REQUESTS, DYGW_RATE_LIMITED,
      "Apache takes no more requests of this caller now" },
    { HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, DYGW_INVALID_REQUEST, "the headers are too long" },
    { HTTP_INTERNAL_SERVER_ERROR, DYGW_INTERNAL_ERROR,
      "Apache could not decide about this request; its error log says why" },
};

static dygw_result_t explain_status(const dygw_call_t *call, int status)
{
    dygw_result_t out = { .code = status < 500 ? DYGW_INVALID_REQUEST : DYGW_INTERNAL_ERROR };

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].status == status) {
            out.code = refusals[i].code;
            out.message = refusals[i].message;
        }
    }
    if (!out.message) {
        out.message = apr_pstrcat(
            call->r->pool, "Apache refuses this request: ", ap_get_status_line(status), NULL);
    }
    if (status == HTTP_UNAUTHORIZED && call->api == DYGW_API_INTERNAL) {
        out.code = DYGW_OPERATOR_REQUIRED;
    }
    return out;
}

apr_bucket_brigade *dygw_reply_refused(dygw_call_t *call)
{
    dygw_result_t result = explain_status(call, call->r->status);
    apr_size_t len;
    const char *text = error_text(call, &result, DYGW_REASON_NONE, &len);

    return wrap_text(call->r, JSON_TYPE, text, len);
}
