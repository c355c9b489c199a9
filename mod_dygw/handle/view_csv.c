/* SPDX-License-Identifier: Apache-2.0
 * Records as rows of CSV: the keys of view.c in their order without Douyin's answers, and the
 * amounts in yuan. */
#include "handle/handle.h"

static const char *const head[] = {
    "id", "app_id", "app_name", "poi_id", "verify_status", "error_code", "error_description",
    "certificate_id", "encrypted_code", "origin_code", "coupon_status", "product_id",
    "product_name", "sku_id", "sku_name", "verify_records_count", "verify_id", "order_id",
    "source_order_id", "ext_order_id", "order_status", "pay_amount", "receipt_amount",
    "discount_amount", "enrichment_status", "enrichment_retry_count", "expire_time", "verify_time",
    "create_order_time", "pay_time", "created_at", "updated_at", "mode", "operator", "device",
    "cancelable_until", "confirmed_by", "request_id", "pay_amount_yuan", "receipt_amount_yuan",
    "discount_amount_yuan"
};

void dygw_view_csv_head(dygw_csv_t *csv)
{
    size_t i;

    for (i = 0; i < sizeof(head) / sizeof(*head); i++) {
        dygw_csv_text(csv, head[i]);
    }
    dygw_csv_end_row(csv);
}

static void put_int(dygw_csv_t *csv, apr_int64_t value)
{
    if (value == DYGW_NO_INT) {
        dygw_csv_empty(csv);
        return;
    }
    dygw_csv_int(csv, value);
}

static void put_yuan(dygw_csv_t *csv, apr_int64_t fen)
{
    if (fen == DYGW_NO_INT) {
        dygw_csv_empty(csv);
        return;
    }
    dygw_csv_yuan(csv, fen);
}

static void put_outcome(dygw_csv_t *csv, const dygw_verification_t *v)
{
    dygw_csv_int_id(csv, v->id);
    dygw_csv_int_id(csv, v->app_id);
    dygw_csv_text(csv, v->app_name);
    dygw_csv_id(csv, v->poi_id);
    dygw_csv_text(csv, dygw_verify_status_word(v->verify_status));
    dygw_csv_int(csv, v->error_code);
    dygw_csv_text(csv, v->error_description);
}

static void put_coupon(dygw_csv_t *csv, const dygw_verification_t *v)
{
    dygw_csv_id(csv, v->certificate_id);
    dygw_csv_id(csv, v->encrypted_code);
    dygw_csv_id(csv, v->origin_code);
    dygw_csv_text(csv, dygw_coupon_status_word(v->coupon_status));
    dygw_csv_id(csv, v->product_id);
    dygw_csv_text(csv, v->product_name);
    dygw_csv_id(csv, v->sku_id);
    dygw_csv_text(csv, v->sku_name);
    put_int(csv, v->verify_records_count);
    dygw_csv_id(csv, v->verify_id);
}

static void put_order(dygw_csv_t *csv, const dygw_verification_t *v)
{
    dygw_csv_id(csv, v->order_id);
    dygw_csv_id(csv, v->source_order_id);
    dygw_csv_id(csv, v->ext_order_id);
    put_int(csv, v->order_status);
    put_int(csv, v->pay_amount);
    put_int(csv, v->receipt_amount);
    put_int(csv, v->discount_amount);
    dygw_csv_text(csv, dygw_enrich_status_word(v->enrichment_status));
    dygw_csv_int(csv, v->enrichment_retry_count);
}

static void put_times(dygw_csv_t *csv, const dygw_verification_t *v)
{
    dygw_csv_time(csv, v->expire_time);
    dygw_csv_time(csv, v->verify_time);
    dygw_csv_time(csv, v->create_order_time);
    dygw_csv_time(csv, v->pay_time);
    dygw_csv_time(csv, v->created_at);
    dygw_csv_time(csv, v->updated_at);
}

static void put_ours(dygw_csv_t *csv, const dygw_verification_t *v)
{
    dygw_csv_text(csv, dygw_mode_word(v->mode));
    dygw_csv_id(csv, v->operator_name);
    dygw_csv_id(csv, v->device);
    dygw_csv_time(csv, v->cancelable_until);
    dygw_csv_text(csv, dygw_confirmed_by_word(v->confirmed_by));
    dygw_csv_id(csv, v->request_id);
}

void dygw_view_csv_row(dygw_csv_t *csv, const dygw_verification_t *v)
{
    put_outcome(csv, v);
    put_coupon(csv, v);
    put_order(csv, v);
    put_times(csv, v);
    put_ours(csv, v);
    put_yuan(csv, v->pay_amount);
    put_yuan(csv, v->receipt_amount);
    put_yuan(csv, v->discount_amount);
    dygw_csv_end_row(csv);
}
