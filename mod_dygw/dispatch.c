/* SPDX-License-Identifier: Apache-2.0
 * The table of routes, and the way of a request along it, in the order of the contract: route,
 * method, who it is, the body, and for /open the signature over all of it; then the endpoint. Each
 * route names the checks that stand before its endpoint. This is the only file that names all
 * endpoints.
 *
 * Requests are authenticated here, and not in a hook of httpd's, so that no internal redirect and
 * no other way into the handler goes around it. */
#include "dispatch.h"

#include <string.h>

#include <http_protocol.h>

#include "auth/auth.h"
#include "handle/endpoints.h"
#include "handle/health.h"
#include "handle/route.h"
#include "handle/internal/internal.h"
#include "handle/open/open.h"
#include "util/spelling.h"

/* Where nothing was started, somebody has to act. */
#define RETRY_AFTER_START_SEC 30

#define REQUEST_ID     "X-Request-Id"
#define REQUEST_ID_MAX 64
#define REQUEST_ID_LEN 20 /* of the ones made here */

/* --- who may come in, and how that is found out --- */

static dygw_check_fn *const signed_by_app[]
    = { dygw_auth_headers,   dygw_health_admit, dygw_read_json_body,
        dygw_auth_signature, dygw_auth_admit,   NULL };
static dygw_check_fn *const signed_by_douyin[]
    = { dygw_health_admit, dygw_read_body, dygw_auth_webhook, NULL };
static dygw_check_fn *const by_operator[]
    = { dygw_auth_operator, dygw_health_admit, dygw_read_json_body, NULL };
static dygw_check_fn *const by_operator_always[]
    = { dygw_auth_operator, dygw_read_json_body, NULL };
static dygw_check_fn *const by_anybody[] = { NULL };

/* --- the endpoints --- */

typedef struct handler_t {
    const char *name;
    dygw_api_e api;
    const dygw_route_t *routes;
} handler_t;

static const dygw_route_t open_routes[] = {
    { "/coupons/verify", M_POST, signed_by_app, dygw_handle_verify },
    { "/douyin/access-token", M_GET, signed_by_app, dygw_handle_access_token },
    { "/verifications/{id}", M_GET, signed_by_app, dygw_handle_verification },
    { "/verifications", M_GET, signed_by_app, dygw_handle_verification_by_key },
    { "/coupons/prepare", M_POST, signed_by_app, dygw_handle_prepare },
    { "/coupons/preview", M_POST, signed_by_app, dygw_handle_preview },
    { "/coupons/cancel", M_POST, signed_by_app, dygw_handle_cancel },
    { "/douyin/stores", M_GET, signed_by_app, dygw_handle_stores },
    { "/douyin/webhook", M_POST, signed_by_douyin, dygw_handle_webhook },
    { "/openapi.json", M_GET, by_anybody, dygw_handle_openapi_open },
    { .path = NULL },
};

static const dygw_route_t internal_routes[] = {
    { "/apps", M_GET, by_operator, dygw_handle_app_list },
    { "/apps", M_POST, by_operator, dygw_handle_app_create },
    { "/apps/{id}", M_GET, by_operator, dygw_handle_app_read },
    { "/apps/{id}", M_PATCH, by_operator, dygw_handle_app_change },
    { "/apps/{id}/token-access", M_PATCH, by_operator, dygw_handle_app_token_access },
    { "/apps/{id}/secret", M_POST, by_operator, dygw_handle_app_secret },
    { "/reports/verifications", M_GET, by_operator, dygw_handle_report },
    { "/reports/summary", M_GET, by_operator, dygw_handle_summary },
    { "/reports/payouts", M_GET, by_operator, dygw_handle_payouts },
    { "/reports/reconciliation", M_GET, by_operator, dygw_handle_reconciliation },
    { "/openapi.json", M_GET, by_anybody, dygw_handle_openapi_internal },
    { "/stores", M_GET, by_operator_always, dygw_handle_declared_stores },
    { "/audit", M_GET, by_operator, dygw_handle_audit },
    { "/diagnosis", M_GET, by_operator_always, dygw_handle_diagnosis },
    { "/metrics", M_GET, by_anybody, dygw_handle_metrics },
    { .path = NULL },
};

static const dygw_route_t health_routes[] = {
    { "", M_GET, by_anybody, dygw_handle_health },
    { "/", M_GET, by_anybody, dygw_handle_health },
    { "/live", M_GET, by_anybody, dygw_handle_health_live },
    { .path = NULL },
};

static const handler_t handlers[] = {
    { "dygw-open", DYGW_API_OPEN, open_routes },
    { "dygw-internal", DYGW_API_INTERNAL, internal_routes },
    { "dygw-health", DYGW_API_NONE, health_routes },
};

static const handler_t *find_handler(const char *name)
{
    size_t i;

    for (i = 0; name && i < sizeof handlers / sizeof *handlers; i++) {
        if (strcmp(handlers[i].name, name) == 0) {
            return &handlers[i];
        }
    }
    return NULL;
}

static const char *request_id(request_rec *r)
{
    const char *given = apr_table_get(r->headers_in, REQUEST_ID);

    return given && dygw_spelled(given, 1, REQUEST_ID_MAX, "._-")
               ? given
               : dygw_random_name(r->pool, REQUEST_ID_LEN);
}

static void begin_call(dygw_call_t *call, dygw_api_e api, request_rec *r)
{
    call->r = r;
    call->api = api;
    call->runtime = dygw_cfg_get(r->server)->runtime;
    call->body = "";
    call->log.where = r->server;
    call->log.request_id = request_id(r);
    if (call->log.request_id) {
        apr_table_setn(r->headers_out, REQUEST_ID, call->log.request_id);
    }
    if (call->runtime) {
        call->ctx = (dygw_ctx_t){ &call->runtime->gateway, &call->log, r->pool };
    }
    apr_table_unset(r->headers_in, "Range"); /* httpd would cut our answers into pieces */
}

static const dygw_route_t *find_route(dygw_call_t *call, const handler_t *handler,
                                      dygw_result_t *out)
{
    request_rec *r = call->r;
    const dygw_route_t *route = NULL;
    const char *allow = NULL;

    if (!dygw_route_mount(call)) {
        dygw_log_rarely(&call->log, ERR, handler->name, 0,
                        DYGWNO(0212) "%s has no place of its own: use SetHandler directly inside a "
                                     "<Location> with a plain path",
                        handler->name);
        out->code = DYGW_INTERNAL_ERROR;
        out->message = "the gateway is not mounted as it should be; its error log says more";
        return NULL;
    }
    route = dygw_route_find(handler->routes, call->route, r->method_number, &call->id, &allow,
                            r->pool);
    if (!route && allow) {
        out->code = DYGW_METHOD_NOT_ALLOWED;
        out->message = "this endpoint has other methods, see Allow";
        apr_table_setn(r->headers_out, "Allow", allow);
    }
    else if (!route) {
        out->code = DYGW_NOT_FOUND;
        out->message = "there is no such endpoint";
    }
    else {
        dygw_log(&call->log, TRACE, 0, DYGWNO(0213) "%s %s", r->method, call->route);
    }
    return route;
}

/* What anybody may ask for is there whatever became of the gateway, /health above all, but for its
 * metrics. */
static void check_runtime(const dygw_call_t *call, const dygw_route_t *route, dygw_result_t *out)
{
    if (!call->runtime && (route->checks != by_anybody || route->endpoint == dygw_handle_metrics)) {
        out->code = DYGW_DATABASE_UNAVAILABLE;
        out->message = "the gateway could not start here; its error log says why";
        out->retry_after = RETRY_AFTER_START_SEC;
    }
}

static void check_call(dygw_call_t *call, const dygw_route_t *route, dygw_result_t *out)
{
    dygw_check_fn *const *check;

    for (check = route->checks; *check && out->code == DYGW_OK; check++) {
        (*check)(call, out);
    }
}

int dygw_dispatch_knows(const char *handler)
{
    return find_handler(handler) != NULL;
}

void dygw_dispatch_begin(dygw_call_t *call, const char *handler, request_rec *r)
{
    begin_call(call, find_handler(handler)->api, r);
}

int dygw_dispatch(request_rec *r)
{
    const handler_t *handler = find_handler(r->handler);
    dygw_call_t call = { 0 };
    dygw_result_t out = { 0 };
    const dygw_route_t *route;
    int rc;

    if (!handler) {
        return DECLINED;
    }
    begin_call(&call, handler->api, r);
    route = find_route(&call, handler, &out);
    if (route) {
        check_runtime(&call, route, &out);
    }
    if (out.code == DYGW_OK && call.api == DYGW_API_INTERNAL) {
        dygw_auth_notice_proxy(&call);
    }
    if (out.code == DYGW_OK) {
        check_call(&call, route, &out);
    }
    dygw_leave_body(&call);
    rc = out.code == DYGW_OK ? route->endpoint(&call) : dygw_reply_error(&call, &out);
    dygw_drop_body(&call);
    return rc;
}
