/* SPDX-License-Identifier: Apache-2.0
 * Many calls at once from one thread: how long they take, what is asked and what comes back, and how
 * each ends.
 * links: douyin/address.c douyin/async.c douyin/cancel.c douyin/certificate.c douyin/client.c
 * links: douyin/codes.c douyin/coupons.c douyin/envelope.c douyin/http_call.c douyin/http_easy.c
 * links: douyin/http_handles.c douyin/http_multi.c douyin/http_outcome.c
 * links: douyin/ledger.c douyin/link.c douyin/link_hosts.c douyin/order.c douyin/prepare.c douyin/records.c
 * links: douyin/token.c douyin/verify.c
 * helpers: asking.c loopback.c upstream.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "support/asking.h"
#include "util/compiler.h"

#define MANY 50

/* --- many at once --- */

static void many_calls_take_about_as_long_as_one(void **state)
{
    upstream_t *u = *state;
    int batons[MANY], seen[MANY] = { 0 };
    dygw_douyin_async_t *async;
    apr_time_t began = apr_time_now();

    upstream_script(u, { LOOPBACK_ANSWER_LATE, GOOD });
    async = async_of(u);
    for (int i = 0; i < MANY; i++) {
        begin_query(u, async, &batons[i]);
    }
    assert_int_equal(dygw_douyin_async_count(async), MANY);
    for (int i = 0; i < MANY; i++) {
        void *baton;

        assert_int_equal(next_reply(async, &baton)->kind, DYGW_REPLY_OK);
        seen[(int *)baton - batons]++;
    }
    /* One after the other they take twice that; so long a busy machine may take. */
    assert_in_range(apr_time_now() - began, 0, 1000 * LOOPBACK_DELAY_MS * MANY / 2);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(seen[i], 1);
    }
    assert_int_equal(dygw_douyin_async_count(async), 0);
}

static void calls_are_completed_in_the_order_of_their_answers(void **state)
{
    upstream_t *u = *state;
    char first[] = "first", second[] = "second";
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    upstream_script(u, { LOOPBACK_ANSWER_THIRD, GOOD }, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_HANG, NULL });
    async = async_of(u);
    begin_query(u, async, first);
    while (loopback_requests(u->server) == 0) {
        assert_int_equal(dygw_douyin_async_next(async, 1000, &baton, &answer), 0);
    }
    begin_query(u, async, second);
    assert_int_equal(next_reply(async, &baton)->kind, DYGW_REPLY_OK);
    assert_string_equal(baton, "second");
    begin_query(u, async, NULL);
    assert_int_equal(next_reply(async, &baton)->kind, DYGW_REPLY_OK);
    assert_string_equal(baton, "first");
}

static void without_patience_nothing_is_waited_for(void **state)
{
    upstream_t *u = *state;
    apr_time_t began;
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    upstream_script(u, { LOOPBACK_HANG, NULL });
    async = async_of(u);
    began = apr_time_now();
    assert_int_equal(dygw_douyin_async_next(async, PATIENCE, &baton, &answer), 0);
    begin_query(u, async, NULL);
    assert_int_equal(dygw_douyin_async_next(async, 0, &baton, &answer), 0);
    assert_in_range(apr_time_now() - began, 0, apr_time_from_sec(2));
    began = apr_time_now();
    assert_int_equal(dygw_douyin_async_next(async, apr_time_from_msec(50), &baton, &answer), 0);
    assert_in_range(apr_time_now() - began, 50000, apr_time_from_sec(2));
    assert_int_equal(dygw_douyin_async_count(async), 1);
}

/* Found by memory checkers when anything of a call outlives it. */
static void each_call_has_a_pool_that_may_go_when_it_is_completed(void **state)
{
    upstream_t *u = *state;
    dygw_douyin_async_t *async;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    async = async_of(u);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 8; i++) {
            apr_pool_t *pool;
            dygw_question_t *question;

            assert_int_equal(apr_pool_create(&pool, NULL), APR_SUCCESS);
            question = apr_pmemdup(pool, &asking_query, sizeof asking_query);
            question->order_id = apr_psprintf(pool, "%d", i);
            dygw_douyin_async_begin(async, question, apr_pstrdup(pool, TOKEN), &u->log, pool, pool);
        }
        for (int i = 0; i < 8; i++) {
            void *pool;

            assert_int_equal(next_reply(async, &pool)->kind, DYGW_REPLY_OK);
            apr_pool_destroy(pool);
        }
    }
}

static void the_client_may_end_with_calls_under_way(void **state)
{
    upstream_t *u = *state;
    apr_pool_t *pool;
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    upstream_script(u, { LOOPBACK_HANG, NULL });
    assert_int_equal(apr_pool_create(&pool, u->pool), APR_SUCCESS);
    assert_int_equal(dygw_douyin_async_create(&async, u->douyin, pool), APR_SUCCESS);
    begin_query(u, async, NULL);
    begin_query(u, async, NULL);
    while (loopback_requests(u->server) < 2) {
        assert_int_equal(dygw_douyin_async_next(async, 1000, &baton, &answer), 0);
    }
    apr_pool_destroy(pool);
    assert_true(loopback_await_open(u->server, 0));
    dygw_douyin_abort(u->douyin);
}

/* --- what is asked, and what comes back --- */

static const char *question_sent(upstream_t *u, const dygw_question_t *question, dygw_answer_t *answer)
{
    dygw_douyin_async_t *async = async_of(u);
    void *baton;

    dygw_douyin_async_begin(async, question, TOKEN, &u->log, u->pool, NULL);
    assert_int_equal(dygw_douyin_async_next(async, PATIENCE, &baton, answer), 1);
    return loopback_request(u->server, loopback_requests(u->server) - 1);
}

static void assert_starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0) {
        fail_msg("not '%s' but '%s'", start, text);
    }
}

static const char *body_of(const char *request)
{
    return strstr(request, "\r\n\r\n") + 4;
}

static void get_and_query_encode_what_they_ask_for(void **state)
{
    static const dygw_question_t get = { .what = DYGW_QUESTION_GET, .encrypted_code = "CgwIARDh+JxjL/yABKA==" };
    upstream_t *u = *state;
    dygw_answer_t answer;

    upstream_answer(u, "{\"data\":{\"error_code\":0,\"certificate\":{\"status\":1},"
                       "\"certificates\":[{\"status\":1},{\"status\":2}]}}");
    assert_starts(question_sent(u, &get, &answer), "GET /goodlife/v1/fulfilment/certificate/get/"
                                                   "?encrypted_code=CgwIARDh%2bJxjL%2fyABKA%3d%3d HTTP/1.1\r\n");
    assert_int_equal(answer.coupons->coupons->nelts, 1);
    assert_starts(question_sent(u, &asking_query, &answer),
                  "GET /goodlife/v1/fulfilment/certificate/query/?order_id=1061449651423386211"
                  " HTTP/1.1\r\n");
    assert_int_equal(answer.coupons->coupons->nelts, 2);
    assert_non_null(strstr(loopback_request(u->server, 1), "access-token: " TOKEN "\r\n"));
}

static void a_repetition_sends_the_bytes_of_the_verify(void **state)
{
    static const char *const codes[] = { "CgwIARDh+JxjL/yABKA==", "CgwIARDh+JxjL/yABKA==" };
    static const dygw_question_t repeat = { .what = DYGW_QUESTION_VERIFY,
                                            .account_id = "7014065493820573710",
                                            .poi_id = POI,
                                            .verify_token = "78a23d74-d0f5",
                                            .codes = codes,
                                            .count = 2 };
    upstream_t *u = *state;
    dygw_answer_t answer;

    upstream_answer(u, "{\"data\":{\"error_code\":0,\"verify_results\":["
                       "{\"result\":0,\"code\":\"CgwIARDh+JxjL/yABKA==\",\"verify_id\":\"1\"},"
                       "{\"result\":1208,\"code\":\"CgwIARDh+JxjL/yABKA==\"}]}}");
    dygw_douyin_verify(u->douyin, &repeat, TOKEN, &u->log, u->pool);
    question_sent(u, &repeat, &answer);
    assert_string_equal(loopback_request(u->server, 0), loopback_request(u->server, 1));
    assert_int_equal(answer.verified->items[0].kind, DYGW_REPLY_OK);
    assert_string_equal(answer.verified->items[0].verify_id, "1");
    assert_true(answer.verified->items[1].already);
}

static void what_was_held_up_too_long_is_not_sent(void **state)
{
    static const char *const codes[] = { "CgwIARDh+JxjL/yABKA==" };
    dygw_question_t repeat = { .what = DYGW_QUESTION_VERIFY,
                               .poi_id = POI,
                               .verify_token = "t",
                               .codes = codes,
                               .count = 1,
                               .send_by = dygw_now() - 1 };
    upstream_t *u = *state;
    dygw_answer_t answer;

    upstream_answer(u, "{\"data\":{\"error_code\":0}}");
    question_sent(u, &repeat, &answer);
    assert_int_equal(answer.reply->kind, DYGW_REPLY_UNREACHABLE);
    assert_int_equal(dygw_douyin_verify(u->douyin, &repeat, TOKEN, &u->log, u->pool)->reply.kind,
                     DYGW_REPLY_UNREACHABLE);
    assert_int_equal(loopback_requests(u->server), 0);
    repeat.send_by = dygw_now() + 60000;
    question_sent(u, &repeat, &answer);
    assert_int_equal(answer.reply->kind, DYGW_REPLY_OK);
}

static void cancel_sends_the_same_bytes_waited_for_or_not(void **state)
{
    static const dygw_question_t cancel = { .what = DYGW_QUESTION_CANCEL,
                                            .verify_id = "7091478021421631519",
                                            .certificate_id = "7091180835810052103",
                                            .cancel_token = "c-1" };
    static const dygw_question_t without_token
        = { .what = DYGW_QUESTION_CANCEL, .verify_id = "1", .certificate_id = "2" };
    upstream_t *u = *state;
    dygw_answer_t answer;

    upstream_answer(u, "{\"data\":{\"error_code\":0},\"extra\":{\"error_code\":0}}");
    assert_int_equal(dygw_douyin_cancel(u->douyin, &cancel, TOKEN, &u->log, u->pool)->reply.kind, DYGW_REPLY_OK);
    question_sent(u, &cancel, &answer);
    assert_int_equal(answer.cancelled->reply.kind, DYGW_REPLY_OK);
    assert_starts(loopback_request(u->server, 0), "POST /goodlife/v1/fulfilment/certificate/cancel/ HTTP/1.1\r\n");
    assert_string_equal(body_of(loopback_request(u->server, 0)),
                        "{\"verify_id\":\"7091478021421631519\","
                        "\"certificate_id\":\"7091180835810052103\",\"cancel_token\":\"c-1\"}");
    assert_string_equal(loopback_request(u->server, 0), loopback_request(u->server, 1));
    dygw_douyin_cancel(u->douyin, &without_token, TOKEN, &u->log, u->pool);
    assert_string_equal(body_of(loopback_request(u->server, 2)), "{\"verify_id\":\"1\",\"certificate_id\":\"2\"}");
}

static void the_order_query_names_the_account(void **state)
{
    static const dygw_question_t order
        = { .what = DYGW_QUESTION_ORDER, .account_id = "7014065493820573710", .order_id = "7000277894" };
    upstream_t *u = *state;
    dygw_answer_t answer;

    upstream_answer(u, "{\"data\":{\"error_code\":0,\"orders\":[{\"order_id\":\"7000277894\"}]}}");
    assert_starts(question_sent(u, &order, &answer),
                  "GET /goodlife/v1/trade/order/query/?page_num=1&page_size=10"
                  "&account_id=7014065493820573710&order_id=7000277894 HTTP/1.1\r\n");
    assert_true(answer.order->found);
}

static void an_after_sale_order_is_asked_for_by_order_and_coupon(void **state)
{
    static const dygw_question_t sale = { .what = DYGW_QUESTION_AFTER_SALE,
                                          .account_id = "7014065493820573710",
                                          .order_id = "7000277894",
                                          .certificate_id = "7382420130108424203" };
    upstream_t *u = *state;
    dygw_answer_t answer;

    upstream_answer(u, "{\"data\":{\"error_code\":0}}");
    assert_starts(question_sent(u, &sale, &answer),
                  "GET /goodlife/v1/akte/after_sale/order_detail/get/?order_id=7000277894"
                  "&certificate_id=7382420130108424203&account_id=7014065493820573710 HTTP/1.1\r\n");
    assert_int_equal(answer.after_sale->refund_status, -1);
}

/* --- what goes wrong --- */

static void a_call_without_an_answer_times_out_alone(void **state)
{
    upstream_t *u = *state;
    apr_time_t began = apr_time_now();
    char slow[] = "slow", quick[] = "quick";
    const dygw_reply_t *reply;
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    u->config.total_timeout = apr_time_from_msec(1000);
    upstream_script(u, { LOOPBACK_HANG, NULL }, { LOOPBACK_ANSWER, GOOD });
    async = async_of(u);
    begin_query(u, async, slow);
    while (loopback_requests(u->server) == 0) {
        assert_int_equal(dygw_douyin_async_next(async, 1000, &baton, &answer), 0);
    }
    begin_query(u, async, quick);
    assert_int_equal(next_reply(async, &baton)->kind, DYGW_REPLY_OK);
    assert_string_equal(baton, "quick");
    reply = next_reply(async, &baton);
    assert_int_equal(reply->kind, DYGW_REPLY_TIMEOUT);
    assert_string_equal(baton, "slow");
    assert_in_range(reply->took, 990000, 5000000);
    assert_in_range(apr_time_now() - began, 990000, 5000000);
    assert_non_null(strstr(upstream_logged(), "DYGW0500"));
}

static void the_time_of_a_call_counts_from_its_start(void **state)
{
    upstream_t *u = *state;
    apr_time_t until;
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    u->config.total_timeout = apr_time_from_msec(50);
    upstream_script(u, { LOOPBACK_HANG, NULL });
    async = async_of(u);
    begin_query(u, async, NULL);
    until = apr_time_now() + apr_time_from_msec(60);
    while (apr_time_now() < until) {}
    assert_int_equal(dygw_douyin_async_next(async, 0, &baton, &answer), 1);
    assert_in_range(answer.reply->kind, DYGW_REPLY_TIMEOUT, DYGW_REPLY_UNREACHABLE);
}

static void a_request_without_an_answer_is_lost(void **state)
{
    upstream_t *u = *state;
    dygw_douyin_async_t *async;

    upstream_script(u, { LOOPBACK_DROP, NULL });
    async = async_of(u);
    begin_query(u, async, NULL);
    assert_int_equal(next_kind(async), DYGW_REPLY_LOST);
}

static void a_port_where_nobody_listens_is_unreachable(void **state)
{
    upstream_t *u = *state;
    dygw_douyin_async_t *async;

    upstream_connect(u, apr_psprintf(u->pool, "http://127.0.0.1:%d", loopback_free_port()));
    async = async_of(u);
    begin_query(u, async, NULL);
    assert_int_equal(next_kind(async), DYGW_REPLY_UNREACHABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_calls_take_about_as_long_as_one),
        TEST(calls_are_completed_in_the_order_of_their_answers),
        TEST(without_patience_nothing_is_waited_for),
        TEST(each_call_has_a_pool_that_may_go_when_it_is_completed),
        TEST(the_client_may_end_with_calls_under_way),
        TEST(get_and_query_encode_what_they_ask_for),
        TEST(a_repetition_sends_the_bytes_of_the_verify),
        TEST(what_was_held_up_too_long_is_not_sent),
        TEST(cancel_sends_the_same_bytes_waited_for_or_not),
        TEST(the_order_query_names_the_account),
        TEST(an_after_sale_order_is_asked_for_by_order_and_coupon),
        TEST(a_call_without_an_answer_times_out_alone),
        TEST(the_time_of_a_call_counts_from_its_start),
        TEST(a_request_without_an_answer_is_lost),
        TEST(a_port_where_nobody_listens_is_unreachable),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_async", tests, NULL, NULL);
}
