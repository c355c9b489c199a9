/* SPDX-License-Identifier: Apache-2.0
 * Copies a coupon under the lock, and writes the copy as JSON, as the calls prepare, get and query
 * show it. The calls verify_record and orders show parts of it. */
#include "sandbox/certificate.h"

#include <string.h>

#include <apr_strings.h>

#include "sandbox/records/ids.h"

#define SUNDAY 7

void dygw_sandbox_snapshot(apr_uint32_t coupon, apr_pool_t *pool, dygw_sandbox_snapshot_t *out)
{
    apr_uint32_t i;

    out->index = coupon;
    out->coupon = *dygw_sandbox_coupon(coupon);
    out->order = *dygw_sandbox_order(out->coupon.order);
    out->terms = dygw_sandbox_state()->terms[out->order.terms];
    out->not_for = dygw_sandbox_state()->poi_set[out->order.not_poi_set];
    out->records = NULL;
    if (!pool) {
        return;
    }
    out->records = apr_array_make(pool, 1, sizeof(dygw_sandbox_recorded_t));
    for (i = out->order.last_verification; i != DYGW_SANDBOX_NONE;
         i = dygw_sandbox_verification(i)->previous) {
        if (dygw_sandbox_verification(i)->coupon == coupon) {
            dygw_sandbox_recorded_t *record = apr_array_push(out->records);

            record->index = i;
            record->verification = *dygw_sandbox_verification(i);
        }
    }
}

const char *dygw_sandbox_sku_name(const dygw_sandbox_order_t *order)
{
    static const char *const names[] = { "", "双人套餐", "100元代金券", "洗剪吹次卡" };

    return names[order->kind];
}

const char *dygw_sandbox_sku_id(const dygw_sandbox_order_t *order)
{
    static const char *const ids[]
        = { "", "1708941687677981", "1708941687677982", "1708941687677983" };

    return ids[order->kind];
}

void dygw_sandbox_write_sku(dygw_jsonw_t *w, const char *key, const dygw_sandbox_order_t *order)
{
    dygw_jsonw_object(w, key);
    dygw_jsonw_string(w, "sku_id", dygw_sandbox_sku_id(order));
    dygw_jsonw_string(w, "title", dygw_sandbox_sku_name(order));
    dygw_jsonw_int(w, "groupon_type", order->kind);
    dygw_jsonw_int(w, "market_price", order->original_amount);
    dygw_jsonw_int(w, "sold_start_time", order->created / 1000);
    dygw_jsonw_string(w, "third_sku_id", "");
    dygw_jsonw_string(w, "account_id", dygw_sandbox_order_account(order)->id);
    dygw_jsonw_string(w, "product_id", dygw_sandbox_sku_id(order));
    dygw_jsonw_end_object(w);
}

void dygw_sandbox_write_amount(dygw_jsonw_t *w, const char *key, const dygw_sandbox_order_t *order,
                               int uses)
{
    const int parts = uses ? order->times : 1;
    const int pay = order->pay_amount / parts * (uses ? uses : 1);
    const int original = order->original_amount / parts * (uses ? uses : 1);

    dygw_jsonw_object(w, key);
    dygw_jsonw_int(w, "original_amount", original);
    dygw_jsonw_int(w, "pay_amount", pay);
    dygw_jsonw_int(w, "list_market_amount", original);
    dygw_jsonw_int(w, "merchant_ticket_amount", original - pay);
    dygw_jsonw_int(w, "payment_discount_amount", 0);
    dygw_jsonw_int(w, "platform_discount_amount", 0);
    dygw_jsonw_int(w, "coupon_pay_amount", pay);
    dygw_jsonw_end_object(w);
}

void dygw_sandbox_write_times_amount(dygw_jsonw_t *w, const dygw_sandbox_order_t *order, int serial)
{
    if (order->kind != DYGW_SANDBOX_TIMES_CARD) {
        return;
    }
    dygw_jsonw_object(w, "verify_amount_info");
    dygw_jsonw_object(w, "time_card_amount");
    dygw_jsonw_int(w, "amount", order->pay_amount / order->times);
    dygw_jsonw_end_object(w);
    dygw_jsonw_object(w, "times_card_serial_amount");
    dygw_sandbox_write_amount(w, "amount", order, 1);
    dygw_jsonw_int(w, "serial_numb", serial);
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_object(w);
}

int dygw_sandbox_can_cancel(const dygw_sandbox_call_t *call, const dygw_sandbox_verification_t *v)
{
    return v->cancelled_at == DYGW_NO_TIME && dygw_now() - v->at <= call->switches.cancel_window_ms;
}

static void write_time_card(dygw_jsonw_t *w, const dygw_sandbox_snapshot_t *s)
{
    if (s->order.kind != DYGW_SANDBOX_TIMES_CARD) {
        return;
    }
    dygw_jsonw_object(w, "time_card");
    dygw_jsonw_int(w, "times_count", s->order.times);
    dygw_jsonw_int(w, "times_used", s->coupon.used);
    dygw_jsonw_array(w, "serial_amount_list");
    for (int i = 1; i <= s->order.times; i++) {
        dygw_jsonw_object(w, NULL);
        dygw_jsonw_int(w, "serial_numb", i);
        dygw_sandbox_write_amount(w, "amount", &s->order, 1);
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_end_object(w);
}

static void write_certificate_verification(dygw_sandbox_call_t *call, const char *key,
                                           const dygw_sandbox_snapshot_t *s,
                                           const dygw_sandbox_recorded_t *record)
{
    const dygw_sandbox_verification_t *v = &record->verification;
    const int unit = call->switches.times_in_ms ? 1 : 1000;
    dygw_jsonw_t *w = &call->w;
    char id[DYGW_SANDBOX_ID_LEN + 1];

    dygw_jsonw_object(w, key);
    dygw_sandbox_id(DYGW_SANDBOX_ID_VERIFY, record->index, id);
    dygw_jsonw_string(w, "verify_id", id);
    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, s->index, id);
    dygw_jsonw_string(w, "certificate_id", id);
    dygw_jsonw_int(w, "verify_time", v->at / unit);
    dygw_jsonw_bool(w, "can_cancel", dygw_sandbox_can_cancel(call, v));
    dygw_jsonw_int(w, "verify_type", v->type);
    dygw_jsonw_string(w, "verifier_unique_id",
                      v->type == DYGW_SANDBOX_BY_API ? "开放平台API" : "58362710934");
    if (!call->switches.hide_poi_id && v->poi_id[0]
        && strspn(v->poi_id, "0123456789") == strlen(v->poi_id)) {
        dygw_jsonw_raw(w, "poi_id", v->poi_id, strlen(v->poi_id));
    }
    if (s->order.kind == DYGW_SANDBOX_TIMES_CARD) {
        dygw_jsonw_int(w, "times_card_serial_num", v->serial);
    }
    dygw_jsonw_end_object(w);
}

/* Writes "verify", the newest verification that is not cancelled (empty: none), and
 * "verify_records", all verifications that are not cancelled. */
static void write_certificate_verifications(dygw_sandbox_call_t *call,
                                            const dygw_sandbox_snapshot_t *s)
{
    const dygw_sandbox_recorded_t *records = (const dygw_sandbox_recorded_t *)s->records->elts;
    const dygw_sandbox_recorded_t *latest = NULL;
    dygw_jsonw_t *w = &call->w;

    for (int i = s->records->nelts - 1; i >= 0; i--) {
        if (records[i].verification.cancelled_at == DYGW_NO_TIME) {
            latest = &records[i];
        }
    }
    if (!latest) {
        dygw_jsonw_object(w, "verify");
        dygw_jsonw_end_object(w);
        return;
    }
    if (!dygw_sandbox_can_cancel(call, &latest->verification)
        && s->coupon.status == DYGW_SANDBOX_USED) {
        char code[DYGW_SANDBOX_CODE_LEN + 1];

        dygw_sandbox_code(s->index, code);
        dygw_jsonw_string(w, "code", code);
    }
    write_certificate_verification(call, "verify", s, latest);
    dygw_jsonw_array(w, "verify_records");
    for (int i = 0; i < s->records->nelts; i++) {
        if (records[i].verification.cancelled_at == DYGW_NO_TIME) {
            write_certificate_verification(call, NULL, s, &records[i]);
        }
    }
    dygw_jsonw_end_array(w);
}

/* --- terms of use: absent where there are none --- */

static void write_closed_days(dygw_jsonw_t *w, const dygw_sandbox_terms_t *terms, int unit)
{
    dygw_jsonw_object(w, "not_available_time_info");
    dygw_jsonw_bool(w, "fulfil_enable", 1);
    dygw_jsonw_array(w, "can_no_use_week_day");
    for (int day = 1; day <= SUNDAY; day++) {
        if (terms->weekdays >> day & 1) {
            dygw_jsonw_int(w, NULL, day);
        }
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_array(w, "can_no_use_date");
    for (int i = 0; i < terms->dates; i++) {
        dygw_jsonw_object(w, NULL);
        dygw_jsonw_int(w, "start_time", terms->date[i].from / unit);
        dygw_jsonw_int(w, "end_time", terms->date[i].to / unit);
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_end_object(w);
}

static void write_minute(dygw_jsonw_t *w, const char *key, int minute)
{
    dygw_jsonw_string(w, key, apr_psprintf(w->pool, "%02d:%02d", minute / 60, minute % 60));
}

static void write_open_hours(dygw_jsonw_t *w, const dygw_sandbox_terms_t *terms)
{
    dygw_jsonw_object(w, "use_time_info");
    dygw_jsonw_int(w, "use_time_type", 2);
    dygw_jsonw_array(w, "time_period_list");
    for (int i = 0; i < terms->hours; i++) {
        dygw_jsonw_object(w, NULL);
        write_minute(w, "start_time", terms->hour[i].from);
        write_minute(w, "end_time", terms->hour[i].to);
        dygw_jsonw_bool(w, "end_time_is_next_day", terms->hour[i].to <= terms->hour[i].from);
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
    dygw_jsonw_end_object(w);
}

static void write_terms(dygw_jsonw_t *w, const dygw_sandbox_snapshot_t *s, int unit)
{
    if (s->terms.weekdays || s->terms.dates) {
        write_closed_days(w, &s->terms, unit);
    }
    if (s->terms.hours) {
        write_open_hours(w, &s->terms);
    }
    if (s->not_for.count) {
        dygw_jsonw_array(w, "not_available_poi_list");
        for (int i = 0; i < s->not_for.count; i++) {
            dygw_jsonw_string(w, NULL, s->not_for.ids[i]);
        }
        dygw_jsonw_end_array(w);
    }
}

void dygw_sandbox_write_certificate(dygw_sandbox_call_t *call, const char *key,
                                    const dygw_sandbox_snapshot_t *s, dygw_sandbox_view_e view)
{
    const int unit = call->switches.times_in_ms || view == DYGW_SANDBOX_IN_GET ? 1 : 1000;
    char id[DYGW_SANDBOX_ID_LEN + 1];
    char encrypted_code[DYGW_SANDBOX_CIPHER_LEN + 1];
    dygw_jsonw_t *w = &call->w;

    dygw_sandbox_id(DYGW_SANDBOX_ID_CERTIFICATE, s->index, id);
    dygw_sandbox_cipher(DYGW_SANDBOX_CIPHER_CODE, s->index, encrypted_code);
    dygw_jsonw_object(w, key);
    if (call->switches.certificate_id == DYGW_SANDBOX_ID_NUMBER) {
        dygw_jsonw_raw(w, "certificate_id", id, DYGW_SANDBOX_ID_LEN);
    }
    else {
        dygw_jsonw_string(w, "certificate_id", id);
    }
    dygw_jsonw_string(w, "encrypted_code", encrypted_code);
    dygw_jsonw_int(w, "status", s->coupon.status);
    dygw_jsonw_int(w, "start_time", s->order.starts / unit);
    dygw_jsonw_int(w, "expire_time", s->order.expires / unit);
    dygw_sandbox_write_sku(w, "sku", &s->order);
    dygw_sandbox_write_amount(w, "amount", &s->order, 0);
    write_time_card(w, s);
    write_terms(w, s, unit);
    if (s->records) {
        write_certificate_verifications(call, s);
    }
    dygw_jsonw_end_object(w);
}
