/* SPDX-License-Identifier: Apache-2.0
 * Calls on the wire: what is sent, byte by byte, how connections are kept, and what each way of
 * going wrong is called.
 * links: douyin/address.c douyin/client.c douyin/codes.c douyin/envelope.c douyin/http.c
 * links: douyin/line.c douyin/link.c douyin/prepare.c douyin/stores.c douyin/token.c
 * links: douyin/verify.c
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

#include "upstream.h"
#include "util/compiler.h"

#define LENGTH_AND(length, body)                                                   \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " length \
    "\r\n\r\n" body
#define GOOD        LENGTH_AND("26", "{\"data\":{\"error_code\":0}}\n")
#define HALF        LENGTH_AND("40", "{\"data\":{\"error_code\":0}}\n")
#define CHUNKED     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static dygw_reply_t *stores(upstream_t *u)
{
    return dygw_douyin_stores(u->douyin, TOKEN, NULL, POI, 1, 20, &u->log, u->pool);
}

static dygw_verify_reply_t *verify(upstream_t *u, const char *const *codes, int count)
{
    return dygw_douyin_verify(u->douyin, TOKEN, POI, "78a23d74-d0f5", codes, count, &u->log,
                              u->pool);
}

static const char *body_of(const char *request)
{
    return strstr(request, "\r\n\r\n") + 4;
}

static void assert_starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0) {
        fail_msg("not '%s' but '%s'", start, text);
    }
}

/* --- what is sent --- */

static void prepare_encodes_each_argument_once(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_prepare(u->douyin, TOKEN, POI, "ab+c/d==&x y%2B", NULL, &u->log, u->pool);
    dygw_douyin_prepare(u->douyin, TOKEN, POI, NULL, "102539929601", &u->log, u->pool);
    assert_starts(loopback_request(u->server, 0),
                  "GET /goodlife/v1/fulfilment/certificate/prepare/?poi_id=7012345678901234567"
                  "&encrypted_data=ab%2bc%2fd%3d%3d%26x+y%252B HTTP/1.1\r\n");
    assert_starts(loopback_request(u->server, 1),
                  "GET /goodlife/v1/fulfilment/certificate/prepare/?poi_id=7012345678901234567"
                  "&code=102539929601 HTTP/1.1\r\n");
}

static void prepare_sends_these_bytes(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_prepare(u->douyin, TOKEN, POI, NULL, "102539929601", &u->log, u->pool);
    assert_string_equal(
        loopback_request(u->server, 0),
        apr_psprintf(u->pool,
                     "GET /goodlife/v1/fulfilment/certificate/prepare/"
                     "?poi_id=7012345678901234567&code=102539929601 HTTP/1.1\r\n"
                     "Host: 127.0.0.1:%d\r\nAccept: */*\r\naccess-token: " TOKEN "\r\n"
                     "User-Agent: mod_dygw\r\nContent-Type: application/json\r\n\r\n",
                     loopback_port(u->server)));
}

static void verify_sends_these_bytes_and_the_same_again(void **state)
{
    static const char *const codes[] = { "CgwIARDh+JxjL/yABKA==", "CgwIARDh+JxjL/yABKA==" };
    upstream_t *u = *state;

    u->config.account_id = "7014065493820573710";
    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    verify(u, codes, 2);
    verify(u, codes, 2);
    assert_string_equal(
        loopback_request(u->server, 0),
        apr_psprintf(u->pool,
                     "POST /goodlife/v1/fulfilment/certificate/verify/ HTTP/1.1\r\n"
                     "Host: 127.0.0.1:%d\r\nAccept: */*\r\naccess-token: " TOKEN "\r\n"
                     "User-Agent: mod_dygw\r\nContent-Type: application/json\r\n"
                     "Rpc-Transit-Life-Account: 7014065493820573710\r\n"
                     "Content-Length: 131\r\n\r\n"
                     "{\"verify_token\":\"78a23d74-d0f5\",\"poi_id\":\"7012345678901234567\","
                     "\"encrypted_codes\":[\"CgwIARDh+JxjL/yABKA==\",\"CgwIARDh+JxjL/yABKA==\"]}",
                     loopback_port(u->server)));
    assert_string_equal(loopback_request(u->server, 0), loopback_request(u->server, 1));
}

static void a_large_body_is_sent_without_waiting_for_a_continue(void **state)
{
    upstream_t *u = *state;
    const char *codes[10];

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (int i = 0; i < 10; i++) {
        char *code = apr_palloc(u->pool, 2049);

        memset(code, 'A' + i, 2048);
        code[2048] = '\0';
        codes[i] = code;
    }
    verify(u, codes, 10);
    assert_null(strstr(loopback_request(u->server, 0), "Expect"));
    assert_int_equal(strlen(body_of(loopback_request(u->server, 0))), 84 + 10 * 2048 + 10 * 3 - 1);
}

static void stores_asks_for_the_configured_account_unless_one_is_named(void **state)
{
    upstream_t *u = *state;

    u->config.account_id = "1001";
    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_stores(u->douyin, TOKEN, NULL, NULL, 2, 50, &u->log, u->pool);
    dygw_douyin_stores(u->douyin, TOKEN, "1002", POI, 1, 20, &u->log, u->pool);
    assert_starts(loopback_request(u->server, 0),
                  "GET /goodlife/v1/shop/poi/query/?page=2&size=50&account_id=1001 HTTP/1.1\r\n");
    assert_starts(loopback_request(u->server, 1),
                  "GET /goodlife/v1/shop/poi/query/?page=1&size=20&account_id=1002"
                  "&poi_id=7012345678901234567 HTTP/1.1\r\n");
}

static void the_token_call_sends_the_secret_in_the_body_and_no_token(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    stores(u);
    dygw_douyin_token(u->douyin, &u->log, u->pool);
    stores(u);
    assert_starts(loopback_request(u->server, 1), "POST /oauth/stable_client_token/ HTTP/1.1\r\n");
    assert_null(strstr(loopback_request(u->server, 1), "access-token"));
    assert_string_equal(body_of(loopback_request(u->server, 1)),
                        "{\"client_key\":\"" KEY "\",\"client_secret\":\"" CLIENT_SECRET
                        "\",\"grant_type\":\"client_credential\"}");
    assert_non_null(strstr(loopback_request(u->server, 2), "access-token: " TOKEN "\r\n"));
}

static void the_other_token_call_can_be_configured(void **state)
{
    upstream_t *u = *state;

    u->config.use_client_token = 1;
    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_token(u->douyin, &u->log, u->pool);
    assert_starts(loopback_request(u->server, 0), "POST /oauth/client_token/ HTTP/1.1\r\n");
}

static void a_new_token_is_used_from_the_next_call_on(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    stores(u);
    dygw_douyin_stores(u->douyin, "clt.other", NULL, POI, 1, 20, &u->log, u->pool);
    assert_non_null(strstr(loopback_request(u->server, 0), "access-token: " TOKEN "\r\n"));
    assert_non_null(strstr(loopback_request(u->server, 1), "access-token: clt.other\r\n"));
    assert_null(strstr(loopback_request(u->server, 1), TOKEN));
}

static void the_environments_proxy_is_not_used(void **state)
{
    upstream_t *u = *state;
    const char *proxy = apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_free_port());

    setenv("http_proxy", proxy, 1);
    setenv("all_proxy", proxy, 1);
    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

static void the_configured_proxy_is_used_whatever_the_environment_excepts(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t good = { LOOPBACK_ANSWER, GOOD };

    setenv("no_proxy", "*", 1);
    u->server = loopback_start(&good, 1);
    u->config.proxy = apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_port(u->server));
    upstream_connect(u, "http://127.0.0.1:1");
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    assert_starts(loopback_request(u->server, 0), "GET http://127.0.0.1:1/goodlife/");
    unsetenv("no_proxy");
}

/* --- connections --- */

static void many_calls_use_one_connection(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (int i = 0; i < 50; i++) {
        assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
    }
    assert_int_equal(loopback_connections(u->server), 1);
    assert_int_equal(dygw_douyin_connects(u->douyin), 1);
}

typedef struct caller_t {
    pthread_t thread;
    upstream_t *u;
    int failed;
} caller_t;

static void *call_often(void *baton)
{
    caller_t *caller = baton;

    for (int i = 0; i < 50; i++) {
        apr_pool_t *pool;

        apr_pool_create(&pool, NULL);
        caller->failed |= dygw_douyin_stores(caller->u->douyin, TOKEN, NULL, POI, 1, 20,
                                             &caller->u->log, pool)->kind
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
    assert_in_range(dygw_douyin_connects(u->douyin), 1, 4);
    assert_int_equal(loopback_connections(u->server), dygw_douyin_connects(u->douyin));
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

    upstream_script(u, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_DROP, NULL },
                    { LOOPBACK_ANSWER, GOOD });
    assert_false(verify(u, &code, 1)->reply.sent_twice);
    second = verify(u, &code, 1);
    assert_int_equal(second->reply.kind, DYGW_REPLY_OK);
    assert_true(second->reply.sent_twice);
    assert_int_equal(loopback_requests(u->server), 3);
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

    upstream_script(u, { LOOPBACK_ANSWER_AND_CLOSE,
                         CHUNKED "1a\r\n{\"data\":{\"error_code\":0}}\n\r\n" });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_LOST);
}

static void whole_chunks_are_an_answer(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER,
                         CHUNKED "a\r\n{\"data\":{\"\r\n10\r\nerror_code\":0}}\n\r\n0\r\n\r\n" });
    assert_int_equal(stores(u)->kind, DYGW_REPLY_OK);
}

static void a_port_where_nobody_listens_is_unreachable(void **state)
{
    upstream_t *u = *state;
    const dygw_reply_t *reply;

    upstream_connect(u, apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_free_port()));
    reply = stores(u);
    assert_int_equal(reply->kind, DYGW_REPLY_UNREACHABLE);
    assert_int_equal(reply->http_status, 0);
    assert_non_null(strstr(upstream_logged(), "DYGW0500"));
}

static void a_server_without_tls_is_unreachable_over_https(void **state)
{
    upstream_t *u = *state;
    static const loopback_step_t no_tls = { LOOPBACK_DROP_UNREAD, NULL };

    u->server = loopback_start(&no_tls, 1);
    upstream_connect(u, apr_psprintf(u->pool, "https://127.0.0.1:%d", loopback_port(u->server)));
    assert_int_equal(stores(u)->kind, DYGW_REPLY_UNREACHABLE);
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

static void *call_once(void *baton)
{
    caller_t *caller = baton;

    caller->failed = stores(caller->u)->kind;
    return NULL;
}

static void abort_ends_a_call_in_progress_at_once(void **state)
{
    upstream_t *u = *state;
    caller_t caller = { .u = u };
    apr_time_t began;

    u->config.total_timeout = apr_time_from_sec(60);
    upstream_script(u, { LOOPBACK_HANG, NULL });
    assert_int_equal(pthread_create(&caller.thread, NULL, call_once, &caller), 0);
    assert_true(loopback_await(u->server, 1));
    began = apr_time_now();
    dygw_douyin_abort(u->douyin);
    pthread_join(caller.thread, NULL);
    assert_in_range(apr_time_now() - began, 0, apr_time_from_sec(1));
    assert_int_equal(caller.failed, DYGW_REPLY_LOST);
    assert_string_equal(upstream_logged(), "");
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

/* --- secrets --- */

static void no_secret_is_logged(void **state)
{
    static const char *const code = "CgwIARDhSECRETCODE";
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_DROP, NULL });
    verify(u, &code, 1);
    verify(u, &code, 1);
    dygw_douyin_token(u->douyin, &u->log, u->pool);
    dygw_douyin_prepare(u->douyin, TOKEN, POI, NULL, "102539929601", &u->log, u->pool);
    assert_string_not_equal(upstream_logged(), "");
    assert_null(strstr(upstream_logged(), TOKEN));
    assert_null(strstr(upstream_logged(), CLIENT_SECRET));
    assert_null(strstr(upstream_logged(), code));
    assert_null(strstr(upstream_logged(), "102539929601"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(prepare_encodes_each_argument_once),
        TEST(prepare_sends_these_bytes),
        TEST(verify_sends_these_bytes_and_the_same_again),
        TEST(a_large_body_is_sent_without_waiting_for_a_continue),
        TEST(stores_asks_for_the_configured_account_unless_one_is_named),
        TEST(the_token_call_sends_the_secret_in_the_body_and_no_token),
        TEST(the_other_token_call_can_be_configured),
        TEST(a_new_token_is_used_from_the_next_call_on),
        TEST(the_environments_proxy_is_not_used),
        TEST(the_configured_proxy_is_used_whatever_the_environment_excepts),
        TEST(many_calls_use_one_connection),
        TEST(threads_open_no_more_connections_than_they_are),
        TEST(a_kept_connection_that_the_server_closed_is_replaced),
        TEST(a_request_that_libcurl_repeats_on_its_own_is_told),
        TEST(a_failed_call_leaves_its_connection_to_nobody),
        TEST(no_answer_in_time_is_a_timeout),
        TEST(half_an_answer_that_ends_nowhere_is_a_timeout),
        TEST(a_request_without_an_answer_is_lost),
        TEST(a_request_that_nobody_read_may_have_been_sent),
        TEST(a_truncated_body_is_no_answer),
        TEST(truncated_chunks_are_no_answer),
        TEST(whole_chunks_are_an_answer),
        TEST(a_port_where_nobody_listens_is_unreachable),
        TEST(a_server_without_tls_is_unreachable_over_https),
        TEST(a_request_sent_on_a_dead_connection_counts_as_sent),
        TEST(an_answer_that_is_no_http_is_garbled),
        TEST(an_answer_of_a_mebibyte_is_read_to_the_last_byte),
        TEST(an_answer_over_a_mebibyte_is_garbled),
        TEST(redirects_are_not_followed),
        TEST(cookies_are_not_sent_back),
        TEST(abort_ends_a_call_in_progress_at_once),
        TEST(calls_after_an_abort_send_nothing),
        TEST(no_secret_is_logged),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_http", tests, NULL, NULL);
}
