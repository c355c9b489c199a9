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
#include "store/db/kinds.h"

#define LOOKS 3 /* at a key that goes away between two statements */

/* What a claim writes, whether the key is new or taken over. */
#define CLAIM_COLUMNS(FIRST, X) \
    FIRST(TEXT, fingerprint) \
    X(TEXT, owner) \
    X(TIME, running_until) \
    X(TIME, expires_at)

/* clang-format off */
static const dygw_stmt_t idempotency_new = {
    "dygw_idempotency_new",
    DYGW_SQL_INSERT_NEW("dygw_idempotency (" DYGW_NAMES(CLAIM_COLUMNS) ", key_hash) "
                        "VALUES (" DYGW_PARAMETERS(CLAIM_COLUMNS) ", %s)")
};
/* clang-format on */

static const dygw_stmt_t idempotency_take = {
    "dygw_idempotency_take",
    DYGW_SQL("UPDATE dygw_idempotency SET " DYGW_SETS(
        CLAIM_COLUMNS) ", first_id = NULL "
                       "WHERE key_hash = %s "
                       "AND (expires_at < %lld OR (first_id IS NULL "
                       "AND (running_until < %lld OR running_until > %lld)))"),
};

static const dygw_stmt_t idempotency_tie = {
    "dygw_idempotency_tie",
    DYGW_SQL("UPDATE dygw_idempotency SET first_id = %lld "
             "WHERE key_hash = %s AND owner = %s AND first_id IS NULL"),
};

static const dygw_stmt_t idempotency_free = {
    "dygw_idempotency_free",
    DYGW_SQL(
        "DELETE FROM dygw_idempotency WHERE key_hash = %s AND owner = %s AND first_id IS NULL"),
};

/* clang-format off */
static const dygw_stmt_t idempotency_get = {
    "dygw_idempotency_get",
    DYGW_SQL("SELECT " DYGW_NAMES(CLAIM_COLUMNS) ", key_hash, first_id FROM dygw_idempotency "
             "WHERE key_hash = %s AND expires_at >= %lld")
};
/* clang-format on */

#define EXPIRED "expires_at < %lld"
#define OLDEST  "WHERE " EXPIRED " ORDER BY expires_at LIMIT %lld"

/* A limited DELETE: MySQL has it, the others need the keys first. A key that is claimed anew
 * between the two is not expired any more. */
#define PURGE_BY_KEY \
    "DELETE FROM dygw_idempotency WHERE key_hash IN " \
    "(SELECT key_hash FROM dygw_idempotency " OLDEST ") AND " EXPIRED

static const dygw_stmt_t idempotency_purge = {
    "dygw_idempotency_purge",
    { PURGE_BY_KEY, PURGE_BY_KEY, "DELETE FROM dygw_idempotency " OLDEST },
};

#define READ(kind, name)     found->name = DYGW_READ_##kind(rows, column++, pool);
#define ARGUMENT(kind, name) args[count++] = DYGW_ARG_##kind(db, wanted->name);

/* A key that is thought to have expired stands for nothing any more: a repeated request would
 * redeem another coupon. */
static dygw_ms_t surely_come(dygw_ms_t now)
{
    const dygw_ms_t sure = dygw_sure_now();

    return sure < now ? sure : now;
}

apr_status_t dygw_store_idempotency_get(dygw_db_t *db, const char *key, dygw_ms_t now,
                                        dygw_idempotency_t **held, apr_pool_t *pool)
{
    const char *args[] = { key, dygw_db_int(db, surely_come(now)) };
    dygw_idempotency_t *found;
    dygw_rows_t *rows;
    int column = 0;
    apr_status_t rv = dygw_db_select(db, &idempotency_get, &rows, args);

    if (rv == APR_SUCCESS) {
        rv = dygw_rows_next(rows);
    }
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_EOF(rv) ? APR_NOTFOUND : rv;
    }
    found = apr_palloc(pool, sizeof(*found));
    CLAIM_COLUMNS(READ, READ)
    found->key = dygw_row_text(rows, column++, pool);
    found->first_id = dygw_row_int(rows, column, 0);
    *held = found;
    return APR_SUCCESS;
}

/* --- claiming --- */

static apr_status_t insert_or_take_key(dygw_db_t *db, const dygw_idempotency_t *wanted,
                                       dygw_ms_t now, int *claimed)
{
    const char *args[DYGW_LENGTH(CLAIM_COLUMNS) + 4];
    int count = 0;
    apr_status_t rv;

    CLAIM_COLUMNS(ARGUMENT, ARGUMENT)
    args[count++] = wanted->key;
    rv = dygw_db_exec(db, &idempotency_new, claimed, args);
    if (rv == APR_SUCCESS && *claimed == 0) {
        args[count++] = dygw_db_int(db, surely_come(now));
        args[count++] = dygw_db_int(db, now);
        args[count] = dygw_db_int(db, now + DYGW_IDEMPOTENCY_CLAIM_MAX_MS);
        rv = dygw_db_exec(db, &idempotency_take, claimed, args);
    }
    return rv;
}

/* Neither inserted nor taken. APR_NOTFOUND: it has gone meanwhile. */
static apr_status_t who_has_key(dygw_db_t *db, const dygw_idempotency_t *wanted, dygw_ms_t now,
                                dygw_idempotency_t **held, apr_pool_t *pool)
{
    apr_status_t rv = dygw_store_idempotency_get(db, wanted->key, now, held, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return (*held)->first_id == 0 && strcmp((*held)->owner, wanted->owner) == 0 ? APR_SUCCESS
                                                                                : APR_EEXIST;
}

typedef struct key_claim_t {
    const dygw_idempotency_t *wanted;
    dygw_ms_t now;
} key_claim_t;

static apr_status_t is_key_claimed(dygw_db_t *db, const void *what)
{
    const key_claim_t *claim = what;
    dygw_idempotency_t *held;

    return who_has_key(db, claim->wanted, claim->now, &held, dygw_db_pool(db));
}

apr_status_t dygw_store_idempotency_claim(dygw_db_t *db, const dygw_idempotency_t *wanted,
                                          dygw_ms_t now, dygw_idempotency_t **held,
                                          apr_pool_t *pool)
{
    const key_claim_t claim = { wanted, now };
    int looks = LOOKS;
    apr_status_t rv;

    *held = NULL;
    do {
        int claimed = 0;

        rv = insert_or_take_key(db, wanted, now, &claimed);
        if (rv != APR_SUCCESS) {
            return dygw_db_timed_out(db) ? APR_TIMEUP : rv;
        }
        if (claimed > 0) {
            return APR_SUCCESS;
        }
        rv = who_has_key(db, wanted, now, held, pool);
    } while (rv == APR_NOTFOUND && --looks > 0);
    if (rv == APR_SUCCESS) {
        return dygw_store_confirm(db, is_key_claimed, &claim);
    }
    return rv == APR_NOTFOUND ? APR_EGENERAL : rv;
}

/* --- afterwards --- */

static apr_status_t is_key_tied(dygw_db_t *db, const char *key, const char *owner,
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

    return rv == APR_SUCCESS && nrows == 0 ? is_key_tied(db, key, owner, first_id) : rv;
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
