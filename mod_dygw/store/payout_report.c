/* SPDX-License-Identifier: Apache-2.0
 * Our redemptions joined with dygw_payouts by the primary keys of both: lists and sums. */
#include "store/payout_report.h"

#include <apr_strings.h>

#include "store/report.h"
#include "store/db/catalogue.h"
#include "store/db/kinds.h"
#include "store/verification/verification.h"
#include "store/verification/words.h"

#define JOIN " LEFT JOIN dygw_payouts ON verification_id = id"

/* Written so that no index is taken for it: nearly all verifications are redemptions. */
#define IS_SHOWN \
    " AND CASE verify_status WHEN 'success' THEN 1 " \
    "WHEN 'cancelled' THEN COALESCE(ledger_lines, 0) ELSE 0 END > 0"

/* A dygw_payout_state_e: the numbers of the ledger's statuses are one less. */
#define STATE \
    "CASE WHEN COALESCE(ledger_lines, 0) = 0 THEN 0 WHEN verify_status = 'cancelled' THEN 5 " \
    "ELSE ledger_status + 1 END"

#define WORD(name, word) [DYGW_PAYOUT_##name] = #word,

static const char *const state_words[] = { DYGW_PAYOUT_STATES(WORD) };

const char *dygw_payout_state_word(dygw_payout_state_e state)
{
    return state_words[state];
}

static dygw_payout_state_e read_state(dygw_rows_t *rows, int column)
{
    const apr_int64_t state = dygw_row_int(rows, column, DYGW_PAYOUT_NONE);

    return state < 0 || state >= DYGW_PAYOUT_STATES_COUNT ? DYGW_PAYOUT_NONE
                                                          : (dygw_payout_state_e)state;
}

/* --- lists --- */

#define ROW_COLUMNS(FIRST, X) \
    FIRST(INT64, id) \
    X(TIME, created_at) \
    X(TIME_OR_NULL, verify_time) \
    X(VERIFY_STATUS, verify_status) \
    X(TEXT, poi_id) \
    X(TEXT, store) \
    X(TEXT, account_id) \
    X(INT64, app_id) \
    X(TEXT, app_name) \
    X(TEXT, order_id) \
    X(TEXT, certificate_id) \
    X(TEXT, verify_id) \
    X(TEXT, product_id) \
    X(TEXT, product_name) \
    X(TEXT, sku_id) \
    X(TEXT, sku_name) \
    X(INT64_OR_NULL, pay_amount) \
    X(TIME_OR_NULL, ledger_at) \
    X(INT64, ledger_lines)

#define AND_AMOUNT(member, number)  ", expected_" #member
#define READ(kind, name)            row->name = DYGW_READ_##kind(rows, column++, pool);
#define READ_AMOUNT(member, number) amounts->member = dygw_row_int(rows, column++, DYGW_NO_INT);

static void read_amounts(dygw_rows_t *rows, int column, dygw_payout_amounts_t *amounts)
{
    DYGW_PAYOUT_AMOUNTS(READ_AMOUNT)
}

static void read_row(dygw_rows_t *rows, dygw_payout_row_t *row, apr_pool_t *pool)
{
    int column = 0;

    ROW_COLUMNS(READ, READ)
    row->state = read_state(rows, column++);
    read_amounts(rows, column, &row->expected);
}

apr_status_t dygw_store_payout_below(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     apr_int64_t below_id, int limit, apr_array_header_t **rows,
                                     apr_pool_t *pool)
{
    const dygw_listed_t listed
        = { DYGW_NAMES(ROW_COLUMNS) ", " STATE DYGW_PAYOUT_AMOUNTS(AND_AMOUNT), JOIN, IS_SHOWN, 0,
            limit };
    dygw_clause_t clause;
    dygw_rows_t *found;
    dygw_stmt_t stmt;
    const char **args;
    const char *sql;
    apr_status_t rv;

    dygw_report_clause(&clause, db, filter, DYGW_RANGE_ID, below_id);
    sql = dygw_report_list_sql(db, &clause, &listed, &args);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "payouts", clause.mask, 0), DYGW_SQL(sql) };
    rv = dygw_db_select_once(db, &stmt, &found, args);
    *rows = apr_array_make(pool, 1, sizeof(dygw_payout_row_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        read_row(found, apr_array_push(*rows), pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

/* The id of the first row of the page. APR_EOF: there are not as many. */
static apr_status_t payout_id_at(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                 apr_int64_t *id)
{
    const dygw_listed_t listed = { "id", JOIN, IS_SHOWN, offset, 1 };
    dygw_clause_t clause;
    dygw_stmt_t stmt;
    const char **args;
    const char *sql;

    dygw_report_clause(&clause, db, filter, DYGW_RANGE_ID, DYGW_BELOW_ALL);
    sql = dygw_report_list_sql(db, &clause, &listed, &args);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "payouts_at", clause.mask, 0), DYGW_SQL(sql) };
    return dygw_report_number(db, &stmt, args, id);
}

apr_status_t dygw_store_payout_page(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                    int limit, apr_array_header_t **rows, apr_pool_t *pool)
{
    apr_int64_t first = 0;
    apr_status_t rv;

    if (offset == 0) {
        return dygw_store_payout_below(db, filter, DYGW_BELOW_ALL, limit, rows, pool);
    }
    *rows = apr_array_make(pool, 1, sizeof(dygw_payout_row_t));
    rv = payout_id_at(db, filter, offset, &first);
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
    }
    return dygw_store_payout_below(db, filter, first + 1, limit, rows, pool);
}

/* Of cancelled ones there are few. */
static apr_status_t count_cancelled(dygw_db_t *db, dygw_report_filter_t filter, apr_int64_t *total)
{
    dygw_clause_t clause;
    dygw_stmt_t stmt;
    const char *sql;

    filter.status = DYGW_CANCELLED;
    dygw_report_clause(&clause, db, &filter, DYGW_RANGE_ID, DYGW_BELOW_ALL);
    sql = apr_pstrcat(dygw_db_pool(db), "SELECT COUNT(*) FROM ",
                      dygw_report_from(db, &clause, DYGW_RANGE_ID), JOIN " WHERE ", clause.where,
                      " AND ledger_lines > 0", NULL);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "payouts_void", clause.mask, 0), DYGW_SQL(sql) };
    return dygw_report_number(db, &stmt, clause.args, total);
}

/* Redemptions are counted as verifications are, by an index alone. */
apr_status_t dygw_store_payout_count(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     apr_int64_t *total)
{
    dygw_report_filter_t redeemed = *filter;
    apr_int64_t cancelled = 0;
    apr_status_t rv = APR_SUCCESS;

    *total = 0;
    redeemed.status = DYGW_SUCCESS;
    if (filter->status == DYGW_ANY_STATUS || filter->status == DYGW_SUCCESS) {
        rv = dygw_store_report_count(db, &redeemed, total);
    }
    if (rv == APR_SUCCESS
        && (filter->status == DYGW_ANY_STATUS || filter->status == DYGW_CANCELLED)) {
        rv = count_cancelled(db, *filter, &cancelled);
    }
    *total += cancelled;
    return rv;
}

/* --- sums --- */

/* What is void is not paid. */
#define UNLESS_VOID(column)    ", SUM(CASE WHEN " STATE " <> 5 THEN " column " END)"
#define SUM_OF(member, number) UNLESS_VOID("expected_" #member)

static const char *counts_sql(apr_pool_t *pool)
{
    const char *sql = "COUNT(*)";

    for (int i = 0; i < DYGW_PAYOUT_STATES_COUNT; i++) {
        sql = apr_psprintf(pool, "%s, SUM(CASE WHEN " STATE " = %d THEN 1 ELSE 0 END)", sql, i);
    }
    return sql;
}

static const char *payout_sums_sql(dygw_db_t *db, const dygw_clause_t *clause, int keys)
{
    dygw_columns_t columns = { .text = "", .group = "" };
    apr_pool_t *pool = dygw_db_pool(db);

    for (int key = 0; key < DYGW_KEYS; key++) {
        if (keys & 1 << key) {
            dygw_report_key_add(&columns, db, key);
        }
    }
    return apr_pstrcat(pool, "SELECT ", columns.text, counts_sql(pool),
                       UNLESS_VOID("pay_amount") DYGW_PAYOUT_AMOUNTS(SUM_OF) " FROM ",
                       dygw_report_from(db, clause, DYGW_RANGE_ID), JOIN " WHERE ", clause->where,
                       IS_SHOWN, *columns.group ? " GROUP BY " : "",
                       *columns.group ? columns.group + 2 : "", " LIMIT %lld", NULL);
}

/* In the order of the text: those of days and hours, the filter's, the limit. */
static const char **payout_sums_args(dygw_db_t *db, const dygw_clause_t *clause,
                                     const dygw_sums_by_t *by, int limit)
{
    const char **args
        = apr_palloc(dygw_db_pool(db), (DYGW_KEYS + DYGW_CLAUSE_ARGS + 1) * sizeof(*args));
    int count = dygw_report_key_args(db, by, args, 0);

    for (int i = 0; i < clause->count; i++) {
        args[count++] = clause->args[i];
    }
    args[count] = dygw_db_int(db, limit);
    return args;
}

static void read_sums(dygw_rows_t *rows, int column, dygw_payout_sums_t *sums)
{
    sums->count = dygw_row_int(rows, column++, 0);
    for (int i = 0; i < DYGW_PAYOUT_STATES_COUNT; i++) {
        sums->count_of[i] = dygw_row_int(rows, column++, 0);
    }
    sums->pay_amount = dygw_row_int(rows, column++, 0);
    read_amounts(rows, column, &sums->expected);
}

static void read_group(dygw_rows_t *rows, int keys, dygw_payout_group_t *group, apr_pool_t *pool)
{
    int column = 0;

    *group = (dygw_payout_group_t){ 0 };
    for (int key = 0; key < DYGW_KEYS; key++) {
        group->keys[key].number = DYGW_NO_INT;
        if (keys & 1 << key) {
            dygw_report_key_read(rows, &column, key, &group->keys[key], &group->app_name, pool);
        }
    }
    read_sums(rows, column, &group->sums);
}

apr_status_t dygw_store_payout_sums(dygw_db_t *db, const dygw_report_filter_t *filter,
                                    const dygw_sums_by_t *by, int limit, apr_array_header_t **rows,
                                    apr_pool_t *pool)
{
    dygw_clause_t clause;
    dygw_rows_t *found;
    dygw_stmt_t stmt;
    const char *sql;
    apr_status_t rv;

    dygw_report_clause(&clause, db, filter, DYGW_RANGE_ID, DYGW_BELOW_ALL);
    sql = payout_sums_sql(db, &clause, by->keys);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "payout_sums", clause.mask, by->keys),
                          DYGW_SQL(sql) };
    rv = dygw_db_select_once(db, &stmt, &found, payout_sums_args(db, &clause, by, limit));
    *rows = apr_array_make(pool, 1, sizeof(dygw_payout_group_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        read_group(found, by->keys, apr_array_push(*rows), pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}
