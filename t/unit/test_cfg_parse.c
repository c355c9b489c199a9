/* SPDX-License-Identifier: Apache-2.0
 * Parsers of directives' values, as tables of what they take and what they refuse.
 * links: cfg/parse.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include <httpd.h>

#include "cfg/parse.h"
#include "util/compiler.h"

#define DIRECTIVE "DygwTest"
#define SECRET    "hunter2"

#define MIN_TIMEOUT   apr_time_from_msec(1)
#define MAX_TIMEOUT   apr_time_from_sec(60)
#define MIN_RETENTION apr_time_from_sec(7 * 86400)
#define MAX_RETENTION apr_time_from_sec(APR_INT64_C(36500) * 86400)

static dygw_parse_t parser;

static int make_pool(DYGW_UNUSED void **state)
{
    parser.directive = DIRECTIVE;
    return apr_pool_create(&parser.pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static int destroy_pool(DYGW_UNUSED void **state)
{
    apr_pool_destroy(parser.pool);
    return 0;
}

/* httpd's, as far as these tests need it. */
apr_status_t ap_timeout_parameter_parse(const char *text, apr_interval_time_t *timeout, const char *unit)
{
    char *end;
    apr_int64_t number = apr_strtoi64(text, &end, 10);

    unit = *end ? end : unit;
    if (strcmp(unit, "s") == 0) {
        *timeout = apr_time_from_sec(number);
    }
    else if (strcmp(unit, "ms") == 0) {
        *timeout = apr_time_from_msec(number);
    }
    else {
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

/* A message says which directive, and says more than that. */
static void assert_refused(const char *error)
{
    assert_non_null(error);
    assert_int_equal(strncmp(error, DIRECTIVE ": ", strlen(DIRECTIVE ": ")), 0);
    assert_true(strlen(error) > 40);
}

typedef const char *text_parser_fn(const dygw_parse_t *p, const char *arg, const char **value);

typedef struct text_case_t {
    const char *arg;
    const char *value; /* NULL: refused */
} text_case_t;

static void check_texts(text_parser_fn *parse, const text_case_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = NULL;
        const char *error = parse(&parser, cases[i].arg, &value);

        if (cases[i].value) {
            assert_null(error);
            assert_string_equal(value, cases[i].value);
        }
        else {
            assert_refused(error);
        }
    }
}
#define CHECK_TEXTS(parse, cases) check_texts(parse, cases, sizeof cases / sizeof *cases)

static void upstream_is_https_or_loopback(DYGW_UNUSED void **state)
{
    static const text_case_t cases[] = {
        { "https://open.douyin.com", "https://open.douyin.com" },
        { "https://open.douyin.com/", "https://open.douyin.com" },
        { "HTTPS://open.douyin.com:8443//", "HTTPS://open.douyin.com:8443" },
        { "https://example.test/sub/path/", "https://example.test/sub/path" },
        { "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
        { "http://127.255.255.254", "http://127.255.255.254" },
        { "http://localhost:8080/x/", "http://localhost:8080/x" },
        { "http://LocalHost", "http://LocalHost" },
        { "http://[::1]:8080", "http://[::1]:8080" },
        { "https://[2001:db8::1]", "https://[2001:db8::1]" },
        { "http://open.douyin.com", NULL },
        { "http://127.0.0.1.example.test", NULL },
        { "http://127.1", NULL },
        { "http://128.0.0.1", NULL },
        { "http://[::2]", NULL },
        { "http://localhost.example.test", NULL },
        { "open.douyin.com", NULL },
        { "//open.douyin.com", NULL },
        { "ftp://open.douyin.com", NULL },
        { "https://", NULL },
        { "https:///path", NULL },
        { "", NULL },
        { "https://exa mple.test", NULL },
        { "https://example.test\r\nX: y", NULL },
        { "https://example.test\\@other.test", NULL },
        { "https://exa_mple.test", NULL },
        { "https://.example.test", NULL },
        { "https://example..test", NULL },
        { "https://[::g]", NULL },
        { "https://example.test:0", NULL },
        { "https://example.test:65536", NULL },
        { "https://example.test:4x3", NULL },
        { "https://example.test/?a=b", NULL },
        { "https://example.test/#a", NULL },
        { "https://user@example.test", NULL },
        { "\xE6\x8A\x96", NULL },
    };

    CHECK_TEXTS(dygw_parse_upstream, cases);
}

static void urls_with_passwords_are_never_quoted(DYGW_UNUSED void **state)
{
    static const char *const args[] = { "https://u:" SECRET "@example.test", "http://" SECRET "@127.0.0.1" };
    static const char *const proxies[] = { "ftp://u:" SECRET "@p", "u:" SECRET "@p:1",        "http://u:" SECRET "@p/x",
                                           "http://u:" SECRET "@", "http://u:" SECRET "@p:x", "http://" SECRET " @p" };
    const char *url;

    for (size_t i = 0; i < sizeof args / sizeof *args; i++) {
        const char *error = dygw_parse_upstream(&parser, args[i], &url);

        assert_refused(error);
        assert_null(strstr(error, SECRET));
    }
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
        const char *error = dygw_parse_proxy(&parser, proxies[i], &url);

        assert_refused(error);
        assert_null(strstr(error, SECRET));
    }
}

static void a_proxy_needs_a_scheme_that_is_known(DYGW_UNUSED void **state)
{
    static const text_case_t cases[] = {
        { "http://proxy.example.test:3128", "http://proxy.example.test:3128" },
        { "http://proxy.example.test:3128/", "http://proxy.example.test:3128/" },
        { "https://user:pass@proxy.example.test", "https://user:pass@proxy.example.test" },
        { "socks5://10.0.0.1:1080", "socks5://10.0.0.1:1080" },
        { "socks5h://proxy:1080", "socks5h://proxy:1080" },
        { "proxy:3128", NULL },
        { "proxy", NULL },
        { "ftp://proxy", NULL },
        { "http://proxy/path", NULL },
        { "", NULL },
    };

    CHECK_TEXTS(dygw_parse_proxy, cases);
}

static void link_hosts_are_names_wildcards_or_test_origins(DYGW_UNUSED void **state)
{
    static const text_case_t cases[] = {
        { "v.douyin.com", "v.douyin.com" },
        { "V.Douyin.COM", "v.douyin.com" },
        { "*.douyin.com", "*.douyin.com" },
        { "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
        { "http://Short.Test:80", "http://short.test:80" },
        { "*", NULL },
        { "*.", NULL },
        { "*.com", NULL },
        { "*douyin.com", NULL },
        { "v.*.com", NULL },
        { "localhost", NULL },
        { "v.douyin.com:443", NULL },
        { "v.douyin.com/", NULL },
        { ".douyin.com", NULL },
        { "douyin.com.", NULL },
        { "https://v.douyin.com", NULL },
        { "https://v.douyin.com:443", NULL },
        { "http://v.douyin.com", NULL },
        { "http://v.douyin.com:80/", NULL },
        { "http://u@v.douyin.com:80", NULL },
        { "http://*.douyin.com:80", NULL },
        { "", NULL },
    };

    CHECK_TEXTS(dygw_parse_link_host, cases);
}

static void header_names_are_words(DYGW_UNUSED void **state)
{
    static const text_case_t cases[] = {
        { "X-XTJ-UID", "X-XTJ-UID" },
        { "Remote_User2", "Remote_User2" },
        { "X User", NULL },
        { "X-User:", NULL },
        { "X\r\nY", NULL },
        { "", NULL },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
    };

    CHECK_TEXTS(dygw_parse_header, cases);
}

static void identifiers_have_a_character_set_and_a_length(DYGW_UNUSED void **state)
{
    const char *id;

    assert_null(dygw_parse_id(&parser, "aw05az2qjv000000", 16, &id));
    assert_string_equal(id, "aw05az2qjv000000");
    assert_refused(dygw_parse_id(&parser, "aw05az2qjv0000001", 16, &id));
    assert_refused(dygw_parse_id(&parser, "", 16, &id));
    assert_refused(dygw_parse_id(&parser, "a b", 16, &id));
    assert_refused(dygw_parse_id(&parser, "a'b", 16, &id));
}

static void integers_keep_to_their_range(DYGW_UNUSED void **state)
{
    static const char *const bad[] = {
        "9", "101", "-10", "+10", " 10", "10 ", "0x10", "1e2", "", "ten", "99999999999999999999",
    };
    apr_int64_t n;

    assert_null(dygw_parse_int(&parser, "10", 10, 100, &n));
    assert_int_equal(n, 10);
    assert_null(dygw_parse_int(&parser, "100", 10, 100, &n));
    assert_int_equal(n, 100);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(dygw_parse_int(&parser, bad[i], 10, 100, &n));
    }
}

static void times_keep_to_their_range(DYGW_UNUSED void **state)
{
    static const char *const bad[] = { "0", "0s",   "61s", "60001ms",         "-1s", "+1s",  "",
                                       "s", "soon", "1x",  "99999999999999s", "d",   "1day", "9999999d" };
    apr_interval_time_t t;

    assert_null(dygw_parse_time(&parser, "2s", MIN_TIMEOUT, MAX_TIMEOUT, &t));
    assert_int_equal(t, apr_time_from_sec(2));
    assert_null(dygw_parse_time(&parser, "2", MIN_TIMEOUT, MAX_TIMEOUT, &t));
    assert_int_equal(t, apr_time_from_sec(2));
    assert_null(dygw_parse_time(&parser, "1ms", MIN_TIMEOUT, MAX_TIMEOUT, &t));
    assert_int_equal(t, 1000);
    assert_null(dygw_parse_time(&parser, "30d", MIN_RETENTION, MAX_RETENTION, &t));
    assert_int_equal(t, apr_time_from_sec(30 * 86400));
    assert_refused(dygw_parse_time(&parser, "6d", MIN_RETENTION, MAX_RETENTION, &t));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(dygw_parse_time(&parser, bad[i], MIN_TIMEOUT, MAX_TIMEOUT, &t));
    }
}

static void counts_and_bytes_are_numbers(DYGW_UNUSED void **state)
{
    int count = 0;
    apr_off_t bytes = 0;

    assert_null(dygw_parse_count(&parser, "100", 10, 100, &count));
    assert_int_equal(count, 100);
    assert_refused(dygw_parse_count(&parser, "101", 10, 100, &count));
    assert_refused(dygw_parse_count(&parser, "off", 10, 100, &count));
    assert_null(dygw_parse_bytes(&parser, "99999999999", 10, 99999999999, &bytes));
    assert_int_equal(bytes, 99999999999);
    assert_refused(dygw_parse_bytes(&parser, "9", 10, 100, &bytes));
}

static void what_may_be_off_says_so(DYGW_UNUSED void **state)
{
    int count = 1;
    apr_interval_time_t t = 1;

    assert_null(dygw_parse_count_or_off(&parser, "Off", 10, 100, &count));
    assert_int_equal(count, 0);
    assert_null(dygw_parse_count_or_off(&parser, "10", 10, 100, &count));
    assert_int_equal(count, 10);
    assert_string_equal(dygw_parse_count_or_off(&parser, "9", 10, 100, &count),
                        "DygwTest: '9' is not a number from 10 to 100, nor off");
    assert_null(dygw_parse_time_or_off(&parser, "oFF", MIN_RETENTION, MAX_RETENTION, &t));
    assert_int_equal(t, 0);
    assert_null(dygw_parse_time_or_off(&parser, "7d", MIN_RETENTION, MAX_RETENTION, &t));
    assert_int_equal(t, apr_time_from_sec(7 * 86400));
    assert_string_equal(dygw_parse_time_or_off(&parser, "6d", MIN_RETENTION, MAX_RETENTION, &t),
                        "DygwTest: '6d' is out of range: give a time from 7d to 36500d, or off");
}

static void words_are_listed_when_an_unknown_one_is_given(DYGW_UNUSED void **state)
{
    static const char *const words[] = { "stable", "client", NULL };
    const char *error;
    int index = -1;

    assert_null(dygw_parse_word(&parser, "stable", words, &index));
    assert_int_equal(index, 0);
    assert_null(dygw_parse_word(&parser, "CLIENT", words, &index));
    assert_int_equal(index, 1);
    error = dygw_parse_word(&parser, "clint", words, &index);
    assert_refused(error);
    assert_non_null(strstr(error, "'clint'"));
    assert_non_null(strstr(error, "stable or client"));
}

static void offsets_are_minutes_east(DYGW_UNUSED void **state)
{
    static const struct {
        const char *arg;
        int minutes;
    } good[] = { { "+08:00", 480 }, { "-03:30", -210 }, { "+00:00", 0 }, { "-12:00", -720 }, { "+14:00", 840 } };
    static const char *const bad[] = { "8", "+8:00", "08:00",         "+08:60", "+14:01", "-12:01", "+24:00",
                                       "Z", "",      "Asia/Shanghai", "+0800",  "+08:0x", "+-8:00", "+08:000" };
    int minutes;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_null(dygw_parse_offset(&parser, good[i].arg, &minutes));
        assert_int_equal(minutes, good[i].minutes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(dygw_parse_offset(&parser, bad[i], &minutes));
    }
}

static void codes_have_a_least_length_too(DYGW_UNUSED void **state)
{
    const char *code = NULL;

    assert_null(dygw_parse_code(&parser, "a-B_9xyz", 8, 9, &code));
    assert_string_equal(code, "a-B_9xyz");
    assert_refused(dygw_parse_code(&parser, "a-B_9xy", 8, 9, &code));
    assert_refused(dygw_parse_code(&parser, "a-B_9xyz01", 8, 9, &code));
    assert_refused(dygw_parse_code(&parser, "a-B.9xyz", 8, 9, &code));
    assert_refused(dygw_parse_code(&parser, "", 1, 9, &code));
}

static void names_are_utf8_counted_in_characters(DYGW_UNUSED void **state)
{
    const char *name = NULL;

    assert_null(dygw_parse_name(&parser, "\u5E38\u719F\u8DEF", 3, &name));
    assert_string_equal(name, "\u5E38\u719F\u8DEF");
    assert_refused(dygw_parse_name(&parser, "\u5E38\u719F\u8DEF\u5E97", 3, &name));
    assert_refused(dygw_parse_name(&parser, "", 3, &name));
    assert_refused(dygw_parse_name(&parser, "a\tb", 3, &name));
    assert_refused(dygw_parse_name(&parser, "\xB5\xEA", 3, &name));
}

static void a_rate_has_a_burst_or_is_off(DYGW_UNUSED void **state)
{
    int rate = -1, burst = -1;

    assert_null(dygw_parse_rate(&parser, "50", "1000000", &rate, &burst));
    assert_int_equal(rate, 50);
    assert_int_equal(burst, 1000000);
    assert_null(dygw_parse_rate(&parser, "OFF", NULL, &rate, &burst));
    assert_int_equal(rate, 0);
    assert_int_equal(burst, 0);
    assert_refused(dygw_parse_rate(&parser, "50", NULL, &rate, &burst));
    assert_refused(dygw_parse_rate(&parser, "off", "1", &rate, &burst));
    assert_refused(dygw_parse_rate(&parser, "1", "0", &rate, &burst));
    assert_refused(dygw_parse_rate(&parser, "1", "1000001", &rate, &burst));
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, make_pool, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(upstream_is_https_or_loopback),
        WITH_POOL(urls_with_passwords_are_never_quoted),
        WITH_POOL(a_proxy_needs_a_scheme_that_is_known),
        WITH_POOL(link_hosts_are_names_wildcards_or_test_origins),
        WITH_POOL(header_names_are_words),
        WITH_POOL(identifiers_have_a_character_set_and_a_length),
        WITH_POOL(codes_have_a_least_length_too),
        WITH_POOL(names_are_utf8_counted_in_characters),
        WITH_POOL(a_rate_has_a_burst_or_is_off),
        WITH_POOL(integers_keep_to_their_range),
        WITH_POOL(times_keep_to_their_range),
        WITH_POOL(counts_and_bytes_are_numbers),
        WITH_POOL(what_may_be_off_says_so),
        WITH_POOL(words_are_listed_when_an_unknown_one_is_given),
        WITH_POOL(offsets_are_minutes_east),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("cfg_parse", tests, NULL, NULL);
}
