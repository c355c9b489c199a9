/* SPDX-License-Identifier: Apache-2.0
 * Faults are a queue in shared memory: each call takes the first fault that is meant for it.
 * serve.c makes faults happen, control.c adds them. */
#include "sandbox/fault.h"

#include <string.h>

#include <apr_strings.h>

#include "sandbox/damage.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"
#include "util/json.h"

#define MS_MAX     (10 * 60 * 1000)
#define DEFAULT_MS 1000
#define SERVER_ERROR \
    "<html>\r\n<head><title>Server Error</title></head>\r\n<body>\r\n" \
    "<center><h1>%d</h1></center>\r\n<hr><center>Tengine</center>\r\n" \
    "</body>\r\n</html>\r\n"

const char *const dygw_sandbox_fault_names[DYGW_SANDBOX_FAULT_KINDS] = {
    "",          "latency",  "hang",  "drop_before", "drop_after", "status",     "status_after",
    "truncated", "garbage",  "error", "error_after", "result",     "apply_late", "review",
    "damage",    "compress",
};

static int is_fault_for(const dygw_sandbox_fault_t *fault, dygw_sandbox_call_e which)
{
    return fault->call == which || fault->call == DYGW_SANDBOX_CALL_ANY
           || (fault->call == DYGW_SANDBOX_CALL_TOKEN && which <= DYGW_SANDBOX_CALL_STABLE_TOKEN);
}

/* Whether a fault happens this time, which it does with a chance of `percent`. */
static int fault_falls(int percent)
{
    return (int)(dygw_sandbox_random() % 100) < percent;
}

void dygw_sandbox_fault_pick(dygw_sandbox_call_t *call)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    int i = 0;

    call->fault.kind = DYGW_SANDBOX_NO_FAULT;
    while (i < s->faults && !is_fault_for(&s->fault[i], call->which)) {
        i++;
    }
    if (i == s->faults || !fault_falls(s->fault[i].percent)) {
        return;
    }
    call->fault = s->fault[i];
    if (s->fault[i].times > 1) {
        s->fault[i].times--;
    }
    else if (s->fault[i].times == 1) {
        s->faults--;
        memmove(&s->fault[i], &s->fault[i + 1], (apr_size_t)(s->faults - i) * sizeof s->fault[0]);
    }
}

static void drop_call(dygw_sandbox_call_t *call)
{
    dygw_sandbox_reply_text(call, 0, "", "");
}

static void answer_server_error(dygw_sandbox_call_t *call)
{
    dygw_sandbox_reply_text(call, call->fault.http_status, "text/html; charset=utf-8",
                            apr_psprintf(call->pool, SERVER_ERROR, call->fault.http_status));
}

static void answer_error(dygw_sandbox_call_t *call)
{
    const dygw_sandbox_fault_t *f = &call->fault;
    const char *text = f->description[0] ? f->description : dygw_sandbox_text_of(f->error_code);

    if (f->sub_error_code) {
        dygw_sandbox_refuse_sub(call, f->error_code, text, f->sub_error_code, text);
    }
    else {
        dygw_sandbox_refuse(call, f->error_code, text);
    }
}

int dygw_sandbox_fault_instead(dygw_sandbox_call_t *call)
{
    switch (call->fault.kind) {
    case DYGW_SANDBOX_DROP_BEFORE:
        drop_call(call);
        return 1;
    case DYGW_SANDBOX_STATUS:
        answer_server_error(call);
        return 1;
    case DYGW_SANDBOX_GARBAGE:
        dygw_sandbox_reply_text(call, HTTP_OK, "application/json", "upstream connect error{");
        return 1;
    case DYGW_SANDBOX_ERROR:
        answer_error(call);
        return 1;
    default:
        return 0;
    }
}

void dygw_sandbox_fault_after(dygw_sandbox_call_t *call)
{
    switch (call->fault.kind) {
    case DYGW_SANDBOX_DROP_AFTER:
        drop_call(call);
        break;
    case DYGW_SANDBOX_STATUS_AFTER:
        answer_server_error(call);
        break;
    case DYGW_SANDBOX_ERROR_AFTER:
        answer_error(call);
        break;
    case DYGW_SANDBOX_DAMAGE:
        dygw_sandbox_damage(call);
        break;
    case DYGW_SANDBOX_COMPRESS:
        dygw_sandbox_compress(call);
        break;
    default:
        break;
    }
}

/* --- what the control interface asks for --- */

static int call_by_name(const char *name)
{
    if (name && strcmp(name, "token") == 0) {
        return DYGW_SANDBOX_CALL_TOKEN;
    }
    if (name && strcmp(name, "any") == 0) {
        return DYGW_SANDBOX_CALL_ANY;
    }
    for (int i = 0; name && i < DYGW_SANDBOX_CALLS; i++) {
        if (strcmp(name, dygw_sandbox_call_names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static int fault_by_name(const char *name)
{
    for (int i = 1; name && i < DYGW_SANDBOX_FAULT_KINDS; i++) {
        if (strcmp(name, dygw_sandbox_fault_names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *check_fault(const dygw_sandbox_fault_t *f)
{
    const int is_change
        = f->call == DYGW_SANDBOX_CALL_VERIFY || f->call == DYGW_SANDBOX_CALL_CANCEL;

    if (f->kind == DYGW_SANDBOX_APPLY_LATE && !is_change) {
        return "apply_late is for verify and cancel";
    }
    if (f->anew && !(f->kind == DYGW_SANDBOX_APPLY_LATE && f->call == DYGW_SANDBOX_CALL_VERIFY)) {
        return "anew is for a verify that is applied late";
    }
    if ((f->kind == DYGW_SANDBOX_RESULT || f->kind == DYGW_SANDBOX_REVIEW)
        && f->call != DYGW_SANDBOX_CALL_VERIFY) {
        return "result and review are for verify";
    }
    if (f->kind == DYGW_SANDBOX_RESULT && f->result == 0) {
        return "result wants a `result` other than 0";
    }
    if ((f->kind == DYGW_SANDBOX_ERROR || f->kind == DYGW_SANDBOX_ERROR_AFTER)
        && f->error_code == 0) {
        return "error wants an error_code other than 0";
    }
    if (f->kind == DYGW_SANDBOX_DAMAGE && !dygw_sandbox_can_damage(f->description)) {
        return "damage wants `how`: surrogate, cut, control, nul or bom";
    }
    if (f->kind == DYGW_SANDBOX_COMPRESS && !dygw_sandbox_can_compress()) {
        return "compress wants mod_deflate to be loaded";
    }
    if (f->item < -1 || f->item >= DYGW_SANDBOX_CODES_MAX) {
        return "item counts the codes from 0";
    }
    if (f->http_status < 200 || f->http_status > 599) {
        return "http_status is 200 to 599";
    }
    if (f->times == 0 || f->times < -1) {
        return "times is -1 or positive";
    }
    if (f->percent < 0 || f->percent > 100 || f->ms < 0 || f->ms > MS_MAX) {
        return "percent is 0 to 100, ms at most 600000";
    }
    return NULL;
}

const char *dygw_sandbox_fault_add(const json_t *wanted)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    const char *text = dygw_json_str(wanted, "description");
    const char *problem;
    dygw_sandbox_fault_t f;
    int call = call_by_name(dygw_json_str(wanted, "call"));
    int kind = fault_by_name(dygw_json_str(wanted, "fault"));

    if (call < 0 || kind < 0) {
        return call < 0 ? "no such call" : "no such fault";
    }
    memset(&f, 0, sizeof f);
    f.call = (dygw_sandbox_call_e)call;
    f.kind = (dygw_sandbox_fault_e)kind;
    f.times = (int)dygw_json_int(wanted, "times", 1);
    f.percent = (int)dygw_json_int(wanted, "percent", 100);
    f.ms = (int)dygw_json_int(wanted, "ms", DEFAULT_MS);
    f.http_status = (int)dygw_json_int(wanted, "http_status", HTTP_SERVICE_UNAVAILABLE);
    f.error_code = dygw_json_int(wanted, "error_code", 0);
    f.sub_error_code = dygw_json_int(wanted, "sub_error_code", 0);
    f.result = dygw_json_int(wanted, "result", 0);
    f.anew = json_is_true(json_object_get(wanted, "anew"));
    f.item = (int)dygw_json_int(wanted, "item", -1);
    if (kind == DYGW_SANDBOX_RESULT && dygw_json_str(wanted, "msg")) {
        text = dygw_json_str(wanted, "msg");
    }
    if (kind == DYGW_SANDBOX_DAMAGE) {
        text = dygw_json_str(wanted, "how");
    }
    apr_cpystrn(f.description, text ? text : "", sizeof f.description);
    problem = check_fault(&f);
    if (!problem && s->faults == DYGW_SANDBOX_FAULTS) {
        problem = "too many faults";
    }
    if (!problem) {
        s->fault[s->faults++] = f;
    }
    return problem;
}
