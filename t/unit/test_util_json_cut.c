/* SPDX-License-Identifier: Apache-2.0
 * Members are taken out of JSON text, and all else stays as it was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "util/compiler.h"
#include "util/json.h"

static apr_pool_t *pool;

/* What is left out: each x, and each y that is not "mine". */
static int is_cut(const char *key, const char *value, const void *baton)
{
    return strcmp(key, "x") == 0 || (strcmp(key, "y") == 0 && strcmp(value, baton) != 0);
}

static void check_cut(const char *text, const char *expected)
{
    assert_string_equal(dygw_json_cut(text, is_cut, "mine", pool), expected);
}

static void what_is_not_cut_stays_to_the_last_byte(DYGW_UNUSED void **state)
{
    static const char *const texts[] = {
        "{}",
        "[ ]",
        "\"x\"",
        "{\"a\":18446744073709551615, \"b\" : 1.10,\r\n\t\"c\":\"\\u4e2d\\/\\\\\\\"\"}",
        "{\"x\":1,\"a\":[\"x\",\"y\"],\"y\":{\"b\":\"x\"},\"c\":\"\\\"x\\\":\\\"v\\\"\"}",
        "{\"y\":\"mine\"}",
        "{\"y\":\"m\\u0069ne\"}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_cut(texts[i], texts[i]);
    }
}

static void members_are_cut_wherever_they_stand(DYGW_UNUSED void **state)
{
    check_cut("{\"x\":\"v\"}", "{}");
    check_cut("{\"x\":\"v\",\"a\":1}", "{\"a\":1}");
    check_cut("{\"a\":1,\"x\":\"v\"}", "{\"a\":1}");
    check_cut("{\"a\":1,\"x\":\"v\",\"b\":2}", "{\"a\":1,\"b\":2}");
    check_cut("{\"a\":1,\"x\":\"v\",\"x\":\"w\"}", "{\"a\":1}");
    check_cut("{ \"a\" : 1 ,\n \"x\" : \"v\"\n}", "{ \"a\" : 1 \n}");
    check_cut("{\"d\":{\"x\":\"v\",\"l\":[{\"y\":\"mine\"},{\"y\":\"other\",\"n\":1}]},\"x\":\"v\"}",
              "{\"d\":{\"l\":[{\"y\":\"mine\"},{\"n\":1}]}}");
    check_cut("[1,{\"x\":\"v\"},2]", "[1,{},2]");
}

static void however_they_are_written(DYGW_UNUSED void **state)
{
    check_cut("{\"\\u0078\":\"v\"}", "{}");
    check_cut("{\"x\":\"\\\"\\\\\"}", "{}");
    check_cut("{\"x\":\"\"}", "{}");
    check_cut("{\"y\":\"min\\u00e9\",\"a\":\"\"}", "{\"a\":\"\"}");
}

static void half_a_text_does_no_harm(DYGW_UNUSED void **state)
{
    static const char whole[] = "{\"a\":\"\\\"\",\"x\":\"v\\\\\",\"y\":\"other\"}";

    for (size_t len = 0; len < sizeof(whole); len++) {
        char text[sizeof(whole)];

        memcpy(text, whole, len);
        text[len] = '\0';
        assert_true(strlen(dygw_json_cut(text, is_cut, "mine", pool)) <= len);
    }
}

static int make_pool(DYGW_UNUSED void **state)
{
    apr_pool_create(&pool, NULL);
    return 0;
}

static int destroy_pool(DYGW_UNUSED void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_cut_stays_to_the_last_byte),
        cmocka_unit_test(members_are_cut_wherever_they_stand),
        cmocka_unit_test(however_they_are_written),
        cmocka_unit_test(half_a_text_does_no_harm),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("util_json_cut", tests, make_pool, destroy_pool);
}
