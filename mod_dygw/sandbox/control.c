/* SPDX-License-Identifier: Apache-2.0
 * The control interface: the table of its requests, the function that finds the right one, and the
 * small requests themselves, as those that show counts and calls. Other requests have files of
 * their own (handlers.h). */
#include "sandbox/control.h"

#include <string.h>

#include <apr_strings.h>

#include "sandbox/fault.h"
#include "sandbox/handlers.h"
#include "sandbox/token.h"
#include "util/compiler.h"
#include "util/json.h"

#define ANSWER_SIZE_HINT 4096

static const char *reset_state(DYGW_UNUSED dygw_sandbox_control_t *control)
{
    dygw_sandbox_lock();
    dygw_sandbox_state_reset();
    dygw_sandbox_unlock();
    return NULL;
}

static void write_call_counts(dygw_jsonw_t *w, const dygw_sandbox_state_t *s)
{
    dygw_jsonw_object(w, "calls");
    for (int i = 0; i < DYGW_SANDBOX_CALLS; i++) {
        dygw_jsonw_int(w, dygw_sandbox_call_names[i], s->calls[i]);
        if (i == DYGW_SANDBOX_CALL_VERIFY) {
            dygw_jsonw_int(w, "verify_applied", s->verify_applied);
            dygw_jsonw_int(w, "verify_repeated", s->verify_repeated);
        }
    }
    dygw_jsonw_end_object(w);
}

static const char *show_state(dygw_sandbox_control_t *control)
{
    const dygw_sandbox_state_t *s = dygw_sandbox_state();
    dygw_jsonw_t *w = &control->w;

    dygw_sandbox_lock();
    write_call_counts(w, s);
    dygw_jsonw_object(w, "coupons");
    dygw_jsonw_int(w, "minted", s->coupons);
    dygw_jsonw_int(w, "used", s->used);
    dygw_jsonw_end_object(w);
    dygw_jsonw_int(w, "double_redemptions", s->double_redemptions);
    dygw_jsonw_int(w, "connections_seen", s->connections);
    dygw_jsonw_int(w, "tokens_issued", s->tokens_issued);
    dygw_jsonw_int(w, "faults", s->faults);
    dygw_jsonw_int(w, "late", s->lates);
    dygw_jsonw_int(w, "order_queries_peak", s->order_peak);
    dygw_sandbox_unlock();
    return NULL;
}

/* --- the last calls, which show what a gateway really sent --- */

/* Writes what the arguments of a call say: verify_token, store, account and codes. */
static void write_call_meaning(dygw_sandbox_control_t *control, const char *args, apr_size_t len)
{
    dygw_jsonw_t *w = &control->w;
    const char *error;
    const json_t *body = *args == '{'
                             ? dygw_json_parse(args, len, DYGW_JSON_LENIENT, control->pool, &error)
                             : NULL;
    const json_t *codes = json_object_get(body, "encrypted_codes");
    const apr_table_t *query = dygw_sandbox_args(control->pool, body ? NULL : args);
    const char *code = apr_table_get(query, "code");

    dygw_jsonw_string(w, "verify_token", dygw_json_str(body, "verify_token"));
    dygw_jsonw_string(w, "poi_id",
                      body ? dygw_json_str(body, "poi_id") : apr_table_get(query, "poi_id"));
    dygw_jsonw_string(w, "account_id",
                      body ? dygw_json_id(body, "account_id", control->pool)
                           : apr_table_get(query, "account_id"));
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
    dygw_jsonw_string(w, "call", dygw_sandbox_call_names[seen->call]);
    dygw_jsonw_int(w, "at_ms", seen->at);
    dygw_jsonw_int(w, "error_code", seen->error_code);
    dygw_jsonw_int(w, "http_status", seen->http_status);
    dygw_jsonw_string(w, "fault", seen->fault ? dygw_sandbox_fault_names[seen->fault] : NULL);
    dygw_jsonw_string(w, "account_header", *seen->account_header ? seen->account_header : NULL);
    write_call_meaning(control, args, seen->args_len);
    if (seen->token_ok < 0) {
        dygw_jsonw_null(w, "token_ok");
    }
    else {
        dygw_jsonw_bool(w, "token_ok", seen->token_ok);
    }
    dygw_jsonw_string(w, "args", args);
    dygw_jsonw_end_object(w);
}

/* Copies the calls with a number above `after`, of the call `name` (NULL: of all), to out, so that
 * the answer can be written without the lock. Returns how many. */
static int copy_calls(apr_uint64_t after, const char *name, dygw_sandbox_seen_t *out)
{
    const dygw_sandbox_state_t *s = dygw_sandbox_state();
    apr_uint64_t seq = s->seen > DYGW_SANDBOX_RING ? s->seen - DYGW_SANDBOX_RING : 0;
    int n = 0;

    for (seq = seq > after ? seq : after; seq < s->seen;) {
        const dygw_sandbox_seen_t *seen = &s->ring[++seq % DYGW_SANDBOX_RING];

        if (!name || strcmp(name, dygw_sandbox_call_names[seen->call]) == 0) {
            out[n++] = *seen;
        }
    }
    return n;
}

static const char *show_calls(dygw_sandbox_control_t *control)
{
    const char *after = apr_table_get(control->query, "after");
    dygw_sandbox_seen_t *copies = apr_palloc(control->pool, DYGW_SANDBOX_RING * sizeof *copies);
    int n;

    dygw_sandbox_lock();
    n = copy_calls(after ? (apr_uint64_t)apr_atoi64(after) : 0,
                   apr_table_get(control->query, "call"), copies);
    dygw_sandbox_unlock();
    dygw_jsonw_array(&control->w, "calls");
    for (int i = 0; i < n; i++) {
        write_call(control, &copies[i]);
    }
    dygw_jsonw_end_array(&control->w);
    return NULL;
}

/* --- faults and tokens --- */

static const char *add_fault(dygw_sandbox_control_t *control)
{
    static const char *const known[]
        = { "call",        "fault",      "times",       "percent",        "ms",
            "http_status", "error_code", "description", "sub_error_code", "result",
            "msg",         "how",        "anew",        "item",           NULL };
    const char *problem = dygw_sandbox_unknown_key(control->body, known, control->pool);

    if (!problem) {
        dygw_sandbox_lock();
        problem = dygw_sandbox_fault_add(control->body);
        dygw_sandbox_unlock();
    }
    return problem;
}

static const char *clear_faults(dygw_sandbox_control_t *control)
{
    dygw_sandbox_lock();
    dygw_jsonw_int(&control->w, "cleared", dygw_sandbox_state()->faults);
    dygw_sandbox_state()->faults = 0;
    dygw_sandbox_unlock();
    return NULL;
}

static const char *end_tokens(dygw_sandbox_control_t *control)
{
    const char *what = dygw_json_str(control->body, "do");
    const int kill = what && strcmp(what, "kill") == 0;

    if (!kill && (!what || strcmp(what, "expire") != 0)) {
        return "do is kill or expire";
    }
    dygw_sandbox_lock();
    dygw_jsonw_int(&control->w, "tokens", dygw_sandbox_tokens_end(kill, dygw_now()));
    dygw_sandbox_unlock();
    return NULL;
}

static const struct {
    const char *path;
    int method;
    dygw_sandbox_control_fn *answer;
} requests[] = {
    { "reset", M_POST, reset_state },
    { "mint", M_POST, dygw_sandbox_mint },
    { "accounts", M_GET, dygw_sandbox_accounts_show },
    { "accounts", M_POST, dygw_sandbox_account_change },
    { "coupon", M_GET, dygw_sandbox_coupon_show },
    { "coupon", M_POST, dygw_sandbox_coupon_change },
    { "after_sale", M_POST, dygw_sandbox_sale_change },
    { "state", M_GET, show_state },
    { "calls", M_GET, show_calls },
    { "fault", M_POST, add_fault },
    { "faults/clear", M_POST, clear_faults },
    { "token", M_POST, end_tokens },
    { "switch", M_POST, dygw_sandbox_switch },
};

static dygw_sandbox_control_fn *find_request(const request_rec *r)
{
    const char *path = r->uri + strlen(DYGW_SANDBOX_CONTROL_PATH);

    for (apr_size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (r->method_number == requests[i].method && strcmp(path, requests[i].path) == 0) {
            return requests[i].answer;
        }
    }
    return NULL;
}

static int send_control_error(dygw_sandbox_control_t *control, const char *problem)
{
    dygw_jsonw_init(&control->w, control->pool, 0);
    dygw_jsonw_object(&control->w, NULL);
    dygw_jsonw_string(&control->w, "error", problem);
    dygw_jsonw_end_object(&control->w);
    return dygw_sandbox_send(control->r, HTTP_BAD_REQUEST, "application/json", control->w.text,
                             control->w.len);
}

/* Reads the body of a POST; an empty body is an empty object. Returns NULL, or what is wrong with
 * the body. */
static const char *read_control_body(dygw_sandbox_control_t *control)
{
    const char *text;
    const char *problem = NULL;
    apr_size_t len;

    if (dygw_sandbox_read_body(control->r, &text, &len) != OK) {
        return "the body cannot be read";
    }
    control->body = dygw_json_parse(len ? text : "{}", len ? len : 2, DYGW_JSON_STRICT,
                                    control->pool, &problem);
    if (control->body && !json_is_object(control->body)) {
        problem = "the body is no object";
    }
    return problem;
}

int dygw_sandbox_control(request_rec *r)
{
    dygw_sandbox_control_t control = { .r = r, .pool = r->pool };
    dygw_sandbox_control_fn *answer = find_request(r);
    const char *problem;

    if (!answer) {
        return send_control_error(&control, "no such request");
    }
    problem = read_control_body(&control);
    if (!problem) {
        control.query = dygw_sandbox_args(r->pool, r->args);
        dygw_jsonw_init(&control.w, r->pool, ANSWER_SIZE_HINT);
        dygw_jsonw_object(&control.w, NULL);
        problem = answer(&control);
    }
    if (problem) {
        return send_control_error(&control, problem);
    }
    dygw_jsonw_end_object(&control.w);
    return dygw_sandbox_send(r, HTTP_OK, "application/json", control.w.text, control.w.len);
}
