/* SPDX-License-Identifier: Apache-2.0
 * The audit trail, read. */
#include "gateway/ask.h"
#include "gateway/apps/audit.h"
#include "gateway/apps/reads.h"

#define FLUSH_PATIENCE_US apr_time_from_sec(1)

void dygw_audit_list(dygw_gateway_t *gateway, const dygw_audit_filter_t *filter, int page,
                     int page_size, const dygw_log_t *log, apr_pool_t *pool,
                     apr_array_header_t **entries, apr_int64_t *total, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_reads_flush(gateway, FLUSH_PATIENCE_US, log, pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_db_open(&db, gateway->db, log, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_store_audit_list(db, filter, (page - 1) * page_size, page_size, entries, total,
                                   pool);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}
