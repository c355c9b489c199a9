/* SPDX-License-Identifier: Apache-2.0
 * Makes certain of what was found done after a commit in doubt, by a write that is answered. */
#include "store/db/confirm.h"

#include <apr_strings.h>

#include "store/db/catalogue.h"
#include "util/crypto.h"

#define MARK_LEN 24

/* What is written stands among the nonces. Its key is none of theirs, which are digests; its time
 * never comes, so that who removes old nonces does not meet it. */
static const dygw_stmt_t confirm_put = {
    "dygw_confirm_put",
    DYGW_SQL("INSERT INTO dygw_nonces (nonce_key, expires_at) VALUES (%s, 9223372036854775807)"),
};

static const dygw_stmt_t confirm_remove = {
    "dygw_confirm_remove",
    DYGW_SQL("DELETE FROM dygw_nonces WHERE nonce_key = %s"),
};

static apr_status_t write_something(dygw_db_t *db)
{
    apr_pool_t *pool = dygw_db_pool(db);
    const char *args[] = { apr_pstrcat(pool, "confirm ", dygw_random_text(pool, MARK_LEN), NULL) };
    apr_status_t rv = dygw_db_exec(db, &confirm_put, NULL, args);

    return rv == APR_SUCCESS ? dygw_db_exec(db, &confirm_remove, NULL, args) : rv;
}

/* One transaction, so that it is one server which shows it and answers. */
static apr_status_t look_and_write(dygw_db_t *db, dygw_seen_fn *seen, const void *what)
{
    apr_status_t rv = dygw_db_begin(db);

    if (rv == APR_SUCCESS) {
        rv = seen(db, what);
    }
    if (rv == APR_SUCCESS) {
        rv = write_something(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_db_rollback(db);
        return rv;
    }
    return dygw_db_commit(db);
}

apr_status_t dygw_store_confirm(dygw_db_t *db, dygw_seen_fn *seen, const void *what)
{
    apr_status_t rv = APR_SUCCESS;

    if (dygw_db_dialect(db) != DYGW_SQLITE3) {
        rv = dygw_db_in_transaction(db) ? write_something(db) : look_and_write(db, seen, what);
    }
    return rv == APR_SUCCESS ? rv : APR_INCOMPLETE;
}

apr_status_t dygw_store_was_done(dygw_db_t *db, dygw_seen_fn *seen, const void *what)
{
    apr_status_t rv = seen(db, what);

    return rv == APR_SUCCESS ? dygw_store_confirm(db, seen, what) : rv;
}
