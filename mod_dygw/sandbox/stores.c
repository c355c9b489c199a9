/* SPDX-License-Identifier: Apache-2.0
 * The call shop/poi/query: the stores of the account, which are always the same. serve.c calls
 * it. */
#include <stdio.h>
#include <string.h>

#include "sandbox/certificate.h"
#include "sandbox/codes.h"
#include "sandbox/handlers.h"
#include "sandbox/ids.h"
#include "sandbox/reply.h"

#define STORES       25
#define FIRST_POI_ID APR_INT64_C(7012345678901234567)
#define SIZE_MAX_NEW 50 /* of Douyin's newer document; the older one says 100 */

static void store_poi_id(int store, char *out)
{
    (void)snprintf(out, DYGW_SANDBOX_ID_LEN + 1, "%" APR_INT64_T_FMT, FIRST_POI_ID + store);
}

static void write_store(dygw_jsonw_t *w, int store)
{
    char text[64];

    dygw_jsonw_object(w, NULL);
    dygw_jsonw_object(w, "poi");
    store_poi_id(store, text);
    dygw_jsonw_string(w, "poi_id", text);
    (void)snprintf(text, sizeof text, "沙箱餐厅(第%d店)", store + 1);
    dygw_jsonw_string(w, "poi_name", text);
    (void)snprintf(text, sizeof text, "常熟路%d号", store + 1);
    dygw_jsonw_string(w, "address", text);
    dygw_jsonw_raw(w, "latitude", "31.219703", 9);
    dygw_jsonw_raw(w, "longitude", "121.446617", 10);
    dygw_jsonw_end_object(w);
    dygw_jsonw_object(w, "root_account");
    dygw_jsonw_string(w, "account_id", DYGW_SANDBOX_ACCOUNT_ID);
    dygw_jsonw_string(w, "account_name", DYGW_SANDBOX_ACCOUNT_NAME);
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_object(w);
}

/* Returns the number of the store with that id; STORES: there is none. */
static int find_store(const char *id)
{
    char text[DYGW_SANDBOX_ID_LEN + 1];
    int store = 0;

    for (; store < STORES; store++) {
        store_poi_id(store, text);
        if (strcmp(text, id) == 0) {
            break;
        }
    }
    return store;
}

void dygw_sandbox_stores(dygw_sandbox_call_t *call)
{
    const char *account = dygw_sandbox_param(call, "account_id");
    const char *poi = dygw_sandbox_param(call, "poi_id");
    const apr_int64_t page = dygw_sandbox_param_int(call, "page", -1);
    const apr_int64_t size = dygw_sandbox_param_int(call, "size", -1);
    apr_int64_t first, last;

    if ((!account && !poi) || page < 1 || page > 10000 || size < 1 || size > SIZE_MAX_NEW) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
        return;
    }
    first = account ? (page - 1) * size : find_store(poi);
    last = account ? first + size : first + 1;
    last = last < STORES ? last : STORES;
    dygw_sandbox_reply_begin(call);
    dygw_jsonw_array(&call->w, "pois");
    for (; first < last; first++) {
        write_store(&call->w, (int)first);
    }
    dygw_jsonw_end_array(&call->w);
    dygw_jsonw_int(&call->w, "total", account ? STORES : find_store(poi) < STORES);
    dygw_sandbox_reply_end(call);
}
