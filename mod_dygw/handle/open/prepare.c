/* SPDX-License-Identifier: Apache-2.0
 * POST /coupons/prepare: replies with Douyin's answer to prepare, unchanged. */
#include "handle/open/open.h"

static const char *const known_fields[] = { "poi_id", "store", "short_link", "code", NULL };

void dygw_prepare_read(dygw_call_t *call, dygw_redeem_request_t *request, dygw_result_t *out)
{
    dygw_fields_t f;

    *request = (dygw_redeem_request_t){ .app_id = call->app->id,
                                        .app_name = call->app->name,
                                        .count = 1,
                                        .request_id = call->log.request_id };
    if (!dygw_fields_parse(&f, call->body, call->body_len, call->r->pool, out)
        || !dygw_coupon_store_allowed(&f, call->ctx.gateway, call->app)) {
        return;
    }
    dygw_read_no_query(call, out);
    dygw_fields_known(&f, known_fields);
    dygw_coupon_read(&f, call->ctx.gateway, dygw_prepare_modes, request);
}

int dygw_handle_prepare(dygw_call_t *call)
{
    dygw_redeem_request_t request;
    dygw_result_t out = { 0 };
    apr_time_t began;

    dygw_prepare_read(call, &request, &out);
    if (out.code == DYGW_OK) {
        began = dygw_steady_now();
        dygw_prepare_only(&call->ctx, &request, &out);
        dygw_note_upstream(call, dygw_steady_now() - began);
    }
    return out.code == DYGW_OK ? dygw_reply_douyin(call, out.reply) : dygw_reply_error(call, &out);
}
