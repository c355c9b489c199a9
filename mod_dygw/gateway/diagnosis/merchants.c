/* SPDX-License-Identifier: Apache-2.0
 * What is asked of Douyin about each account of the gateway and about its stores.
 *
 * Thousands of stores may be declared, so they are looked for in the lists of the accounts, 50 a
 * page: all lists are read side by side, each until its last declared store was found. Only what is
 * in no list is asked for by itself, which also tells whose it is. */
#include <string.h>

#include <apr_strings.h>

#include "gateway/account.h"
#include "gateway/diagnosis/probes.h"
#include "util/json.h"

#define RECORDS_SPAN_MS 3600000
#define NO_ORDER        "1000000000000000001"

static const char *const no_coupon[] = { "1000000000000000001" };

/* --- the accounts --- */

static void make_account(dygw_probed_account_t *account, const char *account_id)
{
    dygw_ms_t now = dygw_now();
    int i;

    account->account_id = account_id;
    account->next_page = 2;
    account->scopes[DYGW_PROBE_STORES]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_STORE,
                          .scope = "life.capacity.shop",
                          .question = { .what = DYGW_QUESTION_STORES,
                                        .account_id = account_id,
                                        .page = 1,
                                        .size = DYGW_STORES_PER_PAGE } };
    account->scopes[DYGW_PROBE_ORDER] = (dygw_probe_t){
        .check = DYGW_CHECK_SCOPE_ORDER,
        .scope = "life.capacity.order.query",
        .question = { .what = DYGW_QUESTION_ORDER, .account_id = account_id, .order_id = NO_ORDER }
    };
    account->scopes[DYGW_PROBE_BILLING]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_BILLING,
                          .scope = "life.capacity.billing",
                          .question = { .what = DYGW_QUESTION_RECORDS,
                                        .account_id = account_id,
                                        .start_time = now - RECORDS_SPAN_MS,
                                        .end_time = now } };
    account->scopes[DYGW_PROBE_LEDGER] = (dygw_probe_t){
        .check = DYGW_CHECK_SCOPE_LEDGER,
        .scope = "life.capacity.billing",
        .question
        = { .what = DYGW_QUESTION_LEDGER, .account_id = account_id, .codes = no_coupon, .count = 1 }
    };
    for (i = 0; i < DYGW_PROBES_OF_ACCOUNT && !account_id; i++) {
        account->scopes[i].why_not = DYGW_WHY_NO_ACCOUNT;
    }
}

/* The account, when it is among the probed ones, which the hash has by their ids; NULL: it is
 * not. */
static dygw_probed_account_t *find_account(apr_hash_t *accounts, const char *account_id)
{
    return account_id ? apr_hash_get(accounts, account_id, APR_HASH_KEY_STRING) : NULL;
}

static void add_account(dygw_probes_t *probes, apr_hash_t *accounts, const char *account_id)
{
    dygw_probed_account_t *account;

    if (!account_id || find_account(accounts, account_id)) {
        return;
    }
    if (probes->account_count == DYGW_PROBED_ACCOUNTS) {
        probes->accounts_beyond++;
        return;
    }
    account = &probes->accounts[probes->account_count++];
    make_account(account, account_id);
    apr_hash_set(accounts, account_id, APR_HASH_KEY_STRING, account);
}

/* --- the stores --- */

static void add_store(dygw_probes_t *probes, apr_hash_t *accounts, const char *poi_id, int is_named)
{
    const dygw_gateway_t *gateway = probes->d->ctx->gateway;
    dygw_probed_store_t *store = apr_hash_get(probes->stores_by_poi, poi_id, APR_HASH_KEY_STRING);

    if (store) {
        return;
    }
    store = apr_pcalloc(probes->d->ctx->pool, sizeof(*store));
    store->declared = dygw_declared_store_of_poi(gateway->declared, poi_id);
    store->poi_id = poi_id;
    store->is_named = is_named;
    store->account_id = dygw_account_of_poi(gateway, poi_id);
    store->account = find_account(accounts, store->account_id);
    if (store->account && store->declared) {
        store->account->missing++;
    }
    apr_hash_set(probes->stores_by_poi, poi_id, APR_HASH_KEY_STRING, store);
    APR_ARRAY_PUSH(probes->stores, dygw_probed_store_t *) = store;
}

/* The poi_id of a store that was named by that or by the shop's own code. */
static const char *poi_of_name(const dygw_declared_t *declared, const char *name)
{
    const dygw_declared_store_t *store = dygw_declared_store(declared, name);

    return store ? store->poi_id : name;
}

/* The accounts of the named stores come behind DygwAccountId, before the others: where there are
 * too many, those are not left out. */
void dygw_probes_make_accounts(dygw_probes_t *probes)
{
    const dygw_gateway_t *gateway = probes->d->ctx->gateway;
    const dygw_declared_t *declared = gateway->declared;
    const apr_array_header_t *names = probes->d->stores;
    apr_pool_t *pool = probes->d->ctx->pool;
    const apr_array_header_t *all = dygw_accounts(gateway, pool);
    apr_hash_t *accounts = apr_hash_make(pool);
    int i;

    probes->accounts = apr_pcalloc(pool, DYGW_PROBED_ACCOUNTS * sizeof(*probes->accounts));
    add_account(probes, accounts, gateway->account_id);
    for (i = 0; i < names->nelts; i++) {
        const char *poi_id = poi_of_name(declared, APR_ARRAY_IDX(names, i, const char *));

        add_account(probes, accounts, dygw_account_of_poi(gateway, poi_id));
    }
    for (i = 0; i < all->nelts; i++) {
        add_account(probes, accounts, APR_ARRAY_IDX(all, i, const char *));
    }
    if (probes->account_count == 0) {
        make_account(&probes->accounts[probes->account_count++], NULL);
    }
    probes->stores = apr_array_make(pool, 8, sizeof(dygw_probed_store_t *));
    probes->stores_by_poi = apr_hash_make(pool);
    for (i = 0; i < names->nelts; i++) {
        add_store(probes, accounts, poi_of_name(declared, APR_ARRAY_IDX(names, i, const char *)),
                  1);
    }
    for (i = 0; declared && i < declared->stores->nelts; i++) {
        add_store(probes, accounts,
                  APR_ARRAY_IDX(declared->stores, i, const dygw_declared_store_t *)->poi_id, 0);
    }
}

/* --- reading the lists --- */

/* The account that a store belongs to; NULL: Douyin does not say. */
static const char *owner_of(const json_t *item, apr_pool_t *pool)
{
    const char *root = dygw_json_id(json_object_get(item, "root_account"), "account_id", pool);

    return root ? root
                : dygw_json_id(json_object_get(json_object_get(item, "account"), "parent_account"),
                               "account_id", pool);
}

/* Notes a store of a reply, when it is one that we look for; it belongs to owner where Douyin does
 * not say. */
static void note_store(dygw_probes_t *probes, const json_t *item, const char *owner,
                       apr_pool_t *scratch)
{
    const char *poi_id = dygw_json_id(json_object_get(item, "poi"), "poi_id", scratch);
    const char *said = owner_of(item, scratch);
    dygw_probed_store_t *store
        = poi_id ? apr_hash_get(probes->stores_by_poi, poi_id, APR_HASH_KEY_STRING) : NULL;

    if (!store || store->is_found) {
        return;
    }
    store->is_found = 1;
    store->owner = said ? apr_pstrdup(probes->d->ctx->pool, said) : owner;
    if (store->account && store->declared) {
        store->account->missing--;
    }
}

static void note_stores(dygw_probes_t *probes, const json_t *list, const char *owner,
                        apr_pool_t *scratch)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        note_store(probes, item, owner, scratch);
    }
}

/* Notes which of our stores a page of an account's list has, and how many pages there are. */
static void read_page(dygw_probes_t *probes, dygw_probed_account_t *account,
                      const dygw_probe_t *page, apr_pool_t *scratch)
{
    const dygw_reply_t *reply = page->reply;
    const json_t *list = reply ? json_object_get(reply->data, "pois") : NULL;
    apr_int64_t total;
    int pages;

    if (!reply || reply->kind != DYGW_REPLY_OK) {
        dygw_why_e why = dygw_conclude_probe(page).why;

        account->why_not = why != DYGW_WHY_NONE ? why : DYGW_WHY_REFUSED;
        return;
    }
    note_stores(probes, list, account->account_id, scratch);
    total = dygw_json_int(reply->data, "total", -1);
    pages = json_array_size(list) < DYGW_STORES_PER_PAGE ? page->question.page
                                                         : page->question.page + 1;
    if (total >= 0 && total < (apr_int64_t)DYGW_STORES_PER_PAGE * INT32_MAX) {
        pages = (int)((total + DYGW_STORES_PER_PAGE - 1) / DYGW_STORES_PER_PAGE);
    }
    account->pages = pages > account->pages ? pages : account->pages;
    account->pages = account->pages > 0 ? account->pages : 1;
}

/* There may be many pages, so each is forgotten when it was read. */
static void read_further_page(dygw_probes_t *probes, dygw_probe_t *page)
{
    read_page(probes, page->page_of, page, page->pool);
    apr_pool_destroy(page->pool);
}

static void begin_page(dygw_probes_t *probes, dygw_probed_account_t *account)
{
    dygw_probe_t *page;
    apr_pool_t *pool;

    if (probes->pages_asked == DYGW_PROBED_PAGES) {
        account->why_not = DYGW_WHY_LEFT_OUT;
        return;
    }
    probes->pages_asked++;
    apr_pool_create(&pool, probes->d->ctx->pool);
    page = apr_pcalloc(pool, sizeof(*page));
    *page = (dygw_probe_t){ .question = account->scopes[DYGW_PROBE_STORES].question,
                            .read = read_further_page,
                            .page_of = account,
                            .pool = pool };
    page->question.page = account->next_page++;
    dygw_probe_begin(probes, page);
    if (page->why_not != DYGW_WHY_NONE) {
        account->why_not = page->why_not;
        apr_pool_destroy(pool);
    }
}

/* Asks for one further page of each list that has to be read on. Returns how many. */
static int begin_round(dygw_probes_t *probes)
{
    int begun = 0;
    int i;

    for (i = 0; i < probes->account_count; i++) {
        dygw_probed_account_t *account = &probes->accounts[i];

        if (account->missing > 0 && account->why_not == DYGW_WHY_NONE
            && account->next_page <= account->pages) {
            begin_page(probes, account);
            begun++;
        }
    }
    return begun;
}

/* Asks for all further pages that are known to be there. Returns how many. */
static int begin_pages(dygw_probes_t *probes)
{
    int all = 0;
    int begun;

    do {
        begun = begin_round(probes);
        all += begun;
    } while (begun > 0);
    return all;
}

static void read_lists(dygw_probes_t *probes)
{
    int i;

    for (i = 0; i < probes->account_count; i++) {
        dygw_probed_account_t *account = &probes->accounts[i];

        read_page(probes, account, &account->scopes[DYGW_PROBE_STORES], probes->d->ctx->pool);
    }
    while (begin_pages(probes) > 0) {
        dygw_probes_await(probes);
    }
}

/* --- single stores --- */

/* Whether a question for the store by itself can show something. Where Douyin refuses the list of
 * its account, it would say the same again. */
static int is_worth_asking(const dygw_probed_store_t *store)
{
    const dygw_reply_t *list
        = store->account ? store->account->scopes[DYGW_PROBE_STORES].reply : NULL;

    if (store->is_found) {
        return 0;
    }
    if (store->is_named) {
        return !list || list->kind == DYGW_REPLY_OK || list->kind == DYGW_REPLY_COUPON;
    }
    return store->account ? dygw_probes_is_list_whole(store->account) : !store->account_id;
}

/* A store is asked for by its id alone: with an account_id, Douyin would ignore the id; and which
 * account it is of is what we want to know. */
static void ask_alone(dygw_probes_t *probes, dygw_probed_store_t *store)
{
    store->alone = apr_pcalloc(probes->d->ctx->pool, sizeof(*store->alone));
    store->alone->question = (dygw_question_t){ .what = DYGW_QUESTION_STORES,
                                                .poi_id = store->poi_id,
                                                .page = 1,
                                                .size = DYGW_STORES_PER_PAGE };
    dygw_probe_begin(probes, store->alone);
}

void dygw_probes_ask_stores(dygw_probes_t *probes)
{
    int unnamed = 0;
    int i;

    read_lists(probes);
    for (i = 0; i < probes->stores->nelts; i++) {
        dygw_probed_store_t *store = APR_ARRAY_IDX(probes->stores, i, dygw_probed_store_t *);

        if (is_worth_asking(store) && (store->is_named || unnamed++ < DYGW_PROBED_ALONE)) {
            ask_alone(probes, store);
        }
    }
    dygw_probes_await(probes);
    for (i = 0; i < probes->stores->nelts; i++) {
        const dygw_probe_t *alone = APR_ARRAY_IDX(probes->stores, i, dygw_probed_store_t *)->alone;

        if (alone && alone->reply && alone->reply->kind == DYGW_REPLY_OK) {
            note_stores(probes, json_object_get(alone->reply->data, "pois"), NULL,
                        probes->d->ctx->pool);
        }
    }
}
