/* SPDX-License-Identifier: Apache-2.0
 * POST /coupons/cancel: cancels a verification. */
#include "handle/open/open.h"

#include "gateway/redeem/cancel.h"

#define ID_MAX APR_INT64_C(999999999999999999) /* the same limit as of an id in a path */

static apr_int64_t read_cancel_request(dygw_call_t *call, dygw_result_t *out)
{
    static const char *const known[] = { "verification_id", NULL };
    dygw_fields_t f;

    dygw_read_no_query(call, out);
    if (out->code != DYGW_OK
        || !dygw_fields_parse(&f, call->body, call->body_len, call->r->pool, out)) {
        return 0;
    }
    dygw_fields_known(&f, known);
    dygw_field_require(&f, *known);
    return dygw_field_int(&f, *known, 1, ID_MAX, 0);
}

int dygw_handle_cancel(dygw_call_t *call)
{
    dygw_redeem_result_t cancelled = { 0 };
    apr_int64_t id = read_cancel_request(call, &cancelled.result);
    int pending = 0;

    if (dygw_open_has_app_id(call, &cancelled.result)) {
        dygw_cancel(&call->ctx, id, call->app->id, &cancelled, &pending);
        dygw_note_upstream(call, cancelled.upstream_time);
    }
    if (cancelled.result.code != DYGW_OK) {
        return dygw_reply_error(call, &cancelled.result);
    }
    return dygw_reply_verifications(call, pending ? HTTP_ACCEPTED : HTTP_OK,
                                    cancelled.verifications[0], &cancelled, 0);
}
