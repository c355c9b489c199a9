/* SPDX-License-Identifier: Apache-2.0
 * Paths, methods and content types. links: handle/route.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "handle/route.h"
#include "util/compiler.h"

static apr_pool_t *pool;

static const dygw_route_t routes[] = {
    { .path = "", .method = M_GET },
    { .path = "/things", .method = M_GET },
    { .path = "/things", .method = M_POST },
    { .path = "/things/{id}", .method = M_GET },
    { .path = "/things/{id}", .method = M_PATCH },
    { .path = "/things/{id}/lid", .method = M_PATCH },
    { .path = NULL },
};

static apr_int64_t id;
static const char *allow;

/* The number of the route; -1: none. */
static int find(const char *path, int method)
{
    const dygw_route_t *route;

    id = -1;
    route = dygw_route_find(routes, path, method, &id, &allow, pool);
    return route ? (int)(route - routes) : -1;
}

static void paths_lead_to_their_endpoint(DYGW_UNUSED void **state)
{
    assert_int_equal(find("", M_GET), 0);
    assert_int_equal(find("/things", M_GET), 1);
    assert_int_equal(find("/things", M_POST), 2);
    assert_int_equal(find("/things/17", M_GET), 3);
    assert_true(id == 17);
    assert_int_equal(find("/things/999999999999999999/lid", M_PATCH), 5);
    assert_true(id == APR_INT64_C(999999999999999999));
}

static void other_paths_lead_nowhere(DYGW_UNUSED void **state)
{
    static const char *const paths[]
        = { "/", "/thing", "/thingss", "/things/", "/Things", "/things/1/", "/things/1/lids", "/things/1/lid/", "/x" };
    size_t i;

    for (i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(find(paths[i], M_GET), -1);
        assert_null(allow);
    }
}

static void an_id_is_a_positive_integer(DYGW_UNUSED void **state)
{
    static const char *const ids[] = { "/things/0",
                                       "/things/-1",
                                       "/things/+1",
                                       "/things/1x",
                                       "/things/x",
                                       "/things/01",
                                       "/things/1.0",
                                       "/things/ 1",
                                       "/things/{id}",
                                       "/things/1000000000000000000",
                                       "/things/99999999999999999999999999" };
    size_t i;

    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_int_equal(find(ids[i], M_GET), -1);
        assert_null(allow);
    }
}

static void another_method_hears_what_there_is(DYGW_UNUSED void **state)
{
    assert_int_equal(find("/things", M_DELETE), -1);
    assert_string_equal(allow, "GET, HEAD, POST");
    assert_int_equal(find("/things/5", M_POST), -1);
    assert_string_equal(allow, "GET, HEAD, PATCH");
    assert_int_equal(find("/things/5/lid", M_GET), -1);
    assert_string_equal(allow, "PATCH");
    assert_int_equal(find("", M_OPTIONS), -1);
    assert_string_equal(allow, "GET, HEAD");
}

static void json_in_utf8_is_recognised(DYGW_UNUSED void **state)
{
    static const char *const types[] = {
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json ;\tcharset=\"utf-8\"",
        "application/json; v=1; Charset=utf-8 ",
        "application/json;",
        "application/json;charset=utf8",
        "application/json; charset=UTF8",
        "application/json;charset=\"UTF8\"",
        "application/json; charset = utf-8",
        "application/json; charset",
    };
    size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++) {
        assert_true(dygw_is_json_type(types[i], pool));
    }
}

static void everything_else_is_another_type(DYGW_UNUSED void **state)
{
    static const char *const types[] = {
        NULL,
        "",
        "text/plain",
        "application/jsonx",
        "application/json+x",
        "application/x-json",
        "application/json; charset=gbk",
        "application/json; charset=",
        "json",
        "application/json, application/json",
        "application/json; v=1; charset=utf-16",
        "application/json; charset=utf-80",
        "application/json; charset=\"utf8",
        "application/json; "
        "charset=\"\"",
        "application/json; charset=utf 8",
        "application/json; charset = gbk",
        "application/json; charset=utf-8; charset=gbk",
        "application/json;charset=utf-8, x",
    };
    size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++) {
        assert_false(dygw_is_json_type(types[i], pool));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_their_endpoint), cmocka_unit_test(other_paths_lead_nowhere),
        cmocka_unit_test(an_id_is_a_positive_integer),  cmocka_unit_test(another_method_hears_what_there_is),
        cmocka_unit_test(json_in_utf8_is_recognised),   cmocka_unit_test(everything_else_is_another_type),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("handle_route", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
