/* SPDX-License-Identifier: Apache-2.0
 * What a connection keeps from one unit of work to the next. */
#include "store/db/session.h"

#include <dlfcn.h>
#include <unistd.h>

#include <apr_strings.h>

#include "store/db/dialect.h"
#include "store/db/notice.h"

#define SESSION_KEY     "dygw session"
#define FCNTL_HAS_MOVED 20 /* SQLite's SQLITE_FCNTL_HAS_MOVED */

int dygw_session_ask(const dygw_dbd_t *dbd, const char *sql, const char **answer, apr_pool_t *pool)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_pool_t *scratch;
    char *text = NULL;
    int rv;

    apr_pool_create(&scratch, pool);
    rv = apr_dbd_select(dbd->driver, scratch, dbd->handle, &results, sql, 1);
    *answer = NULL;
    if (rv == 0 && results && apr_dbd_get_row(dbd->driver, scratch, results, &row, 1) == 0
        && apr_dbd_datum_get(dbd->driver, row, 0, APR_DBD_TYPE_STRING, &text) == APR_SUCCESS) {
        *answer = apr_pstrdup(pool, text);
    }
    apr_pool_destroy(scratch);
    return rv;
}

dygw_session_t *dygw_session_find(const dygw_dbd_t *dbd)
{
    return apr_hash_get(dbd->prepared, SESSION_KEY, APR_HASH_KEY_STRING);
}

void dygw_session_forget(const dygw_dbd_t *dbd)
{
    dygw_session_t *session = dygw_session_find(dbd);

    apr_hash_set(dbd->prepared, SESSION_KEY, APR_HASH_KEY_STRING, NULL);
    if (session) {
        apr_pool_destroy(session->pool);
    }
}

void dygw_session_drop(const dygw_dbd_t *dbd, dygw_wait_t *wait)
{
    dygw_wait_use(wait, NULL, dbd);
    dygw_session_forget(dbd);
}

/* A database without tables answers with an error. */
const char *dygw_session_owner(const dygw_dbd_t *dbd, apr_pool_t *pool)
{
    static const char query[] = "SELECT value FROM dygw_meta WHERE name = 'douyin_client_key'";
    const char *owner = NULL;

    return dygw_session_ask(dbd, query, &owner, pool) == 0 ? owner : NULL;
}

typedef int file_control_fn(void *native, const char *database, int operation, void *argument);
typedef int readonly_fn(void *native, const char *database);

/* As in store/db/guard.c: the client library itself is not linked here. */
static int has_moved(void *native)
{
    file_control_fn *control = NULL;
    int moved = 0;

    *(void **)&control = dlsym(RTLD_DEFAULT, "sqlite3_file_control");
    return control && control(native, NULL, FCNTL_HAS_MOVED, &moved) == 0 && moved;
}

static int is_for_reading(void *native)
{
    readonly_fn *readonly = NULL;

    *(void **)&readonly = dlsym(RTLD_DEFAULT, "sqlite3_db_readonly");
    return readonly && readonly(native, "main") == 1;
}

int dygw_session_is_outdated(const dygw_dbd_t *dbd, const char *path)
{
    void *native = apr_dbd_native_handle(dbd->driver, dbd->handle);

    return has_moved(native) || (is_for_reading(native) && access(path, W_OK) == 0);
}

static int set_up_session(const dygw_dbd_t *dbd, const dygw_dialect_t *dialect, int in_transaction,
                          dygw_session_t *session)
{
    const char *ignored;
    int rv = 0;
    int i;

    for (i = 0; rv == 0 && (i <= dialect->marker_at || dialect->setup[i]); i++) {
        if (i == dialect->marker_at) {
            rv = dygw_session_ask(dbd, dialect->marker, &session->marker, session->pool);
        }
        if (rv == 0 && dialect->setup[i] && !in_transaction) {
            rv = dygw_session_ask(dbd, dialect->setup[i], &ignored, session->pool);
        }
    }
    return rv;
}

int dygw_session_make(const dygw_dbd_t *dbd, dygw_dialect_e dialect, int in_transaction,
                      dygw_wait_t *wait, dygw_session_t **session)
{
    dygw_session_t *made;
    apr_pool_t *pool;
    int rv;

    apr_pool_create(&pool, apr_hash_pool_get(dbd->prepared));
    apr_pool_tag(pool, "dygw_session");
    made = apr_pcalloc(pool, sizeof(*made));
    made->pool = pool;
    made->statements = apr_hash_make(pool);
    made->watched = dygw_guard_watch(wait->guard, pool);
    dygw_wait_use(wait, made->watched, dbd);
    dygw_notice_listen(dbd, dialect);
    rv = set_up_session(dbd, dygw_dialect(dialect), in_transaction, made);
    if (rv != 0) {
        dygw_wait_use(wait, NULL, dbd);
        apr_pool_destroy(pool);
        return rv;
    }
    apr_hash_set(dbd->prepared, SESSION_KEY, APR_HASH_KEY_STRING, made);
    *session = made;
    return 0;
}

/* Each in a pool of its own, so that one that fails leaves nothing behind. */
int dygw_session_statement(dygw_session_t *session, const dygw_dbd_t *dbd, const char *label,
                           const char *sql, apr_dbd_prepared_t **prepared)
{
    apr_pool_t *pool;
    int rv;

    *prepared = apr_hash_get(session->statements, label, APR_HASH_KEY_STRING);
    if (*prepared) {
        return 0;
    }
    apr_pool_create(&pool, session->pool);
    rv = apr_dbd_prepare(dbd->driver, pool, dbd->handle, sql, label, prepared);
    if (rv != 0) {
        apr_pool_destroy(pool);
        return rv;
    }
    apr_hash_set(session->statements, apr_pstrdup(pool, label), APR_HASH_KEY_STRING, *prepared);
    return 0;
}
