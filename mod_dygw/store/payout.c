/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_payouts as the background works with it. */
#include "store/payout.h"

#include "store/db/catalogue.h"
#include "store/db/kinds.h"

#define TEXT_OF(number)  #number
#define DIGITS_OF(macro) TEXT_OF(macro)

/* --- making rows --- */

static const dygw_stmt_t payout_piece = {
    "dygw_payout_piece",
    DYGW_SQL("SELECT MAX(id) FROM (SELECT id FROM dygw_verifications WHERE id > %lld "
             "AND id < %lld ORDER BY id LIMIT %lld) counted"),
};

/* In a risk review, a coupon may be redeemed two days after its row was made. */
#define ASK_AT \
    "(CASE WHEN verify_time > created_at THEN verify_time ELSE created_at END) " \
    "+ " DIGITS_OF(DYGW_PAYOUT_AFTER_MS)

static const dygw_stmt_t payout_add = {
    "dygw_payout_add",
    DYGW_SQL_INSERT_NEW("dygw_payouts (verification_id, next_ask_at) "
                        "SELECT id, " ASK_AT
                        " FROM dygw_verifications WHERE id > %lld AND id <= %lld "
                        "AND verify_status = 'success' AND certificate_id IS NOT NULL "
                        "AND NOT EXISTS (SELECT 1 FROM dygw_payouts WHERE verification_id = id)"),
};

static apr_status_t find_last_of_piece(dygw_db_t *db, const dygw_payout_piece_t *piece,
                                       apr_int64_t *last)
{
    const char *args[] = { dygw_db_int(db, piece->after), dygw_db_int(db, piece->below),
                           dygw_db_int(db, piece->limit) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &payout_piece, &rows, args);

    *last = 0;
    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        *last = dygw_row_int(rows, 0, 0);
        dygw_rows_end(rows);
    }
    return rv;
}

apr_status_t dygw_store_payout_add(dygw_db_t *db, const dygw_payout_piece_t *piece,
                                   apr_int64_t *last, int *added)
{
    const char *args[2];
    apr_status_t rv = find_last_of_piece(db, piece, last);

    *added = 0;
    if (rv != APR_SUCCESS || *last == 0) {
        return rv;
    }
    args[0] = dygw_db_int(db, piece->after);
    args[1] = dygw_db_int(db, *last);
    return dygw_db_exec(db, &payout_add, added, args);
}

/* --- asking --- */

#define DUE_COLUMNS(FIRST, X) \
    FIRST(INT64, verification_id) \
    X(INT64, ledger_asks) \
    X(INT64, ledger_lines) \
    X(TEXT, certificate_id) \
    X(TEXT, verify_id) \
    X(TEXT, account_id) \
    X(TEXT, store) \
    X(TEXT, poi_id) \
    X(TIME_OR_NULL, verify_time) \
    X(TIME, created_at)

static const dygw_stmt_t payout_due = {
    "dygw_payout_due",
    DYGW_SQL("SELECT " DYGW_NAMES(
        DUE_COLUMNS) ", (SELECT COUNT(*) FROM dygw_verifications uses "
                     "WHERE uses.certificate_id = dygw_verifications.certificate_id "
                     "AND uses.verify_status IN ('success', 'cancelled')) "
                     "FROM dygw_payouts JOIN dygw_verifications ON id = verification_id "
                     "WHERE next_ask_at <= %lld ORDER BY next_ask_at LIMIT %lld"),
};

#define READ(kind, name) row->name = DYGW_READ_##kind(rows, column++, pool);

static void read_due(dygw_rows_t *rows, dygw_payout_due_t *row, apr_pool_t *pool)
{
    int column = 0;

    DUE_COLUMNS(READ, READ)
    row->uses = dygw_row_int(rows, column, 0);
}

apr_status_t dygw_store_payout_due(dygw_db_t *db, dygw_ms_t now, int limit,
                                   apr_array_header_t **rows, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, now), dygw_db_int(db, limit) };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select(db, &payout_due, &found, args);

    *rows = apr_array_make(pool, 1, sizeof(dygw_payout_due_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        read_due(found, apr_array_push(*rows), pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

/* --- what came of it --- */

#define ASKED "UPDATE dygw_payouts SET next_ask_at = %lld, ledger_asks = %lld"
#define ONE   " WHERE verification_id = %lld"

#define SET_AMOUNT(member, number) ", expected_" #member " = %lld"

static const dygw_stmt_t payout_asked = {
    "dygw_payout_asked",
    DYGW_SQL(ASKED ONE),
};

static const dygw_stmt_t payout_lines = {
    "dygw_payout_lines",
    DYGW_SQL(ASKED
             ", ledger_at = %lld, ledger_status = %lld, ledger_lines = %lld" DYGW_PAYOUT_AMOUNTS(
                 SET_AMOUNT) ", ledger_records = %s" ONE),
};

#define ARGUMENT(member, number) \
    args[count++] = dygw_db_int_or_null(db, payout->amounts.member, DYGW_NO_INT);

static apr_status_t put_lines(dygw_db_t *db, const dygw_payout_t *payout)
{
    const char *args[32];
    int count = 0;

    args[count++] = DYGW_ARG_TIME_OR_NULL(db, payout->next_ask_at);
    args[count++] = dygw_db_int(db, payout->ledger_asks);
    args[count++] = dygw_db_int(db, payout->ledger_at);
    args[count++] = dygw_db_int(db, payout->ledger_status);
    args[count++] = dygw_db_int(db, payout->ledger_lines);
    DYGW_PAYOUT_AMOUNTS(ARGUMENT)
    args[count++] = payout->ledger_records;
    args[count++] = dygw_db_int(db, payout->verification_id);
    return dygw_db_exec(db, &payout_lines, NULL, args);
}

static apr_status_t put_asked(dygw_db_t *db, const dygw_payout_t *payout)
{
    const char *args[]
        = { DYGW_ARG_TIME_OR_NULL(db, payout->next_ask_at), dygw_db_int(db, payout->ledger_asks),
            dygw_db_int(db, payout->verification_id) };

    return dygw_db_exec(db, &payout_asked, NULL, args);
}

static apr_status_t put_all(dygw_db_t *db, const apr_array_header_t *payouts)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; i < payouts->nelts && rv == APR_SUCCESS; i++) {
        const dygw_payout_t *payout = &APR_ARRAY_IDX(payouts, i, const dygw_payout_t);

        rv = payout->ledger_lines > 0 ? put_lines(db, payout) : put_asked(db, payout);
    }
    return rv;
}

apr_status_t dygw_store_payout_put(dygw_db_t *db, const apr_array_header_t *payouts)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = put_all(db, payouts);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    return dygw_db_commit(db);
}

/* --- retention --- */

/* A row goes when its verification is gone. */
#define OLD \
    "verification_id < %lld AND NOT EXISTS (SELECT 1 FROM dygw_verifications " \
    "WHERE id = verification_id) ORDER BY verification_id LIMIT %lld"
#define PURGE \
    "DELETE FROM dygw_payouts WHERE verification_id IN " \
    "(SELECT verification_id FROM dygw_payouts WHERE " OLD ")"

static const dygw_stmt_t payout_purge = {
    "dygw_payout_purge",
    { PURGE, PURGE, "DELETE FROM dygw_payouts WHERE " OLD },
};

apr_status_t dygw_store_payout_purge(dygw_db_t *db, dygw_ms_t before, int limit, int *removed)
{
    const char *args[] = { dygw_db_int(db, dygw_id_at(before)), dygw_db_int(db, limit) };

    return dygw_db_exec(db, &payout_purge, removed, args);
}
