/* SPDX-License-Identifier: Apache-2.0
 * Merging and defaults of every member, and what is read from the configuration as it was written;
 * httpd itself is played by a few lines. links: cfg/cfg.c cfg/tree.c gateway/declared.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <string.h>

#include <cmocka.h>

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "cfg/cfg.h"
#include "cfg/tree.h"
#include "util/compiler.h"

/* --- httpd, as far as these tests need it --- */

module AP_MODULE_DECLARE_DATA dygw_module;
ap_directive_t *ap_conftree;

static module dbd_module;
static int has_dbd;

module *ap_find_linked_module(const char *name)
{
    return has_dbd && strcmp(name, "mod_dbd.c") == 0 ? &dbd_module : NULL;
}

int ap_cstr_casecmp(const char *a, const char *b)
{
    return apr_cstr_casecmp(a, b);
}

int ap_cstr_casecmpn(const char *a, const char *b, apr_size_t n)
{
    return apr_cstr_casecmpn(a, b, n);
}

char *ap_getword_conf(apr_pool_t *pool, const char **line)
{
    const char *start = *line + (**line == '"');

    return apr_pstrndup(pool, start, strcspn(start, "\" "));
}

#undef ap_get_module_config
void *ap_get_module_config(const ap_conf_vector_t *vector, DYGW_UNUSED const module *m)
{
    return (void *)vector;
}

/* --- servers and directives --- */

static process_rec process;

static int begin(void **state)
{
    make_pool(state);
    process.pconf = pool;
    ap_conftree = NULL;
    has_dbd = 1;
    return 0;
}

static server_rec *make_server(int line)
{
    server_rec *server = apr_pcalloc(pool, sizeof *server);

    server->process = &process;
    server->is_virtual = line > 0;
    server->defn_name = line > 0 ? "site.conf" : NULL;
    server->defn_line_number = (unsigned)line;
    server->server_hostname = line > 0 ? "shop.test" : NULL;
    return server;
}

static dygw_cfg_t *make_cfg(server_rec *server)
{
    return dygw_cfg_create(pool, server);
}

/* Appends a directive to a list, as httpd's reader does. */
static ap_directive_t *add(ap_directive_t **list, const char *name, const char *args, int line)
{
    ap_directive_t *node = apr_pcalloc(pool, sizeof *node);

    node->directive = name;
    node->args = args;
    node->filename = "site.conf";
    node->line_num = line;
    while (*list) {
        list = &(*list)->next;
    }
    *list = node;
    return node;
}

/* --- merging --- */

/* A configuration in which everything is set, to values that depend on n. */
static dygw_cfg_t *full(server_rec *server, int n)
{
    dygw_cfg_t *cfg = make_cfg(server);

    cfg->client_key = apr_psprintf(pool, "key%d", n);
    cfg->client_secret = apr_psprintf(pool, "secret%d", n);
    cfg->account_id = apr_psprintf(pool, "account%d", n);
    cfg->seal = apr_pcalloc(pool, sizeof *cfg->seal);
    cfg->upstream = apr_psprintf(pool, "upstream%d", n);
    cfg->connect_timeout = n + 1;
    cfg->total_timeout = n + 2;
    cfg->ca_file = apr_psprintf(pool, "ca%d", n);
    cfg->proxy = apr_psprintf(pool, "proxy%d", n);
    cfg->use_client_token = n + 3;
    cfg->link_hosts = apr_array_make(pool, 1, sizeof(const char *));
    cfg->signature_window = n + 4;
    cfg->nonce_store = n + 5;
    cfg->nonce_entries = n + 6;
    cfg->operator_header = apr_psprintf(pool, "header%d", n);
    cfg->max_body = n + 7;
    cfg->rate_per_second = n + 8;
    cfg->rate_burst = n + 9;
    cfg->time_zone = n + 10;
    cfg->schema_auto = n + 11;
    cfg->worker = n + 12;
    cfg->enrich_first = n + 13;
    cfg->enrich_max = n + 14;
    cfg->enrich_give_up = n + 15;
    cfg->order_rate = n + 16;
    cfg->use_cancel_token = n + 17;
    cfg->retention = n + 18;
    cfg->database_timeout = n + 19;
    return cfg;
}

static void assert_like(const dygw_cfg_t *cfg, const dygw_cfg_t *other, const server_rec *server)
{
    dygw_cfg_t expected = *other;

    expected.server = server;
    expected.runtime = NULL;
    assert_memory_equal(cfg, &expected, sizeof expected);
}

static void a_virtual_host_takes_over_what_it_does_not_set(DYGW_UNUSED void **state)
{
    server_rec *main_server = make_server(0), *host = make_server(7);
    dygw_cfg_t *base = full(main_server, 100);

    base->runtime = (dygw_runtime_t *)base;
    assert_like(dygw_cfg_merge(pool, base, make_cfg(host)), base, host);
}

static void a_virtual_host_keeps_what_it_sets(DYGW_UNUSED void **state)
{
    server_rec *main_server = make_server(0), *host = make_server(7);
    dygw_cfg_t *own = full(host, 200);

    assert_like(dygw_cfg_merge(pool, full(main_server, 100), own), own, host);
}

static void off_none_and_zero_are_not_unset(DYGW_UNUSED void **state)
{
    server_rec *main_server = make_server(0), *host = make_server(7);
    dygw_cfg_t *own = make_cfg(host), *merged;

    own->operator_header = "";
    own->rate_per_second = 0;
    own->rate_burst = 0;
    own->worker = 0;
    own->order_rate = 0;
    own->use_cancel_token = 0;
    own->retention = 0;
    own->schema_auto = 0;
    own->time_zone = -1;
    merged = dygw_cfg_merge(pool, full(main_server, 100), own);
    assert_string_equal(merged->operator_header, "");
    assert_int_equal(merged->rate_per_second, 0);
    assert_int_equal(merged->rate_burst, 0);
    assert_int_equal(merged->worker, 0);
    assert_int_equal(merged->order_rate, 0);
    assert_int_equal(merged->use_cancel_token, 0);
    assert_int_equal(merged->retention, 0);
    assert_int_equal(merged->schema_auto, 0);
    assert_int_equal(merged->time_zone, -1);
}

/* What is declared is filled after the merging, so that it is the very same. */
static void a_virtual_host_without_an_application_takes_what_is_declared(DYGW_UNUSED void **state)
{
    dygw_cfg_t *base = full(make_server(0), 100), *own = make_cfg(make_server(7));
    const dygw_cfg_t *merged;

    base->declared = dygw_declared_create(pool);
    base->written = (dygw_written_t *)base;
    own->worker = 0;
    merged = dygw_cfg_merge(pool, base, own);
    assert_ptr_equal(merged->declared, base->declared);
    assert_null(merged->written);
}

static void a_virtual_host_with_an_application_takes_nothing_declared(DYGW_UNUSED void **state)
{
    dygw_cfg_t *base = full(make_server(0), 100), *own = make_cfg(make_server(7));

    base->declared = dygw_declared_create(pool);
    own->client_key = "key100";
    assert_null(((dygw_cfg_t *)dygw_cfg_merge(pool, base, own))->declared);
    own->declared = dygw_declared_create(pool);
    own->written = (dygw_written_t *)own;
    assert_ptr_equal(((dygw_cfg_t *)dygw_cfg_merge(pool, base, own))->declared, own->declared);
    assert_ptr_equal(((dygw_cfg_t *)dygw_cfg_merge(pool, base, own))->written, own->written);
}

static void a_fresh_configuration_has_no_gateway(DYGW_UNUSED void **state)
{
    const dygw_cfg_t *cfg = make_cfg(make_server(0));

    assert_null(cfg->client_key);
    assert_int_equal(cfg->time_zone, INT_MIN);
    assert_int_equal(cfg->worker, DYGW_UNSET);
}

static void defaults_are_those_of_the_manual(DYGW_UNUSED void **state)
{
    dygw_cfg_t *cfg = make_cfg(make_server(0));

    dygw_cfg_set_defaults(cfg);
    assert_string_equal(cfg->upstream, "https://open.douyin.com");
    assert_int_equal(cfg->connect_timeout, apr_time_from_sec(2));
    assert_int_equal(cfg->total_timeout, apr_time_from_sec(5));
    assert_int_equal(cfg->use_client_token, 0);
    assert_int_equal(cfg->link_hosts->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(cfg->link_hosts, 0, const char *), "v.douyin.com");
    assert_string_equal(APR_ARRAY_IDX(cfg->link_hosts, 1, const char *), "*.douyin.com");
    assert_string_equal(APR_ARRAY_IDX(cfg->link_hosts, 2, const char *), "*.iesdouyin.com");
    assert_int_equal(cfg->signature_window, apr_time_from_sec(300));
    assert_int_equal(cfg->nonce_store, DYGW_NONCES_SHM);
    assert_int_equal(cfg->nonce_entries, 100000);
    assert_string_equal(cfg->operator_header, "X-XTJ-UID");
    assert_int_equal(cfg->max_body, 65536);
    assert_int_equal(cfg->rate_per_second, 0);
    assert_int_equal(cfg->time_zone, 480);
    assert_int_equal(cfg->worker, 1);
    assert_int_equal(cfg->enrich_first, apr_time_from_sec(2));
    assert_int_equal(cfg->enrich_max, apr_time_from_sec(3600));
    assert_int_equal(cfg->enrich_give_up, apr_time_from_sec(86400));
    assert_int_equal(cfg->order_rate, 20);
    assert_int_equal(cfg->use_cancel_token, 0);
    assert_int_equal(cfg->retention, 0);
    assert_int_equal(cfg->database_timeout, apr_time_from_sec(10));
    assert_null(cfg->ca_file);
    assert_null(cfg->proxy);
    assert_null(cfg->account_id);
}

static void defaults_change_nothing_that_is_set(DYGW_UNUSED void **state)
{
    server_rec *server = make_server(0);
    dygw_cfg_t *cfg = full(server, 100), before = *cfg;

    dygw_cfg_set_defaults(cfg);
    assert_like(cfg, &before, server);
}

static int default_schema_auto(const char *driver)
{
    dygw_cfg_t *cfg = make_cfg(make_server(0));

    ap_conftree = NULL;
    add(&ap_conftree, "DBDriver", driver, 1);
    dygw_cfg_set_defaults(cfg);
    return cfg->schema_auto;
}

static void the_schema_is_made_by_itself_on_sqlite_only(DYGW_UNUSED void **state)
{
    assert_int_equal(default_schema_auto("sqlite3"), 1);
    assert_int_equal(default_schema_auto("pgsql"), 0);
    assert_int_equal(default_schema_auto("mysql"), 0);
}

/* --- mod_dbd's settings --- */

static void assert_dbd(const server_rec *server, const char *driver, const char *params, int min, int keep, int max)
{
    dygw_dbd_settings_t dbd;

    assert_int_equal(dygw_cfg_dbd(server, pool, &dbd), APR_SUCCESS);
    assert_string_equal(dbd.driver, driver);
    assert_string_equal(dbd.params, params);
    assert_int_equal(dbd.min, min);
    assert_int_equal(dbd.keep, keep);
    assert_int_equal(dbd.max, max);
}

static void dbd_settings_are_absent_without_mod_dbd(DYGW_UNUSED void **state)
{
    dygw_dbd_settings_t dbd;

    has_dbd = 0;
    assert_int_equal(dygw_cfg_dbd(make_server(0), pool, &dbd), APR_ENOENT);
}

static void dbd_settings_have_mod_dbds_defaults(DYGW_UNUSED void **state)
{
    dygw_dbd_settings_t dbd;

    assert_int_equal(dygw_cfg_dbd(make_server(0), pool, &dbd), APR_SUCCESS);
    assert_null(dbd.driver);
    assert_null(dbd.params);
    assert_int_equal(dbd.min, 1);
    assert_int_equal(dbd.keep, 2);
    assert_int_equal(dbd.max, 10);
}

static void dbd_settings_merge_one_by_one_wherever_they_stand(DYGW_UNUSED void **state)
{
    server_rec *main_server = make_server(0), *first = make_server(3), *second = make_server(9);
    ap_directive_t *section;

    add(&ap_conftree, "DBDriver", "pgsql", 1);
    section = add(&ap_conftree, "<VirtualHost", "*:80>", 3);
    add(&section->first_child, "DBDParams", "\"dbname=first\"", 4);
    add(&section->first_child, "dbdmax", "7", 5);
    section = add(&ap_conftree, "<VirtualHost", "*:80>", 9);
    add(&section->first_child, "DBDriver", "mysql", 10);
    add(&ap_conftree, "DBDParams", "dbname=main", 20);
    add(&ap_conftree, "DBDKeep", "4", 21);
    add(&ap_conftree, "DBDMin", "3", 22);
    assert_dbd(main_server, "pgsql", "dbname=main", 3, 4, 10);
    assert_dbd(first, "pgsql", "dbname=first", 3, 4, 7);
    assert_dbd(second, "mysql", "dbname=main", 3, 4, 10);
}

/* --- who uses the gateway --- */

static void a_handler_deep_inside_is_found_in_its_own_server_only(DYGW_UNUSED void **state)
{
    ap_directive_t *section = add(&ap_conftree, "<VirtualHost", "*:80>", 3);
    ap_directive_t *location = add(&section->first_child, "<Location", "/v1/open>", 4);
    const ap_directive_t *use = add(&location->first_child, "SetHandler", "\"dygw-open\"", 5);

    add(&ap_conftree, "SetHandler", "server-status", 8);
    assert_ptr_equal(dygw_tree_gateway_use(make_server(3), pool), use);
    assert_null(dygw_tree_gateway_use(make_server(0), pool));
    assert_null(dygw_tree_gateway_use(make_server(4), pool));
}

static void any_directive_of_ours_is_a_use_and_the_sandboxs_is_none(DYGW_UNUSED void **state)
{
    const ap_directive_t *use;

    add(&ap_conftree, "DygwSandboxSeed", "1", 1);
    add(&ap_conftree, "SetHandler", "dygw-sandbox", 2);
    assert_null(dygw_tree_gateway_use(make_server(0), pool));
    use = add(&ap_conftree, "dygwtimezone", "+08:00", 3);
    assert_ptr_equal(dygw_tree_gateway_use(make_server(0), pool), use);
}

static void a_server_is_named_with_its_place(DYGW_UNUSED void **state)
{
    assert_string_equal(dygw_cfg_where(pool, make_server(0)), "the main server");
    assert_string_equal(dygw_cfg_where(pool, make_server(7)), "shop.test (site.conf:7)");
}

/* mod_macro's names of files are sentences, one around the other. */
static void a_place_fits_into_the_database(DYGW_UNUSED void **state)
{
    ap_directive_t node = { .filename = "a.conf", .line_num = 7 };
    char *name = apr_pcalloc(pool, 2001);

    assert_string_equal(dygw_cfg_place(pool, &node), "a.conf:7");
    memset(name, 'x', 2000);
    node.filename = name;
    assert_true(strlen(dygw_cfg_place(pool, &node)) < 512);
}

/* A database refuses what is not UTF-8. */
static void a_place_is_utf8(DYGW_UNUSED void **state)
{
    ap_directive_t node = { .filename = "\xe5\xba\x97.conf", .line_num = 7 };

    assert_string_equal(dygw_cfg_place(pool, &node), "\xe5\xba\x97.conf:7");
    node.filename = "\xb5\xea.conf"; /* the same in GBK */
    assert_string_equal(dygw_cfg_place(pool, &node), "??.conf:7");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_virtual_host_takes_over_what_it_does_not_set),
        TEST(a_virtual_host_keeps_what_it_sets),
        TEST(off_none_and_zero_are_not_unset),
        TEST(a_virtual_host_without_an_application_takes_what_is_declared),
        TEST(a_virtual_host_with_an_application_takes_nothing_declared),
        TEST(a_fresh_configuration_has_no_gateway),
        TEST(defaults_are_those_of_the_manual),
        TEST(defaults_change_nothing_that_is_set),
        TEST(the_schema_is_made_by_itself_on_sqlite_only),
        TEST(dbd_settings_are_absent_without_mod_dbd),
        TEST(dbd_settings_have_mod_dbds_defaults),
        TEST(dbd_settings_merge_one_by_one_wherever_they_stand),
        TEST(a_handler_deep_inside_is_found_in_its_own_server_only),
        TEST(any_directive_of_ours_is_a_use_and_the_sandboxs_is_none),
        TEST(a_server_is_named_with_its_place),
        TEST(a_place_fits_into_the_database),
        TEST(a_place_is_utf8),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("cfg_merge", tests, NULL, NULL);
}
