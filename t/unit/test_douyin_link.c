/* SPDX-License-Identifier: Apache-2.0
 * What a scanner read: which shapes lead to an object_id, and all that must not be followed.
 * links: douyin/address.c douyin/certificate.c douyin/client.c douyin/codes.c douyin/envelope.c
 * links: douyin/http_call.c douyin/http_easy.c douyin/http_handles.c douyin/http_outcome.c
 * links: douyin/link.c douyin/link_hosts.c douyin/prepare.c douyin/records.c
 * links: douyin/token.c douyin/verify.c
 * helpers: loopback.c upstream.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/upstream.h"
#include "util/compiler.h"

#define LONG_LINK "https://www.iesdouyin.com/share/commerce/coupon/I0ZwZ/?schema_type=13&object_id="
#define ID \
    "I0ZwZEZpb2U1N0pjQVZxS2NJRTFSQW5WK1c4bmxvbnNWdUQ2" \
    "Wk85Y1N0eHpRUFpMMmZwNTdFM2NKeWlFNDM2QT0"
#define REDIRECT(status, location) \
    { \
        LOOPBACK_ANSWER, "HTTP/1.1 " status " Moved\r\nLocation: " location "\r\n" \
                         "Content-Length: 0\r\n\r\n" \
    }
#define STATUS(status) \
    { \
        LOOPBACK_ANSWER, "HTTP/1.1 " status " Text\r\nContent-Length: 4\r\n\r\ntext" \
    }

static const char *found;
static const char *why;

static dygw_link_e resolve(upstream_t *u, const char *link)
{
    return dygw_douyin_short_link(u->douyin, link, &found, &why, &u->log, u->pool);
}

static void serve_links(upstream_t *u, const loopback_step_t *steps, int count)
{
    u->server = loopback_start(steps, count);
    APR_ARRAY_PUSH(u->config.link_hosts, const char *)
        = apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_port(u->server));
    upstream_connect(u, "https://open.douyin.com");
}

/* A client whose connections all go to a server, so that it can tell that there were none. */
static void connect_under_watch(upstream_t *u)
{
    static const loopback_step_t refusal = STATUS("403");

    u->server = loopback_start(&refusal, 1);
    u->config.proxy = apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_port(u->server));
    upstream_connect(u, "https://open.douyin.com");
}

#define SERVE(u, ...) \
    do { \
        static const loopback_step_t steps_of_test[] = { __VA_ARGS__ }; \
        serve_links((u), steps_of_test, (int)(sizeof steps_of_test / sizeof *steps_of_test)); \
    } while (0)

/* One of its own, to be given to upstream_teardown, whose server redirects to the location. */
static upstream_t *redirecting_to(void **own, const char *location)
{
    loopback_step_t *step;
    upstream_t *u;

    assert_int_equal(upstream_setup(own), 0);
    u = *own;
    step = apr_palloc(u->pool, sizeof(*step));
    *step = (loopback_step_t){ LOOPBACK_ANSWER, apr_psprintf(u->pool,
                                                             "HTTP/1.1 302 Found\r\nLocation: %s\r\n"
                                                             "Content-Length: 0\r\n\r\n",
                                                             location) };
    serve_links(u, step, 1);
    return u;
}

/* The answers' short link. */
static const char *short_link(upstream_t *u)
{
    return apr_psprintf(u->pool, "http://127.0.0.1:%d/s/eHHc1ft", loopback_port(u->server));
}

static void assert_refused(upstream_t *u, const char *link, dygw_link_e as)
{
    if (resolve(u, link) != as) {
        fail_msg("'%s' was not refused", link);
    }
    assert_null(found);
    assert_non_null(why);
    assert_string_not_equal(why, "");
    assert_null(strstr(why, "://"));
}

static void assert_bad(upstream_t *u, const char *link)
{
    assert_refused(u, link, DYGW_LINK_BAD);
}

/* --- long links, without a request --- */

typedef struct shape_t {
    const char *link;
    const char *object_id;
} shape_t;

static void a_long_link_on_an_allowed_host_needs_no_request(void **state)
{
    static const shape_t shapes[] = {
        { LONG_LINK ID "&utm_campaign=client_scan_share&iid=", ID },
        { LONG_LINK ID, ID },
        { "https://v.douyin.com/?object_id=A", "A" },
        { "https://v.douyin.com?object_id=A", "A" },
        { "HTTPS://V.Douyin.COM/x?object_id=A", "A" },
        { "https://v.douyin.com:443/x?object_id=A", "A" },
        { "https://a.b.douyin.com/x?object_id=A#fragment", "A" },
        { "https://v.douyin.com/x?object_id=&object_id=B", "B" },
        { "https://v.douyin.com/x?a=b&&object_id=A", "A" },
        { "https://v.douyin.com/x?xobject_id=N&object_id=A", "A" },
        { " \t\r\nhttps://v.douyin.com/x?object_id=A \r\n\001\177", "A" },
    };
    upstream_t *u = *state;

    connect_under_watch(u);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (resolve(u, shapes[i].link) != DYGW_LINK_OK || strcmp(found, shapes[i].object_id) != 0) {
            fail_msg("'%s'", shapes[i].link);
        }
    }
    assert_int_equal(loopback_connections(u->server), 0);
}

static void object_id_is_decoded_exactly_once(void **state)
{
    static const shape_t shapes[] = {
        { LONG_LINK "a%2Bb%2Fc%3D%3d", "a+b/c==" },
        { LONG_LINK "a+b/c==", "a+b/c==" },
        { LONG_LINK "a%252Bb", "a%2Bb" },
        { LONG_LINK "%26x%3Dy", "&x=y" },
    };
    upstream_t *u = *state;

    upstream_connect(u, "https://open.douyin.com");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        assert_int_equal(resolve(u, shapes[i].link), DYGW_LINK_OK);
        assert_string_equal(found, shapes[i].object_id);
    }
}

static void an_object_id_that_douyin_cannot_have_given_is_refused(void **state)
{
    static const char *const values[]
        = { "a%20b", "a%0Db", "a%0a", "%00", "a%00b", "a%", "a%zz", "%E6%B5%8B", "a%7Fb", "\xE6\xB5\x8B" };
    upstream_t *u = *state;
    char long_value[2050];

    upstream_connect(u, "https://open.douyin.com");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_bad(u, apr_pstrcat(u->pool, LONG_LINK, values[i], NULL));
    }
    memset(long_value, 'a', sizeof long_value);
    long_value[2049] = '\0';
    assert_bad(u, apr_pstrcat(u->pool, LONG_LINK, long_value, NULL));
    long_value[2048] = '\0';
    assert_int_equal(resolve(u, apr_pstrcat(u->pool, LONG_LINK, long_value, NULL)), DYGW_LINK_OK);
}

static void what_is_no_link_to_an_allowed_host_is_refused_without_a_request(void **state)
{
    static const char *const links[] = {
        "",
        " ",
        "102539929601",
        "hello world",
        "v.douyin.com/eHHc1ft/",
        "//v.douyin.com/x",
        "https://",
        "https:///x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://v.douyin.com/x?object_id=A",
        "http://v.douyin.com/x?object_id=A",
        "https://example.com/?object_id=A",
        "https://douyin.com/x?object_id=A",
        "https://evildouyin.com/?object_id=A",
        "https://v.douyin.com.evil.com/?object_id=A",
        "https://v.douyin.com./x?object_id=A",
        "https://.douyin.com/x?object_id=A",
        "https://v.douyin.com:8443/x?object_id=A",
        "https://v.douyin.com:80/x?object_id=A",
        "https://user@v.douyin.com/x?object_id=A",
        "https://user:pw@v.douyin.com/x?object_id=A",
        "https://v.douyin.com@evil.com/?object_id=A",
        "https://\xA6v.douyin.com/?object_id=A",
        "https://%www.iesdouyin.com/?object_id=A",
        "https://evil.com\\@v.douyin.com/?object_id=A",
        "https://evil.com\\.douyin.com/?object_id=A",
        "https://evil.com#.douyin.com/?object_id=A",
        "https://evil.com?.douyin.com/&object_id=A",
        "https://evil.com%2F.douyin.com/?object_id=A",
        "https://v.douyin.com /x?object_id=A",
        "https://v.douyin.com/x\r\n?object_id=A",
        "https://v.douyin.com/a b?object_id=A",
        "https://127.0.0.1/x?object_id=A",
        "https://[::1]/x?object_id=A",
        "https://2130706433/x?object_id=A",
        "https://localhost/x?object_id=A",
    };
    upstream_t *u = *state;

    connect_under_watch(u);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        assert_bad(u, links[i]);
    }
    assert_int_equal(loopback_connections(u->server), 0);
    assert_null(strstr(upstream_logged(), "DYGW0511"));
}

/* --- redirects --- */

static void a_redirect_that_carries_object_id_is_not_fetched(void **state)
{
    static const char *const statuses[] = { "301", "302", "303", "307", "308" };

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        loopback_step_t step = { LOOPBACK_ANSWER, NULL };
        upstream_t *u = *state;
        const char *secret;

        step.text = apr_psprintf(u->pool,
                                 "HTTP/1.1 %s Found\r\nlocation: " LONG_LINK ID "&x=y\r\n"
                                 "Content-Length: 3\r\n\r\nabc",
                                 statuses[i]);
        serve_links(u, &step, 1);
        assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
        assert_string_equal(found, ID);
        assert_int_equal(loopback_requests(u->server), 1);
        secret = loopback_request(u->server, 0);
        assert_int_equal(strncmp(secret, "GET /s/eHHc1ft HTTP/1.1\r\n", 25), 0);
        assert_null(strstr(secret, "access-token"));
        loopback_stop(u->server);
        u->server = NULL;
    }
}

static void relative_redirects_are_followed(void **state)
{
    upstream_t *u = *state;

    SERVE(u, REDIRECT("302", "../t/two?a=b"), REDIRECT("301", "three"), REDIRECT("307", "?object_id=A%2B"));
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
    assert_string_equal(found, "A+");
    assert_int_equal(loopback_requests(u->server), 3);
    assert_int_equal(loopback_connections(u->server), 1);
    assert_int_equal(strncmp(loopback_request(u->server, 1), "GET /t/two?a=b HTTP/1.1\r\n", 25), 0);
    assert_int_equal(strncmp(loopback_request(u->server, 2), "GET /t/three HTTP/1.1\r\n", 23), 0);
}

/* As browsers take it; only object_id counts. */
static void a_location_may_have_what_a_url_cannot(DYGW_UNUSED void **state)
{
    static const char *const locations[] = {
        "/x y/?utm=scan share&object_id=A",
        "/x?utm=scan\tshare&object_id=A",
        "/x?a=\t&object_id=A\t",
        "  /x?object_id=A \t",
        "/\xE4\xB8\xAD?a=\xE4\xB8\xAD&object_id=A",
        "/x?a=\x01\x7F&object_id=A",
        "?object_id=A&b= c",
        "/x?a=\"<>{}|\\^`&object_id=A",
        "https://www.iesdouyin.com/a b/?c= &object_id=A# d",
    };

    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        void *own;
        upstream_t *u = redirecting_to(&own, locations[i]);

        if (resolve(u, short_link(u)) != DYGW_LINK_OK || strcmp(found, "A") != 0) {
            fail_msg("'%s' was not followed", locations[i]);
        }
        upstream_teardown(&own);
    }
}

static void what_was_mended_is_what_is_requested(void **state)
{
    upstream_t *u = *state;

    SERVE(u, REDIRECT("302", "/a b\t/\xE4\xB8\xAD?c= d"), REDIRECT("302", "/x?object_id=A"));
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
    assert_int_equal(strncmp(loopback_request(u->server, 1), "GET /a%20b/%E4%B8%AD?c=%20d HTTP/1.1\r\n", 37), 0);
}

static void a_blank_makes_no_other_host_of_one(DYGW_UNUSED void **state)
{
    static const char *const locations[] = {
        "https://v.douyin.com .evil.example/x?object_id=A",
        "https://evil.example /x?a=.douyin.com&object_id=A",
        "https://evil.example\t.douyin.com@evil.example/x?object_id=A",
        "https://v.douyin.com\x01/x?object_id=A",
        "https://v.douyin.com@evil.example/ x?object_id=A",
        "https://evil.example\\@v.douyin.com/ x?object_id=A",
        "https:// v.douyin.com/x?object_id=A",
        "\tjavascript:v.douyin.com/x?object_id=A",
        "https://v.douyin.com:44 3/x?object_id=A",
        "/x?object_id=A B",
    };

    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        void *own;
        upstream_t *u = redirecting_to(&own, locations[i]);

        assert_bad(u, short_link(u));
        upstream_teardown(&own);
    }
}

/* Of what a link leads to, only the headers count. */
static void a_body_that_cannot_be_decoded_does_not_matter(void **state)
{
    upstream_t *u = *state;

    SERVE(u, { LOOPBACK_ANSWER, "HTTP/1.1 302 Found\r\nLocation: /x?object_id=A\r\n"
                                "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\ntext" });
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
    assert_string_equal(found, "A");
    assert_non_null(strstr(loopback_request(u->server, 0), "\r\nAccept-Encoding: identity\r\n"));
}

static void the_fifth_redirect_may_carry_object_id(void **state)
{
    upstream_t *u = *state;

    SERVE(u, REDIRECT("302", "/1"), REDIRECT("302", "/2"), REDIRECT("302", "/3"), REDIRECT("302", "/4"),
          REDIRECT("302", "/5?object_id=A"));
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
    assert_int_equal(loopback_requests(u->server), 5);
}

static void endless_redirects_end_after_five(void **state)
{
    upstream_t *u = *state;

    SERVE(u, REDIRECT("302", "/again"));
    assert_bad(u, short_link(u));
    assert_int_equal(loopback_requests(u->server), 5);
}

static void a_redirect_must_stay_on_allowed_hosts(DYGW_UNUSED void **state)
{
    static const char *const targets[] = {
        "https://evil.example/?object_id=A",
        "http://v.douyin.com/?object_id=A",
        "http://127.0.0.1:1/?object_id=A",
        "https://127.0.0.1/?object_id=A",
        "//evil.example/?object_id=A",
        "https://v.douyin.com@evil.example/?object_id=A",
        "file:///etc/passwd?object_id=A",
        "https://u:p@v.douyin.com/?object_id=A",
        "https://169.254.169.254/latest?object_id=A",
        "http://",
        "snssdk1128://x?object_id=A",
    };

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        void *own;
        upstream_t *u = redirecting_to(&own, targets[i]);

        assert_bad(u, short_link(u));
        assert_int_equal(loopback_requests(u->server), 1);
        upstream_teardown(&own);
    }
}

static void an_exception_is_for_its_port_and_for_plain_http_only(void **state)
{
    upstream_t *u = *state;
    int port;

    SERVE(u, STATUS("200"));
    port = loopback_port(u->server);
    assert_bad(u, apr_psprintf(u->pool, "https://127.0.0.1:%d/?object_id=A", port));
    assert_bad(u, apr_psprintf(u->pool, "http://127.0.0.1:%d/?object_id=A", port ^ 1));
    assert_bad(u, apr_psprintf(u->pool, "http://localhost:%d/?object_id=A", port));
    assert_bad(u, apr_psprintf(u->pool, "http://u@127.0.0.1:%d/?object_id=A", port));
    assert_int_equal(loopback_requests(u->server), 0);
}

/* --- addresses --- */

static void an_allowed_name_with_a_private_address_is_not_connected_to(void **state)
{
    upstream_t *u = *state;

    APR_ARRAY_PUSH(u->config.link_hosts, const char *) = "localhost";
    APR_ARRAY_PUSH(u->config.link_hosts, const char *) = "127.0.0.1";
    upstream_connect(u, "https://open.douyin.com");
    assert_bad(u, "https://localhost/s/x");
    assert_non_null(strstr(why, "not public"));
    assert_bad(u, "https://127.0.0.1/s/x");
    assert_non_null(strstr(why, "not public"));
    assert_non_null(strstr(upstream_logged(), "DYGW0510"));
}

static void links_go_through_the_proxy_but_exceptions_go_straight(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t refusal = STATUS("403");
    loopback_t *proxy = loopback_start(&refusal, 1);

    u->config.proxy = apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_port(proxy));
    SERVE(u, REDIRECT("302", LONG_LINK ID));
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
    assert_int_equal(loopback_requests(proxy), 0);
    assert_int_equal(resolve(u, "https://v.douyin.com/x"), DYGW_LINK_UNAVAILABLE);
    assert_int_equal(strncmp(loopback_request(proxy, 0), "CONNECT v.douyin.com:443 ", 25), 0);
    apr_pool_clear(u->pool);
    loopback_stop(proxy);
}

/* --- other answers --- */

static void a_link_that_ends_without_object_id_is_refused(DYGW_UNUSED void **state)
{
    static const loopback_step_t ends[] = {
        STATUS("200"),
        STATUS("204"),
        STATUS("302"),
        STATUS("304"),
        { LOOPBACK_ANSWER, "HTTP/1.1 300 Choices\r\nLocation: " LONG_LINK ID "\r\n"
                           "Content-Length: 0\r\n\r\n" },
        { LOOPBACK_ANSWER, "HTTP/1.1 200 OK\r\nLocation: " LONG_LINK ID "\r\n"
                           "Content-Length: 0\r\n\r\n" },
    };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        void *own;
        upstream_t *u;

        assert_int_equal(upstream_setup(&own), 0);
        u = own;
        serve_links(u, &ends[i], 1);
        assert_bad(u, short_link(u));
        upstream_teardown(&own);
    }
}

static void a_link_that_its_server_does_not_know_is_dead(DYGW_UNUSED void **state)
{
    static const loopback_step_t ends[] = { STATUS("400"), STATUS("403"), STATUS("404"), STATUS("410") };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        void *own;
        upstream_t *u;

        assert_int_equal(upstream_setup(&own), 0);
        u = own;
        serve_links(u, &ends[i], 1);
        assert_refused(u, short_link(u), DYGW_LINK_DEAD);
        upstream_teardown(&own);
    }
}

static void a_server_in_trouble_is_asked_once_more(void **state)
{
    upstream_t *u = *state;

    SERVE(u, STATUS("503"), REDIRECT("302", LONG_LINK ID));
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
    assert_int_equal(loopback_requests(u->server), 2);
}

static void a_server_that_stays_in_trouble_is_unavailable(void **state)
{
    upstream_t *u = *state;

    SERVE(u, STATUS("503"));
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_UNAVAILABLE);
    assert_non_null(why);
    assert_int_equal(loopback_requests(u->server), 2);
}

static void a_server_that_drops_the_connection_is_unavailable(void **state)
{
    upstream_t *u = *state;

    SERVE(u, { LOOPBACK_DROP, NULL });
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_UNAVAILABLE);
    assert_non_null(strstr(upstream_logged(), "DYGW0511"));
    assert_null(strstr(upstream_logged(), "eHHc1ft"));
}

static void all_hops_together_have_the_total_timeout(void **state)
{
    upstream_t *u = *state;
    loopback_step_t steps[] = { REDIRECT("302", "/1"), REDIRECT("302", "/2"), REDIRECT("302", "/3?object_id=A") };

    for (int i = 0; i < 3; i++) {
        steps[i].how = LOOPBACK_ANSWER_LATE;
    }
    /* Enough for each of them, not for all. */
    u->config.total_timeout = apr_time_from_msec(LOOPBACK_DELAY_MS * 5 / 2);
    serve_links(u, steps, 3);
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_TIMEOUT);
}

static void a_server_that_does_not_answer_is_a_timeout(void **state)
{
    upstream_t *u = *state;

    u->config.total_timeout = apr_time_from_msec(100);
    SERVE(u, { LOOPBACK_HANG, NULL });
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_TIMEOUT);
    assert_int_equal(loopback_requests(u->server), 1);
}

static void a_body_over_64_kib_is_not_read_and_does_not_matter(void **state)
{
    upstream_t *u = *state;
    apr_size_t size = 4 * 1024 * 1024;
    char *body = apr_palloc(u->pool, size + 1);
    loopback_step_t step = { LOOPBACK_ANSWER_AND_CLOSE, NULL };

    memset(body, 'x', size);
    body[size] = '\0';
    step.text = apr_psprintf(u->pool,
                             "HTTP/1.1 302 Found\r\nLocation: " LONG_LINK ID "\r\n"
                             "Content-Length: 4194304\r\n\r\n%s",
                             body);
    serve_links(u, &step, 1);
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_OK);
    assert_string_equal(found, ID);
}

static void after_an_abort_no_link_is_followed(void **state)
{
    upstream_t *u = *state;

    SERVE(u, REDIRECT("302", LONG_LINK ID));
    dygw_douyin_abort(u->douyin);
    assert_int_equal(resolve(u, short_link(u)), DYGW_LINK_UNAVAILABLE);
    assert_int_equal(loopback_requests(u->server), 0);
    assert_string_equal(upstream_logged(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_long_link_on_an_allowed_host_needs_no_request),
        TEST(object_id_is_decoded_exactly_once),
        TEST(an_object_id_that_douyin_cannot_have_given_is_refused),
        TEST(what_is_no_link_to_an_allowed_host_is_refused_without_a_request),
        TEST(a_redirect_that_carries_object_id_is_not_fetched),
        TEST(relative_redirects_are_followed),
        cmocka_unit_test(a_location_may_have_what_a_url_cannot),
        TEST(what_was_mended_is_what_is_requested),
        cmocka_unit_test(a_blank_makes_no_other_host_of_one),
        TEST(a_body_that_cannot_be_decoded_does_not_matter),
        TEST(the_fifth_redirect_may_carry_object_id),
        TEST(endless_redirects_end_after_five),
        cmocka_unit_test(a_redirect_must_stay_on_allowed_hosts),
        TEST(an_exception_is_for_its_port_and_for_plain_http_only),
        TEST(an_allowed_name_with_a_private_address_is_not_connected_to),
        TEST(links_go_through_the_proxy_but_exceptions_go_straight),
        cmocka_unit_test(a_link_that_ends_without_object_id_is_refused),
        cmocka_unit_test(a_link_that_its_server_does_not_know_is_dead),
        TEST(a_server_in_trouble_is_asked_once_more),
        TEST(a_server_that_stays_in_trouble_is_unavailable),
        TEST(a_server_that_drops_the_connection_is_unavailable),
        TEST(all_hops_together_have_the_total_timeout),
        TEST(a_server_that_does_not_answer_is_a_timeout),
        TEST(a_body_over_64_kib_is_not_read_and_does_not_matter),
        TEST(after_an_abort_no_link_is_followed),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_link", tests, NULL, NULL);
}
