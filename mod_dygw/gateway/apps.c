/* SPDX-License-Identifier: Apache-2.0
 * The cache of verifier apps in one process.
 *
 * All apps are held, so that an unknown client_key costs no query either. The cell says which
 * version of the apps is the present one: the host's background thread looks every second or so,
 * and a change made on this host says so at once. A request that finds the cache older reads the
 * apps anew, outside the lock; the others go on with the old ones meanwhile.
 */
#include "gateway/apps.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "gateway/cell.h"

#define RELOAD_PAUSE_MS     1000    /* between tries, when the database does not answer */

typedef struct snapshot_t {
    apr_pool_t *pool;
    apr_hash_t *by_key;             /* client_key -> dygw_known_app_t */
    apr_int64_t version;
} snapshot_t;

struct dygw_apps_t {
    dygw_gateway_t *gateway;
    apr_thread_mutex_t *mutex;      /* guards what follows */
    snapshot_t *now;                /* NULL until loaded once */
    dygw_ms_t tried_at;
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

apr_status_t dygw_apps_create(dygw_apps_t **apps, dygw_gateway_t *gateway, apr_pool_t *pool)
{
    *apps = apr_pcalloc(pool, sizeof(**apps));
    (*apps)->gateway = gateway;
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
        dygw_log(
            loading->log, ERR, rv,
            DYGWNO(0420) "the secret of app %" APR_INT64_T_FMT " does not open "
                         "with DygwMasterKey; the app is refused until the right key is configured",
            app->id);
        return;
    }
    if (app->old_secret_sealed) {
        dygw_unseal(loading->seal, purpose, app->old_secret_sealed, pool, &known.old_secret, NULL);
    }
    copy = copy_app(&known, pool);
    apr_hash_set(loading->snapshot->by_key, copy->client_key, APR_HASH_KEY_STRING, copy);
}

/* A snapshot has an allocator of its own: it is made by one thread and destroyed by another. */
static apr_status_t create_snapshot_pool(apr_pool_t **pool)
{
    apr_allocator_t *allocator;
    apr_status_t rv = apr_allocator_create(&allocator);

    if (rv == APR_SUCCESS) {
        rv = apr_pool_create_unmanaged_ex(pool, NULL, allocator);
        if (rv != APR_SUCCESS) {
            apr_allocator_destroy(allocator);
            return rv;
        }
        apr_allocator_owner_set(allocator, *pool);
    }
    return rv;
}

static apr_status_t load_snapshot(dygw_gateway_t *gateway, const dygw_log_t *log,
                                  apr_pool_t *scratch, snapshot_t **snapshot)
{
    loading_t loading = { NULL, gateway->seal, log };
    apr_pool_t *pool;
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, scratch);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = create_snapshot_pool(&pool);
    if (rv == APR_SUCCESS) {
        loading.snapshot = *snapshot = apr_pcalloc(pool, sizeof(**snapshot));
        loading.snapshot->pool = pool;
        loading.snapshot->by_key = apr_hash_make(pool);
        rv = dygw_store_app_each(db, &loading.snapshot->version, add_app, &loading);
        if (rv != APR_SUCCESS) {
            apr_pool_destroy(pool);
        }
    }
    dygw_db_close(db);
    return rv;
}

/* Takes the snapshot unless a newer one is there already; destroys the one that is not used. */
static void install(dygw_apps_t *apps, snapshot_t *fresh)
{
    snapshot_t *unused;

    apr_thread_mutex_lock(apps->mutex);
    unused = apps->now;
    if (unused && unused->version > fresh->version) {
        unused = fresh;
    }
    else {
        apps->now = fresh;
    }
    apr_thread_mutex_unlock(apps->mutex);
    if (unused) {
        apr_pool_destroy(unused->pool);
    }
}

static int must_load(dygw_apps_t *apps)
{
    apr_int64_t wanted = dygw_cell_apps_version(apps->gateway);
    dygw_ms_t now = dygw_now();
    int load;

    apr_thread_mutex_lock(apps->mutex);
    load = !apps->now || (apps->now->version < wanted && now - apps->tried_at >= RELOAD_PAUSE_MS);
    if (load) {
        apps->tried_at = now;
    }
    apr_thread_mutex_unlock(apps->mutex);
    return load;
}

static apr_status_t load(dygw_apps_t *apps, const dygw_log_t *log, apr_pool_t *pool)
{
    snapshot_t *fresh;
    apr_status_t rv = load_snapshot(apps->gateway, log, pool, &fresh);

    if (rv == APR_SUCCESS) {
        dygw_cell_raise_apps_version(apps->gateway, fresh->version);
        install(apps, fresh);
        apr_thread_mutex_lock(apps->mutex);
        apps->tried_at = 0;
        apr_thread_mutex_unlock(apps->mutex);
    }
    return rv;
}

apr_status_t dygw_apps_find(dygw_apps_t *apps, const char *client_key, const dygw_log_t *log,
                            apr_pool_t *pool, dygw_known_app_t **app)
{
    const dygw_known_app_t *found;
    apr_status_t rv = APR_NOTFOUND;

    if (must_load(apps)) {
        load(apps, log, pool);      /* when it fails, what we have has to do */
    }
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
