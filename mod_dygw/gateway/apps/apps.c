/* SPDX-License-Identifier: Apache-2.0
 * The cache of verifier apps in one process.
 *
 * The cache has all apps, so that an unknown client_key costs no query either. The host's state has
 * a stamp (host.h) that changes with the apps: the background thread of the host reads the apps
 * version from the database every 1.6 s, and a change that is made on this host counts at once.
 * When the background is held up, because Douyin does not answer or its child has died, a request
 * reads the version in its place.
 *
 * A request that finds that the cache was read under another stamp reads the apps again, outside
 * the lock; other requests use the old apps meanwhile. Of two readings the one that began
 * later is kept, whichever ends first. The apps version cannot tell which one is newer: it is lower
 * after a database was restored from a backup.
 *
 * An app that is declared in httpd.conf is served from there. Of the database it needs its row's id
 * alone, which each reading finds out; where it has no row yet, the request makes it.
 */
#include "gateway/apps/apps.h"

#include <stdatomic.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "gateway/host.h"
#include "gateway/db_work.h"
#include "gateway/apps/declare.h"
#include "util/bell.h"
#include "util/compiler.h"
#include "util/pool.h"
#include "util/text.h"

#define RELOAD_PAUSE_MS       1000 /* between two tries, when the database does not answer */
#define DECLARING_PATIENCE_US apr_time_from_sec(2)

/* The row of a declared app, as one reading found it. */
typedef struct declared_row_t {
    apr_int64_t id; /* 0: it has none */
    int is_served;  /* 0: another app is in its way */
} declared_row_t;

/* All apps, as one reading found them. */
typedef struct snapshot_t {
    apr_pool_t *pool;
    apr_hash_t *by_key;      /* client_key -> dygw_known_app_t: of rows that are served */
    apr_hash_t *declared;    /* client_key -> declared_row_t, of each declared app */
    dygw_apps_stamp_t stamp; /* that the host's state had before the reading */
    apr_uint64_t number;     /* of the reading */
} snapshot_t;

struct dygw_apps_t {
    apr_thread_mutex_t *mutex; /* guards all that follows */
    snapshot_t *now;           /* the present snapshot; NULL until the first reading */
    apr_uint64_t readings;     /* how many readings have begun */
    dygw_apps_stamp_t loading; /* the stamp of the reading that is under way, if is_loading */
    int is_loading;            /* a second reading under that stamp is not needed */
    int is_looking;            /* a request reads the apps version */
    dygw_ms_t failed_at;       /* when the last reading, of apps or version, failed; 0 = it did
                                * not fail */
    dygw_bell_t declaring;     /* guards the two that follow */
    int is_declaring;          /* a request makes rows of declared apps */
    dygw_ms_t declared_at;     /* when one did so last; 0 = never */
};

static apr_status_t destroy_apps_snapshot(void *data)
{
    dygw_apps_t *apps = data;

    if (apps->now) {
        apr_pool_destroy(apps->now->pool);
        apps->now = NULL;
    }
    return APR_SUCCESS;
}

apr_status_t dygw_apps_create(dygw_apps_t **apps, apr_pool_t *pool)
{
    apr_status_t rv;

    *apps = apr_pcalloc(pool, sizeof(**apps));
    apr_pool_cleanup_register(pool, *apps, destroy_apps_snapshot, apr_pool_cleanup_null);
    rv = apr_thread_mutex_create(&(*apps)->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    return rv == APR_SUCCESS ? dygw_bell_init(&(*apps)->declaring, pool) : rv;
}

static dygw_known_app_t *copy_app(const dygw_known_app_t *from, apr_pool_t *pool)
{
    dygw_known_app_t *to = apr_pmemdup(pool, from, sizeof(*to));

    to->name = apr_pstrdup(pool, from->name);
    to->client_key = apr_pstrdup(pool, from->client_key);
    to->secret = apr_pstrdup(pool, from->secret);
    to->old_secret = apr_pstrdup(pool, from->old_secret);
    to->poi_ids = dygw_texts_copy(from->poi_ids, pool);
    return to;
}

/* --- reading the apps --- */

const char *dygw_app_seal_purpose(apr_pool_t *pool, const char *client_key)
{
    return apr_pstrcat(pool, "app-secret:", client_key, NULL);
}

typedef struct loading_t {
    snapshot_t *snapshot;
    const dygw_gateway_t *gateway;
    const dygw_log_t *log;
    dygw_declared_rows_t *rows;
} loading_t;

static void add_app(loading_t *loading, const dygw_app_t *app)
{
    apr_pool_t *pool = loading->snapshot->pool;
    const dygw_seal_t *seal = loading->gateway->seal;
    const char *purpose = dygw_app_seal_purpose(pool, app->client_key);
    dygw_known_app_t known = {
        .id = app->id,
        .name = app->name,
        .client_key = app->client_key,
        .old_secret_until = app->old_secret_until,
        .status = app->status,
        .allow_token_read = app->allow_token_read,
        .poi_ids = app->poi_ids,
        .rate_per_second = loading->gateway->rate_per_second,
        .rate_burst = loading->gateway->rate_burst,
    };
    dygw_known_app_t *copy;
    apr_status_t rv = dygw_unseal(seal, purpose, app->secret_sealed, pool, &known.secret, NULL);

    if (rv != APR_SUCCESS && !dygw_declared_signs_for(loading->gateway->declared, app)) {
        /* The background says it aloud, once for all apps and children (key.c). */
        dygw_log_rarely(loading->log, INFO, app->client_key, rv,
                        DYGWNO(0420) "the secret of app %" APR_INT64_T_FMT
                                     " does not open with DygwMasterKey; the app is refused until "
                                     "the right key is configured",
                        app->id);
    }
    known.secret = rv == APR_SUCCESS ? known.secret : NULL;
    if (app->old_secret_sealed) {
        dygw_unseal(seal, purpose, app->old_secret_sealed, pool, &known.old_secret, NULL);
    }
    copy = copy_app(&known, pool);
    apr_hash_set(loading->snapshot->by_key, copy->client_key, APR_HASH_KEY_STRING, copy);
}

/* The row of an app that is or was declared has a secret only while hosts may need it that do not
 * declare the app yet: else it is unknown where it is not declared. */
static void add_row(void *baton, const dygw_app_t *app)
{
    loading_t *loading = baton;

    dygw_declared_rows_see(loading->rows, app);
    if (app->source == DYGW_APP_OF_DATABASE || dygw_app_has_secret(app)) {
        add_app(loading, app);
    }
}

/* A declared app signs with the secrets of httpd.conf alone, under its client_key there. */
static void add_declared_row(void *baton, const dygw_declared_trouble_t *found,
                             const dygw_app_t *own)
{
    snapshot_t *snapshot = baton;
    declared_row_t *row = apr_palloc(snapshot->pool, sizeof(*row));

    row->id = found->id;
    row->is_served = found->state != DYGW_DECLARED_CONFLICT;
    apr_hash_set(snapshot->declared, found->app->client_key, APR_HASH_KEY_STRING, row);
    if (own && row->is_served) {
        apr_hash_set(snapshot->by_key, own->client_key, APR_HASH_KEY_STRING, NULL);
    }
}

static apr_status_t read_apps(const dygw_ctx_t *ctx, dygw_db_t *db, void *snapshot)
{
    loading_t loading = { snapshot, ctx->gateway, ctx->log, NULL };
    apr_int64_t version;
    apr_status_t rv;

    loading.rows = dygw_declared_rows_create(ctx->gateway->declared, dygw_db_pool(db));
    rv = dygw_store_app_each(db, &version, add_row, &loading);
    dygw_declared_rows_each(loading.rows, add_declared_row, snapshot);
    return rv;
}

static apr_status_t load_snapshot(const dygw_ctx_t *ctx, snapshot_t **snapshot)
{
    dygw_apps_stamp_t stamp = dygw_host_apps_stamp(ctx->gateway);
    apr_pool_t *pool;
    /* A pool of its own: one thread makes the snapshot, another one destroys it. */
    apr_status_t rv = dygw_pool_create(&pool, NULL);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    *snapshot = apr_pcalloc(pool, sizeof(**snapshot));
    (*snapshot)->pool = pool;
    (*snapshot)->by_key = apr_hash_make(pool);
    (*snapshot)->declared = apr_hash_make(pool);
    (*snapshot)->stamp = stamp;
    rv = dygw_db_work(ctx, read_apps, *snapshot, DYGW_DB_ONCE);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(pool);
    }
    return rv;
}

/* at: 0 = never. */
static int is_just_now(dygw_ms_t at)
{
    dygw_ms_t ago = dygw_now() - at;

    return at != 0 && ago >= 0 && ago < RELOAD_PAUSE_MS;
}

/* --- reading the apps version, in place of the background --- */

static apr_status_t read_version(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *version)
{
    return dygw_store_app_version(db, version);
}

static apr_status_t look_at_version(const dygw_ctx_t *ctx)
{
    dygw_ms_t asked_at = dygw_now();
    apr_int64_t version;
    apr_status_t rv = dygw_db_work(ctx, read_version, &version, DYGW_DB_ONCE);

    if (rv == APR_SUCCESS) {
        dygw_host_apps_seen(ctx->gateway, version, asked_at);
    }
    return rv;
}

static int may_look_at_version(dygw_apps_t *apps)
{
    int may;

    apr_thread_mutex_lock(apps->mutex);
    may = !apps->is_looking && !is_just_now(apps->failed_at);
    apps->is_looking |= may;
    apr_thread_mutex_unlock(apps->mutex);
    return may;
}

static void look_if_version_unseen(const dygw_ctx_t *ctx, dygw_apps_t *apps)
{
    apr_status_t rv;

    if (!dygw_host_apps_unseen(ctx->gateway) || !may_look_at_version(apps)) {
        return;
    }
    rv = look_at_version(ctx);
    apr_thread_mutex_lock(apps->mutex);
    apps->is_looking = 0;
    apps->failed_at = rv == APR_SUCCESS ? 0 : dygw_now();
    apr_thread_mutex_unlock(apps->mutex);
}

/* --- finding an app --- */

/* A request that looks for its app. */
typedef struct looking_t {
    const dygw_ctx_t *ctx;
    dygw_apps_t *apps;
    const char *client_key;
    const dygw_declared_app_t *declared; /* what httpd.conf has under the key; NULL: nothing */
} looking_t;

/* Whether the request can do without the apps. While there are none at all each request tries to
 * read them, for the database may be back just now; that of a declared app does not wait for a
 * database that is known to be away. */
static int can_do_without(const looking_t *l)
{
    if (!l->apps->now && !l->declared) {
        return 0;
    }
    return is_just_now(l->apps->failed_at)
           || (!l->apps->now && l->apps->is_loading
               && atomic_load(&l->ctx->gateway->host->database_state) != DYGW_DB_OK);
}

/* Returns whether this request has to read the apps; *number is then the number of its reading.
 * urgent: 1 even when another request is reading them already. */
static int must_read_apps(const looking_t *l, int urgent, apr_uint64_t *number)
{
    dygw_apps_t *apps = l->apps;
    dygw_apps_stamp_t wanted = dygw_host_apps_stamp(l->ctx->gateway);
    int must;

    apr_thread_mutex_lock(apps->mutex);
    must = !apps->now || !dygw_apps_stamp_equal(&apps->now->stamp, &wanted);
    if (must && apps->now && !urgent && apps->is_loading) {
        must = !dygw_apps_stamp_equal(&apps->loading, &wanted);
    }
    must = must && !can_do_without(l);
    if (must) {
        apps->loading = wanted;
        apps->is_loading = 1;
        *number = ++apps->readings;
    }
    apr_thread_mutex_unlock(apps->mutex);
    return must;
}

/* Makes `fresh` the present snapshot, unless the present one comes from a reading that began later;
 * destroys the snapshot that is not used. fresh NULL: the reading failed. */
static void install_snapshot(dygw_apps_t *apps, snapshot_t *fresh, apr_uint64_t number)
{
    snapshot_t *unused = fresh;

    apr_thread_mutex_lock(apps->mutex);
    if (number == apps->readings) {
        apps->is_loading = 0;
    }
    apps->failed_at = fresh ? 0 : dygw_now();
    if (fresh && (!apps->now || apps->now->number < number)) {
        fresh->number = number;
        unused = apps->now;
        apps->now = fresh;
    }
    apr_thread_mutex_unlock(apps->mutex);
    if (unused) {
        apr_pool_destroy(unused->pool);
    }
}

static void reload_if_stale(const looking_t *l, int urgent)
{
    snapshot_t *fresh = NULL;
    apr_uint64_t number;

    if (must_read_apps(l, urgent, &number)) {
        if (load_snapshot(l->ctx, &fresh) != APR_SUCCESS) {
            fresh = NULL; /* the old apps stay in use */
        }
        install_snapshot(l->apps, fresh, number);
    }
}

/* To be called under the mutex. NULL: the app is not declared, or the rows are not known. */
static const declared_row_t *declared_row(const looking_t *l)
{
    return l->declared && l->apps->now
               ? apr_hash_get(l->apps->now->declared, l->client_key, APR_HASH_KEY_STRING)
               : NULL;
}

/* All text is the configuration's, which outlives each request. */
static dygw_known_app_t *known_by_file(const looking_t *l, apr_int64_t id)
{
    const dygw_declared_app_t *app = l->declared;
    const dygw_gateway_t *gateway = l->ctx->gateway;
    int is_rate_of_all = app->rate_per_second == DYGW_RATE_OF_ALL;
    dygw_known_app_t *known = apr_pcalloc(l->ctx->pool, sizeof(*known));

    known->id = id;
    known->name = app->name;
    known->client_key = app->client_key;
    known->secret = app->secret;
    known->old_secret = app->old_secret;
    known->old_secret_until = DYGW_NO_TIME;
    known->is_declared = 1;
    known->status = app->is_disabled ? DYGW_APP_DISABLED : DYGW_APP_ACTIVE;
    known->allow_token_read = app->allow_token_read;
    known->poi_ids = app->stores;
    known->rate_per_second = is_rate_of_all ? gateway->rate_per_second : app->rate_per_second;
    known->rate_burst = is_rate_of_all ? gateway->rate_burst : app->rate_burst;
    return known;
}

/* The app is from the request's pool. APR_NOTFOUND; APR_EGENERAL: there is no snapshot. */
static apr_status_t find_in_snapshot(const looking_t *l, dygw_known_app_t **app)
{
    const snapshot_t *now;
    const declared_row_t *row;
    const dygw_known_app_t *found = NULL;
    apr_status_t rv = APR_NOTFOUND;

    apr_thread_mutex_lock(l->apps->mutex);
    now = l->apps->now;
    row = declared_row(l);
    if (l->declared && (!row || row->is_served)) {
        found = *app = known_by_file(l, row ? row->id : 0);
    }
    else if (!now) {
        rv = APR_EGENERAL;
    }
    else if ((found = apr_hash_get(now->by_key, l->client_key, APR_HASH_KEY_STRING)) != NULL) {
        *app = copy_app(found, l->ctx->pool);
    }
    if (found) {
        rv = found->secret ? APR_SUCCESS : APR_EACCES;
    }
    apr_thread_mutex_unlock(l->apps->mutex);
    return rv;
}

/* --- the row of a declared app --- */

/* Whether the database answered, and the app has no row there yet. One that is still to be taken
 * over has an id, and is the background's to take. */
static int lacks_row(const looking_t *l)
{
    const declared_row_t *row;
    int lacks;

    apr_thread_mutex_lock(l->apps->mutex);
    row = declared_row(l);
    lacks = row && row->is_served && row->id == 0;
    apr_thread_mutex_unlock(l->apps->mutex);
    return lacks;
}

/* Waits for the request that makes rows now, if there is one. Returns whether this one is to make
 * them. */
static int begin_declaring(dygw_apps_t *apps)
{
    const apr_time_t until = dygw_steady_now() + DECLARING_PATIENCE_US;
    apr_time_t now;
    int begins;

    dygw_bell_lock(&apps->declaring);
    while (apps->is_declaring && (now = dygw_steady_now()) < until) {
        dygw_bell_wait(&apps->declaring, until - now);
    }
    begins = !apps->is_declaring && !is_just_now(apps->declared_at);
    apps->is_declaring |= begins;
    dygw_bell_unlock(&apps->declaring);
    return begins;
}

static void end_declaring(dygw_apps_t *apps)
{
    dygw_bell_lock(&apps->declaring);
    apps->is_declaring = 0;
    apps->declared_at = dygw_now();
    dygw_bell_ring(&apps->declaring);
    dygw_bell_unlock(&apps->declaring);
}

/* The background makes the rows after each start; a request may come before. Requests of one
 * process wait for the one that does it, but not for long, and not once the database has gone away.
 * After a reload, what a request of before it has of the configuration does not hold any more. */
static void make_rows(const looking_t *l)
{
    if (atomic_load(&l->ctx->gateway->host->database_state) != DYGW_DB_OK
        || dygw_host_is_overtaken(l->ctx->gateway) || !begin_declaring(l->apps)) {
        return;
    }
    if (lacks_row(l) && dygw_declare_apps(l->ctx) == APR_SUCCESS) {
        dygw_host_apps_changed(l->ctx->gateway); /* also where another host has made them */
        reload_if_stale(l, 1);
    }
    end_declaring(l->apps);
}

apr_status_t dygw_apps_find(const dygw_ctx_t *ctx, dygw_apps_t *apps, const char *client_key,
                            dygw_known_app_t **app)
{
    const looking_t l
        = { ctx, apps, client_key, dygw_declared_app(ctx->gateway->declared, client_key) };
    apr_status_t rv;

    look_if_version_unseen(ctx, apps);
    reload_if_stale(&l, 0);
    if (l.declared && lacks_row(&l)) {
        make_rows(&l);
    }
    rv = find_in_snapshot(&l, app);
    if (rv == APR_NOTFOUND) {
        /* The app may be new, and another request may still be reading the apps. */
        reload_if_stale(&l, 1);
        rv = find_in_snapshot(&l, app);
    }
    return rv;
}

int dygw_app_may_use_store(const dygw_known_app_t *app, const char *poi_id, const char *store)
{
    int i;

    if (!app->poi_ids) {
        return 1;
    }
    for (i = 0; i < app->poi_ids->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(app->poi_ids, i, const char *);

        if ((poi_id && strcmp(entry, poi_id) == 0) || (store && strcmp(entry, store) == 0)) {
            return 1;
        }
    }
    return 0;
}
