/* SPDX-License-Identifier: Apache-2.0
 * apps/: the verifier apps. This header has the cache in which requests find their app without the
 * database, at most two seconds late after a change, and what administrators do with apps. Beside
 * it: the apps that httpd.conf declares (declare.h), the audit trail (audit.h), the reads of the
 * access token on their way there (reads.h), the limit of requests (meter.h), the master key
 * (key.h) and its change (reseal.h). The room may call the top of gateway/ and what is below, and
 * no other room of gateway/. */
#ifndef DYGW_GATEWAY_APPS_APPS_H
#define DYGW_GATEWAY_APPS_APPS_H

#include "gateway/gateway.h"
#include "gateway/apps/audit.h"

/* 7 days, in ms: so long an old secret is valid beside the new one at most. */
#define DYGW_APP_GRACE_MAX_MS APR_INT64_C(604800000)

/* An app with its secrets in plain text. The caller of dygw_apps_find gets a copy, in its pool. */
typedef struct dygw_known_app_t {
    apr_int64_t id; /* 0: of a declared app whose row is not known, because the database has been
                     * away since the start. Nothing may be recorded or looked up for it */
    const char *name;
    const char *client_key;
    const char *secret;     /* NULL only in the cache: it does not open */
    const char *old_secret; /* NULL: none; else valid until old_secret_until, which is at most
                             * DYGW_APP_GRACE_MAX_MS ahead */
    dygw_ms_t old_secret_until;
    int is_declared; /* in httpd.conf: both secrets are valid without end, and NULL where they
                      * could not be read */
    dygw_app_status_e status;
    int allow_token_read;
    apr_array_header_t *poi_ids; /* of const char *: the app's stores; NULL = all stores */
    int rate_per_second;         /* requests a second; 0 = no limit */
    int rate_burst;
} dygw_known_app_t;

typedef struct dygw_apps_t dygw_apps_t;

/* Creates the cache of one gateway in one process, in pool. The apps are read when they are first
 * needed. */
apr_status_t dygw_apps_create(dygw_apps_t **apps, apr_pool_t *pool);

/* Finds an app by its client_key; *app is from ctx->pool. An app that httpd.conf declares is found
 * there, whether the database answers or not; where it does, the app has its row, and its id,
 * afterwards. APR_NOTFOUND: there is no such app. APR_EACCES: there is, and its secret does not
 * open with the master key, or could not be read at the start. APR_EGENERAL: the apps could not be
 * read yet, because the database does not answer. */
apr_status_t dygw_apps_find(const dygw_ctx_t *ctx, dygw_apps_t *apps, const char *client_key,
                            dygw_known_app_t **app);

/* Returns whether the app may use this store: whether the poi_id or the code is among its stores.
 * store: the code of the declared store; NULL: none is declared for poi_id. poi_id: NULL when no
 * store is declared with this code. */
int dygw_app_may_use_store(const dygw_known_app_t *app, const char *poi_id, const char *store);

/* Returns the purpose under which the secrets of an app are sealed (dygw_seal), from pool. */
const char *dygw_app_seal_purpose(apr_pool_t *pool, const char *client_key);

/* --- for /internal: each change of an app is in the audit trail, with its actor. Results are in
 * ctx->pool. All of these functions may end with DYGW_DATABASE_UNAVAILABLE, and those that change
 * an app with DYGW_APP_DECLARED: httpd.conf owns it, out->message says where it is declared. An app
 * that this host declares has source and declared_in from there. --- */
typedef struct dygw_new_app_t {
    const char *name;
    const char *code;        /* NULL: none */
    const char *description; /* NULL: none */
    const char *client_key;  /* NULL: generated */
    const char *secret;      /* NULL: generated */
    dygw_app_status_e status;
    int allow_token_read;
    apr_array_header_t *poi_ids; /* NULL = all stores, empty = none */
} dygw_new_app_t;

/* Creates an app. *secret is its secret in plain text, for the reply: it cannot be read again
 * later. DYGW_CONFLICT: another app, of the database or declared, has the code or the client_key,
 * out->field says which. DYGW_INTERNAL_ERROR: the secret could not be made. DYGW_KEY_UNAVAILABLE:
 * the master key is wrong, and would seal what nobody opens later. */
void dygw_app_create(const dygw_ctx_t *ctx, const dygw_actor_t *actor, const dygw_new_app_t *wanted,
                     dygw_app_t **app, const char **secret, dygw_result_t *out);

/* Lists apps, the newest first; page: from 1. Rows of *found are dygw_app_t *. */
void dygw_app_list(const dygw_ctx_t *ctx, const dygw_app_filter_t *filter, int page, int page_size,
                   dygw_page_t *found, dygw_result_t *out);

/* Reads one app. DYGW_NOT_FOUND. */
void dygw_app_read(const dygw_ctx_t *ctx, apr_int64_t id, dygw_app_t **app, dygw_result_t *out);

/* Which fields to change. A field whose set_* is 0 stays as it is. */
typedef struct dygw_app_change_t {
    const char *name; /* NULL: the name stays as it is */
    int set_description;
    const char *description;
    int set_status;
    dygw_app_status_e status;
    int set_poi_ids;
    apr_array_header_t *poi_ids; /* NULL = all stores, empty = none */
} dygw_app_change_t;

/* Changes an app; *app is the app afterwards. Where all fields have these values already, nothing
 * is written, not even to the audit trail. DYGW_NOT_FOUND. */
void dygw_app_change(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                     const dygw_app_change_t *change, dygw_app_t **app, dygw_result_t *out);

/* Sets whether the app may read the access token. DYGW_NOT_FOUND. */
void dygw_app_set_token_read(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                             int allow, dygw_result_t *out);

typedef struct dygw_new_secret_t {
    const char *text;   /* NULL: one is generated, and is here afterwards */
    dygw_ms_t grace_ms; /* so long the present secret is still valid; secrets before it
                         * are not */
} dygw_new_secret_t;

/* Gives an app a new secret; *app is the app afterwards. An app that was declared, and that no live
 * host declares any more, becomes one of the database by it, and active. DYGW_NOT_FOUND.
 * DYGW_INTERNAL_ERROR: the secret could not be made. */
void dygw_app_new_secret(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                         dygw_new_secret_t *secret, dygw_app_t **app, dygw_result_t *out);

#endif
