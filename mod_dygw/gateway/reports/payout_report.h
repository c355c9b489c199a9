/* SPDX-License-Identifier: Apache-2.0
 * What will be paid out, for the people who run the shops: redemptions one by one, and sums. */
#ifndef DYGW_GATEWAY_REPORTS_PAYOUT_REPORT_H
#define DYGW_GATEWAY_REPORTS_PAYOUT_REPORT_H

#include "gateway/reports/report.h"
#include "store/payout_report.h"

/* Reads page number `page` (from 1), page_size redemptions at most: found->rows is of
 * dygw_payout_row_t. out, here and below: DYGW_OK or DYGW_DATABASE_UNAVAILABLE. */
void dygw_payout_report_page(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int page,
                             int page_size, dygw_report_page_t *found, dygw_result_t *out);

/* Reads the redemptions behind the one with the id below_id, at most limit; found->total is 0. */
void dygw_payout_report_after(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter,
                              apr_int64_t below_id, int limit, dygw_report_page_t *found,
                              dygw_result_t *out);

/* Sums by group; its memory is from ctx->pool. */
typedef struct dygw_payout_summary_t {
    apr_array_header_t *rows; /* of dygw_payout_group_t *, in the order of their keys */
    dygw_payout_sums_t total; /* the sum of the rows */
} dygw_payout_summary_t;

/* Adds up the redemptions in groups by `keys` (of DYGW_PAYOUT_BY_ANY); days are those of the
 * gateway's time zone. out also: DYGW_INVALID_REQUEST with the field "group_by" when there
 * are more than DYGW_PAYOUT_GROUPS_MAX groups. */
#define DYGW_PAYOUT_GROUPS_MAX 50000
void dygw_payout_report_sums(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int keys,
                             dygw_payout_summary_t *summary, dygw_result_t *out);

#endif
