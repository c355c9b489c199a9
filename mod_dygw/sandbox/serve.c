/* SPDX-License-Identifier: Apache-2.0
 * A call from its path to its last byte:
 *
 *   1  find the endpoint, read the request
 *   2  count it, see whether its token is good, take the fault that is due for it     (lock)
 *   3  sleep, if it shall
 *   4  answer: the fault in its place, or a refused token, or the endpoint            (lock inside)
 *   5  spoil the answer, if it shall; remember the call                               (lock)
 *   6  hold the answer back, if it shall; send it, half of it, or nothing
 */
#include "sandbox/call.h"

#include <string.h>

#include <http_connection.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include "sandbox/fault.h"
#include "sandbox/link.h"
#include "sandbox/reply.h"
#include "sandbox/token.h"

#define BODY_MAX    1048576
#define CHUNK       8192
#define FULFILMENT  "/goodlife/v1/fulfilment/certificate"

/* Indexed by dygw_sandbox_call_e. */
const dygw_sandbox_endpoint_t dygw_sandbox_endpoints[DYGW_SANDBOX_CALLS] = {
    { "client_token", "/oauth/client_token", 0, M_POST, 0, dygw_sandbox_client_token },
    { "stable_client_token", "/oauth/stable_client_token", 0, M_POST, 0,
      dygw_sandbox_stable_token },
    { "short_link", "/s/", 1, M_GET, 0, dygw_sandbox_short_link },
    { "prepare", FULFILMENT "/prepare", 0, M_GET, 1, dygw_sandbox_prepare },
    { "verify", FULFILMENT "/verify", 0, M_POST, 1, dygw_sandbox_verify },
    { "cancel", FULFILMENT "/cancel", 0, M_POST, 1, dygw_sandbox_cancel },
    { "get", FULFILMENT "/get", 0, M_GET, 1, dygw_sandbox_get },
    { "query", FULFILMENT "/query", 0, M_GET, 1, dygw_sandbox_query },
    { "verify_record", FULFILMENT "/verify_record/query", 0, M_GET, 1,
      dygw_sandbox_verify_record },
    { "stores", "/goodlife/v1/shop/poi/query", 0, M_GET, 1, dygw_sandbox_stores },
    { "orders", "/goodlife/v1/trade/order/query", 0, M_GET, 1, dygw_sandbox_orders }
};

static int is_at(const dygw_sandbox_endpoint_t *endpoint, const char *uri)
{
    const apr_size_t len = strlen(endpoint->path);

    if (strncmp(uri, endpoint->path, len) != 0) {
        return 0;
    }
    return endpoint->is_prefix || uri[len] == '\0' || (uri[len] == '/' && uri[len + 1] == '\0');
}

static int find_endpoint(dygw_sandbox_call_t *call)
{
    for (int i = 0; i < DYGW_SANDBOX_CALLS; i++) {
        if (is_at(&dygw_sandbox_endpoints[i], call->r->uri)) {
            call->which = (dygw_sandbox_call_e)i;
            call->endpoint = &dygw_sandbox_endpoints[i];
            return 1;
        }
    }
    return 0;
}

int dygw_sandbox_read_body(request_rec *r, const char **body, apr_size_t *len)
{
    apr_size_t size = CHUNK;
    char *text;
    long n;
    int rc = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);

    *body = "";
    *len = 0;
    if (rc != OK || !ap_should_client_block(r)) {
        return rc;
    }
    text = apr_palloc(r->pool, size + 1);
    while ((n = ap_get_client_block(r, text + *len, size - *len)) > 0) {
        *len += (apr_size_t)n;
        if (*len == size) {
            char *larger;

            size *= 2;
            larger = apr_palloc(r->pool, size + 1);
            memcpy(larger, text, *len);
            text = larger;
        }
        if (*len > BODY_MAX) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
    }
    text[*len] = '\0';
    *body = text;
    return n < 0 ? HTTP_BAD_REQUEST : OK;
}

apr_table_t *dygw_sandbox_args(apr_pool_t *pool, const char *args)
{
    apr_table_t *table = apr_table_make(pool, 8);
    const char *rest = args ? args : "";

    while (*rest) {
        char *value = ap_getword(pool, &rest, '&');
        char *name = ap_getword(pool, (const char **)&value, '=');

        if (ap_unescape_urlencoded(name) == OK && ap_unescape_urlencoded(value) == OK) {
            apr_table_setn(table, name, value);
        }
    }
    return table;
}

const char *dygw_sandbox_param(const dygw_sandbox_call_t *call, const char *name)
{
    const char *value = apr_table_get(call->query, name);

    return value && *value ? value : NULL;
}

apr_int64_t dygw_sandbox_param_int(const dygw_sandbox_call_t *call, const char *name,
                                   apr_int64_t fallback)
{
    const char *text = dygw_sandbox_param(call, name);
    char *end;
    apr_int64_t value;

    if (!text) {
        return fallback;
    }
    value = apr_strtoi64(text, &end, 10);
    return *end == '\0' && value >= 0 ? value : -1;
}

/* A connection counts once, and once more after a reset: it remembers the salt of its time. */
static void count_connection(conn_rec *c, dygw_sandbox_state_t *s)
{
    apr_uint64_t *salt = ap_get_module_config(c->conn_config, &dygw_sandbox_module);

    if (!salt) {
        salt = apr_pcalloc(c->pool, sizeof *salt);
        ap_set_module_config(c->conn_config, &dygw_sandbox_module, salt);
    }
    if (*salt != s->salt) {
        *salt = s->salt;
        s->connections++;
    }
}

static void arrive(dygw_sandbox_call_t *call)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();

    dygw_sandbox_lock();
    count_connection(call->r->connection, s);
    s->calls[call->which]++;
    if (call->which == DYGW_SANDBOX_CALL_ORDERS) {
        dygw_sandbox_orders_asked(dygw_now());
    }
    call->switches = s->switches;
    call->token_ok = -1;
    if (call->endpoint->needs_token) {
        call->token_error = dygw_sandbox_token_check(
            apr_table_get(call->r->headers_in, "access-token"), call->began);
        call->token_ok = call->token_error == 0;
    }
    dygw_sandbox_fault_pick(call);
    dygw_sandbox_unlock();
}

static void remember(const dygw_sandbox_call_t *call)
{
    dygw_sandbox_state_t *s = dygw_sandbox_state();
    const int is_post = call->endpoint->method == M_POST;
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
    seen->args_len = len;
    memcpy(seen->args, args, len);
    dygw_sandbox_unlock();
}

static void answer(dygw_sandbox_call_t *call)
{
    if (dygw_sandbox_fault_instead(call)) {
        return;
    }
    if (call->token_ok == 0) {
        dygw_sandbox_refuse(call, call->token_error, NULL);
    }
    else {
        call->endpoint->answer(call);
    }
    dygw_sandbox_fault_after(call);
}

/* Ends the connection without another byte: the output filters drop what comes from now on. */
static int cut(request_rec *r)
{
    r->connection->keepalive = AP_CONN_CLOSE;
    r->connection->aborted = 1;
    return OK;
}

int dygw_sandbox_send(request_rec *r, int status, const char *type, const char *body,
                      apr_size_t len)
{
    r->status = status;
    r->status_line = ap_get_status_line(status);
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    ap_rwrite(body, (int)len, r);
    return OK;
}

static int respond(dygw_sandbox_call_t *call)
{
    request_rec *r = call->r;

    if (call->http_status == 0) {
        return cut(r);
    }
    if (call->location) {
        apr_table_setn(r->headers_out, "Location", call->location);
    }
    if (call->fault.kind == DYGW_SANDBOX_TRUNCATED) {
        ap_set_content_type(r, call->content_type);
        ap_set_content_length(r, (apr_off_t)call->w.len);
        ap_rwrite(call->w.text, (int)(call->w.len / 2), r);
        ap_rflush(r);
        return cut(r);
    }
    return dygw_sandbox_send(r, call->http_status, call->content_type, call->w.text, call->w.len);
}

int dygw_sandbox_serve(request_rec *r)
{
    dygw_sandbox_call_t call = { .r = r, .pool = r->pool, .began = dygw_now() };
    int rc;

    if (dygw_sandbox_is_long_link(r)) {
        return dygw_sandbox_long_link(r);
    }
    if (!find_endpoint(&call)) {
        return HTTP_NOT_FOUND;
    }
    r->allowed = AP_METHOD_BIT << call.endpoint->method;
    if (r->method_number != call.endpoint->method) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    rc = dygw_sandbox_read_body(r, &call.body, &call.body_len);
    if (rc != OK) {
        return rc;
    }
    call.query = dygw_sandbox_args(r->pool, r->args);
    arrive(&call);
    if (call.fault.kind == DYGW_SANDBOX_LATENCY) {
        dygw_sandbox_sleep(call.fault.ms);
    }
    dygw_sandbox_sleep(call.switches.latency_ms);
    answer(&call);
    remember(&call);
    if (call.fault.kind == DYGW_SANDBOX_HANG) {
        dygw_sandbox_sleep(call.fault.ms);
    }
    return respond(&call);
}
