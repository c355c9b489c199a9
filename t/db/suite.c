/* SPDX-License-Identifier: Apache-2.0
 * The contract of mod_dygw/store, run alike on every driver: DYGW_DB_DRIVER and DYGW_DB_PARAMS as
 * DBDriver and DBDParams have them, DYGW_DB_KILL a command that ends the connections. The database
 * is empty at first. */
#include "suite.h"

#include <stdio.h>

#include <apr_general.h>
#include <apr_proc_mutex.h>

#include "util/compiler.h"

#define TESTS_MAX 400
#define CHILD_IDS APR_INT64_C(10000000) /* of one child */

typedef struct host_t {
    apr_pool_t *pool; /* of the connection; NULL when there is none */
    dygw_dbd_t dbd;
} host_t;

dygw_db_source_t suite_host[HOSTS];
apr_pool_t *suite_pool;
const dygw_log_t suite_log = { NULL, NULL };
int suite_version_before = -1;
int suite_files_run = -1;
int suite_errors;
char suite_last_error[512];
int suite_locked;
int suite_units;
int suite_opens;
int suite_refused_opens;

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static host_t hosts[HOSTS];
static apr_pool_t *root;
static const apr_dbd_driver_t *driver;
static apr_proc_mutex_t *writer;
static apr_int64_t last_id;

static void write_log(DYGW_UNUSED const dygw_log_t *log, const dygw_log_place_t *place, DYGW_UNUSED apr_status_t rv,
                      const char *fmt, va_list args)
{
    char text[sizeof(suite_last_error)];

    vsnprintf(text, sizeof(text), fmt, args);
    if (place->level <= DYGW_LOG_ERR) {
        suite_errors++;
        memcpy(suite_last_error, text, sizeof(text));
    }
}

/* --- connections --- */

static void drop(host_t *host)
{
    if (host->pool) {
        apr_pool_destroy(host->pool);
        host->pool = NULL;
        wire_forget(host->dbd.handle);
    }
}

void suite_disconnect(void)
{
    int i;

    for (i = 0; i < HOSTS; i++) {
        drop(&hosts[i]);
    }
}

static apr_status_t close_connection(void *data)
{
    host_t *host = data;

    return apr_dbd_close(driver, host->dbd.handle);
}

static apr_status_t connect_new(host_t *host)
{
    apr_pool_t *prepared;
    apr_status_t rv;

    apr_pool_create(&host->pool, root);
    rv = apr_dbd_open_ex(driver, host->pool, getenv("DYGW_DB_PARAMS"), &host->dbd.handle, NULL);
    if (rv != APR_SUCCESS) {
        drop(host);
        return rv;
    }
    /* As mod_dbd does: statements go before the connection. */
    apr_pool_cleanup_register(host->pool, host, close_connection, apr_pool_cleanup_null);
    apr_pool_create(&prepared, host->pool);
    host->dbd.driver = driver;
    host->dbd.prepared = apr_hash_make(prepared);
    return APR_SUCCESS;
}

/* A kept connection that is dead gives nothing once, and a new one at the next call. */
static apr_status_t open_kept(void *baton, apr_pool_t *pool, dygw_dbd_t *dbd)
{
    host_t *host = baton;

    suite_opens++;
    if (suite_refused_opens > 0) {
        suite_refused_opens--;
        return APR_EGENERAL;
    }
    if (host->pool && apr_dbd_check_conn(driver, pool, host->dbd.handle) != APR_SUCCESS) {
        drop(host);
        return APR_EGENERAL;
    }
    if (!host->pool && connect_new(host) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *dbd = host->dbd;
    suite_units++;
    return APR_SUCCESS;
}

static void close_kept(DYGW_UNUSED void *baton, DYGW_UNUSED dygw_dbd_t *dbd)
{
    suite_units--;
}

/* Two hosts in one thread would wait for each other for ever. */
static apr_status_t lock_writer(DYGW_UNUSED void *baton)
{
    apr_status_t rv = suite_locked ? APR_EBUSY : apr_proc_mutex_lock(writer);

    suite_locked |= rv == APR_SUCCESS;
    return rv;
}

static void unlock_writer(DYGW_UNUSED void *baton)
{
    suite_locked = 0;
    apr_proc_mutex_unlock(writer);
}

static int make_host(int number)
{
    dygw_db_source_t *source = &suite_host[number];

    if (dygw_dialect_of(getenv("DYGW_DB_DRIVER"), &source->dialect) != APR_SUCCESS) {
        return -1;
    }
    source->max_opens = 2;
    source->open = open_kept;
    source->close = close_kept;
    source->baton = &hosts[number];
    if (source->dialect == DYGW_SQLITE3) {
        source->lock_writer = lock_writer;
        source->unlock_writer = unlock_writer;
    }
    return 0;
}

static int migrate(void)
{
    apr_array_header_t *done;
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, &suite_host[0], &suite_log, root);

    if (rv == APR_SUCCESS) {
        rv = dygw_schema_version(db, &suite_version_before);
    }
    if (rv == APR_SUCCESS) {
        rv = dygw_schema_migrate(db, &done, root);
        suite_files_run = rv == APR_SUCCESS ? done->nelts : -1;
    }
    dygw_db_close(db);
    wire_forget(NULL);
    return rv == APR_SUCCESS ? 0 : -1;
}

apr_dbd_t *suite_handle(int host)
{
    return hosts[host].pool ? hosts[host].dbd.handle : NULL;
}

apr_array_header_t *suite_ask(int host, const char *sql)
{
    apr_array_header_t *rows;
    int rv;

    if (!suite_handle(host)) {
        dygw_db_close(suite_open(host));
    }
    rv = wire_ask(driver, suite_handle(host), sql, suite_pool, &rows);
    if (rv != 0) {
        fail_msg("%s: %s", sql, apr_dbd_error(driver, suite_handle(host), rv));
    }
    return rows;
}

void suite_do(const char *sql)
{
    dygw_db_t *db = suite_open(1);
    int ignored;

    assert_int_equal(dygw_schema_version(db, &ignored), APR_SUCCESS); /* heals it */
    dygw_db_close(db);
    suite_ask(1, sql);
}

void suite_kill(void)
{
    wire_forget(NULL);
    if (system(getenv("DYGW_DB_KILL")) != 0) {
        fail_msg("DYGW_DB_KILL failed");
    }
}

/* --- the frame of a test --- */

int suite_group_setup(DYGW_UNUSED void **state)
{
    const char *params = getenv("DYGW_DB_PARAMS");

    if (!getenv("DYGW_DB_DRIVER") || !params || !getenv("DYGW_DB_KILL")) {
        fprintf(stderr, "DYGW_DB_DRIVER, DYGW_DB_PARAMS and DYGW_DB_KILL say which database; "
                        "t/db/*.t set them\n");
        return -1;
    }
    apr_initialize();
    apr_pool_create(&root, NULL);
    dygw_log_set_writer(write_log);
    if (apr_proc_mutex_create(&writer, NULL, APR_LOCK_DEFAULT, root) != APR_SUCCESS || apr_dbd_init(root) != APR_SUCCESS
        || apr_dbd_get_driver(root, getenv("DYGW_DB_DRIVER"), &driver) != APR_SUCCESS || make_host(0) != 0
        || make_host(1) != 0 || migrate() != 0) {
        fprintf(stderr, "no database to test with: %s\n", suite_last_error);
        return -1;
    }
    return 0;
}

/* What each test does is logged as if nobody had done it before. */
static void forget_what_was_logged(void)
{
    dygw_log_share(apr_pcalloc(suite_pool, dygw_log_memory_size()));
}

int suite_setup(DYGW_UNUSED void **state)
{
    apr_pool_create(&suite_pool, root);
    forget_what_was_logged();
    suite_errors = 0;
    suite_last_error[0] = '\0';
    suite_units = 0;
    wire_prepared_twice = 0;
    return 0;
}

/* Whatever a test is about, it must leave nothing behind. */
int suite_teardown(DYGW_UNUSED void **state)
{
    int clean = !suite_locked && suite_units == 0 && wire_prepared_twice == 0 && wire_idle();

    if (!clean) {
        fprintf(stderr, "# left: locked %d, units %d, prepared twice %d, faults to come %d\n", suite_locked,
                suite_units, wire_prepared_twice, !wire_idle());
    }
    if (suite_locked) {
        unlock_writer(NULL);
    }
    dygw_log_share(NULL);
    apr_pool_destroy(suite_pool);
    return clean ? 0 : -1;
}

dygw_db_t *suite_open(int host)
{
    dygw_db_t *db;

    assert_int_equal(dygw_db_open(&db, &suite_host[host], &suite_log, suite_pool), APR_SUCCESS);
    return db;
}

apr_int64_t suite_unique_range(int count)
{
    apr_int64_t first = last_id ? last_id + 1 : apr_time_now() * 1000;

    last_id = first + count - 1;
    return first;
}

apr_int64_t suite_unique(void)
{
    return suite_unique_range(1);
}

const char *suite_unique_text(const char *prefix)
{
    return apr_psprintf(suite_pool, "%s%" APR_INT64_T_FMT, prefix, suite_unique());
}

void suite_in_child(int number)
{
    last_id = suite_unique() + (number + 1) * CHILD_IDS;
    apr_pool_create(&root, NULL);
    apr_pool_create(&suite_pool, root);
    suite_errors = 0;
    suite_units = 0;
    if (writer) {
        apr_proc_mutex_child_init(&writer, NULL, root);
    }
}

void suite_add(const struct CMUnitTest *more, size_t count)
{
    assert_true(test_count + count <= TESTS_MAX);
    memcpy(tests + test_count, more, count * sizeof(*more));
    test_count += count;
}

static int run_suite(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    suite_connections();
    suite_failures();
    suite_doubt();
    suite_slow();
    suite_apps();
    suite_apps_declared();
    suite_declaring();
    suite_tables();
    suite_verifications();
    suite_together();
    suite_columns();
    suite_settlement();
    suite_due();
    suite_ahead();
    suite_keys();
    suite_declarations();
    suite_webhooks();
    suite_reconciliations();
    suite_matching();
    suite_payouts();
    suite_payouts_reports();
    suite_audit();
    suite_retention();
    suite_reasons();
    suite_reports();
    suite_filters();
    suite_sums();
    suite_crowd();
    suite_plans();
    return cmocka_run_group_tests_name("store", tests, suite_group_setup, NULL);
}

int main(int argc, char **argv)
{
    int failed = argc > 1 ? suite_mode(argc, argv) : run_suite();

    suite_disconnect();
    if (root) {
        apr_pool_destroy(root);
        apr_terminate();
    }
    return failed;
}
