/* SPDX-License-Identifier: Apache-2.0
 * Which records a report is about, and, for store/ only, the WHERE that is made of it. */
#ifndef DYGW_STORE_REPORT_FILTER_H
#define DYGW_STORE_REPORT_FILTER_H

#include "store/db/db.h"
#include "store/verification/record.h"

#define DYGW_ANY_STATUS (-1)

/* Reasons that records have which are not settled: no column has their word. */
typedef enum {
    DYGW_OPEN_NONE,
    DYGW_OPEN_WAITING, /* those records, and no other */
    DYGW_OPEN_REVIEW   /* Douyin's risk review, and what was refused because of it */
} dygw_open_reason_e;

/* Which records. NULL, 0, DYGW_ANY_STATUS, DYGW_NO_TIME, DYGW_NO_INT, DYGW_AFTER_SALE_NONE and
 * DYGW_OPEN_NONE: any. */
typedef struct dygw_report_filter_t {
    dygw_ms_t start_time; /* of created_at, inclusive */
    dygw_ms_t end_time;   /* exclusive */
    const char *poi_id;
    const char *account_id;
    apr_int64_t app_id;
    int status; /* dygw_verify_status_e */
    const char *certificate_id;
    const char *order_id;
    const char *verify_id;
    const char *request_id;
    const char *ext_order_id;
    const char *code; /* of digits: the origin_code */
    int code_is_tail; /* its last digits are enough */
    const char *operator_name;
    const char *device;
    apr_int64_t error_code;
    const char *reason; /* as it is recorded; without effect where open_reason is set */
    dygw_open_reason_e open_reason;
    dygw_after_sale_e after_sale;
} dygw_report_filter_t;

/* One that lets everything through. */
void dygw_report_filter_init(dygw_report_filter_t *filter);

/* Whether it asks for one coupon, order or request: few records match, whatever the time. */
int dygw_report_filter_is_narrow(const dygw_report_filter_t *filter);

/* --- for store/ only --- */

#define DYGW_CLAUSE_ARGS 24 /* at most, two of them of the caller's */

/* Which range stands for the time, and so by which index it is read. */
typedef enum {
    DYGW_RANGE_ID,        /* (a filter's column, id), or the primary key */
    DYGW_RANGE_CREATED_AT /* the index for sums, which has all that is summed */
} dygw_range_e;

typedef struct dygw_clause_t {
    const char *where; /* conditions joined by AND, without WHERE */
    const char *args[DYGW_CLAUSE_ARGS];
    int count;         /* of args */
    int mask;          /* a bit for each filter that is given */
    int leader;        /* the number of the bit of the first one; -1: none */
    const char *order; /* the id, as a list is ordered by it */
} dygw_clause_t;

/* The records of the filter with an id below `below`, which is looked at with DYGW_RANGE_ID only.
 * The arguments hold until the unit ends. */
void dygw_report_clause(dygw_clause_t *clause, dygw_db_t *db, const dygw_report_filter_t *filter,
                        dygw_range_e range, apr_int64_t below);

/* Whether the filters have indexes that lack what has something due: those few records are then
 * another part, to be read by itself (next_run_at IS NULL, IS NOT NULL). On PostgreSQL only. */
int dygw_report_is_parted(dygw_db_t *db, const dygw_clause_t *clause);

/* What stands behind FROM, under the name of the table: on PostgreSQL the records that have nothing
 * due and the few others, each found by indexes of their own; on MySQL with the indexes that are
 * not to be taken. `range` as of the clause. Constant, or from the unit's pool. */
const char *dygw_report_from(dygw_db_t *db, const dygw_clause_t *clause, dygw_range_e range);

/* What a list shows. */
typedef struct dygw_listed_t {
    const char *columns; /* one of them `id` */
    const char *join;    /* behind the table; "" */
    const char *also;    /* conditions that take no argument, each with AND before it; "" */
    int offset;          /* of the rows that are left out */
    int limit;
} dygw_listed_t;

/* The SELECT of the newest records of a clause with DYGW_RANGE_ID, and its arguments. On PostgreSQL
 * each part is read in its own order, and no further than to the limit. From the unit's pool. */
const char *dygw_report_list_sql(dygw_db_t *db, const dygw_clause_t *clause,
                                 const dygw_listed_t *listed, const char ***args);

/* Whether a filter has an index of its own which has far fewer entries than the one for sums. */
int dygw_report_filter_has_index(const dygw_report_filter_t *filter);

/* Of a clause that asks for nearly all records, and nothing else but times: the conditions that are
 * true for the others. NULL: it is no such clause. Constant. */
const char *dygw_report_clause_rest(const dygw_clause_t *clause);

/* The label of a statement: made of name, of the mask of its clause, and of `more`, whatever else
 * tells such statements apart. From the unit's pool. */
const char *dygw_report_label(dygw_db_t *db, const char *name, int mask, int more);

/* Asks once for a single number. APR_EOF: there is no row. */
apr_status_t dygw_report_number(dygw_db_t *db, const dygw_stmt_t *stmt, const char **args,
                                apr_int64_t *number);

#endif
