/* SPDX-License-Identifier: Apache-2.0
 * GET /douyin/stores: replies with Douyin's list of stores, unchanged. */
#include "handle/open/open.h"

#include <string.h>

#include "gateway/account.h"

#define PAGE_MAX      10000 /* Douyin refuses higher pages */
#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 50

static const char *const known_parameters[]
    = { "poi_id", "store", "account_id", "page", "size", NULL };

/* Whether an app that is limited to stores may name this account: that of its store alone, because
 * Douyin lists all stores of the account. */
static int is_account_allowed(const dygw_call_t *call, const apr_table_t *query, dygw_result_t *out)
{
    const dygw_gateway_t *gateway = call->ctx.gateway;
    const char *named = apr_table_get(query, "account_id");
    const char *code = apr_table_get(query, "store");
    const dygw_declared_store_t *store = code ? dygw_declared_store(gateway->declared, code) : NULL;
    const char *account
        = dygw_account_of_poi(gateway, store ? store->poi_id : apr_table_get(query, "poi_id"));

    if (!call->app->poi_ids || !named || !account || strcmp(named, account) == 0) {
        return 1;
    }
    out->code = DYGW_STORE_FORBIDDEN;
    out->message = "this app is limited to stores, and may not ask for those of this account";
    return 0;
}

/* Whether the app may ask for this store. An app that is limited to some stores has to name one. */
static int is_store_allowed(const dygw_call_t *call, const apr_table_t *query, dygw_result_t *out)
{
    const char *poi_id = apr_table_get(query, "poi_id");
    const char *store = apr_table_get(query, "store");

    if (call->app->poi_ids && !poi_id && !store) {
        out->code = DYGW_STORE_FORBIDDEN;
        out->message
            = "this app is limited to stores and has to name one of them in poi_id or store";
        return 0;
    }
    return dygw_store_allowed(call->ctx.gateway, call->app, poi_id, store, out)
           && is_account_allowed(call, query, out);
}

static void ask_for_stores(dygw_call_t *call, const apr_table_t *query, dygw_result_t *out)
{
    dygw_named_store_t named;
    const char *account_id;
    apr_time_t began;
    int page, size;

    dygw_query_store(query, call->ctx.gateway, &named, out);
    account_id = dygw_query_account(query, out);
    page = dygw_query_int(query, "page", 1, PAGE_MAX, 1, out);
    size = dygw_query_int(query, "size", 1, PAGE_SIZE_MAX, PAGE_SIZE, out);
    if (!account_id && !named.poi_id && !named.account_id) {
        dygw_invalid(out, "account_id",
                     "account_id, poi_id or store is required: the gateway has no DygwAccountId");
    }
    if (out->code == DYGW_OK) {
        began = dygw_steady_now();
        dygw_stores(&call->ctx, account_id ? account_id : named.account_id, named.poi_id, page,
                    size, out);
        dygw_note_upstream(call, dygw_steady_now() - began);
    }
}

int dygw_handle_stores(dygw_call_t *call)
{
    dygw_result_t out = { 0 }, mistakes = { 0 };
    apr_table_t *query = dygw_read_query(call, known_parameters, &mistakes);

    if (is_store_allowed(call, query, &out)) {
        out = mistakes;
    }
    if (out.code == DYGW_OK) {
        ask_for_stores(call, query, &out);
    }
    return out.code == DYGW_OK ? dygw_reply_douyin(call, out.reply) : dygw_reply_error(call, &out);
}
