/* SPDX-License-Identifier: Apache-2.0
 * What the host that does the background's work does for declared apps: it disables what is gone,
 * and erases stored secrets that no host needs.
 *
 * An app that was taken over from the database keeps its stored secret until all live hosts declare
 * it: those that are not reloaded yet serve it from there. For the same reason it is not gone when
 * no host declares it any more, but the database's again: at once when it was taken out of
 * httpd.conf, and when the host that declared it has died, once that one is forgotten. */
#include "gateway/apps/hosts.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "gateway/db_work.h"
#include "gateway/host.h"
#include "gateway/apps/audit.h"
#include "gateway/apps/declarations.h"
#include "gateway/apps/declare.h"
#include "store/app.h"

#define ACTION "app.undeclare"

/* How many hosts declare an app. */
typedef struct held_t {
    int live;
    int able; /* of the live ones, those that have its secret */
    int dead;
} held_t;

typedef struct task_t {
    apr_int64_t id;
    const char *label;
    const char *sealed; /* to be erased; NULL: the app is gone */
} task_t;

/* One look at all apps. */
typedef struct look_t {
    const dygw_hosts_t *hosts;
    const dygw_log_t *log;
    apr_pool_t *pool;
    int live;                  /* hosts */
    int is_alone;              /* no other host is known: nobody else serves an app */
    apr_hash_t *keys;          /* client_key -> held_t */
    apr_hash_t *codes;         /* code -> held_t */
    apr_array_header_t *tasks; /* of task_t */
    int waits;
    int done; /* apps that were changed */
} look_t;

/* --- what there is to do --- */

static held_t *held_of(apr_hash_t *table, const char *name, apr_pool_t *pool)
{
    held_t *held = apr_hash_get(table, name, APR_HASH_KEY_STRING);

    if (!held) {
        held = apr_pcalloc(pool, sizeof(*held));
        apr_hash_set(table, name, APR_HASH_KEY_STRING, held);
    }
    return held;
}

/* A host that is about to be forgotten holds nothing any more. */
static void count_holders(look_t *look, const apr_array_header_t *rows,
                          const apr_array_header_t *found)
{
    int i;

    for (i = 0; i < found->nelts; i++) {
        const dygw_declaration_t *d = &APR_ARRAY_IDX(found, i, dygw_declaration_t);
        held_t *of[] = { held_of(look->keys, d->client_key, look->pool),
                         held_of(look->codes, d->code, look->pool) };
        const dygw_host_row_t *row = dygw_host_row(rows, d->host);
        int is_forgotten = row && row->is_forgotten;
        int k;

        for (k = 0; k < 2 && !is_forgotten; k++) {
            of[k]->live += d->is_live;
            of[k]->able += d->is_live && !dygw_declaration_is_unread(d);
            of[k]->dead += !d->is_live;
        }
    }
}

static int has_stored_secret(const dygw_app_t *app)
{
    return (app->secret_sealed && *app->secret_sealed) || app->old_secret_sealed;
}

static void add_task(look_t *look, const dygw_app_t *app, const char *sealed)
{
    APR_ARRAY_PUSH(look->tasks, task_t) = (task_t){
        app->id,
        apr_pstrdup(look->pool, dygw_app_label(app)),
        apr_pstrdup(look->pool, sealed),
    };
}

/* The other hosts serve it from the database. */
static void tell_left(const look_t *look, const dygw_app_t *app)
{
    dygw_log_rarely(look->log, WARN, app->client_key, 0,
                    DYGWNO(0741) "app %s was taken over by httpd.conf of a host that is not there "
                                 "any more, and no other one declares it: declare it on all hosts, "
                                 "or start that one; a day after it was heard of last the app is "
                                 "the database's again",
                    dygw_app_label(app));
}

static void see_app(void *baton, const dygw_app_t *app)
{
    look_t *look = baton;
    const held_t nobody = { 0, 0, 0 };
    const held_t *by_key = apr_hash_get(look->keys, app->client_key, APR_HASH_KEY_STRING);
    const held_t *by_code
        = app->code ? apr_hash_get(look->codes, app->code, APR_HASH_KEY_STRING) : NULL;
    int has_secret = has_stored_secret(app);

    if (app->source != DYGW_APP_OF_CONFIG) {
        return;
    }
    by_key = by_key ? by_key : &nobody;
    by_code = by_code ? by_code : &nobody;
    if (!by_key->live && !by_code->live) {
        if (has_secret && (by_key->dead || by_code->dead)) {
            tell_left(look, app);
        }
        else if (has_secret || app->status != DYGW_APP_DISABLED) {
            add_task(look, app, NULL);
        }
    }
    else if (has_secret && by_key->able == look->live) {
        look->waits = 1;
        add_task(look, app, app->secret_sealed);
    }
}

/* --- to do it --- */

typedef struct gone_t {
    const dygw_ctx_t *ctx;
    dygw_db_t *db;
    int is_alone;
    int changed;
    int is_back; /* it was given back to the database */
} gone_t;

static void give_back(dygw_app_t *app)
{
    app->source = DYGW_APP_OF_DATABASE;
    app->declared_in = NULL;
}

static void disable(dygw_app_t *app)
{
    app->status = DYGW_APP_DISABLED;
    app->secret_sealed = "";
    app->old_secret_sealed = NULL;
    app->old_secret_until = DYGW_NO_TIME;
}

/* Within the transaction that keeps all others from changing apps: whoever declares this one now
 * finds it as it is afterwards, and sets it right. */
static int undeclare_app(void *baton, dygw_app_t *app, dygw_audit_entry_t *entry)
{
    gone_t *gone = baton;
    const dygw_actor_t actor = { .name = dygw_declare_actor(gone->ctx->pool) };
    dygw_app_t before = *app;
    int live;

    if (app->source != DYGW_APP_OF_CONFIG
        || dygw_store_declaration_holders(gone->db, app->client_key, app->code, &live)
               != APR_SUCCESS
        || live > 0) {
        return 0;
    }
    gone->is_back = !gone->is_alone && dygw_app_has_secret(app); /* the others serve it */
    if (gone->is_back) {
        give_back(app);
    }
    else {
        disable(app);
    }
    gone->changed = dygw_audit_fill_app(gone->ctx, &actor, ACTION, &before, app, entry);
    if (gone->changed) {
        app->updated_at = entry->at;
    }
    return gone->changed;
}

static void tell_gone(const dygw_ctx_t *ctx, const task_t *task, int is_back)
{
    if (is_back) {
        dygw_log(ctx->log, NOTICE, 0,
                 DYGWNO(0742) "app %s is declared by no host any more, and not all had: it is the "
                              "database's again, with the secret that is stored there",
                 task->label);
    }
    else {
        dygw_log(
            ctx->log, NOTICE, 0,
            DYGWNO(0739) "app %s, which httpd.conf had, is declared by no host any more: it is "
                         "disabled. Declare it again, or give it a new secret by /internal",
            task->label);
    }
}

static apr_status_t undeclare(const dygw_ctx_t *ctx, dygw_db_t *db, look_t *look,
                              const task_t *task)
{
    gone_t gone = { .ctx = ctx, .db = db, .is_alone = look->is_alone };
    dygw_app_t *app;
    apr_status_t rv = dygw_store_app_change(db, task->id, undeclare_app, &gone, &app, ctx->pool);

    if (rv == APR_SUCCESS && gone.changed) {
        look->done++;
        tell_gone(ctx, task, gone.is_back);
    }
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

static apr_status_t erase_secret(const dygw_ctx_t *ctx, dygw_db_t *db, look_t *look,
                                 const task_t *task)
{
    apr_status_t rv = dygw_store_app_erase(db, task->id, task->sealed);

    if (rv == APR_SUCCESS) {
        look->done++;
        dygw_log(
            ctx->log, INFO, 0,
            DYGWNO(0740) "app %s is declared by all hosts: the secret that the database had of "
                         "it is erased",
            task->label);
    }
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

static int is_at_rest(const dygw_hosts_t *hosts)
{
    const dygw_ms_t rest = hosts->is_alone ? DYGW_HOSTS_REST_ALONE_MS : DYGW_HOSTS_REST_MS;

    return dygw_steady_now() - hosts->changed_at >= apr_time_from_msec(rest);
}

static apr_status_t do_tasks(const dygw_ctx_t *ctx, dygw_db_t *db, look_t *look)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < look->tasks->nelts; i++) {
        const task_t *task = &APR_ARRAY_IDX(look->tasks, i, task_t);

        if (!task->sealed) {
            rv = undeclare(ctx, db, look, task);
        }
        else if (is_at_rest(look->hosts)) {
            rv = erase_secret(ctx, db, look, task);
        }
    }
    return rv;
}

static apr_status_t forget_hosts(dygw_db_t *db, const apr_array_header_t *rows)
{
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        const dygw_host_row_t *row = &APR_ARRAY_IDX(rows, i, dygw_host_row_t);

        if (row->is_forgotten) {
            rv = dygw_store_host_forget(db, row->host);
        }
    }
    return rv;
}

/* How many hosts are live; 0 where this one is not, as what it declares may be lost then. */
static int count_live(const apr_array_header_t *rows, const char *host)
{
    const dygw_host_row_t *own = dygw_host_row(rows, host);
    int live = 0;
    int i;

    for (i = 0; i < rows->nelts; i++) {
        live += APR_ARRAY_IDX(rows, i, dygw_host_row_t).is_live;
    }
    return own && own->is_live ? live : 0;
}

static apr_status_t look_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    look_t *look = baton;
    apr_array_header_t *rows, *found;
    apr_int64_t version;
    apr_status_t rv = dygw_store_hosts(db, &rows, ctx->pool);

    if (rv == APR_SUCCESS) {
        look->live = count_live(rows, ctx->gateway->host_id);
        rv = look->live > 0 ? dygw_store_declarations(db, &found, ctx->pool) : APR_EAGAIN;
    }
    if (rv == APR_SUCCESS) {
        look->is_alone = rows->nelts == 1;
        count_holders(look, rows, found);
        rv = dygw_store_app_each(db, &version, see_app, look);
    }
    if (rv == APR_SUCCESS) {
        rv = do_tasks(ctx, db, look);
    }
    return rv == APR_SUCCESS ? forget_hosts(db, rows) : rv;
}

/* --- when --- */

static int is_look_due(const dygw_hosts_t *hosts, apr_int64_t apps_version, apr_time_t now)
{
    return now >= hosts->lead_at
           && (hosts->looked_stamp != hosts->stamp || hosts->looked_version != apps_version
               || (hosts->waits && is_at_rest(hosts))
               || now - hosts->looked_at >= apr_time_from_msec(DYGW_HOSTS_LOOK_MS));
}

void dygw_hosts_lead(const dygw_ctx_t *ctx, dygw_hosts_t *hosts, apr_int64_t apps_version)
{
    look_t look = { .hosts = hosts, .log = ctx->log, .pool = ctx->pool };
    apr_time_t now = dygw_steady_now();

    /* What this host declares has to be stored before it judges what nobody declares. */
    if (!hosts->declared || !is_look_due(hosts, apps_version, now)) {
        return;
    }
    look.keys = apr_hash_make(ctx->pool);
    look.codes = apr_hash_make(ctx->pool);
    look.tasks = apr_array_make(ctx->pool, 4, sizeof(task_t));
    if (dygw_db_work(ctx, look_with, &look, DYGW_DB_ONCE) == APR_SUCCESS) {
        hosts->looked_stamp = hosts->stamp;
        hosts->looked_version = apps_version;
        hosts->looked_at = now;
        hosts->waits = look.waits && !is_at_rest(hosts);
    }
    else {
        hosts->lead_at = now + apr_time_from_msec(DYGW_HOSTS_RETRY_MS);
    }
    if (look.done > 0) {
        dygw_host_apps_changed(ctx->gateway);
    }
}
