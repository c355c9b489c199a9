/* SPDX-License-Identifier: Apache-2.0
 * What the database says of itself. */
#include "store/db/server.h"

#include "store/db/catalogue.h"

static const dygw_stmt_t server_get = {
    "dygw_server_get",
    { "SELECT " DYGW_NOW_SQLITE3 ", 0",
      "SELECT " DYGW_NOW_PGSQL ", CAST(current_setting('max_connections') AS INTEGER) "
      "- CAST(current_setting('superuser_reserved_connections') AS INTEGER)",
      "SELECT " DYGW_NOW_MYSQL ", CAST(@@GLOBAL.max_connections AS SIGNED)" }
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
