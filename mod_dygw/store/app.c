/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_apps: the verifier apps, read. */
#include "store/app.h"

#include <string.h>

#include "store/app_columns.h"
#include "store/db/catalogue.h"
#include "util/json.h"

#define EACH_PAGE 500 /* rows of one query while all are read */

#define COLUMNS DYGW_NAMES(DYGW_APP_ALL)

static const dygw_stmt_t apps_count = {
    "dygw_apps_count",
    DYGW_SQL("SELECT source, status, COUNT(*) FROM dygw_apps GROUP BY source, status"),
};

static const dygw_stmt_t app_version_get = {
    "dygw_app_version_get",
    DYGW_SQL("SELECT value FROM dygw_meta WHERE name = 'apps_version'"),
};

static const dygw_stmt_t app_get = {
    "dygw_app_get",
    DYGW_SQL("SELECT " COLUMNS " FROM dygw_apps WHERE id = %lld"),
};

static const dygw_stmt_t app_page = {
    "dygw_app_page",
    DYGW_SQL("SELECT " COLUMNS " FROM dygw_apps WHERE id > %lld ORDER BY id LIMIT %lld"),
};

/* NULL means "any" for both filters. No LIKE: what is looked for may hold its wildcards. */
#define FILTER(find, in, end) \
    " FROM dygw_apps WHERE (%s IS NULL OR status = %s) AND (%s IS NULL " \
    "OR " find "name" in "%s" end " > 0 OR " find "COALESCE(code, '')" in "%s" end " > 0 " \
    "OR " find "client_key" in "%s" end " > 0)"
#define FILTER_SQLITE3 FILTER("instr(", ", ", ")")
#define FILTER_PGSQL   FILTER("strpos(", ", ", ")")
#define FILTER_MYSQL   FILTER("INSTR(", ", ", ")")
#define PAGE           " ORDER BY id DESC LIMIT %lld OFFSET %lld"

static const dygw_stmt_t app_list = {
    "dygw_app_list",
    { "SELECT " COLUMNS FILTER_SQLITE3 PAGE, "SELECT " COLUMNS FILTER_PGSQL PAGE,
      "SELECT " COLUMNS FILTER_MYSQL PAGE },
};

static const dygw_stmt_t app_count = {
    "dygw_app_count",
    { "SELECT COUNT(*)" FILTER_SQLITE3, "SELECT COUNT(*)" FILTER_PGSQL,
      "SELECT COUNT(*)" FILTER_MYSQL },
};

/* --- rows --- */

/* A list that cannot be read admits no store: an error must not open more than was meant. */
static apr_array_header_t *store_list(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *list;
    const char *error;
    json_t *array;
    json_t *item;
    size_t i;

    if (!text) {
        return NULL;
    }
    array = dygw_json_parse(text, strlen(text), DYGW_JSON_STRICT, pool, &error);
    list = apr_array_make(pool, array ? (int)json_array_size(array) : 0, sizeof(const char *));
    json_array_foreach(array, i, item)
    {
        if (json_is_string(item)) {
            APR_ARRAY_PUSH(list, const char *) = json_string_value(item);
        }
    }
    return list;
}

/* A word that is unknown locks the app out. */
static dygw_app_status_e app_status(const char *word)
{
    dygw_app_status_e status;

    return dygw_app_status_parse(word, &status) == APR_SUCCESS ? status : DYGW_APP_DISABLED;
}

static dygw_app_source_e app_source(const char *word)
{
    return dygw_text_same(word, "config") ? DYGW_APP_OF_CONFIG : DYGW_APP_OF_DATABASE;
}

#define DYGW_READ_APP_STATUS(rows, column, pool) app_status(dygw_row_text(rows, column, pool))
#define DYGW_READ_APP_FLAG(rows, column, pool)   (dygw_row_int(rows, column, 0) != 0)
#define DYGW_READ_APP_SOURCE(rows, column, pool) app_source(dygw_row_text(rows, column, pool))
#define DYGW_READ_APP_STORES(rows, column, pool) store_list(dygw_row_text(rows, column, pool), pool)

#define READ(kind, name) app->name = DYGW_READ_##kind(rows, column++, pool);

static void read_app(dygw_rows_t *rows, dygw_app_t *app, apr_pool_t *pool)
{
    int column = 0;

    DYGW_APP_ALL(READ, READ)
}

/* The one integer of a query that has one row. */
static apr_status_t app_number(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                               apr_int64_t *value)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        *value = dygw_row_int(rows, 0, 0);
        return APR_SUCCESS;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}

/* --- reading --- */

apr_status_t dygw_store_app_get(dygw_db_t *db, apr_int64_t id, dygw_app_t **app, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, id) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &app_get, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    *app = apr_pcalloc(pool, sizeof(**app));
    read_app(rows, *app, pool);
    return APR_SUCCESS;
}

/* One page of all apps behind *last; APR_EOF when it was not full. */
static apr_status_t each_app_of_page(dygw_db_t *db, apr_int64_t *last, dygw_store_app_fn *each,
                                     void *baton)
{
    const char *args[] = { dygw_db_int(db, *last), dygw_db_int(db, EACH_PAGE) };
    apr_pool_t *pool;
    dygw_rows_t *rows;
    int count = 0;
    apr_status_t rv = dygw_db_select(db, &app_page, &rows, args);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_create(&pool, dygw_db_pool(db));
    while ((rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        dygw_app_t app = { 0 };

        apr_pool_clear(pool);
        read_app(rows, &app, pool);
        *last = app.id;
        count++;
        each(baton, &app);
    }
    apr_pool_destroy(pool);
    return APR_STATUS_IS_EOF(rv) && count == EACH_PAGE ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_app_version(dygw_db_t *db, apr_int64_t *version)
{
    return app_number(db, &app_version_get, NULL, version);
}

apr_status_t dygw_store_app_each(dygw_db_t *db, apr_int64_t *version, dygw_store_app_fn *each,
                                 void *baton)
{
    apr_int64_t last = 0;
    /* First: rows that change meanwhile may be newer than it, never older. */
    apr_status_t rv = dygw_store_app_version(db, version);

    while (rv == APR_SUCCESS) {
        rv = each_app_of_page(db, &last, each, baton);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_app_list(dygw_db_t *db, const dygw_app_filter_t *filter, int offset,
                                 int limit, dygw_page_t *found, apr_pool_t *pool)
{
    const char *word
        = filter->status < 0 ? NULL : dygw_app_status_word((dygw_app_status_e)filter->status);
    const char *q = filter->q;
    const char *args[]
        = { word, word, q, q, q, q, dygw_db_int(db, limit), dygw_db_int(db, offset) };
    dygw_rows_t *rows = NULL;
    apr_status_t rv = app_number(db, &app_count, args, &found->total);

    found->rows = apr_array_make(pool, limit, sizeof(dygw_app_t *));
    if (rv == APR_SUCCESS) {
        rv = dygw_db_select(db, &app_list, &rows, args);
    }
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        dygw_app_t *app = apr_pcalloc(pool, sizeof(*app));

        read_app(rows, app, pool);
        APR_ARRAY_PUSH(found->rows, dygw_app_t *) = app;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_apps_count(dygw_db_t *db, dygw_apps_count_t *count)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &apps_count, &rows, NULL);

    *count = (dygw_apps_count_t){ 0 };
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        dygw_app_source_e source = app_source(dygw_row_text(rows, 0, dygw_db_pool(db)));
        dygw_app_status_e status;

        if (dygw_app_status_parse(dygw_row_text(rows, 1, dygw_db_pool(db)), &status)
            == APR_SUCCESS) {
            count->of[source][status] = (int)dygw_row_int(rows, 2, 0);
        }
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}
