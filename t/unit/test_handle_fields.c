/* SPDX-License-Identifier: Apache-2.0
 * What may stand in a body: single members, coupons, apps. The words of an app's status are played by
 * a line; stores are test_handle_store.c's.
 * links: handle/fields.c handle/store.c handle/open/coupon.c handle/internal/app_fields.c auth/headers.c
 * links: gateway/account.c gateway/declared.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/host.h"
#include "handle/internal/internal.h"
#include "handle/open/open.h"
#include "util/compiler.h"

static apr_pool_t *pool;
static dygw_fields_t f;
static dygw_result_t out;

module AP_MODULE_DECLARE_DATA dygw_module;

static const dygw_gateway_t gateway; /* nothing is declared */

int dygw_app_may_use_store(DYGW_UNUSED const dygw_known_app_t *app, DYGW_UNUSED const char *poi_id,
                           DYGW_UNUSED const char *store)
{
    return 1;
}

void dygw_host_stale(DYGW_UNUSED dygw_gateway_t *gateway, DYGW_UNUSED apr_int64_t sec)
{
}

static int begin(DYGW_UNUSED void **state)
{
    apr_pool_clear(pool);
    return 0;
}

static int parse(const char *text)
{
    out = (dygw_result_t){ 0 };
    return dygw_fields_parse(&f, text, strlen(text), pool, &out);
}

static const char *repeat(const char *text, int times)
{
    char *all = apr_pcalloc(pool, strlen(text) * (apr_size_t)times + 1);

    while (times-- > 0) {
        strcat(all, text);
    }
    return all;
}

/* The mistake is about `field`, which its message names. */
static void assert_invalid(const char *field)
{
    assert_int_equal(out.code, DYGW_INVALID_REQUEST);
    assert_string_equal(out.field, field);
    assert_non_null(out.message);
}

/* --- members --- */

static void only_objects_are_bodies(DYGW_UNUSED void **state)
{
    static const char *const broken[]
        = { "", " ", "{", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{} {}", "{\"a\":\"\xFF\"}" };
    static const char *const others[] = { "[]", "1", "\"a\"", "null" };
    size_t i;

    for (i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_false(parse(broken[i]));
        assert_int_equal(out.code, DYGW_INVALID_JSON);
    }
    for (i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(parse(others[i]));
        assert_int_equal(out.code, DYGW_INVALID_REQUEST);
        assert_null(out.field);
    }
    assert_true(parse("{}"));
}

static void unknown_members_are_named(DYGW_UNUSED void **state)
{
    static const char *const known[] = { "a", "b", NULL };

    assert_true(parse("{\"a\":1,\"b\":2}"));
    dygw_fields_known(&f, known);
    assert_int_equal(out.code, DYGW_OK);
    assert_true(parse("{\"a\":1,\"A\":2}"));
    dygw_fields_known(&f, known);
    assert_invalid("A");
}

static void strings_are_counted_in_characters(DYGW_UNUSED void **state)
{
    assert_true(parse(apr_pstrcat(pool, "{\"a\":\"", repeat("\xE5\x88\xB8", 64), "\"}", NULL)));
    assert_int_equal(strlen(dygw_field_string(&f, "a", 1, 64)), 192);
    assert_null(dygw_field_string(&f, "a", 1, 63));
    assert_invalid("a");
}

static void strings_have_no_control_characters(DYGW_UNUSED void **state)
{
    static const char *const texts[]
        = { "{\"a\":\"x\\ny\"}", "{\"a\":\"x\\u007fy\"}", "{\"a\":\"x\\u0085y\"}", "{\"a\":\"x\\u001by\"}" };
    size_t i;

    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(parse(texts[i]));
        assert_null(dygw_field_string(&f, "a", 0, 10));
        assert_invalid("a");
    }
    assert_true(parse("{\"a\":\"x\\u00a0\\u00e9y\"}"));
    assert_non_null(dygw_field_string(&f, "a", 0, 10));
}

static void absent_null_and_empty_are_alike(DYGW_UNUSED void **state)
{
    static const char *const names[] = { "a", "b", "c" };

    assert_true(parse("{\"a\":null,\"b\":\"\"}"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(dygw_field_given(&f, names[i]));
        assert_null(dygw_field_string(&f, names[i], 0, 10));
        assert_null(dygw_field_string(&f, names[i], 1, 10));
        assert_null(dygw_field_word(&f, names[i], 1, 10));
        assert_int_equal(dygw_field_int(&f, names[i], 1, 10, 7), 7);
        assert_true(dygw_field_bool(&f, names[i], 1));
    }
    assert_int_equal(out.code, DYGW_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        out = (dygw_result_t){ 0 };
        dygw_field_require(&f, names[i]);
        assert_invalid(names[i]);
    }
    assert_true(parse("{\"a\":\" \"}"));
    assert_true(dygw_field_given(&f, "a"));
}

static void types_are_not_converted(DYGW_UNUSED void **state)
{
    assert_true(parse("{\"s\":1}"));
    dygw_field_string(&f, "s", 0, 10);
    assert_invalid("s");
    assert_true(parse("{\"i\":\"1\"}"));
    dygw_field_int(&f, "i", 0, 10, 0);
    assert_invalid("i");
    assert_true(parse("{\"b\":1}"));
    dygw_field_bool(&f, "b", 0);
    assert_invalid("b");
    assert_true(parse("{\"s\":true,\"i\":7,\"b\":true}"));
    assert_int_equal(dygw_field_int(&f, "i", 7, 7, 0), 7);
    assert_int_equal(dygw_field_int(&f, "j", 7, 7, 3), 3);
    assert_true(dygw_field_bool(&f, "b", 0));
    assert_true(dygw_field_bool(&f, "c", 1));
    assert_int_equal(out.code, DYGW_OK);
}

static apr_int64_t number(const char *text)
{
    assert_true(parse(apr_pstrcat(pool, "{\"i\":", text, "}", NULL)));
    return dygw_field_int(&f, "i", 0, APR_INT64_C(999999999999999999), -1);
}

static void whole_numbers_may_be_written_as_reals(DYGW_UNUSED void **state)
{
    static const char *const wrong[] = { "1.5",
                                         "1e-1",
                                         "0.9999",
                                         "-1.0",
                                         "1e18",
                                         "1e300",
                                         "9007199254740992.0",
                                         "9007199254740993.0",
                                         "123456789012345678.0" };

    assert_int_equal(number("1.0"), 1);
    assert_int_equal(number("0.0"), 0);
    assert_int_equal(number("-0.0"), 0);
    assert_int_equal(number("1e1"), 10);
    assert_int_equal(number("7.000"), 7);
    assert_true(number("9007199254740991.0") == APR_INT64_C(9007199254740991));
    assert_true(number("123456789012345678") == APR_INT64_C(123456789012345678));
    assert_int_equal(out.code, DYGW_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(number(wrong[i]), -1);
        assert_invalid("i");
    }
    assert_false(parse("{\"i\":1e400}"));
    assert_int_equal(out.code, DYGW_INVALID_JSON);
}

static void the_first_mistake_counts(DYGW_UNUSED void **state)
{
    assert_true(parse("{\"a\":1,\"b\":2}"));
    dygw_field_string(&f, "a", 1, 10);
    dygw_field_string(&f, "b", 1, 10);
    dygw_field_require(&f, "c");
    assert_invalid("a");
}

/* --- coupons --- */

static const char *coupon(const char *members, dygw_redeem_request_t *request)
{
    *request = (dygw_redeem_request_t){ 0 };
    assert_true(parse(apr_pstrcat(pool, "{\"poi_id\":\"7012345678901234567\"", members, "}", NULL)));
    dygw_coupon_read(&f, &gateway, dygw_coupon_modes, request);
    return out.code == DYGW_OK ? NULL : out.field;
}

static void a_typed_code_loses_blanks_and_hyphens(DYGW_UNUSED void **state)
{
    dygw_redeem_request_t request;

    assert_null(coupon(",\"code\":\" 1025-3992 9601 \"", &request));
    assert_string_equal(request.code, "102539929601");
    assert_int_equal(request.mode, DYGW_MODE_CODE);
    assert_null(coupon(",\"code\":\"12345678\"", &request));
    assert_null(coupon(",\"code\":\"12345678901234567890\"", &request));
    assert_string_equal(coupon(",\"code\":\"1234567\"", &request), "code");
    assert_string_equal(coupon(",\"code\":\"123456789012345678901\"", &request), "code");
    assert_string_equal(coupon(",\"code\":\"12345678x\"", &request), "code");
    assert_string_equal(coupon(",\"code\":\"- - -\"", &request), "code");
    assert_string_equal(coupon(",\"code\":\"\"", &request), "short_link");
    /* digits of other scripts are none */
    assert_string_equal(coupon(",\"code\":\"\\uff11\\uff12345678\"", &request), "code");
}

/* As JSON has them; of each kind that scanners, input methods and clipboards add. */
static void a_code_loses_blanks_and_hyphens_of_any_script(DYGW_UNUSED void **state)
{
    static const char *const dropped[] = {
        "\\t",     "\\r",     "\\n",     "\\r\\n",  "\\u000b", "\\f",     "\\u0085", "\\u00a0", "\\u1680",
        "\\u180e", "\\u2000", "\\u2003", "\\u2009", "\\u200a", "\\u200b", "\\u200d", "\\u200e", "\\u2028",
        "\\u2029", "\\u202a", "\\u202f", "\\u205f", "\\u2060", "\\u2069", "\\u3000", "\\ufeff", "-",
        "\\u00ad", "\\u2010", "\\u2011", "\\u2013", "\\u2014", "\\u2212", "\\uff0d", "--",      "- -",
    };
    static const char *const kept[]
        = { ".",       "_",       "/",       "\\u0001", "\\u001f",        "\\u007f", "\\u00b7", "\\u2027", "\\u2030",
            "\\u205e", "\\u2070", "\\u3001", "\\uff11", "\\ud83d\\ude00", "\\u4082", "\\u00e9", "x" };
    dygw_redeem_request_t request;

    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) {
        const char *c = dropped[i];

        assert_null(coupon(apr_pstrcat(pool, ",\"code\":\"", c, "1025", c, "39929601", c, "\"", NULL), &request));
        assert_string_equal(request.code, "102539929601");
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const char *c = kept[i];

        assert_string_equal(coupon(apr_pstrcat(pool, ",\"code\":\"1025", c, "39929601\"", NULL), &request), "code");
        assert_string_equal(coupon(apr_pstrcat(pool, ",\"code\":\"102539929601", c, "\"", NULL), &request), "code");
    }
    assert_null(coupon(apr_pstrcat(pool, ",\"code\":\"", repeat("\\u3000", 100), "12345678\"", NULL), &request));
}

static void a_scanned_link_loses_what_is_around_it(DYGW_UNUSED void **state)
{
    dygw_redeem_request_t request;

    assert_null(coupon(",\"short_link\":\"\\t https://v.douyin.com/x \\r\\n\"", &request));
    assert_string_equal(request.short_link, "https://v.douyin.com/x");
    assert_int_equal(request.mode, DYGW_MODE_SHORT_LINK);
    assert_null(coupon(",\"short_link\":\"\\ufeff\\u3000https://v.douyin.com/\\u4082\\u00a0\\u200b\"", &request));
    assert_string_equal(request.short_link, "https://v.douyin.com/\xE4\x82\x82");
    assert_string_equal(coupon(",\"short_link\":\" \\n \"", &request), "short_link");
    assert_string_equal(coupon(",\"short_link\":\"\\u3000\"", &request), "short_link");
    assert_string_equal(coupon(",\"short_link\":\"a\\nb\"", &request), "short_link");
    assert_string_equal(coupon(",\"short_link\":5", &request), "short_link");
    assert_null(coupon(apr_pstrcat(pool, ",\"short_link\":\"", repeat("x", 2048), " \"", NULL), &request));
    assert_string_equal(coupon(apr_pstrcat(pool, ",\"short_link\":\"", repeat("x", 2049), "\"", NULL), &request),
                        "short_link");
}

static void one_mode_is_needed_and_not_more(DYGW_UNUSED void **state)
{
    dygw_redeem_request_t request;

    assert_string_equal(coupon("", &request), "short_link");
    assert_string_equal(coupon(",\"code\":null", &request), "short_link");
    assert_string_equal(coupon(",\"encrypted_code\":\"x\",\"code\":\"12345678\"", &request), "code");
    assert_string_equal(coupon(",\"encrypted_code\":\"x\",\"short_link\":\"x\"", &request), "short_link");
    assert_string_equal(coupon(",\"code\":\"\",\"encrypted_code\":\"\"", &request), "short_link");
    assert_null(coupon(",\"short_link\":\"\",\"encrypted_code\":\"\",\"code\":\"12345678\"", &request));
    assert_int_equal(request.mode, DYGW_MODE_CODE);
    assert_null(coupon(",\"encrypted_code\":\"x\",\"code\":null", &request));
    assert_int_equal(request.mode, DYGW_MODE_ENCRYPTED_CODE);
    assert_string_equal(request.encrypted_code, "x");
}

static void the_store_is_needed_and_spelled_plainly(DYGW_UNUSED void **state)
{
    static const char *const bad[] = { "{}",
                                       "{\"poi_id\":null}",
                                       "{\"poi_id\":\"\"}",
                                       "{\"poi_id\":7012345678901234567}",
                                       "{\"poi_id\":\"a b\"}",
                                       "{\"poi_id\":\"123456789012345678901234567890123\"}" };
    dygw_redeem_request_t request = { 0 };
    size_t i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(parse(bad[i]));
        dygw_coupon_read(&f, &gateway, dygw_coupon_modes, &request);
        assert_invalid("poi_id");
    }
}

/* --- apps --- */

static const char *create(const char *members, dygw_new_app_t *wanted)
{
    *wanted = (dygw_new_app_t){ 0 };
    assert_true(parse(apr_pstrcat(pool, "{\"name\":\"\xE6\x94\xB6\xE9\x93\xB6\"", members, "}", NULL)));
    dygw_app_fields_create(&f, wanted);
    return out.code == DYGW_OK ? NULL : out.field;
}

static void an_app_needs_only_a_name(DYGW_UNUSED void **state)
{
    dygw_new_app_t wanted = { 0 };

    assert_null(create("", &wanted));
    assert_null(wanted.client_key);
    assert_null(wanted.secret);
    assert_null(wanted.poi_ids);
    assert_int_equal(wanted.status, DYGW_APP_ACTIVE);
    assert_false(wanted.allow_token_read);
    assert_true(parse("{\"code\":\"x\"}"));
    dygw_app_fields_create(&f, &wanted);
    assert_invalid("name");
}

static void all_of_an_app_can_be_said(DYGW_UNUSED void **state)
{
    dygw_new_app_t wanted;

    assert_null(create(",\"code\":\"till-1\",\"description\":\"\",\"client_key\":\"ck_12345\","
                       "\"secret\":\"0123456789 abcdef\",\"status\":\"disabled\","
                       "\"allow_token_read\":true,\"poi_ids\":[\"1\",\"2\"]",
                       &wanted));
    assert_string_equal(wanted.code, "till-1");
    assert_null(wanted.description);
    assert_string_equal(wanted.client_key, "ck_12345");
    assert_string_equal(wanted.secret, "0123456789 abcdef");
    assert_int_equal(wanted.status, DYGW_APP_DISABLED);
    assert_true(wanted.allow_token_read);
    assert_int_equal(wanted.poi_ids->nelts, 2);
    assert_null(create(",\"poi_ids\":[]", &wanted));
    assert_int_equal(wanted.poi_ids->nelts, 0);
    assert_null(create(",\"poi_ids\":null", &wanted));
    assert_null(wanted.poi_ids);
}

static void mistakes_in_an_app_are_named(DYGW_UNUSED void **state)
{
    dygw_new_app_t wanted;

    assert_string_equal(create(",\"code\":\"a b\"", &wanted), "code");
    assert_string_equal(create(",\"client_key\":\"ck_1234\"", &wanted), "client_key");
    assert_string_equal(create(",\"secret\":\"012345678901234\"", &wanted), "secret");
    assert_string_equal(create(",\"secret\":\"0123456789abcde\\u00e9\"", &wanted), "secret");
    assert_string_equal(create(",\"status\":\"gone\"", &wanted), "status");
    assert_string_equal(create(",\"status\":1", &wanted), "status");
    assert_string_equal(create(",\"allow_token_read\":\"true\"", &wanted), "allow_token_read");
    assert_string_equal(create(",\"poi_ids\":\"1\"", &wanted), "poi_ids");
    assert_string_equal(create(",\"poi_ids\":\"\"", &wanted), "poi_ids");
    assert_string_equal(create(",\"poi_ids\":[1]", &wanted), "poi_ids");
    assert_string_equal(create(",\"poi_ids\":[\"\"]", &wanted), "poi_ids");
    assert_string_equal(create(",\"id\":1", &wanted), "id");
    assert_string_equal(create(apr_pstrcat(pool, ",\"description\":\"", repeat("x", 256), "\"", NULL), &wanted),
                        "description");
    assert_string_equal(create(apr_pstrcat(pool, ",\"poi_ids\":[", repeat("\"1\",", 1000), "\"1\"]", NULL), &wanted),
                        "poi_ids");
}

static void a_change_touches_what_it_names(DYGW_UNUSED void **state)
{
    dygw_app_change_t change = { 0 };

    assert_true(parse("{}"));
    dygw_app_fields_change(&f, &change);
    assert_int_equal(out.code, DYGW_OK);
    assert_null(change.name);
    assert_false(change.set_description || change.set_status || change.set_poi_ids);
    assert_true(parse("{\"description\":null,\"status\":\"disabled\",\"poi_ids\":null}"));
    dygw_app_fields_change(&f, &change);
    assert_int_equal(out.code, DYGW_OK);
    assert_true(change.set_description && change.set_status && change.set_poi_ids);
    assert_null(change.description);
    assert_null(change.poi_ids);
    assert_int_equal(change.status, DYGW_APP_DISABLED);
}

static void name_and_status_cannot_be_taken_away(DYGW_UNUSED void **state)
{
    dygw_app_change_t change = { 0 };

    assert_true(parse("{\"name\":null}"));
    dygw_app_fields_change(&f, &change);
    assert_invalid("name");
    assert_true(parse("{\"status\":null}"));
    dygw_app_fields_change(&f, &change);
    assert_invalid("status");
    assert_true(parse("{\"client_key\":\"ck_other_one\"}"));
    dygw_app_fields_change(&f, &change);
    assert_invalid("client_key");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

static int key_fits(const char *key)
{
    out = (dygw_result_t){ 0 };
    return dygw_key_check(key, "Idempotency-Key", &out);
}

static void a_key_is_printable_ascii(DYGW_UNUSED void **state)
{
    static const char *const good[] = { "k", " ", "~", "order 17/1", "a,b=\"c\"" };
    static const char *const bad[] = { "", "a\tb", "a\nb", "\x7f", "caf\xc3\xa9", "\xe9" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(key_fits(good[i]));
        assert_int_equal(out.code, DYGW_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(key_fits(bad[i]));
        assert_int_equal(out.code, DYGW_INVALID_REQUEST);
        assert_string_equal(out.field, "Idempotency-Key");
    }
    assert_true(key_fits(repeat("k", 255)));
    assert_false(key_fits(repeat("k", 256)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_objects_are_bodies),
        TEST(unknown_members_are_named),
        TEST(strings_are_counted_in_characters),
        TEST(strings_have_no_control_characters),
        TEST(absent_null_and_empty_are_alike),
        TEST(types_are_not_converted),
        TEST(whole_numbers_may_be_written_as_reals),
        TEST(the_first_mistake_counts),
        TEST(a_typed_code_loses_blanks_and_hyphens),
        TEST(a_code_loses_blanks_and_hyphens_of_any_script),
        TEST(a_scanned_link_loses_what_is_around_it),
        TEST(one_mode_is_needed_and_not_more),
        TEST(the_store_is_needed_and_spelled_plainly),
        TEST(an_app_needs_only_a_name),
        TEST(all_of_an_app_can_be_said),
        TEST(mistakes_in_an_app_are_named),
        TEST(a_change_touches_what_it_names),
        TEST(name_and_status_cannot_be_taken_away),
        TEST(a_key_is_printable_ascii),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("handle_fields", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
