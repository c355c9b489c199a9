/* SPDX-License-Identifier: Apache-2.0
 * Reports for the people who run the shop: lists of records and of the audit trail, and sums. */
#ifndef DYGW_GATEWAY_REPORTS_REPORT_H
#define DYGW_GATEWAY_REPORTS_REPORT_H

#include "gateway/gateway.h"
#include "store/audit.h"
#include "store/report.h"

typedef struct dygw_report_page_t {
    apr_array_header_t *rows;       /* of dygw_verification_t *, the newest first */
    apr_int64_t total;              /* of all pages */
    apr_int64_t next_after_id;      /* 0: this is the end */
} dygw_report_page_t;

/* Page number `page` (from 1). DYGW_DATABASE_UNAVAILABLE, as with all of these. */
void dygw_report_page(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int page,
                      int page_size, dygw_report_page_t *found, dygw_result_t *out);

/* What follows behind a record, the one with the id part->below_id, without total. */
void dygw_report_after(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter,
                       const dygw_report_part_t *part, dygw_report_page_t *found,
                       dygw_result_t *out);

typedef struct dygw_summary_t {
    apr_array_header_t *rows;       /* of dygw_sums_row_t *, in the order of their keys */
    dygw_sums_t total;              /* the sum of the rows */
} dygw_summary_t;

/* Sums by what group_by says (DYGW_BY_*), days in the gateway's time zone. DYGW_INVALID_REQUEST
 * about group_by: there would be more than DYGW_SUMMARY_ROWS_MAX rows. */
#define DYGW_SUMMARY_ROWS_MAX 50000
void dygw_report_summary(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int group_by,
                         dygw_summary_t *summary, dygw_result_t *out);

/* Of dygw_audit_entry_t, the newest first, pages from 1; this host's reads of the token are all in
 * it. DYGW_DATABASE_UNAVAILABLE. */
void dygw_audit_list(const dygw_ctx_t *ctx, const dygw_audit_filter_t *filter, int page,
                     int page_size, dygw_page_t *found, dygw_result_t *out);

#endif
