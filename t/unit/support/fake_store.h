/* SPDX-License-Identifier: Apache-2.0
 * The store in memory, in place of store/: what db.h, verification.h, token.h and app.h promise. It
 * fails where a test says so. A call that is not made inside of a unit of database work fails the
 * test. For all tests of gateway/ that use fake_world.h; fake_apps.c has the table of apps,
 * fake_holders.c knows who declares one, and fake_code.c looks for a code; they are linked only by
 * tests that use them. */
#ifndef FAKE_STORE_H
#define FAKE_STORE_H

#include "store/app.h"
#include "store/token.h"
#include "store/db/db.h"
#include "store/verification/verification.h"
#include "util/crypto.h"

/* The calls that can be made to fail. */
typedef enum {
    FAKE_OPEN,
    FAKE_INSERT,
    FAKE_SETTLE,
    FAKE_GET,
    FAKE_ITEMS,
    FAKE_FIND,
    FAKE_UPDATE,
    FAKE_DUE,
    FAKE_RIVALS,
    FAKE_CODE,
    FAKE_TOKEN_GET,
    FAKE_TOKEN_CLAIM,
    FAKE_TOKEN_PUT,
    FAKE_APP_VERSION,
    FAKE_APP_EACH,
    FAKE_APP_INSERT,
    FAKE_APP_GET,
    FAKE_APP_LIST,
    FAKE_APP_CHANGE,
    FAKE_APP_RESEAL,
    FAKE_APP_USED,
    FAKE_TOKEN_RESEAL,
    FAKE_APPS_BEGIN,
    FAKE_APP_ADD,
    FAKE_APP_PUT,
    FAKE_APPS_END,
    FAKE_HOLDERS,
    FAKE_STEPS
} fake_step_e;

/* Empties all tables, and lets all calls work; rows live in this pool. */
void fake_store_reset(apr_pool_t *pool);

/* Where the gateway opens its connections. */
dygw_db_source_t *fake_store_source(void);

/* Makes calls of this step fail: the next `skip` calls work, and the `times` calls after them fail
 * with rv. Where done is not 0, those calls do their work all the same, as when only the answer of
 * the database is lost. */
void fake_store_fail(fake_step_e step, int skip, int times, apr_status_t rv, int done);

/* How many calls of this step there were so far; those that failed count, too. */
int fake_store_calls(fake_step_e step);

/* For fake_apps.c and fake_code.c: the begin and the end of a call. fake_store_enter returns 0 where the call is to
 * fail with *rv at once; else it has locked the store, and the caller does its work and returns what
 * fake_store_leave, which unlocks, makes of that *rv (`fault`) and of the result of the work. */
int fake_store_enter(fake_step_e step, apr_status_t *rv);
apr_status_t fake_store_leave(apr_status_t fault, apr_status_t rv);

/* For fake_apps.c: how often the store was reset, and the pool of its rows, which lives until the
 * store is reset again. */
int fake_store_resets(void);
apr_pool_t *fake_store_pool(void);

/* How many units of database work this thread has open. */
int fake_store_open_units(void);

/* The table of verifications: how many rows it has, and a row, counted from 0. The test may change
 * the row, and so the table. */
int fake_store_rows(void);
dygw_verification_t *fake_store_row(int number);

/* Adds a row that has its ids only; the test fills in the rest. */
dygw_verification_t *fake_store_add_row(apr_int64_t id);

/* Whether the table has a committed row that is `processing` for each of these codes, with this verify
 * token. */
int fake_store_expects(const char *verify_token, const char *const *codes, int count);

/* Puts a token, sealed with this seal, into the token's row. */
void fake_store_set_token(const dygw_seal_t *seal, const char *text, apr_int64_t version, dygw_ms_t obtained_at,
                          dygw_ms_t expires_at);
/* The token's row; its `sealed` is NULL where no token was ever put. */
dygw_token_row_t *fake_store_token(void);
/* Lets another host hold the claim of the token's renewal until this time. */
void fake_store_claimed_until(dygw_ms_t until);

/* The table of apps, in fake_apps.c: adds a row, and returns a row, counted from 0. These two leave
 * the version of the apps as it is; each change through store/app.h raises it. */
void fake_store_add_app(const dygw_app_t *app);
dygw_app_t *fake_store_app(int number);
/* Raises the version of the apps, as a change by another host does. */
void fake_store_raise_apps_version(void);
/* The entries of the audit trail about apps: how many there are, and one of them, counted from 0. */
int fake_store_entries(void);
const dygw_audit_entry_t *fake_store_entry(int number);

/* How many live hosts declare any app, until the store is reset; in fake_holders.c. */
void fake_store_set_holders(int hosts);

/* A function of the test, NULL for none, that each reading of all apps runs after it has taken its
 * rows. */
extern void (*fake_store_while_reading_apps)(void);

#endif
