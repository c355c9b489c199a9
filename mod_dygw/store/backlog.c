/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: how much is left to do, by the indexes that verification_due.c goes by;
 * and how many apps there are. */
#include "store/backlog.h"

#include "store/app.h"
#include "store/catalogue.h"
#include "store/verification_id.h"

#define COUNT(condition) \
    "(SELECT COUNT(*) FROM (SELECT 1 FROM dygw_verifications WHERE " condition \
    " LIMIT %lld) counted)"

/* The ids are in the order of creation. */
static const dygw_stmt_t backlog_query = {
    "dygw_backlog",
    DYGW_SQL("SELECT "
             COUNT("verify_status = 'processing' AND next_run_at IS NOT NULL") ", "
             COUNT("errand_at IS NOT NULL AND verify_status <> 'processing'") ", "
             COUNT("verify_status = 'success' AND enrichment_status = 'pending' "
                   "AND next_run_at IS NOT NULL") ", "
             "(SELECT id FROM dygw_verifications WHERE verify_status = 'processing' "
             "ORDER BY id LIMIT 1)")
};

static const dygw_stmt_t apps_count = {
    "dygw_apps_count", DYGW_SQL("SELECT status, COUNT(*) FROM dygw_apps GROUP BY status")
};

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

apr_status_t dygw_store_apps_count(dygw_db_t *db, int *active, int *disabled)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &apps_count, &rows, NULL);

    *active = *disabled = 0;
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        const char *word = dygw_row_text(rows, 0, dygw_db_pool(db));
        dygw_app_status_e status;

        if (dygw_app_status_parse(word, &status) == APR_SUCCESS) {
            *(status == DYGW_APP_ACTIVE ? active : disabled) = (int)dygw_row_int(rows, 1, 0);
        }
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}
