/* SPDX-License-Identifier: Apache-2.0
 * Shared memory over restarts: what another build finds, and what it makes anew. Each generation has
 * a pool of its own; httpd's part is played by a few lines.
 * links: process/shared.c process/nonce.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <httpd.h>
#include <http_config.h>
#include <util_mutex.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/apps/meter.h"
#include "gateway/apps/reads.h"
#include "process/log.h"
#include "process/nonce.h"
#include "process/series.h"
#include "process/shared.h"
#include "util/compiler.h"
#include "util/metrics.h"

#define NOW       APR_INT64_C(1767225600000)
#define WINDOW_MS 300000
#define ENTRIES   1000

module AP_MODULE_DECLARE_DATA dygw_module;

static apr_pool_t *process_pool;
static apr_pool_t *pconf;
static process_rec process;
static server_rec server;

/* --- what stands for the rest --- */

static const char *series;    /* the identity of this build's list */
static apr_size_t reads_size; /* how it lays the ring out */
static int mutexes_made;
static void *retained_data;

const char *dygw_series_identity(DYGW_UNUSED apr_pool_t *pool)
{
    return series;
}

apr_size_t dygw_reads_size(void)
{
    return reads_size;
}

apr_status_t dygw_reads_format(void *memory)
{
    memset(memory, 0, reads_size);
    return APR_SUCCESS;
}

void dygw_reads_report(DYGW_UNUSED void *memory, DYGW_UNUSED const dygw_log_t *log)
{
}

apr_size_t dygw_meter_size(void)
{
    return 64;
}

apr_status_t dygw_meter_format(void *memory)
{
    memset(memory, 0, 64);
    return APR_SUCCESS;
}

dygw_log_t dygw_log_of(DYGW_UNUSED const server_rec *of)
{
    return (dygw_log_t){ 0 };
}

AP_DECLARE(void *) ap_retained_data_get(DYGW_UNUSED const char *key)
{
    return retained_data;
}

AP_DECLARE(void *) ap_retained_data_create(DYGW_UNUSED const char *key, apr_size_t size)
{
    return retained_data = apr_pcalloc(process_pool, size);
}

AP_DECLARE(apr_status_t)
ap_mutex_register(DYGW_UNUSED apr_pool_t *pool, DYGW_UNUSED const char *type, DYGW_UNUSED const char *default_dir,
                  DYGW_UNUSED apr_lockmech_e default_mech, DYGW_UNUSED apr_int32_t options)
{
    return APR_SUCCESS;
}

AP_DECLARE(apr_status_t)
ap_global_mutex_create(apr_global_mutex_t **mutex, DYGW_UNUSED const char **name, DYGW_UNUSED const char *type,
                       DYGW_UNUSED const char *instance_id, DYGW_UNUSED server_rec *of, apr_pool_t *pool,
                       DYGW_UNUSED apr_int32_t options)
{
    mutexes_made++;
    return apr_global_mutex_create(mutex, NULL, APR_LOCK_DEFAULT, pool);
}

AP_DECLARE(void)
ap_log_error_(DYGW_UNUSED const char *file, DYGW_UNUSED int line, DYGW_UNUSED int module_index, DYGW_UNUSED int level,
              DYGW_UNUSED apr_status_t status, DYGW_UNUSED const server_rec *s, DYGW_UNUSED const char *fmt, ...)
{
}

/* --- generations --- */

static dygw_cfg_t cfg;
static dygw_shared_t shared;
static dygw_nonces_t *nonces;
static dygw_metrics_t *metrics;

/* As a restart goes by: configured anew, with the same process. */
static void start(void)
{
    apr_pool_clear(pconf);
    shared = (dygw_shared_t){ 0 };
    assert_int_equal(dygw_shared_prepare(&server), APR_SUCCESS);
    assert_int_equal(dygw_shared_get(&cfg, &server, &shared, pconf), APR_SUCCESS);
    metrics = dygw_metrics_attach(shared.metrics, pconf);
    if (shared.nonces) {
        assert_int_equal(
            dygw_nonces_attach(&nonces, (void *const *)shared.nonces->elts, shared.nonces->nelts,
                               &(dygw_nonces_lock_t){ dygw_lock_take, dygw_lock_release, shared.nonces_lock }, pconf),
            APR_SUCCESS);
    }
}

static int set_up(DYGW_UNUSED void **state)
{
    apr_pool_create(&process_pool, NULL);
    apr_pool_create(&pconf, process_pool);
    process = (process_rec){ .pool = process_pool, .pconf = pconf };
    server = (server_rec){ .process = &process };
    cfg = (dygw_cfg_t){ .client_key = "awtest", .nonce_store = DYGW_NONCES_SHM, .nonce_entries = ENTRIES };
    series = "one list";
    reads_size = 4096;
    mutexes_made = 0;
    retained_data = NULL;
    start();
    return 0;
}

static int tear_down(DYGW_UNUSED void **state)
{
    apr_pool_destroy(process_pool);
    return 0;
}

static apr_status_t spend(const char *nonce)
{
    return dygw_nonces_spend(nonces, "ck_one", nonce, NOW, NOW + WINDOW_MS, NULL);
}

static void count(void)
{
    dygw_count(metrics, DYGW_COUNT_REFUSALS, 3);
}

static int counted(void)
{
    return (int)dygw_counted(metrics, DYGW_COUNT_REFUSALS, 3);
}

/* --- */

static void the_same_build_finds_all_of_it(DYGW_UNUSED void **state)
{
    dygw_shared_t before = shared;

    shared.host->token_version = 7;
    count();
    assert_int_equal(spend("0123456789abcdef"), APR_SUCCESS);
    start();
    assert_ptr_equal(shared.host, before.host);
    assert_ptr_equal(shared.host_lock, before.host_lock);
    assert_ptr_equal(shared.reads, before.reads);
    assert_ptr_equal(shared.meter, before.meter);
    assert_ptr_equal(shared.metrics, before.metrics);
    assert_int_equal(shared.host->token_version, 7);
    assert_int_equal(counted(), 1);
    assert_int_equal(spend("0123456789abcdef"), APR_EEXIST);
    assert_int_equal(mutexes_made, DYGW_MUTEXES);
}

static void another_list_of_series_begins_to_count_and_forgets_nothing_else(DYGW_UNUSED void **state)
{
    dygw_shared_t before = shared;

    shared.host->token_version = 7;
    count();
    assert_int_equal(spend("0123456789abcdef"), APR_SUCCESS);
    series = "another list";
    start();
    assert_ptr_not_equal(shared.metrics, before.metrics);
    assert_int_equal(counted(), 0);
    assert_ptr_equal(shared.host, before.host);
    assert_int_equal(shared.host->token_version, 7);
    assert_ptr_equal(shared.reads, before.reads);
    assert_ptr_equal(shared.meter, before.meter);
    assert_ptr_equal(shared.nonces_lock, before.nonces_lock);
    assert_int_equal(spend("0123456789abcdef"), APR_EEXIST);
    /* and who goes back finds what he had */
    series = "one list";
    start();
    assert_int_equal(counted(), 1);
}

static void what_is_laid_out_anew_is_alone_in_it(DYGW_UNUSED void **state)
{
    dygw_shared_t before = shared;

    assert_int_equal(spend("0123456789abcdef"), APR_SUCCESS);
    reads_size = 8192;
    start();
    assert_ptr_not_equal(shared.reads, before.reads);
    assert_ptr_equal(shared.host, before.host);
    assert_ptr_equal(shared.metrics, before.metrics);
    assert_int_equal(spend("0123456789abcdef"), APR_EEXIST);
}

static void another_size_of_the_table_keeps_what_is_spent(DYGW_UNUSED void **state)
{
    assert_int_equal(spend("0123456789abcdef"), APR_SUCCESS);
    cfg.nonce_entries = 2 * ENTRIES;
    start();
    assert_int_equal(shared.nonces->nelts, 2);
    assert_int_equal(spend("0123456789abcdef"), APR_EEXIST);
    cfg.nonce_entries = ENTRIES;
    start();
    assert_int_equal(shared.nonces->nelts, 2);
    assert_int_equal(spend("0123456789abcdef"), APR_EEXIST);
}

/* In the name that the table has in the process there is its layout. */
static void a_table_of_another_layout_is_not_read(DYGW_UNUSED void **state)
{
    void **table = (void **)shared.nonces->elts;

    assert_int_equal(spend("0123456789abcdef"), APR_SUCCESS);
    memset(*table, 0xA5, 4);
    assert_int_equal(dygw_nonces_attach(&nonces, table, 1,
                                        &(dygw_nonces_lock_t){ dygw_lock_take, dygw_lock_release, shared.nonces_lock },
                                        pconf),
                     APR_EINVAL);
}

static void applications_have_memories_of_their_own(DYGW_UNUSED void **state)
{
    dygw_shared_t before = shared;

    cfg.client_key = "awother";
    start();
    assert_ptr_not_equal(shared.host, before.host);
    assert_ptr_not_equal(shared.metrics, before.metrics);
    assert_int_equal(shared.nonces->nelts, 1);
}

static void nothing_but_nonces_goes_with_the_store(DYGW_UNUSED void **state)
{
    dygw_shared_t before = shared;

    assert_int_equal(spend("0123456789abcdef"), APR_SUCCESS);
    cfg.nonce_store = DYGW_NONCES_DBD;
    start();
    assert_null(shared.nonces);
    assert_ptr_equal(shared.host, before.host);
    cfg.nonce_store = DYGW_NONCES_SHM;
    start();
    assert_int_equal(spend("0123456789abcdef"), APR_EEXIST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_build_finds_all_of_it),
        TEST(another_list_of_series_begins_to_count_and_forgets_nothing_else),
        TEST(what_is_laid_out_anew_is_alone_in_it),
        TEST(another_size_of_the_table_keeps_what_is_spent),
        TEST(a_table_of_another_layout_is_not_read),
        TEST(applications_have_memories_of_their_own),
        TEST(nothing_but_nonces_goes_with_the_store),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("process_shared", tests, NULL, NULL);
}
