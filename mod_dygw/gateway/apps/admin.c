/* SPDX-License-Identifier: Apache-2.0
 * What administrators do with apps: create, list, read, change, give a new secret. An app is read,
 * changed and written, and its entry of the audit trail is written, in one transaction. What
 * httpd.conf declares is changed there, and only shown here.
 */
#include "gateway/apps/apps.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/apps/audit.h"
#include "gateway/apps/declare.h"
#include "gateway/apps/key.h"
#include "gateway/apps/meter.h"
#include "store/declaration.h"
#include "util/compiler.h"

#define KEY_LEN       24
#define SECRET_LEN    43 /* of 62 characters: 256 bits */
#define KEY_PREFIX    "ck_"
#define SECRET_PREFIX "sk_"

/* One change of an app: who makes it, and what `apply` needs to change the app that was read. */
typedef struct edit_t {
    const dygw_ctx_t *ctx;
    const dygw_actor_t *actor;
    const char *action;
    apr_int64_t id;
    dygw_app_t *app; /* the app afterwards */
    void (*apply)(const struct edit_t *edit, dygw_app_t *app);
    const dygw_app_change_t *change;
    int allow_token_read;
    const char *secret_sealed;
    dygw_ms_t grace_ms;
    const char *taken; /* the field of a new app that another app has already */
    /* An app that httpd.conf owns is not changed here, unless it gets a secret when no host
     * declares it any more. */
    int hands_back;
    int is_gone;    /* known: no live host declares it */
    int is_refused; /* it was found to be httpd.conf's */
} edit_t;

static void explain_app_error(apr_status_t rv, dygw_result_t *out)
{
    if (rv == APR_NOTFOUND) {
        out->code = DYGW_NOT_FOUND;
        out->message = "there is no such app";
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

/* After a change all caches of this host read the apps again; other hosts see the new apps version
 * in the database. */
static void finish_app_change(dygw_gateway_t *gateway, apr_status_t rv, dygw_result_t *out)
{
    explain_app_error(rv, out);
    if (rv == APR_SUCCESS) {
        dygw_host_apps_changed(gateway);
    }
}

/* --- what httpd.conf owns --- */

/* The app as it is shown: where this host declares it, that counts more than what the row says. */
static void show_declared(const dygw_ctx_t *ctx, dygw_app_t *app)
{
    const dygw_declared_app_t *declared = dygw_declared_of_row(ctx->gateway->declared, app);

    if (declared) {
        app->source = DYGW_APP_OF_CONFIG;
        app->declared_in = declared->place;
    }
}

/* Whether an edit must leave the app alone. */
static int is_left_to_httpd_conf(const edit_t *edit, const dygw_app_t *app)
{
    return dygw_declared_of_row(edit->ctx->gateway->declared, app)
           || (app->source == DYGW_APP_OF_CONFIG && !(edit->hands_back && edit->is_gone));
}

static void explain_declared(const edit_t *edit, dygw_result_t *out)
{
    const dygw_app_t *app = edit->app;
    const dygw_declared_app_t *declared = dygw_declared_of_row(edit->ctx->gateway->declared, app);
    const char *place = app->declared_in ? app->declared_in : "httpd.conf";
    apr_pool_t *pool = edit->ctx->pool;

    out->code = DYGW_APP_DECLARED;
    if (declared) {
        out->message = apr_psprintf(pool,
                                    "this app is declared in %s on this host; change it there, and "
                                    "reload httpd",
                                    declared->place);
    }
    else if (!edit->is_gone) {
        out->message = apr_psprintf(pool,
                                    "this app is declared in %s on another host; change it there, "
                                    "and reload httpd",
                                    place);
    }
    else {
        out->message = apr_psprintf(pool,
                                    "this app was declared in %s, and no host declares it any "
                                    "more; declare it again, or give it a secret with POST "
                                    "/apps/%" APR_INT64_T_FMT "/secret, after which it can be "
                                    "changed here",
                                    place, app->id);
    }
}

/* --- secrets --- */

static const char *generate_word(apr_pool_t *pool, const char *prefix, int length)
{
    const char *text = dygw_random_text(pool, (apr_size_t)length);

    return text ? apr_pstrcat(pool, prefix, text, NULL) : NULL;
}

/* Generates *secret when it is NULL, and seals it. */
static void make_secret(const dygw_ctx_t *ctx, const char *client_key, const char **secret,
                        const char **sealed, dygw_result_t *out)
{
    if (!*secret) {
        *secret = generate_word(ctx->pool, SECRET_PREFIX, SECRET_LEN);
    }
    if (!client_key || !*secret
        || dygw_seal(ctx->gateway->seal, dygw_app_seal_purpose(ctx->pool, client_key), *secret,
                     ctx->pool, sealed)
               != APR_SUCCESS) {
        dygw_log_rarely(ctx->log, ERR, NULL, 0,
                        DYGWNO(0421) "OpenSSL gives no random numbers or no AES-256-GCM");
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

/* Declared apps may have no row yet. */
static const char *taken_by_declared(const dygw_declared_t *declared, const dygw_new_app_t *wanted)
{
    if (wanted->client_key && dygw_declared_app(declared, wanted->client_key)) {
        return "client_key";
    }
    return wanted->code && dygw_declared_app_of_code(declared, wanted->code) ? "code" : NULL;
}

static dygw_app_t *new_app(const dygw_new_app_t *wanted, apr_pool_t *pool)
{
    dygw_app_t *app = apr_pcalloc(pool, sizeof(*app));

    app->name = wanted->name;
    app->code = wanted->code;
    app->description = wanted->description;
    app->client_key = wanted->client_key;
    if (!app->client_key) {
        app->client_key = generate_word(pool, KEY_PREFIX, KEY_LEN);
    }
    app->status = wanted->status;
    app->allow_token_read = wanted->allow_token_read;
    app->poi_ids = wanted->poi_ids;
    app->old_secret_until = DYGW_NO_TIME;
    app->last_used_at = DYGW_NO_TIME;
    app->created_at = app->updated_at = dygw_now();
    return app;
}

static int describe_new_app(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    const edit_t *edit = baton;

    return dygw_audit_fill_app(edit->ctx, edit->actor, edit->action, NULL, app, entry);
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

static apr_status_t insert_app_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    edit_t *edit = baton;

    return dygw_store_app_insert(db, edit->app, describe_new_app, edit, &edit->taken);
}

void dygw_app_create(const dygw_ctx_t *ctx, const dygw_actor_t *actor, const dygw_new_app_t *wanted,
                     dygw_app_t **app, const char **secret, dygw_result_t *out)
{
    edit_t edit
        = { .ctx = ctx, .actor = actor, .action = "app.create", .app = new_app(wanted, ctx->pool) };
    const char *declared = taken_by_declared(ctx->gateway->declared, wanted);
    apr_status_t rv;

    *out = (dygw_result_t){ 0 };
    *app = edit.app;
    *secret = wanted->secret;
    if (declared) {
        explain_taken(declared, out);
        return;
    }
    if (!dygw_key_may_seal(ctx)) {
        dygw_explain_key(out);
        return;
    }
    make_secret(ctx, edit.app->client_key, secret, &edit.app->secret_sealed, out);
    if (out->code != DYGW_OK) {
        return;
    }
    rv = dygw_db_work(ctx, insert_app_with, &edit, DYGW_DB_ONCE);
    if (rv == APR_EEXIST) {
        explain_taken(edit.taken, out);
        return;
    }
    finish_app_change(ctx->gateway, rv, out);
    if (rv == APR_SUCCESS) {
        report_beyond_meter(edit.app, ctx->log);
    }
}

/* --- list and read --- */

void dygw_app_list(const dygw_ctx_t *ctx, const dygw_app_filter_t *filter, int page, int page_size,
                   dygw_page_t *found, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);
    int i;

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_list(db, filter, (page - 1) * page_size, page_size, found, ctx->pool);
        dygw_db_close(db);
    }
    for (i = 0; rv == APR_SUCCESS && i < found->rows->nelts; i++) {
        show_declared(ctx, APR_ARRAY_IDX(found->rows, i, dygw_app_t *));
    }
    explain_app_error(rv, out);
}

void dygw_app_read(const dygw_ctx_t *ctx, apr_int64_t id, dygw_app_t **app, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_get(db, id, app, ctx->pool);
        dygw_db_close(db);
    }
    if (rv == APR_SUCCESS) {
        show_declared(ctx, *app);
    }
    explain_app_error(rv, out);
}

/* --- change --- */

static int apply_app_edit(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    edit_t *edit = baton;
    dygw_app_t before = *app;
    int changed;

    edit->is_refused = is_left_to_httpd_conf(edit, app);
    if (edit->is_refused) {
        return 0;
    }
    edit->apply(edit, app);
    changed = dygw_audit_fill_app(edit->ctx, edit->actor, edit->action, &before, app, entry);
    if (changed) {
        app->updated_at = entry->at;
    }
    return changed;
}

static apr_status_t change_app_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    edit_t *edit = baton;
    int hosts = 0;
    apr_status_t rv
        = dygw_store_app_change(db, edit->id, apply_app_edit, edit, &edit->app, ctx->pool);

    if (rv != APR_SUCCESS || !edit->is_refused) {
        return rv;
    }
    rv = dygw_store_declaration_holders(db, edit->app->client_key, edit->app->code, &hosts);
    edit->is_gone = hosts == 0;
    if (rv == APR_SUCCESS && edit->is_gone && edit->hands_back) {
        rv = dygw_store_app_change(db, edit->id, apply_app_edit, edit, &edit->app, ctx->pool);
    }
    return rv;
}

static void change_app(edit_t *edit, dygw_result_t *out)
{
    const dygw_ctx_t *ctx = edit->ctx;

    *out = (dygw_result_t){ 0 };
    finish_app_change(ctx->gateway, dygw_db_work(ctx, change_app_with, edit, DYGW_DB_ONCE), out);
    if (out->code == DYGW_OK && edit->is_refused) {
        explain_declared(edit, out);
    }
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

void dygw_app_change(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                     const dygw_app_change_t *change, dygw_app_t **app, dygw_result_t *out)
{
    edit_t edit = { .ctx = ctx,
                    .actor = actor,
                    .action = "app.change",
                    .id = id,
                    .apply = apply_change,
                    .change = change };

    change_app(&edit, out);
    *app = edit.app;
}

static void apply_token_read(const edit_t *edit, dygw_app_t *app)
{
    app->allow_token_read = edit->allow_token_read;
}

void dygw_app_set_token_read(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                             int allow, dygw_result_t *out)
{
    edit_t edit = { .ctx = ctx,
                    .actor = actor,
                    .action = "app.token_access",
                    .id = id,
                    .apply = apply_token_read,
                    .allow_token_read = allow };

    change_app(&edit, out);
}

static void apply_secret(const edit_t *edit, dygw_app_t *app)
{
    int keeps_old = edit->grace_ms > 0 && dygw_app_has_secret(app);

    app->old_secret_sealed = keeps_old ? app->secret_sealed : NULL;
    app->old_secret_until = keeps_old ? dygw_now() + edit->grace_ms : DYGW_NO_TIME;
    app->secret_sealed = edit->secret_sealed;
    if (app->source == DYGW_APP_OF_CONFIG) {
        app->source = DYGW_APP_OF_DATABASE;
        app->declared_in = NULL;
        app->status = DYGW_APP_ACTIVE;
    }
}

void dygw_app_new_secret(const dygw_ctx_t *ctx, const dygw_actor_t *actor, apr_int64_t id,
                         dygw_new_secret_t *secret, dygw_app_t **app, dygw_result_t *out)
{
    edit_t edit = { .ctx = ctx,
                    .actor = actor,
                    .action = "app.secret",
                    .id = id,
                    .apply = apply_secret,
                    .grace_ms = secret->grace_ms,
                    .hands_back = 1 };

    dygw_app_read(ctx, id, app, out);
    if (out->code == DYGW_OK) {
        make_secret(ctx, (*app)->client_key, &secret->text, &edit.secret_sealed, out);
    }
    if (out->code == DYGW_OK) {
        change_app(&edit, out);
        *app = edit.app;
    }
}
