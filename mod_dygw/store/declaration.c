/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_declarations, and the rows of hosts in dygw_leases. Both tables are small: a row for
 * each host, and one for each app that a host declares. */
#include "store/declaration.h"

#include <apr_strings.h>

#include "store/db/catalogue.h"

#define PREFIX  "host:"
#define OF_HOST "SUBSTR(l.name, 1, 5) = '" PREFIX "'"
#define HOST    "SUBSTR(l.name, 6)"

/* How long a row is good yet; more than twice what it is renewed for: that was before the
 * database's clock was set back. */
#define LEFT(now)  "l.until_at - " now
#define LEFT_MAX   "120000"
#define LIVE(left) ((left) > 0 && (left) <= 2 * DYGW_HOST_TTL_MS)

_Static_assert(DYGW_HOST_TTL_MS == 60000, "LEFT_MAX is twice as much");

/* clang-format off */
#define HOSTS(now) \
    "SELECT " HOST ", l.owner, " LEFT(now) " FROM dygw_leases l WHERE " OF_HOST " ORDER BY l.name"

static const dygw_stmt_t hosts_all = {
    "dygw_hosts",
    { HOSTS(DYGW_NOW_SQLITE3), HOSTS(DYGW_NOW_PGSQL), HOSTS(DYGW_NOW_MYSQL) },
};

#define DECLARED(now) \
    "SELECT d.host, " LEFT(now) ", d.client_key, d.code, d.fingerprint, d.declared_in " \
    "FROM dygw_leases l JOIN dygw_declarations d ON d.host = " HOST " WHERE " OF_HOST " " \
    "ORDER BY d.host, d.client_key"

static const dygw_stmt_t declarations_all = {
    "dygw_declarations_all",
    { DECLARED(DYGW_NOW_SQLITE3), DECLARED(DYGW_NOW_PGSQL), DECLARED(DYGW_NOW_MYSQL) },
};

#define HOLDERS(now) \
    "SELECT COUNT(DISTINCT d.host) " \
    "FROM dygw_leases l JOIN dygw_declarations d ON d.host = " HOST " WHERE " OF_HOST " " \
    "AND " LEFT(now) " > 0 AND " LEFT(now) " <= " LEFT_MAX " " \
    "AND (d.client_key = %s OR d.code = %s)"

static const dygw_stmt_t declaration_holders = {
    "dygw_declaration_holders",
    { HOLDERS(DYGW_NOW_SQLITE3), HOLDERS(DYGW_NOW_PGSQL), HOLDERS(DYGW_NOW_MYSQL) },
};

static const dygw_stmt_t host_insert = {
    "dygw_host_insert",
    DYGW_SQL_INSERT_NEW("dygw_leases (name) VALUES (%s)"),
};

#define RENEW(now, integer, more) \
    "UPDATE dygw_leases SET " more "until_at = " now " + CAST(%lld AS " integer "), " \
    "renewed_at = " now " WHERE name = %s"

static const dygw_stmt_t host_renew = {
    "dygw_host_renew",
    { RENEW(DYGW_NOW_SQLITE3, "INTEGER", ""), RENEW(DYGW_NOW_PGSQL, "BIGINT", ""),
      RENEW(DYGW_NOW_MYSQL, "SIGNED", "") },
};

static const dygw_stmt_t host_set = {
    "dygw_host_set",
    { RENEW(DYGW_NOW_SQLITE3, "INTEGER", "owner = %s, "),
      RENEW(DYGW_NOW_PGSQL, "BIGINT", "owner = %s, "),
      RENEW(DYGW_NOW_MYSQL, "SIGNED", "owner = %s, ") },
};

#define FORGET(now, integer) \
    "DELETE FROM dygw_leases WHERE name = %s AND until_at < " now " - CAST(%lld AS " integer ")"

static const dygw_stmt_t host_forget = {
    "dygw_host_forget",
    { FORGET(DYGW_NOW_SQLITE3, "INTEGER"), FORGET(DYGW_NOW_PGSQL, "BIGINT"),
      FORGET(DYGW_NOW_MYSQL, "SIGNED") },
};
/* clang-format on */

static const dygw_stmt_t declarations_clear = {
    "dygw_declarations_clear",
    DYGW_SQL("DELETE FROM dygw_declarations WHERE host = %s"),
};

static const dygw_stmt_t declaration_insert = {
    "dygw_declaration_insert",
    DYGW_SQL("INSERT INTO dygw_declarations (host, client_key, code, fingerprint, declared_in) "
             "VALUES (%s, %s, %s, %s, %s)"),
};

/* Of dygw_leases, from the unit's pool. */
static const char *lease_name(dygw_db_t *db, const char *host)
{
    return apr_pstrcat(dygw_db_pool(db), PREFIX, host, NULL);
}

/* --- reading --- */

apr_status_t dygw_store_hosts(dygw_db_t *db, apr_array_header_t **hosts, apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &hosts_all, &rows, NULL);

    *hosts = apr_array_make(pool, 4, sizeof(dygw_host_row_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        dygw_ms_t left = dygw_row_int(rows, 2, 0);

        APR_ARRAY_PUSH(*hosts, dygw_host_row_t) = (dygw_host_row_t){
            dygw_row_text(rows, 0, pool),
            dygw_row_text(rows, 1, pool),
            LIVE(left),
            left < -DYGW_HOST_KEPT_MS,
        };
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_declarations(dygw_db_t *db, apr_array_header_t **declarations,
                                     apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &declarations_all, &rows, NULL);

    *declarations = apr_array_make(pool, 16, sizeof(dygw_declaration_t));
    while (rv == APR_SUCCESS && (rv = dygw_rows_next(rows)) == APR_SUCCESS) {
        dygw_ms_t left = dygw_row_int(rows, 1, 0);

        APR_ARRAY_PUSH(*declarations, dygw_declaration_t) = (dygw_declaration_t){
            dygw_row_text(rows, 0, pool), LIVE(left),
            dygw_row_text(rows, 2, pool), dygw_row_text(rows, 3, pool),
            dygw_row_text(rows, 4, pool), dygw_row_text(rows, 5, pool),
        };
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_declaration_holders(dygw_db_t *db, const char *client_key, const char *code,
                                            int *live)
{
    const char *args[] = { client_key, code };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &declaration_holders, &rows, args);

    *live = 0;
    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        *live = (int)dygw_row_int(rows, 0, 0);
        dygw_rows_end(rows);
    }
    return rv;
}

/* --- writing --- */

apr_status_t dygw_store_host_renew(dygw_db_t *db, const char *host)
{
    const char *args[] = { dygw_db_int(db, DYGW_HOST_TTL_MS), lease_name(db, host) };
    int nrows = 0;
    apr_status_t rv = dygw_db_exec(db, &host_renew, &nrows, args);

    return rv == APR_SUCCESS && nrows == 0 ? APR_NOTFOUND : rv;
}

static apr_status_t set_host(dygw_db_t *db, const char *host, const char *digest)
{
    const char *name = lease_name(db, host);
    const char *inserted[] = { name };
    const char *set[] = { digest, dygw_db_int(db, DYGW_HOST_TTL_MS), name };
    apr_status_t rv = dygw_db_exec(db, &host_insert, NULL, inserted);

    return rv == APR_SUCCESS ? dygw_db_exec(db, &host_set, NULL, set) : rv;
}

static apr_status_t clear_declarations(dygw_db_t *db, const char *host)
{
    const char *args[] = { host };

    return dygw_db_exec(db, &declarations_clear, NULL, args);
}

static apr_status_t insert_declaration(dygw_db_t *db, const char *host, const dygw_declaration_t *d)
{
    const char *args[] = { host, d->client_key, d->code, d->fingerprint, d->declared_in };

    return dygw_db_exec(db, &declaration_insert, NULL, args);
}

static apr_status_t end_transaction(dygw_db_t *db, apr_status_t rv)
{
    if (rv == APR_SUCCESS) {
        return dygw_db_commit(db);
    }
    dygw_db_rollback(db);
    return rv;
}

apr_status_t dygw_store_host_declares(dygw_db_t *db, const char *host, const char *digest,
                                      const apr_array_header_t *declarations)
{
    apr_status_t rv = dygw_db_begin(db);
    int i;

    if (rv == APR_SUCCESS) {
        rv = set_host(db, host, digest);
    }
    if (rv == APR_SUCCESS) {
        rv = clear_declarations(db, host);
    }
    for (i = 0; rv == APR_SUCCESS && i < declarations->nelts; i++) {
        rv = insert_declaration(db, host, &APR_ARRAY_IDX(declarations, i, dygw_declaration_t));
    }
    return end_transaction(db, rv);
}

apr_status_t dygw_store_host_forget(dygw_db_t *db, const char *host)
{
    const char *args[] = { lease_name(db, host), dygw_db_int(db, DYGW_HOST_KEPT_MS) };
    int nrows = 0;
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = dygw_db_exec(db, &host_forget, &nrows, args);
    }
    if (rv == APR_SUCCESS && nrows > 0) {
        rv = clear_declarations(db, host);
    }
    return end_transaction(db, rv);
}
