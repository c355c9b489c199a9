/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications, as it is compared with Douyin's records; and what dygw_webhooks knows
 * of coupons that are not in it. */
#ifndef DYGW_STORE_MATCH_H
#define DYGW_STORE_MATCH_H

#include "store/webhook.h"
#include "store/verification/verification.h"

/* A part of dygw_verification_t. */
typedef struct dygw_match_row_t {
    apr_int64_t id;
    apr_int64_t app_id;
    const char *app_name;
    const char *poi_id;
    dygw_verify_status_e verify_status;
    const char *certificate_id;
    const char *verify_id;
    const char *order_id;
    const char *ext_order_id;
    const char *product_name;
    apr_int64_t pay_amount; /* DYGW_NO_INT: none yet */
    dygw_ms_t verify_time;
    dygw_ms_t created_at;
    const char *store;
    const char *account_id; /* NULL: none was recorded */
    dygw_ms_t updated_at;
    dygw_ms_t cancel_since; /* DYGW_NO_TIME: no cancel of it is open */
    dygw_after_sale_e after_sale;
} dygw_match_row_t;

/* Both excluded. */
typedef struct dygw_id_range_t {
    apr_int64_t after;
    apr_int64_t below;
} dygw_id_range_t;

/* The rows with an id in the range that have a verify_time or are `processing`, in order, out of
 * `limit` rows at most that are read; *last_id is the last id read, or 0: there was none. rows: of
 * dygw_match_row_t *. */
apr_status_t dygw_store_match_read(dygw_db_t *db, const dygw_id_range_t *range, int limit,
                                   apr_array_header_t **rows, apr_int64_t *last_id,
                                   apr_pool_t *pool);

/* The one of that verify_id. APR_NOTFOUND. */
apr_status_t dygw_store_match_find(dygw_db_t *db, const char *verify_id, dygw_match_row_t **row,
                                   apr_pool_t *pool);

/* Those of a coupon, the newest first, at most 100. rows: of dygw_match_row_t *. */
apr_status_t dygw_store_match_of_coupon(dygw_db_t *db, const char *certificate_id,
                                        apr_array_header_t **rows, apr_pool_t *pool);

/* The last message about a coupon of which we had no record then. APR_NOTFOUND. */
apr_status_t dygw_store_match_webhook(dygw_db_t *db, const char *certificate_id,
                                      dygw_webhook_t *message, apr_pool_t *pool);

/* Whether any verification has an id below that one. */
apr_status_t dygw_store_match_began_before(dygw_db_t *db, apr_int64_t id, int *began);

/* Whether any verification of that store has one. */
apr_status_t dygw_store_match_began_in_store(dygw_db_t *db, const char *poi_id, apr_int64_t id,
                                             int *began);

#endif
