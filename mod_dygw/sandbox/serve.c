/* SPDX-License-Identifier: Apache-2.0
 * Serves calls of Douyin's API, and has the table of the functions that answer. The steps of a
 * call:
 *
 *   1  find the endpoint, read the request
 *   2  count the call, check its access token, take the first fault for it         (with the lock)
 *   3  sleep, if the fault or the switch latency_ms says so
 *   4  answer: by a fault instead of the call, by refusing the token or the account,
 *      or by the function of the endpoint, which takes the lock itself
 *   5  spoil the answer, if the fault says so; remember the call                   (with the lock)
 *   6  hold the answer back, if the fault says so; send all, half or nothing of it
 */
#include "sandbox/serve.h"

#include <string.h>

#include <ap_mpm.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include "sandbox/caller.h"
#include "sandbox/fault.h"
#include "sandbox/handlers.h"
#include "sandbox/link.h"
#include "sandbox/reply.h"
#include "sandbox/token.h"

#define SLEEP_SLICE_MS 100
#define FULFILMENT     "/goodlife/v1/fulfilment/certificate"

typedef struct endpoint_t {
    const char *path; /* without the slash at the end */
    int is_prefix;    /* more follows in the path of a request */
    int method;
    int needs_token;
    dygw_sandbox_call_fn *answer;
} endpoint_t;

static const endpoint_t endpoints[DYGW_SANDBOX_CALLS] = {
    [DYGW_SANDBOX_CALL_CLIENT_TOKEN]
    = { "/oauth/client_token", 0, M_POST, 0, dygw_sandbox_client_token },
    [DYGW_SANDBOX_CALL_STABLE_TOKEN]
    = { "/oauth/stable_client_token", 0, M_POST, 0, dygw_sandbox_stable_token },
    [DYGW_SANDBOX_CALL_SHORT_LINK] = { "/s/", 1, M_GET, 0, dygw_sandbox_short_link },
    [DYGW_SANDBOX_CALL_PREPARE] = { FULFILMENT "/prepare", 0, M_GET, 1, dygw_sandbox_prepare },
    [DYGW_SANDBOX_CALL_VERIFY] = { FULFILMENT "/verify", 0, M_POST, 1, dygw_sandbox_verify },
    [DYGW_SANDBOX_CALL_CANCEL] = { FULFILMENT "/cancel", 0, M_POST, 1, dygw_sandbox_cancel },
    [DYGW_SANDBOX_CALL_GET] = { FULFILMENT "/get", 0, M_GET, 1, dygw_sandbox_get },
    [DYGW_SANDBOX_CALL_QUERY] = { FULFILMENT "/query", 0, M_GET, 1, dygw_sandbox_query },
    [DYGW_SANDBOX_CALL_RECORD]
    = { FULFILMENT "/verify_record/query", 0, M_GET, 1, dygw_sandbox_verify_record },
    [DYGW_SANDBOX_CALL_STORES]
    = { "/goodlife/v1/shop/poi/query", 0, M_GET, 1, dygw_sandbox_stores },
    [DYGW_SANDBOX_CALL_ORDERS]
    = { "/goodlife/v1/trade/order/query", 0, M_GET, 1, dygw_sandbox_orders },
    [DYGW_SANDBOX_CALL_LEDGER]
    = { "/goodlife/v1/settle/ledger/query_record_by_cert", 0, M_GET, 1, dygw_sandbox_ledger },
    [DYGW_SANDBOX_CALL_AFTER_SALE]
    = { "/goodlife/v1/akte/after_sale/order_detail/get", 0, M_GET, 1, dygw_sandbox_after_sale },
};

static int is_endpoint_at(const endpoint_t *endpoint, const char *uri)
{
    const apr_size_t len = strlen(endpoint->path);

    if (strncmp(uri, endpoint->path, len) != 0) {
        return 0;
    }
    return endpoint->is_prefix || uri[len] == '\0' || (uri[len] == '/' && uri[len + 1] == '\0');
}

/* Returns the endpoint of a path; NULL: there is none. */
static const endpoint_t *find_endpoint(const char *uri)
{
    for (int i = 0; i < DYGW_SANDBOX_CALLS; i++) {
        if (is_endpoint_at(&endpoints[i], uri)) {
            return &endpoints[i];
        }
    }
    return NULL;
}

/* Sleeps for ms, but ends when this httpd stops. */
static void hold_call(dygw_ms_t ms)
{
    const dygw_ms_t until = dygw_now() + ms;
    dygw_ms_t left = ms;
    int mpm_state = AP_MPMQ_RUNNING;

    while (left > 0 && mpm_state != AP_MPMQ_STOPPING) {
        apr_sleep(apr_time_from_msec(left < SLEEP_SLICE_MS ? left : SLEEP_SLICE_MS));
        left = until - dygw_now();
        ap_mpm_query(AP_MPMQ_MPM_STATE, &mpm_state);
    }
}

/* Counts a connection once, and once more after a reset: *connection is the salt at the time when
 * it was counted. */
static void count_connection(apr_uint64_t *connection, dygw_sandbox_state_t *s)
{
    if (*connection != s->salt) {
        *connection = s->salt;
        s->connections++;
    }
}

/* Notes an order query, for the largest number in a second. The caller holds the lock. */
static void count_order_query(dygw_sandbox_state_t *s, dygw_ms_t now)
{
    int in_second = 0;

    s->order_asked[s->calls[DYGW_SANDBOX_CALL_ORDERS] % DYGW_SANDBOX_QPS_MAX] = now;
    for (int i = 0; i < DYGW_SANDBOX_QPS_MAX; i++) {
        in_second += s->order_asked[i] > now - 1000;
    }
    if (s->order_peak < in_second) {
        s->order_peak = in_second;
    }
}

static void begin_call(dygw_sandbox_call_t *call, int needs_token, apr_uint64_t *connection)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();

    dygw_sandbox_lock();
    count_connection(connection, s);
    s->calls[call->which]++;
    if (call->which == DYGW_SANDBOX_CALL_ORDERS) {
        count_order_query(s, dygw_now());
    }
    call->switches = s->switches;
    call->token_ok = -1;
    if (needs_token) {
        call->token_error = dygw_sandbox_token_check(
            apr_table_get(call->r->headers_in, "access-token"), call->began);
        call->token_ok = call->token_error == 0;
    }
    dygw_sandbox_fault_pick(call);
    dygw_sandbox_unlock();
}

static void remember_call(const dygw_sandbox_call_t *call)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    const char *account = apr_table_get(call->r->headers_in, DYGW_SANDBOX_ACCOUNT_HEADER);
    const int is_post = call->r->method_number == M_POST;
    const char *args = is_post ? call->body : call->r->args ? call->r->args : "";
    apr_size_t len = is_post ? call->body_len : strlen(args);
    dygw_sandbox_seen_t *seen;

    if (len > DYGW_SANDBOX_ARGS_MAX) {
        len = DYGW_SANDBOX_ARGS_MAX;
    }
    dygw_sandbox_lock();
    seen = &s->ring[++s->seen % DYGW_SANDBOX_RING];
    seen->seq = s->seen;
    seen->at = call->began;
    seen->error_code = call->error_code;
    seen->http_status = call->http_status;
    seen->call = call->which;
    seen->fault = call->fault.kind;
    seen->token_ok = call->token_ok;
    apr_cpystrn(seen->account_header, account ? account : "", sizeof seen->account_header);
    seen->args_len = len;
    memcpy(seen->args, args, len);
    dygw_sandbox_unlock();
}

static void answer_call(dygw_sandbox_call_t *call, const endpoint_t *endpoint)
{
    if (dygw_sandbox_fault_instead(call)) {
        return;
    }
    if (call->token_ok == 0) {
        dygw_sandbox_refuse(call, call->token_error, NULL);
    }
    else if (!endpoint->needs_token || dygw_sandbox_caller_admit(call)) {
        endpoint->answer(call);
    }
    dygw_sandbox_fault_after(call);
}

/* Ends the connection without another byte: the output filters drop everything from now on. */
static int cut_connection(request_rec *r)
{
    r->connection->keepalive = AP_CONN_CLOSE;
    r->connection->aborted = 1;
    return OK;
}

/* httpd tells in Date when the request came. */
static void set_date(const dygw_sandbox_call_t *call)
{
    call->r->request_time = apr_time_from_msec(dygw_now());
}

static int send_answer(dygw_sandbox_call_t *call)
{
    request_rec *r = call->r;

    set_date(call);
    if (call->http_status == 0) {
        return cut_connection(r);
    }
    if (call->location) {
        apr_table_setn(r->headers_out, "Location", call->location);
    }
    if (call->fault.kind == DYGW_SANDBOX_TRUNCATED) {
        ap_set_content_type(r, call->content_type);
        ap_set_content_length(r, (apr_off_t)call->w.len);
        ap_rwrite(call->w.text, (int)(call->w.len / 2), r);
        ap_rflush(r);
        return cut_connection(r);
    }
    return dygw_sandbox_send(r, call->http_status, call->content_type, call->w.text, call->w.len);
}

int dygw_sandbox_serve(request_rec *r, const dygw_sandbox_settings_t *settings,
                       apr_uint64_t *connection)
{
    dygw_sandbox_call_t call
        = { .r = r, .pool = r->pool, .settings = settings, .began = dygw_now() };
    const endpoint_t *endpoint = find_endpoint(r->uri);
    int rc;

    if (dygw_sandbox_is_long_link(r)) {
        return dygw_sandbox_long_link(r);
    }
    if (!endpoint) {
        return HTTP_NOT_FOUND;
    }
    r->allowed = AP_METHOD_BIT << endpoint->method;
    if (r->method_number != endpoint->method) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    rc = dygw_sandbox_read_body(r, &call.body, &call.body_len);
    if (rc != OK) {
        return rc;
    }
    call.which = (dygw_sandbox_call_e)(endpoint - endpoints);
    call.query = dygw_sandbox_args(r->pool, r->args);
    begin_call(&call, endpoint->needs_token, connection);
    if (call.fault.kind == DYGW_SANDBOX_LATENCY) {
        hold_call(call.fault.ms);
    }
    hold_call(call.switches.latency_ms);
    answer_call(&call, endpoint);
    remember_call(&call);
    if (call.fault.kind == DYGW_SANDBOX_HANG) {
        hold_call(call.fault.ms);
    }
    return send_answer(&call);
}
