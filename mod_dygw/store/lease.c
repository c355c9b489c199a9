/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_leases: which child of which host does the background work; and the one query a host
 * asks while idle. */
#include "store/lease.h"

#include <string.h>

#include "store/db/catalogue.h"
#include "store/db/confirm.h"
#include "store/verification/due.h"

#define FIRST_DUE_COLUMN 5 /* of the tick */
#define DUE_COLUMNS      3

/* With a CAST to each dialect's 64 bit integer: SQLite would add a text to a number otherwise. */
#define TAKE(now, integer) \
    "UPDATE dygw_leases SET owner = %s, until_at = " now " + CAST(%lld AS " integer "), " \
    "renewed_at = " now " WHERE name = %s AND (owner = %s OR until_at < " now " " \
    "OR until_at > " now " + CAST(%lld AS " integer "))"

static const dygw_stmt_t lease_take = {
    "dygw_lease_take",
    { TAKE(DYGW_NOW_SQLITE3, "INTEGER"), TAKE(DYGW_NOW_PGSQL, "BIGINT"),
      TAKE(DYGW_NOW_MYSQL, "SIGNED") },
};

static const dygw_stmt_t lease_holder = {
    "dygw_lease_holder",
    DYGW_SQL_NOW("SELECT owner FROM dygw_leases WHERE name = %s AND until_at >= ", ""),
};

static const dygw_stmt_t lease_release = {
    "dygw_lease_release",
    DYGW_SQL("UPDATE dygw_leases SET until_at = 0 WHERE name = %s AND owner = %s"),
};

/* When the first row is due, by an index. */
#define FIRST_DUE(column, condition) \
    "(SELECT " column " FROM dygw_verifications WHERE " condition " AND " column " IS NOT NULL " \
    "ORDER BY " column " LIMIT 1)"

/* As in reconciliation.c. */
#define RECONCILE_COLUMN   (FIRST_DUE_COLUMN + DUE_COLUMNS)
#define NOW_COLUMN         (RECONCILE_COLUMN + 1)
#define SCHEMA_COLUMN      (NOW_COLUMN + 1)
#define APPLICATION_COLUMN (NOW_COLUMN + 2)
#define META(name)         "(SELECT value FROM dygw_meta WHERE name = '" name "')"
#define FIRST_RECONCILIATION \
    "(SELECT next_run_at FROM dygw_reconciliations WHERE next_run_at IS NOT NULL " \
    "ORDER BY next_run_at LIMIT 1)"

/* clang-format off */
#define TICK(now) \
    "SELECT m.value, t.version, l.until_at - " now ", " now " - l.renewed_at, l.owner, " \
    FIRST_DUE(DYGW_SETTLE_TIME, DYGW_SETTLE_ROWS) ", " \
    FIRST_DUE(DYGW_SETTLED_TIME, DYGW_SETTLED_ROWS) ", " \
    FIRST_DUE(DYGW_ENRICH_TIME, DYGW_ENRICH_ROWS) ", " \
    FIRST_RECONCILIATION ", " now ", " META("schema_version") ", " META("douyin_client_key") " " \
    "FROM dygw_meta m, dygw_tokens t, dygw_leases l " \
    "WHERE m.name = 'apps_version' AND t.id = 1 AND l.name = '" DYGW_LEASE_WORKER "'"
/* clang-format on */

static const dygw_stmt_t tick_query = {
    "dygw_tick",
    { TICK(DYGW_NOW_SQLITE3), TICK(DYGW_NOW_PGSQL), TICK(DYGW_NOW_MYSQL) },
};

typedef struct lease_claim_t {
    const char *name;
    const char *owner;
} lease_claim_t;

/* MariaDB counts only rows that changed, unless told otherwise: a renewal within the same
 * millisecond is none. */
static apr_status_t is_lease_holder(dygw_db_t *db, const void *what)
{
    const lease_claim_t *claim = what;
    const char *args[] = { claim->name };
    const char *holder = NULL;
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &lease_holder, &rows, args);

    if (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        holder = dygw_row_text(rows, 0, dygw_db_pool(db));
        return holder && strcmp(holder, claim->owner) == 0 ? APR_SUCCESS : APR_EBUSY;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_EBUSY : rv;
}

apr_status_t dygw_store_lease_take(dygw_db_t *db, const char *name, const char *owner,
                                   dygw_ms_t ttl_ms)
{
    const char *ttl = dygw_db_int(db, ttl_ms);
    const char *args[] = { owner, ttl, name, owner, dygw_db_int(db, DYGW_LEASE_LEFT_MAX(ttl_ms)) };
    const lease_claim_t claim = { name, owner };
    int nrows;
    apr_status_t rv = dygw_db_exec(db, &lease_take, &nrows, args);

    return rv == APR_SUCCESS && nrows == 0 ? dygw_store_was_done(db, is_lease_holder, &claim) : rv;
}

apr_status_t dygw_store_lease_release(dygw_db_t *db, const char *name, const char *owner)
{
    const char *args[] = { name, owner };

    return dygw_db_exec(db, &lease_release, NULL, args);
}

/* The earliest time in the columns of what is due; DYGW_NO_TIME when all are NULL. */
static dygw_ms_t first_due_of_tick(dygw_rows_t *rows)
{
    dygw_ms_t first = DYGW_NO_TIME;
    int i;

    for (i = 0; i < DUE_COLUMNS; i++) {
        dygw_ms_t at = dygw_row_int(rows, FIRST_DUE_COLUMN + i, DYGW_NO_TIME);

        if (at != DYGW_NO_TIME && (first == DYGW_NO_TIME || at < first)) {
            first = at;
        }
    }
    return first;
}

apr_status_t dygw_store_tick(dygw_db_t *db, dygw_tick_t *tick, apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &tick_query, &rows, NULL);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    tick->apps_version = dygw_row_int(rows, 0, 0);
    tick->token_version = dygw_row_int(rows, 1, 0);
    tick->lease_left_ms = dygw_row_int(rows, 2, 0);
    tick->lease_age_ms = dygw_row_int(rows, 3, -1);
    tick->lease_owner = dygw_row_text(rows, 4, pool);
    tick->due_at = first_due_of_tick(rows);
    tick->reconcile_at = dygw_row_int(rows, RECONCILE_COLUMN, DYGW_NO_TIME);
    tick->now = dygw_row_int(rows, NOW_COLUMN, 0);
    tick->schema_version = (int)dygw_row_int(rows, SCHEMA_COLUMN, 0);
    tick->application = dygw_row_text(rows, APPLICATION_COLUMN, pool);
    return APR_SUCCESS;
}
