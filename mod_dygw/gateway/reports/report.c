/* SPDX-License-Identifier: Apache-2.0
 * Lists of verifications and of the audit trail. For a page of verifications one row more than the
 * page has is read: without this row the page is the last one, and the total is known without
 * counting. */
#include "gateway/reports/report.h"

#include <string.h>

#include "gateway/apps/reads.h"
#include "gateway/ask.h"
#include "gateway/reasons.h"

#define FLUSH_PATIENCE_US apr_time_from_sec(1)

int dygw_report_filter_reason(dygw_report_filter_t *filter, const char *word)
{
    const dygw_reason_e reason = dygw_reason_of_word(word);

    if (strcmp(dygw_reason_word(reason), word) != 0) {
        return 0;
    }
    filter->reason = dygw_reason_word(reason);
    filter->open_reason = reason == DYGW_REASON_WAITING       ? DYGW_OPEN_WAITING
                          : reason == DYGW_REASON_RISK_REVIEW ? DYGW_OPEN_REVIEW
                                                              : DYGW_OPEN_NONE;
    return 1;
}

/* Removes the row that was read in addition, and sets next_after_id. */
static void trim_page(dygw_report_page_t *found, int page_size)
{
    found->next_after_id = 0;
    if (found->rows->nelts > page_size) {
        found->rows->nelts = page_size;
        found->next_after_id
            = APR_ARRAY_IDX(found->rows, page_size - 1, const dygw_verification_t *)->id;
    }
}

static apr_status_t read_report_page(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                     int page_size, apr_pool_t *pool, dygw_report_page_t *found)
{
    apr_status_t rv = dygw_store_report_page(db, filter, offset, page_size + 1, &found->rows, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (found->rows->nelts > page_size || (found->rows->nelts == 0 && offset > 0)) {
        rv = dygw_store_report_count(db, filter, &found->total);
    }
    else {
        found->total = offset + found->rows->nelts;
    }
    trim_page(found, page_size);
    return rv;
}

void dygw_report_page(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int page,
                      int page_size, dygw_report_page_t *found, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = read_report_page(db, filter, (page - 1) * page_size, page_size, ctx->pool, found);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

void dygw_report_after(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter,
                       const dygw_report_part_t *part, dygw_report_page_t *found,
                       dygw_result_t *out)
{
    const dygw_report_part_t one_more = { part->below_id, part->limit + 1, part->brief };
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_report_below(db, filter, &one_more, &found->rows, ctx->pool);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
        return;
    }
    found->total = 0;
    trim_page(found, part->limit);
}

void dygw_audit_list(const dygw_ctx_t *ctx, const dygw_audit_filter_t *filter, int page,
                     int page_size, dygw_page_t *found, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_reads_flush(ctx, FLUSH_PATIENCE_US);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_store_audit_list(db, filter, (page - 1) * page_size, page_size, found, ctx->pool);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}
