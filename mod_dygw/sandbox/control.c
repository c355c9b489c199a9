/* SPDX-License-Identifier: Apache-2.0
 * The control interface: its table, and the requests that are a few lines each. */
#include "sandbox/control.h"

#include <string.h>

#include <apr_strings.h>

#include "sandbox/call.h"
#include "sandbox/fault.h"
#include "sandbox/token.h"
#include "util/json.h"

#define ANSWER_SIZE_HINT 4096

const char *dygw_sandbox_unknown_key(const dygw_sandbox_control_t *control,
                                     const char *const *known)
{
    void *i;

    for (i = json_object_iter((json_t *)control->body); i;
         i = json_object_iter_next((json_t *)control->body, i)) {
        const char *const *k = known;

        while (*k && strcmp(*k, json_object_iter_key(i)) != 0) {
            k++;
        }
        if (!*k) {
            return apr_psprintf(control->pool, "unknown key %s", json_object_iter_key(i));
        }
    }
    return NULL;
}

static const char *reset(DYGW_UNUSED dygw_sandbox_control_t *control)
{
    dygw_sandbox_lock();
    dygw_sandbox_state_reset();
    dygw_sandbox_unlock();
    return NULL;
}

static void write_calls(dygw_jsonw_t *w, const dygw_sandbox_state_t *s)
{
    dygw_jsonw_object(w, "calls");
    for (int i = 0; i < DYGW_SANDBOX_CALLS; i++) {
        dygw_jsonw_int(w, dygw_sandbox_endpoints[i].name, s->calls[i]);
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
    write_calls(w, s);
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

static const char *add_fault(dygw_sandbox_control_t *control)
{
    static const char *const known[] = { "call", "fault", "times", "percent", "ms", "http_status",
                                         "error_code", "description", "sub_error_code", "result",
                                         "msg", "how", "anew", "item", NULL };
    const char *problem = dygw_sandbox_unknown_key(control, known);

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
} table[] = {
    { "reset", M_POST, reset },
    { "mint", M_POST, dygw_sandbox_mint },
    { "coupon", M_GET, dygw_sandbox_coupon_show },
    { "coupon", M_POST, dygw_sandbox_coupon_change },
    { "state", M_GET, show_state },
    { "calls", M_GET, dygw_sandbox_calls },
    { "fault", M_POST, add_fault },
    { "faults/clear", M_POST, clear_faults },
    { "token", M_POST, end_tokens },
    { "switch", M_POST, dygw_sandbox_switch }
};

static dygw_sandbox_control_fn *find(const request_rec *r)
{
    const char *path = r->uri + strlen(DYGW_SANDBOX_CONTROL_PATH);

    for (apr_size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (r->method_number == table[i].method && strcmp(path, table[i].path) == 0) {
            return table[i].answer;
        }
    }
    return NULL;
}

static int send_error(dygw_sandbox_control_t *control, const char *problem)
{
    dygw_jsonw_init(&control->w, control->pool, 0);
    dygw_jsonw_object(&control->w, NULL);
    dygw_jsonw_string(&control->w, "error", problem);
    dygw_jsonw_end_object(&control->w);
    return dygw_sandbox_send(control->r, HTTP_BAD_REQUEST, "application/json", control->w.text,
                             control->w.len);
}

/* The body of a POST; empty is an empty object. NULL, or what is wrong with it. */
static const char *read_object(dygw_sandbox_control_t *control)
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
    dygw_sandbox_control_fn *answer = find(r);
    const char *problem;

    if (!answer) {
        return send_error(&control, "no such request");
    }
    problem = read_object(&control);
    if (!problem) {
        control.query = dygw_sandbox_args(r->pool, r->args);
        dygw_jsonw_init(&control.w, r->pool, ANSWER_SIZE_HINT);
        dygw_jsonw_object(&control.w, NULL);
        problem = answer(&control);
    }
    if (problem) {
        return send_error(&control, problem);
    }
    dygw_jsonw_end_object(&control.w);
    return dygw_sandbox_send(r, HTTP_OK, "application/json", control.w.text, control.w.len);
}
