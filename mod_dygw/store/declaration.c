/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_declarations: which apps each host declares. */
#include "store/declaration.h"

#include "store/db/catalogue.h"

#define HOLDERS(lease, now) \
    "SELECT COUNT(*) FROM dygw_declarations d JOIN dygw_leases l ON l.name = " lease " " \
    "WHERE (d.client_key = %s OR d.code = %s) AND l.until_at > " now

static const dygw_stmt_t declaration_holders = {
    "dygw_declaration_holders",
    { HOLDERS("'host:' || d.host", DYGW_NOW_SQLITE3), HOLDERS("'host:' || d.host", DYGW_NOW_PGSQL),
      HOLDERS("CONCAT('host:', d.host)", DYGW_NOW_MYSQL) },
};

apr_status_t dygw_store_declaration_holders(dygw_db_t *db, const char *client_key, const char *code,
                                            int *live)
{
    const char *args[] = { client_key, code };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &declaration_holders, &rows, args);

    *live = 0;
    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        *live = (int)dygw_row_int(rows, 0, 0);
        dygw_rows_end(rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}
