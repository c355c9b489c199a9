/* SPDX-License-Identifier: Apache-2.0
 * How connections are kept, and what each way of going wrong is called.
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

#include <pthread.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "support/upstream.h"
#include "util/compiler.h"

#define HALF    LENGTH_AND("40", "{\"data\":{\"error_code\":0}}\n")
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* --- connections --- */

static void many_calls_use_one_connection(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (int i = 0; i < 50; i++) {
        assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    }
    assert_int_equal(loopback_connections(u->server), 1);
}

typedef struct caller_t {
    pthread_t thread;
    upstream_t *u;
    int failed;              /* any of many calls */
    dygw_reply_class_e kind; /* of the only one */
} caller_t;

static void *call_often(void *baton)
{
    caller_t *caller = baton;

    for (int i = 0; i < 50; i++) {
        apr_pool_t *pool;

        apr_pool_create(&pool, NULL);
        caller->failed |= dygw_douyin_stores(caller->u->douyin, &upstream_store, TOKEN, &caller->u->log, pool)->kind
                          != DYGW_REPLY_OK;
        apr_pool_destroy(pool);
    }
    return NULL;
}

static void threads_open_no_more_connections_than_they_are(void **state)
{
    upstream_t *u = *state;
    caller_t callers[4];

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (int i = 0; i < 4; i++) {
        callers[i] = (caller_t){ .u = u };
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_false(callers[i].failed);
    }
    assert_int_equal(loopback_requests(u->server), 200);
    assert_in_range(loopback_connections(u->server), 1, 4);
}

static void a_kept_connection_that_the_server_closed_is_replaced(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER_AND_CLOSE, GOOD }, { LOOPBACK_ANSWER, GOOD });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_int_equal(loopback_requests(u->server), 2);
}

static void a_request_that_libcurl_repeats_on_its_own_is_told(void **state)
{
    static const char *const code = "CgwIARDh";
    upstream_t *u = *state;
    const dygw_verify_reply_t *second;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_DROP, NULL }, { LOOPBACK_ANSWER, GOOD });
    assert_false(verify(u, &code, 1)->reply.sent_twice);
    second = verify(u, &code, 1);
    assert_int_equal(second->reply.kind, DYGW_REPLY_OK);
    assert_true(second->reply.sent_twice);
    assert_int_equal(loopback_requests(u->server), 3);
    assert_string_equal(loopback_request(u->server, 1), loopback_request(u->server, 2));
    assert_false(verify(u, &code, 1)->reply.sent_twice);
}

static void a_failed_call_leaves_its_connection_to_nobody(void **state)
{
    upstream_t *u = *state;

    u->config.total_timeout = apr_time_from_msec(100);
    upstream_script(u, { LOOPBACK_HANG, NULL }, { LOOPBACK_ANSWER, GOOD });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_TIMEOUT);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_int_equal(loopback_connections(u->server), 2);
}

static void *call_once(void *baton)
{
    caller_t *caller = baton;

    caller->kind = stores(caller->u)->kind;
    return NULL;
}

static dygw_ms_t now;

static apr_time_t clock_of_test(void)
{
    return apr_time_from_msec(now);
}

static void a_connection_that_nobody_needs_for_a_minute_is_closed(void **state)
{
    upstream_t *u = *state;
    upstream_t other;
    caller_t caller = { .u = &other };

    dygw_steady_set(clock_of_test);
    upstream_script(u, { LOOPBACK_ANSWER_IN_PAIRS, GOOD });
    other = *u;
    assert_int_equal(apr_pool_create(&other.pool, NULL), APR_SUCCESS);
    assert_int_equal(pthread_create(&caller.thread, NULL, call_once, &caller), 0);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    pthread_join(caller.thread, NULL);
    assert_int_equal(caller.kind, DYGW_REPLY_OK);
    now += 59 * 1000;
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_int_equal(loopback_connections(u->server), 2);
    assert_true(loopback_await_open(u->server, 2));
    now += 2 * 1000;
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_true(loopback_await_open(u->server, 1));
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_int_equal(loopback_connections(u->server), 2);
    apr_pool_destroy(other.pool);
    dygw_steady_set(NULL);
}

/* --- what a handle keeps --- */

static void a_request_has_nothing_of_the_one_before_it(void **state)
{
    static const char *const code = "CgwIARDh";
    static const dygw_prepare_question_t of_account
        = { .poi_id = POI, .account_id = "7014065493820573710", .code = "102539929601" };
    upstream_t *u = *state;
    const char *of_it;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    stores(u);
    dygw_douyin_prepare(u->douyin, &of_account, TOKEN, &u->log, u->pool);
    verify(u, &code, 1);
    dygw_douyin_prepare(u->douyin, &of_account, "clt.another", &u->log, u->pool);
    stores(u);
    of_it = loopback_request(u->server, 1);
    assert_non_null(strstr(of_it, "GET /goodlife/v1/fulfilment/certificate/prepare/?"));
    assert_non_null(strstr(of_it, "access-token: " TOKEN "\r\n"));
    assert_non_null(strstr(of_it, "Account: 7014065493820573710\r\n"));
    assert_non_null(strstr(loopback_request(u->server, 2), "POST /goodlife/v1/fulfilment/certificate/verify/ HTTP"));
    assert_null(strstr(loopback_request(u->server, 2), "Account: "));
    of_it = loopback_request(u->server, 3);
    assert_non_null(strstr(of_it, "GET /goodlife/v1/fulfilment/certificate/prepare/?"));
    assert_non_null(strstr(of_it, "access-token: clt.another\r\n"));
    assert_null(strstr(of_it, TOKEN));
    assert_string_equal(loopback_request(u->server, 4), loopback_request(u->server, 0));
    assert_int_equal(loopback_connections(u->server), 1);
}

static void check_first_line(upstream_t *u, const char *base_url, const char *before_path)
{
    const char *expected = apr_pstrcat(u->pool, "GET ", before_path, "/goodlife/v1/shop/poi/query/?", NULL);
    int i = loopback_requests(u->server);

    upstream_connect(u, base_url);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_int_equal(strncmp(loopback_request(u->server, i), expected, strlen(expected)), 0);
}

static void requests_go_below_the_path_of_the_base_url(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t good = { LOOPBACK_ANSWER, GOOD };
    const char *address;

    u->server = loopback_start(&good, 1);
    address = apr_psprintf(u->pool, "127.0.0.1:%d", loopback_port(u->server));
    check_first_line(u, apr_pstrcat(u->pool, "http://", address, NULL), "");
    check_first_line(u, apr_pstrcat(u->pool, "HTTP://", address, NULL), "");
    check_first_line(u, apr_pstrcat(u->pool, "http://", address, "/deep/er", NULL), "/deep/er");
}

static void a_proxy_is_told_the_whole_url_of_plain_http(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t good = { LOOPBACK_ANSWER, GOOD };

    u->server = loopback_start(&good, 1);
    u->config.proxy = apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_port(u->server));
    check_first_line(u, "http://127.0.0.1:1", "http://127.0.0.1:1");
}

/* --- what goes wrong --- */

static void no_answer_in_time_is_a_timeout(void **state)
{
    upstream_t *u = *state;
    apr_time_t began = apr_time_now();
    const dygw_reply_t *reply;

    u->config.total_timeout = apr_time_from_msec(200);
    upstream_script(u, { LOOPBACK_HANG, NULL });
    reply = stores(u);
    assert_int_equal(reply->kind, DYGW_REPLY_TIMEOUT);
    assert_int_equal(reply->http_status, 0);
    assert_null(reply->raw);
    assert_in_range(reply->took, 190000, 5000000);
    assert_in_range(apr_time_now() - began, 190000, 5000000);
}

static void half_an_answer_that_ends_nowhere_is_a_timeout(void **state)
{
    upstream_t *u = *state;

    u->config.total_timeout = apr_time_from_msec(200);
    upstream_script(u, { LOOPBACK_ANSWER, HALF });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_TIMEOUT);
}

static void a_request_without_an_answer_is_lost(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_DROP, NULL });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_LOST);
    assert_int_equal(loopback_requests(u->server), 1);
}

static void a_request_that_nobody_read_may_have_been_sent(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_DROP_UNREAD, NULL });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_LOST);
}

static void a_truncated_body_is_no_answer(void **state)
{
    upstream_t *u = *state;
    const dygw_reply_t *reply;

    upstream_script(u, { LOOPBACK_ANSWER_AND_CLOSE, HALF });
    reply = stores(u);
    assert_int_equal(reply->kind, DYGW_REPLY_LOST);
    assert_null(reply->raw);
    assert_null(reply->data);
}

static void truncated_chunks_are_no_answer(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER_AND_CLOSE, CHUNKED "1a\r\n{\"data\":{\"error_code\":0}}\n\r\n" });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_LOST);
}

static void whole_chunks_are_an_answer(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, CHUNKED "a\r\n{\"data\":{\"\r\n10\r\nerror_code\":0}}\n\r\n0\r\n\r\n" });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
}

static void a_port_where_nobody_listens_is_unreachable(void **state)
{
    upstream_t *u = *state;
    const dygw_reply_t *reply;

    upstream_connect(u, apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_free_port()));
    reply = stores(u);
    assert_int_equal(reply->kind, DYGW_REPLY_UNREACHABLE);
    assert_int_equal(reply->trouble, DYGW_TROUBLE_CONNECT);
    assert_int_equal(reply->http_status, 0);
    assert_non_null(strstr(upstream_logged(), "DYGW0500"));
}

static void a_server_without_tls_is_unreachable_over_https(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t no_tls = { LOOPBACK_DROP_UNREAD, NULL };
    const dygw_reply_t *reply;

    u->server = loopback_start(&no_tls, 1);
    upstream_connect(u, apr_psprintf(u->pool, "https://127.0.0.1:%d", loopback_port(u->server)));
    reply = stores(u);
    assert_int_equal(reply->kind, DYGW_REPLY_UNREACHABLE);
    assert_int_equal(reply->trouble, DYGW_TROUBLE_TLS);
}

static void a_name_that_is_none_is_told_from_a_host_that_is_away(void **state)
{
    upstream_t *u = *state;

    u->config.connect_timeout = u->config.total_timeout = apr_time_from_msec(500);
    upstream_connect(u, "https://no-such-name.invalid");
    assert_int_equal(stores(u)->trouble, DYGW_TROUBLE_NAME);
    u->config.proxy = "http://no-such-name.invalid:3128";
    upstream_connect(u, "https://127.0.0.1:1");
    assert_int_not_equal(stores(u)->trouble, DYGW_TROUBLE_CONNECT);
}

static void a_proxy_that_refuses_is_named(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t refuses
        = { LOOPBACK_ANSWER_AND_CLOSE, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n" };

    u->server = loopback_start(&refuses, 1);
    u->config.proxy = apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_port(u->server));
    upstream_connect(u, "https://127.0.0.1:1");
    assert_int_equal(stores(u)->trouble, DYGW_TROUBLE_PROXY);
}

static void certificate_authorities_that_are_not_there_are_named(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t hangs = { LOOPBACK_HANG, NULL };

    u->server = loopback_start(&hangs, 1);
    u->config.ca_file = "/no/such/file.pem";
    upstream_connect(u, apr_psprintf(u->pool, "https://127.0.0.1:%d", loopback_port(u->server)));
    assert_int_equal(stores(u)->trouble, DYGW_TROUBLE_CA_FILE);
}

static void what_breaks_later_is_told_apart(void **state)
{
    upstream_t *u = *state;

    u->config.total_timeout = apr_time_from_msec(300);
    upstream_script(u, { LOOPBACK_DROP, NULL }, { LOOPBACK_HANG, NULL }, { LOOPBACK_ANSWER_AND_CLOSE, "no HTTP" });
    assert_int_equal(stores(u)->trouble, DYGW_TROUBLE_BROKEN);
    assert_int_equal(stores(u)->trouble, DYGW_TROUBLE_TIME);
    assert_int_equal(stores(u)->trouble, DYGW_TROUBLE_UNREADABLE);
}

static void the_date_of_an_answer_is_read(void **state)
{
    upstream_t *u = *state;
    const dygw_reply_t *reply;

    upstream_script(u,
                    { LOOPBACK_ANSWER, "HTTP/1.1 200 OK\r\nDate: Sat, 24 Aug 2019 14:15:22 GMT\r\n"
                                       "Content-Length: 26\r\n\r\n{\"data\":{\"error_code\":0}}\n" },
                    { LOOPBACK_ANSWER, GOOD });
    reply = stores(u);
    assert_int_equal(reply->trouble, DYGW_TROUBLE_NONE);
    assert_int_equal(reply->date, APR_INT64_C(1566656122000));
    assert_in_range(reply->ended_at, dygw_now() - 10000, dygw_now());
    assert_int_equal(stores(u)->date, DYGW_NO_TIME);
}

/* The server answers once, drops the second request, and is gone when libcurl tries again: error
 * codes would say that there was no connection, and yet a request had been sent. */
static void a_request_sent_on_a_dead_connection_counts_as_sent(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_LEAVE, NULL });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_LOST);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_UNREACHABLE);
}

static void an_answer_that_is_no_http_is_garbled(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER_AND_CLOSE, "{\"data\":{\"error_code\":0}}" });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_GARBLED);
}

static dygw_reply_t *answer_of_size(upstream_t *u, apr_size_t size)
{
    char *body = apr_palloc(u->pool, size + 1);
    const char *json = "{\"data\":{\"error_code\":0}}";

    memset(body, ' ', size);
    memcpy(body, json, strlen(json));
    body[size] = '\0';
    upstream_answer(u, body);
    return stores(u);
}

static void an_answer_of_a_mebibyte_is_read_to_the_last_byte(void **state)
{
    const dygw_reply_t *reply = answer_of_size(*state, 1024 * 1024);

    assert_int_equal(reply->kind, DYGW_REPLY_OK);
    assert_int_equal(reply->raw_len, 1024 * 1024);
    assert_int_equal(strlen(reply->raw), 1024 * 1024);
}

static void an_answer_over_a_mebibyte_is_garbled(void **state)
{
    const dygw_reply_t *reply = answer_of_size(*state, 1024 * 1024 + 1);

    assert_int_equal(reply->kind, DYGW_REPLY_GARBLED);
    assert_int_equal(reply->http_status, 200);
    assert_null(reply->raw);
}

static void redirects_are_not_followed(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
                                          "Content-Length: 0\r\n\r\n" });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_GARBLED);
    assert_int_equal(loopback_requests(u->server), 1);
}

static void cookies_are_not_sent_back(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n"
                                          "Content-Length: 26\r\n\r\n"
                                          "{\"data\":{\"error_code\":0}}\n" });
    stores(u);
    stores(u);
    assert_null(strstr(loopback_request(u->server, 1), "ookie"));
}

/* --- abort --- */

static void abort_ends_a_call_in_progress_at_once(void **state)
{
    upstream_t *u = *state;
    caller_t caller = { .u = u };
    const char *logged;
    apr_time_t began;

    u->config.total_timeout = apr_time_from_sec(60);
    upstream_script(u, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_HANG, NULL });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK); /* on a kept connection no timer of libcurl's wakes the call */
    logged = apr_pstrdup(u->pool, upstream_logged());
    assert_int_equal(pthread_create(&caller.thread, NULL, call_once, &caller), 0);
    assert_true(loopback_await(u->server, 2));
    began = apr_time_now();
    dygw_douyin_abort(u->douyin);
    pthread_join(caller.thread, NULL);
    assert_in_range(apr_time_now() - began, 0, apr_time_from_msec(500));
    assert_int_equal(caller.kind, DYGW_REPLY_LOST);
    assert_string_equal(upstream_logged(), logged);
}

static void calls_after_an_abort_send_nothing(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    dygw_douyin_abort(u->douyin);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_UNREACHABLE);
    assert_int_equal(stores(u)->kind, DYGW_REPLY_UNREACHABLE);
    assert_int_equal(loopback_requests(u->server), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_calls_use_one_connection),
        TEST(threads_open_no_more_connections_than_they_are),
        TEST(a_kept_connection_that_the_server_closed_is_replaced),
        TEST(a_request_that_libcurl_repeats_on_its_own_is_told),
        TEST(a_failed_call_leaves_its_connection_to_nobody),
        TEST(a_connection_that_nobody_needs_for_a_minute_is_closed),
        TEST(a_request_has_nothing_of_the_one_before_it),
        TEST(requests_go_below_the_path_of_the_base_url),
        TEST(a_proxy_is_told_the_whole_url_of_plain_http),
        TEST(no_answer_in_time_is_a_timeout),
        TEST(half_an_answer_that_ends_nowhere_is_a_timeout),
        TEST(a_request_without_an_answer_is_lost),
        TEST(a_request_that_nobody_read_may_have_been_sent),
        TEST(a_truncated_body_is_no_answer),
        TEST(truncated_chunks_are_no_answer),
        TEST(whole_chunks_are_an_answer),
        TEST(a_port_where_nobody_listens_is_unreachable),
        TEST(a_server_without_tls_is_unreachable_over_https),
        TEST(a_name_that_is_none_is_told_from_a_host_that_is_away),
        TEST(a_proxy_that_refuses_is_named),
        TEST(certificate_authorities_that_are_not_there_are_named),
        TEST(what_breaks_later_is_told_apart),
        TEST(the_date_of_an_answer_is_read),
        TEST(a_request_sent_on_a_dead_connection_counts_as_sent),
        TEST(an_answer_that_is_no_http_is_garbled),
        TEST(an_answer_of_a_mebibyte_is_read_to_the_last_byte),
        TEST(an_answer_over_a_mebibyte_is_garbled),
        TEST(redirects_are_not_followed),
        TEST(cookies_are_not_sent_back),
        TEST(abort_ends_a_call_in_progress_at_once),
        TEST(calls_after_an_abort_send_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_http", tests, NULL, NULL);
}
