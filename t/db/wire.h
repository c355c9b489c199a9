/* SPDX-License-Identifier: Apache-2.0
 * Between the store and apr_dbd: the program's own apr_dbd_prepare, _query and so on stand before
 * the library's. They count what is sent, remember the SQL, and lose answers on demand. */
#ifndef DYGW_T_DB_WIRE_H
#define DYGW_T_DB_WIRE_H

#include <apr_dbd.h>
#include <apr_pools.h>
#include <apr_tables.h>

/* Calls that are a round trip each. */
extern int wire_calls;

/* Statements prepared on a connection that had them already, and on which nothing had failed. */
extern int wire_prepared_twice;

/* Statements prepared to be kept on their connection. */
extern int wire_kept;

/* The statements of a connection are gone; NULL: of all. */
void wire_forget(const apr_dbd_t *handle);

/* The next statement with that label, or plain text, is done, but the connection is broken before
 * its answer comes. */
void wire_lose_answer(const char *what);

/* The next `times` statements with that label, or plain text, give `code` and are not sent. */
void wire_refuse(const char *what, int code, int times);

/* Just before the next statement with that label this is done. */
void wire_before(const char *what, void (*done)(void));

/* Whether what these wait for has come. */
int wire_idle(void);

/* Every statement that was ever prepared, or asked with its label in a comment before it: its label,
 * and its SQL as apr_dbd takes it. NULL behind the last. */
const char *wire_statement(int number, const char **sql);

/* Runs plain SQL past the counting. rows: of const char *, their columns joined by '|'; may be
 * NULL. */
int wire_ask(const apr_dbd_driver_t *driver, apr_dbd_t *handle, const char *sql, apr_pool_t *pool,
             apr_array_header_t **rows);

#endif
