/* SPDX-License-Identifier: Apache-2.0
 * For store/ only: makes certain of what was found done after a commit in doubt.
 *
 * A row that is seen is not yet a row that survives. Both servers show a commit to others before it
 * is safe: InnoDB before its log is written, PostgreSQL while, and when, a session that waits for
 * its standby is ended. So a look that finds our own write, the answer to which was lost, proves
 * nothing. What proves it is another write of our own, on the server that shows the row, when it is
 * answered: its place in the server's log lies behind the row's. That write is a row which nobody
 * else knows and which the same commit removes, so that nobody has to wait for it.
 *
 * SQLite shows nothing before it is on the disk: with synchronous = FULL (dialect.c) a commit
 * syncs the log, and then only changes the index by which others find it. */
#ifndef DYGW_STORE_DB_CONFIRM_H
#define DYGW_STORE_DB_CONFIRM_H

#include "store/db/db.h"

/* APR_SUCCESS: `what` is there, as this unit sees it. */
typedef apr_status_t dygw_seen_fn(dygw_db_t *db, const void *what);

/* Makes certain of what was seen: looks again, writes and commits; within a transaction only
 * writes, so that its commit tells. APR_INCOMPLETE: it is not certain, and may become so later. */
apr_status_t dygw_store_confirm(dygw_db_t *db, dygw_seen_fn *seen, const void *what);

/* A write changed nothing: was it done by an earlier try of ours, and for certain? What `seen`
 * gives when it was not. */
apr_status_t dygw_store_was_done(dygw_db_t *db, dygw_seen_fn *seen, const void *what);

#endif
