/* SPDX-License-Identifier: Apache-2.0
 * For db.c, failure.c, rows.c, once.c, deadline.c and script.c of store/db/ only: the inside of a
 * unit of work. */
#ifndef DYGW_STORE_DB_INSIDE_H
#define DYGW_STORE_DB_INSIDE_H

#include "store/db/session.h"
#include "util/log.h"

struct dygw_db_t {
    apr_pool_t *pool;    /* the opener's, until the connection is given back */
    apr_pool_t *scratch; /* rows and what they gave out: gone before */
    apr_pool_t *rows;    /* of the present query; NULL before the first */
    dygw_db_source_t *source;
    const dygw_log_t *log;
    dygw_dbd_t dbd;
    dygw_session_t *session; /* of dbd; NULL: not looked for yet */
    dygw_wait_t wait;        /* what the guard knows of this unit */
    int connected;
    int cut; /* a statement took too long: the connection is no good any more */
    int in_transaction;
    int failed;             /* a statement of the transaction failed */
    int locked;             /* the writer's lock is ours */
    apr_time_t locks_since; /* when the lock was asked for */
    int deadlock;           /* the last statement lost one */
    int timed_out;          /* the last statement took too long */
    int alone;              /* the last statement is done, but its standby has not got it */
    int in_doubt;           /* the last statement, or the commit, may have been done */
    int repeated;           /* the last statement was run again, on another connection */
    const char *error;      /* the last failure, for dygw_db_report */
    const char *foreign;    /* the application to which the database belongs, not to ours */
};

/* One statement to run: a prepared one, or plain text. */
typedef struct dygw_dbjob_t {
    const dygw_stmt_t *stmt;
    const char *plain;
    const char **args;
    int nrows;
    apr_dbd_results_t **results; /* NULL: it gives no rows */
    int once;                    /* a query that is not kept prepared */
} dygw_dbjob_t;

/* Keeps what the driver says of a failure for dygw_db_report. */
void dygw_db_note_failure(dygw_db_t *db, const char *what, int code);

/* Counts a write that failed, for the host. */
void dygw_db_note_failed_write(const dygw_db_t *db);

/* Takes the lock of the one writer, where there is one, until dygw_db_unlock. */
apr_status_t dygw_db_lock(dygw_db_t *db);
void dygw_db_unlock(dygw_db_t *db);

/* The connection's session is made anew when it is needed next. */
void dygw_db_drop_session(dygw_db_t *db);

/* Asks a query whose statement is not kept; the driver's code. */
int dygw_db_ask_once(dygw_db_t *db, const dygw_dbjob_t *job);

/* Carries the job out, on a renewed connection if need be. APR_EGENERAL. */
apr_status_t dygw_db_run(dygw_db_t *db, dygw_dbjob_t *job);

#endif
