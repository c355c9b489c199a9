/* SPDX-License-Identifier: Apache-2.0
 * Sums over dygw_verifications. They are read from the index that holds all that is summed; where a
 * filter has an index of its own, which has far fewer entries, they are read by that. */
#include "store/report.h"

#include <apr_strings.h>

#include "store/report_filter.h"
#include "store/db/catalogue.h"
#include "util/day.h"

#define MINUTE_MS 60000

/* Columns of the answer: by what is grouped, whose numbers stand in GROUP BY too, and the sums. */
enum { DAY, POI, APP, APP_NAME, PRODUCT, STORE, ACCOUNT, FIRST_SUM };

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
#define READ_SUM(member, sql) sums->member = dygw_row_int(rows, column++, 0);

/* Days since the epoch of a zone that is so many ms east. */
static const char *const day_numbers[DYGW_DIALECTS] = {
    [DYGW_SQLITE3] = "(created_at + CAST(%lld AS INTEGER)) / 86400000",
    [DYGW_PGSQL] = "(created_at + CAST(%lld AS BIGINT)) / 86400000",
    [DYGW_MYSQL] = "(created_at + CAST(%lld AS SIGNED)) DIV 86400000",
};

static const dygw_stmt_t report_first = {
    "dygw_report_first",
    DYGW_SQL("SELECT created_at FROM dygw_verifications WHERE created_at >= %lld "
             "ORDER BY created_at LIMIT 1"),
};

/* What is grouped by, in the order of the columns. The name of an app depends on its id. */
static const struct {
    int key; /* DYGW_BY_* */
    const char *sql;
    const char *without; /* where it is not grouped by */
    const char *number;  /* in GROUP BY */
} groupings[] = {
    { DYGW_BY_DAY, NULL, "NULL", ", 1" },
    { DYGW_BY_POI, "poi_id", "NULL", ", 2" },
    { DYGW_BY_APP, "app_id, (SELECT name FROM dygw_apps WHERE dygw_apps.id = app_id)", "NULL, NULL",
      ", 3" },
    { DYGW_BY_PRODUCT, "product_id", "NULL", ", 5" },
    { DYGW_BY_STORE, "store", "NULL", ", 6" },
    { DYGW_BY_ACCOUNT, "account_id", "NULL", ", 7" },
};

#define GROUPINGS (sizeof(groupings) / sizeof(groupings[0]))

static const char *sums_sql(dygw_db_t *db, const char *where, int group_by)
{
    apr_pool_t *pool = dygw_db_pool(db);
    const char *columns = "SELECT ";
    const char *by = "";

    for (apr_size_t i = 0; i < GROUPINGS; i++) {
        const char *sql = groupings[i].sql ? groupings[i].sql : day_numbers[dygw_db_dialect(db)];
        const int grouped = group_by & groupings[i].key;

        columns = apr_pstrcat(pool, columns, i > 0 ? ", " : "",
                              grouped ? sql : groupings[i].without, NULL);
        by = grouped ? apr_pstrcat(pool, by, groupings[i].number, NULL) : by;
    }
    return apr_pstrcat(pool, columns, SUMS(AND_SUM) " FROM dygw_verifications WHERE ", where,
                       *by ? " GROUP BY " : "", *by ? by + 2 : "", " LIMIT %lld", NULL);
}

static void read_sums(dygw_rows_t *rows, dygw_sums_t *sums)
{
    int column = FIRST_SUM;

    SUMS(READ_SUM)
}

static void read_sums_row(dygw_rows_t *rows, int zone, dygw_sums_row_t *row, apr_pool_t *pool)
{
    const apr_int64_t day = dygw_row_int(rows, DAY, DYGW_NO_TIME);

    row->day = day == DYGW_NO_TIME ? DYGW_NO_TIME : day * DYGW_DAY_MS - (dygw_ms_t)zone * MINUTE_MS;
    row->poi_id = dygw_row_text(rows, POI, pool);
    row->app_id = dygw_row_int(rows, APP, 0);
    row->app_name = dygw_row_text(rows, APP_NAME, pool);
    row->product_id = dygw_row_text(rows, PRODUCT, pool);
    row->store = dygw_row_text(rows, STORE, pool);
    row->account_id = dygw_row_text(rows, ACCOUNT, pool);
    read_sums(rows, &row->sums);
}

/* In the order of the text: the day's argument, the filter's, the limit. */
static const char **sums_arguments(dygw_db_t *db, const dygw_clause_t *clause,
                                   const dygw_sums_by_t *by, int limit)
{
    const char **args = apr_palloc(dygw_db_pool(db), (DYGW_CLAUSE_ARGS + 2) * sizeof(*args));
    int count = 0;
    int i;

    if (by->keys & DYGW_BY_DAY) {
        args[count++] = dygw_db_int(db, (apr_int64_t)by->zone * MINUTE_MS);
    }
    for (i = 0; i < clause->count; i++) {
        args[count++] = clause->args[i];
    }
    args[count] = dygw_db_int(db, limit);
    return args;
}

apr_status_t dygw_store_report_sums(dygw_db_t *db, const dygw_report_filter_t *filter,
                                    const dygw_sums_by_t *by, int limit, apr_array_header_t **rows,
                                    apr_pool_t *pool)
{
    const int own_index = dygw_report_filter_has_index(filter);
    dygw_clause_t clause;
    dygw_rows_t *found;
    dygw_stmt_t stmt;
    const char *sql;
    apr_status_t rv;

    dygw_report_clause(&clause, db, filter, own_index ? DYGW_RANGE_ID : DYGW_RANGE_CREATED_AT,
                       DYGW_BELOW_ALL);
    sql = sums_sql(db, clause.where, by->keys);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "sums", clause.mask, by->keys), DYGW_SQL(sql) };
    rv = dygw_db_select(db, &stmt, &found, sums_arguments(db, &clause, by, limit));
    *rows = apr_array_make(pool, 1, sizeof(dygw_sums_row_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        read_sums_row(found, by->zone, apr_array_push(*rows), pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_report_first(dygw_db_t *db, dygw_ms_t from, dygw_ms_t *at)
{
    const char *args[] = { dygw_db_int(db, from) };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &report_first, &rows, args);

    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        *at = dygw_row_int(rows, 0, DYGW_NO_TIME);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
}
