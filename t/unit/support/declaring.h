/* SPDX-License-Identifier: Apache-2.0
 * A gateway that declares apps, and what the table has of them. For the tests of declared apps. */
#ifndef DECLARING_H
#define DECLARING_H

#include "fake_world.h"
#include "own_pool.h"

#include "gateway/apps/apps.h"
#include "gateway/apps/declare.h"

/* Made anew by set_up, before each test: nothing is declared, and nothing recorded. */
extern dygw_gateway_t *gateway;
extern dygw_declared_t *declared;
extern dygw_apps_t *apps;
extern dygw_known_app_t *known; /* that find found last */

int set_up(void **state);

/* As after a reload that declares other apps. */
void reload(void);

/* Declares an app with the secret "declared secret of <client_key>", in /etc/dygw.conf:12; the test may change it. */
dygw_declared_app_t *declare(const char *code, const char *client_key);

/* Adds a row of the database's, with the secret "recorded secret of <client_key>". */
dygw_app_t *record(apr_int64_t id, const char *code, const char *client_key);

/* Adds a row that was declared once, in /etc/old.conf:7, and has no secret. */
dygw_app_t *leave_row(apr_int64_t id, const char *code, const char *client_key);

apr_status_t find(const char *client_key);

/* What the background does at its first look. */
void declare_apps(void);

#endif
