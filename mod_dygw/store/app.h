/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_apps: the verifier apps. */
#ifndef DYGW_STORE_APP_H
#define DYGW_STORE_APP_H

#include <apr_tables.h>

#include "store/audit.h"
#include "store/db/db.h"
#include "util/text.h"

typedef enum { DYGW_APP_ACTIVE, DYGW_APP_DISABLED, DYGW_APP_STATUSES } dygw_app_status_e;

/* Who owns an app: administrators through /internal, or httpd.conf. */
typedef enum { DYGW_APP_OF_DATABASE, DYGW_APP_OF_CONFIG, DYGW_APP_SOURCES } dygw_app_source_e;

typedef struct dygw_app_t {
    apr_int64_t id;
    const char *name;
    const char *code;        /* NULL when none */
    const char *description; /* NULL when none */
    const char *client_key;
    const char *secret_sealed;     /* as dygw_seal made it, purpose "app-secret:" client_key; "" of
                                    * a declared app */
    const char *old_secret_sealed; /* NULL when none */
    dygw_ms_t old_secret_until;
    dygw_app_status_e status;
    int allow_token_read;
    apr_array_header_t *poi_ids; /* of const char *: poi_ids, and codes of declared stores; NULL =
                                  * all stores, empty = none */
    dygw_app_source_e source;    /* CONFIG: httpd.conf owns it, now or last */
    const char *declared_in;     /* "file:line" on the host that declared it last; NULL: none */
    dygw_ms_t created_at;
    dygw_ms_t updated_at;
    dygw_ms_t last_used_at;
} dygw_app_t;

static inline const char *dygw_app_status_word(dygw_app_status_e status)
{
    return status == DYGW_APP_DISABLED ? "disabled" : "active";
}

/* APR_EINVAL for a word that is none. */
static inline apr_status_t dygw_app_status_parse(const char *word, dygw_app_status_e *status)
{
    *status = dygw_text_same(word, "disabled") ? DYGW_APP_DISABLED : DYGW_APP_ACTIVE;
    return dygw_text_same(word, dygw_app_status_word(*status)) ? APR_SUCCESS : APR_EINVAL;
}

static inline const char *dygw_app_source_word(dygw_app_source_e source)
{
    return source == DYGW_APP_OF_CONFIG ? "config" : "database";
}

/* Whether a sealed secret stands in the app's row. 0: the app is declared, and its secret is known
 * only to hosts that declare it. */
static inline int dygw_app_has_secret(const dygw_app_t *app)
{
    return app->secret_sealed && *app->secret_sealed;
}

/* What an app is called in messages: its code, or its client_key. */
static inline const char *dygw_app_label(const dygw_app_t *app)
{
    return app->code ? app->code : app->client_key;
}

/* --- changes: each raises the apps version in its transaction, and writes its entry of the audit
 * trail there --- */

/* Called within the transaction with the app as it is: changes it, and fills in the entry. 0:
 * nothing is to be changed after all. */
typedef int dygw_store_app_edit_fn(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry);

/* Inserts *app; `edit` is called when its id is known, and only fills in the entry. APR_EEXIST:
 * client_key or code is taken, *taken names which ("client_key", "code"). */
apr_status_t dygw_store_app_insert(dygw_db_t *db, dygw_app_t *app, dygw_store_app_edit_fn *edit,
                                   void *baton, const char **taken);

/* Lets `edit` change name, code, description, client_key, status, allow_token_read, poi_ids, the
 * secrets, source, declared_in and updated_at of one app; *app is the app afterwards, from pool. No
 * other change comes in between. APR_NOTFOUND. */
apr_status_t dygw_store_app_change(dygw_db_t *db, apr_int64_t id, dygw_store_app_edit_fn *edit,
                                   void *baton, dygw_app_t **app, apr_pool_t *pool);

/* --- several changes as one: begun, made, ended; the version is raised once. From the beginning to
 * the end nobody else changes apps, so that what is read in between stays true. The entries of the
 * audit trail are the caller's to write (dygw_store_audit_insert) --- */

apr_status_t dygw_store_apps_begin(dygw_db_t *db);

/* Inserts *app, and gives it its id. Its client_key and code are free, which the caller knows. */
apr_status_t dygw_store_app_add(dygw_db_t *db, dygw_app_t *app);

/* Writes all that dygw_store_app_change may change. */
apr_status_t dygw_store_app_put(dygw_db_t *db, const dygw_app_t *app);

/* rv: what came of it so far. APR_SUCCESS is committed, anything else rolled back and returned. */
apr_status_t dygw_store_apps_end(dygw_db_t *db, apr_status_t rv);

/* --- what changes no app for those who use it: the version stays --- */

/* A secret under another key. */
typedef struct dygw_app_reseal_t {
    apr_int64_t id;
    int is_old; /* old_secret_sealed, not secret_sealed */
    const char *from;
    const char *to;
} dygw_app_reseal_t;

/* Replaces each sealed secret that is still `from`, all in one transaction and apart from changes;
 * *done: how many were. */
apr_status_t dygw_store_app_reseal(dygw_db_t *db, const dygw_app_reseal_t *secrets, int count,
                                   int *done);

/* Erases the stored secrets of a declared app, which no host needs any more, and raises the
 * version; `from` is its secret_sealed as it was read. APR_NOTFOUND: it is another one by now, or
 * the app is the database's; nothing is done. */
apr_status_t dygw_store_app_erase(dygw_db_t *db, apr_int64_t id, const char *from);

/* The app was used at `at`, when no later time is known. */
apr_status_t dygw_store_app_used(dygw_db_t *db, apr_int64_t id, dygw_ms_t at);

/* --- reading --- */

/* By id; APR_NOTFOUND. From pool. */
apr_status_t dygw_store_app_get(dygw_db_t *db, apr_int64_t id, dygw_app_t **app, apr_pool_t *pool);

/* How many there are by their source and status: reads all of them. */
typedef struct dygw_apps_count_t {
    int of[DYGW_APP_SOURCES][DYGW_APP_STATUSES];
} dygw_apps_count_t;
apr_status_t dygw_store_apps_count(dygw_db_t *db, dygw_apps_count_t *count);

/* The apps version. */
apr_status_t dygw_store_app_version(dygw_db_t *db, apr_int64_t *version);

/* Every app, for the cache of a process; calls back once a row. *version is the apps version the
 * rows have at least. */
typedef void dygw_store_app_fn(void *baton, const dygw_app_t *app);
apr_status_t dygw_store_app_each(dygw_db_t *db, apr_int64_t *version, dygw_store_app_fn *each,
                                 void *baton);

/* Which apps to list. */
typedef struct dygw_app_filter_t {
    int status;    /* dygw_app_status_e; < 0: any */
    const char *q; /* a part of name, code or client_key, % and _ literal; NULL: any */
} dygw_app_filter_t;

/* Newest first, `offset` of them left out, at most limit. Rows are dygw_app_t *. */
apr_status_t dygw_store_app_list(dygw_db_t *db, const dygw_app_filter_t *filter, int offset,
                                 int limit, dygw_page_t *found, apr_pool_t *pool);

#endif
