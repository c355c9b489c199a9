/* SPDX-License-Identifier: Apache-2.0
 * Our side of the comparison with Douyin's records: our redemptions, and messages about coupons
 * that we have no record of. */
#include "store/match.h"

#include <string.h>

#include "store/db/catalogue.h"
#include "store/verification/words.h"

#define MATCH_COLUMNS(FIRST, X) \
    FIRST(INT64, id) \
    X(INT64, app_id) \
    X(TEXT, app_name) \
    X(TEXT, poi_id) \
    X(VERIFY_STATUS, verify_status) \
    X(TEXT, certificate_id) \
    X(TEXT, verify_id) \
    X(TEXT, order_id) \
    X(TEXT, ext_order_id) \
    X(TEXT, product_name) \
    X(INT64_OR_NULL, pay_amount) \
    X(TIME_OR_NULL, verify_time) \
    X(TIME, created_at) \
    X(TEXT, store) \
    X(TEXT, account_id) \
    X(TIME, updated_at) \
    X(TIME_OR_NULL, cancel_since) \
    X(AFTER_SALE, after_sale)

/* Of a message all but what is asked for. */
#define MATCH_MESSAGE_COLUMNS(FIRST, X) \
    FIRST(TEXT, msg_id) \
    X(TIME, received_at) \
    X(TEXT, event) \
    X(TEXT, action) \
    X(TIME_OR_NULL, msg_time) \
    X(TEXT, order_id) \
    X(TEXT, account_id)

/* The number of a column. */
#define NUMBER(kind, name) MATCH_##name,
enum { MATCH_COLUMNS(NUMBER, NUMBER) };

#define READ(kind, name) row->name = DYGW_READ_##kind(rows, column++, pool);

#define SELECT "SELECT " DYGW_NAMES(MATCH_COLUMNS) " FROM dygw_verifications "

static const dygw_stmt_t match_read = {
    "dygw_match_read",
    DYGW_SQL(SELECT "WHERE id > %lld AND id < %lld ORDER BY id LIMIT %lld"),
};

static const dygw_stmt_t match_find = {
    "dygw_match_find",
    DYGW_SQL(SELECT "WHERE verify_id = %s"),
};

static const dygw_stmt_t match_of_coupon = {
    "dygw_match_of_coupon",
    DYGW_SQL(SELECT "WHERE certificate_id = %s ORDER BY id DESC LIMIT 100"),
};

/* clang-format off */
static const dygw_stmt_t match_webhook = {
    "dygw_match_webhook",
    DYGW_SQL("SELECT " DYGW_NAMES(MATCH_MESSAGE_COLUMNS) " FROM dygw_webhooks "
             "WHERE certificate_id = %s AND records = 0 "
             "ORDER BY received_at DESC LIMIT 1")
};
/* clang-format on */

static const dygw_stmt_t match_began = {
    "dygw_match_began",
    DYGW_SQL("SELECT id FROM dygw_verifications WHERE id < %lld ORDER BY id LIMIT 1"),
};

#define IN_STORE(part) \
    "SELECT id FROM dygw_verifications WHERE " part "poi_id = %s AND id < %lld ORDER BY id LIMIT 1"

/* By one index; on PostgreSQL by that of what has nothing due, and among the few others. */
static const dygw_stmt_t match_began_in_store = {
    "dygw_match_began_in_store",
    { IN_STORE(""),
      "(" IN_STORE("next_run_at IS NULL AND ") ") UNION ALL (" IN_STORE(
          "next_run_at IS NOT NULL AND ") ") LIMIT 1",
      IN_STORE("") },
};

static dygw_match_row_t *read_match_row(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_match_row_t *row = apr_palloc(pool, sizeof(*row));
    int column = 0;

    MATCH_COLUMNS(READ, READ)
    return row;
}

static void read_match_message(dygw_rows_t *rows, dygw_webhook_t *row, apr_pool_t *pool)
{
    int column = 0;

    MATCH_MESSAGE_COLUMNS(READ, READ)
}

apr_status_t dygw_store_match_read(dygw_db_t *db, const dygw_id_range_t *range, int limit,
                                   apr_array_header_t **rows, apr_int64_t *last_id,
                                   apr_pool_t *pool)
{
    const char *args[]
        = { dygw_db_int(db, range->after), dygw_db_int(db, range->below), dygw_db_int(db, limit) };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &match_read, &found, args);

    *last_id = 0;
    *rows = apr_array_make(pool, limit, sizeof(dygw_match_row_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        *last_id = dygw_row_int(found, MATCH_id, 0);
        if (dygw_row_int(found, MATCH_verify_time, DYGW_NO_TIME) != DYGW_NO_TIME
            || DYGW_READ_VERIFY_STATUS(found, MATCH_verify_status, pool) == DYGW_PROCESSING) {
            APR_ARRAY_PUSH(*rows, dygw_match_row_t *) = read_match_row(found, pool);
        }
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_match_find(dygw_db_t *db, const char *verify_id, dygw_match_row_t **row,
                                   apr_pool_t *pool)
{
    const char *args[] = { verify_id };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &match_find, &rows, args);

    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        *row = read_match_row(rows, pool);
        dygw_rows_end(rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}

apr_status_t dygw_store_match_of_coupon(dygw_db_t *db, const char *certificate_id,
                                        apr_array_header_t **rows, apr_pool_t *pool)
{
    const char *args[] = { certificate_id };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &match_of_coupon, &found, args);

    *rows = apr_array_make(pool, 1, sizeof(dygw_match_row_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*rows, dygw_match_row_t *) = read_match_row(found, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_match_webhook(dygw_db_t *db, const char *certificate_id,
                                      dygw_webhook_t *message, apr_pool_t *pool)
{
    const char *args[] = { certificate_id };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &match_webhook, &rows, args);

    if (rv != APR_SUCCESS || (rv = dygw_rows_next(rows)) != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    *message = (dygw_webhook_t){ .certificate_id = certificate_id };
    read_match_message(rows, message, pool);
    dygw_rows_end(rows);
    return APR_SUCCESS;
}

static apr_status_t has_any_row(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args, int *has)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    *has = rv == APR_SUCCESS;
    if (*has) {
        dygw_rows_end(rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_match_began_before(dygw_db_t *db, apr_int64_t id, int *began)
{
    const char *args[] = { dygw_db_int(db, id) };

    return has_any_row(db, &match_began, args, began);
}

apr_status_t dygw_store_match_began_in_store(dygw_db_t *db, const char *poi_id, apr_int64_t id,
                                             int *began)
{
    const char *below = dygw_db_int(db, id);
    const char *args[] = { poi_id, below, poi_id, below };

    return has_any_row(db, &match_began_in_store, args, began);
}
