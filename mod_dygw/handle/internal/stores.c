/* SPDX-License-Identifier: Apache-2.0
 * GET /stores: the stores that httpd.conf declares, in its order. The database is not asked. */
#include "handle/internal/internal.h"

#include "gateway/account.h"

#define STORE_SIZE 256 /* bytes of one, about */

static void view_declared_store(dygw_jsonw_t *w, const dygw_gateway_t *gateway,
                                const dygw_declared_store_t *store)
{
    dygw_jsonw_object(w, NULL);
    dygw_jsonw_string(w, "store", store->code);
    dygw_jsonw_string(w, "poi_id", store->poi_id);
    dygw_jsonw_string(w, "account_id", dygw_account_of_poi(gateway, store->poi_id));
    dygw_jsonw_string(w, "name", store->name);
    dygw_jsonw_string(w, "declared_in", store->place);
    dygw_jsonw_end_object(w);
}

static int reply_declared_stores(dygw_call_t *call)
{
    const dygw_gateway_t *gateway = call->ctx.gateway;
    const apr_array_header_t *stores = gateway->declared ? gateway->declared->stores : NULL;
    const int count = stores ? stores->nelts : 0;
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, call->r->pool, STORE_SIZE * ((apr_size_t)count + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (i = 0; i < count; i++) {
        view_declared_store(&w, gateway, APR_ARRAY_IDX(stores, i, const dygw_declared_store_t *));
    }
    dygw_jsonw_end_array(&w);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

int dygw_handle_declared_stores(dygw_call_t *call)
{
    dygw_result_t out = { 0 };

    dygw_read_no_query(call, &out);
    return out.code == DYGW_OK ? reply_declared_stores(call) : dygw_reply_error(call, &out);
}
