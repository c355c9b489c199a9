/* SPDX-License-Identifier: Apache-2.0
 * Reading JSON strictly and leniently, and writing it so that it can always be read.
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "util/compiler.h"
#include "util/json.h"
#include "util/jsonw.h"

#define TEXT(s) \
    { \
        s, sizeof s - 1 \
    }
typedef struct text_t {
    const char *text;
    apr_size_t len;
} text_t;

static json_t *parse(const text_t *t, dygw_json_mode_e mode, apr_pool_t *pool, const char **error)
{
    /* Exactly as long as it is, so that a memory checker sees a step beyond the end. */
    char *copy = apr_palloc(pool, t->len);

    memcpy(copy, t->text, t->len);
    *error = NULL;
    return dygw_json_parse(copy, t->len, mode, pool, error);
}

static json_t *parsed(const char *text, dygw_json_mode_e mode, apr_pool_t *pool)
{
    text_t t = { text, strlen(text) };
    const char *error;
    json_t *root = parse(&t, mode, pool, &error);

    assert_non_null(root);
    return root;
}

static const char *nested(apr_pool_t *pool, int depth, char open, char close)
{
    char *text = apr_pcalloc(pool, (apr_size_t)depth * 2 + 1);

    memset(text, open, (size_t)depth);
    memset(text + depth, close, (size_t)depth);
    return text;
}

/* --- reading --- */

static void any_value_may_be_the_root(void **state)
{
    assert_true(json_is_object(parsed(" {\"a\":1} \r\n", DYGW_JSON_STRICT, *state)));
    assert_true(json_is_array(parsed("[]", DYGW_JSON_STRICT, *state)));
    assert_true(json_is_string(parsed("\"x\"", DYGW_JSON_STRICT, *state)));
    assert_true(json_is_null(parsed("null", DYGW_JSON_STRICT, *state)));
    assert_int_equal(json_integer_value(parsed("17", DYGW_JSON_LENIENT, *state)), 17);
}

static void what_is_no_json_is_refused_in_both_modes(void **state)
{
    static const text_t bad[] = { TEXT(""),
                                  TEXT(" \t\r\n"),
                                  TEXT("{"),
                                  TEXT("[1,]"),
                                  TEXT("{\"a\":1,}"),
                                  TEXT("{'a':1}"),
                                  TEXT("{a:1}"),
                                  TEXT("[1] x"),
                                  TEXT("nul"),
                                  TEXT("NaN"),
                                  TEXT("[01]"),
                                  TEXT("[+1]"),
                                  TEXT("[1.]"),
                                  TEXT("\"\\x\""),
                                  TEXT("\"abc"),
                                  TEXT("\"abc\\"),
                                  TEXT("{\"a\""),
                                  TEXT("[1e999]"),
                                  TEXT("\xFF\xFE{\0}\0"),
                                  TEXT("{}\0"),
                                  TEXT("\0{}"),
                                  TEXT("<html>"),
                                  TEXT("]]]]"),
                                  TEXT("}{") };
    const char *error;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(parse(&bad[i], DYGW_JSON_STRICT, *state, &error));
        assert_non_null(error);
        assert_null(parse(&bad[i], DYGW_JSON_LENIENT, *state, &error));
        assert_non_null(error);
    }
}

static void damaged_text_is_refused_from_a_caller_and_mended_from_douyin(void **state)
{
    static const text_t damaged[]
        = { TEXT("\"\n\""),           TEXT("\"\\ud800\""),  TEXT("\xEF\xBB\xBF{}"),       TEXT("\"\xC3\x28\""),
            TEXT("\"\xED\xA0\x80\""), TEXT("\"\xC0\xAF\""), TEXT("\"\xF4\x90\x80\x80\""), TEXT("{\"a\0b\":1}") };
    const char *error;

    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_null(parse(&damaged[i], DYGW_JSON_STRICT, *state, &error));
        assert_non_null(error);
        assert_non_null(parse(&damaged[i], DYGW_JSON_LENIENT, *state, &error));
    }
}

static void a_caller_may_not_repeat_a_key_and_douyin_may(void **state)
{
    static const text_t twice = TEXT("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}");
    const char *error;

    assert_null(parse(&twice, DYGW_JSON_STRICT, *state, &error));
    assert_non_null(strstr(error, "a key that was there before"));
    assert_non_null(parse(&twice, DYGW_JSON_LENIENT, *state, &error));
}

static void a_caller_may_not_send_nul(void **state)
{
    static const text_t nul = TEXT("{\"a\":\"x\\u0000y\"}");
    const char *error;

    assert_null(parse(&nul, DYGW_JSON_STRICT, *state, &error));
    assert_non_null(strstr(error, "NUL"));
    assert_non_null(parse(&nul, DYGW_JSON_LENIENT, *state, &error));
}

static void nesting_is_limited_in_both_modes(void **state)
{
    static const dygw_json_mode_e modes[] = { DYGW_JSON_STRICT, DYGW_JSON_LENIENT };
    const char *error;

    for (int i = 0; i < 2; i++) {
        const char *deep = nested(*state, DYGW_JSON_MAX_DEPTH + 1, '[', ']');

        assert_non_null(parsed(nested(*state, DYGW_JSON_MAX_DEPTH, '[', ']'), modes[i], *state));
        assert_null(dygw_json_parse(deep, strlen(deep), modes[i], *state, &error));
        assert_non_null(strstr(error, "deeper than 32"));
    }
}

static void brackets_inside_strings_do_not_nest(void **state)
{
    const char *brackets = nested(*state, 100, '[', '{');

    parsed(apr_psprintf(*state, "[\"%s\", \"\\\"%s\"]", brackets, brackets), DYGW_JSON_STRICT, *state);
}

static void siblings_do_not_nest(void **state)
{
    char *text = apr_pstrdup(*state, "[{}");

    for (int i = 0; i < 100; i++) {
        text = apr_pstrcat(*state, text, ",{}", NULL);
    }
    parsed(apr_pstrcat(*state, text, "]", NULL), DYGW_JSON_STRICT, *state);
}

static void a_million_brackets_are_refused_without_recursion(void **state)
{
    const char *deep = nested(*state, 500000, '[', '[');
    const char *error;

    assert_null(dygw_json_parse(deep, strlen(deep), DYGW_JSON_STRICT, *state, &error));
}

static void errors_tell_the_place_and_quote_nothing(void **state)
{
    static const text_t bad = TEXT("{\"code\": \"123456789012\",\n \"x\": secret}");
    const char *error;

    assert_null(parse(&bad, DYGW_JSON_STRICT, *state, &error));
    assert_non_null(strstr(error, "line 2"));
    assert_null(strstr(error, "secret"));
    assert_null(strstr(error, "1234"));
}

static void exactly_len_bytes_are_read(void **state)
{
    const char *error;

    assert_int_equal(json_integer_value(dygw_json_parse("12345", 2, DYGW_JSON_STRICT, *state, &error)), 12);
}

static void identifiers_beyond_64_bits_keep_their_digits_when_douyin_sends_them(void **state)
{
    static const text_t big = TEXT("{\"s\":\"9 \\\" 99999999999999999999\",\"id\":99999999999999999999,"
                                   "\"n\":[-12345678901234567890123,7],\"max\":9223372036854775807}");
    const char *error;
    json_t *root = parse(&big, DYGW_JSON_LENIENT, *state, &error);

    assert_non_null(root);
    assert_string_equal(dygw_json_id(root, "id", *state), "99999999999999999999");
    assert_string_equal(dygw_json_id(root, "max", *state), "9223372036854775807");
    assert_string_equal(dygw_json_str(root, "s"), "9 \" 99999999999999999999");
    assert_int_equal(dygw_json_int(root, "id", -7), -7);
    assert_null(parse(&big, DYGW_JSON_STRICT, *state, &error));
    assert_non_null(strstr(error, "too large"));
}

static void an_id_is_text_however_it_was_written(void **state)
{
    json_t *o = parsed("{\"s\":\"7012345678901234567\",\"i\":7012345678901234567,\"neg\":-1,\"empty\":\"\","
                       "\"null\":null,\"real\":1.5,\"list\":[1]}",
                       DYGW_JSON_STRICT, *state);

    assert_string_equal(dygw_json_id(o, "s", *state), "7012345678901234567");
    assert_string_equal(dygw_json_id(o, "i", *state), "7012345678901234567");
    assert_string_equal(dygw_json_id(o, "neg", *state), "-1");
    assert_null(dygw_json_id(o, "empty", *state));
    assert_null(dygw_json_id(o, "null", *state));
    assert_null(dygw_json_id(o, "real", *state));
    assert_null(dygw_json_id(o, "list", *state));
    assert_null(dygw_json_id(o, "absent", *state));
    assert_null(dygw_json_id(NULL, "s", *state));
}

static void an_id_is_not_longer_than_records_keep(void **state)
{
    const char *longest = "1234567890123456789012345678901234567890123456789012345678901234";
    json_t *o = parsed(apr_pstrcat(*state, "{\"id\":\"", longest, "\",\"long\":\"", longest, "5\"}", NULL),
                       DYGW_JSON_STRICT, *state);

    assert_string_equal(dygw_json_id(o, "id", *state), longest);
    assert_null(dygw_json_id(o, "long", *state));
}

static void an_id_is_measured_in_characters(void **state)
{
    const char *word = "\xe5\x8d\x95\xe5\x8f\xb7\xe5\x8d\x95\xe5\x8f\xb7";
    const char *longest = apr_pstrcat(*state, word, word, word, word, word, word, word, word, word, word, word, word,
                                      word, word, word, word, NULL);
    json_t *o = parsed(apr_pstrcat(*state, "{\"id\":\"", longest, "\",\"long\":\"", longest, "5\"}", NULL),
                       DYGW_JSON_STRICT, *state);

    assert_string_equal(dygw_json_id(o, "id", *state), longest);
    assert_null(dygw_json_id(o, "long", *state));
}

static void a_string_is_only_a_string(void **state)
{
    json_t *o = parsed("{\"s\":\"x\",\"empty\":\"\",\"i\":1,\"null\":null}", DYGW_JSON_STRICT, *state);

    assert_string_equal(dygw_json_str(o, "s"), "x");
    assert_string_equal(dygw_json_str(o, "empty"), "");
    assert_null(dygw_json_str(o, "i"));
    assert_null(dygw_json_str(o, "null"));
    assert_null(dygw_json_str(o, "absent"));
}

static void an_integer_is_read_however_it_was_written(void **state)
{
    json_t *o = parsed("{\"i\":12,\"s\":\"12\",\"neg\":\"-12\",\"whole\":12.0,\"e\":1.2e1,\"frac\":12.5,"
                       "\"huge\":1e300,\"edge\":9223372036854775808.0,\"low\":-9223372036854775808.0,"
                       "\"junk\":\"12x\",\"blank\":\" 12\",\"plus\":\"+12\",\"empty\":\"\",\"minus\":\"-\","
                       "\"over\":\"9223372036854775808\",\"max\":\"9223372036854775807\",\"null\":null,"
                       "\"true\":true}",
                       DYGW_JSON_STRICT, *state);
    static const char *const twelve[] = { "i", "s", "whole", "e" };
    static const char *const none[]
        = { "frac", "huge", "edge", "junk", "blank", "plus", "empty", "minus", "over", "null", "true", "absent" };

    for (size_t i = 0; i < sizeof twelve / sizeof *twelve; i++) {
        assert_int_equal(dygw_json_int(o, twelve[i], -7), 12);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(dygw_json_int(o, none[i], -7), -7);
    }
    assert_int_equal(dygw_json_int(o, "neg", -7), -12);
    assert_true(dygw_json_int(o, "max", -7) == INT64_MAX);
    assert_true(dygw_json_int(o, "low", -7) == INT64_MIN);
}

/* --- writing --- */

static void a_record_is_written_with_commas_where_they_belong(void **state)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, *state, 0);
    assert_string_equal(w.text, "");
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "list");
    dygw_jsonw_int(&w, NULL, 0);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_end_object(&w);
    dygw_jsonw_int(&w, NULL, -1);
    dygw_jsonw_end_array(&w);
    dygw_jsonw_array(&w, "none");
    dygw_jsonw_end_array(&w);
    dygw_jsonw_string(&w, "s", "x");
    dygw_jsonw_string(&w, "absent", NULL);
    dygw_jsonw_bool(&w, "yes", 17);
    dygw_jsonw_bool(&w, "no", 0);
    dygw_jsonw_null(&w, "null");
    dygw_jsonw_time(&w, "t", APR_INT64_C(1566656122123));
    dygw_jsonw_time(&w, "never", DYGW_NO_TIME);
    dygw_jsonw_raw(&w, "raw", "{\"n\":1.50}trailing", 10);
    dygw_jsonw_raw(&w, "no_raw", NULL, 0);
    dygw_jsonw_end_object(&w);
    assert_string_equal(w.text, "{\"list\":[0,{},-1],\"none\":[],\"s\":\"x\",\"absent\":null,\"yes\":true,"
                                "\"no\":false,\"null\":null,\"t\":\"2019-08-24T14:15:22.123Z\",\"never\":null,"
                                "\"raw\":{\"n\":1.50},\"no_raw\":null}");
    assert_int_equal(w.len, strlen(w.text));
}

static void integers_are_written_to_the_last_digit(void **state)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, *state, 0);
    dygw_jsonw_array(&w, NULL);
    dygw_jsonw_int(&w, NULL, INT64_MAX);
    dygw_jsonw_int(&w, NULL, INT64_MIN);
    dygw_jsonw_end_array(&w);
    assert_string_equal(w.text, "[9223372036854775807,-9223372036854775808]");
}

static void assert_written(apr_pool_t *pool, const char *value, const char *expected)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, 0);
    dygw_jsonw_string(&w, NULL, value);
    assert_string_equal(w.text, expected);
}

static void strings_are_escaped_where_they_have_to_be(void **state)
{
    assert_written(*state, "", "\"\"");
    assert_written(*state, "a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    assert_written(*state, "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    assert_written(*state, "\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
    assert_written(*state, "\xE9\x97\xA8\xF0\x9F\x8D\x9C\xC2\xA9", "\"\xE9\x97\xA8\xF0\x9F\x8D\x9C\xC2\xA9\"");
}

#define FFFD "\xEF\xBF\xBD"
static void invalid_utf8_becomes_the_replacement_character(void **state)
{
    assert_written(*state,
                   "a\xFF"
                   "b",
                   "\"a" FFFD "b\"");
    assert_written(*state, "\xC3(", "\"" FFFD "(\"");
    assert_written(*state, "\xC0\xAF", "\"" FFFD FFFD "\"");
    assert_written(*state, "\xE0\x80\x80", "\"" FFFD FFFD FFFD "\"");
    assert_written(*state, "\xED\xA0\x80", "\"" FFFD FFFD FFFD "\"");
    assert_written(*state, "\xF0\x80\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"");
    assert_written(*state, "\xF4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"");
    assert_written(*state, "\xF4\x8F\xBF\xBF", "\"\xF4\x8F\xBF\xBF\"");
    assert_written(*state, "\xE9\x97", "\"" FFFD FFFD "\"");
    assert_written(*state, "\xC3", "\"" FFFD "\"");
}

static void whatever_bytes_are_written_can_be_read_again(void **state)
{
    for (int first = 1; first < 256; first++) {
        for (int second = 1; second < 256; second++) {
            char value[] = { (char)first, (char)second, 'x', '\0' };
            apr_pool_t *pool;
            dygw_jsonw_t w;

            apr_pool_create(&pool, *state);
            dygw_jsonw_init(&w, pool, 0);
            dygw_jsonw_object(&w, NULL);
            dygw_jsonw_string(&w, value, value);
            dygw_jsonw_end_object(&w);
            parsed(w.text, DYGW_JSON_STRICT, pool);
            apr_pool_destroy(pool);
        }
    }
}

static void a_long_text_grows(void **state)
{
    dygw_jsonw_t w;
    char *value = apr_pcalloc(*state, 100001);

    memset(value, 'x', 100000);
    dygw_jsonw_init(&w, *state, 1);
    dygw_jsonw_array(&w, NULL);
    for (int i = 0; i < 5; i++) {
        dygw_jsonw_string(&w, NULL, value);
    }
    dygw_jsonw_end_array(&w);
    assert_int_equal(w.len, 5 * 100002 + 4 + 2);
    assert_int_equal(strlen(w.text), w.len);
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, make_pool, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(any_value_may_be_the_root),
        WITH_POOL(what_is_no_json_is_refused_in_both_modes),
        WITH_POOL(damaged_text_is_refused_from_a_caller_and_mended_from_douyin),
        WITH_POOL(a_caller_may_not_repeat_a_key_and_douyin_may),
        WITH_POOL(a_caller_may_not_send_nul),
        WITH_POOL(nesting_is_limited_in_both_modes),
        WITH_POOL(brackets_inside_strings_do_not_nest),
        WITH_POOL(siblings_do_not_nest),
        WITH_POOL(a_million_brackets_are_refused_without_recursion),
        WITH_POOL(errors_tell_the_place_and_quote_nothing),
        WITH_POOL(exactly_len_bytes_are_read),
        WITH_POOL(identifiers_beyond_64_bits_keep_their_digits_when_douyin_sends_them),
        WITH_POOL(an_id_is_text_however_it_was_written),
        WITH_POOL(an_id_is_not_longer_than_records_keep),
        WITH_POOL(an_id_is_measured_in_characters),
        WITH_POOL(a_string_is_only_a_string),
        WITH_POOL(an_integer_is_read_however_it_was_written),
        WITH_POOL(a_record_is_written_with_commas_where_they_belong),
        WITH_POOL(integers_are_written_to_the_last_digit),
        WITH_POOL(strings_are_escaped_where_they_have_to_be),
        WITH_POOL(invalid_utf8_becomes_the_replacement_character),
        WITH_POOL(whatever_bytes_are_written_can_be_read_again),
        WITH_POOL(a_long_text_grows),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("util_json", tests, NULL, NULL);
}
