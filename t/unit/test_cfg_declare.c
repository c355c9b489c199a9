/* SPDX-License-Identifier: Apache-2.0
 * What is declared is put together: sections, and files of stores as a whole or not at all.
 * links: cfg/declare.c gateway/declared.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "cfg/declare.h"
#include "cfg/secret.h"
#include "cfg/sections.h"
#include "util/compiler.h"

module AP_MODULE_DECLARE_DATA dygw_module;
static server_rec main_server;
static dygw_cfg_t cfg;
static dygw_written_t written;
static const char *said; /* by codes: "0701 0702 " */
static int is_test;

/* --- the rooms around it --- */

int dygw_cfg_is_test(void)
{
    return is_test;
}

int dygw_cfg_should_tell(void)
{
    return 1;
}

const char *dygw_cfg_where(DYGW_UNUSED apr_pool_t *p, DYGW_UNUSED const server_rec *server)
{
    return "the main server";
}

AP_DECLARE(void)
ap_log_error_(DYGW_UNUSED const char *file, DYGW_UNUSED int line, DYGW_UNUSED int module_index, DYGW_UNUSED int level,
              DYGW_UNUSED apr_status_t status, DYGW_UNUSED const server_rec *s, const char *fmt, ...)
{
    said = apr_pstrcat(pool, said, apr_pstrmemdup(pool, fmt + strlen("DYGW"), 4), " ", NULL);
}

/* --- what is written --- */

static int begin(void **state)
{
    make_pool(state);
    is_test = 0;
    said = "";
    written = (dygw_written_t){ .first = "<DygwApp> (a.conf:1)",
                                .apps = apr_array_make(pool, 1, sizeof(const dygw_declared_app_t *)),
                                .stores = apr_array_make(pool, 1, sizeof(const dygw_declared_store_t *)),
                                .files = apr_array_make(pool, 1, sizeof(dygw_stores_file_t)) };
    memset(&cfg, 0, sizeof cfg);
    cfg.server = &main_server;
    cfg.written = &written;
    cfg.declared = dygw_declared_create(pool);
    return 0;
}

/* With a store that it names; NULL: none. */
static void write_app(const char *code, const char *client_key, const char *store)
{
    dygw_declared_app_t *app = apr_pcalloc(pool, sizeof *app);

    app->code = code;
    app->client_key = client_key;
    app->place = "a.conf:1";
    if (store) {
        app->stores = apr_array_make(pool, 1, sizeof(const char *));
        APR_ARRAY_PUSH(app->stores, const char *) = store;
    }
    APR_ARRAY_PUSH(written.apps, const dygw_declared_app_t *) = app;
}

static void write_store(apr_array_header_t *stores, const char *code, const char *poi_id)
{
    dygw_declared_store_t *store = apr_pcalloc(pool, sizeof *store);

    store->code = code;
    store->poi_id = poi_id;
    store->place = "a.conf:1";
    APR_ARRAY_PUSH(stores, const dygw_declared_store_t *) = store;
}

static apr_array_header_t *write_file(void)
{
    dygw_stores_file_t *file = apr_array_push(written.files);

    file->path = "/stores.csv";
    file->place = "a.conf:9";
    file->stores = apr_array_make(pool, 1, sizeof(const dygw_declared_store_t *));
    return file->stores;
}

static void assert_declares(int mistakes, int apps, int stores, const char *codes)
{
    assert_int_equal(dygw_cfg_declare(&cfg, 1, &main_server, pool), mistakes);
    assert_int_equal(cfg.declared->apps->nelts, apps);
    assert_int_equal(cfg.declared->stores->nelts, stores);
    assert_string_equal(said, codes);
}

/* --- tests --- */

static void nothing_written_is_nothing_wrong(DYGW_UNUSED void **state)
{
    cfg.written = NULL;
    assert_int_equal(dygw_cfg_declare(&cfg, 0, &main_server, pool), 0);
    assert_string_equal(said, "");
}

static void apps_and_stores_are_found_by_what_they_have(DYGW_UNUSED void **state)
{
    write_app("pos", "key-1", "7001");
    write_app("kiosk", "key-2", "99");
    write_store(written.stores, "7001", "99");
    write_store(write_file(), "7002", "98");
    assert_declares(0, 2, 2, "");
    assert_string_equal(dygw_declared_app(cfg.declared, "key-2")->code, "kiosk");
    assert_string_equal(dygw_declared_app_of_code(cfg.declared, "pos")->client_key, "key-1");
    assert_string_equal(dygw_declared_store(cfg.declared, "7002")->poi_id, "98");
    assert_string_equal(dygw_declared_store_of_poi(cfg.declared, "99")->code, "7001");
}

static void all_mistakes_are_counted(DYGW_UNUSED void **state)
{
    write_app("pos", "key-1", "7009");
    write_app("pos", "key-2", NULL);
    write_app("kiosk", "key-1", "nowhere");
    write_store(written.stores, "7001", "99");
    write_store(written.stores, "7001", "98");
    write_store(written.stores, "7002", "99");
    assert_declares(6, 1, 1, "0701 0701 0702 0702 0703 0703 ");
}

static void a_code_and_a_poi_id_tell_stores_apart(DYGW_UNUSED void **state)
{
    write_store(written.stores, "7001", "7001");
    write_store(written.stores, "7002", "7003");
    write_store(written.stores, "7003", "5");
    write_store(written.stores, "7004", "7002");
    assert_declares(2, 0, 2, "0702 0702 ");
}

static void ten_digits_are_a_poi_id_that_need_not_be_declared(DYGW_UNUSED void **state)
{
    write_app("a", "key-1", "7000000001");
    write_app("b", "key-2", "700000001");
    write_app("c", "key-3", "700000000x");
    assert_declares(2, 3, 0, "0703 0703 ");
}

static void sections_need_an_application(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_cfg_declare(&cfg, 0, &main_server, pool), 1);
    assert_string_equal(said, "0700 ");
}

static void a_start_leaves_a_file_that_collides_out_as_a_whole(DYGW_UNUSED void **state)
{
    apr_array_header_t *stores = write_file();

    write_app("pos", "key-1", "7003");
    write_store(written.stores, "7001", "99");
    write_store(stores, "7001", "98");
    write_store(stores, "7003", "97");
    write_store(write_file(), "7003", "96");
    assert_declares(0, 1, 2, "0702 0704 ");
    assert_string_equal(dygw_declared_store(cfg.declared, "7003")->poi_id, "96");
    assert_int_equal(dygw_declared_left_out(cfg.declared), 1);
    assert_string_equal(APR_ARRAY_IDX(cfg.declared->left_out, 0, dygw_left_out_t).path, "/stores.csv");
    assert_string_equal(APR_ARRAY_IDX(cfg.declared->left_out, 0, dygw_left_out_t).place, "a.conf:9");
    assert_int_equal(APR_ARRAY_IDX(cfg.declared->left_out, 0, dygw_left_out_t).collisions, 1);
}

static void a_file_that_collides_with_itself_is_left_out(DYGW_UNUSED void **state)
{
    apr_array_header_t *stores = write_file();

    write_store(stores, "7001", "98");
    write_store(stores, "7002", "98");
    assert_declares(0, 0, 0, "0702 0704 ");
}

static void configtest_counts_a_file_that_collides(DYGW_UNUSED void **state)
{
    apr_array_header_t *stores = write_file();

    is_test = 1;
    write_app("pos", "key-1", "7003");
    write_store(written.stores, "7001", "99");
    write_store(stores, "7001", "98");
    write_store(stores, "7003", "97");
    assert_declares(1, 1, 2, "0702 0704 ");
    assert_int_equal(dygw_declared_left_out(cfg.declared), 0);
}

static void the_first_ten_collisions_of_a_file_are_told(DYGW_UNUSED void **state)
{
    apr_array_header_t *stores = write_file();

    for (int i = 0; i < 12; i++) {
        write_store(stores, "7001", apr_itoa(pool, i));
    }
    assert_declares(0, 0, 0, "0702 0702 0702 0702 0702 0702 0702 0702 0702 0702 0704 ");
}

static void nobody_asks_for_stores_while_a_file_is_left_out(DYGW_UNUSED void **state)
{
    APR_ARRAY_PUSH(cfg.declared->left_out, dygw_left_out_t) = (dygw_left_out_t){ "/gone.csv", "a.conf:3", 0 };
    write_app("pos", "key-1", "7003");
    assert_declares(0, 1, 0, "");
}

/* --- two servers --- */

static dygw_declared_app_t app_of_one, app_of_other;
static dygw_declared_store_t store_of_one, store_of_other;

static apr_array_header_t *list_of(const char *one, const char *other)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = one;
    APR_ARRAY_PUSH(list, const char *) = other;
    return list;
}

static void make_alike(void)
{
    app_of_one = (dygw_declared_app_t){ .code = "pos",
                                        .name = "Tills",
                                        .client_key = "key-of-pos",
                                        .secret = "new",
                                        .old_secret = "old",
                                        .stores = list_of("7001", "7002"),
                                        .rate_per_second = 50,
                                        .rate_burst = 100,
                                        .place = "a.conf:1" };
    app_of_other = app_of_one;
    app_of_other.stores = list_of("7001", "7002");
    app_of_other.place = "b.conf:1";
    store_of_one = (dygw_declared_store_t){ "7001", "99", "701", "Shop", "a.conf:9" };
    store_of_other = store_of_one;
    store_of_other.place = "b.conf:9";
}

static const char *apart(void)
{
    dygw_declared_t *one = dygw_declared_create(pool), *other = dygw_declared_create(pool);
    const char *field;

    dygw_declared_add_app(one, &app_of_one, &field);
    dygw_declared_add_store(one, &store_of_one, &field);
    dygw_declared_add_app(other, &app_of_other, &field);
    dygw_declared_add_store(other, &store_of_other, &field);
    return dygw_cfg_declared_apart(one, other, pool);
}

static void what_is_alike_is_not_apart_wherever_it_stands(DYGW_UNUSED void **state)
{
    make_alike();
    assert_null(apart());
    app_of_one.stores = NULL;
    app_of_one.old_secret = NULL;
    app_of_other.stores = NULL;
    app_of_other.old_secret = NULL;
    store_of_one.account_id = NULL;
    store_of_other.account_id = NULL;
    assert_null(apart());
    assert_null(dygw_cfg_declared_apart(NULL, NULL, pool));
    assert_null(dygw_cfg_declared_apart(dygw_declared_create(pool), NULL, pool));
}

#define ASSERT_APART(change, named) \
    do { \
        make_alike(); \
        change; \
        assert_string_equal(apart(), named); \
    } while (0)

static void every_difference_of_an_app_counts(DYGW_UNUSED void **state)
{
    static const char named[] = "<DygwApp pos> (a.conf:1)";

    ASSERT_APART(app_of_other.code = "till", named);
    ASSERT_APART(app_of_other.name = "Till", named);
    ASSERT_APART(app_of_other.client_key = "another-key", named);
    ASSERT_APART(app_of_other.secret = "newer", named);
    ASSERT_APART(app_of_other.secret = NULL, named);
    ASSERT_APART(app_of_other.old_secret = NULL, named);
    ASSERT_APART(app_of_other.stores = NULL, named);
    ASSERT_APART(app_of_other.stores = list_of("7001", "7003"), named);
    ASSERT_APART(app_of_other.allow_token_read = 1, named);
    ASSERT_APART(app_of_other.is_disabled = 1, named);
    ASSERT_APART(app_of_other.rate_per_second = 0, named);
    ASSERT_APART(app_of_other.rate_burst = 0, named);
}

static void every_difference_of_a_store_counts(DYGW_UNUSED void **state)
{
    static const char named[] = "store 7001 (a.conf:9)";

    ASSERT_APART(store_of_other.code = "7002", named);
    ASSERT_APART(store_of_other.poi_id = "98", named);
    ASSERT_APART(store_of_other.account_id = NULL, named);
    ASSERT_APART(store_of_other.name = "Stall", named);
}

static void what_only_the_other_one_has_counts(DYGW_UNUSED void **state)
{
    dygw_declared_t *other = dygw_declared_create(pool);
    const char *field;

    make_alike();
    dygw_declared_add_app(other, &app_of_other, &field);
    assert_string_equal(dygw_cfg_declared_apart(NULL, other, pool), "<DygwApp pos> (b.conf:1)");
    assert_string_equal(dygw_cfg_declared_apart(other, NULL, pool), "<DygwApp pos> (b.conf:1)");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_written_is_nothing_wrong),
        TEST(apps_and_stores_are_found_by_what_they_have),
        TEST(all_mistakes_are_counted),
        TEST(a_code_and_a_poi_id_tell_stores_apart),
        TEST(ten_digits_are_a_poi_id_that_need_not_be_declared),
        TEST(sections_need_an_application),
        TEST(a_start_leaves_a_file_that_collides_out_as_a_whole),
        TEST(a_file_that_collides_with_itself_is_left_out),
        TEST(configtest_counts_a_file_that_collides),
        TEST(the_first_ten_collisions_of_a_file_are_told),
        TEST(nobody_asks_for_stores_while_a_file_is_left_out),
        TEST(what_is_alike_is_not_apart_wherever_it_stands),
        TEST(every_difference_of_an_app_counts),
        TEST(every_difference_of_a_store_counts),
        TEST(what_only_the_other_one_has_counts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("cfg_declare", tests, NULL, NULL);
}
