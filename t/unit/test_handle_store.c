/* SPDX-License-Identifier: Apache-2.0
 * Which store a body or a query names, whose it is, and who may name it. The stores of an app are played
 * by a line.
 * links: handle/fields.c handle/store.c handle/open/coupon.c auth/headers.c gateway/account.c gateway/declared.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/host.h"
#include "handle/open/open.h"
#include "util/compiler.h"

static apr_pool_t *pool;
static dygw_fields_t f;
static dygw_result_t out;
static dygw_gateway_t gateway;

module AP_MODULE_DECLARE_DATA dygw_module;

int dygw_app_may_use_store(const dygw_known_app_t *app, const char *poi_id, const char *store)
{
    return !app->poi_ids || (poi_id && strcmp(poi_id, "mine") == 0) || (store && strcmp(store, "7001") == 0);
}

void dygw_host_stale(DYGW_UNUSED dygw_gateway_t *of, DYGW_UNUSED apr_int64_t sec)
{
}

static int begin(DYGW_UNUSED void **state)
{
    apr_pool_clear(pool);
    gateway = (dygw_gateway_t){ 0 };
    return 0;
}

static int parse(const char *text)
{
    out = (dygw_result_t){ 0 };
    return dygw_fields_parse(&f, text, strlen(text), pool, &out);
}

static void assert_invalid(const char *field)
{
    assert_int_equal(out.code, DYGW_INVALID_REQUEST);
    assert_string_equal(out.field, field);
    assert_non_null(out.message);
}

static const dygw_declared_store_t first_store = { .code = "7001", .poi_id = "poi-1", .place = "a:1" };
static const dygw_declared_store_t second_store
    = { .code = "7002", .poi_id = "poi-2", .account_id = "account-2", .place = "a:2" };

static void declare_stores(const char *account_id)
{
    dygw_declared_t *declared = dygw_declared_create(pool);
    const char *field;

    assert_null(dygw_declared_add_store(declared, &first_store, &field));
    assert_null(dygw_declared_add_store(declared, &second_store, &field));
    gateway.declared = declared;
    gateway.account_id = account_id;
}

/* Returns the field that is wrong; members: of a body. */
static const char *store_of(const char *members, dygw_redeem_request_t *request)
{
    *request = (dygw_redeem_request_t){ 0 };
    assert_true(parse(apr_pstrcat(pool, "{\"code\":\"12345678\"", members, "}", NULL)));
    dygw_coupon_read(&f, &gateway, dygw_coupon_modes, request);
    return out.code == DYGW_OK ? NULL : out.field;
}

static void assert_store(const dygw_redeem_request_t *request, const char *poi_id, const char *store, const char *named)
{
    assert_string_equal(request->poi_id, poi_id);
    assert_string_equal(request->store ? request->store : "none", store);
    assert_string_equal(request->store_named ? request->store_named : "none", named);
}

static void a_store_is_named_by_its_code_or_by_its_poi_id(DYGW_UNUSED void **state)
{
    dygw_redeem_request_t request;

    declare_stores("account-1");
    assert_null(store_of(",\"store\":\"7002\"", &request));
    assert_store(&request, "poi-2", "7002", "7002");
    assert_string_equal(request.account_id, "account-2");
    assert_null(store_of(",\"poi_id\":\"poi-2\"", &request));
    assert_store(&request, "poi-2", "7002", "none");
    assert_string_equal(request.account_id, "account-2");
    assert_null(store_of(",\"store\":\"7001\",\"poi_id\":\"\"", &request));
    assert_store(&request, "poi-1", "7001", "7001");
    assert_string_equal(request.account_id, "account-1");
    assert_null(store_of(",\"poi_id\":\"poi-9\",\"store\":null", &request));
    assert_store(&request, "poi-9", "none", "none");
    assert_string_equal(request.account_id, "account-1");
    declare_stores(NULL);
    assert_null(store_of(",\"store\":\"7001\"", &request));
    assert_null(request.account_id);
    assert_null(store_of(",\"store\":\"7002\"", &request));
    assert_string_equal(request.account_id, "account-2");
}

static void a_store_is_named_once_and_has_to_be_declared(DYGW_UNUSED void **state)
{
    dygw_redeem_request_t request;

    declare_stores("account-1");
    assert_string_equal(store_of("", &request), "poi_id");
    assert_string_equal(store_of(",\"store\":\"\"", &request), "poi_id");
    assert_string_equal(store_of(",\"store\":\"7001\",\"poi_id\":\"poi-1\"", &request), "store");
    assert_string_equal(store_of(",\"store\":\"7003\"", &request), "store");
    assert_string_equal(out.message, "there is no declared store with this code");
    assert_string_equal(store_of(",\"store\":\"poi-1\"", &request), "store");
    assert_string_equal(store_of(",\"store\":7001", &request), "store");
    assert_string_equal(store_of(",\"store\":\"70 01\"", &request), "store");
    assert_string_equal(store_of(",\"store\":\"7001\",\"poi_id\":7", &request), "poi_id");
    gateway.declared = NULL;
    assert_string_equal(store_of(",\"store\":\"7001\"", &request), "store");
    assert_null(store_of(",\"poi_id\":\"poi-1\"", &request));
}

static apr_table_t *query_of(const char *poi_id, const char *store)
{
    apr_table_t *query = apr_table_make(pool, 2);

    if (poi_id) {
        apr_table_setn(query, "poi_id", poi_id);
    }
    if (store) {
        apr_table_setn(query, "store", store);
    }
    out = (dygw_result_t){ 0 };
    return query;
}

static void a_query_names_a_store_as_a_body_does(DYGW_UNUSED void **state)
{
    dygw_named_store_t named;

    declare_stores("account-1");
    dygw_query_store(query_of(NULL, NULL), &gateway, &named, &out);
    assert_null(named.poi_id);
    assert_null(named.store);
    assert_string_equal(named.account_id, "account-1");
    dygw_query_store(query_of(NULL, "7002"), &gateway, &named, &out);
    assert_string_equal(named.poi_id, "poi-2");
    assert_string_equal(named.named, "7002");
    assert_string_equal(named.account_id, "account-2");
    dygw_query_store(query_of("poi-2", NULL), &gateway, &named, &out);
    assert_string_equal(named.store, "7002");
    assert_null(named.named);
    assert_int_equal(out.code, DYGW_OK);
    dygw_query_store(query_of("poi-2", "7002"), &gateway, &named, &out);
    assert_invalid("store");
    dygw_query_store(query_of(NULL, "7003"), &gateway, &named, &out);
    assert_invalid("store");
    dygw_query_store(query_of(NULL, ""), &gateway, &named, &out);
    assert_invalid("store");
    dygw_query_store(query_of("", NULL), &gateway, &named, &out);
    assert_invalid("poi_id");
}

/* --- who may name it --- */

static void a_forbidden_store_is_told_before_other_mistakes(DYGW_UNUSED void **state)
{
    dygw_known_app_t limited = { .poi_ids = apr_array_make(pool, 1, sizeof(const char *)) };
    dygw_known_app_t free_app = { 0 };

    assert_true(parse("{\"poi_id\":\"theirs\",\"nonsense\":1}"));
    assert_true(dygw_coupon_store_allowed(&f, &gateway, &free_app));
    assert_false(dygw_coupon_store_allowed(&f, &gateway, &limited));
    assert_int_equal(out.code, DYGW_STORE_FORBIDDEN);
    assert_true(parse("{\"poi_id\":\"mine\"}"));
    assert_true(dygw_coupon_store_allowed(&f, &gateway, &limited));
    /* what is no string names no store; it is refused as a mistake later */
    assert_true(parse("{\"poi_id\":5,\"store\":\"\"}"));
    assert_true(dygw_coupon_store_allowed(&f, &gateway, &limited));
}

static void an_app_is_not_told_whether_a_store_of_others_is_declared(DYGW_UNUSED void **state)
{
    static const char *const others[]
        = { "{\"store\":\"7002\"}", "{\"store\":\"7003\"}", "{\"store\":\"7001\",\"poi_id\":\"poi-2\"}",
            "{\"store\":\"7002\",\"poi_id\":\"mine\"}", "{\"poi_id\":\"poi-2\"}" };
    static const char *const own[] = { "{\"store\":\"7001\"}", "{\"poi_id\":\"poi-1\"}", "{\"poi_id\":\"mine\"}",
                                       "{\"store\":\"7001\",\"poi_id\":\"poi-1\"}" };
    dygw_known_app_t limited = { .poi_ids = apr_array_make(pool, 1, sizeof(const char *)) };

    declare_stores(NULL);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_true(parse(others[i]));
        assert_false(dygw_coupon_store_allowed(&f, &gateway, &limited));
        assert_int_equal(out.code, DYGW_STORE_FORBIDDEN);
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        assert_true(parse(own[i]));
        assert_true(dygw_coupon_store_allowed(&f, &gateway, &limited));
    }
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_store_is_named_by_its_code_or_by_its_poi_id),
        TEST(a_store_is_named_once_and_has_to_be_declared),
        TEST(a_query_names_a_store_as_a_body_does),
        TEST(a_forbidden_store_is_told_before_other_mistakes),
        TEST(an_app_is_not_told_whether_a_store_of_others_is_declared),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("handle_store", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
