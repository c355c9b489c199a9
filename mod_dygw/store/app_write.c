/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_apps: the verifier apps, written.
 *
 * Every change raises apps_version in dygw_meta, in the same transaction and first: the row is the
 * lock under which ids are given out, uniqueness is checked and an app is read that is going to be
 * changed; and the sign by which all processes notice. */
#include "store/app.h"

#include <string.h>

#include "store/app_columns.h"
#include "store/db/catalogue.h"
#include "util/jsonw.h"

static const dygw_stmt_t app_version_raise = {
    "dygw_app_version_raise",
    { "UPDATE dygw_meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'apps_version'",
      "UPDATE dygw_meta SET value = CAST(CAST(value AS BIGINT) + 1 AS VARCHAR) "
      "WHERE name = 'apps_version'",
      "UPDATE dygw_meta SET value = CAST(value AS SIGNED) + 1 WHERE name = 'apps_version'" },
};

/* The same lock, for what need not be noticed. */
static const dygw_stmt_t app_version_lock = {
    "dygw_app_version_lock",
    DYGW_SQL("UPDATE dygw_meta SET value = value WHERE name = 'apps_version'"),
};

static const dygw_stmt_t app_taken = {
    "dygw_app_taken",
    DYGW_SQL("SELECT client_key FROM dygw_apps WHERE client_key = %s OR code = %s LIMIT 2"),
};

static const dygw_stmt_t app_next_id = {
    "dygw_app_next_id",
    DYGW_SQL("SELECT COALESCE(MAX(id), 0) + 1 FROM dygw_apps"),
};

/* clang-format off */
static const dygw_stmt_t app_insert = {
    "dygw_app_insert",
    DYGW_SQL("INSERT INTO dygw_apps (" DYGW_NAMES(DYGW_APP_ALL) ") "
             "VALUES (" DYGW_PARAMETERS(DYGW_APP_ALL) ")")
};
/* clang-format on */

static const dygw_stmt_t app_update = {
    "dygw_app_update",
    DYGW_SQL("UPDATE dygw_apps SET " DYGW_SETS(DYGW_APP_CHANGED) " WHERE id = %lld"),
};

static const dygw_stmt_t app_reseal = {
    "dygw_app_reseal",
    DYGW_SQL("UPDATE dygw_apps SET secret_sealed = %s WHERE id = %lld AND secret_sealed = %s"),
};

static const dygw_stmt_t app_reseal_old = {
    "dygw_app_reseal_old",
    DYGW_SQL("UPDATE dygw_apps SET old_secret_sealed = %s "
             "WHERE id = %lld AND old_secret_sealed = %s"),
};

/* `from` is the secret that was read: one that somebody has put there since stays. */
static const dygw_stmt_t app_erase = {
    "dygw_app_erase",
    DYGW_SQL("UPDATE dygw_apps SET secret_sealed = '', old_secret_sealed = NULL, "
             "old_secret_until = NULL WHERE id = %lld AND source = 'config' "
             "AND secret_sealed = %s"),
};

/* A use that is recorded so far ahead was noted before the clock was set back. */
#define USED_AHEAD_MS 600000

static const dygw_stmt_t app_used = {
    "dygw_app_used",
    DYGW_SQL("UPDATE dygw_apps SET last_used_at = %lld "
             "WHERE id = %lld AND (last_used_at IS NULL OR last_used_at < %lld "
             "OR last_used_at > %lld)"),
};

static const char *store_text(const apr_array_header_t *list, apr_pool_t *pool)
{
    dygw_jsonw_t w;
    int i;

    if (!list) {
        return NULL;
    }
    dygw_jsonw_init(&w, pool, 64);
    dygw_jsonw_array(&w, NULL);
    for (i = 0; i < list->nelts; i++) {
        dygw_jsonw_string(&w, NULL, APR_ARRAY_IDX(list, i, const char *));
    }
    dygw_jsonw_end_array(&w);
    return w.text;
}

#define DYGW_ARG_APP_STATUS(db, member) dygw_app_status_word(member)
#define DYGW_ARG_APP_FLAG(db, member)   ((member) ? "1" : "0")
#define DYGW_ARG_APP_SOURCE(db, member) dygw_app_source_word(member)
#define DYGW_ARG_APP_STORES(db, member) store_text(member, dygw_db_pool(db))

#define ARGUMENT(kind, name) args[count++] = DYGW_ARG_##kind(db, app->name);

/* --- transactions --- */

/* Opens a change: from here to the commit no other host changes apps. */
static apr_status_t begin_change(dygw_db_t *db, const dygw_stmt_t *lock)
{
    apr_status_t rv = dygw_db_begin(db);

    return rv == APR_SUCCESS ? dygw_db_exec(db, lock, NULL, NULL) : rv;
}

static apr_status_t end_change(dygw_db_t *db, apr_status_t rv)
{
    if (rv == APR_SUCCESS) {
        return dygw_db_commit(db);
    }
    dygw_db_rollback(db);
    return rv;
}

/* --- insert --- */

static apr_status_t check_app_free(dygw_db_t *db, const dygw_app_t *app, const char **taken)
{
    const char *args[] = { app->client_key, app->code };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &app_taken, &rows, args);

    *taken = NULL;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    while ((rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        if (strcmp(dygw_row_text(rows, 0, dygw_db_pool(db)), app->client_key) == 0) {
            *taken = "client_key";
        }
        else if (!*taken) {
            *taken = "code";
        }
    }
    if (!APR_STATUS_IS_EOF(rv)) {
        return rv;
    }
    return *taken ? APR_EEXIST : APR_SUCCESS;
}

static apr_status_t next_app_id(dygw_db_t *db, apr_int64_t *id)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &app_next_id, &rows, NULL);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        *id = dygw_row_int(rows, 0, 0);
    }
    return rv;
}

static apr_status_t insert_app(dygw_db_t *db, const dygw_app_t *app)
{
    const char *args[DYGW_LENGTH(DYGW_APP_ALL)];
    int count = 0;

    DYGW_APP_ALL(ARGUMENT, ARGUMENT)
    return dygw_db_exec(db, &app_insert, NULL, args);
}

apr_status_t dygw_store_app_insert(dygw_db_t *db, dygw_app_t *app, dygw_store_app_edit_fn *edit,
                                   void *baton, const char **taken)
{
    dygw_audit_entry_t entry = { 0 };
    apr_status_t rv = begin_change(db, &app_version_raise);

    *taken = NULL;
    if (rv == APR_SUCCESS) {
        rv = check_app_free(db, app, taken);
    }
    if (rv == APR_SUCCESS) {
        rv = next_app_id(db, &app->id);
    }
    if (rv == APR_SUCCESS) {
        rv = insert_app(db, app);
    }
    if (rv == APR_SUCCESS) {
        edit(baton, app, &entry);
        rv = dygw_store_audit_insert(db, &entry);
    }
    return end_change(db, rv);
}

/* --- change --- */

static apr_status_t update_app(dygw_db_t *db, const dygw_app_t *app)
{
    const char *args[DYGW_LENGTH(DYGW_APP_CHANGED) + 1];
    int count = 0;

    DYGW_APP_CHANGED(ARGUMENT, ARGUMENT)
    args[count] = dygw_db_int(db, app->id);
    return dygw_db_exec(db, &app_update, NULL, args);
}

apr_status_t dygw_store_app_change(dygw_db_t *db, apr_int64_t id, dygw_store_app_edit_fn *edit,
                                   void *baton, dygw_app_t **app, apr_pool_t *pool)
{
    dygw_audit_entry_t entry = { 0 };
    apr_status_t rv = begin_change(db, &app_version_raise);

    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_get(db, id, app, pool);
    }
    if (rv == APR_SUCCESS && !edit(baton, *app, &entry)) {
        dygw_db_rollback(db);
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        rv = update_app(db, *app);
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_store_audit_insert(db, &entry);
    }
    return end_change(db, rv);
}

/* --- many as one --- */

apr_status_t dygw_store_apps_begin(dygw_db_t *db)
{
    return begin_change(db, &app_version_raise);
}

apr_status_t dygw_store_apps_end(dygw_db_t *db, apr_status_t rv)
{
    return end_change(db, rv);
}

apr_status_t dygw_store_app_add(dygw_db_t *db, dygw_app_t *app)
{
    apr_status_t rv = next_app_id(db, &app->id);

    return rv == APR_SUCCESS ? insert_app(db, app) : rv;
}

apr_status_t dygw_store_app_put(dygw_db_t *db, const dygw_app_t *app)
{
    return update_app(db, app);
}

/* --- what is no change for anybody --- */

static apr_status_t reseal_secret(dygw_db_t *db, const dygw_app_reseal_t *secret, int *done)
{
    const char *args[] = { secret->to, dygw_db_int(db, secret->id), secret->from };
    int nrows = 0;
    apr_status_t rv
        = dygw_db_exec(db, secret->is_old ? &app_reseal_old : &app_reseal, &nrows, args);

    *done += nrows;
    return rv;
}

apr_status_t dygw_store_app_reseal(dygw_db_t *db, const dygw_app_reseal_t *secrets, int count,
                                   int *done)
{
    apr_status_t rv = begin_change(db, &app_version_lock);
    int i;

    *done = 0;
    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        rv = reseal_secret(db, &secrets[i], done);
    }
    rv = end_change(db, rv);
    *done = rv == APR_SUCCESS ? *done : 0;
    return rv;
}

apr_status_t dygw_store_app_erase(dygw_db_t *db, apr_int64_t id, const char *from)
{
    const char *args[] = { dygw_db_int(db, id), from };
    int nrows = 0;
    apr_status_t rv = begin_change(db, &app_version_raise);

    if (rv == APR_SUCCESS) {
        rv = dygw_db_exec(db, &app_erase, &nrows, args);
    }
    if (rv == APR_SUCCESS && nrows == 0) {
        dygw_db_rollback(db);
        return APR_NOTFOUND;
    }
    return end_change(db, rv);
}

apr_status_t dygw_store_app_used(dygw_db_t *db, apr_int64_t id, dygw_ms_t at)
{
    const char *used = dygw_db_int(db, at);
    const char *args[] = { used, dygw_db_int(db, id), used, dygw_db_int(db, at + USED_AHEAD_MS) };

    return dygw_db_exec(db, &app_used, NULL, args);
}
