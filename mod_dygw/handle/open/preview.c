/* SPDX-License-Identifier: Apache-2.0
 * POST /coupons/preview: the coupons of an order in our own names and units, and whether each may
 * be used here and now. */
#include "handle/open/open.h"

#include "gateway/redeem/preview.h"

#define PREVIEW_SIZE 512
#define COUPON_SIZE  768

static const char *const kind_words[] = { [DYGW_COUPON_OTHER] = "other",
                                          [DYGW_COUPON_PACKAGE] = "package",
                                          [DYGW_COUPON_VOUCHER] = "voucher",
                                          [DYGW_COUPON_TIMES_CARD] = "times_card" };

/* What Douyin did not fill in is as good as absent. */
static const char *text_or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static void put_unless_absent(dygw_jsonw_t *w, const char *key, apr_int64_t value)
{
    if (value < 0) {
        dygw_jsonw_null(w, key);
        return;
    }
    dygw_jsonw_int(w, key, value);
}

static void put_coupon(dygw_jsonw_t *w, const dygw_previewed_t *coupon, dygw_lang_e lang)
{
    const dygw_certificate_t *certificate = coupon->certificate;
    const dygw_terms_t *terms = &coupon->terms;
    const int is_usable = coupon->reason == DYGW_REASON_NONE;

    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "encrypted_code", certificate->encrypted_code);
    dygw_jsonw_string(w, "certificate_id", certificate->certificate_id);
    dygw_jsonw_string(w, "kind", kind_words[terms->kind]);
    dygw_jsonw_string(w, "title", text_or_null(certificate->sku_name));
    dygw_jsonw_string(w, "sku_id", certificate->sku_id);
    put_unless_absent(w, "face_value", terms->face_value);
    put_unless_absent(w, "pay_amount", terms->pay_amount);
    put_unless_absent(w, "uses_total", terms->uses_total);
    put_unless_absent(w, "uses_left", terms->uses_left);
    dygw_jsonw_time(w, "start_time", terms->start_time);
    dygw_jsonw_time(w, "expire_time", certificate->expire_time);
    dygw_jsonw_bool(w, "usable_now", is_usable);
    dygw_jsonw_string(w, "reason", dygw_reason_word(coupon->reason));
    dygw_jsonw_string(w, "advice", is_usable ? NULL : dygw_reason_advice(coupon->reason, lang));
    dygw_jsonw_end_object(w);
}

static int reply_preview(dygw_call_t *call, const dygw_preview_t *preview)
{
    const dygw_prepare_reply_t *prepared = preview->prepared;
    const dygw_lang_e lang = dygw_advice_language(call);
    const int count = prepared->certificates->nelts;
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, call->r->pool, PREVIEW_SIZE + (apr_size_t)count * COUPON_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_object(&w, "data");
    dygw_jsonw_string(&w, "order_id", prepared->order_id);
    dygw_jsonw_string(&w, "verify_token", text_or_null(prepared->verify_token));
    dygw_jsonw_array(&w, "coupons");
    for (int i = 0; i < count; i++) {
        put_coupon(&w, &preview->coupons[i], lang);
    }
    dygw_jsonw_end_array(&w);
    dygw_jsonw_end_object(&w);
    dygw_jsonw_end_object(&w);
    dygw_name_logid(call, &prepared->reply);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

int dygw_handle_preview(dygw_call_t *call)
{
    dygw_redeem_request_t request;
    dygw_preview_t preview = { .coupons = NULL };
    apr_time_t began;

    dygw_prepare_read(call, &request, &preview.result);
    if (preview.result.code == DYGW_OK) {
        began = dygw_steady_now();
        dygw_preview(&call->ctx, &request, &preview);
        dygw_note_upstream(call, dygw_steady_now() - began);
    }
    return preview.result.code == DYGW_OK ? reply_preview(call, &preview)
                                          : dygw_reply_error(call, &preview.result);
}
