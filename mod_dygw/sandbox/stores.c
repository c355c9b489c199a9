/* SPDX-License-Identifier: Apache-2.0
 * The call shop/poi/query: the stores of an account in pages, or one store, whosever it is. serve.c
 * calls it. */
#include <stdio.h>

#include "sandbox/handlers.h"
#include "sandbox/records/codes.h"
#include "sandbox/reply.h"

#define SIZE_MAX_NEW 50 /* of Douyin's newer document; the older one says 100 */

/* Writes the nth store (from 0) of its account. */
static void write_store(dygw_jsonw_t *w, const dygw_sandbox_store_t *store, int nth)
{
    const dygw_sandbox_account_t *account = &dygw_sandbox_state()->accounts.account[store->account];
    char text[64];

    dygw_jsonw_object(w, NULL);
    dygw_jsonw_object(w, "poi");
    dygw_jsonw_string(w, "poi_id", store->poi_id);
    (void)snprintf(text, sizeof text, "沙箱餐厅(第%d店)", nth + 1);
    dygw_jsonw_string(w, "poi_name", text);
    (void)snprintf(text, sizeof text, "常熟路%d号", nth + 1);
    dygw_jsonw_string(w, "address", text);
    dygw_jsonw_raw(w, "latitude", "31.219703", 9);
    dygw_jsonw_raw(w, "longitude", "121.446617", 10);
    dygw_jsonw_end_object(w);
    dygw_jsonw_object(w, "root_account");
    dygw_jsonw_string(w, "account_id", account->id);
    dygw_jsonw_string(w, "account_name", account->name);
    dygw_jsonw_end_object(w);
    dygw_jsonw_end_object(w);
}

/* Writes the stores of an account from the number `first` on, at most size. */
static void write_stores_of_account(dygw_jsonw_t *w, apr_uint32_t account, apr_int64_t first,
                                    apr_int64_t size)
{
    const dygw_sandbox_accounts_t *accounts = &dygw_sandbox_state()->accounts;
    int nth = 0;

    for (apr_uint32_t i = 0; i < accounts->stores && nth < first + size; i++) {
        if (accounts->store[i].account == account) {
            if (nth >= first) {
                write_store(w, &accounts->store[i], nth);
            }
            nth++;
        }
    }
}

/* Returns how many stores were found: 1, or 0. */
static int write_one_store(dygw_jsonw_t *w, const char *poi_id)
{
    const dygw_sandbox_accounts_t *accounts = &dygw_sandbox_state()->accounts;
    const apr_uint32_t found = dygw_sandbox_store_find(accounts, poi_id);
    int nth = 0;

    if (found == DYGW_SANDBOX_NONE) {
        return 0;
    }
    for (apr_uint32_t i = 0; i < found; i++) {
        nth += accounts->store[i].account == accounts->store[found].account;
    }
    write_store(w, &accounts->store[found], nth);
    return 1;
}

void dygw_sandbox_stores(dygw_sandbox_call_t *call)
{
    const char *account = dygw_sandbox_param(call, "account_id");
    const char *poi = dygw_sandbox_param(call, "poi_id");
    const apr_int64_t page = dygw_sandbox_param_int(call, "page", -1);
    const apr_int64_t size = dygw_sandbox_param_int(call, "size", -1);
    int total;

    if ((!account && !poi) || page < 1 || page > 10000 || size < 1 || size > SIZE_MAX_NEW) {
        dygw_sandbox_refuse(call, DYGW_SANDBOX_BAD_ARGUMENT, NULL);
        return;
    }
    dygw_sandbox_reply_begin(call);
    dygw_jsonw_array(&call->w, "pois");
    dygw_sandbox_lock();
    if (account) {
        write_stores_of_account(&call->w, call->account, (page - 1) * size, size);
        total = dygw_sandbox_state()->accounts.account[call->account].stores;
    }
    else {
        total = write_one_store(&call->w, poi);
    }
    dygw_sandbox_unlock();
    dygw_jsonw_end_array(&call->w);
    dygw_jsonw_int(&call->w, "total", total);
    dygw_sandbox_reply_end(call);
}
