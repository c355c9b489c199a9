/* SPDX-License-Identifier: Apache-2.0
 * A table of the suite's own. */
#include "values.h"

#define TABLE(text, more) \
    "CREATE TABLE IF NOT EXISTS suite_values " \
    "(id BIGINT NOT NULL PRIMARY KEY, t " text ", n BIGINT)" more

const dygw_stmt_t values_put = {
    "suite_values_put",
    DYGW_SQL("INSERT INTO suite_values (id, t, n) VALUES (%lld, %s, %lld)"),
};

const dygw_stmt_t values_set = {
    "suite_values_set",
    DYGW_SQL("UPDATE suite_values SET n = %lld WHERE id = %lld"),
};

const dygw_stmt_t values_get = {
    "suite_values_get",
    DYGW_SQL("SELECT t, n FROM suite_values WHERE id = %lld"),
};

int values_setup(void **state)
{
    static const char *const tables[DYGW_DIALECTS] = {
        TABLE("TEXT", ""),
        TABLE("TEXT", ""),
        TABLE("MEDIUMTEXT", " ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
    };
    static int made;
    dygw_db_t *db;

    if (suite_setup(state) != 0) {
        return -1;
    }
    if (made) {
        return 0;
    }
    db = suite_open(0);
    made = dygw_db_script(db, "suite", &tables[dygw_db_dialect(db)], 1) == APR_SUCCESS;
    dygw_db_close(db);
    wire_forget(NULL);
    return made ? 0 : -1;
}

apr_status_t values_insert(dygw_db_t *db, apr_int64_t id, const char *t, const char *n)
{
    const char *args[] = { dygw_db_int(db, id), t, n };

    return dygw_db_exec(db, &values_put, NULL, args);
}

int values_found(int host, apr_int64_t id)
{
    dygw_db_t *db = suite_open(host);
    const char *args[] = { dygw_db_int(db, id) };
    dygw_rows_t *rows;
    apr_status_t rv;

    assert_int_equal(dygw_db_select(db, &values_get, &rows, args), APR_SUCCESS);
    rv = dygw_rows_next(rows);
    dygw_db_close(db);
    return rv == APR_SUCCESS;
}
