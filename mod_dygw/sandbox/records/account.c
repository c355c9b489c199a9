/* SPDX-License-Identifier: Apache-2.0
 * Keeps the accounts and their stores in two lists. The sandbox looks for a store from one end to
 * the other, which is quick enough for a test. */
#include "sandbox/records/account.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#define FIRST_ID     "7014065493820573710"
#define NAME         "沙箱餐饮有限公司"
#define NEW_STORES   3
#define FIRST_POI_ID APR_INT64_C(7012345678901234567)
#define POI_DISTANCE APR_INT64_C(1000000) /* between the made up stores of two accounts */

apr_uint32_t dygw_sandbox_account_find(const dygw_sandbox_accounts_t *accounts, const char *id)
{
    for (apr_uint32_t i = 0; i < accounts->count; i++) {
        if (strcmp(accounts->account[i].id, id) == 0) {
            return i;
        }
    }
    return DYGW_SANDBOX_NONE;
}

apr_uint32_t dygw_sandbox_store_find(const dygw_sandbox_accounts_t *accounts, const char *poi_id)
{
    for (apr_uint32_t i = 0; i < accounts->stores; i++) {
        if (strcmp(accounts->store[i].poi_id, poi_id) == 0) {
            return i;
        }
    }
    return DYGW_SANDBOX_NONE;
}

apr_uint32_t dygw_sandbox_store_account(const dygw_sandbox_accounts_t *accounts, const char *poi_id)
{
    const apr_uint32_t i = dygw_sandbox_store_find(accounts, poi_id);

    return i == DYGW_SANDBOX_NONE ? DYGW_SANDBOX_NONE : accounts->store[i].account;
}

/* --- making and changing --- */

/* Whether a text can be an id: 1 to max characters that need no escape. */
static int is_account_word(const char *text, apr_size_t max)
{
    const apr_size_t len = strlen(text);

    return len > 0 && len <= max
           && strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-")
                  == len;
}

static apr_array_header_t *made_up_stores(apr_uint32_t account, int count, apr_pool_t *pool)
{
    apr_array_header_t *stores = apr_array_make(pool, count, sizeof(const char *));

    for (int i = 0; i < count; i++) {
        APR_ARRAY_PUSH(stores, const char *)
            = apr_psprintf(pool, "%" APR_INT64_T_FMT, FIRST_POI_ID + account * POI_DISTANCE + i);
    }
    return stores;
}

/* Returns NULL, or why an account cannot have these stores. */
static const char *stores_problem(const dygw_sandbox_accounts_t *accounts, apr_uint32_t account,
                                  const apr_array_header_t *stores, apr_pool_t *pool)
{
    const apr_uint32_t replaced
        = account < accounts->count ? (apr_uint32_t)accounts->account[account].stores : 0;

    if (accounts->stores - replaced + (apr_uint32_t)stores->nelts > DYGW_SANDBOX_STORES) {
        return apr_psprintf(pool, "all accounts have at most %d stores", DYGW_SANDBOX_STORES);
    }
    for (int i = 0; i < stores->nelts; i++) {
        const char *poi_id = APR_ARRAY_IDX(stores, i, const char *);
        const apr_uint32_t owner = dygw_sandbox_store_account(accounts, poi_id);

        if (!is_account_word(poi_id, DYGW_SANDBOX_POI_MAX)) {
            return apr_psprintf(pool, "a poi_id has 1 to %d letters, digits, _ or -",
                                DYGW_SANDBOX_POI_MAX);
        }
        if (owner != DYGW_SANDBOX_NONE && owner != account) {
            return apr_psprintf(pool, "the store %s is of account %s", poi_id,
                                accounts->account[owner].id);
        }
    }
    return NULL;
}

/* Returns NULL, or why there cannot be such an account at that index. */
static const char *account_problem(const dygw_sandbox_account_wish_t *wish, apr_uint32_t account,
                                   apr_pool_t *pool)
{
    if (!wish->id || !is_account_word(wish->id, DYGW_SANDBOX_ACCOUNT_MAX)) {
        return apr_psprintf(pool, "an account's id has 1 to %d letters, digits, _ or -",
                            DYGW_SANDBOX_ACCOUNT_MAX);
    }
    if (account == DYGW_SANDBOX_ACCOUNTS) {
        return apr_psprintf(pool, "there are at most %d accounts", DYGW_SANDBOX_ACCOUNTS);
    }
    if (wish->name && strlen(wish->name) > DYGW_SANDBOX_NAME_MAX) {
        return apr_psprintf(pool, "an account's name has at most %d bytes", DYGW_SANDBOX_NAME_MAX);
    }
    return NULL;
}

static void replace_stores(dygw_sandbox_accounts_t *accounts, apr_uint32_t account,
                           const apr_array_header_t *stores)
{
    apr_uint32_t kept = 0;

    for (apr_uint32_t i = 0; i < accounts->stores; i++) {
        if (accounts->store[i].account != account) {
            accounts->store[kept++] = accounts->store[i];
        }
    }
    accounts->stores = kept;
    for (int i = 0; i < stores->nelts; i++) {
        const char *poi_id = APR_ARRAY_IDX(stores, i, const char *);
        dygw_sandbox_store_t *store = &accounts->store[accounts->stores];

        if (dygw_sandbox_store_find(accounts, poi_id) == DYGW_SANDBOX_NONE) {
            store->account = account;
            apr_cpystrn(store->poi_id, poi_id, sizeof store->poi_id);
            accounts->stores++;
        }
    }
    accounts->account[account].stores = (int)(accounts->stores - kept);
}

static void fill_account(dygw_sandbox_accounts_t *accounts, apr_uint32_t index,
                         const dygw_sandbox_account_wish_t *wish)
{
    dygw_sandbox_account_t *account = &accounts->account[index];

    if (index == accounts->count) {
        memset(account, 0, sizeof *account);
        apr_cpystrn(account->id, wish->id, sizeof account->id);
        (void)snprintf(account->name, sizeof account->name, NAME "(%u)", index + 1);
        account->authorised = 1;
        accounts->count++;
    }
    if (wish->name) {
        apr_cpystrn(account->name, wish->name, sizeof account->name);
    }
    if (wish->authorised >= 0) {
        account->authorised = wish->authorised;
    }
}

const char *dygw_sandbox_account_set(dygw_sandbox_accounts_t *accounts,
                                     const dygw_sandbox_account_wish_t *wish, apr_pool_t *pool)
{
    const apr_uint32_t found
        = wish->id ? dygw_sandbox_account_find(accounts, wish->id) : DYGW_SANDBOX_NONE;
    const int is_new = found == DYGW_SANDBOX_NONE;
    const apr_uint32_t index = is_new ? accounts->count : found;
    const int count = wish->count < 0 && is_new ? NEW_STORES : wish->count;
    const apr_array_header_t *stores = wish->stores;
    const char *problem = account_problem(wish, index, pool);

    if (!stores && count >= 0) {
        stores = made_up_stores(index, count, pool);
    }
    if (!problem && stores) {
        problem = stores_problem(accounts, index, stores, pool);
    }
    if (!problem) {
        fill_account(accounts, index, wish);
        if (stores) {
            replace_stores(accounts, index, stores);
        }
    }
    return problem;
}

void dygw_sandbox_accounts_begin(dygw_sandbox_accounts_t *accounts)
{
    dygw_sandbox_account_t *first = &accounts->account[0];

    memset(accounts, 0, sizeof *accounts);
    apr_cpystrn(first->id, FIRST_ID, sizeof first->id);
    apr_cpystrn(first->name, NAME, sizeof first->name);
    first->authorised = 1;
    first->stores = DYGW_SANDBOX_STORES_FIRST;
    accounts->count = 1;
    for (; accounts->stores < DYGW_SANDBOX_STORES_FIRST; accounts->stores++) {
        (void)snprintf(accounts->store[accounts->stores].poi_id, DYGW_SANDBOX_POI_MAX + 1,
                       "%" APR_INT64_T_FMT, FIRST_POI_ID + accounts->stores);
    }
}
