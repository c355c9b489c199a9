/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's error codes mean to us, and which addresses are public.
 * links: douyin/address.c douyin/codes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "douyin/address.h"
#include "douyin/codes.h"
#include "util/metrics.h"
#include "util/compiler.h"

typedef struct expected_t {
    dygw_reply_class_e kind;
    apr_int64_t codes[40]; /* ends with 0 */
} expected_t;

static const dygw_call_e calls[] = { DYGW_CALL_PREPARE, DYGW_CALL_VERIFY, DYGW_CALL_OTHER };

static const expected_t everywhere[] = {
    { DYGW_REPLY_TOKEN, { 2190002, 2190008, 28001003, 28001008 } },
    { DYGW_REPLY_BUSY,
      { 2100001, 2100004, 2119002, 2119003, 5000001, 6001001, 2190001, 4001601, 45002002, 28001005, 28001006, 28001010,
        28001052, 28003017, 28003018 } },
    { DYGW_REPLY_REVIEW, { 1229 } },
    { DYGW_REPLY_SETUP, { 1508,     2119005,  2119008,  2119010,  2190004,  2100007,  3000004,  2100009,  2119013,
                          2190005,  28001012, 28001013, 28001014, 28001015, 28001016, 28001017, 28001018, 28001019,
                          28001020, 28001021, 28001024, 28001042, 28001045, 28001046, 28001047, 28001056, 28004020 } },
    { DYGW_REPLY_REQUEST,
      { 1502, 2100005, 2119001, 200002, 4000001, 4000002, 3000005, 28001007, 28001029, 28003036, 28005001, 28007004 } },
    { DYGW_REPLY_COUPON,
      { 1208, 2, 1212, 1221, 1228, 1241, 1250, 1263, 1265, 2119006, 2119007, 3000001, 3000002, 3100101, 45005117,
        1033000519, 2034000910 } },
};

/* In every call, without a text that tells. */
static void assert_kinds(const expected_t *table, size_t count)
{
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (size_t i = 0; i < count; i++) {
            for (const apr_int64_t *code = table[i].codes; *code; code++) {
                if (dygw_douyin_classify(calls[c], *code, "x") != table[i].kind) {
                    fail_msg("code %ld in call %d", (long)*code, (int)calls[c]);
                }
            }
        }
    }
}

static void each_code_has_its_class_in_every_call(DYGW_UNUSED void **state)
{
    assert_kinds(everywhere, sizeof everywhere / sizeof *everywhere);
}

static void zero_is_success_whatever_the_description(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 0, ""), DYGW_REPLY_OK);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 0, "请稍后重试"), DYGW_REPLY_OK);
}

static void a_number_nobody_knows_is_what_its_range_is(DYGW_UNUSED void **state)
{
    static const expected_t ranges[] = {
        { DYGW_REPLY_SETUP,
          { 2100000, 2100999, 2119000, 2119004, 2119099, 2119999, 2190000, 2190099, 2191004, 2114123, 2116302, 2118001,
            28001001, 28001999, 28003001, 28003999, 28009999 } },
        { DYGW_REPLY_COUPON, { 1, 1999, 9999, 3000003, 3000999, 3100001, 3199999, 1033000001, 2034999999, 45000001 } },
        { DYGW_REPLY_REQUEST, { 4000003, 4999999, 28004001, 28005999, 28007001 } },
        { DYGW_REPLY_BUSY, { 5000002, 5999999, 6000001 } },
    };

    assert_kinds(ranges, sizeof ranges / sizeof *ranges);
}

static void a_number_of_no_range_is_never_the_coupons(DYGW_UNUSED void **state)
{
    static const expected_t nobodys[]
        = { { DYGW_REPLY_SETUP,
              { 987654321, -1, -7, 10000, 99999, 200001, 2099999, 2200000, 3001000, 7000000, 27999999, 29000000,
                44999999, 1034000000, APR_INT64_MAX, APR_INT64_MIN } } };

    assert_kinds(nobodys, 1);
}

static void the_token_calls_codes_mean_nothing_to_coupons(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10002, ""), DYGW_REPLY_REQUEST);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10003, ""), DYGW_REPLY_SETUP);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10013, ""), DYGW_REPLY_SETUP);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10020, ""), DYGW_REPLY_BUSY);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 10002, ""), DYGW_REPLY_SETUP);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 10020, ""), DYGW_REPLY_SETUP);
}

static void a_text_that_says_try_again_is_believed_of_a_coupons_number(DYGW_UNUSED void **state)
{
    static const char *const texts[] = { "服务器错误,请稍后重试",
                                         "您的访问过于频繁,请稍后重试",
                                         "系统繁忙，请稍候再试",
                                         "请稍后查看",
                                         "操作频繁",
                                         "服务繁忙" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
            assert_int_equal(dygw_douyin_classify(calls[c], 3000001, texts[i]), DYGW_REPLY_BUSY);
            assert_int_equal(dygw_douyin_classify(calls[c], 1212, texts[i]), DYGW_REPLY_BUSY);
        }
    }
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 3000001, "已超过可撤销时限"), DYGW_REPLY_COUPON);
    /* A number whose meaning is known goes before the text. */
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 1508, "请稍后重试"), DYGW_REPLY_SETUP);
}

static void of_a_number_nobody_knows_the_text_goes_before_the_range(DYGW_UNUSED void **state)
{
    static const apr_int64_t numbers[] = { 1999, 2119099, 28001099, 987654321, -7 };

    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            assert_int_equal(dygw_douyin_classify(calls[c], numbers[i], "系统繁忙"), DYGW_REPLY_BUSY);
            assert_int_equal(dygw_douyin_classify(calls[c], numbers[i], "access_token无效"), DYGW_REPLY_TOKEN);
        }
        assert_int_equal(dygw_douyin_classify(calls[c], 1508, "access_token"), DYGW_REPLY_SETUP);
    }
}

static void a_quota_wants_rest_and_other_busy_codes_do_not(DYGW_UNUSED void **state)
{
    assert_true(dygw_douyin_wants_rest(2190001));
    assert_true(dygw_douyin_wants_rest(28003017));
    assert_false(dygw_douyin_wants_rest(2119003));
    assert_false(dygw_douyin_wants_rest(0));
}

/* --- addresses --- */

static int is_public(const char *text)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct sockaddr_in v4 = { .sin_family = AF_INET };

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        return dygw_douyin_address_is_public((struct sockaddr *)&v4);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return dygw_douyin_address_is_public((struct sockaddr *)&v6);
}

/* --- series --- */

static void assert_words(int series, const char *code, const char *kind, apr_pool_t *pool)
{
    const char *code_of, *kind_of;

    assert_true(series < DYGW_REFUSAL_CODES);
    assert_true(dygw_douyin_series_words(series, &code_of, &kind_of, pool));
    assert_string_equal(code_of, code);
    assert_string_equal(kind_of, kind);
}

static void each_code_has_its_series_and_all_others_one_a_class(DYGW_UNUSED void **state)
{
    static const char *const expected[][2] = {
        { "2190004", "setup" },     { "2119003", "busy" },    { "1502", "request" },   { "1229", "review" },
        { "2190008", "token" },     { "10013", "setup" },     { "1208", "coupon" },    { "3000001", "coupon" },
        { "1212", "coupon" },       { "45005117", "coupon" }, { "2119006", "coupon" }, { "2119007", "coupon" },
        { "1033000519", "coupon" }, { "2119013", "setup" },   { "28001008", "token" }, { "28003017", "busy" },
    };
    const char *code, *kind;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        /* Under its number, whatever it was taken for. */
        assert_words(dygw_douyin_code_series(apr_atoi64(expected[i][0]), DYGW_REPLY_BUSY), expected[i][0],
                     expected[i][1], pool);
    }
    assert_words(dygw_douyin_code_series(987654321, DYGW_REPLY_SETUP), "other", "setup", pool);
    assert_words(dygw_douyin_code_series(1999, DYGW_REPLY_COUPON), "other", "coupon", pool);
    assert_words(dygw_douyin_code_series(-1, DYGW_REPLY_BUSY), "other", "busy", pool);
    assert_false(dygw_douyin_series_words(DYGW_REFUSAL_CODES, &code, &kind, pool));
    apr_pool_destroy(pool);
    apr_terminate();
}

static void no_code_has_two_series(DYGW_UNUSED void **state)
{
    const char *code, *kind;
    apr_pool_t *pool;
    int series;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (series = 0; dygw_douyin_series_words(series, &code, &kind, pool) && strcmp(code, "other") != 0; series++) {
        assert_int_equal(dygw_douyin_code_series(apr_atoi64(code), DYGW_REPLY_SETUP), series);
        assert_true(dygw_douyin_is_known(apr_atoi64(code)));
    }
    assert_true(series > 70);
    apr_pool_destroy(pool);
    apr_terminate();
}

static void only_numbers_of_the_platform_are_counted_as_themselves(DYGW_UNUSED void **state)
{
    static const apr_int64_t yes[] = { 2119099, 2100099, 2190099, 28001099, 28003099, 28004099 };
    static const apr_int64_t no[] = { 987654321, 1999, 5000002, 4000003, 45000001, -1, 0 };

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(dygw_douyin_is_platform(yes[i]));
        assert_false(dygw_douyin_is_known(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_false(dygw_douyin_is_platform(no[i]));
    }
    assert_string_equal(dygw_douyin_range_word(2119099), "setup");
    assert_string_equal(dygw_douyin_range_word(28004099), "request");
}

static void addresses_of_the_internet_are_public(DYGW_UNUSED void **state)
{
    static const char *const addresses[]
        = { "1.1.1.1",         "8.8.8.8",          "9.255.255.255",        "11.0.0.0",
            "100.63.255.255",  "100.128.0.0",      "126.255.255.255",      "128.0.0.0",
            "169.253.255.255", "169.255.0.0",      "172.15.255.255",       "172.32.0.0",
            "192.167.255.255", "192.169.0.0",      "198.17.255.255",       "198.20.0.0",
            "223.255.255.255", "2400:3200::1",     "2606:4700:4700::1111", "2001:4860:4860::8888",
            "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", "2002:808:808::1",      "3ffe:ffff::1" };

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (!is_public(addresses[i])) {
            fail_msg("%s is public", addresses[i]);
        }
    }
}

static void private_and_special_addresses_are_not_public(DYGW_UNUSED void **state)
{
    static const char *const addresses[] = { "0.0.0.0",
                                             "0.255.255.255",
                                             "10.0.0.0",
                                             "10.255.255.255",
                                             "100.64.0.0",
                                             "100.127.255.255",
                                             "127.0.0.1",
                                             "127.255.255.255",
                                             "169.254.169.254",
                                             "172.16.0.0",
                                             "172.31.255.255",
                                             "192.0.0.1",
                                             "192.0.2.1",
                                             "192.88.99.1",
                                             "192.168.0.0",
                                             "192.168.255.255",
                                             "198.18.0.0",
                                             "198.19.255.255",
                                             "198.51.100.7",
                                             "203.0.113.7",
                                             "224.0.0.1",
                                             "239.255.255.255",
                                             "240.0.0.1",
                                             "255.255.255.255",
                                             "::",
                                             "::1",
                                             "::127.0.0.1",
                                             "::ffff:127.0.0.1",
                                             "::ffff:10.1.2.3",
                                             "::ffff:169.254.169.254",
                                             "64:ff9b::10.0.0.1",
                                             "64:ff9b:1::1",
                                             "100::1",
                                             "2001::1",
                                             "2001:db8::1",
                                             "2001:10::1",
                                             "2002:a00:1::1",
                                             "2002:7f00:1::",
                                             "3fff::1",
                                             "4000::1",
                                             "fc00::1",
                                             "fd12:3456::1",
                                             "fe80::1",
                                             "fec0::1",
                                             "ff02::1",
                                             "ffff::1" };

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (is_public(addresses[i])) {
            fail_msg("%s is not public", addresses[i]);
        }
    }
}

static void other_families_are_not_public(DYGW_UNUSED void **state)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };

    assert_false(dygw_douyin_address_is_public((struct sockaddr *)&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_its_class_in_every_call),
        cmocka_unit_test(zero_is_success_whatever_the_description),
        cmocka_unit_test(a_number_nobody_knows_is_what_its_range_is),
        cmocka_unit_test(a_number_of_no_range_is_never_the_coupons),
        cmocka_unit_test(the_token_calls_codes_mean_nothing_to_coupons),
        cmocka_unit_test(a_text_that_says_try_again_is_believed_of_a_coupons_number),
        cmocka_unit_test(of_a_number_nobody_knows_the_text_goes_before_the_range),
        cmocka_unit_test(a_quota_wants_rest_and_other_busy_codes_do_not),
        cmocka_unit_test(each_code_has_its_series_and_all_others_one_a_class),
        cmocka_unit_test(no_code_has_two_series),
        cmocka_unit_test(only_numbers_of_the_platform_are_counted_as_themselves),
        cmocka_unit_test(addresses_of_the_internet_are_public),
        cmocka_unit_test(private_and_special_addresses_are_not_public),
        cmocka_unit_test(other_families_are_not_public),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("douyin_codes", tests, NULL, NULL);
}
