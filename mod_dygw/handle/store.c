/* SPDX-License-Identifier: Apache-2.0
 * Which store a request names, and whose it is. A store has a poi_id at Douyin; one that httpd.conf
 * declares has a code of the shop's own besides, and may be named by either. */
#include "handle/handle.h"

#include "gateway/account.h"
#include "util/spelling.h"

#define ACCOUNT_MAX 64

static const char *code_of_poi(const dygw_gateway_t *gateway, const char *poi_id)
{
    const dygw_declared_store_t *store = dygw_declared_store_of_poi(gateway->declared, poi_id);

    return store ? store->code : NULL;
}

static const char *poi_of_code(const dygw_gateway_t *gateway, const char *code)
{
    const dygw_declared_store_t *store = dygw_declared_store(gateway->declared, code);

    return store ? store->poi_id : NULL;
}

int dygw_store_allowed(const dygw_gateway_t *gateway, const dygw_known_app_t *app,
                       const char *poi_id, const char *store, dygw_result_t *out)
{
    if ((!poi_id || dygw_app_may_use_store(app, poi_id, code_of_poi(gateway, poi_id)))
        && (!store || dygw_app_may_use_store(app, poi_of_code(gateway, store), store))) {
        return 1;
    }
    out->code = DYGW_STORE_FORBIDDEN;
    out->message = "this app may not use this store";
    return 0;
}

/* Fills *named from what the request has. */
static void resolve_store(const dygw_gateway_t *gateway, const char *poi_id, const char *store,
                          dygw_named_store_t *named, dygw_result_t *out)
{
    if (poi_id && store) {
        dygw_invalid(out, "store", "store and poi_id exclude each other");
    }
    if (store) {
        poi_id = poi_of_code(gateway, store);
        if (!poi_id) {
            dygw_invalid(out, "store",
                         dygw_declared_left_out(gateway->declared)
                             ? "there is no declared store with this code; but a file of stores "
                               "could not be read, tell the administrator"
                             : "there is no declared store with this code");
        }
    }
    named->poi_id = poi_id;
    named->store = poi_id ? code_of_poi(gateway, poi_id) : NULL;
    named->named = store;
    named->account_id = dygw_account_of_poi(gateway, poi_id);
}

void dygw_field_store(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                      dygw_named_store_t *named)
{
    const char *poi_id = dygw_field_word(f, "poi_id", 1, DYGW_POI_MAX);
    const char *store = dygw_field_word(f, "store", 1, DYGW_STORE_MAX);

    resolve_store(gateway, poi_id, store, named, f->out);
}

static const char *read_word(const apr_table_t *query, const char *name, apr_size_t max,
                             const char *problem, dygw_result_t *out)
{
    const char *value = apr_table_get(query, name);

    if (value && !dygw_spelled(value, 1, max, "_-")) {
        dygw_invalid(out, name, problem);
    }
    return value;
}

void dygw_query_store(const apr_table_t *query, const dygw_gateway_t *gateway,
                      dygw_named_store_t *named, dygw_result_t *out)
{
    const char *poi_id
        = read_word(query, "poi_id", DYGW_POI_MAX, "poi_id must be 1 to 32 of A-Za-z0-9_-", out);
    const char *store
        = read_word(query, "store", DYGW_STORE_MAX, "store must be 1 to 32 of A-Za-z0-9_-", out);

    resolve_store(gateway, poi_id, store, named, out);
}

const char *dygw_query_account(const apr_table_t *query, dygw_result_t *out)
{
    return read_word(query, "account_id", ACCOUNT_MAX, "account_id must be 1 to 64 of A-Za-z0-9_-",
                     out);
}
