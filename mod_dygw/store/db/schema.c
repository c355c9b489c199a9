/* SPDX-License-Identifier: Apache-2.0
 * The schema: the numbered files of sql/ are built into the module; they also run by hand. And what
 * the server says of itself. */
#include "store/db/schema.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "store/db/catalogue.h"

typedef struct file_t {
    dygw_dialect_e dialect;
    int number;
    const char *path; /* below sql/ */
    const char *text;
} file_t;

/* build/embed-sql writes it from sql/, in order of name. */
static const file_t files[] = {
#include "schema_files.inc"
};

#define FILES ((int)(sizeof(files) / sizeof(files[0])))

/* Is there the table that all else is told by? Without asking for it, which would be an error. */
static const dygw_stmt_t schema_exists = {
    "dygw_schema_exists",
    { "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'dygw_meta'",
      "SELECT CASE WHEN to_regclass('dygw_meta') IS NULL THEN 0 ELSE 1 END",
      "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
      "AND table_name = 'dygw_meta'" },
};

static const dygw_stmt_t meta_get = {
    "dygw_meta_get",
    DYGW_SQL("SELECT value FROM dygw_meta WHERE name = %s"),
};

static const dygw_stmt_t meta_put = {
    "dygw_meta_put",
    DYGW_SQL_INSERT_NEW("dygw_meta (name, value) VALUES (%s, %s)"),
};

int dygw_schema_wanted(void)
{
    int wanted = 0;
    int i;

    for (i = 0; i < FILES; i++) {
        wanted = files[i].number > wanted ? files[i].number : wanted;
    }
    return wanted;
}

/* The one value of a query with at most one row; NULL when it has none. */
static apr_status_t one_schema_text(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                                    const char **text)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    *text = NULL;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_rows_next(rows);
    if (rv == APR_SUCCESS) {
        *text = dygw_row_text(rows, 0, dygw_db_pool(db));
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_schema_version(dygw_db_t *db, int *version)
{
    const char *args[] = { "schema_version" };
    const char *text;
    apr_status_t rv = one_schema_text(db, &schema_exists, NULL, &text);

    *version = 0;
    if (rv != APR_SUCCESS || !text || atoi(text) == 0) {
        return rv;
    }
    rv = one_schema_text(db, &meta_get, args, &text);
    *version = text ? atoi(text) : 0;
    return rv;
}

/* The statements of a file: each ends with a semicolon at the end of a line, comments have lines of
 * their own. */
static apr_array_header_t *split_file(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *statements = apr_array_make(pool, 32, sizeof(const char *));
    const char *statement = "";

    while (*text) {
        apr_size_t len = strcspn(text, "\n");
        char *line = apr_pstrmemdup(pool, text, len);
        int ends = len > 0 && line[len - 1] == ';';

        text += len + (text[len] == '\n');
        if (len == 0 || strncmp(line, "--", 2) == 0) {
            continue;
        }
        if (ends) {
            /* SQLite's driver takes anything behind the statement for another one, and fails. */
            line[len - 1] = '\0';
        }
        statement = apr_pstrcat(pool, statement, *statement ? "\n" : "", line, NULL);
        if (ends) {
            APR_ARRAY_PUSH(statements, const char *) = statement;
            statement = "";
        }
    }
    return statements;
}

static apr_status_t run_file(dygw_db_t *db, const file_t *file)
{
    apr_array_header_t *statements = split_file(file->text, dygw_db_pool(db));

    return dygw_db_script(db, file->path, (const char *const *)statements->elts, statements->nelts);
}

apr_status_t dygw_schema_migrate(dygw_db_t *db, apr_array_header_t **done, apr_pool_t *pool)
{
    dygw_dialect_e dialect = dygw_db_dialect(db);
    int version;
    apr_status_t rv = dygw_schema_version(db, &version);
    int i;

    *done = apr_array_make(pool, 1, sizeof(const char *));
    for (i = 0; rv == APR_SUCCESS && i < FILES; i++) {
        if (files[i].dialect != dialect || files[i].number <= version) {
            continue;
        }
        rv = run_file(db, &files[i]);
        if (rv == APR_SUCCESS) {
            APR_ARRAY_PUSH(*done, const char *) = files[i].path;
        }
    }
    return rv;
}

const char *dygw_schema_next_file(dygw_dialect_e dialect, int version)
{
    int i;

    for (i = 0; i < FILES; i++) {
        if (files[i].dialect == dialect && files[i].number > version) {
            return files[i].path;
        }
    }
    return NULL;
}

apr_status_t dygw_schema_claim(dygw_db_t *db, const char *client_key, const char **owner,
                               apr_pool_t *pool)
{
    const char *args[] = { "douyin_client_key", client_key };
    const char *recorded;
    apr_status_t rv = one_schema_text(db, &meta_get, args, &recorded);

    *owner = NULL;
    if (rv == APR_SUCCESS && !recorded) {
        /* Another host may do the same at this moment: what is there afterwards counts. */
        rv = dygw_db_exec(db, &meta_put, NULL, args);
        if (rv == APR_SUCCESS) {
            rv = one_schema_text(db, &meta_get, args, &recorded);
        }
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *owner = recorded ? apr_pstrdup(pool, recorded) : NULL;
    return recorded && strcmp(recorded, client_key) == 0 ? APR_SUCCESS : APR_EEXIST;
}

/* --- the server --- */

static const dygw_stmt_t server_get = {
    "dygw_server_get",
    { "SELECT " DYGW_NOW_SQLITE3 ", 0",
      "SELECT " DYGW_NOW_PGSQL ", CAST(current_setting('max_connections') AS INTEGER) "
      "- CAST(current_setting('superuser_reserved_connections') AS INTEGER)",
      "SELECT " DYGW_NOW_MYSQL ", CAST(@@GLOBAL.max_connections AS SIGNED)" },
};

apr_status_t dygw_store_server(dygw_db_t *db, dygw_server_t *server)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &server_get, &rows, NULL);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        server->now = dygw_row_int(rows, 0, DYGW_NO_TIME);
        server->max_connections = (int)dygw_row_int(rows, 1, 0);
    }
    return rv;
}
