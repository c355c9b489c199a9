/* SPDX-License-Identifier: Apache-2.0
 * The calls get and query: they show a coupon, or all coupons of an order, with their
 * verifications. serve.c calls them. */
#include "sandbox/caller.h"
#include "sandbox/certificate.h"
#include "sandbox/handlers.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"

void dygw_sandbox_get(dygw_sandbox_call_t *call)
{
    const char *code = dygw_sandbox_param(call, "encrypted_code");
    const apr_uint32_t coupon = dygw_sandbox_cipher_index(DYGW_SANDBOX_CIPHER_CODE, code);
    dygw_sandbox_snapshot_t snapshot;
    int found, may;

    if (!code || coupon == DYGW_SANDBOX_NONE) {
        dygw_sandbox_refuse(call, code ? DYGW_SANDBOX_CANNOT_DECRYPT : DYGW_SANDBOX_NO_CODE, NULL);
        return;
    }
    dygw_sandbox_lock();
    found = dygw_sandbox_coupon(coupon) != NULL;
    may = !found
          || dygw_sandbox_caller_may(call, dygw_sandbox_order(dygw_sandbox_coupon(coupon)->order));
    if (found && may) {
        dygw_sandbox_snapshot(coupon, call->pool, &snapshot);
    }
    dygw_sandbox_unlock();
    if (!may) {
        return;
    }
    if (!found) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NOT_FOUND, NULL);
        return;
    }
    dygw_sandbox_reply_begin(call);
    dygw_sandbox_write_certificate(call, "certificate", &snapshot, DYGW_SANDBOX_IN_GET);
    dygw_sandbox_reply_end(call);
}

/* Finds the coupons that are asked for: *count of them, from index *first on. Returns 0 where the
 * call is refused; then the answer is written. */
static int select_coupons(dygw_sandbox_call_t *call, apr_uint32_t *first, int *count)
{
    const char *code = dygw_sandbox_param(call, "encrypted_code");
    const char *order_id = dygw_sandbox_param(call, "order_id");
    const dygw_sandbox_order_t *order;

    if (code) {
        *first = dygw_sandbox_cipher_index(DYGW_SANDBOX_CIPHER_CODE, code);
        *count = dygw_sandbox_coupon(*first) ? 1 : 0;
        if (*first == DYGW_SANDBOX_NONE) {
            dygw_sandbox_refuse(call, DYGW_SANDBOX_CANNOT_DECRYPT, NULL);
            return 0;
        }
    }
    else if (order_id) {
        order = dygw_sandbox_order(dygw_sandbox_id_index(DYGW_SANDBOX_ID_ORDER, order_id));
        *first = order ? order->first_coupon : 0;
        *count = order ? order->coupons : 0;
    }
    else {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NO_SELECTION, NULL);
        return 0;
    }
    if (*count == 0) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_NOT_FOUND, NULL);
        return 0;
    }
    return dygw_sandbox_caller_may(call, dygw_sandbox_order(dygw_sandbox_coupon(*first)->order));
}

void dygw_sandbox_query(dygw_sandbox_call_t *call)
{
    dygw_sandbox_snapshot_t snapshots[DYGW_SANDBOX_ORDER_COUPONS];
    apr_uint32_t first;
    int count, selected;

    dygw_sandbox_lock();
    selected = select_coupons(call, &first, &count);
    for (int i = 0; selected && i < count; i++) {
        dygw_sandbox_snapshot(first + (apr_uint32_t)i, call->pool, &snapshots[i]);
    }
    dygw_sandbox_unlock();
    if (!selected) {
        return;
    }
    dygw_sandbox_reply_begin(call);
    dygw_sandbox_begin_list(call, "certificates");
    for (int i = 0; i < count; i++) {
        dygw_sandbox_write_certificate(call, NULL, &snapshots[i], DYGW_SANDBOX_IN_QUERY);
    }
    dygw_jsonw_end_array(&call->w);
    dygw_sandbox_reply_end(call);
}
