/* SPDX-License-Identifier: Apache-2.0
 * Records from answers. */
#include "gateway/record.h"

#include <string.h>

#include <apr_strings.h>

#include "util/jsonw.h"

#define CANCEL_WINDOW_MS    APR_INT64_C(3600000) /* Douyin: cancel within one hour of the verify */
#define FIRST_REPEAT_MS     5000                /* Douyin: repeat an unclear verify after 5 s */
#define MEMBER_ROOM         64                  /* what embedding an answer adds, and some */

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
    v->product_name = certificate->sku_name;    /* prepare names the product by its SKU's title */
    v->coupon_status = DYGW_COUPON_UNUSED;
    /* What was paid for a times card was paid for all of its uses. */
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

static dygw_coupon_status_e status_after(const dygw_verify_item_t *item, int times_left)
{
    if (times_left == DYGW_TIMES_LEFT_UNKNOWN) {
        /* Only uses of times cards come with an amount. */
        return item->pay_amount >= 0 ? DYGW_COUPON_UNKNOWN : DYGW_COUPON_USED;
    }
    return times_left > 0 ? DYGW_COUPON_UNUSED : DYGW_COUPON_USED;
}

static void succeed(dygw_verification_t *v, const dygw_verify_item_t *item, int times_left)
{
    v->verify_status = DYGW_SUCCESS;
    v->error_code = 0;
    v->error_description = NULL;
    v->confirmed_by = DYGW_BY_RESPONSE;
    v->coupon_status = status_after(item, times_left);
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
        if (item->already && v->attempts > 1) {
            stay_processing(v);
        }
        else {
            dygw_record_fail(v, item->result, item->msg);
        }
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
        if (v->attempts > 1) {
            stay_processing(v);
        }
        else {
            dygw_record_fail(v, reply->error_code, reply->description);
        }
        break;
    default:
        stay_processing(v);
    }
}

/* {"call":raw}, with the members of `before` (NULL: none) ahead of it. */
static const char *with_member(const char *before, const char *call, const dygw_reply_t *reply,
                               apr_pool_t *pool)
{
    struct iovec parts[3];
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, reply->raw_len + MEMBER_ROOM);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_raw(&w, call, reply->raw, reply->raw_len);
    dygw_jsonw_end_object(&w);
    if (!before) {
        return w.text;
    }
    parts[0] = (struct iovec){ (void *)before, strlen(before) - 1 };    /* no closing brace */
    parts[1] = (struct iovec){ (void *)",", 1 };
    parts[2] = (struct iovec){ w.text + 1, w.len - 1 };                 /* no opening one */
    return apr_pstrcatv(pool, parts, 3, NULL);
}

void dygw_record_add_response(dygw_verification_t *const *items, int count, const char *call,
                              const dygw_reply_t *reply, apr_pool_t *pool)
{
    const char *text;
    int i;

    if (!reply->raw || !reply->data) {
        return;     /* nothing that is JSON came */
    }
    text = with_member(items[0]->douyin_response, call, reply, pool);
    for (i = 0; i < count; i++) {
        items[i]->douyin_response = text;
    }
}
