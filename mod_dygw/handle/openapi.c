/* SPDX-License-Identifier: Apache-2.0
 * GET /openapi.json: conf/openapi.yaml as the build converted it. The reply is the part that
 * belongs to the handler, with the address at which this handler is mounted. */
#include "handle/endpoints.h"

#include "openapi.inc"

#define SERVERS_SIZE 128

static int reply_api(dygw_call_t *call, const char *api, apr_size_t len)
{
    const char *mount = ap_os_escape_path(call->r->pool, call->mount, 1);
    dygw_result_t out = { 0 };
    dygw_jsonw_t w;

    dygw_read_no_query(call, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    dygw_jsonw_init(&w, call->r->pool, len + SERVERS_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "servers");
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "url", *mount ? mount : "/");
    dygw_jsonw_end_object(&w);
    dygw_jsonw_end_array(&w);
    dygw_jsonw_raw(&w, NULL, api, len); /* the other members, and the end of the object */
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

int dygw_handle_openapi_open(dygw_call_t *call)
{
    return reply_api(call, open_api, sizeof open_api - 1);
}

int dygw_handle_openapi_internal(dygw_call_t *call)
{
    return reply_api(call, internal_api, sizeof internal_api - 1);
}
