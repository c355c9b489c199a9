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
#include "douyin/douyin.h"
#include "util/compiler.h"

typedef struct expected_t {
    dygw_reply_class_e kind;
    apr_int64_t codes[16];      /* ends with 0 */
} expected_t;

static const expected_t everywhere[] = {
    { DYGW_REPLY_TOKEN, { 2190002, 2190008 } },
    { DYGW_REPLY_BUSY, { 2100001, 2100004, 2119002, 2119003, 5000001, 6001001 } },
    { DYGW_REPLY_REVIEW, { 1229 } },
    { DYGW_REPLY_SETUP, { 1508, 2119005, 2119008, 2119010, 2190004, 2100007, 3000004 } },
    { DYGW_REPLY_REQUEST, { 1502, 2100005, 2119001, 200002, 4000001, 4000002 } },
    { DYGW_REPLY_COUPON,
      { 1208, 2, 1212, 1221, 1228, 1241, 1250, 1263, 1265, 2119006, 2119007, 3000001, 3000002,
        45005117, 1033000519 } }
};

static void each_code_has_its_class_in_every_call(DYGW_UNUSED void **state)
{
    static const dygw_call_e calls[] = { DYGW_CALL_PREPARE, DYGW_CALL_VERIFY, DYGW_CALL_OTHER };

    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
            for (const apr_int64_t *code = everywhere[i].codes; *code; code++) {
                if (dygw_douyin_classify(calls[c], *code, "x") != everywhere[i].kind) {
                    fail_msg("code %ld in call %d", (long)*code, (int)calls[c]);
                }
            }
        }
    }
}

static void zero_is_success_whatever_the_description(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 0, ""), DYGW_REPLY_OK);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 0, "请稍后重试"), DYGW_REPLY_OK);
}

static void a_code_nobody_knows_is_about_the_coupon(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_PREPARE, 987654321, ""), DYGW_REPLY_COUPON);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, -7, ""), DYGW_REPLY_COUPON);
}

static void the_token_calls_codes_mean_nothing_to_coupons(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10002, ""), DYGW_REPLY_REQUEST);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10003, ""), DYGW_REPLY_SETUP);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10013, ""), DYGW_REPLY_SETUP);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_OTHER, 10020, ""), DYGW_REPLY_BUSY);
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 10003, ""), DYGW_REPLY_COUPON);
}

static void verify_believes_a_text_that_says_try_again(DYGW_UNUSED void **state)
{
    static const char *const texts[]
        = { "服务器错误,请稍后重试", "您的访问过于频繁,请稍后重试", "系统繁忙，请稍候再试" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 3000001, texts[i]),
                         DYGW_REPLY_BUSY);
        assert_int_equal(dygw_douyin_classify(DYGW_CALL_PREPARE, 3000001, texts[i]),
                         DYGW_REPLY_COUPON);
    }
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 3000001, "已超过可撤销时限"),
                     DYGW_REPLY_COUPON);
    /* A number whose meaning is known goes before the text. */
    assert_int_equal(dygw_douyin_classify(DYGW_CALL_VERIFY, 1508, "请稍后重试"), DYGW_REPLY_SETUP);
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

static void each_code_has_its_series_and_all_others_one(DYGW_UNUSED void **state)
{
    static const char *const expected[][2] = {
        { "2190004", "setup" }, { "2119003", "busy" }, { "1502", "request" }, { "1229", "review" },
        { "2190008", "token" }, { "10013", "setup" }, { "1208", "coupon" }, { "3000001", "coupon" }
    };
    int others = dygw_douyin_code_series(987654321);
    const char *code, *kind;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        int series = dygw_douyin_code_series(apr_atoi64(expected[i][0]));

        assert_true(series < others);
        assert_true(dygw_douyin_series_words(series, &code, &kind, pool));
        assert_string_equal(code, expected[i][0]);
        assert_string_equal(kind, expected[i][1]);
    }
    assert_int_equal(dygw_douyin_code_series(-1), others);
    assert_true(dygw_douyin_series_words(others, &code, &kind, pool));
    assert_string_equal(code, "other");
    assert_false(dygw_douyin_series_words(others + 1, &code, &kind, pool));
    apr_pool_destroy(pool);
    apr_terminate();
}

static void no_code_has_two_series(DYGW_UNUSED void **state)
{
    const char *code, *kind;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (int i = 0; i < dygw_douyin_code_series(-1); i++) {
        assert_true(dygw_douyin_series_words(i, &code, &kind, pool));
        assert_int_equal(dygw_douyin_code_series(apr_atoi64(code)), i);
    }
    apr_pool_destroy(pool);
    apr_terminate();
}

static void addresses_of_the_internet_are_public(DYGW_UNUSED void **state)
{
    static const char *const addresses[]
        = { "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
            "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
            "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
            "223.255.255.255", "2400:3200::1", "2606:4700:4700::1111", "2001:4860:4860::8888",
            "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "3ffe:ffff::1" };

    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (!is_public(addresses[i])) {
            fail_msg("%s is public", addresses[i]);
        }
    }
}

static void private_and_special_addresses_are_not_public(DYGW_UNUSED void **state)
{
    static const char *const addresses[]
        = { "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0",
            "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.0",
            "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.0",
            "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.7",
            "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
            "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2001:10::1",
            "2002:a00:1::1", "2002:7f00:1::", "3fff::1", "4000::1", "fc00::1", "fd12:3456::1",
            "fe80::1", "fec0::1", "ff02::1", "ffff::1" };

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
        cmocka_unit_test(a_code_nobody_knows_is_about_the_coupon),
        cmocka_unit_test(the_token_calls_codes_mean_nothing_to_coupons),
        cmocka_unit_test(verify_believes_a_text_that_says_try_again),
        cmocka_unit_test(each_code_has_its_series_and_all_others_one),
        cmocka_unit_test(no_code_has_two_series),
        cmocka_unit_test(addresses_of_the_internet_are_public),
        cmocka_unit_test(private_and_special_addresses_are_not_public),
        cmocka_unit_test(other_families_are_not_public),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("douyin_codes", tests, NULL, NULL);
}
