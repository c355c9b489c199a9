/* SPDX-License-Identifier: Apache-2.0
 * Apps as administrators see them: create, list, read, change, and new secrets. Each change and its
 * entry in the audit trail are one transaction, within which the app is read that it begins with.
 */
#include "gateway/apps/apps.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/cell.h"
#include "gateway/apps/audit.h"
#include "gateway/apps/meter.h"

#define KEY_LEN         24
#define SECRET_LEN      43      /* of 62 characters: 256 bits */
#define KEY_PREFIX      "ck_"
#define SECRET_PREFIX   "sk_"

/* Who does what, to an app as it is found. */
typedef struct edit_t {
    dygw_gateway_t *gateway;
    const dygw_actor_t *actor;
    const char *action;
    apr_pool_t *pool;
    void (*apply)(const struct edit_t *edit, dygw_app_t *app);
    const dygw_app_change_t *change;
    int allow_token_read;
    const char *secret_sealed;
    dygw_ms_t grace_ms;
} edit_t;

static void explain(apr_status_t rv, dygw_result_t *out)
{
    if (rv == APR_NOTFOUND) {
        out->code = DYGW_NOT_FOUND;
        out->message = "there is no such app";
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

/* After a change every cache of this host reads anew; other hosts see the table's version. */
static void finish_change(dygw_gateway_t *gateway, apr_status_t rv, dygw_result_t *out)
{
    explain(rv, out);
    if (rv == APR_SUCCESS) {
        dygw_cell_apps_changed(gateway);
    }
}

/* --- secrets --- */

static const char *generated(apr_pool_t *pool, const char *prefix, int length)
{
    const char *text = dygw_random_text(pool, (apr_size_t)length);

    return text ? apr_pstrcat(pool, prefix, text, NULL) : NULL;
}

/* Generates *secret when it is NULL, and seals it. */
static void make_secret(const dygw_gateway_t *gateway, const char *client_key,
                        const dygw_log_t *log, apr_pool_t *pool, const char **secret,
                        const char **sealed, dygw_result_t *out)
{
    if (!*secret) {
        *secret = generated(pool, SECRET_PREFIX, SECRET_LEN);
    }
    if (!client_key || !*secret
        || dygw_seal(gateway->seal, dygw_app_seal_purpose(pool, client_key), *secret, pool, sealed)
               != APR_SUCCESS) {
        dygw_log(log, ERR, 0, DYGWNO(0421) "OpenSSL gives no random numbers or no AES-256-GCM");
        out->code = DYGW_INTERNAL_ERROR;
        out->message = "the secret could not be made";
    }
}

/* --- create --- */

static void explain_taken(const char *taken, dygw_result_t *out)
{
    out->code = DYGW_CONFLICT;
    out->field = taken;
    out->message = "another app has it already; choose another";
}

static dygw_app_t *new_app(const dygw_new_app_t *wanted, apr_pool_t *pool)
{
    dygw_app_t *app = apr_pcalloc(pool, sizeof(*app));

    app->name = wanted->name;
    app->code = wanted->code;
    app->description = wanted->description;
    app->client_key = wanted->client_key;
    if (!app->client_key) {
        app->client_key = generated(pool, KEY_PREFIX, KEY_LEN);
    }
    app->status = wanted->status;
    app->allow_token_read = wanted->allow_token_read;
    app->poi_ids = wanted->poi_ids;
    app->old_secret_until = DYGW_NO_TIME;
    app->last_used_at = DYGW_NO_TIME;
    app->created_at = app->updated_at = dygw_now();
    return app;
}

static int describe_new(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    const edit_t *edit = baton;

    return dygw_app_entry(edit->gateway, edit->actor, edit->action, NULL, app, edit->pool, entry);
}

static void report_beyond_meter(const dygw_app_t *app, const dygw_log_t *log)
{
    if (app->id > DYGW_METER_APPS) {
        dygw_log(log, WARN, 0,
                 DYGWNO(0460) "app %" APR_INT64_T_FMT " is beyond the %d that have a place of "
                              "their own: it shares one DygwRateLimit with all such, and its "
                              "last_used_at is not kept",
                 app->id, DYGW_METER_APPS);
    }
}

void dygw_app_create(dygw_gateway_t *gateway, const dygw_actor_t *actor,
                     const dygw_new_app_t *wanted, const dygw_log_t *log, apr_pool_t *pool,
                     dygw_app_t **app, const char **secret, dygw_result_t *out)
{
    edit_t edit = { .gateway = gateway, .actor = actor, .action = "app.create", .pool = pool };
    const char *taken = NULL;
    dygw_db_t *db;
    apr_status_t rv;

    *out = (dygw_result_t){ 0 };
    *app = new_app(wanted, pool);
    *secret = wanted->secret;
    make_secret(gateway, (*app)->client_key, log, pool, secret, &(*app)->secret_sealed, out);
    if (out->code != DYGW_OK) {
        return;
    }
    rv = dygw_db_open(&db, gateway->db, log, pool);
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_insert(db, *app, describe_new, &edit, &taken);
        dygw_db_close(db);
    }
    if (rv == APR_EEXIST) {
        explain_taken(taken, out);
        return;
    }
    finish_change(gateway, rv, out);
    if (rv == APR_SUCCESS) {
        report_beyond_meter(*app, log);
    }
}

/* --- list and read --- */

void dygw_app_list(dygw_gateway_t *gateway, int status, const char *q, int page, int page_size,
                   const dygw_log_t *log, apr_pool_t *pool, apr_array_header_t **apps,
                   apr_int64_t *total, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_list(db, status, q, (page - 1) * page_size, page_size, apps, total,
                                 pool);
        dygw_db_close(db);
    }
    explain(rv, out);
}

void dygw_app_read(dygw_gateway_t *gateway, apr_int64_t id, const dygw_log_t *log, apr_pool_t *pool,
                   dygw_app_t **app, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_get(db, id, app, pool);
        dygw_db_close(db);
    }
    explain(rv, out);
}

/* --- change --- */

static int edit_app(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    const edit_t *edit = baton;
    dygw_app_t before = *app;
    int changed;

    edit->apply(edit, app);
    changed = dygw_app_entry(edit->gateway, edit->actor, edit->action, &before, app, edit->pool,
                             entry);
    if (changed) {
        app->updated_at = entry->at;
    }
    return changed;
}

static void change_app(edit_t *edit, apr_int64_t id, const dygw_log_t *log, dygw_app_t **app,
                       dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, edit->gateway->db, log, edit->pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_change(db, id, edit_app, edit, app, edit->pool);
        dygw_db_close(db);
    }
    finish_change(edit->gateway, rv, out);
}

static void apply_change(const edit_t *edit, dygw_app_t *app)
{
    const dygw_app_change_t *change = edit->change;

    if (change->name) {
        app->name = change->name;
    }
    if (change->set_description) {
        app->description = change->description;
    }
    if (change->set_status) {
        app->status = change->status;
    }
    if (change->set_poi_ids) {
        app->poi_ids = change->poi_ids;
    }
}

void dygw_app_change(dygw_gateway_t *gateway, const dygw_actor_t *actor, apr_int64_t id,
                     const dygw_app_change_t *change, const dygw_log_t *log, apr_pool_t *pool,
                     dygw_app_t **app, dygw_result_t *out)
{
    edit_t edit = { .gateway = gateway, .actor = actor, .action = "app.change", .pool = pool,
                    .apply = apply_change, .change = change };

    change_app(&edit, id, log, app, out);
}

static void apply_token_read(const edit_t *edit, dygw_app_t *app)
{
    app->allow_token_read = edit->allow_token_read;
}

void dygw_app_set_token_read(dygw_gateway_t *gateway, const dygw_actor_t *actor, apr_int64_t id,
                             int allow, const dygw_log_t *log, apr_pool_t *pool,
                             dygw_result_t *out)
{
    edit_t edit = { .gateway = gateway, .actor = actor, .action = "app.token_access", .pool = pool,
                    .apply = apply_token_read, .allow_token_read = allow };
    dygw_app_t *app;

    change_app(&edit, id, log, &app, out);
}

static void apply_secret(const edit_t *edit, dygw_app_t *app)
{
    app->old_secret_sealed = edit->grace_ms > 0 ? app->secret_sealed : NULL;
    app->old_secret_until = edit->grace_ms > 0 ? dygw_now() + edit->grace_ms : DYGW_NO_TIME;
    app->secret_sealed = edit->secret_sealed;
}

void dygw_app_new_secret(dygw_gateway_t *gateway, const dygw_actor_t *actor, apr_int64_t id,
                         dygw_ms_t grace_ms, const dygw_log_t *log, apr_pool_t *pool,
                         dygw_app_t **app, const char **secret, dygw_result_t *out)
{
    edit_t edit = { .gateway = gateway, .actor = actor, .action = "app.secret", .pool = pool,
                    .apply = apply_secret, .grace_ms = grace_ms };

    dygw_app_read(gateway, id, log, pool, app, out);
    if (out->code == DYGW_OK) {
        make_secret(gateway, (*app)->client_key, log, pool, secret, &edit.secret_sealed, out);
    }
    if (out->code == DYGW_OK) {
        change_app(&edit, id, log, app, out);
    }
}
