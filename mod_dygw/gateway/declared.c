/* SPDX-License-Identifier: Apache-2.0
 * What httpd.conf declares, and how it is found. */
#include "gateway/declared.h"

dygw_declared_t *dygw_declared_create(apr_pool_t *pool)
{
    dygw_declared_t *declared = apr_palloc(pool, sizeof(*declared));

    declared->apps = apr_array_make(pool, 4, sizeof(const dygw_declared_app_t *));
    declared->stores = apr_array_make(pool, 4, sizeof(const dygw_declared_store_t *));
    declared->left_out = apr_array_make(pool, 1, sizeof(dygw_left_out_t));
    declared->apps_by_key = apr_hash_make(pool);
    declared->apps_by_code = apr_hash_make(pool);
    declared->stores_by_code = apr_hash_make(pool);
    declared->stores_by_poi = apr_hash_make(pool);
    declared->accounts = apr_hash_make(pool);
    return declared;
}

const dygw_declared_app_t *dygw_declared_add_app(dygw_declared_t *declared,
                                                 const dygw_declared_app_t *app, const char **field)
{
    const dygw_declared_app_t *other = dygw_declared_app_of_code(declared, app->code);

    *field = "code";
    if (!other) {
        other = dygw_declared_app(declared, app->client_key);
        *field = "client_key";
    }
    if (!other) {
        APR_ARRAY_PUSH(declared->apps, const dygw_declared_app_t *) = app;
        apr_hash_set(declared->apps_by_code, app->code, APR_HASH_KEY_STRING, app);
        apr_hash_set(declared->apps_by_key, app->client_key, APR_HASH_KEY_STRING, app);
    }
    return other;
}

const dygw_declared_store_t *dygw_declared_add_store(dygw_declared_t *declared,
                                                     const dygw_declared_store_t *store,
                                                     const char **field)
{
    const dygw_declared_store_t *other = dygw_declared_store(declared, store->code);

    *field = "code";
    if (!other) {
        other = dygw_declared_store_of_poi(declared, store->poi_id);
        *field = "poi_id";
    }
    if (!other) {
        APR_ARRAY_PUSH(declared->stores, const dygw_declared_store_t *) = store;
        apr_hash_set(declared->stores_by_code, store->code, APR_HASH_KEY_STRING, store);
        apr_hash_set(declared->stores_by_poi, store->poi_id, APR_HASH_KEY_STRING, store);
        if (store->account_id) {
            apr_hash_set(declared->accounts, store->account_id, APR_HASH_KEY_STRING, store);
        }
    }
    return other;
}

const dygw_declared_app_t *dygw_declared_app(const dygw_declared_t *declared,
                                             const char *client_key)
{
    return declared ? apr_hash_get(declared->apps_by_key, client_key, APR_HASH_KEY_STRING) : NULL;
}

const dygw_declared_app_t *dygw_declared_app_of_code(const dygw_declared_t *declared,
                                                     const char *code)
{
    return declared ? apr_hash_get(declared->apps_by_code, code, APR_HASH_KEY_STRING) : NULL;
}

const dygw_declared_store_t *dygw_declared_store(const dygw_declared_t *declared, const char *code)
{
    return declared ? apr_hash_get(declared->stores_by_code, code, APR_HASH_KEY_STRING) : NULL;
}

const dygw_declared_store_t *dygw_declared_store_of_poi(const dygw_declared_t *declared,
                                                        const char *poi_id)
{
    return declared ? apr_hash_get(declared->stores_by_poi, poi_id, APR_HASH_KEY_STRING) : NULL;
}

int dygw_declared_unread(const dygw_declared_t *declared)
{
    int count = 0;
    int i;

    for (i = 0; declared && i < declared->apps->nelts; i++) {
        count += !APR_ARRAY_IDX(declared->apps, i, const dygw_declared_app_t *)->secret;
    }
    return count;
}

int dygw_declared_left_out(const dygw_declared_t *declared)
{
    return declared ? declared->left_out->nelts : 0;
}
