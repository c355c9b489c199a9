/* SPDX-License-Identifier: Apache-2.0
 * What is sent to Douyin, byte by byte.
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

static void prepare_encodes_each_argument_once(void **state)
{
    static const dygw_prepare_question_t of_link = { .poi_id = POI, .encrypted_data = "ab+c/d==&x y%2B" };
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_prepare(u->douyin, &of_link, TOKEN, &u->log, u->pool);
    dygw_douyin_prepare(u->douyin, &upstream_code, TOKEN, &u->log, u->pool);
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
    dygw_douyin_prepare(u->douyin, &upstream_code, TOKEN, &u->log, u->pool);
    assert_string_equal(loopback_request(u->server, 0),
                        apr_psprintf(u->pool,
                                     "GET /goodlife/v1/fulfilment/certificate/prepare/"
                                     "?poi_id=7012345678901234567&code=102539929601 HTTP/1.1\r\n"
                                     "Host: 127.0.0.1:%d\r\nAccept: */*\r\n"
                                     "access-token: " TOKEN "\r\n"
                                     "User-Agent: mod_dygw\r\nContent-Type: application/json\r\n"
                                     "Accept-Encoding: identity\r\n\r\n",
                                     loopback_port(u->server)));
}

static void verify_sends_these_bytes_and_the_same_again(void **state)
{
    static const char *const codes[] = { "CgwIARDh+JxjL/yABKA==", "CgwIARDh+JxjL/yABKA==" };
    static const dygw_question_t question = { .what = DYGW_QUESTION_VERIFY,
                                              .account_id = "7014065493820573710",
                                              .poi_id = POI,
                                              .verify_token = "78a23d74-d0f5",
                                              .codes = codes,
                                              .count = 2 };
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_verify(u->douyin, &question, TOKEN, &u->log, u->pool);
    dygw_douyin_verify(u->douyin, &question, TOKEN, &u->log, u->pool);
    assert_string_equal(loopback_request(u->server, 0),
                        apr_psprintf(u->pool,
                                     "POST /goodlife/v1/fulfilment/certificate/verify/ HTTP/1.1\r\n"
                                     "Host: 127.0.0.1:%d\r\nAccept: */*\r\n"
                                     "access-token: " TOKEN "\r\n"
                                     "User-Agent: mod_dygw\r\nContent-Type: application/json\r\n"
                                     "Accept-Encoding: identity\r\n"
                                     "Rpc-Transit-Life-Account: 7014065493820573710\r\n"
                                     "Content-Length: 166\r\n\r\n"
                                     "{\"verify_token\":\"78a23d74-d0f5\",\"poi_id\":\"7012345678901234567\","
                                     "\"encrypted_codes\":[\"CgwIARDh+JxjL/yABKA==\",\"CgwIARDh+JxjL/yABKA==\"],"
                                     "\"account_id\":\"7014065493820573710\"}",
                                     loopback_port(u->server)));
    assert_string_equal(loopback_request(u->server, 0), loopback_request(u->server, 1));
}

/* What a version sent that had the account in all headers and in no verify's body. */
static void a_verify_with_its_account_in_the_header_alone_sends_these_bytes(void **state)
{
    static const char *const codes[] = { "CgwIARDh+JxjL/yABKA==", "CgwIARDh+JxjL/yABKA==" };
    static const dygw_question_t question = { .what = DYGW_QUESTION_VERIFY,
                                              .account_id = "7014065493820573710",
                                              .account_in_header_only = 1,
                                              .poi_id = POI,
                                              .verify_token = "78a23d74-d0f5",
                                              .codes = codes,
                                              .count = 2 };
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_verify(u->douyin, &question, TOKEN, &u->log, u->pool);
    assert_string_equal(loopback_request(u->server, 0),
                        apr_psprintf(u->pool,
                                     "POST /goodlife/v1/fulfilment/certificate/verify/ HTTP/1.1\r\n"
                                     "Host: 127.0.0.1:%d\r\nAccept: */*\r\n"
                                     "access-token: " TOKEN "\r\n"
                                     "User-Agent: mod_dygw\r\nContent-Type: application/json\r\n"
                                     "Accept-Encoding: identity\r\n"
                                     "Rpc-Transit-Life-Account: 7014065493820573710\r\n"
                                     "Content-Length: 131\r\n\r\n"
                                     "{\"verify_token\":\"78a23d74-d0f5\",\"poi_id\":\"7012345678901234567\","
                                     "\"encrypted_codes\":[\"CgwIARDh+JxjL/yABKA==\",\"CgwIARDh+JxjL/yABKA==\"]}",
                                     loopback_port(u->server)));
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

static void stores_asks_for_an_account_for_a_store_or_for_both(void **state)
{
    static const dygw_question_t all = { .what = DYGW_QUESTION_STORES, .account_id = "1001", .page = 2, .size = 50 };
    static const dygw_question_t both
        = { .what = DYGW_QUESTION_STORES, .account_id = "1002", .poi_id = POI, .page = 1, .size = 20 };
    static const dygw_question_t one = { .what = DYGW_QUESTION_STORES,
                                         .account_id = "1002",
                                         .account_in_header_only = 1,
                                         .poi_id = POI,
                                         .page = 1,
                                         .size = 20 };
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_stores(u->douyin, &all, TOKEN, &u->log, u->pool);
    dygw_douyin_stores(u->douyin, &both, TOKEN, &u->log, u->pool);
    dygw_douyin_stores(u->douyin, &one, TOKEN, &u->log, u->pool);
    assert_starts(loopback_request(u->server, 0),
                  "GET /goodlife/v1/shop/poi/query/?page=2&size=50&account_id=1001 HTTP/1.1\r\n");
    assert_starts(loopback_request(u->server, 1), "GET /goodlife/v1/shop/poi/query/?page=1&size=20&account_id=1002"
                                                  "&poi_id=7012345678901234567 HTTP/1.1\r\n");
    assert_starts(loopback_request(u->server, 2),
                  "GET /goodlife/v1/shop/poi/query/?page=1&size=20&poi_id=7012345678901234567 HTTP/1.1\r\n");
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
    dygw_douyin_stores(u->douyin, &upstream_store, "clt.other", &u->log, u->pool);
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

/* --- secrets --- */

static void no_secret_is_logged(void **state)
{
    static const char *const code = "CgwIARDhSECRETCODE";
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_DROP, NULL });
    verify(u, &code, 1);
    verify(u, &code, 1);
    dygw_douyin_token(u->douyin, &u->log, u->pool);
    dygw_douyin_prepare(u->douyin, &upstream_code, TOKEN, &u->log, u->pool);
    assert_string_not_equal(upstream_logged(), "");
    assert_null(strstr(upstream_logged(), TOKEN));
    assert_null(strstr(upstream_logged(), CLIENT_SECRET));
    assert_null(strstr(upstream_logged(), code));
    assert_null(strstr(upstream_logged(), "102539929601"));
}

/* --- Douyin, or the sandbox --- */

#define MARKED     "HTTP/1.1 200 OK\r\nX-Dygw-Sandbox: 1\r\nContent-Length: 26\r\n\r\n{\"data\":{\"error_code\":0}}\n"
#define OF_A_PROXY "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops"

static _Atomic apr_int64_t seen;

static void what_answers_is_known_by_its_mark(void **state)
{
    upstream_t *u = *state;

    seen = 0;
    u->config.upstream_seen = &seen;
    upstream_script(u, { LOOPBACK_ANSWER, MARKED }, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_ANSWER, MARKED },
                    { LOOPBACK_ANSWER, OF_A_PROXY });
    assert_true(dygw_douyin_is_sandbox(u->douyin)); /* it is on this machine, and has not answered yet */
    stores(u);
    assert_true(dygw_douyin_is_sandbox(u->douyin));
    stores(u);
    assert_false(dygw_douyin_is_sandbox(u->douyin)); /* a proxy on this machine, to Douyin */
    stores(u);
    assert_true(dygw_douyin_is_sandbox(u->douyin));
    stores(u);
    assert_true(dygw_douyin_is_sandbox(u->douyin)); /* that was not Douyin's answer */
}

static void what_another_address_answered_says_nothing(void **state)
{
    static const char *const here[]
        = { "http://localhost:8090", "http://127.0.0.2", "https://LOCALHOST", "http://[::1]:8090" };
    static const char *const elsewhere[] = { "https://open.douyin.com", "https://127.example", "http://10.0.0.1" };
    upstream_t *u = *state;
    size_t i;

    seen = 1; /* of some other address */
    u->config.upstream_seen = &seen;
    for (i = 0; i < sizeof here / sizeof *here; i++) {
        upstream_connect(u, here[i]);
        assert_true(dygw_douyin_is_sandbox(u->douyin));
    }
    for (i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        upstream_connect(u, elsewhere[i]);
        assert_false(dygw_douyin_is_sandbox(u->douyin));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(prepare_encodes_each_argument_once),
        TEST(prepare_sends_these_bytes),
        TEST(verify_sends_these_bytes_and_the_same_again),
        TEST(a_verify_with_its_account_in_the_header_alone_sends_these_bytes),
        TEST(a_large_body_is_sent_without_waiting_for_a_continue),
        TEST(stores_asks_for_an_account_for_a_store_or_for_both),
        TEST(the_token_call_sends_the_secret_in_the_body_and_no_token),
        TEST(the_other_token_call_can_be_configured),
        TEST(a_new_token_is_used_from_the_next_call_on),
        TEST(the_environments_proxy_is_not_used),
        TEST(the_configured_proxy_is_used_whatever_the_environment_excepts),
        TEST(no_secret_is_logged),
        TEST(what_answers_is_known_by_its_mark),
        TEST(what_another_address_answered_says_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_wire", tests, NULL, NULL);
}
