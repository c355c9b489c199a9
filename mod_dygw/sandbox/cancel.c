/* SPDX-License-Identifier: Apache-2.0
 * The call cancel: of one verification, or of several verifications of one order
 * (batch_cancel_info). It reads the request into a change (change.h), and writes what became of the
 * change. serve.c calls it. */
#include <string.h>

#include "sandbox/caller.h"
#include "sandbox/handlers.h"
#include "sandbox/records/change.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"
#include "util/json.h"

/* The coupon of a verification, and the order of the coupon. Both are NONE where there is no such
 * verification. */
typedef struct owner_t {
    apr_uint32_t coupon;
    apr_uint32_t order;
} owner_t;

static owner_t owner_of_verification(apr_uint32_t verification)
{
    owner_t owner = { DYGW_SANDBOX_NONE, DYGW_SANDBOX_NONE };
    const dygw_sandbox_verification_t *v;

    dygw_sandbox_lock();
    v = dygw_sandbox_verification(verification);
    if (v) {
        owner.coupon = v->coupon;
        owner.order = dygw_sandbox_coupon(v->coupon)->order;
    }
    dygw_sandbox_unlock();
    return owner;
}

static int read_single_cancel(const json_t *body, apr_pool_t *pool, dygw_sandbox_change_t *change)
{
    const char *verify_id = dygw_json_id(body, "verify_id", pool);
    const char *certificate_id = dygw_json_id(body, "certificate_id", pool);
    const apr_uint32_t coupon = dygw_sandbox_id_index(DYGW_SANDBOX_ID_CERTIFICATE, certificate_id);
    owner_t owner;

    change->count = 1;
    change->records[0] = dygw_sandbox_id_index(DYGW_SANDBOX_ID_VERIFY, verify_id);
    owner = owner_of_verification(change->records[0]);
    change->order = owner.order;
    return coupon != DYGW_SANDBOX_NONE && owner.coupon == coupon;
}

static int read_batch_cancel(const json_t *batch, apr_pool_t *pool, dygw_sandbox_change_t *change)
{
    const json_t *ids = json_object_get(batch, "verify_id_list");
    const apr_uint32_t order
        = dygw_sandbox_id_index(DYGW_SANDBOX_ID_ORDER, dygw_json_id(batch, "order_id", pool));
    const apr_size_t n = json_array_size(ids);

    if (n == 0 || n > DYGW_SANDBOX_CODES_MAX || order == DYGW_SANDBOX_NONE) {
        return 0;
    }
    change->count = (int)n;
    change->order = order;
    for (apr_size_t i = 0; i < n; i++) {
        change->records[i] = dygw_sandbox_id_index(DYGW_SANDBOX_ID_VERIFY,
                                                   json_string_value(json_array_get(ids, i)));
        if (owner_of_verification(change->records[i]).order != order) {
            return 0;
        }
    }
    return 1;
}

/* Reads the request into *change. Returns 0 where the call is refused; then the answer is
 * written. */
static int read_cancel(dygw_sandbox_call_t *call, const json_t *body, dygw_sandbox_change_t *change)
{
    const char *verify_id = dygw_json_id(body, "verify_id", call->pool);
    const char *certificate_id = dygw_json_id(body, "certificate_id", call->pool);
    const char *token = dygw_json_str(body, "cancel_token");
    const json_t *batch = json_object_get(body, "batch_cancel_info");
    int known;

    if (!verify_id || !certificate_id) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_REQUEST, NULL);
        return 0;
    }
    if (token && *token && call->switches.refuse_cancel_token) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_REFUSED, "分门店结算不支持cancel_token");
        return 0;
    }
    memset(change, 0, sizeof *change);
    change->is_cancel = 1;
    change->token = token && *token ? dygw_sandbox_hash(1, token) | 1 : 0;
    known = batch && strcmp(verify_id, "0") == 0 ? read_batch_cancel(batch, call->pool, change)
                                                 : read_single_cancel(body, call->pool, change);
    if (!known) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_REFUSED, "核销记录不存在");
    }
    return known;
}

static void decide_cancel(const dygw_sandbox_call_t *call, const dygw_sandbox_change_t *change,
                          dygw_sandbox_outcome_t *outcome)
{
    if (call->fault.kind == DYGW_SANDBOX_APPLY_LATE) {
        dygw_sandbox_late_add(change, call->fault.ms, 0);
    }
    else {
        dygw_sandbox_change(change, dygw_now(), outcome);
    }
}

void dygw_sandbox_cancel(dygw_sandbox_call_t *call)
{
    const json_t *body = dygw_sandbox_body(call);
    dygw_sandbox_change_t change;
    dygw_sandbox_outcome_t outcome = { .error_code = DYGW_SANDBOX_BUSY };
    int may;

    if (!body || !read_cancel(call, body, &change)) {
        return;
    }
    dygw_sandbox_lock();
    may = dygw_sandbox_caller_may(call, dygw_sandbox_order(change.order));
    if (may) {
        decide_cancel(call, &change, &outcome);
    }
    dygw_sandbox_unlock();
    if (!may) {
        return;
    }
    if (outcome.sub_error_code) {
        dygw_sandbox_refuse_sub(call, outcome.error_code, outcome.description,
                                outcome.sub_error_code, outcome.description);
    }
    else if (outcome.error_code) {
        dygw_sandbox_refuse(call, outcome.error_code, outcome.description);
    }
    else {
        dygw_sandbox_reply_begin(call);
        dygw_sandbox_reply_end(call);
    }
}
