/* SPDX-License-Identifier: Apache-2.0
 * Where connections come from: in children from mod_dbd's pool. In the parent there is no pool yet,
 * or no more, so that each connection there is opened anew: at the start, where it is closed before
 * the fork, and when all children have ended. */
#include "process/database.h"

#include <unistd.h>

#include <apr_atomic.h>
#include <apr_dbd.h>
#include <mod_dbd.h>

#include "cfg/tree.h"
#include "process/shared.h"
#include "process/watch.h"
#include "store/db/session.h"
#include "util/compiler.h"
#include "util/log.h"

/* --- mod_dbd's pool --- */

typedef struct pooled_t {
    server_rec *server;
    ap_dbd_t *(*open)(apr_pool_t *pool, server_rec *server);
    void (*close)(server_rec *server, ap_dbd_t *dbd);
    const apr_dbd_driver_t *driver; /* NULL: no connection is made but by mod_dbd */
    const char *params;
    apr_interval_time_t timeout;
    const char *file;         /* SQLite's; NULL elsewhere */
    apr_uint32_t file_exists; /* the file was there once; atomic */
} pooled_t;

static void use_connection(dygw_dbd_t *dbd, ap_dbd_t *connection)
{
    dbd->handle = connection->handle;
    dbd->driver = connection->driver;
    dbd->prepared = connection->prepared;
    dbd->impl = connection;
}

/* SQLite would make an empty file in the place of one that was taken away, and the gateway go on
 * without its records. */
static int is_file_gone(pooled_t *pooled)
{
    if (!pooled->file) {
        return 0;
    }
    if (access(pooled->file, F_OK) == 0) {
        apr_atomic_set32(&pooled->file_exists, 1);
        return 0;
    }
    return apr_atomic_read32(&pooled->file_exists) != 0;
}

/* A connection's old handle. */
typedef struct left_t {
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
} left_t;

static apr_status_t close_left(void *data)
{
    const left_t *left = data;

    return apr_dbd_close(left->driver, left->handle);
}

static void leave_handle(const ap_dbd_t *connection)
{
    left_t *left = apr_palloc(connection->pool, sizeof(*left));

    left->driver = connection->driver;
    left->handle = connection->handle;
    apr_pool_cleanup_register(connection->pool, left, close_left, apr_pool_cleanup_null);
}

/* A copy was put into the place of SQLite's file, and the connection has the old one open; or the
 * file could not be written when it was opened. mod_dbd would keep that for as long as it is used.
 * The file is opened anew in its stead. The old handle stays open until mod_dbd drops the
 * connection, as others may have statements on it. */
static apr_status_t follow_file(const pooled_t *pooled, ap_dbd_t *connection, dygw_dbd_t *dbd)
{
    apr_dbd_t *fresh;
    apr_status_t rv
        = apr_dbd_open_ex(connection->driver, connection->pool, pooled->file, &fresh, NULL);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, pooled->server,
                 DYGWNO(0357) "%s is another file now, or can be written now; it is opened anew",
                 pooled->file);
    dygw_session_forget(dbd);
    leave_handle(connection);
    connection->handle = fresh;
    use_connection(dbd, connection);
    return APR_SUCCESS;
}

static apr_status_t open_pooled(void *baton, apr_pool_t *pool, dygw_dbd_t *dbd)
{
    pooled_t *pooled = baton;
    ap_dbd_t *connection = is_file_gone(pooled) ? NULL : pooled->open(pool, pooled->server);
    apr_status_t rv = APR_SUCCESS;

    if (!connection) {
        return APR_EGENERAL;
    }
    use_connection(dbd, connection);
    if (pooled->file && dygw_session_is_outdated(dbd, pooled->file)) {
        rv = follow_file(pooled, connection, dbd);
    }
    if (rv != APR_SUCCESS) {
        pooled->close(pooled->server, connection);
    }
    return rv;
}

static void close_pooled(void *baton, dygw_dbd_t *dbd)
{
    pooled_t *pooled = baton;

    pooled->close(pooled->server, dbd->impl);
}

/* mod_dbd logs some lines for each connection that it cannot make. */
static apr_status_t knock_at_server(void *baton, apr_pool_t *pool)
{
    pooled_t *pooled = baton;
    apr_pool_t *scratch;
    apr_dbd_t *handle = NULL;
    apr_status_t rv;

    if (!pooled->driver || is_file_gone(pooled)) {
        return pooled->driver ? APR_EGENERAL : APR_SUCCESS;
    }
    apr_pool_create(&scratch, pool);
    rv = apr_dbd_open_ex(pooled->driver, scratch, pooled->params, &handle, NULL);
    if (rv == APR_SUCCESS) {
        apr_dbd_close(pooled->driver, handle);
    }
    apr_pool_destroy(scratch);
    return rv;
}

/* Somebody may hold SQLite's own lock, for which each writer waits in turn. */
static apr_status_t lock_writer(void *baton)
{
    const pooled_t *pooled = baton;
    apr_global_mutex_t *mutex = dygw_shared_mutex(DYGW_MUTEX_WRITER);
    apr_status_t rv = apr_global_mutex_timedlock(mutex, pooled->timeout);

    /* Not every mechanism that the Mutex directive knows can. */
    return APR_STATUS_IS_ENOTIMPL(rv) ? apr_global_mutex_lock(mutex) : rv;
}

static void unlock_writer(DYGW_UNUSED void *baton)
{
    apr_global_mutex_unlock(dygw_shared_mutex(DYGW_MUTEX_WRITER));
}

apr_status_t dygw_database_source(dygw_db_source_t **source, server_rec *server, apr_pool_t *pool)
{
    pooled_t *pooled = apr_pcalloc(pool, sizeof(*pooled));
    dygw_db_source_t *made = apr_pcalloc(pool, sizeof(*made));
    dygw_dbd_settings_t settings;
    apr_status_t rv = dygw_cfg_dbd(server, pool, &settings);

    pooled->server = server;
    pooled->timeout = dygw_cfg_get(server)->database_timeout;
    pooled->open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    pooled->close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    if (!pooled->open || !pooled->close) {
        return APR_ENOTIMPL;
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_dialect_of(settings.driver, &made->dialect);
    }
    if (rv == APR_SUCCESS
        && apr_dbd_get_driver(pool, settings.driver, &pooled->driver) != APR_SUCCESS) {
        pooled->driver = NULL;
    }
    pooled->params = settings.params ? settings.params : "";
    made->max_opens = settings.max + 1;
    made->open = open_pooled;
    made->close = close_pooled;
    made->knock = knock_at_server;
    if (made->dialect == DYGW_SQLITE3) {
        pooled->file = settings.params;
        (void)is_file_gone(pooled);
        made->lock_writer = lock_writer;
        made->unlock_writer = unlock_writer;
    }
    made->baton = pooled;
    *source = made;
    if (rv == APR_SUCCESS) {
        rv = dygw_guard_create(&made->guard,
                               &(const dygw_guard_config_t){ .dialect = made->dialect,
                                                             .max = settings.max,
                                                             .limit = pooled->timeout,
                                                             .wake = dygw_watch_wake },
                               pool);
    }
    return rv;
}

/* --- connections of the parent --- */

typedef struct direct_t {
    const apr_dbd_driver_t *driver;
    const char *params;
} direct_t;

static apr_status_t open_direct(void *baton, apr_pool_t *pool, dygw_dbd_t *dbd)
{
    direct_t *direct = baton;
    apr_status_t rv = apr_dbd_open_ex(direct->driver, pool, direct->params, &dbd->handle, NULL);

    dbd->driver = direct->driver;
    dbd->prepared = apr_hash_make(pool);
    return rv;
}

static void close_direct(void *baton, dygw_dbd_t *dbd)
{
    direct_t *direct = baton;

    apr_dbd_close(direct->driver, dbd->handle);
}

/* Without a guard a server that stands still keeps the parent waiting, and that is all. */
static void guard_direct(dygw_db_source_t *source, server_rec *server, apr_pool_t *pool)
{
    const dygw_guard_config_t config = { .dialect = source->dialect,
                                         .max = source->max_opens,
                                         .limit = dygw_cfg_get(server)->database_timeout,
                                         .wake = dygw_watch_wake };
    apr_status_t rv = dygw_guard_create(&source->guard, &config, pool);

    if (rv != APR_SUCCESS || dygw_watch_source(source, pool) != APR_SUCCESS) {
        source->guard = NULL;
    }
}

apr_status_t dygw_database_direct(dygw_db_source_t **source, server_rec *server, apr_pool_t *pool)
{
    direct_t *direct = apr_pcalloc(pool, sizeof(*direct));
    dygw_db_source_t *made = apr_pcalloc(pool, sizeof(*made));
    dygw_dbd_settings_t settings;
    apr_status_t rv = dygw_cfg_dbd(server, pool, &settings);

    if (rv == APR_SUCCESS) {
        rv = dygw_dialect_of(settings.driver, &made->dialect);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_dbd_init(server->process->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_dbd_get_driver(server->process->pool, settings.driver, &direct->driver);
    }
    direct->params = settings.params ? settings.params : "";
    made->max_opens = 1;
    made->open = open_direct;
    made->close = close_direct;
    made->baton = direct;
    *source = made;
    if (rv == APR_SUCCESS && made->dialect != DYGW_SQLITE3) {
        guard_direct(made, server, pool);
    }
    return rv;
}
