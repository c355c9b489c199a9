/* SPDX-License-Identifier: Apache-2.0
 * Tables dygw_reconciliations and dygw_reconciliation_items. */
#include "store/reconciliation.h"

#include "store/db/catalogue.h"
#include "store/db/kinds.h"

#define RECONCILIATION_COLUMNS(FIRST, X) \
    FIRST(TEXT, day) \
    X(TEXT, account_id) \
    X(TIME, wanted_at) \
    X(TIME_OR_NULL, generated_at) \
    X(TEXT, counts) \
    X(TEXT, amounts) \
    X(CLIPPED_255, last_error) \
    X(TIME_OR_NULL, next_run_at) \
    X(INT, tries)

/* What tells how far the shown generation goes, if it tells so of that generation. */
#define OF_SHOWN(name) "CASE WHEN compared_of = generated_at THEN " name " END"

#define COLUMNS \
    DYGW_NAMES(RECONCILIATION_COLUMNS) ", " OF_SHOWN("compared_until") ", " OF_SHOWN("left_out")

static const dygw_stmt_t reconciliation_get = {
    "dygw_reconciliation_get",
    DYGW_SQL("SELECT " COLUMNS " FROM dygw_reconciliations WHERE day = %s AND account_id = %s"),
};

static const dygw_stmt_t reconciliation_due = {
    "dygw_reconciliation_due",
    DYGW_SQL("SELECT " COLUMNS " FROM dygw_reconciliations WHERE next_run_at <= %lld "
             "ORDER BY next_run_at LIMIT 1"),
};

static const dygw_stmt_t reconciliation_recall = {
    "dygw_reconciliation_recall",
    DYGW_SQL("UPDATE dygw_reconciliations SET next_run_at = %lld WHERE next_run_at > %lld"),
};

static const dygw_stmt_t reconciliation_days = {
    "dygw_reconciliation_days",
    DYGW_SQL("SELECT day, wanted_at, generated_at FROM dygw_reconciliations "
             "WHERE day >= %s AND day <= %s AND account_id = %s ORDER BY day DESC"),
};

static const dygw_stmt_t reconciliation_close = {
    "dygw_reconciliation_close",
    DYGW_SQL("UPDATE dygw_reconciliations SET wanted_at = %lld, next_run_at = %lld, tries = 0 "
             "WHERE day = %s AND wanted_at < %lld "
             "AND (generated_at IS NULL OR generated_at < %lld)"),
};

static const dygw_stmt_t reconciliation_add = {
    "dygw_reconciliation_add",
    DYGW_SQL_INSERT_NEW("dygw_reconciliations (day, account_id, wanted_at, next_run_at) "
                        "VALUES (%s, %s, %lld, %lld)"),
};

static const dygw_stmt_t reconciliation_want = {
    "dygw_reconciliation_want",
    DYGW_SQL("UPDATE dygw_reconciliations SET wanted_at = %lld, next_run_at = %lld, tries = 0 "
             "WHERE day = %s AND account_id = %s"),
};

static const dygw_stmt_t reconciliation_done = {
    "dygw_reconciliation_done",
    DYGW_SQL("UPDATE dygw_reconciliations SET generated_at = %lld, counts = %s, amounts = %s, "
             "compared_of = %lld, compared_until = %lld, left_out = %s, "
             "last_error = NULL, tries = 0, "
             "next_run_at = CASE WHEN wanted_at = %lld THEN %lld ELSE next_run_at END "
             "WHERE day = %s AND account_id = %s "
             "AND (generated_at IS NULL OR generated_at < %lld)"),
};

static const dygw_stmt_t reconciliation_failed = {
    "dygw_reconciliation_failed",
    DYGW_SQL("UPDATE dygw_reconciliations SET last_error = %s, tries = %lld, "
             "next_run_at = %lld WHERE day = %s AND account_id = %s AND wanted_at = %lld"),
};

static const dygw_stmt_t item_put = {
    "dygw_reconciliation_item_put",
    DYGW_SQL_INSERT_NEW("dygw_reconciliation_items (day, account_id, generation, item_no, item) "
                        "VALUES (%s, %s, %lld, %lld, %s)"),
};

static const dygw_stmt_t item_list = {
    "dygw_reconciliation_item_list",
    DYGW_SQL("SELECT item_no, item FROM dygw_reconciliation_items WHERE day = %s "
             "AND account_id = %s AND generation = %lld AND item_no > %lld "
             "ORDER BY item_no LIMIT %lld"),
};

/* The last item of a generation that is not to be kept. */
static const dygw_stmt_t item_stale = {
    "dygw_reconciliation_item_stale",
    DYGW_SQL("SELECT day, account_id, generation, item_no FROM dygw_reconciliation_items "
             "WHERE day = %s AND account_id = %s AND generation <> %lld AND generation <> %lld "
             "ORDER BY generation DESC, item_no DESC LIMIT 1"),
};

static const dygw_stmt_t item_old = {
    "dygw_reconciliation_item_old",
    DYGW_SQL("SELECT day, account_id, generation, item_no FROM dygw_reconciliation_items "
             "WHERE day < %s "
             "ORDER BY day DESC, account_id DESC, generation DESC, item_no DESC LIMIT 1"),
};

static const dygw_stmt_t item_remove = {
    "dygw_reconciliation_item_remove",
    DYGW_SQL("DELETE FROM dygw_reconciliation_items WHERE day = %s AND account_id = %s "
             "AND generation = %lld AND item_no > %lld"),
};

static const dygw_stmt_t reconciliation_purge = {
    "dygw_reconciliation_purge",
    DYGW_SQL("DELETE FROM dygw_reconciliations WHERE day < %s"),
};

/* --- one row --- */

#define READ(kind, name) row->name = DYGW_READ_##kind(rows, column++, pool);

static dygw_reconciliation_t *read_reconciliation(dygw_rows_t *rows, apr_pool_t *pool)
{
    dygw_reconciliation_t *row = apr_palloc(pool, sizeof(*row));
    int column = 0;

    RECONCILIATION_COLUMNS(READ, READ)
    row->compared_until = DYGW_READ_TIME_OR_NULL(rows, column++, pool);
    row->left_out = DYGW_READ_TEXT(rows, column++, pool);
    return row;
}

/* The only row of a query. APR_NOTFOUND: it has none. */
static apr_status_t first_row(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                              dygw_rows_t **rows)
{
    apr_status_t rv = dygw_db_select(db, stmt, rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(*rows);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}

static apr_status_t first_reconciliation(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                                         dygw_reconciliation_t **found, apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = first_row(db, stmt, args, &rows);

    if (rv == APR_SUCCESS) {
        *found = read_reconciliation(rows, pool);
        dygw_rows_end(rows);
    }
    return rv;
}

apr_status_t dygw_store_reconciliation_get(dygw_db_t *db, const char *day, const char *account_id,
                                           dygw_reconciliation_t **found, apr_pool_t *pool)
{
    const char *args[] = { day, account_id };

    return first_reconciliation(db, &reconciliation_get, args, found, pool);
}

apr_status_t dygw_store_reconciliation_due(dygw_db_t *db, dygw_ms_t now,
                                           dygw_reconciliation_t **found, apr_pool_t *pool)
{
    const char *args[] = { dygw_db_int(db, now) };

    return first_reconciliation(db, &reconciliation_due, args, found, pool);
}

apr_status_t dygw_store_reconciliation_recall(dygw_db_t *db, dygw_ms_t now, dygw_ms_t beyond,
                                              int *count)
{
    const char *args[] = { dygw_db_int(db, now), dygw_db_int(db, beyond) };

    return dygw_db_exec(db, &reconciliation_recall, count, args);
}

apr_status_t dygw_store_reconciliation_days(dygw_db_t *db, const char *account_id,
                                            const char *first, const char *last,
                                            apr_array_header_t **days, apr_pool_t *pool)
{
    const char *args[] = { first, last, account_id };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &reconciliation_days, &rows, args);

    *days = apr_array_make(pool, 1, sizeof(dygw_reconciliation_day_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*days, dygw_reconciliation_day_t) = (dygw_reconciliation_day_t){
            .day = dygw_row_text(rows, 0, pool),
            .wanted_at = dygw_row_int(rows, 1, DYGW_NO_TIME),
            .generated_at = dygw_row_int(rows, 2, DYGW_NO_TIME),
        };
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_reconciliation_close(dygw_db_t *db, const char *day, dygw_ms_t now,
                                             dygw_ms_t end, dygw_ms_t ready)
{
    const char *at = dygw_db_int(db, now);
    const char *args[] = { at, at, day, dygw_db_int(db, end), dygw_db_int(db, ready) };

    return dygw_db_exec(db, &reconciliation_close, NULL, args);
}

/* --- wanting one --- */

static apr_status_t add_day(dygw_db_t *db, const char *day, const char *account_id, dygw_ms_t now,
                            dygw_ms_t run_at, int *nrows)
{
    const char *args[] = { day, account_id, dygw_db_int(db, now), dygw_db_int(db, run_at) };

    return dygw_db_exec(db, &reconciliation_add, nrows, args);
}

apr_status_t dygw_store_reconciliation_add(dygw_db_t *db, const char *day, const char *account_id,
                                           dygw_ms_t now, dygw_ms_t run_at)
{
    int nrows;

    return add_day(db, day, account_id, now, run_at, &nrows);
}

static apr_status_t want_day(dygw_db_t *db, const char *day, const char *account_id, dygw_ms_t now,
                             dygw_ms_t run_at)
{
    const char *args[] = { dygw_db_int(db, now), dygw_db_int(db, run_at), day, account_id };
    int nrows = 0;
    apr_status_t rv = add_day(db, day, account_id, now, run_at, &nrows);

    return rv == APR_SUCCESS && nrows == 0 ? dygw_db_exec(db, &reconciliation_want, NULL, args)
                                           : rv;
}

apr_status_t dygw_store_reconciliation_want(dygw_db_t *db, const char *day, const char *account_id,
                                            dygw_ms_t now, dygw_ms_t run_at,
                                            const dygw_audit_entry_t *entry)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = want_day(db, day, account_id, now, run_at);
    }
    if (rv == APR_SUCCESS && entry) {
        rv = dygw_store_audit_insert(db, entry);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    return dygw_db_commit(db);
}

/* --- a run --- */

static apr_status_t put_run_items(dygw_db_t *db, const dygw_reconciliation_t *run,
                                  dygw_ms_t generation, int first_no, const char *const *items,
                                  int count)
{
    const char *of = dygw_db_int(db, generation);
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < count && rv == APR_SUCCESS; i++) {
        const char *args[]
            = { run->day, run->account_id, of, dygw_db_int(db, first_no + i), items[i] };

        rv = dygw_db_exec(db, &item_put, NULL, args);
    }
    return rv;
}

apr_status_t dygw_store_reconciliation_put_items(dygw_db_t *db, const dygw_reconciliation_t *run,
                                                 dygw_ms_t generation, int first_no,
                                                 const char *const *items, int count)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = put_run_items(db, run, generation, first_no, items, count);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    return dygw_db_commit(db);
}

apr_status_t dygw_store_reconciliation_done(dygw_db_t *db, const dygw_reconciliation_t *run,
                                            const dygw_reconciliation_made_t *made)
{
    const char *at = dygw_db_int(db, made->generated_at);
    const char *args[] = { at,
                           made->counts,
                           made->amounts,
                           at,
                           DYGW_ARG_TIME_OR_NULL(db, made->compared_until),
                           made->left_out,
                           dygw_db_int(db, run->wanted_at),
                           DYGW_ARG_TIME_OR_NULL(db, made->next_run_at),
                           run->day,
                           run->account_id,
                           at };

    return dygw_db_exec(db, &reconciliation_done, NULL, args);
}

apr_status_t dygw_store_reconciliation_failed(dygw_db_t *db, const dygw_reconciliation_t *run,
                                              dygw_ms_t next_run_at, int tries,
                                              const char *last_error)
{
    const char *args[] = { DYGW_ARG_CLIPPED_255(db, last_error),
                           dygw_db_int(db, tries),
                           DYGW_ARG_TIME_OR_NULL(db, next_run_at),
                           run->day,
                           run->account_id,
                           dygw_db_int(db, run->wanted_at) };

    return dygw_db_exec(db, &reconciliation_failed, NULL, args);
}

/* --- items --- */

/* Removes the last items, about `limit`, of the generation that the query names. */
static apr_status_t remove_last_items(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                                      int limit, int *removed)
{
    const char *of[4];
    dygw_rows_t *rows;
    apr_status_t rv = first_row(db, stmt, args, &rows);
    int i;

    *removed = 0;
    if (rv != APR_SUCCESS) {
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    for (i = 0; i < 3; i++) {
        of[i] = dygw_row_text(rows, i, dygw_db_pool(db));
    }
    of[3] = dygw_db_int(db, dygw_row_int(rows, 3, 0) - limit);
    dygw_rows_end(rows);
    return dygw_db_exec(db, &item_remove, removed, of);
}

apr_status_t dygw_store_reconciliation_tidy(dygw_db_t *db, const dygw_reconciliation_t *run,
                                            dygw_ms_t generation, dygw_ms_t other, int limit,
                                            int *removed)
{
    const char *args[]
        = { run->day, run->account_id, dygw_db_int(db, generation), dygw_db_int(db, other) };

    return remove_last_items(db, &item_stale, args, limit, removed);
}

apr_status_t dygw_store_reconciliation_items(dygw_db_t *db, const dygw_reconciliation_t *shown,
                                             int after_no, int limit, apr_array_header_t **items,
                                             apr_pool_t *pool)
{
    const char *args[] = { shown->day, shown->account_id, dygw_db_int(db, shown->generated_at),
                           dygw_db_int(db, after_no), dygw_db_int(db, limit) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &item_list, &rows, args);

    *items = apr_array_make(pool, limit, sizeof(dygw_reconciliation_item_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*items, dygw_reconciliation_item_t) = (dygw_reconciliation_item_t){
            .item_no = (int)dygw_row_int(rows, 0, 0),
            .item = dygw_row_text(rows, 1, pool),
        };
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_reconciliation_purge(dygw_db_t *db, const char *day, int limit,
                                             int *removed)
{
    const char *args[] = { day };
    apr_status_t rv = remove_last_items(db, &item_old, args, limit, removed);

    return rv == APR_SUCCESS && *removed == 0
               ? dygw_db_exec(db, &reconciliation_purge, removed, args)
               : rv;
}
