/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_verifications as reports read it: lists and their number; sums are in report_sums.c.
 */
#include "store/report.h"

#include <string.h>

#include <apr_strings.h>

#include "store/report_filter.h"
#include "store/db/catalogue.h"
#include "store/verification/columns.h"

#define FROM " FROM dygw_verifications "

/* By `brief`: with Douyin's answers, and without. */
static const char *const selected[]
    = { DYGW_VERIFICATION_COLUMNS, DYGW_VERIFICATION_COLUMNS_BRIEF };

/* Each database counts the entries of its shortest index. */
static const dygw_stmt_t report_count_all = {
    "dygw_report_count_all",
    DYGW_SQL("SELECT COUNT(*) FROM dygw_verifications"),
};

static apr_status_t read_reported(dygw_db_t *db, const char *label, const char *sql,
                                  const char **args, apr_array_header_t **rows, apr_pool_t *pool)
{
    const dygw_stmt_t stmt = { label, DYGW_SQL(sql) };
    dygw_rows_t *found;
    apr_status_t rv = dygw_db_select_once(db, &stmt, &found, args);

    *rows = apr_array_make(pool, 1, sizeof(dygw_verification_t *));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(found)) == APR_SUCCESS) {
        APR_ARRAY_PUSH(*rows, dygw_verification_t *) = dygw_store_verification_read(found, pool);
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_report_below(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     const dygw_report_part_t *part, apr_array_header_t **rows,
                                     apr_pool_t *pool)
{
    const dygw_listed_t listed = { selected[part->brief], "", "", 0, part->limit };
    dygw_clause_t clause;
    const char **args;
    const char *sql;

    dygw_report_clause(&clause, db, filter, DYGW_RANGE_ID, part->below_id);
    sql = dygw_report_list_sql(db, &clause, &listed, &args);
    return read_reported(db, dygw_report_label(db, "below", clause.mask, part->brief), sql, args,
                         rows, pool);
}

/* The rows that are left out are passed in the index alone: *id is that of the first row of the
 * page. APR_EOF: there are not as many. */
static apr_status_t report_id_at(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                 apr_int64_t *id)
{
    const dygw_listed_t listed = { "id", "", "", offset, 1 };
    dygw_clause_t clause;
    dygw_stmt_t stmt;
    const char **args;
    const char *sql;

    dygw_report_clause(&clause, db, filter, DYGW_RANGE_ID, DYGW_BELOW_ALL);
    sql = dygw_report_list_sql(db, &clause, &listed, &args);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "at", clause.mask, 0), DYGW_SQL(sql) };
    return dygw_report_number(db, &stmt, args, id);
}

apr_status_t dygw_store_report_page(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                    int limit, apr_array_header_t **rows, apr_pool_t *pool)
{
    dygw_report_part_t part = { DYGW_BELOW_ALL, limit, 0 };
    apr_int64_t first = 0;
    apr_status_t rv;

    if (offset == 0) {
        return dygw_store_report_below(db, filter, &part, rows, pool);
    }
    *rows = apr_array_make(pool, 1, sizeof(dygw_verification_t *));
    rv = report_id_at(db, filter, offset, &first);
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
    }
    part.below_id = first + 1;
    return dygw_store_report_below(db, filter, &part, rows, pool);
}

static int has_times(const dygw_report_filter_t *filter)
{
    return filter->start_time != DYGW_NO_TIME || filter->end_time != DYGW_NO_TIME;
}

static dygw_report_filter_t times_of(const dygw_report_filter_t *filter)
{
    dygw_report_filter_t times;

    dygw_report_filter_init(&times);
    times.start_time = filter->start_time;
    times.end_time = filter->end_time;
    return times;
}

/* All records of a time, as they are counted: by the primary key. But in SQLite and MySQL that is
 * the table itself: there the index for sums is shorter. */
static void clause_of_times(dygw_clause_t *clause, dygw_db_t *db,
                            const dygw_report_filter_t *filter)
{
    const dygw_report_filter_t times = times_of(filter);

    dygw_report_clause(clause, db, &times,
                       dygw_db_dialect(db) == DYGW_PGSQL ? DYGW_RANGE_ID : DYGW_RANGE_CREATED_AT,
                       DYGW_BELOW_ALL);
}

/* Nearly all records match, and no index has those alone, since a redemption would pay for it. The
 * others have one: they are counted, and taken from all. Not so with MySQL, whose indexes have
 * all rows. */
static apr_status_t count_all_but(dygw_db_t *db, const dygw_report_filter_t *filter, int mask,
                                  const char *others, apr_int64_t *total)
{
    const dygw_report_filter_t times = times_of(filter);
    const int limited = has_times(filter);
    const char *args[DYGW_CLAUSE_ARGS] = { NULL };
    dygw_clause_t all = { 0 };
    dygw_clause_t range;
    dygw_stmt_t stmt;
    const char *sql;
    int i;

    dygw_report_clause(&range, db, &times, DYGW_RANGE_ID, DYGW_BELOW_ALL);
    if (limited) {
        clause_of_times(&all, db, filter);
    }
    for (i = 0; i < all.count + range.count; i++) {
        args[i] = i < all.count ? all.args[i] : range.args[i - all.count];
    }
    sql = apr_pstrcat(dygw_db_pool(db), "SELECT (SELECT COUNT(*)" FROM, limited ? "WHERE " : "",
                      limited ? all.where : "", ") - (SELECT COUNT(*)" FROM "WHERE ", others,
                      " AND ", range.where, ")", NULL);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "count", mask, limited), DYGW_SQL(sql) };
    return dygw_report_number(db, &stmt, args, total);
}

/* By whatever index has all that is asked for; on PostgreSQL each part by itself. Both have the
 * same arguments. */
static const char *count_sql(dygw_db_t *db, const dygw_clause_t *clause, const char **args)
{
    apr_pool_t *pool = dygw_db_pool(db);

    memcpy(args, clause->args, (apr_size_t)clause->count * sizeof(*args));
    if (!dygw_report_is_parted(db, clause)) {
        /* What nearly all rows have is counted in the index that its list does not take. */
        return apr_pstrcat(pool, "SELECT COUNT(*) FROM ",
                           dygw_report_clause_rest(clause)
                               ? "dygw_verifications"
                               : dygw_report_from(db, clause, DYGW_RANGE_ID),
                           " WHERE ", clause->where, NULL);
    }
    memcpy(args + clause->count, clause->args, (apr_size_t)clause->count * sizeof(*args));
    return apr_pstrcat(
        pool, "SELECT (SELECT COUNT(*)" FROM "WHERE next_run_at IS NULL AND ", clause->where,
        ") + (SELECT COUNT(*)" FROM "WHERE next_run_at IS NOT NULL AND ", clause->where, ")", NULL);
}

apr_status_t dygw_store_report_count(dygw_db_t *db, const dygw_report_filter_t *filter,
                                     apr_int64_t *total)
{
    const int times = has_times(filter);
    const char *args[2 * DYGW_CLAUSE_ARGS];
    dygw_clause_t clause;
    dygw_stmt_t stmt;
    const char *others;
    const char *sql;

    dygw_report_clause(&clause, db, filter, DYGW_RANGE_ID, DYGW_BELOW_ALL);
    if (clause.mask == 0 && !times) {
        return dygw_report_number(db, &report_count_all, clause.args, total);
    }
    others = dygw_db_dialect(db) == DYGW_MYSQL ? NULL : dygw_report_clause_rest(&clause);
    if (others) {
        return count_all_but(db, filter, clause.mask, others, total);
    }
    if (clause.mask == 0) {
        clause_of_times(&clause, db, filter);
    }
    sql = count_sql(db, &clause, args);
    stmt = (dygw_stmt_t){ dygw_report_label(db, "count", clause.mask, times), DYGW_SQL(sql) };
    return dygw_report_number(db, &stmt, args, total);
}
