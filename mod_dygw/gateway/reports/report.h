/* SPDX-License-Identifier: Apache-2.0
 * Reports for the people who run the shops: lists of verifications and of the audit trail, and
 * sums.
 *
 * The room gateway/reports/ has these reports and the reconciliation of business days with Douyin's
 * records (reconcile.h for the background, reconciliation.h for requests). It may call the files at
 * the top of gateway/, gateway/apps/, and store/, douyin/ and util/. */
#ifndef DYGW_GATEWAY_REPORTS_REPORT_H
#define DYGW_GATEWAY_REPORTS_REPORT_H

#include "gateway/gateway.h"
#include "store/audit.h"
#include "store/report.h"

/* Lets the filter ask for a reason, by its word in the catalogue. 0: there is no such word. */
int dygw_report_filter_reason(dygw_report_filter_t *filter, const char *word);

/* A page of verifications, or of payouts (payout_report.h); its memory is from ctx->pool. */
typedef struct dygw_report_page_t {
    apr_array_header_t *rows;  /* of dygw_verification_t *, the newest first */
    apr_int64_t total;         /* verifications on all pages */
    apr_int64_t next_after_id; /* id of the last row; 0: there are no more behind it */
} dygw_report_page_t;

/* Reads page number `page` (from 1), page_size verifications at most. out, here and below: DYGW_OK
 * or DYGW_DATABASE_UNAVAILABLE. */
void dygw_report_page(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int page,
                      int page_size, dygw_report_page_t *found, dygw_result_t *out);

/* Reads the verifications behind the one with the id part->below_id, part->limit of them at most;
 * found->total is 0. */
void dygw_report_after(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter,
                       const dygw_report_part_t *part, dygw_report_page_t *found,
                       dygw_result_t *out);

/* Sums by group; its memory is from ctx->pool. */
typedef struct dygw_summary_t {
    apr_array_header_t *rows; /* of dygw_sums_row_t *, in the order of their keys */
    dygw_sums_t total;        /* the sum of the rows */
} dygw_summary_t;

/* Adds up the verifications in groups by what group_by says (DYGW_BY_*, added up); days are those
 * of the gateway's time zone. out also: DYGW_INVALID_REQUEST with the field "group_by" when there
 * are more than DYGW_SUMMARY_ROWS_MAX groups. */
#define DYGW_SUMMARY_ROWS_MAX 50000
void dygw_report_summary(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int group_by,
                         dygw_summary_t *summary, dygw_result_t *out);

/* Reads a page (from 1) of the audit trail, the newest entry first: found->rows is of
 * dygw_audit_entry_t. All reads of the token on this host are written to the trail before. */
void dygw_audit_list(const dygw_ctx_t *ctx, const dygw_audit_filter_t *filter, int page,
                     int page_size, dygw_page_t *found, dygw_result_t *out);

#endif
