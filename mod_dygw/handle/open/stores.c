/* SPDX-License-Identifier: Apache-2.0
 * GET /douyin/stores: replies with Douyin's list of stores, unchanged. */
#include "handle/open/open.h"

#include "util/spelling.h"

#define ACCOUNT_MAX   64
#define PAGE_MAX      10000 /* Douyin refuses higher pages */
#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 50

static const char *const known_parameters[] = { "poi_id", "account_id", "page", "size", NULL };

/* Whether the app may ask for this store. An app that is limited to some stores has to name one. */
static int is_store_allowed(const dygw_known_app_t *app, const char *poi_id, dygw_result_t *out)
{
    if (!app->poi_ids || (poi_id && dygw_app_may_use_store(app, poi_id))) {
        return 1;
    }
    out->code = DYGW_STORE_FORBIDDEN;
    out->message = poi_id ? "this app may not use this store"
                          : "this app is limited to stores and has to name one of them in poi_id";
    return 0;
}

static const char *read_id_parameter(const apr_table_t *query, const char *name, apr_size_t max,
                                     const char *problem, dygw_result_t *out)
{
    const char *value = apr_table_get(query, name);

    if (value && !dygw_spelled(value, 1, max, "_-")) {
        dygw_invalid(out, name, problem);
    }
    return value;
}

static void ask_for_stores(dygw_call_t *call, const apr_table_t *query, dygw_result_t *out)
{
    dygw_gateway_t *gateway = &call->runtime->gateway;
    const char *poi_id = read_id_parameter(query, "poi_id", DYGW_POI_MAX,
                                           "poi_id must be 1 to 32 of A-Za-z0-9_-", out);
    const char *account_id = read_id_parameter(query, "account_id", ACCOUNT_MAX,
                                               "account_id must be 1 to 64 of A-Za-z0-9_-", out);
    int page = dygw_query_int(query, "page", 1, PAGE_MAX, 1, out);
    int size = dygw_query_int(query, "size", 1, PAGE_SIZE_MAX, PAGE_SIZE, out);
    apr_time_t began = dygw_steady_now();

    if (!poi_id && !account_id && !gateway->account_id) {
        dygw_invalid(out, "account_id",
                     "account_id or poi_id is required: the gateway has no DygwAccountId");
    }
    if (out->code == DYGW_OK) {
        dygw_stores(&call->ctx, account_id, poi_id, page, size, out);
        dygw_note_upstream(call, dygw_steady_now() - began);
    }
}

int dygw_handle_stores(dygw_call_t *call)
{
    dygw_result_t out = { 0 }, mistakes = { 0 };
    apr_table_t *query = dygw_read_query(call, known_parameters, &mistakes);

    if (is_store_allowed(call->app, apr_table_get(query, "poi_id"), &out)) {
        out = mistakes;
    }
    if (out.code == DYGW_OK) {
        ask_for_stores(call, query, &out);
    }
    return out.code == DYGW_OK ? dygw_reply_douyin(call, out.reply) : dygw_reply_error(call, &out);
}
