/* SPDX-License-Identifier: Apache-2.0
 * The store, in memory: what store/db/db.h, verification.h, token.h and app.h promise, failing where a
 * test says so. */
#ifndef FAKE_STORE_H
#define FAKE_STORE_H

#include "store/app.h"
#include "store/token.h"
#include "store/db/db.h"
#include "store/verification/verification.h"
#include "util/crypto.h"

typedef enum {
    FAKE_OPEN, FAKE_INSERT, FAKE_SETTLE, FAKE_GET, FAKE_ITEMS, FAKE_FIND,
    FAKE_UPDATE, FAKE_DUE, FAKE_RIVALS,
    FAKE_TOKEN_GET, FAKE_TOKEN_CLAIM, FAKE_TOKEN_PUT,
    FAKE_APP_VERSION, FAKE_APP_EACH, FAKE_APP_INSERT, FAKE_APP_GET, FAKE_APP_LIST, FAKE_APP_CHANGE,
    FAKE_APP_RESEAL, FAKE_APP_USED, FAKE_TOKEN_RESEAL,
    FAKE_STEPS
} fake_step_e;

void fake_store_reset(apr_pool_t *pool);
dygw_db_source_t *fake_store_source(void);

/* Of the calls to come, the first `skip` work and `times` after them fail with rv. done: they do
 * their work all the same, and only say that they did not. */
void fake_store_fail(fake_step_e step, int skip, int times, apr_status_t rv, int done);

/* Calls of one step so far, failed ones too. */
int fake_store_calls(fake_step_e step);

/* For the other half of the store. Enters a step: with the guard held when the caller is to do its
 * work, else *rv is the answer. Leaves it: rv of the work, unless it is to be lost. */
int fake_store_enter(fake_step_e step, apr_status_t *rv);
apr_status_t fake_store_leave(apr_status_t fault, apr_status_t rv);

/* How often the store was reset. */
int fake_store_resets(void);
/* Lives until then. */
apr_pool_t *fake_store_pool(void);

/* Units of work that this thread has open. */
int fake_store_open_units(void);

/* The table of verifications; its rows may be changed in place. */
int fake_store_rows(void);
dygw_verification_t *fake_store_row(int number);

/* A new row without anything but ids of its own; to be filled in. */
dygw_verification_t *fake_store_add_row(apr_int64_t id);

/* Whether rows of these codes with this token are committed and `processing`. */
int fake_store_expects(const char *verify_token, const char *const *codes, int count);

/* The token's row. sealed NULL: never had one. */
void fake_store_set_token(const dygw_seal_t *seal, const char *text, apr_int64_t version,
                          dygw_ms_t obtained_at, dygw_ms_t expires_at);
dygw_token_row_t *fake_store_token(void);
/* Somebody else's claim, until then. */
void fake_store_claimed_until(dygw_ms_t until);

/* The apps' table, in fake_apps.c; the version counts up with each change through store/app.h. */
void fake_store_add_app(const dygw_app_t *app);
dygw_app_t *fake_store_app(int number);
/* What a change by another host does. */
void fake_store_raise_apps_version(void);
/* The audit trail, as far as apps are concerned. */
int fake_store_entries(void);
const dygw_audit_entry_t *fake_store_entry(int number);

/* Called inside of each reading of all apps, after it has taken its rows. */
extern void (*fake_store_while_reading_apps)(void);

#endif
