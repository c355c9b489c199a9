/* SPDX-License-Identifier: Apache-2.0
 * For store/db/db.c, and for the glue that opens connections: what a connection keeps from one unit
 * of work to the next.
 *
 * A session is a marker that tells whether the server still has the state we gave it, and the
 * statements prepared so far. It hangs in the connection's own hash and lives in a pool below the
 * hash's, so that it is gone before the connection closes. */
#ifndef DYGW_STORE_DB_SESSION_H
#define DYGW_STORE_DB_SESSION_H

#include "store/db/guard.h"

typedef struct dygw_session_t {
    apr_pool_t *pool;
    dygw_watched_t *watched; /* of its connection, for the guard; NULL without one */
    apr_hash_t *statements;  /* label -> apr_dbd_prepared_t */
    dygw_ms_t ahead;         /* by how much the database's clock is ahead of the steady one, and */
    dygw_ms_t ahead_since;   /* when that was found out, by the steady one; 0: not yet */
    const char *marker;      /* what the dialect's query gave when it was set up */
    const char *application; /* whose database it was seen to be, of those that use it; NULL: of
                              * none */
    int unended;             /* a ROLLBACK failed, or a statement was cut: something may still
                              * be open, or the session gone */
} dygw_session_t;

/* All that can fail give the driver's code, 0 for success. */

/* Runs text that may give rows; the first column of the first row into *answer, from pool (NULL for
 * none). */
int dygw_session_ask(const dygw_dbd_t *dbd, const char *sql, const char **answer, apr_pool_t *pool);

/* The session of a connection; NULL: it has none. */
dygw_session_t *dygw_session_find(const dygw_dbd_t *dbd);

/* Sets a session up for the unit whose `wait` that is. in_transaction: the database is SQLite,
 * which has lost its statements, but not its settings. */
int dygw_session_make(const dygw_dbd_t *dbd, dygw_dialect_e dialect, int in_transaction,
                      dygw_wait_t *wait, dygw_session_t **session);

void dygw_session_drop(const dygw_dbd_t *dbd, dygw_wait_t *wait);

/* The same for a connection that no unit of work uses at this moment. */
void dygw_session_forget(const dygw_dbd_t *dbd);

/* The Douyin application to which the database belongs, from pool; NULL: to none yet, as far as it
 * tells. Outside of a transaction. */
const char *dygw_session_owner(const dygw_dbd_t *dbd, apr_pool_t *pool);

/* Whether SQLite has a file open that `path` leads to no more, or one that it could only read when
 * it opened it, and that can be written now. */
int dygw_session_is_outdated(const dygw_dbd_t *dbd, const char *path);

/* Finds a statement, or prepares it. */
int dygw_session_statement(dygw_session_t *session, const dygw_dbd_t *dbd, const char *label,
                           const char *sql, apr_dbd_prepared_t **prepared);

#endif
