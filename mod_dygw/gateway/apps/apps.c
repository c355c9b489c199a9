/* SPDX-License-Identifier: Apache-2.0
 * The cache of verifier apps in one process.
 *
 * All apps are held, so that an unknown client_key costs no query either. The cell has a stamp of
 * the present state of the apps: the host's background thread looks every second or so, and a
 * change made on this host counts at once. When the background is held up, by a Douyin that does
 * not answer or because its child has died, a request looks in its place. A request that finds the
 * cache made under another stamp reads the apps anew, outside the lock; the others go on with the
 * old ones meanwhile. Which of two readings is the newer is told by when they began, not by the
 * table's version: a database that was restored from a backup counts lower.
 */
#include "gateway/apps/apps.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "gateway/cell.h"
#include "gateway/db_work.h"
#include "util/compiler.h"
#include "util/pool.h"

#define RELOAD_PAUSE_MS     1000    /* between tries, when the database does not answer */

typedef struct snapshot_t {
    apr_pool_t *pool;
    apr_hash_t *by_key;             /* client_key -> dygw_known_app_t */
    dygw_apps_stamp_t stamp;        /* of the cell, before it was read */
    apr_uint64_t number;            /* of the reading */
} snapshot_t;

struct dygw_apps_t {
    apr_thread_mutex_t *mutex;      /* guards what follows */
    snapshot_t *now;                /* NULL until loaded once */
    apr_uint64_t readings;          /* begun so far */
    dygw_apps_stamp_t loading;      /* a reading under this stamp is under way: one is enough */
    int is_loading;
    int is_looking;                 /* at the table's version, in the background's place */
    dygw_ms_t failed_at;            /* the last reading or look did; 0 = it did not */
};

static apr_status_t destroy_snapshot(void *data)
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
    apr_pool_cleanup_register(pool, *apps, destroy_snapshot, apr_pool_cleanup_null);
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

/* --- loading --- */

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
        .id = app->id, .name = app->name, .client_key = app->client_key,
        .old_secret_until = app->old_secret_until, .status = app->status,
        .allow_token_read = app->allow_token_read, .poi_ids = app->poi_ids
    };
    dygw_known_app_t *copy;
    apr_status_t rv = dygw_unseal(loading->seal, purpose, app->secret_sealed, pool, &known.secret,
                                  NULL);

    if (rv != APR_SUCCESS) {
        dygw_log(loading->log, ERR, rv,
                 DYGWNO(0420) "the secret of app %" APR_INT64_T_FMT " does not open with "
                              "DygwMasterKey; the app is refused until the right key is configured",
                 app->id);
        return;
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
    dygw_apps_stamp_t stamp = dygw_cell_apps_stamp(ctx->gateway);
    apr_pool_t *pool;
    /* It is made by one thread and destroyed by another. */
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

static int failed_just_now(const dygw_apps_t *apps)
{
    dygw_ms_t ago = dygw_now() - apps->failed_at;

    return apps->failed_at != 0 && ago >= 0 && ago < RELOAD_PAUSE_MS;
}

/* --- looking --- */

static apr_status_t read_version(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *version)
{
    return dygw_store_app_version(db, version);
}

static apr_status_t look(const dygw_ctx_t *ctx)
{
    dygw_ms_t asked_at = dygw_now();
    apr_int64_t version;
    apr_status_t rv = dygw_db_work(ctx, read_version, &version, DYGW_DB_ONCE);

    if (rv == APR_SUCCESS) {
        dygw_cell_apps_seen(ctx->gateway, version, asked_at);
    }
    return rv;
}

static int may_look(dygw_apps_t *apps)
{
    int may;

    apr_thread_mutex_lock(apps->mutex);
    may = !apps->is_looking && !failed_just_now(apps);
    apps->is_looking |= may;
    apr_thread_mutex_unlock(apps->mutex);
    return may;
}

static void look_if_unseen(const dygw_ctx_t *ctx, dygw_apps_t *apps)
{
    apr_status_t rv;

    if (!dygw_cell_apps_unseen(ctx->gateway) || !may_look(apps)) {
        return;
    }
    rv = look(ctx);
    apr_thread_mutex_lock(apps->mutex);
    apps->is_looking = 0;
    apps->failed_at = rv == APR_SUCCESS ? 0 : dygw_now();
    apr_thread_mutex_unlock(apps->mutex);
}

/* --- finding --- */

/* Whether this request has to read the apps; *number is then the reading's. urgent: even when
 * another is reading already. */
static int must_load(const dygw_ctx_t *ctx, dygw_apps_t *apps, int urgent, apr_uint64_t *number)
{
    dygw_apps_stamp_t wanted = dygw_cell_apps_stamp(ctx->gateway);
    int must;

    apr_thread_mutex_lock(apps->mutex);
    must = !apps->now || !dygw_apps_stamp_equal(&apps->now->stamp, &wanted);
    if (must && apps->now && !urgent && apps->is_loading) {
        must = !dygw_apps_stamp_equal(&apps->loading, &wanted);
    }
    /* Without any, each request tries: the database may be back just now. */
    must = must && !(apps->now && failed_just_now(apps));
    if (must) {
        apps->loading = wanted;
        apps->is_loading = 1;
        *number = ++apps->readings;
    }
    apr_thread_mutex_unlock(apps->mutex);
    return must;
}

/* Takes the snapshot (NULL: the reading failed) unless one begun later is there already; destroys
 * the one that is not used. */
static void install(dygw_apps_t *apps, snapshot_t *fresh, apr_uint64_t number)
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

static void load_if_stale(const dygw_ctx_t *ctx, dygw_apps_t *apps, int urgent)
{
    snapshot_t *fresh = NULL;
    apr_uint64_t number;

    if (must_load(ctx, apps, urgent, &number)) {
        if (load_snapshot(ctx, &fresh) != APR_SUCCESS) {
            fresh = NULL;           /* what we have has to do */
        }
        install(apps, fresh, number);
    }
}

static apr_status_t look_up(dygw_apps_t *apps, const char *client_key, apr_pool_t *pool,
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
        rv = APR_SUCCESS;
    }
    apr_thread_mutex_unlock(apps->mutex);
    return rv;
}

apr_status_t dygw_apps_find(const dygw_ctx_t *ctx, dygw_apps_t *apps, const char *client_key,
                            dygw_known_app_t **app)
{
    apr_status_t rv;

    look_if_unseen(ctx, apps);
    load_if_stale(ctx, apps, 0);
    rv = look_up(apps, client_key, ctx->pool, app);
    if (rv == APR_NOTFOUND) {
        /* An app made a moment ago, while another request is still reading it? */
        load_if_stale(ctx, apps, 1);
        rv = look_up(apps, client_key, ctx->pool, app);
    }
    return rv;
}

int dygw_app_may_use_store(const dygw_known_app_t *app, const char *poi_id)
{
    int i;

    if (!app->poi_ids) {
        return 1;
    }
    for (i = 0; i < app->poi_ids->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(app->poi_ids, i, const char *), poi_id) == 0) {
            return 1;
        }
    }
    return 0;
}
