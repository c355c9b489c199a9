/* SPDX-License-Identifier: Apache-2.0
 * POST /coupons/verify: redeems coupons. */
#include "handle/open/open.h"

#include "process/nonce.h"
#include "gateway/reasons.h"
#include "gateway/redeem/idempotency.h"

#define VERIFY_TOKEN_MAX 256
#define ID_MAX           64
#define REMARK_MAX       64
#define IDEMPOTENCY_KEY  "Idempotency-Key"

static const char *const known_fields[] = {
    "poi_id",         "store", "short_link", "code",   "encrypted_code", "verify_token", "order_id",
    "certificate_id", "count", "operator",   "device", "ext_order_id",   NULL,
};

/* Reads what a request has only when the caller has prepared the coupon. */
static void read_prepared_coupon(const dygw_fields_t *f, dygw_redeem_request_t *request)
{
    static const char *const names[] = { "verify_token", "order_id", "certificate_id", NULL };
    const char *const *name;

    if (request->mode == DYGW_MODE_ENCRYPTED_CODE) {
        dygw_field_require(f, "verify_token");
        request->verify_token = dygw_field_string(f, "verify_token", 1, VERIFY_TOKEN_MAX);
        request->order_id = dygw_field_string(f, "order_id", 1, ID_MAX);
        request->certificate_id = dygw_field_string(f, "certificate_id", 1, ID_MAX);
        return;
    }
    for (name = names; *name; name++) {
        if (dygw_field_given(f, *name)) {
            dygw_invalid_field(f, *name, "goes with encrypted_code only");
        }
    }
}

static void read_coupon_count(const dygw_fields_t *f, dygw_redeem_request_t *request)
{
    request->count = (int)dygw_field_int(f, "count", 1, DYGW_COUNT_MAX, 1);
    if (request->count > 1 && request->mode == DYGW_MODE_ENCRYPTED_CODE) {
        dygw_invalid_field(f, "count", "must be 1 with encrypted_code, which is one coupon");
    }
}

static void read_verify_fields(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                               dygw_redeem_request_t *request)
{
    dygw_fields_known(f, known_fields);
    dygw_coupon_read(f, gateway, dygw_coupon_modes, request);
    if (f->out->code != DYGW_OK) {
        return; /* the rest depends on the mode */
    }
    read_prepared_coupon(f, request);
    read_coupon_count(f, request);
    request->operator_name = dygw_field_string(f, "operator", 0, REMARK_MAX);
    request->device = dygw_field_string(f, "device", 0, REMARK_MAX);
    request->ext_order_id = dygw_field_string(f, "ext_order_id", 0, REMARK_MAX);
}

static void read_idempotency_key(const dygw_call_t *call, dygw_redeem_request_t *request,
                                 dygw_result_t *out)
{
    const char *key = apr_table_get(call->r->headers_in, IDEMPOTENCY_KEY);

    if (key && dygw_header_once(key, IDEMPOTENCY_KEY, call->r->pool, out)
        && dygw_key_check(key, IDEMPOTENCY_KEY, out)) {
        request->idempotency_key = key;
    }
}

static void read_verify_request(dygw_call_t *call, dygw_redeem_request_t *request,
                                dygw_result_t *out)
{
    dygw_fields_t f;

    if (!dygw_fields_parse(&f, call->body, call->body_len, call->r->pool, out)
        || !dygw_coupon_store_allowed(&f, call->ctx.gateway, call->app)) {
        return;
    }
    dygw_read_no_query(call, out);
    read_idempotency_key(call, request, out);
    read_verify_fields(&f, call->ctx.gateway, request);
}

static int is_request_settled(const dygw_redeem_result_t *redeemed)
{
    int i;

    for (i = 0; i < redeemed->count; i++) {
        if (redeemed->verifications[i]->verify_status == DYGW_PROCESSING) {
            return 0;
        }
    }
    return 1;
}

static int reply_redeemed(dygw_call_t *call, const dygw_redeem_request_t *request,
                          const dygw_redeem_result_t *redeemed)
{
    if (redeemed->replayed) {
        apr_table_setn(call->r->headers_out, "Idempotency-Replayed", "true");
    }
    return dygw_reply_verifications(call, is_request_settled(redeemed) ? HTTP_OK : HTTP_ACCEPTED,
                                    redeemed->verifications[0], redeemed,
                                    request->count > 1 || redeemed->count > 1);
}

static void count_redeemed(const dygw_metrics_t *metrics, const dygw_redeem_result_t *redeemed)
{
    static const dygw_redemption_series_e outcomes[] = {
        [DYGW_PROCESSING] = DYGW_REDEMPTION_PROCESSING,
        [DYGW_SUCCESS] = DYGW_REDEMPTION_SUCCESS,
        [DYGW_FAILED] = DYGW_REDEMPTION_FAILED,
        [DYGW_CANCELLED] = DYGW_REDEMPTION_SUCCESS, /* by another request, just now */
    };
    int i;

    if (redeemed->result.code != DYGW_OK || redeemed->replayed) {
        dygw_count(metrics, DYGW_COUNT_REDEMPTIONS,
                   redeemed->replayed ? DYGW_REDEMPTION_REPLAYED : DYGW_REDEMPTION_REFUSED);
        return;
    }
    for (i = 0; i < redeemed->count; i++) {
        const dygw_verification_t *v = redeemed->verifications[i];

        dygw_count(metrics, DYGW_COUNT_REDEMPTIONS, outcomes[v->verify_status]);
        if (v->verify_status == DYGW_FAILED) {
            dygw_reason_count(metrics, dygw_reason_of(v));
        }
    }
}

static void redeem_coupons(const dygw_call_t *call, const dygw_redeem_request_t *request,
                           dygw_redeem_result_t *redeemed)
{
    /* Nothing is sent that could not be recorded. */
    if (dygw_open_has_app_id(call, &redeemed->result)) {
        if (request->idempotency_key) {
            dygw_redeem_once(&call->ctx, request, redeemed);
        }
        else {
            dygw_redeem(&call->ctx, request, redeemed);
        }
    }
    count_redeemed(call->ctx.gateway->metrics, redeemed);
}

int dygw_handle_verify(dygw_call_t *call)
{
    dygw_redeem_request_t request = { .app_id = call->app->id,
                                      .app_name = call->app->name,
                                      .request_id = call->log.request_id,
                                      .request_key = dygw_nonce_request_key(
                                          call->signed_key, call->signed_nonce, call->r->pool) };
    dygw_redeem_result_t redeemed = { 0 };

    read_verify_request(call, &request, &redeemed.result);
    if (redeemed.result.code == DYGW_OK) {
        redeem_coupons(call, &request, &redeemed);
        dygw_note_upstream(call, redeemed.upstream_time);
    }
    return redeemed.result.code == DYGW_OK ? reply_redeemed(call, &request, &redeemed)
                                           : dygw_reply_error(call, &redeemed.result);
}
