/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_nonces: spent nonces, where several hosts share them. */
#include "store/nonce.h"

#include "store/db/catalogue.h"

static const dygw_stmt_t nonce_spend = {
    "dygw_nonce_spend",
    DYGW_SQL_INSERT_NEW("dygw_nonces (nonce_key, expires_at) VALUES (%s, %lld)"),
};

static const dygw_stmt_t nonce_look = {
    "dygw_nonce_look",
    DYGW_SQL("SELECT 1 FROM dygw_nonces WHERE nonce_key = %s"),
};

#define OLDEST "WHERE expires_at < %lld ORDER BY expires_at LIMIT %lld"
#define PURGE_BY_KEY \
    "DELETE FROM dygw_nonces WHERE nonce_key IN (SELECT nonce_key FROM dygw_nonces " OLDEST ")"

/* A limited DELETE: MySQL has it, the others need the keys first. */
static const dygw_stmt_t nonce_purge = {
    "dygw_nonce_purge",
    { PURGE_BY_KEY, PURGE_BY_KEY, "DELETE FROM dygw_nonces " OLDEST },
};

apr_status_t dygw_store_nonce_spend(dygw_db_t *db, const char *key, dygw_ms_t expires_at)
{
    const char *args[] = { key, dygw_db_int(db, expires_at) };
    int nrows;
    apr_status_t rv = dygw_db_exec(db, &nonce_spend, &nrows, args);

    if (rv == APR_SUCCESS && nrows != 1) {
        return dygw_db_repeated(db) ? APR_EGENERAL : APR_EEXIST;
    }
    return rv;
}

apr_status_t dygw_store_nonce_look(dygw_db_t *db, const char *key)
{
    const char *args[] = { key };
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &nonce_look, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv == APR_SUCCESS) {
        return APR_EEXIST;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

apr_status_t dygw_store_nonce_purge(dygw_db_t *db, dygw_ms_t now, int limit, int *removed)
{
    const char *args[] = { dygw_db_int(db, now), dygw_db_int(db, limit) };

    return dygw_db_exec(db, &nonce_purge, removed, args);
}
