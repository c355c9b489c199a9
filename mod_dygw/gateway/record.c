/* SPDX-License-Identifier: Apache-2.0
 * Records from answers. */
#include "gateway/record.h"

#include <string.h>

#include <apr_strings.h>

#include "util/jsonw.h"

#define CANCEL_WINDOW_MS (60 * 60 * 1000) /* Douyin: cancel within one hour of the verify */
#define FIRST_REPEAT_MS         5000                /* Douyin: repeat an unclear verify after 5 s */

dygw_verification_t *dygw_record_new(const dygw_redeem_request_t *request, apr_pool_t *pool)
{
    dygw_verification_t *v = apr_palloc(pool, sizeof(*v));

    dygw_verification_init(v);
    v->app_id = request->app_id;
    v->app_name = request->app_name;
    v->poi_id = request->poi_id;
    v->mode = request->mode;
    v->operator_name = request->operator_name;
    v->device = request->device;
    v->ext_order_id = request->ext_order_id;
    v->request_id = request->request_id;
    v->item_count = 1;
    v->created_at = v->updated_at = dygw_now();
    return v;
}

void dygw_record_set_certificate(dygw_verification_t *v, const dygw_certificate_t *certificate)
{
    v->encrypted_code = certificate->encrypted_code;
    v->certificate_id = certificate->certificate_id;
    v->expire_time = certificate->expire_time;
    v->sku_id = certificate->sku_id;
    v->sku_name = certificate->sku_name;
    v->product_id = certificate->product_id;
    v->product_name = certificate->sku_name;
    v->coupon_status = DYGW_COUPON_UNUSED;
    if (certificate->pay_amount >= 0 && !certificate->is_times_card) {
        v->pay_amount = certificate->pay_amount;
    }
}

void dygw_record_fail(dygw_verification_t *v, apr_int64_t error_code, const char *description)
{
    v->verify_status = DYGW_FAILED;
    v->error_code = error_code;
    v->error_description = description;
    v->coupon_status = DYGW_COUPON_UNKNOWN;
    v->enrichment_status = DYGW_ENRICH_SKIPPED;
    v->lease_until = 0;
    v->next_run_at = DYGW_NO_TIME;
}

static void stay_processing(dygw_verification_t *v)
{
    v->lease_until = 0;
    v->next_run_at = v->updated_at + FIRST_REPEAT_MS;
}

static void succeed(dygw_verification_t *v, const dygw_verify_item_t *item, int times_left)
{
    v->verify_status = DYGW_SUCCESS;
    v->error_code = 0;
    v->error_description = NULL;
    v->confirmed_by = DYGW_BY_RESPONSE;
    v->coupon_status = times_left > 0 ? DYGW_COUPON_UNUSED : DYGW_COUPON_USED;
    v->verify_id = item->verify_id;
    v->certificate_id = item->certificate_id ? item->certificate_id : v->certificate_id;
    v->origin_code = item->origin_code;
    v->source_order_id = item->order_id;
    v->product_id = item->product_id ? item->product_id : v->product_id;
    if (item->pay_amount >= 0) {
        v->pay_amount = item->pay_amount;
    }
    v->verify_time = v->updated_at;
    v->cancelable_until = v->verify_time + CANCEL_WINDOW_MS;
    v->enrichment_status = DYGW_ENRICH_PENDING;
    v->lease_until = 0;
    v->next_run_at = v->updated_at;
}

void dygw_record_apply_item(dygw_verification_t *v, const dygw_verify_item_t *item, int times_left)
{
    switch (item->kind) {
    case DYGW_REPLY_OK:
        succeed(v, item, times_left);
        break;
    case DYGW_REPLY_COUPON:
        dygw_record_fail(v, item->result, item->msg);
        break;
    default:
        stay_processing(v);
    }
}

void dygw_record_apply_reply(dygw_verification_t *v, const dygw_reply_t *reply)
{
    switch (reply->kind) {
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_SETUP:
    case DYGW_REPLY_REQUEST:
        dygw_record_fail(v, reply->error_code, reply->description);
        break;
    default:
        stay_processing(v);
    }
}

void dygw_record_add_response(dygw_verification_t *v, const char *call, const dygw_reply_t *reply,
                              apr_pool_t *pool)
{
    const char *before = v->douyin_response;
    dygw_jsonw_t w;

    if (!reply->raw || !reply->data) {
        return;     /* nothing that is JSON came */
    }
    dygw_jsonw_init(&w, pool, reply->raw_len + 64);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_raw(&w, call, reply->raw, reply->raw_len);
    dygw_jsonw_end_object(&w);
    if (!before) {
        v->douyin_response = w.text;
        return;
    }
    v->douyin_response = apr_psprintf(pool, "%.*s,%s", (int)strlen(before) - 1, before, w.text + 1);
}
