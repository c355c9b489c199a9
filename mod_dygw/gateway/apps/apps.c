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
 */
#include "gateway/apps/apps.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "gateway/host.h"
#include "gateway/db_work.h"
#include "util/compiler.h"
#include "util/pool.h"

#define RELOAD_PAUSE_MS 1000 /* between two tries, when the database does not answer */

/* All apps, as one reading found them. */
typedef struct snapshot_t {
    apr_pool_t *pool;
    apr_hash_t *by_key;      /* client_key -> dygw_known_app_t */
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
    *apps = apr_pcalloc(pool, sizeof(**apps));
    apr_pool_cleanup_register(pool, *apps, destroy_apps_snapshot, apr_pool_cleanup_null);
    return apr_thread_mutex_create(&(*apps)->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
}

static apr_array_header_t *copy_poi_ids(const apr_array_header_t *from, apr_pool_t *pool)
{
    apr_array_header_t *to;
    int i;

    if (!from) {
        return NULL;
    }
    to = apr_array_make(pool, from->nelts, sizeof(const char *));
    for (i = 0; i < from->nelts; i++) {
        APR_ARRAY_PUSH(to, const char *) = apr_pstrdup(pool, APR_ARRAY_IDX(from, i, const char *));
    }
    return to;
}

static dygw_known_app_t *copy_app(const dygw_known_app_t *from, apr_pool_t *pool)
{
    dygw_known_app_t *to = apr_pmemdup(pool, from, sizeof(*to));

    to->name = apr_pstrdup(pool, from->name);
    to->client_key = apr_pstrdup(pool, from->client_key);
    to->secret = apr_pstrdup(pool, from->secret);
    to->old_secret = apr_pstrdup(pool, from->old_secret);
    to->poi_ids = copy_poi_ids(from->poi_ids, pool);
    return to;
}

/* --- reading the apps --- */

const char *dygw_app_seal_purpose(apr_pool_t *pool, const char *client_key)
{
    return apr_pstrcat(pool, "app-secret:", client_key, NULL);
}

typedef struct loading_t {
    snapshot_t *snapshot;
    const dygw_seal_t *seal;
    const dygw_log_t *log;
} loading_t;

static void add_app(void *baton, const dygw_app_t *app)
{
    loading_t *loading = baton;
    apr_pool_t *pool = loading->snapshot->pool;
    const char *purpose = dygw_app_seal_purpose(pool, app->client_key);
    dygw_known_app_t known = {
        .id = app->id,
        .name = app->name,
        .client_key = app->client_key,
        .old_secret_until = app->old_secret_until,
        .status = app->status,
        .allow_token_read = app->allow_token_read,
        .poi_ids = app->poi_ids,
    };
    dygw_known_app_t *copy;
    apr_status_t rv
        = dygw_unseal(loading->seal, purpose, app->secret_sealed, pool, &known.secret, NULL);

    if (rv != APR_SUCCESS) {
        /* The background says it aloud, once for all apps and children (key.c). */
        dygw_log_rarely(loading->log, INFO, app->client_key, rv,
                        DYGWNO(0420) "the secret of app %" APR_INT64_T_FMT
                                     " does not open with DygwMasterKey; the app is refused until "
                                     "the right key is configured",
                        app->id);
        known.secret = NULL;
    }
    if (app->old_secret_sealed) {
        dygw_unseal(loading->seal, purpose, app->old_secret_sealed, pool, &known.old_secret, NULL);
    }
    copy = copy_app(&known, pool);
    apr_hash_set(loading->snapshot->by_key, copy->client_key, APR_HASH_KEY_STRING, copy);
}

static apr_status_t read_apps(const dygw_ctx_t *ctx, dygw_db_t *db, void *snapshot)
{
    loading_t loading = { snapshot, ctx->gateway->seal, ctx->log };
    apr_int64_t version;

    return dygw_store_app_each(db, &version, add_app, &loading);
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
    (*snapshot)->stamp = stamp;
    rv = dygw_db_work(ctx, read_apps, *snapshot, DYGW_DB_ONCE);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(pool);
    }
    return rv;
}

static int apps_failed_just_now(const dygw_apps_t *apps)
{
    dygw_ms_t ago = dygw_now() - apps->failed_at;

    return apps->failed_at != 0 && ago >= 0 && ago < RELOAD_PAUSE_MS;
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
    may = !apps->is_looking && !apps_failed_just_now(apps);
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

/* Returns whether this request has to read the apps; *number is then the number of its reading.
 * urgent: 1 even when another request is reading them already. */
static int must_read_apps(const dygw_ctx_t *ctx, dygw_apps_t *apps, int urgent,
                          apr_uint64_t *number)
{
    dygw_apps_stamp_t wanted = dygw_host_apps_stamp(ctx->gateway);
    int must;

    apr_thread_mutex_lock(apps->mutex);
    must = !apps->now || !dygw_apps_stamp_equal(&apps->now->stamp, &wanted);
    if (must && apps->now && !urgent && apps->is_loading) {
        must = !dygw_apps_stamp_equal(&apps->loading, &wanted);
    }
    /* While there are no apps at all each request tries: the database may be back just now. */
    must = must && !(apps->now && apps_failed_just_now(apps));
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

static void reload_if_stale(const dygw_ctx_t *ctx, dygw_apps_t *apps, int urgent)
{
    snapshot_t *fresh = NULL;
    apr_uint64_t number;

    if (must_read_apps(ctx, apps, urgent, &number)) {
        if (load_snapshot(ctx, &fresh) != APR_SUCCESS) {
            fresh = NULL; /* the old apps stay in use */
        }
        install_snapshot(apps, fresh, number);
    }
}

/* Copies the app into pool. APR_NOTFOUND; APR_EGENERAL: there is no snapshot. */
static apr_status_t find_in_snapshot(dygw_apps_t *apps, const char *client_key, apr_pool_t *pool,
                                     dygw_known_app_t **app)
{
    const dygw_known_app_t *found;
    apr_status_t rv = APR_NOTFOUND;

    apr_thread_mutex_lock(apps->mutex);
    if (!apps->now) {
        rv = APR_EGENERAL;
    }
    else if ((found = apr_hash_get(apps->now->by_key, client_key, APR_HASH_KEY_STRING)) != NULL) {
        *app = copy_app(found, pool);
        rv = found->secret ? APR_SUCCESS : APR_EACCES;
    }
    apr_thread_mutex_unlock(apps->mutex);
    return rv;
}

apr_status_t dygw_apps_find(const dygw_ctx_t *ctx, dygw_apps_t *apps, const char *client_key,
                            dygw_known_app_t **app)
{
    apr_status_t rv;

    look_if_version_unseen(ctx, apps);
    reload_if_stale(ctx, apps, 0);
    rv = find_in_snapshot(apps, client_key, ctx->pool, app);
    if (rv == APR_NOTFOUND) {
        /* The app may be new, and another request may still be reading the apps. */
        reload_if_stale(ctx, apps, 1);
        rv = find_in_snapshot(apps, client_key, ctx->pool, app);
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
