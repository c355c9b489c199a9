/* SPDX-License-Identifier: Apache-2.0
 * Queries that are made of what somebody asks for. A connection keeps what it has prepared for as
 * long as it lives, and there is a query for each combination of filters and groups, hundreds of
 * thousands of them. Kept, they would fill the memory of the servers, and reach MySQL's
 * max_prepared_stmt_count, from where on no redemption could be recorded. So they are not. */
#include "store/db/inside.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "store/db/catalogue.h"

/* The value of a parameter in the text itself: SQLite's driver keeps all that is prepared, whoever
 * prepared it, until the connection closes. */
static const char *literal_of(const dygw_db_t *db, int is_text, const char *value)
{
    if (!value) {
        return "NULL";
    }
    return is_text ? apr_pstrcat(db->rows, "'",
                                 apr_dbd_escape(db->dbd.driver, db->rows, value, db->dbd.handle),
                                 "'", NULL)
                   : apr_psprintf(db->rows, "%" APR_INT64_T_FMT, apr_atoi64(value));
}

/* The text with values in the place of %s and %lld, and % for %%. */
static const char *with_literals(const dygw_db_t *db, const char *sql, const char **args)
{
    apr_array_header_t *parts = apr_array_make(db->rows, 32, sizeof(const char *));
    const char *mark;

    for (; (mark = strchr(sql, '%')); sql = mark) {
        APR_ARRAY_PUSH(parts, const char *)
            = apr_pstrmemdup(db->rows, sql, (apr_size_t)(mark - sql));
        if (mark[1] == '%') {
            APR_ARRAY_PUSH(parts, const char *) = "%";
            mark += 2;
        }
        else {
            APR_ARRAY_PUSH(parts, const char *) = literal_of(db, mark[1] == 's', *args++);
            mark += mark[1] == 's' ? strlen("%s") : strlen("%lld");
        }
    }
    APR_ARRAY_PUSH(parts, const char *) = sql;
    return apr_array_pstrcat(db->rows, parts, 0);
}

int dygw_db_ask_once(dygw_db_t *db, const dygw_dbjob_t *job)
{
    const apr_dbd_driver_t *driver = db->dbd.driver;
    const char *sql = apr_pstrcat(db->rows, "/* ", job->stmt->label, " */ ",
                                  job->stmt->sql[db->source->dialect], NULL);
    apr_dbd_prepared_t *prepared = NULL;
    int rv;

    if (db->source->dialect == DYGW_SQLITE3) {
        return apr_dbd_select(driver, db->rows, db->dbd.handle, job->results,
                              with_literals(db, sql, job->args), 1);
    }
    /* Without a label PostgreSQL's driver sends text and values together, and prepares nothing.
     * MySQL's statement goes with its rows. */
    rv = apr_dbd_prepare(driver, db->rows, db->dbd.handle, sql, NULL, &prepared);
    return rv == 0 ? apr_dbd_pselect(driver, db->rows, db->dbd.handle, job->results, prepared, 1, 0,
                                     job->args)
                   : rv;
}
