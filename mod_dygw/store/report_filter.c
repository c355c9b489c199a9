/* SPDX-License-Identifier: Apache-2.0
 * The WHERE of a report. Each combination of filters is a statement of its own: a single one for
 * all of them would have a plan that suits none. There are too many to be kept prepared.
 *
 * The most telling filter leads: with the range of ids it is a range of one index, in the order of
 * the list. PostgreSQL and MySQL know from their statistics which filter that is. SQLite has none,
 * so there the columns of all other filters get a plus sign, which keeps their indexes out of use.
 */
#include "store/report_filter.h"

#include <apr_strings.h>

#include "store/verification/id.h"
#include "store/verification/verification.h"

typedef struct condition_t {
    const char *leads;   /* as the first of the conditions */
    const char *follows; /* after it, on SQLite */
} condition_t;

/* The most telling first. */
enum { CERTIFICATE, ORDER, POI, ACCOUNT, APP, STATUS, CONDITIONS };

static const condition_t conditions[CONDITIONS] = {
    [CERTIFICATE] = { "certificate_id = %s", "+certificate_id = %s" },
    [ORDER] = { "order_id = %s", "+order_id = %s" },
    [POI] = { "poi_id = %s", "+poi_id = %s" },
    [ACCOUNT] = { "account_id = %s", "+account_id = %s" },
    [APP] = { "app_id = %lld", "+app_id = CAST(%lld AS INTEGER)" },
    [STATUS] = { "verify_status = %s", "+verify_status = %s" },
};

void dygw_report_filter_init(dygw_report_filter_t *filter)
{
    *filter = (dygw_report_filter_t){ .start_time = DYGW_NO_TIME,
                                      .end_time = DYGW_NO_TIME,
                                      .status = DYGW_ANY_STATUS };
}

static void add_condition(dygw_clause_t *clause, dygw_db_t *db, const char *condition,
                          const char *value)
{
    clause->where = clause->where
                        ? apr_pstrcat(dygw_db_pool(db), clause->where, " AND ", condition, NULL)
                        : condition;
    clause->args[clause->count++] = value;
}

static void add_range(dygw_clause_t *clause, dygw_db_t *db, const dygw_report_filter_t *filter,
                      dygw_range_e range, apr_int64_t below)
{
    const dygw_ms_t from = filter->start_time == DYGW_NO_TIME ? 0 : filter->start_time;
    const dygw_ms_t until = filter->end_time;
    apr_int64_t last = until == DYGW_NO_TIME ? APR_INT64_MAX : until;

    if (range == DYGW_RANGE_CREATED_AT) {
        add_condition(clause, db, "created_at >= %lld", dygw_db_int(db, from));
        add_condition(clause, db, "created_at < %lld", dygw_db_int(db, last));
        return;
    }
    last = until == DYGW_NO_TIME || dygw_id_at(until) > below ? below : dygw_id_at(until);
    add_condition(clause, db, "id >= %lld", dygw_db_int(db, dygw_id_at(from)));
    add_condition(clause, db, "id < %lld", dygw_db_int(db, last));
}

void dygw_report_clause(dygw_clause_t *clause, dygw_db_t *db, const dygw_report_filter_t *filter,
                        dygw_range_e range, apr_int64_t below)
{
    const char *values[CONDITIONS] = {
        [CERTIFICATE] = filter->certificate_id,
        [ORDER] = filter->order_id,
        [POI] = filter->poi_id,
        [ACCOUNT] = filter->account_id,
        [APP] = filter->app_id ? dygw_db_int(db, filter->app_id) : NULL,
        [STATUS] = filter->status == DYGW_ANY_STATUS
                       ? NULL
                       : dygw_verify_status_word((dygw_verify_status_e)filter->status),
    };
    const int sqlite = dygw_db_dialect(db) == DYGW_SQLITE3;
    int led = range == DYGW_RANGE_CREATED_AT;
    int i;

    *clause = (dygw_clause_t){ 0 };
    for (i = 0; i < CONDITIONS; i++) {
        if (values[i]) {
            add_condition(clause, db, led && sqlite ? conditions[i].follows : conditions[i].leads,
                          values[i]);
            clause->mask |= 1 << i;
            led = 1;
        }
    }
    add_range(clause, db, filter, range, below);
}

const char *dygw_report_label(dygw_db_t *db, const char *name, int mask, int more)
{
    return apr_psprintf(dygw_db_pool(db), "dygw_report_%s_%d_%d", name, mask, more);
}
