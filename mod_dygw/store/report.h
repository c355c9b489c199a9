/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications as reports read it: lists by any filters, their number, and sums.
 * created_at and id tell the same time (store/verification/id.h), so a range of times is a range of
 * ids, and every list is in the order of an index. */
#ifndef DYGW_STORE_REPORT_H
#define DYGW_STORE_REPORT_H

#include "store/report_filter.h"
#include "store/verification/verification.h"

/* The newest first, `offset` of them left out, at most limit. rows: of dygw_verification_t *. */
apr_status_t dygw_store_report_page(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                    int limit, apr_array_header_t **rows, apr_pool_t *pool);

/* A part of the list, whatever its place in it. */
#define DYGW_BELOW_ALL APR_INT64_MAX
typedef struct dygw_report_part_t {
    apr_int64_t below_id; /* only records with a lower one; DYGW_BELOW_ALL: all */
    int limit;            /* so many of them at most */
    int brief;            /* without Douyin's answers */
} dygw_report_part_t;
apr_status_t dygw_store_report_below(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     const dygw_report_part_t *part, apr_array_header_t **rows,
                                     apr_pool_t *pool);

/* How many there are. */
apr_status_t dygw_store_report_count(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     apr_int64_t *total);

/* --- sums --- */

/* By what sums are grouped, added up. */
#define DYGW_BY_DAY     1
#define DYGW_BY_POI     2
#define DYGW_BY_APP     4
#define DYGW_BY_PRODUCT 8
#define DYGW_BY_STORE   16
#define DYGW_BY_ACCOUNT 32

typedef struct dygw_sums_t {
    apr_int64_t total_count;
    apr_int64_t success_count;
    apr_int64_t failed_count;
    apr_int64_t processing_count;
    apr_int64_t cancelled_count;
    apr_int64_t pay_amount; /* fen, over `success` */
    apr_int64_t receipt_amount;
    apr_int64_t discount_amount;
} dygw_sums_t;

/* The sums of one group; members by which is not grouped are NULL, 0 and DYGW_NO_TIME. */
typedef struct dygw_sums_row_t {
    dygw_ms_t day; /* its first ms */
    const char *poi_id;
    const char *store; /* the code of the declared store, as it was recorded; NULL = none */
    const char *account_id;
    apr_int64_t app_id;
    const char *app_name; /* the present one */
    const char *product_id;
    dygw_sums_t sums;
} dygw_sums_row_t;

/* What makes a group. */
typedef struct dygw_sums_by_t {
    int keys; /* DYGW_BY_*, added up */
    int zone; /* whose days they are: minutes east */
} dygw_sums_by_t;

/* The groups that there are, in no order, at most limit. One statement, which reads as many index
 * entries as there are records: ask for a long time in pieces. rows: of dygw_sums_row_t. */
apr_status_t dygw_store_report_sums(dygw_db_t *db, const dygw_report_filter_t *filter,
                                    const dygw_sums_by_t *by, int limit, apr_array_header_t **rows,
                                    apr_pool_t *pool);

/* When the first record at or after `from` was created. APR_NOTFOUND: there is none. */
apr_status_t dygw_store_report_first(dygw_db_t *db, dygw_ms_t from, dygw_ms_t *at);

#endif
