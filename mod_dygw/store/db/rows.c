/* SPDX-License-Identifier: Apache-2.0
 * Queries, and the rows that they give. The rows of a query are read before the next statement. */
#include "store/db/inside.h"

#include <apr_strings.h>

#include "store/db/catalogue.h"
#include "store/db/db.h"

struct dygw_rows_t {
    dygw_db_t *db;
    const char *label;
    apr_dbd_results_t *results;
    apr_dbd_row_t *row;
    int number; /* of the row, from 1: the only way of reading that all drivers have */
};

static apr_status_t select_rows(dygw_db_t *db, const dygw_stmt_t *stmt, dygw_rows_t **rows,
                                const char **args, int once)
{
    dygw_dbjob_t job = { .stmt = stmt, .args = args, .once = once };
    apr_status_t rv;

    if (db->rows) {
        apr_pool_clear(db->rows);
    }
    else {
        apr_pool_create(&db->rows, db->scratch);
    }
    *rows = apr_pcalloc(db->rows, sizeof(**rows));
    (*rows)->db = db;
    (*rows)->label = stmt->label;
    job.results = &(*rows)->results;
    rv = dygw_db_run(db, &job);
    if (rv != APR_SUCCESS) {
        dygw_db_report(db);
    }
    return rv;
}

apr_status_t dygw_db_select(dygw_db_t *db, const dygw_stmt_t *stmt, dygw_rows_t **rows,
                            const char **args)
{
    return select_rows(db, stmt, rows, args, 0);
}

apr_status_t dygw_db_select_once(dygw_db_t *db, const dygw_stmt_t *stmt, dygw_rows_t **rows,
                                 const char **args)
{
    return select_rows(db, stmt, rows, args, 1);
}

apr_status_t dygw_rows_next(dygw_rows_t *rows)
{
    dygw_db_t *db = rows->db;
    int rv;

    if (!rows->results) {
        return APR_EOF;
    }
    rv = apr_dbd_get_row(db->dbd.driver, db->rows, rows->results, &rows->row, ++rows->number);
    if (rv == 0) {
        return APR_SUCCESS;
    }
    rows->results = NULL;
    rows->row = NULL;
    if (rv == -1) {
        return APR_EOF;
    }
    dygw_db_note_failure(db, rows->label, rv);
    db->failed = 1;
    dygw_db_report(db);
    return APR_EGENERAL;
}

void dygw_rows_end(dygw_rows_t *rows)
{
    while (dygw_rows_next(rows) == APR_SUCCESS) {}
}

/* NULL for SQL NULL. datum_get and not get_entry: with PostgreSQL that cannot tell NULL from an
 * empty text. */
static const char *row_entry(const dygw_rows_t *rows, int column)
{
    char *text = NULL;

    if (!rows->row
        || apr_dbd_datum_get(rows->db->dbd.driver, rows->row, column, APR_DBD_TYPE_STRING, &text)
               != APR_SUCCESS) {
        return NULL;
    }
    return text;
}

const char *dygw_row_text(dygw_rows_t *rows, int column, apr_pool_t *pool)
{
    return apr_pstrdup(pool, row_entry(rows, column));
}

apr_int64_t dygw_row_int(dygw_rows_t *rows, int column, apr_int64_t if_null)
{
    const char *text = row_entry(rows, column);

    return text ? apr_atoi64(text) : if_null;
}
