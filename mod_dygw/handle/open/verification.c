/* SPDX-License-Identifier: Apache-2.0
 * GET /verifications/{id} and /verifications?idempotency_key=: how a redemption ended. */
#include "handle/open/open.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/redeem/idempotency.h"
#include "util/json_cut.h"
#include "util/text.h"

#define VIEW_SIZE 2048 /* of one verification, without Douyin's answers */

static apr_size_t verification_view_size(const dygw_verification_t *v)
{
    return VIEW_SIZE + (v->douyin_response ? strlen(v->douyin_response) : 0);
}

int dygw_open_has_app_id(const dygw_call_t *call, dygw_result_t *out)
{
    if (out->code == DYGW_OK && call->app->id == 0) {
        dygw_explain_database(out);
    }
    return out->code == DYGW_OK;
}

static void set_location(const dygw_call_t *call, apr_int64_t id)
{
    apr_pool_t *pool = call->r->pool;

    apr_table_setn(call->r->headers_out, "Location",
                   apr_psprintf(pool, "%s/verifications/%" APR_INT64_T_FMT,
                                ap_os_escape_path(pool, call->mount, 1), id));
}

static const char verify_token[] = "verify_token";

/* What of Douyin's answers may be none of the app's: with a verify_token and the codes of the
 * order's other coupons somebody could redeem these. */
static const char *const secrets[]
    = { verify_token, "encrypted_code", "code", "origin_code", NULL };

static int is_not_for_apps(const char *key, const char *value, const void *baton)
{
    const dygw_verification_t *v = baton;

    return key == verify_token
           || (!dygw_text_same(value, v->encrypted_code) && !dygw_text_same(value, v->origin_code));
}

static void view_for_apps(dygw_jsonw_t *w, const char *key, const dygw_verification_t *v,
                          dygw_lang_e lang)
{
    const dygw_json_cut_t cut = { .keys = secrets, .is_cut = is_not_for_apps, .baton = v };

    dygw_view_verification(w, key, v, &cut, lang);
}

int dygw_reply_verifications(dygw_call_t *call, int status, const dygw_verification_t *data,
                             const dygw_redeem_result_t *all, int with_items)
{
    const dygw_lang_e lang = dygw_advice_language(call);
    apr_pool_t *pool = call->r->pool;
    dygw_jsonw_t w;
    int i;

    apr_table_setn(call->r->notes, "dygw-verification",
                   apr_psprintf(pool, "%" APR_INT64_T_FMT, data->id));
    if (status == HTTP_ACCEPTED) {
        set_location(call, data->id);
    }
    dygw_jsonw_init(&w, pool,
                    verification_view_size(data) * (apr_size_t)(with_items ? 1 + all->count : 1));
    dygw_jsonw_object(&w, NULL);
    view_for_apps(&w, "data", data, lang);
    if (with_items) {
        dygw_jsonw_array(&w, "items");
        for (i = 0; i < all->count; i++) {
            view_for_apps(&w, NULL, all->verifications[i], lang);
        }
        dygw_jsonw_end_array(&w);
    }
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, status, w.text, w.len);
}

/* Returns the verification whose id is in the path, from all of its request. */
static const dygw_verification_t *verification_asked_for(const dygw_call_t *call,
                                                         const dygw_redeem_result_t *found)
{
    int i;

    for (i = 0; i < found->count; i++) {
        if (found->verifications[i]->id == call->id) {
            return found->verifications[i];
        }
    }
    return found->verifications[0];
}

int dygw_handle_verification(dygw_call_t *call)
{
    dygw_redeem_result_t found = { 0 };

    dygw_read_no_query(call, &found.result);
    if (dygw_open_has_app_id(call, &found.result)) {
        dygw_verification_read(&call->ctx, call->id, call->app->id, &found);
    }
    if (found.result.code != DYGW_OK) {
        return dygw_reply_error(call, &found.result);
    }
    return dygw_reply_verifications(call, HTTP_OK, verification_asked_for(call, &found), &found,
                                    found.count > 1);
}

int dygw_handle_verification_by_key(dygw_call_t *call)
{
    static const char *const known[] = { "idempotency_key", NULL };
    dygw_redeem_result_t found = { 0 };
    apr_table_t *query = dygw_read_query(call, known, &found.result);
    const char *key = apr_table_get(query, *known);

    if (!key) {
        dygw_invalid(&found.result, *known, "idempotency_key is required, or an id in the path");
    }
    else if (dygw_key_check(key, *known, &found.result)
             && dygw_open_has_app_id(call, &found.result)) {
        dygw_verification_by_key(&call->ctx, key, call->app->id, &found);
    }
    if (found.result.code != DYGW_OK) {
        return dygw_reply_error(call, &found.result);
    }
    return dygw_reply_verifications(call, HTTP_OK, found.verifications[0], &found, found.count > 1);
}
