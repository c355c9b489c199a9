/* SPDX-License-Identifier: Apache-2.0
 * The WHERE of a report. Each combination of filters is a statement of its own: a single one for
 * all of them would have a plan that suits none. There are too many to be kept prepared.
 *
 * The most telling filter leads: with the range of ids it is a range of one index, in the order of
 * the list. PostgreSQL and MySQL know from their statistics which filter that is. SQLite has none,
 * so there the columns of all other filters get a plus sign, which keeps their indexes out of use.
 *
 * Some indexes have a part of the rows only (sql/): their predicate stands beside the condition,
 * because a database cannot tell from a parameter that it is true. PostgreSQL's of what a
 * redemption never changes, and its index for sums, have the rows with nothing due any more, so
 * that each redemption is entered there once and not at each of its steps:
 * dygw_report_is_parted. */
#include "store/report_filter.h"

#include <string.h>

#include <apr_strings.h>

#include "store/verification/due.h"
#include "store/verification/id.h"
#include "store/verification/verification.h"

/* The number of a filter's bit in the mask. */
enum {
    CERTIFICATE,
    ORDER,
    POI,
    ACCOUNT,
    APP,
    STATUS,
    VERIFY,
    CODE,
    TAIL,
    REQUEST,
    EXT_ORDER,
    OPERATOR,
    DEVICE,
    AFTER_SALE,
    REASON,
    WAITING,
    REVIEW,
    ERROR,
    NO_ERROR,
    SUCCESS,
    CONDITIONS
};

/* The most telling first. A name of a device is often that of others in other stores, too. */
static const unsigned char telling[CONDITIONS] = {
    VERIFY, CERTIFICATE, CODE,   REQUEST, ORDER, EXT_ORDER, TAIL, AFTER_SALE, WAITING,  REVIEW,
    POI,    OPERATOR,    DEVICE, REASON,  ERROR, ACCOUNT,   APP,  STATUS,     NO_ERROR, SUCCESS,
};

typedef struct condition_t {
    const char *leads;   /* as the first of the conditions */
    const char *follows; /* after it, on SQLite */
} condition_t;

/* Literals where there is one value only: PostgreSQL then knows how few rows have it. The word of
 * the risk review is gateway/reasons.h's. CODE and TAIL: see add_code. */
static const condition_t conditions[CONDITIONS] = {
    [CERTIFICATE] = { "certificate_id = %s", "+certificate_id = %s" },
    [ORDER] = { "order_id = %s", "+order_id = %s" },
    [POI] = { "poi_id = %s", "+poi_id = %s" },
    [ACCOUNT] = { "account_id = %s", "+account_id = %s" },
    [APP] = { "app_id = %lld", "+app_id = CAST(%lld AS INTEGER)" },
    [STATUS] = { "verify_status <> 'success' AND verify_status = %s", "+verify_status = %s" },
    [VERIFY] = { "verify_id = %s", "+verify_id = %s" },
    [REQUEST] = { "request_id = %s", "+request_id = %s" },
    [EXT_ORDER] = { "ext_order_id = %s", "+ext_order_id = %s" },
    [OPERATOR] = { "operator_name = %s", "+operator_name = %s" },
    [DEVICE] = { "device = %s", "+device = %s" },
    [AFTER_SALE] = { "after_sale = %s", "+after_sale = %s" },
    [REASON] = { "reason = %s", "+reason = %s" },
    [WAITING] = { "verify_status <> 'success' AND verify_status = 'processing' "
                  "AND review_since IS NULL AND reason IS NULL",
                  "+verify_status = 'processing' AND review_since IS NULL AND +reason IS NULL" },
    [REVIEW] = { "(reason = 'risk_review' OR (verify_status <> 'success' "
                 "AND verify_status = 'processing' AND review_since IS NOT NULL))",
                 "(+reason = 'risk_review' "
                 "OR (+verify_status = 'processing' AND review_since IS NOT NULL))" },
    [ERROR] = { "error_code <> 0 AND error_code = %lld", "+error_code = CAST(%lld AS INTEGER)" },
    [NO_ERROR] = { "error_code = 0", "+error_code = 0" },
    [SUCCESS] = { "verify_status = 'success'", "+verify_status = 'success'" },
};

/* Of which there are nearly all rows: what the others have, as a range of an index. */
static const char no_success[]
    = "verify_status <> 'success' AND verify_status IN ('processing', 'failed', 'cancelled')";
static const char *const rest[CONDITIONS] = {
    [NO_ERROR] = "error_code <> 0 AND error_code > -9223372036854775807",
    [SUCCESS] = no_success,
};

/* origin_code backwards, word for word as the index has it. SQLite has no function for that. */
#define DIGIT(n)           "substr(origin_code, " #n ", 1) || "
#define DIGITS(a, b, c, d) DIGIT(a) DIGIT(b) DIGIT(c) DIGIT(d)
static const char backwards_sqlite3[]
    = "(" DIGITS(20, 19, 18, 17) DIGITS(16, 15, 14, 13) DIGITS(12, 11, 10, 9) DIGITS(8, 7, 6, 5)
        DIGIT(4) DIGIT(3) DIGIT(2) "substr(origin_code, 1, 1))";
static const char *const code_backwards[DYGW_DIALECTS] = {
    [DYGW_SQLITE3] = backwards_sqlite3,
    [DYGW_PGSQL] = "(reverse(origin_code) COLLATE \"C\")",
    [DYGW_MYSQL] = "code_backwards",
};

#define BIT(which) (1 << (which))
/* Those with an index that has, on PostgreSQL, the rows with nothing due alone. */
#define FINISHED_ONLY \
    (BIT(POI) | BIT(ACCOUNT) | BIT(APP) | BIT(CODE) | BIT(TAIL) | BIT(REQUEST) | BIT(EXT_ORDER) \
     | BIT(OPERATOR) | BIT(DEVICE))
/* Few rows have it, whatever else is asked for, and all of them are in one index. */
#define NARROW (BIT(VERIFY) | BIT(CERTIFICATE) | BIT(ORDER))

typedef struct id_range_t {
    const char *from;
    const char *below;
    const char *order;
} id_range_t;

/* The id where the rows are not found in its order: it is not to be chosen as the index, neither
 * for the range nor for the order, since it has as many entries as the time has rows. */
static const id_range_t plain_id[DYGW_DIALECTS] = {
    [DYGW_SQLITE3] = { "+id >= CAST(%lld AS INTEGER)", "+id < CAST(%lld AS INTEGER)", "+id" },
    [DYGW_PGSQL] = { "id + 0 >= CAST(%lld AS BIGINT)", "id + 0 < CAST(%lld AS BIGINT)", "id + 0" },
    [DYGW_MYSQL] = { "id + 0 >= CAST(%lld AS SIGNED)", "id + 0 < CAST(%lld AS SIGNED)", "id + 0" },
};

void dygw_report_filter_init(dygw_report_filter_t *filter)
{
    *filter = (dygw_report_filter_t){ .start_time = DYGW_NO_TIME,
                                      .end_time = DYGW_NO_TIME,
                                      .status = DYGW_ANY_STATUS,
                                      .error_code = DYGW_NO_INT,
                                      .after_sale = DYGW_AFTER_SALE_NONE };
}

int dygw_report_filter_is_narrow(const dygw_report_filter_t *filter)
{
    return filter->certificate_id || filter->order_id || filter->verify_id || filter->code
           || filter->request_id || filter->ext_order_id;
}

int dygw_report_filter_has_index(const dygw_report_filter_t *filter)
{
    return dygw_report_filter_is_narrow(filter) || filter->poi_id || filter->operator_name
           || filter->device || filter->reason || filter->open_reason != DYGW_OPEN_NONE
           || filter->after_sale != DYGW_AFTER_SALE_NONE
           || (filter->error_code != DYGW_NO_INT && filter->error_code != 0);
}

static void add_text(dygw_clause_t *clause, dygw_db_t *db, const char *condition)
{
    clause->where = clause->where
                        ? apr_pstrcat(dygw_db_pool(db), clause->where, " AND ", condition, NULL)
                        : condition;
}

static void add_condition(dygw_clause_t *clause, dygw_db_t *db, const char *condition,
                          const char *value)
{
    add_text(clause, db, condition);
    clause->args[clause->count++] = value;
}

static const char *backwards(const char *text, apr_pool_t *pool)
{
    const apr_size_t len = strlen(text);
    char *reversed = apr_pcalloc(pool, len + 1);
    apr_size_t i;

    for (i = 0; i < len; i++) {
        reversed[i] = text[len - 1 - i];
    }
    return reversed;
}

/* Codes that end with the same digits begin with them backwards, and stand before ':', which
 * follows '9'. */
static void add_code(dygw_clause_t *clause, dygw_db_t *db, const char *code, int is_tail,
                     int follows)
{
    apr_pool_t *pool = dygw_db_pool(db);
    const dygw_dialect_e dialect = dygw_db_dialect(db);
    const char *column = apr_pstrcat(pool, follows && dialect == DYGW_SQLITE3 ? "+" : "",
                                     code_backwards[dialect], NULL);

    code = backwards(code, pool);
    add_text(clause, db, "origin_code IS NOT NULL");
    if (!is_tail) {
        add_condition(clause, db, apr_pstrcat(pool, column, " = %s", NULL), code);
        return;
    }
    add_condition(clause, db, apr_pstrcat(pool, column, " >= %s", NULL), code);
    add_condition(clause, db, apr_pstrcat(pool, column, " < %s", NULL),
                  apr_pstrcat(pool, code, ":", NULL));
}

/* Backwards, MySQL looks at the row of each entry before it looks at the status in it: what failed
 * in a store is little, and is sorted. */
static void add_range(dygw_clause_t *clause, dygw_db_t *db, const dygw_report_filter_t *filter,
                      dygw_range_e range, apr_int64_t below)
{
    static const id_range_t ordered = { "id >= %lld", "id < %lld", "id" };
    const dygw_ms_t from = filter->start_time == DYGW_NO_TIME ? 0 : filter->start_time;
    const dygw_ms_t until = filter->end_time;
    const id_range_t *id = &ordered;
    apr_int64_t last = until == DYGW_NO_TIME ? APR_INT64_MAX : until;

    if (range == DYGW_RANGE_CREATED_AT) {
        add_condition(clause, db, "created_at >= %lld", dygw_db_int(db, from));
        add_condition(clause, db, "created_at < %lld", dygw_db_int(db, last));
        return;
    }
    if (clause->leader == TAIL || clause->leader == REVIEW) {
        id = &plain_id[dygw_db_dialect(db)];
    }
    last = until == DYGW_NO_TIME || dygw_id_at(until) > below ? below : dygw_id_at(until);
    add_condition(clause, db, id->from, dygw_db_int(db, dygw_id_at(from)));
    add_condition(clause, db, id->below, dygw_db_int(db, last));
    clause->order = id->order;
    if (dygw_db_dialect(db) == DYGW_MYSQL && clause->leader == POI && clause->mask & BIT(STATUS)) {
        clause->order = plain_id[DYGW_MYSQL].order;
    }
}

/* Values of conditions that take none. */
static const char no_value[] = "";

static const char *given(int is_given)
{
    return is_given ? no_value : NULL;
}

static void read_values(dygw_db_t *db, const dygw_report_filter_t *f, const char **values)
{
    const int status = f->status;
    const int error = f->error_code != DYGW_NO_INT;

    values[CERTIFICATE] = f->certificate_id;
    values[ORDER] = f->order_id;
    values[POI] = f->poi_id;
    values[ACCOUNT] = f->account_id;
    values[APP] = f->app_id ? dygw_db_int(db, f->app_id) : NULL;
    values[STATUS] = status != DYGW_ANY_STATUS && status != DYGW_SUCCESS
                         ? dygw_verify_status_word((dygw_verify_status_e)status)
                         : NULL;
    values[SUCCESS] = given(status == DYGW_SUCCESS);
    values[VERIFY] = f->verify_id;
    values[CODE] = f->code_is_tail ? NULL : f->code;
    values[TAIL] = f->code_is_tail ? f->code : NULL;
    values[REQUEST] = f->request_id;
    values[EXT_ORDER] = f->ext_order_id;
    values[OPERATOR] = f->operator_name;
    values[DEVICE] = f->device;
    values[AFTER_SALE] = dygw_after_sale_word(f->after_sale);
    values[REASON] = f->open_reason == DYGW_OPEN_NONE ? f->reason : NULL;
    values[WAITING] = given(f->open_reason == DYGW_OPEN_WAITING);
    values[REVIEW] = given(f->open_reason == DYGW_OPEN_REVIEW);
    values[ERROR] = error && f->error_code != 0 ? dygw_db_int(db, f->error_code) : NULL;
    values[NO_ERROR] = given(f->error_code == 0);
}

static void add_filter(dygw_clause_t *clause, dygw_db_t *db, int which, const char *value,
                       int follows)
{
    const int sqlite = dygw_db_dialect(db) == DYGW_SQLITE3;
    const char *sql = follows && sqlite ? conditions[which].follows : conditions[which].leads;

    if (which == CODE || which == TAIL) {
        add_code(clause, db, value, which == TAIL, follows);
    }
    else if (value == no_value) {
        add_text(clause, db, sql);
    }
    else {
        add_condition(clause, db, sql, value);
    }
}

void dygw_report_clause(dygw_clause_t *clause, dygw_db_t *db, const dygw_report_filter_t *filter,
                        dygw_range_e range, apr_int64_t below)
{
    const char *values[CONDITIONS];
    int led = range == DYGW_RANGE_CREATED_AT;
    int i;

    *clause = (dygw_clause_t){ .leader = -1 };
    read_values(db, filter, values);
    for (i = 0; i < CONDITIONS; i++) {
        const int which = telling[i];

        if (values[which]) {
            add_filter(clause, db, which, values[which], led);
            clause->mask |= 1 << which;
            clause->leader = led ? clause->leader : which;
            led = 1;
        }
    }
    add_range(clause, db, filter, range, below);
}

#define MYSQL_IGNORING  "dygw_verifications IGNORE INDEX (PRIMARY"
#define MYSQL_OF_STATUS ", dygw_verifications_status, dygw_verifications_due"
#define MYSQL_OF_POI    ", dygw_verifications_of_poi"
#define MYSQL_OF_ERROR  ", dygw_verifications_error"

/* Where MySQL may take the primary key, which is the table, it reads a filter's index without its
 * range of ids. What nearly all rows have is read in the order of the table. */
static const char *from_mysql(const dygw_clause_t *clause)
{
    static const char *const ignoring[] = {
        MYSQL_IGNORING ")",
        MYSQL_IGNORING MYSQL_OF_STATUS ")",
        MYSQL_IGNORING MYSQL_OF_ERROR ")",
        MYSQL_IGNORING MYSQL_OF_STATUS MYSQL_OF_ERROR ")",
    };

    if (clause->leader == NO_ERROR || clause->leader == SUCCESS) {
        return "dygw_verifications FORCE INDEX (PRIMARY)";
    }
    if (clause->leader < 0 || clause->leader == TAIL || clause->leader == REVIEW) {
        return "dygw_verifications";
    }
    if (clause->mask & BIT(POI) && clause->mask & BIT(REASON) && clause->leader == POI) {
        return MYSQL_IGNORING MYSQL_OF_POI ")"; /* that of reasons has the store, and is shorter */
    }
    return ignoring[!!(clause->mask & BIT(SUCCESS)) + 2 * !!(clause->mask & BIT(NO_ERROR))];
}

int dygw_report_is_parted(dygw_db_t *db, const dygw_clause_t *clause)
{
    return dygw_db_dialect(db) == DYGW_PGSQL && clause->mask & FINISHED_ONLY
           && !(clause->mask & NARROW);
}

const char *dygw_report_from(dygw_db_t *db, const dygw_clause_t *clause, dygw_range_e range)
{
    if (dygw_db_dialect(db) == DYGW_PGSQL
        && (range == DYGW_RANGE_CREATED_AT || dygw_report_is_parted(db, clause))) {
        return DYGW_BOTH_PARTS_PGSQL " dygw_verifications";
    }
    return dygw_db_dialect(db) == DYGW_MYSQL && range == DYGW_RANGE_ID ? from_mysql(clause)
                                                                       : "dygw_verifications";
}

/* --- lists --- */

/* The rows of one part, or, with "", all of them. */
static const char *list_part(dygw_db_t *db, const dygw_clause_t *clause,
                             const dygw_listed_t *listed, const char *part)
{
    const char *from = *part ? "dygw_verifications" : dygw_report_from(db, clause, DYGW_RANGE_ID);

    return apr_pstrcat(dygw_db_pool(db), "SELECT ", listed->columns, " FROM ", from, listed->join,
                       " WHERE ", part, clause->where, listed->also, " ORDER BY ", clause->order,
                       " DESC LIMIT %lld", NULL);
}

/* The ids first, in an index alone where it has all that is asked for: backwards, MySQL looks at
 * the row of each entry otherwise. */
static const char *list_by_ids(dygw_db_t *db, const dygw_clause_t *clause,
                               const dygw_listed_t *listed)
{
    dygw_listed_t ids = *listed;

    ids.columns = "id AS page_id";
    return apr_pstrcat(dygw_db_pool(db), "SELECT ", listed->columns, " FROM (",
                       list_part(db, clause, &ids, ""),
                       ") page JOIN dygw_verifications ON id = page_id ORDER BY id DESC", NULL);
}

static int list_args(dygw_db_t *db, const dygw_clause_t *clause, int limit, const char **args)
{
    memcpy(args, clause->args, (apr_size_t)clause->count * sizeof(*args));
    args[clause->count] = dygw_db_int(db, limit);
    return clause->count + 1;
}

const char *dygw_report_list_sql(dygw_db_t *db, const dygw_clause_t *clause,
                                 const dygw_listed_t *listed, const char ***args)
{
    apr_pool_t *pool = dygw_db_pool(db);
    const int most = listed->offset + listed->limit;
    const char *sql;
    int count;

    *args = apr_palloc(pool, 2 * sizeof(**args) * (DYGW_CLAUSE_ARGS + 1));
    if (dygw_report_is_parted(db, clause)) {
        sql = apr_pstrcat(
            pool, "SELECT * FROM ((", list_part(db, clause, listed, "next_run_at IS NULL AND "),
            ") UNION ALL (", list_part(db, clause, listed, "next_run_at IS NOT NULL AND "),
            ")) both_parts ORDER BY id DESC LIMIT %lld", NULL);
        count = list_args(db, clause, most, *args);
        count += list_args(db, clause, most, *args + count);
        (*args)[count++] = dygw_db_int(db, listed->limit);
    }
    else {
        sql = dygw_db_dialect(db) == DYGW_MYSQL && clause->leader >= 0 && !*listed->join
                      && listed->offset == 0
                  ? list_by_ids(db, clause, listed)
                  : list_part(db, clause, listed, "");
        count = list_args(db, clause, listed->limit, *args);
    }
    (*args)[count] = dygw_db_int(db, listed->offset);
    return listed->offset ? apr_pstrcat(pool, sql, " OFFSET %lld", NULL) : sql;
}

const char *dygw_report_clause_rest(const dygw_clause_t *clause)
{
    int i;

    for (i = 0; i < CONDITIONS; i++) {
        if (clause->mask == 1 << i) {
            return rest[i];
        }
    }
    return NULL;
}

const char *dygw_report_label(dygw_db_t *db, const char *name, int mask, int more)
{
    return apr_psprintf(dygw_db_pool(db), "dygw_report_%s_%d_%d", name, mask, more);
}

apr_status_t dygw_report_number(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                                apr_int64_t *number)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select_once(db, stmt, &rows, args);

    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        *number = dygw_row_int(rows, 0, 0);
    }
    return rv;
}
