/* SPDX-License-Identifier: Apache-2.0
 * Replies. The handler always returns OK with r->status set: httpd has no page of its own to add.
 */
#include "handle/handle.h"

#include <string.h>

#include <http_protocol.h>

#include <apr_strings.h>

#include "util/spelling.h"

#define ERROR_SIZE      512
#define JSON_TYPE       "application/json"

typedef struct code_t {
    int status;
    const char *word;
} code_t;

static const code_t codes[] = {
    [DYGW_OK] = { HTTP_OK, "ok" },
    [DYGW_INVALID_JSON] = { HTTP_BAD_REQUEST, "invalid_json" },
    [DYGW_INVALID_REQUEST] = { HTTP_BAD_REQUEST, "invalid_request" },
    [DYGW_MISSING_CREDENTIALS] = { HTTP_UNAUTHORIZED, "missing_credentials" },
    [DYGW_INVALID_CREDENTIALS] = { HTTP_UNAUTHORIZED, "invalid_credentials" },
    [DYGW_STALE_TIMESTAMP] = { HTTP_UNAUTHORIZED, "stale_timestamp" },
    [DYGW_REPLAYED_NONCE] = { HTTP_UNAUTHORIZED, "replayed_nonce" },
    [DYGW_OPERATOR_REQUIRED] = { HTTP_UNAUTHORIZED, "operator_required" },
    [DYGW_APP_DISABLED_ERROR] = { HTTP_FORBIDDEN, "app_disabled" },
    [DYGW_TOKEN_READ_FORBIDDEN] = { HTTP_FORBIDDEN, "token_read_forbidden" },
    [DYGW_STORE_FORBIDDEN] = { HTTP_FORBIDDEN, "store_forbidden" },
    [DYGW_NOT_FOUND] = { HTTP_NOT_FOUND, "not_found" },
    [DYGW_METHOD_NOT_ALLOWED] = { HTTP_METHOD_NOT_ALLOWED, "method_not_allowed" },
    [DYGW_REQUEST_IN_PROGRESS] = { HTTP_CONFLICT, "request_in_progress" },
    [DYGW_CONFLICT] = { HTTP_CONFLICT, "conflict" },
    [DYGW_NOT_ENOUGH_COUPONS] = { HTTP_CONFLICT, "not_enough_coupons" },
    [DYGW_BODY_TOO_LARGE] = { HTTP_REQUEST_ENTITY_TOO_LARGE, "body_too_large" },
    [DYGW_UNSUPPORTED_MEDIA_TYPE] = { HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type" },
    [DYGW_IDEMPOTENCY_KEY_REUSED] = { HTTP_UNPROCESSABLE_ENTITY, "idempotency_key_reused" },
    [DYGW_RATE_LIMITED] = { HTTP_TOO_MANY_REQUESTS, "rate_limited" },
    [DYGW_INTERNAL_ERROR] = { HTTP_INTERNAL_SERVER_ERROR, "internal_error" },
    [DYGW_UPSTREAM_REFUSED] = { HTTP_BAD_GATEWAY, "upstream_refused" },
    [DYGW_UPSTREAM_ERROR] = { HTTP_BAD_GATEWAY, "upstream_error" },
    [DYGW_DATABASE_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "database_unavailable" },
    [DYGW_TOKEN_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "token_unavailable" },
    [DYGW_UPSTREAM_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "upstream_unavailable" },
    [DYGW_NONCE_STORE_FULL] = { HTTP_SERVICE_UNAVAILABLE, "nonce_store_full" },
    [DYGW_UPSTREAM_TIMEOUT] = { HTTP_GATEWAY_TIME_OUT, "upstream_timeout" },
};

_Static_assert(sizeof codes / sizeof *codes <= DYGW_REQUEST_CODES, "each code needs a series");

const char *dygw_code_word(int code, int *status)
{
    if (code >= (int)(sizeof codes / sizeof *codes)) {
        return NULL;
    }
    *status = codes[code].status;
    return codes[code].word;
}

void dygw_note_code(const dygw_call_t *call, dygw_code_e code)
{
    apr_table_setn(call->r->notes, "dygw-code", codes[code].word);
    if (call->runtime && call->half != DYGW_NO_HALF) {
        dygw_count(call->runtime->gateway.metrics, DYGW_COUNT_REQUESTS,
                   ((int)call->half - DYGW_HALF_OPEN) * DYGW_REQUEST_CODES + (int)code);
    }
}

static int send_text(const dygw_call_t *call, int status, const char *type, const char *text,
                     apr_size_t len)
{
    request_rec *r = call->r;
    apr_bucket_alloc_t *buckets = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, buckets);

    r->status = status;
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    /* Tokens and secrets are among what we say, and nothing of it is the same a second later. */
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(text, len, r->pool, buckets));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(buckets));
    ap_pass_brigade(r->output_filters, brigade);    /* fails when nobody listens any more */
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

int dygw_reply_douyin(dygw_call_t *call, const dygw_reply_t *reply)
{
    /* What Douyin wrote into a header of ours is looked at first. */
    if (dygw_spelled(reply->logid, 1, 128, "._-")) {
        apr_table_setn(call->r->headers_out, "X-Douyin-Logid", reply->logid);
    }
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

static void write_error(dygw_jsonw_t *w, const dygw_call_t *call, const dygw_result_t *result)
{
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "code", codes[result->code].word);
    dygw_jsonw_string(w, "message", result->message);
    dygw_jsonw_string(w, "request_id", call->log.request_id);
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

/* A caller's mistake is no news; that Douyin refuses the set-up is the administrator's business. */
static void report(const dygw_call_t *call, const dygw_result_t *result)
{
    const dygw_reply_t *reply = result->upstream_spoke ? result->reply : NULL;

    if (reply && reply->kind == DYGW_REPLY_SETUP) {
        dygw_log(&call->log, WARN, 0,
                 DYGWNO(0210) "Douyin does not let this application do it: error_code "
                              "%" APR_INT64_T_FMT ", logid %s",
                 reply->error_code, reply->logid);
        return;
    }
    dygw_log(&call->log, INFO, 0, DYGWNO(0211) "refused with %d %s: %s", codes[result->code].status,
             codes[result->code].word, result->message);
}

int dygw_reply_error(dygw_call_t *call, const dygw_result_t *result)
{
    request_rec *r = call->r;
    dygw_jsonw_t w;

    report(call, result);
    dygw_note_code(call, result->code);
    if (result->retry_after > 0) {
        apr_table_setn(r->headers_out, "Retry-After", apr_itoa(r->pool, result->retry_after));
    }
    dygw_jsonw_init(&w, r->pool, ERROR_SIZE);
    write_error(&w, call, result);
    return send_text(call, codes[result->code].status, JSON_TYPE, w.text, w.len);
}
