/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: how much is left to do, by the indexes of what is due. */
#include "store/backlog.h"

#include "store/db/catalogue.h"
#include "store/verification/due.h"
#include "store/verification/id.h"

#define COUNT(time, rows) \
    "(SELECT COUNT(*) FROM (SELECT 1 FROM dygw_verifications WHERE " rows " AND " time \
    " IS NOT NULL LIMIT %lld) counted)"

/* The ids are in the order of creation. */
/* clang-format off */
static const dygw_stmt_t backlog_query = {
    "dygw_backlog",
    DYGW_SQL("SELECT "
             COUNT(DYGW_SETTLE_TIME, DYGW_SETTLE_ROWS) ", "
             COUNT(DYGW_FOLLOW_UP_TIME, DYGW_FOLLOW_UP_ROWS) ", "
             COUNT(DYGW_ENRICH_TIME, DYGW_ENRICH_ROWS) ", "
             "(SELECT id FROM dygw_verifications WHERE " DYGW_SETTLE_ROWS " ORDER BY id LIMIT 1)"),
};
/* clang-format on */

apr_status_t dygw_store_backlog(dygw_db_t *db, dygw_backlog_t *backlog)
{
    const char *max = dygw_db_int(db, DYGW_BACKLOG_MAX);
    const char *args[] = { max, max, max };
    apr_int64_t oldest;
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &backlog_query, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    backlog->to_settle = (int)dygw_row_int(rows, 0, 0);
    backlog->to_cancel = (int)dygw_row_int(rows, 1, 0);
    backlog->to_enrich = (int)dygw_row_int(rows, 2, 0);
    oldest = dygw_row_int(rows, 3, 0);
    backlog->oldest_at = oldest ? dygw_id_time(oldest) : 0;
    return APR_SUCCESS;
}
