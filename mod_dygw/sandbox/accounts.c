/* SPDX-License-Identifier: Apache-2.0
 * The request "accounts" of the control interface: shows the accounts that the sandbox plays, makes
 * further ones, and changes them. control.c calls it. */
#include "sandbox/handlers.h"
#include "sandbox/records/account.h"
#include "util/json.h"

static void write_account(dygw_jsonw_t *w, const dygw_sandbox_accounts_t *accounts,
                          apr_uint32_t index)
{
    const dygw_sandbox_account_t *account = &accounts->account[index];

    dygw_jsonw_string(w, "account_id", account->id);
    dygw_jsonw_string(w, "account_name", account->name);
    dygw_jsonw_bool(w, "authorised", account->authorised);
    dygw_jsonw_array(w, "stores");
    for (apr_uint32_t i = 0; i < accounts->stores; i++) {
        if (accounts->store[i].account == index) {
            dygw_jsonw_string(w, NULL, accounts->store[i].poi_id);
        }
    }
    dygw_jsonw_end_array(w);
}

const char *dygw_sandbox_accounts_show(dygw_sandbox_control_t *control)
{
    const dygw_sandbox_accounts_t *accounts = &dygw_sandbox_state()->accounts;
    dygw_jsonw_t *w = &control->w;

    dygw_sandbox_lock();
    dygw_jsonw_array(w, "accounts");
    for (apr_uint32_t i = 0; i < accounts->count; i++) {
        dygw_jsonw_object(w, NULL);
        write_account(w, accounts, i);
        dygw_jsonw_end_object(w);
    }
    dygw_jsonw_end_array(w);
    dygw_sandbox_unlock();
    return NULL;
}

/* --- making and changing --- */

/* Reads the stores of a request. Returns NULL, or what is wrong. */
static const char *read_account_stores(const dygw_sandbox_control_t *control,
                                       dygw_sandbox_account_wish_t *wish)
{
    const json_t *list = json_object_get(control->body, "stores");
    const json_t *count = json_object_get(control->body, "count");
    apr_array_header_t *stores;

    if (count) {
        wish->count = json_is_integer(count) ? (int)json_integer_value(count) : -1;
        if (list || wish->count < 0 || wish->count > DYGW_SANDBOX_STORES) {
            return "count is a whole number, instead of stores";
        }
    }
    if (!list) {
        return NULL;
    }
    stores = apr_array_make(control->pool, 1, sizeof(const char *));
    for (apr_size_t i = 0; i < json_array_size(list); i++) {
        const char *poi_id = json_string_value(json_array_get(list, i));

        if (!poi_id) {
            return "stores is a list of poi_ids, which are strings";
        }
        APR_ARRAY_PUSH(stores, const char *) = poi_id;
    }
    wish->stores = stores;
    return json_is_array(list) ? NULL : "stores is a list of poi_ids";
}

static const char *read_account(const dygw_sandbox_control_t *control,
                                dygw_sandbox_account_wish_t *wish)
{
    static const char *const known[]
        = { "account_id", "account_name", "authorised", "stores", "count", NULL };
    const json_t *authorised = json_object_get(control->body, "authorised");
    const char *problem = dygw_sandbox_unknown_key(control->body, known, control->pool);

    wish->id = dygw_json_id(control->body, "account_id", control->pool);
    wish->name = dygw_json_str(control->body, "account_name");
    wish->authorised = authorised ? json_is_true(authorised) : -1;
    if (!problem && authorised && !json_is_boolean(authorised)) {
        problem = "authorised is true or false";
    }
    return problem ? problem : read_account_stores(control, wish);
}

const char *dygw_sandbox_account_change(dygw_sandbox_control_t *control)
{
    dygw_sandbox_accounts_t *accounts = &dygw_sandbox_state()->accounts;
    dygw_sandbox_account_wish_t wish = { .count = -1 };
    const char *problem = read_account(control, &wish);

    if (problem) {
        return problem;
    }
    dygw_sandbox_lock();
    problem = dygw_sandbox_account_set(accounts, &wish, control->pool);
    if (!problem) {
        write_account(&control->w, accounts, dygw_sandbox_account_find(accounts, wish.id));
    }
    dygw_sandbox_unlock();
    return problem;
}
