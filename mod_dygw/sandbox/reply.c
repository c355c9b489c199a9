/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's answers have in common: the HTTP status is always 200, the code stands in "data"
 * and in "extra", and `now` is in seconds or in milliseconds, depending on which server of Douyin
 * answers. This file uses call.h. */
#include "sandbox/reply.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "util/json.h"

#define REPLY_SIZE_HINT  2048
#define CHINA_OFFSET_SEC (8 * 3600)
#define LOGID_LEN        34 /* 14 digits of local time, 20 hex digits */
#define QUOTED           10 /* characters of a bad body that the refusal repeats */

/* Whether the code comes from the gateway of Douyin's platform, which answers about tokens,
 * permissions and requests that it cannot parse. All other codes come from the service behind
 * it. */
static int is_from_gateway(apr_int64_t code)
{
    return (code >= 2100000 && code < 2101000) || (code >= 2190000 && code < 2191000);
}

static char *write_number(char *out, int digits, unsigned base, apr_uint64_t value)
{
    for (int i = digits - 1; i >= 0; i--, value /= base) {
        out[i] = "0123456789ABCDEF"[value % base];
    }
    return out + digits;
}

static void write_logid(const dygw_sandbox_call_t *call, char *out)
{
    const apr_uint64_t random = dygw_sandbox_random();
    apr_time_exp_t t;

    apr_time_exp_tz(&t, apr_time_from_msec(call->began), CHINA_OFFSET_SEC);
    out = write_number(out, 4, 10, (apr_uint64_t)t.tm_year + 1900);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_mon + 1);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_mday);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_hour);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_min);
    out = write_number(out, 2, 10, (apr_uint64_t)t.tm_sec);
    out = write_number(out, 4, 16, dygw_sandbox_mix(random));
    out = write_number(out, 16, 16, random);
    *out = '\0';
}

static void write_extra(dygw_sandbox_call_t *call, apr_int64_t code, const char *description,
                        apr_int64_t sub_code, const char *sub_description)
{
    char logid[LOGID_LEN + 1];
    dygw_jsonw_t *w = &call->w;

    write_logid(call, logid);
    dygw_jsonw_object(w, "extra");
    dygw_jsonw_int(w, "error_code", code);
    dygw_jsonw_string(w, "description", description);
    dygw_jsonw_int(w, "sub_error_code", sub_code);
    dygw_jsonw_string(w, "sub_description", sub_description);
    dygw_jsonw_string(w, "logid", logid);
    dygw_jsonw_int(w, "now", is_from_gateway(code) ? dygw_now() : dygw_now() / 1000);
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_object(w);
}

static int is_token_call(const dygw_sandbox_call_t *call)
{
    return call->which <= DYGW_SANDBOX_CALL_STABLE_TOKEN;
}

void dygw_sandbox_reply_begin(dygw_sandbox_call_t *call)
{
    call->http_status = HTTP_OK;
    call->content_type = "application/json";
    call->error_code = 0;
    dygw_jsonw_init(&call->w, call->pool, REPLY_SIZE_HINT);
    dygw_jsonw_object(&call->w, NULL);
    dygw_jsonw_object(&call->w, "data");
}

void dygw_sandbox_reply_end(dygw_sandbox_call_t *call)
{
    dygw_jsonw_t *w = &call->w;
    const char *description
        = call->switches.description == DYGW_SANDBOX_SAY_NOTHING ? "" : "success";

    dygw_jsonw_int(w, "error_code", 0);
    dygw_jsonw_string(w, "description", is_token_call(call) ? "" : description);
    dygw_jsonw_end_object(w);
    if (is_token_call(call)) { /* token calls have no "extra" */
        dygw_jsonw_string(w, "message", "success");
        dygw_jsonw_end_object(w);
        return;
    }
    write_extra(call, 0, description, 0, "");
}

static void refuse_token(dygw_sandbox_call_t *call, apr_int64_t code, const char *description)
{
    dygw_jsonw_t *w = &call->w;

    dygw_jsonw_string(w, "captcha", "");
    dygw_jsonw_string(w, "desc_url", "");
    dygw_jsonw_string(w, "description", description);
    dygw_jsonw_int(w, "error_code", code);
    dygw_jsonw_end_object(w);
    dygw_jsonw_string(w, "message", "error");
    dygw_jsonw_end_object(w);
}

void dygw_sandbox_refuse_sub(dygw_sandbox_call_t *call, apr_int64_t code, const char *description,
                             apr_int64_t sub_code, const char *sub_description)
{
    const char *text = description ? description : dygw_sandbox_text_of(code);

    dygw_sandbox_reply_begin(call);
    call->error_code = code;
    if (is_token_call(call)) {
        refuse_token(call, code, text);
        return;
    }
    if (call->which == DYGW_SANDBOX_CALL_PREPARE && !is_from_gateway(code)) {
        dygw_jsonw_string(&call->w, "verify_token", "");
    }
    dygw_jsonw_int(&call->w, "error_code", code);
    dygw_jsonw_string(&call->w, "description", text);
    dygw_jsonw_end_object(&call->w);
    write_extra(call, code, text, sub_code, sub_description);
}

void dygw_sandbox_refuse(dygw_sandbox_call_t *call, apr_int64_t code, const char *description)
{
    const char *text = description ? description : dygw_sandbox_text_of(code);

    dygw_sandbox_refuse_sub(call, code, text, 0, is_from_gateway(code) ? text : "");
}

void dygw_sandbox_reply_text(dygw_sandbox_call_t *call, int status, const char *type,
                             const char *text)
{
    call->http_status = status;
    call->content_type = type;
    call->error_code = 0;
    call->w.pool = call->pool;
    call->w.text = apr_pstrdup(call->pool, text);
    call->w.len = strlen(text);
}

/* --- lists: of which Douyin has two copies, and with nothing in them --- */

void dygw_sandbox_begin_list(dygw_sandbox_call_t *call, const char *name)
{
    switch (call->switches.copies) {
    case DYGW_SANDBOX_FIRST_COPY:
        dygw_jsonw_array(&call->w, name);
        return;
    case DYGW_SANDBOX_SECOND_AND_NULL:
        dygw_jsonw_null(&call->w, name);
        break;
    case DYGW_SANDBOX_SECOND_AND_EMPTY:
        dygw_jsonw_array(&call->w, name);
        dygw_jsonw_end_array(&call->w);
        break;
    default:
        break;
    }
    dygw_jsonw_array(&call->w, apr_pstrcat(call->pool, name, "_v2", NULL));
}

void dygw_sandbox_write_no_list(dygw_sandbox_call_t *call, const char *name)
{
    switch (call->switches.empty_list) {
    case DYGW_SANDBOX_LIST_ARRAY:
        dygw_jsonw_array(&call->w, name);
        dygw_jsonw_end_array(&call->w);
        break;
    case DYGW_SANDBOX_LIST_NULL:
        dygw_jsonw_null(&call->w, name);
        break;
    default:
        break;
    }
}

/* --- bodies of requests: they must be JSON, and Content-Type must say so --- */

static int is_said_to_be_json(const request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");

    return type && strncasecmp(type, "application/json", strlen("application/json")) == 0;
}

/* Refuses a body in the words of the parser of Douyin's gateway. */
static void refuse_body(dygw_sandbox_call_t *call)
{
    const char *start = apr_pstrndup(call->pool, call->body, QUOTED);
    const char *found = apr_pstrndup(call->pool, call->body, 1);

    dygw_sandbox_refuse_sub(call, DYGW_SANDBOX_BAD_REQUEST, NULL, 0,
                            apr_psprintf(call->pool,
                                         "ReadMapCB: expect { or n, but found %s, error found in "
                                         "#1 byte of ...|%s|..., bigger context ...|%s|...",
                                         found, start, start));
}

const json_t *dygw_sandbox_body(dygw_sandbox_call_t *call)
{
    const char *error;
    const json_t *body = NULL;

    if (is_said_to_be_json(call->r)) {
        body = dygw_json_parse(call->body, call->body_len, DYGW_JSON_LENIENT, call->pool, &error);
    }
    if (!json_is_object(body)) {
        refuse_body(call);
        return NULL;
    }
    return body;
}
