/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications as reports read it: lists by any filters, their number, and sums.
 * created_at and id tell the same time (store/verification/id.h), so a range of times is a range of
 * ids, and every list is in the order of an index. */
#ifndef DYGW_STORE_REPORT_H
#define DYGW_STORE_REPORT_H

#include "store/report_filter.h"
#include "store/report_keys.h"
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

/* The sums of one group. */
typedef struct dygw_sums_row_t {
    dygw_sums_value_t keys[DYGW_KEYS];
    const char *app_name; /* the present one, of the key APP */
    /* With the key REASON only, and where no reason is recorded: the number and Douyin's words that
     * tell it. DYGW_NO_INT: there is none, or the key says it. */
    apr_int64_t error_code;
    const char *error_description;
    dygw_sums_t sums;
} dygw_sums_row_t;

/* The groups that there are, in no order, at most limit; with the key REASON the same one may come
 * several times. One statement, which reads as many index entries as there are records: ask for a
 * long time in pieces. rows: of dygw_sums_row_t. */
apr_status_t dygw_store_report_sums(dygw_db_t *db, const dygw_report_filter_t *filter,
                                    const dygw_sums_by_t *by, int limit, apr_array_header_t **rows,
                                    apr_pool_t *pool);

/* When the first record at or after `from` was created. APR_NOTFOUND: there is none. */
apr_status_t dygw_store_report_first(dygw_db_t *db, dygw_ms_t from, dygw_ms_t *at);

#endif
