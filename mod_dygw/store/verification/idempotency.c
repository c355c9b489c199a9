/* SPDX-License-Identifier: Apache-2.0
 * Table dygw_idempotency: which request an Idempotency-Key stands for.
 *
 * A key is claimed by inserting it or, where it is free again, by taking its row over; each is one
 * statement, so that of many requests one gets it. Whoever changed nothing looks at what is there:
 * it may be his own, when an answer was lost. */
#include "store/verification/idempotency.h"

#include <string.h>

#include "store/db/catalogue.h"
#include "store/db/confirm.h"

#define LOOKS 3     /* at a key that goes away between two statements */

static const dygw_stmt_t idempotency_new = {
    "dygw_idempotency_new",
    DYGW_SQL_INSERT_NEW("dygw_idempotency (key_hash, fingerprint, owner, running_until, "
                        "expires_at) VALUES (%s, %s, %s, %lld, %lld)")
};

static const dygw_stmt_t idempotency_take = {
    "dygw_idempotency_take",
    DYGW_SQL("UPDATE dygw_idempotency SET fingerprint = %s, owner = %s, first_id = NULL, "
             "running_until = %lld, expires_at = %lld WHERE key_hash = %s "
             "AND (expires_at < %lld OR (first_id IS NULL "
             "AND (running_until < %lld OR running_until > %lld)))")
};

static const dygw_stmt_t idempotency_tie = {
    "dygw_idempotency_tie",
    DYGW_SQL("UPDATE dygw_idempotency SET first_id = %lld "
             "WHERE key_hash = %s AND owner = %s AND first_id IS NULL")
};

static const dygw_stmt_t idempotency_free = {
    "dygw_idempotency_free",
    DYGW_SQL("DELETE FROM dygw_idempotency WHERE key_hash = %s AND owner = %s AND first_id IS NULL")
};

static const dygw_stmt_t idempotency_get = {
    "dygw_idempotency_get",
    DYGW_SQL("SELECT key_hash, fingerprint, owner, first_id, running_until, expires_at "
             "FROM dygw_idempotency WHERE key_hash = %s AND expires_at >= %lld")
};

#define EXPIRED "expires_at < %lld"
#define OLDEST  "WHERE " EXPIRED " ORDER BY expires_at LIMIT %lld"

/* A limited DELETE: MySQL has it, the others need the keys first. A key that is claimed anew
 * between the two is not expired any more. */
#define PURGE_BY_KEY \
    "DELETE FROM dygw_idempotency WHERE key_hash IN " \
    "(SELECT key_hash FROM dygw_idempotency " OLDEST ") AND " EXPIRED

static const dygw_stmt_t idempotency_purge = {
    "dygw_idempotency_purge",
    { PURGE_BY_KEY, PURGE_BY_KEY, "DELETE FROM dygw_idempotency " OLDEST }
};

apr_status_t dygw_store_idempotency_get(dygw_db_t *db, const char *key, dygw_ms_t now,
                                        dygw_idempotency_t **held, apr_pool_t *pool)
{
    const char *args[] = { key, dygw_db_int(db, now) };
    dygw_idempotency_t *found;
    dygw_rows_t *rows;
    apr_status_t rv = dygw_db_select(db, &idempotency_get, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    found = apr_palloc(pool, sizeof(*found));
    found->key = dygw_row_text(rows, 0, pool);
    found->fingerprint = dygw_row_text(rows, 1, pool);
    found->owner = dygw_row_text(rows, 2, pool);
    found->first_id = dygw_row_int(rows, 3, 0);
    found->running_until = dygw_row_int(rows, 4, 0);
    found->expires_at = dygw_row_int(rows, 5, 0);
    *held = found;
    return APR_SUCCESS;
}

/* --- claiming --- */

static apr_status_t insert_or_take(dygw_db_t *db, const dygw_idempotency_t *wanted, dygw_ms_t now,
                                   int *claimed)
{
    const char *running_until = dygw_db_int(db, wanted->running_until);
    const char *expires_at = dygw_db_int(db, wanted->expires_at);
    const char *at = dygw_db_int(db, now);
    const char *fresh[] = { wanted->key, wanted->fingerprint, wanted->owner, running_until,
                            expires_at };
    const char *again[] = { wanted->fingerprint, wanted->owner, running_until, expires_at,
                            wanted->key, at, at,
                            dygw_db_int(db, now + DYGW_IDEMPOTENCY_CLAIM_MAX_MS) };
    apr_status_t rv = dygw_db_exec(db, &idempotency_new, claimed, fresh);

    if (rv == APR_SUCCESS && *claimed == 0) {
        rv = dygw_db_exec(db, &idempotency_take, claimed, again);
    }
    return rv;
}

/* Neither inserted nor taken. APR_NOTFOUND: it has gone meanwhile. */
static apr_status_t who_has_it(dygw_db_t *db, const dygw_idempotency_t *wanted, dygw_ms_t now,
                               dygw_idempotency_t **held, apr_pool_t *pool)
{
    apr_status_t rv = dygw_store_idempotency_get(db, wanted->key, now, held, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return (*held)->first_id == 0 && strcmp((*held)->owner, wanted->owner) == 0 ? APR_SUCCESS
                                                                                : APR_EEXIST;
}

typedef struct claim_t {
    const dygw_idempotency_t *wanted;
    dygw_ms_t now;
} claim_t;

static apr_status_t is_claimed(dygw_db_t *db, const void *what)
{
    const claim_t *claim = what;
    dygw_idempotency_t *held;

    return who_has_it(db, claim->wanted, claim->now, &held, dygw_db_pool(db));
}

apr_status_t dygw_store_idempotency_claim(dygw_db_t *db, const dygw_idempotency_t *wanted,
                                          dygw_ms_t now, dygw_idempotency_t **held,
                                          apr_pool_t *pool)
{
    const claim_t claim = { wanted, now };
    int looks = LOOKS;
    apr_status_t rv;

    *held = NULL;
    do {
        int claimed = 0;

        rv = insert_or_take(db, wanted, now, &claimed);
        if (rv != APR_SUCCESS) {
            return dygw_db_timed_out(db) ? APR_TIMEUP : rv;
        }
        if (claimed > 0) {
            return APR_SUCCESS;
        }
        rv = who_has_it(db, wanted, now, held, pool);
    } while (rv == APR_NOTFOUND && --looks > 0);
    if (rv == APR_SUCCESS) {
        return dygw_store_confirm(db, is_claimed, &claim);
    }
    return rv == APR_NOTFOUND ? APR_EGENERAL : rv;
}

/* --- afterwards --- */

static apr_status_t is_tied(dygw_db_t *db, const char *key, const char *owner,
                            apr_int64_t first_id)
{
    dygw_idempotency_t *held;
    apr_status_t rv = dygw_store_idempotency_get(db, key, 0, &held, dygw_db_pool(db));

    if (rv != APR_SUCCESS) {
        return rv == APR_NOTFOUND ? APR_EBUSY : rv;
    }
    return held->first_id == first_id && strcmp(held->owner, owner) == 0 ? APR_SUCCESS : APR_EBUSY;
}

apr_status_t dygw_store_idempotency_tie(dygw_db_t *db, const char *key, const char *owner,
                                        apr_int64_t first_id)
{
    const char *args[] = { dygw_db_int(db, first_id), key, owner };
    int nrows;
    apr_status_t rv = dygw_db_exec(db, &idempotency_tie, &nrows, args);

    return rv == APR_SUCCESS && nrows == 0 ? is_tied(db, key, owner, first_id) : rv;
}

apr_status_t dygw_store_idempotency_free(dygw_db_t *db, const char *key, const char *owner)
{
    const char *args[] = { key, owner };

    return dygw_db_exec(db, &idempotency_free, NULL, args);
}

apr_status_t dygw_store_idempotency_purge(dygw_db_t *db, dygw_ms_t now, int limit, int *removed)
{
    const char *at = dygw_db_int(db, now);
    const char *args[] = { at, dygw_db_int(db, limit), at };

    return dygw_db_exec(db, &idempotency_purge, removed, args);
}
