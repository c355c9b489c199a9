/* SPDX-License-Identifier: Apache-2.0
 * The request "coupon" of the control interface: shows all about one coupon, or changes the coupon
 * as a refund or somebody else would. control.c calls it. */
#include <string.h>

#include "sandbox/certificate.h"
#include "sandbox/handlers.h"
#include "sandbox/records/change.h"
#include "sandbox/records/ids.h"
#include "util/json.h"

/* Finds the coupon that a request names; NONE: there is none. The caller holds the lock. */
static apr_uint32_t find_coupon(const char *code, const char *certificate_id,
                                const char *encrypted_code)
{
    apr_uint32_t index = code ? dygw_sandbox_code_index(code)
                         : certificate_id
                             ? dygw_sandbox_id_index(DYGW_SANDBOX_ID_CERTIFICATE, certificate_id)
                             : dygw_sandbox_cipher_index(DYGW_SANDBOX_CIPHER_CODE, encrypted_code);

    return dygw_sandbox_coupon(index) ? index : DYGW_SANDBOX_NONE;
}

static void write_coupon_verification(dygw_jsonw_t *w, const dygw_sandbox_snapshot_t *s,
                                      const dygw_sandbox_recorded_t *record)
{
    const dygw_sandbox_verification_t *v = &record->verification;
    char text[DYGW_SANDBOX_UUID_LEN + 1];

    dygw_jsonw_object(w, NULL);
    dygw_sandbox_id(DYGW_SANDBOX_ID_VERIFY, record->index, text);
    dygw_jsonw_string(w, "verify_id", text);
    dygw_jsonw_int(w, "verify_time_ms", v->at);
    if (v->token) {
        dygw_sandbox_verify_token(s->coupon.order, v->token, text);
    }
    dygw_jsonw_string(w, "verify_token", v->token ? text : NULL);
    dygw_jsonw_string(w, "poi_id", v->poi_id);
    dygw_jsonw_int(w, "verify_type", v->type);
    dygw_jsonw_bool(w, "cancelled", v->cancelled_at != DYGW_NO_TIME);
    dygw_jsonw_end_object(w);
}

static void write_coupon(dygw_jsonw_t *w, const dygw_sandbox_snapshot_t *s)
{
    const dygw_sandbox_recorded_t *records = (const dygw_sandbox_recorded_t *)s->records->elts;
    char text[DYGW_SANDBOX_CIPHER_LEN + 1];

    dygw_sandbox_code(s->index, text);
    dygw_jsonw_string(w, "code", text);
    dygw_sandbox_cipher(DYGW_SANDBOX_CIPHER_CODE, s->index, text);
    dygw_jsonw_string(w, "encrypted_code", text);
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, s->index, text);
    dygw_jsonw_string(w, "certificate_id", text);
    dygw_sandbox_id(DYGW_SANDBOX_ID_ORDER, s->coupon.order, text);
    dygw_jsonw_string(w, "order_id", text);
    dygw_jsonw_string(w, "account_id", dygw_sandbox_order_account(&s->order)->id);
    dygw_jsonw_int(w, "status", s->coupon.status);
    dygw_jsonw_string(w, "blocked", dygw_sandbox_block_word(s->coupon.block));
    dygw_jsonw_int(w, "times", s->order.times);
    dygw_jsonw_int(w, "times_used", s->coupon.used);
    dygw_jsonw_int(w, "cancelled", s->coupon.cancelled);
    dygw_jsonw_array(w, "verifications");
    for (int i = s->records->nelts - 1; i >= 0; i--) { /* oldest first */
        write_coupon_verification(w, s, &records[i]);
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_int(w, "verify_calls", s->coupon.verify_calls);
}

const char *dygw_sandbox_coupon_show(dygw_sandbox_control_t *control)
{
    dygw_sandbox_snapshot_t snapshot;
    apr_uint32_t coupon;

    dygw_sandbox_lock();
    coupon = find_coupon(apr_table_get(control->query, "code"),
                         apr_table_get(control->query, "certificate_id"),
                         apr_table_get(control->query, "encrypted_code"));
    if (coupon != DYGW_SANDBOX_NONE) {
        dygw_sandbox_snapshot(coupon, control->pool, &snapshot);
    }
    dygw_sandbox_unlock();
    if (coupon == DYGW_SANDBOX_NONE) {
        return "no such coupon";
    }
    write_coupon(&control->w, &snapshot);
    return NULL;
}

/* When the coupon was used: "at_ms", or now without it. -1: "at_ms" is in the future, or before the
 * last verification of all, which would break the order of the records. */
static dygw_ms_t coupon_used_at(const json_t *used)
{
    const dygw_ms_t now = dygw_now();
    const dygw_ms_t at = dygw_json_int(used, "at_ms", now);
    const apr_uint32_t count = dygw_sandbox_state()->verifications;

    return at <= now && (count == 0 || at >= dygw_sandbox_verification(count - 1)->at) ? at : -1;
}

/* Uses the coupon where `used` is true, or an object that says how it is used. Returns NULL, or
 * what is wrong. The caller holds the lock. */
static const char *use_coupon_elsewhere(const json_t *used, apr_uint32_t coupon)
{
    const char *poi_id = dygw_json_str(used, "poi_id");
    const apr_int64_t type = dygw_json_int(used, "verify_type", DYGW_SANDBOX_BY_SCAN);
    const dygw_ms_t at = coupon_used_at(used);

    if (!json_is_true(used) && !json_is_object(used)) {
        return NULL;
    }
    if (type < 0 || type > DYGW_SANDBOX_BY_API) {
        return "verify_type is 0 to 4";
    }
    if (at < 0) {
        return "at_ms is not in the future, nor before the last verification of all";
    }
    return dygw_sandbox_use_elsewhere(coupon, poi_id ? poi_id : "", (int)type, at)
               ? NULL
               : "the coupon cannot be used elsewhere: it is not unused";
}

/* Makes the changes of the request. Returns NULL, or what is wrong. The caller holds the lock. */
static const char *change_coupon(const dygw_sandbox_control_t *control, apr_uint32_t coupon)
{
    const apr_int64_t status = dygw_json_int(control->body, "status", 0);
    const json_t *blocked = json_object_get(control->body, "blocked");
    const int block = dygw_sandbox_block_of_word(json_string_value(blocked));

    if (status < 0 || status > DYGW_SANDBOX_STATUS_MAX) {
        return "status is 1 to 6";
    }
    if (blocked && block < 0) {
        return "blocked is none, given_away, ordering, no_code or qr_ended";
    }
    if (blocked) {
        dygw_sandbox_coupon(coupon)->block = (unsigned char)block;
    }
    if (status) {
        dygw_sandbox_set_status(dygw_sandbox_coupon(coupon), (int)status);
    }
    if (json_is_true(json_object_get(control->body, "cancelled_elsewhere"))
        && !dygw_sandbox_cancel_elsewhere(coupon, dygw_now())) {
        return "the coupon cannot be cancelled elsewhere: no verification of it counts";
    }
    return use_coupon_elsewhere(json_object_get(control->body, "used_elsewhere"), coupon);
}

const char *dygw_sandbox_coupon_change(dygw_sandbox_control_t *control)
{
    static const char *const known[]
        = { "code",           "certificate_id",      "encrypted_code", "status",
            "used_elsewhere", "cancelled_elsewhere", "blocked",        NULL };
    const char *problem = dygw_sandbox_unknown_key(control->body, known, control->pool);
    dygw_sandbox_snapshot_t snapshot;
    apr_uint32_t coupon;

    if (problem) {
        return problem;
    }
    dygw_sandbox_lock();
    coupon = find_coupon(dygw_json_str(control->body, "code"),
                         dygw_json_str(control->body, "certificate_id"),
                         dygw_json_str(control->body, "encrypted_code"));
    problem = coupon == DYGW_SANDBOX_NONE ? "no such coupon" : change_coupon(control, coupon);
    if (!problem) {
        dygw_sandbox_snapshot(coupon, control->pool, &snapshot);
    }
    dygw_sandbox_unlock();
    if (!problem) {
        write_coupon(&control->w, &snapshot);
    }
    return problem;
}
