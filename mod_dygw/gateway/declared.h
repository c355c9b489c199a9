/* SPDX-License-Identifier: Apache-2.0
 * What httpd.conf declares: verifier apps (<DygwApp>) and stores (<DygwStore>, DygwStores). The
 * configuration makes it at a start or a reload; afterwards it is only read, by all threads. This
 * header is the one of gateway/ that cfg/ may include: it needs no other.
 *
 * dygw_declared_t * may be NULL in all functions that look something up: nothing is declared. */
#ifndef DYGW_GATEWAY_DECLARED_H
#define DYGW_GATEWAY_DECLARED_H

#include <apr_hash.h>
#include <apr_tables.h>

/* Stores that an app may be limited to, declared or of /internal; for more the database may have no
 * room. */
#define DYGW_APP_STORES_MAX 1000

/* The app has no DygwAppRateLimit: DygwRateLimit counts. */
#define DYGW_RATE_OF_ALL (-1)

/* All text lives as long as the configuration. */
typedef struct dygw_declared_app_t {
    const char *code; /* unique, as client_key is */
    const char *name;
    const char *client_key;
    const char *secret;         /* NULL: it could not be read, and the app is refused */
    const char *old_secret;     /* signs, too; NULL: none */
    apr_array_header_t *stores; /* of const char *, as written: codes of declared stores, and
                                 * poi_ids; NULL = all stores, empty = none */
    int allow_token_read;
    int is_disabled;
    int rate_per_second; /* 0 = no limit; DYGW_RATE_OF_ALL */
    int rate_burst;
    const char *place; /* "file:line" of its section */
} dygw_declared_app_t;

typedef struct dygw_declared_store_t {
    const char *code;       /* the shop's own; unique */
    const char *poi_id;     /* unique */
    const char *account_id; /* of the merchant; NULL: DygwAccountId */
    const char *name;       /* NULL: none */
    const char *place;      /* "file:line" */
} dygw_declared_store_t;

/* A file of DygwStores that was not to be used at the start: none of its stores is declared. */
typedef struct dygw_left_out_t {
    const char *path;
    const char *place; /* "file:line" of its directive */
    int collisions;    /* with other stores; 0: it cannot be read, or has a mistake */
} dygw_left_out_t;

typedef struct dygw_declared_t {
    apr_array_header_t *apps;     /* of dygw_declared_app_t *, in the order of the configuration */
    apr_array_header_t *stores;   /* of dygw_declared_store_t * */
    apr_array_header_t *left_out; /* of dygw_left_out_t */
    apr_hash_t *apps_by_key;
    apr_hash_t *apps_by_code;
    apr_hash_t *stores_by_code;
    apr_hash_t *stores_by_poi;
    apr_hash_t *accounts; /* account_ids of the stores */
} dygw_declared_t;

/* Nothing yet; from pool. */
dygw_declared_t *dygw_declared_create(apr_pool_t *pool);

/* Adds an app, or a store, which is kept as it is. Returns NULL; or the one that has its code,
 * client_key or poi_id already: then nothing is added, and *field is the directive's name for what
 * collides: "code", "client_key", "poi_id". */
const dygw_declared_app_t *dygw_declared_add_app(dygw_declared_t *declared,
                                                 const dygw_declared_app_t *app,
                                                 const char **field);
const dygw_declared_store_t *dygw_declared_add_store(dygw_declared_t *declared,
                                                     const dygw_declared_store_t *store,
                                                     const char **field);

/* By client_key, and by code. NULL: none. */
const dygw_declared_app_t *dygw_declared_app(const dygw_declared_t *declared,
                                             const char *client_key);
const dygw_declared_app_t *dygw_declared_app_of_code(const dygw_declared_t *declared,
                                                     const char *code);

/* By the shop's own code, and by poi_id. NULL: none. */
const dygw_declared_store_t *dygw_declared_store(const dygw_declared_t *declared, const char *code);
const dygw_declared_store_t *dygw_declared_store_of_poi(const dygw_declared_t *declared,
                                                        const char *poi_id);

/* How many apps are refused because their secret could not be read. */
int dygw_declared_unread(const dygw_declared_t *declared);

/* How many files of stores are left out. */
int dygw_declared_left_out(const dygw_declared_t *declared);

#endif
