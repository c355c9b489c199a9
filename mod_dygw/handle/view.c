/* SPDX-License-Identifier: Apache-2.0
 * Verifications and apps as callers see them, as JSON: a verification by the list of view.h. */
#include "handle/handle.h"

#include <string.h>

#include "handle/view.h"

void dygw_view_int(dygw_jsonw_t *w, const char *key, apr_int64_t value)
{
    if (value == DYGW_NO_INT) {
        dygw_jsonw_null(w, key);
        return;
    }
    dygw_jsonw_int(w, key, value);
}

static void put_raw(dygw_jsonw_t *w, const char *key, const char *json, const dygw_json_cut_t *cut)
{
    if (json && cut) {
        dygw_jsonw_raw_cut(w, key, json, cut);
        return;
    }
    dygw_jsonw_raw(w, key, json, json ? strlen(json) : 0);
}

static void put_retryable(dygw_jsonw_t *w, const char *key, dygw_reason_e reason)
{
    if (reason == DYGW_REASON_NONE) {
        dygw_jsonw_null(w, key);
        return;
    }
    dygw_jsonw_bool(w, key, dygw_reason_is_retryable(reason));
}

static const char *advice_of(dygw_reason_e reason, dygw_lang_e lang)
{
    return reason == DYGW_REASON_NONE ? NULL : dygw_reason_advice(reason, lang);
}

#define JSON_ID(key, value)            dygw_jsonw_string(w, key, value)
#define JSON_INT_ID(key, value)        dygw_jsonw_int(w, key, value)
#define JSON_TEXT(key, value)          dygw_jsonw_string(w, key, value)
#define JSON_TEXT_OR_EMPTY(key, value) dygw_jsonw_string(w, key, (value) ? (value) : "")
#define JSON_INT(key, value)           dygw_jsonw_int(w, key, value)
#define JSON_INT_OR_NULL(key, value)   dygw_view_int(w, key, value)
#define JSON_TIME(key, value)          dygw_jsonw_time(w, key, value)
#define JSON_VERIFY_STATUS(key, value) dygw_jsonw_string(w, key, dygw_verify_status_word(value))
#define JSON_ENRICH_STATUS(key, value) dygw_jsonw_string(w, key, dygw_enrich_status_word(value))
#define JSON_COUPON_STATUS(key, value) dygw_jsonw_string(w, key, dygw_coupon_status_word(value))
#define JSON_AFTER_SALE(key, value)    dygw_jsonw_string(w, key, dygw_after_sale_word(value))
#define JSON_CONFIRMED_BY(key, value)  dygw_jsonw_string(w, key, dygw_confirmed_by_word(value))
#define JSON_MODE(key, value)          dygw_jsonw_string(w, key, dygw_mode_word(value))
#define JSON_RAW(key, value)           put_raw(w, key, value, cut)
#define JSON_REASON(key, value)        dygw_jsonw_string(w, key, dygw_reason_word(reason))
#define JSON_RETRYABLE(key, value)     put_retryable(w, key, reason)
#define JSON_ADVICE(key, value)        dygw_jsonw_string(w, key, advice_of(reason, lang))

#define PUT(kind, key, member) JSON_##kind(key, v->member);

void dygw_view_verification(dygw_jsonw_t *w, const char *key, const dygw_verification_t *v,
                            const dygw_json_cut_t *cut, dygw_lang_e lang)
{
    const dygw_reason_e reason = dygw_reason_of(v);

    dygw_jsonw_object(w, key);
    DYGW_VIEW(PUT, PUT)
    dygw_jsonw_end_object(w);
}

void dygw_view_reason(dygw_jsonw_t *w, dygw_reason_e reason, dygw_lang_e lang)
{
    JSON_REASON("reason", );
    JSON_RETRYABLE("retryable", );
    JSON_ADVICE("advice", );
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
    dygw_jsonw_string(w, "source", dygw_app_source_word(app->source));
    dygw_jsonw_string(w, "declared_in", app->declared_in);
    dygw_jsonw_end_object(w);
}
