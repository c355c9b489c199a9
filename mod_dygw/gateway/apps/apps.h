/* SPDX-License-Identifier: Apache-2.0
 * The verifier apps as requests need them: found without the database, stale for two seconds at
 * most. */
#ifndef DYGW_GATEWAY_APPS_APPS_H
#define DYGW_GATEWAY_APPS_APPS_H

#include "gateway/gateway.h"
#include "gateway/apps/audit.h"

/* An app with its secrets opened; a copy in the caller's pool. */
typedef struct dygw_known_app_t {
    apr_int64_t id;
    const char *name;
    const char *client_key;
    const char *secret;
    const char *old_secret;         /* NULL, or valid too until old_secret_until */
    dygw_ms_t old_secret_until;
    dygw_app_status_e status;
    int allow_token_read;
    apr_array_header_t *poi_ids;    /* NULL = all */
} dygw_known_app_t;

typedef struct dygw_apps_t dygw_apps_t;

/* The cache of one gateway in one process; empty until first needed. */
apr_status_t dygw_apps_create(dygw_apps_t **apps, apr_pool_t *pool);

/* By client_key. APR_NOTFOUND: there is no such app. APR_EGENERAL: never loaded, and the database
 * is not there. */
apr_status_t dygw_apps_find(const dygw_ctx_t *ctx, dygw_apps_t *apps, const char *client_key,
                            dygw_known_app_t **app);

/* Whether the app may redeem in this store. */
int dygw_app_may_use_store(const dygw_known_app_t *app, const char *poi_id);

/* What an app's secret is sealed for. */
const char *dygw_app_seal_purpose(apr_pool_t *pool, const char *client_key);

/* --- for /internal: each change is recorded with who made it --- */
typedef struct dygw_new_app_t {
    const char *name;
    const char *code;               /* NULL: none */
    const char *description;        /* NULL: none */
    const char *client_key;         /* NULL: generated */
    const char *secret;             /* NULL: generated */
    dygw_app_status_e status;
    int allow_token_read;
    apr_array_header_t *poi_ids;    /* NULL = all stores, empty = none */
} dygw_new_app_t;

/* Creates an app; *secret is shown this once. DYGW_CONFLICT with field. Like all of these:
 * DYGW_DATABASE_UNAVAILABLE. */
void dygw_app_create(const dygw_ctx_t *ctx, const dygw_actor_t *actor, const dygw_new_app_t *wanted,
                     dygw_app_t **app, const char **secret, dygw_result_t *out);

/* Of dygw_app_t *, the newest first, pages from 1. */
void dygw_app_list(const dygw_ctx_t *ctx, const dygw_app_filter_t *filter, int page, int page_size,
                   dygw_page_t *found, dygw_result_t *out);

/* DYGW_NOT_FOUND. */
void dygw_app_read(const dygw_ctx_t *ctx, apr_int64_t id, dygw_app_t **app, dygw_result_t *out);

/* What to change, and what to leave. */
typedef struct dygw_app_change_t {
    const char *name;               /* NULL: leave */
    int set_description;
    const char *description;
    int set_status;
    dygw_app_status_e status;
    int set_poi_ids;
    apr_array_header_t *poi_ids;    /* NULL = all stores */
} dygw_app_change_t;

/* *app is the app afterwards. What would change nothing is no change. DYGW_NOT_FOUND. */
void dygw_app_change(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                     const dygw_app_change_t *change, dygw_app_t **app, dygw_result_t *out);

/* DYGW_NOT_FOUND. */
void dygw_app_set_token_read(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                             int allow, dygw_result_t *out);

typedef struct dygw_new_secret_t {
    const char *text;               /* NULL: generated, and then it is there */
    dygw_ms_t grace_ms;             /* the secret before signs, too, for so long; those before it do
                                     * not */
} dygw_new_secret_t;

/* *app is the app afterwards. DYGW_NOT_FOUND. */
void dygw_app_new_secret(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                         dygw_new_secret_t *secret, dygw_app_t **app, dygw_result_t *out);

#endif
