/* SPDX-License-Identifier: Apache-2.0
 * The last calls, for whoever wants to see what a gateway really sent. */
#include <string.h>

#include <apr_strings.h>

#include "sandbox/call.h"
#include "sandbox/control.h"
#include "sandbox/fault.h"
#include "util/json.h"

/* The token, the store and the codes, read out of what came. */
static void write_meaning(dygw_sandbox_control_t *control, const char *args, apr_size_t len)
{
    dygw_jsonw_t *w = &control->w;
    const char *error;
    const json_t *body = *args == '{' ? dygw_json_parse(args, len, DYGW_JSON_LENIENT, control->pool,
                                                        &error)
                                      : NULL;
    const json_t *codes = json_object_get(body, "encrypted_codes");
    const apr_table_t *query = dygw_sandbox_args(control->pool, body ? NULL : args);
    const char *code = apr_table_get(query, "code");

    dygw_jsonw_string(w, "verify_token", dygw_json_str(body, "verify_token"));
    dygw_jsonw_string(w, "poi_id", body ? dygw_json_str(body, "poi_id")
                                        : apr_table_get(query, "poi_id"));
    dygw_jsonw_array(w, "codes");
    for (apr_size_t i = 0; i < json_array_size(codes); i++) {
        dygw_jsonw_string(w, NULL, json_string_value(json_array_get(codes, i)));
    }
    if (code) {
        dygw_jsonw_string(w, NULL, code);
    }
    dygw_jsonw_end_array(w);
}

static void write_call(dygw_sandbox_control_t *control, const dygw_sandbox_seen_t *seen)
{
    dygw_jsonw_t *w = &control->w;
    const char *args = apr_pstrmemdup(control->pool, seen->args, seen->args_len);

    dygw_jsonw_object(w, NULL);
    dygw_jsonw_int(w, "seq", (apr_int64_t)seen->seq);
    dygw_jsonw_string(w, "call", dygw_sandbox_endpoints[seen->call].name);
    dygw_jsonw_int(w, "at_ms", seen->at);
    dygw_jsonw_int(w, "error_code", seen->error_code);
    dygw_jsonw_int(w, "http_status", seen->http_status);
    dygw_jsonw_string(w, "fault",
                      seen->fault ? dygw_sandbox_fault_names[seen->fault] : NULL);
    write_meaning(control, args, seen->args_len);
    if (seen->token_ok < 0) {
        dygw_jsonw_null(w, "token_ok");
    }
    else {
        dygw_jsonw_bool(w, "token_ok", seen->token_ok);
    }
    dygw_jsonw_string(w, "args", args);
    dygw_jsonw_end_object(w);
}

/* Copies what was asked for, so that writing needs no lock. */
static int copy(apr_uint64_t after, const char *name, dygw_sandbox_seen_t *out)
{
    const dygw_sandbox_state_t *s = dygw_sandbox_state();
    apr_uint64_t seq = s->seen > DYGW_SANDBOX_RING ? s->seen - DYGW_SANDBOX_RING : 0;
    int n = 0;

    for (seq = seq > after ? seq : after; seq < s->seen;) {
        const dygw_sandbox_seen_t *seen = &s->ring[++seq % DYGW_SANDBOX_RING];

        if (!name || strcmp(name, dygw_sandbox_endpoints[seen->call].name) == 0) {
            out[n++] = *seen;
        }
    }
    return n;
}

const char *dygw_sandbox_calls(dygw_sandbox_control_t *control)
{
    const char *after = apr_table_get(control->query, "after");
    dygw_sandbox_seen_t *copies = apr_palloc(control->pool, DYGW_SANDBOX_RING * sizeof *copies);
    int n;

    dygw_sandbox_lock();
    n = copy(after ? (apr_uint64_t)apr_atoi64(after) : 0, apr_table_get(control->query, "call"),
             copies);
    dygw_sandbox_unlock();
    dygw_jsonw_array(&control->w, "calls");
    for (int i = 0; i < n; i++) {
        write_call(control, &copies[i]);
    }
    dygw_jsonw_end_array(&control->w);
    return NULL;
}
