/* SPDX-License-Identifier: Apache-2.0
 * What the parts of the database suite share: connections that outlive units of work, as those of
 * mod_dbd do. */
#ifndef DYGW_T_DB_SUITE_H
#define DYGW_T_DB_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_strings.h>

#include "wire.h"
#include "store/app.h"
#include "store/verification/idempotency.h"
#include "store/lease.h"
#include "store/nonce.h"
#include "store/token.h"
#include "store/webhook.h"
#include "store/db/catalogue.h"
#include "store/db/db.h"
#include "store/db/schema.h"
#include "store/verification/verification.h"

#define T0 APR_INT64_C(1764000000789) /* a time in ms, above 32 bits */

#define HOSTS 2

/* Two hosts, each with one connection that is kept and checked at every open. */
extern dygw_db_source_t suite_host[HOSTS];

/* The connection itself; NULL before the first unit of work. */
apr_dbd_t *suite_handle(int host);

/* Lives as long as one test. */
extern apr_pool_t *suite_pool;

extern const dygw_log_t suite_log;

/* Version and number of files that ran, when the group began with an empty database. */
extern int suite_version_before;
extern int suite_files_run;

/* How many messages at ERR the store wrote since the test began, and the last of them. */
extern int suite_errors;
extern char suite_last_error[512];

int suite_group_setup(void **state);
int suite_setup(void **state);
int suite_teardown(void **state);

/* A unit of work of a host; fails the test when there is none. */
dygw_db_t *suite_open(int host);

/* Connections that are out, and how often one was asked for. */
extern int suite_units;
extern int suite_opens;

/* Lets the next opens fail. */
extern int suite_refused_opens;

/* Ends every connection at the server; with SQLite changes the schema, which ends all prepared
 * statements. */
void suite_kill(void);

/* Plain SQL on a host's connection, past the store; gives its lines, columns joined by '|'. Fails
 * the test when it fails. */
apr_array_header_t *suite_ask(int host, const char *sql);

/* The same for SQL without rows, on host 1, which has no unit of work open; its connection may have
 * been killed. */
void suite_do(const char *sql);

/* Closes all connections, as is needed before a fork. */
void suite_disconnect(void);

/* In a child: pools and connections of its own, and ids that no other child gives out. */
void suite_in_child(int number);

/* Different in every call, and in every run on the same database. */
apr_int64_t suite_unique(void);
apr_int64_t suite_unique_range(int count); /* the first of so many in a row */
const char *suite_unique_text(const char *prefix);

/* The child holds the lock of the one writer. */
extern int suite_locked;

#define SUITE_TEST(f) cmocka_unit_test_setup_teardown(f, suite_setup, suite_teardown)

/* Adds to what is run. */
void suite_add(const struct CMUnitTest *more, size_t count);
#define SUITE_ADD(tests) suite_add(tests, sizeof(tests) / sizeof((tests)[0]))

void suite_connections(void);
void suite_failures(void);
void suite_doubt(void);
void suite_slow(void);
void suite_apps(void);
void suite_apps_declared(void);
void suite_declaring(void);
void suite_tables(void);
void suite_verifications(void);
void suite_together(void);
void suite_columns(void);
void suite_settlement(void);
void suite_due(void);
void suite_ahead(void);
void suite_keys(void);
void suite_declarations(void);
void suite_webhooks(void);
void suite_reconciliations(void);
void suite_matching(void);
void suite_payouts(void);
void suite_payouts_reports(void);
void suite_audit(void);
void suite_retention(void);
void suite_reasons(void);
void suite_reports(void);
void suite_filters(void);
void suite_sums(void);
void suite_crowd(void);
void suite_plans(void);

/* The program's other uses, by its arguments; -1: not one of them. */
int suite_mode(int argc, char **argv);

#endif
