/* SPDX-License-Identifier: Apache-2.0
 * Whose coupons they are. */
#include "gateway/account.h"

#include "util/text.h"

const char *dygw_account_of_poi(const dygw_gateway_t *gateway, const char *poi_id)
{
    const dygw_declared_store_t *store
        = poi_id ? dygw_declared_store_of_poi(gateway->declared, poi_id) : NULL;

    if (!store && dygw_declared_left_out(gateway->declared) > 0) {
        return NULL;
    }
    return store && store->account_id ? store->account_id : gateway->account_id;
}

const char *dygw_account_recorded(const dygw_gateway_t *gateway, const dygw_recorded_t *recorded)
{
    const char *now = NULL;

    if (!recorded->account_id
        || (!recorded->store && !dygw_account_is_ours(gateway, recorded->account_id))) {
        now = dygw_account_of_poi(gateway, recorded->poi_id);
    }
    return now ? now : recorded->account_id;
}

const char *dygw_account_of(const dygw_gateway_t *gateway, const dygw_verification_t *v)
{
    const dygw_recorded_t recorded = { v->account_id, v->store, v->poi_id };

    return dygw_account_recorded(gateway, &recorded);
}

void dygw_account_of_verify(const dygw_gateway_t *gateway, const dygw_verification_t *v,
                            dygw_question_t *question)
{
    question->account_id = v->account_id ? v->account_id : dygw_account_of_poi(gateway, v->poi_id);
    question->account_in_header_only = !v->account_id || !v->store;
}

int dygw_account_is_ours(const dygw_gateway_t *gateway, const char *account_id)
{
    return dygw_text_same(gateway->account_id, account_id)
           || (account_id && gateway->declared
               && apr_hash_get(gateway->declared->accounts, account_id, APR_HASH_KEY_STRING));
}

static void add_account(apr_array_header_t *accounts, apr_hash_t *known, const char *account)
{
    if (account && !apr_hash_get(known, account, APR_HASH_KEY_STRING)) {
        apr_hash_set(known, account, APR_HASH_KEY_STRING, account);
        APR_ARRAY_PUSH(accounts, const char *) = account;
    }
}

apr_array_header_t *dygw_accounts(const dygw_gateway_t *gateway, apr_pool_t *pool)
{
    apr_array_header_t *accounts = apr_array_make(pool, 1, sizeof(const char *));
    apr_hash_t *known = apr_hash_make(pool);
    int i;

    add_account(accounts, known, gateway->account_id);
    for (i = 0; gateway->declared && i < gateway->declared->stores->nelts; i++) {
        const dygw_declared_store_t *store
            = APR_ARRAY_IDX(gateway->declared->stores, i, const dygw_declared_store_t *);

        add_account(accounts, known, store->account_id);
    }
    return accounts;
}
