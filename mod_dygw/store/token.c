/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_tokens: the one Douyin access token, sealed, and who is renewing it. */
#include "store/token.h"

#include <string.h>

#include "store/db/catalogue.h"
#include "store/db/confirm.h"

static const dygw_stmt_t token_get = {
    "dygw_token_get",
    DYGW_SQL("SELECT version, sealed, expires_at, obtained_at FROM dygw_tokens WHERE id = 1"),
};

#define CLAIM(now, integer) \
    "UPDATE dygw_tokens SET claim_owner = %s, claim_until = " now " + CAST(%lld AS " integer ") " \
    "WHERE id = 1 AND version = %lld AND (claim_owner = %s OR claim_until < " now " " \
    "OR claim_until > " now " + CAST(%lld AS " integer "))"

static const dygw_stmt_t token_claim = {
    "dygw_token_claim",
    { CLAIM(DYGW_NOW_SQLITE3, "INTEGER"), CLAIM(DYGW_NOW_PGSQL, "BIGINT"),
      CLAIM(DYGW_NOW_MYSQL, "SIGNED") },
};

static const dygw_stmt_t token_claimed = {
    "dygw_token_claimed",
    DYGW_SQL("SELECT version, claim_owner FROM dygw_tokens WHERE id = 1"),
};

static const dygw_stmt_t token_put = {
    "dygw_token_put",
    DYGW_SQL("UPDATE dygw_tokens SET version = version + 1, sealed = %s, obtained_at = %lld, "
             "expires_at = %lld, claim_owner = NULL, claim_until = 0 "
             "WHERE id = 1 AND version = %lld"),
};

static const dygw_stmt_t token_reseal = {
    "dygw_token_reseal",
    DYGW_SQL("UPDATE dygw_tokens SET sealed = %s WHERE id = 1 AND version = %lld AND sealed = %s"),
};

apr_status_t dygw_store_token_get(dygw_db_t *db, dygw_token_row_t *row, apr_pool_t *pool)
{
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &token_get, &rows, NULL);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    row->version = dygw_row_int(rows, 0, 0);
    row->sealed = dygw_row_text(rows, 1, pool);
    row->expires_at = dygw_row_int(rows, 2, DYGW_NO_TIME);
    row->obtained_at = dygw_row_int(rows, 3, DYGW_NO_TIME);
    return APR_SUCCESS;
}

typedef struct token_claim_t {
    apr_int64_t version;
    const char *owner;
} token_claim_t;

/* Why a claim changed nothing. APR_SUCCESS: it is ours, by an earlier try. */
static apr_status_t why_token_not_claimed(dygw_db_t *db, const void *what)
{
    const token_claim_t *claim = what;
    const char *holder;
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &token_claimed, &rows, NULL);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    if (dygw_row_int(rows, 0, 0) != claim->version) {
        return APR_EEXIST;
    }
    holder = dygw_row_text(rows, 1, dygw_db_pool(db));
    return holder && strcmp(holder, claim->owner) == 0 ? APR_SUCCESS : APR_EBUSY;
}

apr_status_t dygw_store_token_claim(dygw_db_t *db, apr_int64_t version, const char *owner,
                                    dygw_ms_t ttl_ms)
{
    const char *args[] = { owner, dygw_db_int(db, ttl_ms), dygw_db_int(db, version), owner,
                           dygw_db_int(db, DYGW_TOKEN_CLAIM_MAX_MS) };
    int nrows;
    const token_claim_t claim = { version, owner };
    apr_status_t rv = dygw_db_exec(db, &token_claim, &nrows, args);

    return rv == APR_SUCCESS && nrows == 0 ? dygw_store_was_done(db, why_token_not_claimed, &claim)
                                           : rv;
}

typedef struct token_successor_t {
    apr_int64_t version;
    const char *sealed;
} token_successor_t;

/* Changed nothing: somebody was faster, or it was ourselves and the answer got lost. */
static apr_status_t is_token_stored(dygw_db_t *db, const void *what)
{
    const token_successor_t *successor = what;
    dygw_token_row_t row;
    apr_status_t rv = dygw_store_token_get(db, &row, dygw_db_pool(db));

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (row.version == successor->version && row.sealed
        && strcmp(row.sealed, successor->sealed) == 0) {
        return APR_SUCCESS;
    }
    return APR_EEXIST;
}

apr_status_t dygw_store_token_put(dygw_db_t *db, apr_int64_t version, const char *sealed,
                                  dygw_ms_t obtained_at, dygw_ms_t expires_at)
{
    const char *args[] = { sealed, dygw_db_int(db, obtained_at), dygw_db_int(db, expires_at),
                           dygw_db_int(db, version) };
    const token_successor_t successor = { version + 1, sealed };
    int nrows;
    apr_status_t rv = dygw_db_exec(db, &token_put, &nrows, args);

    return rv == APR_SUCCESS && nrows == 0 ? dygw_store_was_done(db, is_token_stored, &successor)
                                           : rv;
}

apr_status_t dygw_store_token_reseal(dygw_db_t *db, apr_int64_t version, const char *from,
                                     const char *to, int *done)
{
    const char *args[] = { to, dygw_db_int(db, version), from };

    return dygw_db_exec(db, &token_reseal, done, args);
}
