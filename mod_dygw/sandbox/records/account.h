/* SPDX-License-Identifier: Apache-2.0
 * The accounts that the sandbox plays: merchants behind one application, each with its stores. The
 * first one is always there. An account is never removed, and its id and place never change. This
 * file uses no other file of the room; where the accounts are those of the state (state.h), the
 * caller holds its lock. */
#ifndef DYGW_SANDBOX_ACCOUNT_H
#define DYGW_SANDBOX_ACCOUNT_H

#include <apr_pools.h>
#include <apr_tables.h>

/* The index of nothing. */
#define DYGW_SANDBOX_NONE ((apr_uint32_t)-1)

#define DYGW_SANDBOX_POI_MAX      32 /* characters of a store's id */
#define DYGW_SANDBOX_ACCOUNT_MAX  64 /* characters of an account's id */
#define DYGW_SANDBOX_NAME_MAX     96 /* bytes of an account's name */
#define DYGW_SANDBOX_ACCOUNTS     64
#define DYGW_SANDBOX_STORES       8192 /* of all accounts */
#define DYGW_SANDBOX_STORES_FIRST 25   /* of the account that is always there */

typedef struct dygw_sandbox_account_t {
    char id[DYGW_SANDBOX_ACCOUNT_MAX + 1];
    char name[DYGW_SANDBOX_NAME_MAX + 1];
    int authorised; /* whether it has authorised the application */
    int stores;     /* how many it has */
} dygw_sandbox_account_t;

typedef struct dygw_sandbox_store_t {
    apr_uint32_t account;
    char poi_id[DYGW_SANDBOX_POI_MAX + 1];
} dygw_sandbox_store_t;

typedef struct dygw_sandbox_accounts_t {
    apr_uint32_t count;
    apr_uint32_t stores;
    dygw_sandbox_account_t account[DYGW_SANDBOX_ACCOUNTS];
    dygw_sandbox_store_t store[DYGW_SANDBOX_STORES]; /* those of an account in their order */
} dygw_sandbox_accounts_t;

/* What an account is to be: a new one, or one that is there. */
typedef struct dygw_sandbox_account_wish_t {
    const char *id;
    const char *name;                 /* NULL: as it is, or one that is made up */
    const apr_array_header_t *stores; /* of const char *, poi_ids; NULL: see count */
    int count;                        /* so many stores whose ids are made up; -1: as they are */
    int authorised;                   /* -1: as it is; of a new account: it has */
} dygw_sandbox_account_wish_t;

/* Sets *accounts to the one that is always there, with its stores. */
void dygw_sandbox_accounts_begin(dygw_sandbox_accounts_t *accounts);

/* Makes an account, or changes one. Its stores are replaced where the wish says which or how many.
 * Returns NULL; or what is wrong, from pool, and nothing is changed. */
const char *dygw_sandbox_account_set(dygw_sandbox_accounts_t *accounts,
                                     const dygw_sandbox_account_wish_t *wish, apr_pool_t *pool);

/* The index of an account; NONE: there is none with that id. */
apr_uint32_t dygw_sandbox_account_find(const dygw_sandbox_accounts_t *accounts, const char *id);

/* The place of a store in `store`; NONE: it is in nobody's list. */
apr_uint32_t dygw_sandbox_store_find(const dygw_sandbox_accounts_t *accounts, const char *poi_id);

/* The account of a store; NONE: it is in nobody's list. */
apr_uint32_t dygw_sandbox_store_account(const dygw_sandbox_accounts_t *accounts,
                                        const char *poi_id);

#endif
