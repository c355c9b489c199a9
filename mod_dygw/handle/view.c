/* SPDX-License-Identifier: Apache-2.0
 * Records as callers see them: the contract's keys in the contract's order. */
#include "handle/handle.h"

#include <string.h>

static void put_int(dygw_jsonw_t *w, const char *key, apr_int64_t value)
{
    if (value == DYGW_NO_INT) {
        dygw_jsonw_null(w, key);
        return;
    }
    dygw_jsonw_int(w, key, value);
}

static void put_outcome(dygw_jsonw_t *w, const dygw_verification_t *v)
{
    dygw_jsonw_int(w, "id", v->id);
    dygw_jsonw_int(w, "app_id", v->app_id);
    dygw_jsonw_string(w, "app_name", v->app_name);
    dygw_jsonw_string(w, "poi_id", v->poi_id);
    dygw_jsonw_string(w, "verify_status", dygw_verify_status_word(v->verify_status));
    dygw_jsonw_int(w, "error_code", v->error_code);
    dygw_jsonw_string(w, "error_description", v->error_description ? v->error_description : "");
}

static void put_coupon(dygw_jsonw_t *w, const dygw_verification_t *v)
{
    dygw_jsonw_string(w, "certificate_id", v->certificate_id);
    dygw_jsonw_string(w, "encrypted_code", v->encrypted_code);
    dygw_jsonw_string(w, "origin_code", v->origin_code);
    dygw_jsonw_string(w, "coupon_status", dygw_coupon_status_word(v->coupon_status));
    dygw_jsonw_string(w, "product_id", v->product_id);
    dygw_jsonw_string(w, "product_name", v->product_name);
    dygw_jsonw_string(w, "sku_id", v->sku_id);
    dygw_jsonw_string(w, "sku_name", v->sku_name);
    put_int(w, "verify_records_count", v->verify_records_count);
    dygw_jsonw_string(w, "verify_id", v->verify_id);
}

static void put_order(dygw_jsonw_t *w, const dygw_verification_t *v)
{
    dygw_jsonw_string(w, "order_id", v->order_id);
    dygw_jsonw_string(w, "source_order_id", v->source_order_id);
    dygw_jsonw_string(w, "ext_order_id", v->ext_order_id);
    put_int(w, "order_status", v->order_status);
    put_int(w, "pay_amount", v->pay_amount);
    put_int(w, "receipt_amount", v->receipt_amount);
    put_int(w, "discount_amount", v->discount_amount);
    dygw_jsonw_string(w, "enrichment_status", dygw_enrich_status_word(v->enrichment_status));
    dygw_jsonw_int(w, "enrichment_retry_count", v->enrichment_retry_count);
    dygw_jsonw_raw(w, "douyin_response", v->douyin_response,
                   v->douyin_response ? strlen(v->douyin_response) : 0);
}

static void put_times(dygw_jsonw_t *w, const dygw_verification_t *v)
{
    dygw_jsonw_time(w, "expire_time", v->expire_time);
    dygw_jsonw_time(w, "verify_time", v->verify_time);
    dygw_jsonw_time(w, "create_order_time", v->create_order_time);
    dygw_jsonw_time(w, "pay_time", v->pay_time);
    dygw_jsonw_time(w, "created_at", v->created_at);
    dygw_jsonw_time(w, "updated_at", v->updated_at);
}

static void put_ours(dygw_jsonw_t *w, const dygw_verification_t *v)
{
    dygw_jsonw_string(w, "mode", dygw_mode_word(v->mode));
    dygw_jsonw_string(w, "operator", v->operator_name);
    dygw_jsonw_string(w, "device", v->device);
    dygw_jsonw_time(w, "cancelable_until", v->cancelable_until);
    dygw_jsonw_string(w, "confirmed_by", dygw_confirmed_by_word(v->confirmed_by));
    dygw_jsonw_string(w, "request_id", v->request_id);
}

void dygw_view_verification(dygw_jsonw_t *w, const char *key, const dygw_verification_t *v)
{
    dygw_jsonw_object(w, key);
    put_outcome(w, v);
    put_coupon(w, v);
    put_order(w, v);
    put_times(w, v);
    put_ours(w, v);
    dygw_jsonw_end_object(w);
}

static void put_stores(dygw_jsonw_t *w, const apr_array_header_t *poi_ids)
{
    int i;

    if (!poi_ids) {
        dygw_jsonw_null(w, "poi_ids");
        return;
    }
    dygw_jsonw_array(w, "poi_ids");
    for (i = 0; i < poi_ids->nelts; i++) {
        dygw_jsonw_string(w, NULL, APR_ARRAY_IDX(poi_ids, i, const char *));
    }
    dygw_jsonw_end_array(w);
}

void dygw_view_app(dygw_jsonw_t *w, const char *key, const dygw_app_t *app)
{
    dygw_jsonw_object(w, key);
    dygw_jsonw_int(w, "id", app->id);
    dygw_jsonw_time(w, "created_at", app->created_at);
    dygw_jsonw_time(w, "updated_at", app->updated_at);
    dygw_jsonw_string(w, "name", app->name);
    dygw_jsonw_string(w, "code", app->code);
    dygw_jsonw_string(w, "description", app->description);
    dygw_jsonw_string(w, "client_key", app->client_key);
    dygw_jsonw_string(w, "status", dygw_app_status_word(app->status));
    dygw_jsonw_bool(w, "allow_token_read", app->allow_token_read);
    dygw_jsonw_time(w, "last_used_at", app->last_used_at);
    put_stores(w, app->poi_ids);
    dygw_jsonw_end_object(w);
}
