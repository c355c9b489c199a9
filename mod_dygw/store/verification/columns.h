/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: the columns of dygw_verifications, and how members of a record become arguments
 * and are read back. */
#ifndef DYGW_STORE_VERIFICATION_COLUMNS_H
#define DYGW_STORE_VERIFICATION_COLUMNS_H

#include "store/verification/verification.h"

#define DYGW_VERIFICATION_COLUMN_COUNT 61

#define DYGW_VERIFICATION_COLUMNS DYGW_VERIFICATION_COLUMNS_WITH("douyin_response")

/* The same with something else in the place of Douyin's answers, which are most of a row. */
#define DYGW_VERIFICATION_COLUMNS_WITH(answers) \
    "id, app_id, app_name, poi_id, verify_status, error_code, error_description, certificate_id, " \
    "encrypted_code, origin_code, coupon_status, product_id, product_name, sku_id, sku_name, " \
    "verify_records_count, verify_id, order_id, source_order_id, ext_order_id, order_status, " \
    "pay_amount, receipt_amount, discount_amount, enrichment_status, enrichment_retry_count, " \
    answers ", expire_time, verify_time, create_order_time, pay_time, created_at, " \
    "updated_at, mode, operator_name, device, cancelable_until, confirmed_by, request_id, " \
    "verify_token, item_no, item_count, first_id, attempts, lease_until, next_run_at, sent_at, " \
    "repeats, asks, already, review_since, cancel_since, cancels, news, errand_at, enrich_since, " \
    "last_error, revision, request_key, refused_code, refused_description"

/* One parameter for each of them. */
#define DYGW_VERIFICATION_VALUES \
    "%lld, %lld, %s, %s, %s, %lld, %s, %s, " \
    "%s, %s, %s, %s, %s, %s, %s, " \
    "%lld, %s, %s, %s, %s, %lld, " \
    "%lld, %lld, %lld, %s, %lld, " \
    "%s, %lld, %lld, %lld, %lld, %lld, " \
    "%lld, %s, %s, %s, %lld, %s, %s, " \
    "%s, %lld, %lld, %lld, %lld, %lld, %lld, %lld, " \
    "%lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, " \
    "%s, %lld, %s, %lld, %s"

/* Those that an outcome may change, as an UPDATE sets them. */
#define DYGW_VERIFICATION_SETTLED \
    "verify_status = %s, error_code = %lld, error_description = %s, certificate_id = %s, " \
    "origin_code = %s, coupon_status = %s, product_id = %s, product_name = %s, sku_id = %s, " \
    "sku_name = %s, verify_records_count = %lld, verify_id = %s, order_id = %s, " \
    "source_order_id = %s, pay_amount = %lld, receipt_amount = %lld, discount_amount = %lld, " \
    "enrichment_status = %s, douyin_response = %s, expire_time = %lld, verify_time = %lld, " \
    "updated_at = %lld, cancelable_until = %lld, confirmed_by = %s, attempts = %lld, " \
    "lease_until = %lld, next_run_at = %lld, sent_at = %lld, review_since = %lld"

/* Those that anything may change after the insert, but for the revision. */
#define DYGW_VERIFICATION_CHANGES \
    "verify_status = %s, error_code = %lld, error_description = %s, certificate_id = %s, " \
    "origin_code = %s, coupon_status = %s, product_id = %s, product_name = %s, sku_id = %s, " \
    "sku_name = %s, verify_records_count = %lld, verify_id = %s, order_id = %s, " \
    "source_order_id = %s, ext_order_id = %s, order_status = %lld, pay_amount = %lld, " \
    "receipt_amount = %lld, discount_amount = %lld, enrichment_status = %s, " \
    "enrichment_retry_count = %lld, douyin_response = %s, expire_time = %lld, " \
    "verify_time = %lld, create_order_time = %lld, pay_time = %lld, updated_at = %lld, " \
    "cancelable_until = %lld, confirmed_by = %s, attempts = %lld, lease_until = %lld, " \
    "next_run_at = %lld, sent_at = %lld, repeats = %lld, asks = %lld, already = %lld, " \
    "review_since = %lld, cancel_since = %lld, cancels = %lld, news = %lld, errand_at = %lld, " \
    "enrich_since = %lld, last_error = %s, refused_code = %lld, refused_description = %s"

/* Each is part of the one before: all columns, _CHANGES, _SETTLED. */
typedef enum {
    DYGW_VERIFICATION_WHOLE,
    DYGW_VERIFICATION_CHANGED,
    DYGW_VERIFICATION_OUTCOME
} dygw_verification_part_e;

/* Writes the arguments for one of the lists above, which hold until the unit ends; gives their
 * number. */
int dygw_store_verification_args(dygw_db_t *db, const dygw_verification_t *v,
                                 dygw_verification_part_e part, const char **args);

/* The record in the present row of a query for DYGW_VERIFICATION_COLUMNS. From pool. */
dygw_verification_t *dygw_store_verification_read(dygw_rows_t *rows, apr_pool_t *pool);

#endif
