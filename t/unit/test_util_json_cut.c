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
#include "util/json_cut.h"

static apr_pool_t *pool;

static int asked;

/* What is left out: each x, and each y that is not "mine". */
static int is_cut(const char *key, const char *value, const void *baton)
{
    asked++;
    return strcmp(key, "x") == 0 || (strcmp(key, "y") == 0 && strcmp(value, baton) != 0);
}

static const char *const keys[] = { "x", "y", "verify_token", NULL };
static const dygw_json_cut_t cut = { keys, is_cut, "mine" };

static void check_cut(const char *text, const char *expected)
{
    assert_string_equal(dygw_json_cut(text, &cut, pool), expected);
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

static void only_the_keys_that_are_named_are_asked_for(DYGW_UNUSED void **state)
{
    asked = 0;
    check_cut("{\"a\":\"x\",\"xx\":\"v\",\"\":\"v\",\"\\u0061\":\"v\",\"verify_toke\":\"v\",\"x\":{},\"y\":1}",
              "{\"a\":\"x\",\"xx\":\"v\",\"\":\"v\",\"\\u0061\":\"v\",\"verify_toke\":\"v\",\"x\":{},\"y\":1}");
    assert_int_equal(asked, 0);
    check_cut("{\"y\":\"mine\",\"verify_tok\\u0065n\":\"v\"}", "{\"y\":\"mine\",\"verify_tok\\u0065n\":\"v\"}");
    assert_int_equal(asked, 2);
}

static void each_named_key_goes_where_nobody_is_asked(DYGW_UNUSED void **state)
{
    static const dygw_json_cut_t all = { .keys = keys };

    assert_string_equal(
        dygw_json_cut("{\"verify_tok\\u0065n\":\"v\",\"y\":\"mine\",\"z\":\"x\",\"x\":[\"x\"],\"x\":\"\"}", &all, pool),
        "{\"z\":\"x\",\"x\":[\"x\"]}");
    assert_string_equal(dygw_json_cut("{\"x\\u0000\":\"v\",\"\\q\":\"v\",\"\\\"\":\"v\"}", &all, pool),
                        "{\"x\\u0000\":\"v\",\"\\q\":\"v\",\"\\\"\":\"v\"}");
}

/* What was written before is not touched, also when the cut member was the only one. */
static void it_is_written_into_what_is_written_already(DYGW_UNUSED void **state)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, 1);
    dygw_jsonw_array(&w, NULL);
    dygw_jsonw_int(&w, NULL, 1);
    dygw_jsonw_raw_cut(&w, NULL, "\"x\":\"v\"", &cut); /* no JSON, and no comma of its own */
    dygw_jsonw_raw_cut(&w, NULL, "{\"b\":[1, {\"x\":\"v\"}],\"x\":\"v\"}", &cut);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_raw_cut(&w, "a", "{\"x\":\"v\"}", &cut);
    dygw_jsonw_raw_cut(&w, "c", "1", &cut);
    dygw_jsonw_end_object(&w);
    dygw_jsonw_end_array(&w);
    assert_string_equal(w.text, "[1,,{\"b\":[1, {}]},{\"a\":{},\"c\":1}]");
    assert_int_equal(w.len, strlen(w.text));
}

static void half_a_text_does_no_harm(DYGW_UNUSED void **state)
{
    static const char whole[] = "{\"a\":\"\\\"\",\"x\":\"v\\\\\",\"y\":\"other\"}";

    for (size_t len = 0; len < sizeof(whole); len++) {
        char text[sizeof(whole)];

        memcpy(text, whole, len);
        text[len] = '\0';
        assert_true(strlen(dygw_json_cut(text, &cut, pool)) <= len);
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
        cmocka_unit_test(only_the_keys_that_are_named_are_asked_for),
        cmocka_unit_test(each_named_key_goes_where_nobody_is_asked),
        cmocka_unit_test(it_is_written_into_what_is_written_already),
        cmocka_unit_test(half_a_text_does_no_harm),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("util_json_cut", tests, make_pool, destroy_pool);
}
