/* SPDX-License-Identifier: Apache-2.0
 * The apps that httpd.conf declares, and their rows in the table of apps. A row mirrors what is
 * declared, all but the secrets, so that verifications, reports and the audit trail have an id.
 *
 * The rows of a declared app are told by its code and client_key:
 *   a row of source `config` with its code, or else with its client_key and the code of no other
 *   declared app, is the app's own;
 *   a row of source `database` with both is taken over: it becomes the app's own;
 *   any other row with one of the two is in the way: the app is not served, and that row goes on as
 *   it is. */
#ifndef DYGW_GATEWAY_APPS_DECLARE_H
#define DYGW_GATEWAY_APPS_DECLARE_H

#include "gateway/gateway.h"

/* Makes and refreshes the rows of all apps that this host declares, in one transaction, or without
 * those that the database refuses; nothing is written where no row differs. Several hosts and
 * children may do it at once. An app that is not served because of another one is told in the log.
 * To be called by the background at its first look at the database after a start or reload, and
 * again until it is APR_SUCCESS; a request that finds its app without a row calls it, too.
 * APR_EGENERAL, APR_INCOMPLETE: the database. */
apr_status_t dygw_declare_apps(const dygw_ctx_t *ctx);

/* Who acts where the configuration is the reason: "config:" and the name of this host. */
const char *dygw_declare_actor(apr_pool_t *pool);

/* --- what is wrong with declared apps --- */

typedef enum {
    DYGW_DECLARED_SERVED,
    DYGW_DECLARED_CONFLICT, /* another app has its code or client_key */
    DYGW_DECLARED_UNREAD    /* its secret could not be read at the start */
} dygw_declared_state_e;

typedef struct dygw_declared_trouble_t {
    const dygw_declared_app_t *app;
    dygw_declared_state_e state;
    apr_int64_t id; /* of its row; 0: it has none yet */
    /* with DYGW_DECLARED_CONFLICT: */
    const char *field;    /* what the other app has, too: "code", "client_key" */
    apr_int64_t other_id; /* of that app, */
    const char *other;    /* and its code, or its client_key where it has no code */
} dygw_declared_trouble_t;

typedef void dygw_declared_trouble_fn(void *baton, const dygw_declared_trouble_t *trouble);

/* Calls `each` for each app that this host declares, in the order of the configuration; also for
 * those that are served. Reads all apps. Text lives as long as dygw_db_pool(db). */
apr_status_t dygw_declared_each_trouble(const dygw_ctx_t *ctx, dygw_db_t *db,
                                        dygw_declared_trouble_fn *each, void *baton);

/* To be called by the background of each host after each look at the database that was answered:
 * where the apps have changed, counts those that another one is in the way of, for the metrics.
 * *looked_at is the apps version of the last count; -1 at first. */
void dygw_declared_look(const dygw_ctx_t *ctx, apr_int64_t *looked_at, apr_int64_t apps_version);

/* --- for the cache and for /internal: how rows and declared apps belong together --- */

typedef struct dygw_declared_rows_t dygw_declared_rows_t;

/* To be shown each row of the table (dygw_store_app_each); from pool. declared NULL: there are none
 * to look for. */
dygw_declared_rows_t *dygw_declared_rows_create(const dygw_declared_t *declared, apr_pool_t *pool);
void dygw_declared_rows_see(dygw_declared_rows_t *rows, const dygw_app_t *app);

/* After the last row: calls `each` for each declared app. own: its own row, or the one that will be
 * taken over; NULL: none. */
typedef void dygw_declared_row_fn(void *baton, const dygw_declared_trouble_t *found,
                                  const dygw_app_t *own);
void dygw_declared_rows_each(dygw_declared_rows_t *rows, dygw_declared_row_fn *each, void *baton);

/* The declared app whose own row this is, or will be when it is taken over; NULL: none. Looks at
 * this row alone. */
const dygw_declared_app_t *dygw_declared_of_row(const dygw_declared_t *declared,
                                                const dygw_app_t *app);

/* Whether httpd.conf has the secret of this app, so that nobody here opens what is stored of it:
 * its row is that of a declared app, or keeps no secret. */
int dygw_declared_signs_for(const dygw_declared_t *declared, const dygw_app_t *app);

#endif
