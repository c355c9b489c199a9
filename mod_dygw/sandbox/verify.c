/* SPDX-License-Identifier: Apache-2.0
 * The call verify: reads the request into a change (change.h), makes the change, and writes its
 * results. serve.c calls it. */
#include <string.h>

#include <apr_strings.h>

#include "sandbox/caller.h"
#include "sandbox/certificate.h"
#include "sandbox/handlers.h"
#include "sandbox/records/change.h"
#include "sandbox/records/codes.h"
#include "sandbox/records/ids.h"
#include "sandbox/reply.h"
#include "util/json.h"

/* Refuses the call, and returns 0. */
static int verify_refused(dygw_sandbox_call_t *call, apr_int64_t code, const char *description)
{
    dygw_sandbox_refuse(call, code, description);
    return 0;
}

static int read_verify_codes(dygw_sandbox_call_t *call, const json_t *codes,
                             dygw_sandbox_change_t *change)
{
    const apr_size_t n = json_array_size(codes);

    if (n == 0) {
        return verify_refused(call, DYGW_SANDBOX_NO_CODE, NULL);
    }
    if (n > DYGW_SANDBOX_CODES_MAX) {
        return verify_refused(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
    }
    change->count = (int)n;
    for (apr_size_t i = 0; i < n; i++) {
        const char *code = json_string_value(json_array_get(codes, i));

        change->records[i] = dygw_sandbox_cipher_index(DYGW_SANDBOX_CIPHER_CODE, code);
        if (change->records[i] == DYGW_SANDBOX_NONE) {
            return verify_refused(call, DYGW_SANDBOX_CANNOT_DECRYPT, NULL);
        }
        change->request = dygw_sandbox_hash(change->request, code);
    }
    return 1;
}

/* Reads the request into *change. Returns 0 where the call is refused; then the answer is
 * written. */
static int read_verify(dygw_sandbox_call_t *call, const json_t *body, dygw_sandbox_change_t *change)
{
    const char *token = dygw_json_str(body, "verify_token");
    const char *poi_id = dygw_json_str(body, "poi_id");

    if (!token || !*token || !poi_id || !*poi_id) {
        return verify_refused(call, DYGW_SANDBOX_BAD_REQUEST, NULL);
    }
    if (strlen(poi_id) > DYGW_SANDBOX_POI_MAX) {
        return verify_refused(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
    }
    if (json_array_size(json_object_get(body, "codes")) > 0
        || json_array_size(json_object_get(body, "code_with_time_list")) > 0) {
        return verify_refused(call, DYGW_SANDBOX_REFUSED, "抖音码请使用encrypted_codes核销");
    }
    memset(change, 0, sizeof *change);
    apr_cpystrn(change->poi_id, poi_id, sizeof change->poi_id);
    change->request = dygw_sandbox_hash(0, poi_id);
    if (call->account_id) {
        change->request = dygw_sandbox_hash(change->request, call->account_id);
    }
    if (!read_verify_codes(call, json_object_get(body, "encrypted_codes"), change)) {
        return 0;
    }
    if (!dygw_sandbox_verify_token_read(token, &change->order, &change->token)) {
        return verify_refused(call, DYGW_SANDBOX_REFUSED, "verify_token无效,请重新进行验券准备");
    }
    return 1;
}

/* Counts the call for each of its coupons. The caller holds the lock. */
static void count_verify_calls(const dygw_sandbox_change_t *change)
{
    for (int i = 0; i < change->count; i++) {
        dygw_sandbox_coupon_t *coupon = dygw_sandbox_coupon(change->records[i]);
        int seen = 0;

        for (int j = 0; j < i; j++) {
            seen |= change->records[j] == change->records[i];
        }
        if (coupon && !seen) {
            coupon->verify_calls++;
        }
    }
}

/* Refuses the one code that the fault names. The other codes are verified as without the fault. */
static void refuse_one_code(const dygw_sandbox_fault_t *fault, const dygw_sandbox_change_t *change,
                            dygw_sandbox_outcome_t *outcome)
{
    dygw_sandbox_change_t others = *change;
    const int after = change->count - fault->item - 1;

    if (after < 0) {
        dygw_sandbox_change(change, dygw_now(), outcome);
        return;
    }
    others.count--;
    memmove(&others.records[fault->item], &others.records[fault->item + 1],
            (apr_size_t)after * sizeof others.records[0]);
    dygw_sandbox_change(&others, dygw_now(), outcome);
    memmove(&outcome->items[fault->item + 1], &outcome->items[fault->item],
            (apr_size_t)after * sizeof outcome->items[0]);
    outcome->items[fault->item].result = fault->result;
    outcome->items[fault->item].text = NULL;
}

static void refuse_by_fault(const dygw_sandbox_fault_t *fault, const dygw_sandbox_change_t *change,
                            dygw_sandbox_outcome_t *outcome)
{
    if (fault->item >= 0) {
        refuse_one_code(fault, change, outcome);
        return;
    }
    for (int i = 0; i < change->count; i++) {
        outcome->items[i].result = fault->result;
    }
}

static void decide_verify(const dygw_sandbox_call_t *call, dygw_sandbox_change_t *change,
                          dygw_sandbox_outcome_t *outcome)
{
    switch (call->fault.kind) {
    case DYGW_SANDBOX_RESULT:
        refuse_by_fault(&call->fault, change, outcome);
        break;
    case DYGW_SANDBOX_APPLY_LATE:
        change->anew = call->fault.anew;
        dygw_sandbox_late_add(change, call->fault.ms, 0);
        outcome->error_code = DYGW_SANDBOX_BUSY;
        break;
    case DYGW_SANDBOX_REVIEW:
        dygw_sandbox_review(change, call->fault.ms, outcome);
        break;
    default:
        dygw_sandbox_change(change, dygw_now(), outcome);
        break;
    }
}

static void write_verified(dygw_sandbox_call_t *call, const dygw_sandbox_change_t *change, int i,
                           const dygw_sandbox_outcome_t *outcome)
{
    dygw_jsonw_t *w = &call->w;
    const apr_uint32_t coupon = change->records[i];
    const dygw_sandbox_item_t *item = &outcome->items[i];
    char id[DYGW_SANDBOX_ID_LEN + 1];
    char code[DYGW_SANDBOX_CODE_LEN + 1];

    if (!call->switches.hide_verify_id) {
        dygw_sandbox_id(DYGW_SANDBOX_ID_VERIFY, item->index, id);
        dygw_jsonw_string(w, "verify_id", id);
    }
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, coupon, id);
    dygw_jsonw_string(w, "certificate_id", id);
    dygw_sandbox_code(coupon, code);
    dygw_jsonw_string(w, "origin_code", code);
    dygw_jsonw_string(w, "account_id", dygw_sandbox_order_account(&outcome->order)->id);
    dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, change->order, id);
    dygw_jsonw_string(w, "order_id", id);
    dygw_jsonw_string(w, "product_id", dygw_sandbox_sku_id(&outcome->order));
    dygw_sandbox_write_times_amount(w, &outcome->order, item->verification.serial);
}

static void write_verify_item(dygw_sandbox_call_t *call, const char *code,
                              const dygw_sandbox_change_t *change, int i,
                              const dygw_sandbox_outcome_t *outcome)
{
    const apr_int64_t result = outcome->items[i].result;
    const char *text = result == 0              ? "验券成功"
                       : outcome->items[i].text ? outcome->items[i].text
                                                : dygw_sandbox_text_of(result);
    dygw_jsonw_t *w = &call->w;

    if (call->fault.kind == DYGW_SANDBOX_RESULT && result == call->fault.result
        && call->fault.description[0]) {
        text = call->fault.description;
    }
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_int(w, "result", result);
    dygw_jsonw_string(w, "msg", text);
    dygw_jsonw_string(w, "code", code);
    if (result == 0) {
        write_verified(call, change, i, outcome);
    }
    dygw_jsonw_end_object(w);
}

void dygw_sandbox_verify(dygw_sandbox_call_t *call)
{
    const json_t *body = dygw_sandbox_body(call);
    const json_t *codes = json_object_get(body, "encrypted_codes");
    dygw_sandbox_change_t change;
    dygw_sandbox_outcome_t outcome = { 0 };
    int may;

    if (!body || !read_verify(call, body, &change)) {
        return;
    }
    dygw_sandbox_lock();
    count_verify_calls(&change);
    may = dygw_sandbox_caller_may(call, dygw_sandbox_order(change.order));
    if (may) {
        decide_verify(call, &change, &outcome);
    }
    dygw_sandbox_unlock();
    if (!may) {
        return;
    }
    if (outcome.error_code) {
        dygw_sandbox_refuse(call, outcome.error_code, outcome.description);
        return;
    }
    dygw_sandbox_reply_begin(call);
    dygw_jsonw_array(&call->w, "verify_results");
    for (int i = 0; i < change.count; i++) {
        write_verify_item(call, json_string_value(json_array_get(codes, (apr_size_t)i)), &change, i,
                          &outcome);
    }
    dygw_jsonw_end_array(&call->w);
    dygw_sandbox_reply_end(call);
}
