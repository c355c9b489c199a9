/* SPDX-License-Identifier: Apache-2.0
 * Many calls at once from one thread: what becomes of their connections, and what an abort does.
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

#include <pthread.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "support/asking.h"
#include "util/compiler.h"

/* --- connections --- */

static void connections_are_used_again(void **state)
{
    upstream_t *u = *state;
    dygw_douyin_async_t *async;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    async = async_of(u);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 20; i++) {
            begin_query(u, async, NULL);
        }
        for (int i = 0; i < 20; i++) {
            assert_int_equal(next_kind(async), DYGW_REPLY_OK);
        }
    }
    assert_int_equal(loopback_requests(u->server), 200);
    assert_in_range(loopback_connections(u->server), 1, 20);
}

static void a_failed_call_leaves_its_connection_to_nobody(void **state)
{
    upstream_t *u = *state;
    dygw_douyin_async_t *async;

    u->config.total_timeout = apr_time_from_msec(200);
    upstream_script(u, { LOOPBACK_HANG, NULL }, { LOOPBACK_ANSWER, GOOD });
    async = async_of(u);
    begin_query(u, async, NULL);
    assert_int_equal(next_kind(async), DYGW_REPLY_TIMEOUT);
    begin_query(u, async, NULL);
    assert_int_equal(next_kind(async), DYGW_REPLY_OK);
    assert_int_equal(loopback_connections(u->server), 2);
}

static dygw_ms_t now;

static apr_time_t clock_of_test(void)
{
    return apr_time_from_msec(now);
}

static void connections_that_nobody_needs_for_a_minute_are_closed(void **state)
{
    upstream_t *u = *state;
    dygw_douyin_async_t *async;
    dygw_answer_t answer;
    void *baton;

    dygw_steady_set(clock_of_test);
    upstream_script(u, { LOOPBACK_ANSWER_IN_PAIRS, GOOD });
    async = async_of(u);
    begin_query(u, async, NULL);
    begin_query(u, async, NULL);
    assert_int_equal(next_kind(async), DYGW_REPLY_OK);
    assert_int_equal(next_kind(async), DYGW_REPLY_OK);
    now += 59 * 1000;
    assert_int_equal(dygw_douyin_async_next(async, 0, &baton, &answer), 0);
    begin_query(u, async, NULL);
    assert_int_equal(next_kind(async), DYGW_REPLY_OK);
    assert_int_equal(loopback_connections(u->server), 2);
    assert_true(loopback_await_open(u->server, 2));
    now += 61 * 1000;
    assert_int_equal(dygw_douyin_async_next(async, 0, &baton, &answer), 0);
    assert_true(loopback_await_open(u->server, 0));
    begin_query(u, async, NULL);
    assert_int_equal(next_kind(async), DYGW_REPLY_OK);
    assert_int_equal(loopback_connections(u->server), 3);
    dygw_steady_set(NULL);
}

/* It has a connection that will be dead when the next request is sent over it. */
static dygw_douyin_async_t *async_with_a_dying_connection(upstream_t *u)
{
    dygw_douyin_async_t *async;
    const dygw_reply_t *reply;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD }, { LOOPBACK_DROP, NULL }, { LOOPBACK_ANSWER, GOOD });
    async = async_of(u);
    begin_query(u, async, NULL);
    reply = next_reply(async, NULL);
    assert_false(reply->sent_twice);
    assert_false(reply->was_dead);
    return async;
}

static void a_request_that_libcurl_repeats_on_its_own_is_told(void **state)
{
    upstream_t *u = *state;
    dygw_douyin_async_t *async = async_with_a_dying_connection(u);
    const dygw_reply_t *reply;

    begin_query(u, async, NULL);
    reply = next_reply(async, NULL);
    assert_int_equal(reply->kind, DYGW_REPLY_OK);
    assert_true(reply->sent_twice);
    assert_int_equal(loopback_requests(u->server), 3);
    begin_query(u, async, NULL);
    assert_false(next_reply(async, NULL)->sent_twice);
}

/* Douyin counts order queries, so they are sent by nobody but who keeps the count. */
static void an_order_query_over_a_dead_connection_is_not_sent_again(void **state)
{
    upstream_t *u = *state;
    dygw_question_t order = { .what = DYGW_QUESTION_ORDER, .order_id = "1" };
    dygw_douyin_async_t *async = async_with_a_dying_connection(u);
    const dygw_reply_t *reply;

    dygw_douyin_async_begin(async, &order, TOKEN, &u->log, u->pool, NULL);
    reply = next_reply(async, NULL);
    assert_int_equal(reply->kind, DYGW_REPLY_LOST);
    assert_true(reply->was_dead);
    assert_false(reply->sent_twice);
    assert_int_equal(loopback_requests(u->server), 2);
    assert_non_null(strstr(upstream_logged(), "DYGW0665"));
    dygw_douyin_async_begin(async, &order, TOKEN, &u->log, u->pool, NULL);
    assert_false(next_reply(async, NULL)->was_dead);
    assert_int_equal(loopback_requests(u->server), 3);
}

/* --- abort --- */

/* libcurl wakes up by itself 200 ms after a connect, and then every second. */
#define BETWEEN_WAKES apr_time_from_msec(300)
#define AT_ONCE       apr_time_from_msec(500)

typedef struct aborter_t {
    upstream_t *u;
    apr_time_t at;
} aborter_t;

static void *abort_soon(void *baton)
{
    aborter_t *aborter = baton;

    loopback_await(aborter->u->server, 3);
    apr_sleep(BETWEEN_WAKES);
    aborter->at = apr_time_now();
    dygw_douyin_abort(aborter->u->douyin);
    return NULL;
}

static void an_abort_completes_everything_at_once(void **state)
{
    upstream_t *u = *state;
    aborter_t aborter = { .u = u };
    pthread_t thread;
    dygw_douyin_async_t *async;
    apr_time_t ended;

    u->config.total_timeout = apr_time_from_sec(60);
    upstream_script(u, { LOOPBACK_HANG, NULL });
    async = async_of(u);
    for (int i = 0; i < 3; i++) {
        begin_query(u, async, NULL);
    }
    assert_int_equal(pthread_create(&thread, NULL, abort_soon, &aborter), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next_kind(async), DYGW_REPLY_LOST);
    }
    ended = apr_time_now();
    pthread_join(thread, NULL);
    assert_in_range(ended - aborter.at, 0, AT_ONCE);
    assert_int_equal(dygw_douyin_async_count(async), 0);
    assert_string_equal(upstream_logged(), "");
}

static void calls_after_an_abort_send_nothing(void **state)
{
    upstream_t *u = *state;
    char baton_of_test[] = "mine";
    dygw_douyin_async_t *async;
    void *baton;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    async = async_of(u);
    dygw_douyin_abort(u->douyin);
    begin_query(u, async, baton_of_test);
    assert_int_equal(dygw_douyin_async_count(async), 1);
    assert_int_equal(next_reply(async, &baton)->kind, DYGW_REPLY_UNREACHABLE);
    assert_ptr_equal(baton, baton_of_test);
    assert_int_equal(dygw_douyin_async_count(async), 0);
    assert_int_equal(loopback_connections(u->server), 0);
    assert_string_equal(upstream_logged(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_that_libcurl_repeats_on_its_own_is_told),
        TEST(an_order_query_over_a_dead_connection_is_not_sent_again),
        TEST(connections_are_used_again),
        TEST(a_failed_call_leaves_its_connection_to_nobody),
        TEST(connections_that_nobody_needs_for_a_minute_are_closed),
        TEST(an_abort_completes_everything_at_once),
        TEST(calls_after_an_abort_send_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_async_connections", tests, NULL, NULL);
}
