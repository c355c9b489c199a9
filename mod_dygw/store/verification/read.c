/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications: its rows are read, and removed at their end. Writing is in insert.c,
 * change.c and, for webhooks, due.c. */
#include "store/db/catalogue.h"
#include "store/verification/columns.h"
#include "store/verification/verification.h"
#include "store/verification/words.h"
#include "store/verification/write.h"

#define MAX_ITEMS 10 /* coupons of one request, as the contract allows */

#define SELECT "SELECT " DYGW_VERIFICATION_COLUMNS " FROM dygw_verifications "

static const dygw_stmt_t verification_get = {
    "dygw_verification_get",
    DYGW_SQL(SELECT "WHERE id = %lld"),
};

/* A request's rows have the ids from first_id on, so that the primary key finds them. */
static const dygw_stmt_t verification_items = {
    "dygw_verification_items",
    DYGW_SQL(SELECT "WHERE id >= %lld AND id < %lld AND first_id = %lld ORDER BY id LIMIT 10"),
};

static const dygw_stmt_t verification_find = {
    "dygw_verification_find",
    DYGW_SQL(SELECT "WHERE attempt_key IN (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                    "ORDER BY item_no LIMIT 1"),
};

#define CODE_COLUMNS(FIRST, X) \
    FIRST(INT64, id) \
    X(INT64, first_id) \
    X(VERIFY_STATUS, verify_status) \
    X(TEXT, certificate_id) \
    X(COUPON_STATUS, coupon_status) \
    X(INT, attempts)

/* An order has few rows, so that no index has the code. The code that was typed is that of each row
 * of its request, but only the first one stands for it; a redeemed coupon has its own. */
static const dygw_stmt_t verification_of_code = {
    "dygw_verification_of_code",
    DYGW_SQL("SELECT " DYGW_NAMES(
        CODE_COLUMNS) " FROM dygw_verifications "
                      "WHERE order_id = %s AND origin_code = %s "
                      "AND verify_status IN ('success', 'processing') "
                      "AND (item_no = 0 OR verify_status = 'success') LIMIT 1000"),
};

static apr_status_t one_verification(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                                     dygw_verification_t **v, apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, stmt, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    *v = dygw_store_verification_read(rows, pool);
    return APR_SUCCESS;
}

apr_status_t dygw_store_verification_get(dygw_db_t *db, apr_int64_t id, apr_int64_t app_id,
                                         dygw_verification_t **v, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, id) };
    apr_status_t rv = one_verification(db, &verification_get, args, v, pool);

    return rv == APR_SUCCESS && app_id != 0 && (*v)->app_id != app_id ? APR_NOTFOUND : rv;
}

apr_status_t dygw_store_verification_items(dygw_db_t *db, apr_int64_t first_id,
                                           apr_array_header_t **items, apr_pool_t *pool)
{
    const char *first = dygw_db_int(db, first_id);
    const char *args[] = { first, dygw_db_int(db, first_id + MAX_ITEMS), first };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &verification_items, &rows, args);

    *items = apr_array_make(pool, 1, sizeof(dygw_verification_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*items, dygw_verification_t *) = dygw_store_verification_read(rows, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_verification_find(dygw_db_t *db, const char *verify_token,
                                          const char *encrypted_code, dygw_verification_t **v,
                                          apr_pool_t *pool)
{
    const char *args[MAX_ITEMS];
    int i;

    for (i = 0; i < MAX_ITEMS; i++) {
        args[i] = dygw_store_attempt_key(verify_token, encrypted_code, i, dygw_db_pool(db));
    }
    return one_verification(db, &verification_find, args, v, pool);
}

#define READ(kind, name) row.name = DYGW_READ_##kind(rows, column++, pool);

static dygw_code_row_t read_code_row(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_code_row_t row;
    int column = 0;

    CODE_COLUMNS(READ, READ)
    return row;
}

apr_status_t dygw_store_verification_of_code(dygw_db_t *db, const char *order_id, const char *code,
                                             apr_array_header_t **rows, apr_pool_t *pool)
{
    const char *args[] = { order_id, code };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &verification_of_code, &found, args);

    *rows = apr_array_make(pool, 1, sizeof(dygw_code_row_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*rows, dygw_code_row_t) = read_code_row(found, pool);
    }
    if (APR_STATUS_IS_EOF(rv)) {
        return APR_SUCCESS;
    }
    return dygw_db_timed_out(db) ? APR_TIMEUP : rv;
}

/* --- the end of rows --- */

/* Nothing is to be done about it any more. */
#define FINISHED(of) \
    of "verify_status <> 'processing' AND " of "enrichment_status <> 'pending' " \
       "AND " of "errand_at IS NULL"

/* A request's rows are worked on together: while there is work for one, the others stay. They are
 * found by the primary key: PostgreSQL has no index of first_id. */
#define OLDEST(part) \
    "SELECT c.id FROM dygw_verifications c WHERE " part \
    "c.created_at < %lld AND c.updated_at < %lld AND " FINISHED( \
        "c.") " " \
              "AND NOT EXISTS (SELECT 1 FROM dygw_verifications o " \
              "WHERE o.id >= c.first_id AND o.id < c.first_id + 10 " \
              "AND o.first_id = c.first_id AND NOT (" FINISHED( \
                  "o.") ")) ORDER BY c.created_at LIMIT %lld"
/* By one index; on PostgreSQL by that of what has nothing due, and among the few
 * others. */
#define OLDEST_PGSQL \
    "(" OLDEST("c.next_run_at IS NULL AND ") ") UNION ALL (" OLDEST( \
        "c.next_run_at IS NOT NULL AND ") ") LIMIT %lld"

/* Looks again at what it removes: a webhook may just have made work for it. */
#define PURGE(oldest) "DELETE FROM dygw_verifications WHERE id IN (" oldest ") AND " FINISHED("")
#define PURGE_MYSQL \
    "DELETE v FROM dygw_verifications v JOIN (" OLDEST("") ") x ON x.id = v.id WHERE " FINISHED( \
        "v.")

static const dygw_stmt_t verification_purge = {
    "dygw_verification_purge",
    { PURGE(OLDEST("")), PURGE(OLDEST_PGSQL), PURGE_MYSQL },
};

apr_status_t dygw_store_verification_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    const char *at = dygw_db_int(db, before);
    const char *most = dygw_db_int(db, limit);
    const char *args[] = { at, at, most, at, at, most, most };

    return dygw_db_exec(db, &verification_purge, removed, args);
}
