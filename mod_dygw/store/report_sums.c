/* SPDX-License-Identifier: Apache-2.0
 * Sums over dygw_verifications. They are read from the index that holds all that is summed; where a
 * filter has an index of its own, which has far fewer entries, they are read by that.
 *
 * The reason of a record is in that index, but for the few that have none recorded: most of what is
 * under way, and what failed under an older version. Those are looked at in the table, and only
 * where sums are grouped by reason, by a second SELECT in the same statement: a record that is
 * settled meanwhile is in one of the two. */
#include "store/report.h"

#include <apr_strings.h>

#include "store/report_filter.h"
#include "store/db/catalogue.h"
#include "store/verification/due.h"

#define COUNT_OF(word) "SUM(CASE WHEN verify_status = '" word "' THEN 1 ELSE 0 END)"
#define AMOUNT_OF(column) \
    "COALESCE(SUM(CASE WHEN verify_status = 'success' THEN " column " END), 0)"

/* X(member of dygw_sums_t, SQL) */
#define SUMS(X) \
    X(total_count, "COUNT(*)") \
    X(success_count, COUNT_OF("success")) \
    X(failed_count, COUNT_OF("failed")) \
    X(processing_count, COUNT_OF("processing")) \
    X(cancelled_count, COUNT_OF("cancelled")) \
    X(pay_amount, AMOUNT_OF("pay_amount")) \
    X(receipt_amount, AMOUNT_OF("receipt_amount")) \
    X(discount_amount, AMOUNT_OF("discount_amount"))

#define AND_SUM(member, sql)  ", " sql
#define READ_SUM(member, sql) sums->member = dygw_row_int(rows, (*column)++, 0);

/* With ", " before it. */
static const char sum_columns[] = SUMS(AND_SUM);

/* Of which records a SELECT is, as far as that matters to their reason. */
typedef enum {
    ANY,        /* the reason may have to be looked for in the table */
    EXPLAINED,  /* all that the index tells */
    UNEXPLAINED /* the others */
} part_e;

/* A `success` has a reason only where its cancel was refused: recorded, or to be filled in. */
#define NOT_RECORDED         "verify_status IN ('processing', 'failed') AND reason IS NULL"
/* On SQLite the range of times is to lead, not the status. */
#define NOT_RECORDED_SQLITE3 "+verify_status IN ('processing', 'failed') AND reason IS NULL"

/* MySQL would take the index of the status, and look at all that ever failed. */
#define TABLE_MYSQL "dygw_verifications FORCE INDEX (dygw_verifications_sums)"

/* As the views have it (gateway/reasons.c): a number that tells the reason is the caller's to
 * explain. What is under way under a recorded reason is under no review. */
#define REASON_LOOKED_AT \
    "CASE WHEN verify_status <> 'processing' THEN reason " \
    "WHEN review_since IS NOT NULL THEN 'risk_review' ELSE COALESCE(reason, 'waiting') END"
#define OF_UNEXPLAINED(column) \
    "CASE WHEN verify_status <> 'processing' AND reason IS NULL THEN " column " END"
#define CODE_LOOKED_AT        OF_UNEXPLAINED("error_code")
#define DESCRIPTION_LOOKED_AT OF_UNEXPLAINED("error_description")

#define FIRST(part) \
    "SELECT created_at FROM dygw_verifications WHERE " part "created_at >= %lld " \
    "ORDER BY created_at LIMIT 1"

/* By one index; on PostgreSQL by that of what has nothing due, and among the few others. */
static const dygw_stmt_t report_first = {
    "dygw_report_first",
    { FIRST(""),
      "SELECT created_at FROM ((" FIRST("next_run_at IS NULL AND ") ") UNION ALL (" FIRST(
          "next_run_at IS NOT NULL AND ") ")) both_parts ORDER BY created_at LIMIT 1",
      FIRST("") },
};

/* --- the SQL --- */

/* What is summed up. */
typedef struct sums_of_t {
    const char *from;
    const char *where;
} sums_of_t;

static void add_reason(dygw_columns_t *c, part_e part, apr_pool_t *pool)
{
    const int looked_at = part != EXPLAINED;

    dygw_columns_add(c, looked_at ? REASON_LOOKED_AT : "reason", 1, pool);
    dygw_columns_add(c, looked_at ? CODE_LOOKED_AT : "NULL", looked_at, pool);
    dygw_columns_add(c, looked_at ? DESCRIPTION_LOOKED_AT : "NULL", looked_at, pool);
}

static const char *not_recorded(dygw_db_t *db)
{
    return dygw_db_dialect(db) == DYGW_SQLITE3 ? NOT_RECORDED_SQLITE3 : NOT_RECORDED;
}

static const char *select_sums(dygw_db_t *db, const sums_of_t *of, int group_by, part_e part)
{
    apr_pool_t *pool = dygw_db_pool(db);
    dygw_columns_t columns = { .text = "", .group = "" };
    const char *table = of->from;
    const char *only = "";

    for (int key = 0; key < DYGW_KEYS; key++) {
        if (key == DYGW_KEY_REASON && group_by & DYGW_BY_REASON) {
            add_reason(&columns, part, pool);
        }
        else if (group_by & 1 << key) {
            dygw_report_key_add(&columns, db, key);
        }
    }
    if (part == EXPLAINED) {
        only = " AND NOT (" NOT_RECORDED ")";
    }
    else if (part == UNEXPLAINED) {
        only = apr_pstrcat(pool, " AND ", not_recorded(db), NULL);
        table = dygw_db_dialect(db) == DYGW_MYSQL ? TABLE_MYSQL : of->from;
    }
    return apr_pstrcat(pool, "SELECT ", columns.text, sum_columns + 2, " FROM ", table, " WHERE ",
                       of->where, only, *columns.group ? " GROUP BY " : "",
                       *columns.group ? columns.group + 2 : "", NULL);
}

static const char *sums_sql(dygw_db_t *db, const sums_of_t *of, int group_by, int parts)
{
    apr_pool_t *pool = dygw_db_pool(db);

    if (parts == 1) {
        return apr_pstrcat(pool, select_sums(db, of, group_by, ANY), " LIMIT %lld", NULL);
    }
    return apr_pstrcat(pool, select_sums(db, of, group_by, EXPLAINED), " UNION ALL ",
                       select_sums(db, of, group_by, UNEXPLAINED), " LIMIT %lld", NULL);
}

/* In the order of the text: for each SELECT the zone's arguments and the filter's; the limit. */
static const char **sums_arguments(dygw_db_t *db, const dygw_clause_t *clause,
                                   const dygw_sums_by_t *by, int parts, int limit)
{
    const char **args = apr_palloc(
        dygw_db_pool(db), ((apr_size_t)parts * (DYGW_KEYS + DYGW_CLAUSE_ARGS) + 1) * sizeof(*args));
    int count = 0;

    for (int part = 0; part < parts; part++) {
        count = dygw_report_key_args(db, by, args, count);
        for (int i = 0; i < clause->count; i++) {
            args[count++] = clause->args[i];
        }
    }
    args[count] = dygw_db_int(db, limit);
    return args;
}

/* --- the answer --- */

static void read_sums(dygw_rows_t *rows, int *column, dygw_sums_t *sums)
{
    SUMS(READ_SUM)
}

static void read_reason(dygw_rows_t *rows, int *column, dygw_sums_row_t *row, apr_pool_t *pool)
{
    row->keys[DYGW_KEY_REASON].text = dygw_row_text(rows, (*column)++, pool);
    row->error_code = dygw_row_int(rows, (*column)++, DYGW_NO_INT);
    row->error_description = dygw_row_text(rows, (*column)++, pool);
}

static void read_sums_row(dygw_rows_t *rows, int group_by, dygw_sums_row_t *row, apr_pool_t *pool)
{
    int column = 0;

    *row = (dygw_sums_row_t){ .error_code = DYGW_NO_INT };
    for (int key = 0; key < DYGW_KEYS; key++) {
        row->keys[key].number = DYGW_NO_INT;
        if (key == DYGW_KEY_REASON && group_by & DYGW_BY_REASON) {
            read_reason(rows, &column, row, pool);
        }
        else if (group_by & 1 << key) {
            dygw_report_key_read(rows, &column, key, &row->keys[key], &row->app_name, pool);
        }
    }
    read_sums(rows, &column, &row->sums);
}

apr_status_t dygw_store_report_sums(dygw_db_t *db, const dygw_report_filter_t *filter,
                                    const dygw_sums_by_t *by, int limit, apr_array_header_t **rows,
                                    apr_pool_t *pool)
{
    const int own_index = dygw_report_filter_has_index(filter);
    const int parts = !own_index && by->keys & DYGW_BY_REASON ? 2 : 1;
    const dygw_range_e range = own_index ? DYGW_RANGE_ID : DYGW_RANGE_CREATED_AT;
    dygw_clause_t clause;
    dygw_rows_t *found;
    dygw_stmt_t stmt;
    const char *sql;
    sums_of_t of;
    apr_status_t rv;

    dygw_report_clause(&clause, db, filter, range, DYGW_BELOW_ALL);
    of = (sums_of_t){ dygw_report_from(db, &clause, range), clause.where };
    sql = sums_sql(db, &of, by->keys, parts);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "sums", clause.mask, by->keys), DYGW_SQL(sql) };
    rv = dygw_db_select_once(db, &stmt, &found, sums_arguments(db, &clause, by, parts, limit));
    *rows = apr_array_make(pool, 1, sizeof(dygw_sums_row_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        read_sums_row(found, by->keys, apr_array_push(*rows), pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_report_first(dygw_db_t *db, dygw_ms_t from, dygw_ms_t *at)
{
    const char *since = dygw_db_int(db, from);
    const char *args[] = { since, since };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &report_first, &rows, args);

    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        *at = dygw_row_int(rows, 0, DYGW_NO_TIME);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}
