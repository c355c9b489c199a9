/* SPDX-License-Identifier: Apache-2.0
 * The database: one wrapper over apr_dbd that makes its drivers behave alike. It and
 * store/db/session.c are the only files that call apr_dbd.
 *
 * A unit of work opens a connection, works, closes it; it is never held across an upstream call or
 * while writing to a client, and a thread has one at a time. Statements are prepared on a
 * connection when it first needs them. When the first statement of a unit fails, the connection is
 * checked, the statement prepared again and tried once more: that heals connections which the
 * server closed. Statements are therefore written so that doing one twice does no harm. */
#ifndef DYGW_STORE_DB_DB_H
#define DYGW_STORE_DB_DB_H

#include "store/db/source.h"
#include "util/log.h"

/* Opens a unit of work, with a pool of its own below pool. APR_EGENERAL: no database is there. */
apr_status_t dygw_db_open(dygw_db_t **db, dygw_db_source_t *source, const dygw_log_t *log,
                          apr_pool_t *pool);

/* Rolls back what is open and gives the connection back. Everything that rows gave out is gone.
 * NULL is fine. */
void dygw_db_close(dygw_db_t *db);

/* The pool of the unit of work. */
apr_pool_t *dygw_db_pool(const dygw_db_t *db);

dygw_dialect_e dygw_db_dialect(const dygw_db_t *db);

/* Several statements as one. Any failure inside makes commit fail and roll back. */
apr_status_t dygw_db_begin(dygw_db_t *db);
apr_status_t dygw_db_commit(dygw_db_t *db);
int dygw_db_in_transaction(const dygw_db_t *db);
/* A statement that was given up may be carried out all the same, when the server goes on. One that
 * must not be has *deadline as an argument: its last moment, in ms on the database's clock, at
 * which the caller still waits. Where no statement is ever given up, that moment never comes. From
 * the unit's pool. */
apr_status_t dygw_db_deadline(dygw_db_t *db, const char **deadline);
/* Commits before the deadline or not at all. MySQL has no such statement: there it commits at any
 * time. */
apr_status_t dygw_db_commit_before(dygw_db_t *db, const char *deadline);
/* A statement came too late, and nobody knows why: the next deadline is made by a new look at the
 * database's clock. */
void dygw_db_doubt_clock(dygw_db_t *db);
/* Gives up what begin opened, so that the unit can go on without it. Nothing open is no error. */
void dygw_db_rollback(dygw_db_t *db);
/* Did the last statement fail because two transactions crossed? Then it helps to do the whole
 * transaction again. A statement outside of a transaction has been repeated already. */
int dygw_db_lost_deadlock(const dygw_db_t *db);
/* Did the last statement fail because a lock was not given in time, or the statement took too long?
 * It was not done, and another one would be kept waiting as long. */
int dygw_db_timed_out(const dygw_db_t *db);
/* Did the last statement outside of a transaction, or the commit, fail without an answer of the
 * server? Then it may have been done, or may still be done. A look that finds nothing of it proves
 * nothing; a write that meets it does. */
int dygw_db_in_doubt(const dygw_db_t *db);
/* After a failure: does the database answer at all? */
int dygw_db_answers(dygw_db_t *db);
/* Was everything refused because the database belongs to another Douyin application than the
 * source's? Which one, from the unit's pool; NULL: it was not. */
const char *dygw_db_foreign(const dygw_db_t *db);
/* Was the last statement run once more, because its connection died under it? The first run may
 * have been carried out. */
int dygw_db_repeated(const dygw_db_t *db);

/* Runs a statement that returns no rows; args as text, NULL for SQL NULL, as many as the statement
 * has parameters. *nrows (may be NULL): how many rows it found and changed. */
apr_status_t dygw_db_exec(dygw_db_t *db, const dygw_stmt_t *stmt, int *nrows, const char **args);

/* A number that has no value yet. */
#define DYGW_NO_INT ((apr_int64_t)-9007199254740991)

/* An integer as an argument, from the unit's pool. */
const char *dygw_db_int(dygw_db_t *db, apr_int64_t value);

/* Like dygw_db_exec where a failure may be a duplicate: it is not logged before dygw_db_report says
 * that it was none. */
apr_status_t dygw_db_exec_quiet(dygw_db_t *db, const dygw_stmt_t *stmt, int *nrows,
                                const char **args);
void dygw_db_report(dygw_db_t *db);

/* Runs the statements of a migration one after the other, unprepared; rows are dropped. They may
 * open and commit a transaction of their own, which is rolled back when one of them fails. A column
 * that SQLite has already is no failure. */
apr_status_t dygw_db_script(dygw_db_t *db, const char *name, const char *const *statements,
                            int count);

typedef struct dygw_rows_t dygw_rows_t;

/* Runs a query and reads its rows one by one. All rows must have been read or the unit closed
 * before the next statement. */
apr_status_t dygw_db_select(dygw_db_t *db, const dygw_stmt_t *stmt, dygw_rows_t **rows,
                            const char **args);

/* The same for a statement that is made of what somebody asks for, of which there may be any
 * number: it is not kept on the connection, and its label stands in its text as a comment. */
apr_status_t dygw_db_select_once(dygw_db_t *db, const dygw_stmt_t *stmt, dygw_rows_t **rows,
                                 const char **args);

/* The next row; APR_EOF behind the last. */
apr_status_t dygw_rows_next(dygw_rows_t *rows);

/* Reads what is left of the rows, so that the next statement may come. */
void dygw_rows_end(dygw_rows_t *rows);

/* Columns of the present row, from 0. Text is copied into pool; NULL for SQL NULL. */
const char *dygw_row_text(dygw_rows_t *rows, int column, apr_pool_t *pool);
apr_int64_t dygw_row_int(dygw_rows_t *rows, int column, apr_int64_t if_null);

#endif
