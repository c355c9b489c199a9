/* SPDX-License-Identifier: Apache-2.0
 * Our side of the comparison with Douyin's ledger. */
#include "store/ledger.h"

#include <string.h>

#include "store/db/catalogue.h"
#include "store/verification/words.h"

#define SELECT \
    "SELECT id, app_id, app_name, poi_id, verify_status, certificate_id, verify_id, order_id, " \
    "ext_order_id, product_name, pay_amount, verify_time, created_at FROM dygw_verifications "

static const dygw_stmt_t ledger_read = {
    "dygw_ledger_read", DYGW_SQL(SELECT "WHERE id > %lld AND id < %lld ORDER BY id LIMIT %lld")
};

static const dygw_stmt_t ledger_find = {
    "dygw_ledger_find", DYGW_SQL(SELECT "WHERE verify_id = %s")
};

static const dygw_stmt_t ledger_of_coupon = {
    "dygw_ledger_of_coupon",
    DYGW_SQL(SELECT "WHERE certificate_id = %s ORDER BY id DESC LIMIT 100")
};

static const dygw_stmt_t ledger_webhook = {
    "dygw_ledger_webhook",
    DYGW_SQL("SELECT msg_id, received_at, event, action, msg_time, order_id, account_id "
             "FROM dygw_webhooks WHERE certificate_id = %s AND records = 0 "
             "ORDER BY received_at DESC LIMIT 1")
};

static const dygw_stmt_t ledger_began = {
    "dygw_ledger_began",
    DYGW_SQL("SELECT id FROM dygw_verifications WHERE id < %lld ORDER BY id LIMIT 1")
};

/* All rows have to be read before the next statement. */
static void drain(dygw_rows_t *rows)
{
    while (dygw_rows_next(rows) == APR_SUCCESS) { }
}

static dygw_ledger_row_t *read_row(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_ledger_row_t *row = apr_palloc(pool, sizeof(*row));

    row->id = dygw_row_int(rows, 0, 0);
    row->app_id = dygw_row_int(rows, 1, 0);
    row->app_name = dygw_row_text(rows, 2, pool);
    row->poi_id = dygw_row_text(rows, 3, pool);
    row->verify_status = (dygw_verify_status_e)dygw_store_word_value(
        DYGW_WORDS_VERIFY, dygw_row_text(rows, 4, pool), DYGW_PROCESSING);
    row->certificate_id = dygw_row_text(rows, 5, pool);
    row->verify_id = dygw_row_text(rows, 6, pool);
    row->order_id = dygw_row_text(rows, 7, pool);
    row->ext_order_id = dygw_row_text(rows, 8, pool);
    row->product_name = dygw_row_text(rows, 9, pool);
    row->pay_amount = dygw_row_int(rows, 10, DYGW_NO_INT);
    row->verify_time = dygw_row_int(rows, 11, DYGW_NO_TIME);
    row->created_at = dygw_row_int(rows, 12, 0);
    return row;
}

apr_status_t dygw_store_ledger_read(dygw_db_t *db, const dygw_id_range_t *range, int limit,
                                    apr_array_header_t **rows, apr_int64_t *last_id,
                                    apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, range->after), dygw_db_int(db, range->below),
                           dygw_db_int(db, limit) };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &ledger_read, &found, args);

    *last_id = 0;
    *rows = apr_array_make(pool, limit, sizeof(dygw_ledger_row_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        *last_id = dygw_row_int(found, 0, 0);
        if (dygw_row_int(found, 11, DYGW_NO_TIME) != DYGW_NO_TIME) {
            APR_ARRAY_PUSH(*rows, dygw_ledger_row_t *) = read_row(found, pool);
        }
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_ledger_find(dygw_db_t *db, const char *verify_id, dygw_ledger_row_t **row,
                                    apr_pool_t *pool)
{
    const char *args[] = { verify_id };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &ledger_find, &rows, args);

    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        *row = read_row(rows, pool);
        drain(rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}

apr_status_t dygw_store_ledger_of_coupon(dygw_db_t *db, const char *certificate_id,
                                         apr_array_header_t **rows, apr_pool_t *pool)
{
    const char *args[] = { certificate_id };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &ledger_of_coupon, &found, args);

    *rows = apr_array_make(pool, 1, sizeof(dygw_ledger_row_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*rows, dygw_ledger_row_t *) = read_row(found, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_ledger_webhook(dygw_db_t *db, const char *certificate_id,
                                       dygw_webhook_t *message, apr_pool_t *pool)
{
    const char *args[] = { certificate_id };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &ledger_webhook, &rows, args);

    if (rv != APR_SUCCESS || (rv = dygw_rows_next(rows)) != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    *message = (dygw_webhook_t){
        .msg_id = dygw_row_text(rows, 0, pool), .received_at = dygw_row_int(rows, 1, 0),
        .event = dygw_row_text(rows, 2, pool), .action = dygw_row_text(rows, 3, pool),
        .msg_time = dygw_row_int(rows, 4, DYGW_NO_TIME), .certificate_id = certificate_id,
        .order_id = dygw_row_text(rows, 5, pool), .account_id = dygw_row_text(rows, 6, pool)
    };
    drain(rows);
    return APR_SUCCESS;
}

apr_status_t dygw_store_ledger_began_before(dygw_db_t *db, apr_int64_t id, int *began)
{
    const char *args[] = { dygw_db_int(db, id) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &ledger_began, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    *began = rv == APR_SUCCESS;
    if (*began) {
        drain(rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}
