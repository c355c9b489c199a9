/* SPDX-License-Identifier: Apache-2.0
 * Whose coupons a call is about: the account in its header and among its arguments.
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

#include "support/asking.h"
#include "util/compiler.h"

#define HEADER "Rpc-Transit-Life-Account: "
#define ONE    "7014065493820573710"
#define OTHER  "7014065493820573999"

/* How often text has the part. */
static int times(const char *text, const char *part)
{
    int n = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

static void check_header(const char *request, const char *account)
{
    char line[100];

    apr_snprintf(line, sizeof line, "\r\n" HEADER "%s\r\n", account ? account : "");
    assert_int_equal(times(request, "Rpc-Transit"), account != NULL);
    assert_int_equal(times(request, line), account != NULL);
}

/* The request that a question makes: the whole of it. */
static const char *sent(upstream_t *u, const dygw_question_t *question)
{
    dygw_douyin_async_t *async = async_of(u);
    dygw_answer_t answer;
    void *baton;

    dygw_douyin_async_begin(async, question, TOKEN, &u->log, u->pool, NULL);
    assert_int_equal(dygw_douyin_async_next(async, PATIENCE, &baton, &answer), 1);
    return loopback_request(u->server, loopback_requests(u->server) - 1);
}

static const char *const codes[] = { "CgwIARDh+JxjL/yABKA==" };

static dygw_question_t question_of(dygw_question_e what, const char *account_id)
{
    return (dygw_question_t){ .what = what,
                              .account_id = account_id,
                              .encrypted_code = "E",
                              .order_id = "1",
                              .poi_id = POI,
                              .verify_token = "t",
                              .codes = codes,
                              .count = 1,
                              .verify_id = "2",
                              .certificate_id = "3",
                              .page = 1,
                              .size = 20 };
}

/* Each call, and how it names the account besides. */
static const struct {
    dygw_question_e what;
    const char *named;
} calls[] = {
    { DYGW_QUESTION_GET, "get/?encrypted_code=E&account_id=" ONE " HTTP" },
    { DYGW_QUESTION_QUERY, "query/?order_id=1&account_id=" ONE " HTTP" },
    { DYGW_QUESTION_VERIFY, "\"encrypted_codes\":[\"CgwIARDh+JxjL/yABKA==\"],\"account_id\":\"" ONE "\"}" },
    { DYGW_QUESTION_CANCEL, "\"certificate_id\":\"3\",\"account_id\":\"" ONE "\"}" },
    { DYGW_QUESTION_ORDER, "&account_id=" ONE "&order_id=1 HTTP" },
    { DYGW_QUESTION_RECORDS, "?size=20&account_id=" ONE "&cursor=" },
    { DYGW_QUESTION_STORES, "&size=20&account_id=" ONE "&poi_id=" POI " HTTP" },
    { DYGW_QUESTION_LEDGER, NULL }, /* by the header alone */
    { DYGW_QUESTION_AFTER_SALE, "?order_id=1&certificate_id=3&account_id=" ONE " HTTP" },
};
#define CALLS (int)(sizeof calls / sizeof *calls)

static void each_call_names_its_account_in_the_header_and_where_douyin_takes_it(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    assert_int_equal(CALLS, DYGW_QUESTIONS);
    for (int i = 0; i < CALLS; i++) {
        const dygw_question_t question = question_of(calls[i].what, ONE);
        const char *request = sent(u, &question);

        check_header(request, ONE);
        if (!calls[i].named) {
            assert_null(strstr(request, "account_id"));
        }
        else if (times(request, calls[i].named) != 1 || times(request, "account_id") != 1) {
            fail_msg("not '%s' in '%s'", calls[i].named, request);
        }
    }
}

static void without_an_account_a_call_names_none(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (int i = 0; i < CALLS; i++) {
        const dygw_question_t question = question_of(calls[i].what, NULL);
        const char *request = sent(u, &question);

        check_header(request, NULL);
        assert_null(strstr(request, "account"));
    }
}

static dygw_verify_reply_t *verify_for(upstream_t *u, const char *account_id, const char *access_token)
{
    const dygw_question_t question = question_of(DYGW_QUESTION_VERIFY, account_id);

    return dygw_douyin_verify(u->douyin, &question, access_token, &u->log, u->pool);
}

static void an_account_may_be_in_the_header_alone(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (int i = 0; i < CALLS; i++) {
        dygw_question_t question = question_of(calls[i].what, ONE);
        const char *request;

        question.account_in_header_only = 1;
        request = sent(u, &question);
        check_header(request, ONE);
        assert_null(strstr(request, "account_id"));
    }
}

static void prepare_names_its_account(void **state)
{
    dygw_prepare_question_t question = { .poi_id = POI, .account_id = ONE, .code = "102539929601" };
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_prepare(u->douyin, &question, TOKEN, &u->log, u->pool);
    question.account_id = NULL;
    dygw_douyin_prepare(u->douyin, &question, TOKEN, &u->log, u->pool);
    check_header(loopback_request(u->server, 0), ONE);
    assert_int_equal(times(loopback_request(u->server, 0), "&code=102539929601&account_id=" ONE " HTTP"), 1);
    check_header(loopback_request(u->server, 1), NULL);
    assert_null(strstr(loopback_request(u->server, 1), "account"));
}

static void a_reply_tells_whom_its_call_was_for(void **state)
{
    upstream_t *u = *state;

    upstream_answer(u, "{\"data\":{\"error_code\":1508,\"description\":\"\"}}");
    assert_string_equal(verify_for(u, ONE, TOKEN)->reply.account_id, ONE);
    assert_null(verify_for(u, NULL, TOKEN)->reply.account_id);
}

static void stores_are_asked_for_with_the_account_of_the_question(void **state)
{
    upstream_t *u = *state;
    const dygw_question_t of_one = question_of(DYGW_QUESTION_STORES, ONE);
    const dygw_question_t of_none = question_of(DYGW_QUESTION_STORES, NULL);

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    dygw_douyin_stores(u->douyin, &of_one, TOKEN, &u->log, u->pool);
    dygw_douyin_stores(u->douyin, &of_none, TOKEN, &u->log, u->pool);
    check_header(loopback_request(u->server, 0), ONE);
    check_header(loopback_request(u->server, 1), NULL);
}

static void accounts_that_take_turns_share_a_kept_connection(void **state)
{
    static const char *const turns[] = { ONE, OTHER, ONE, ONE, NULL, OTHER, NULL, NULL, ONE };
    const int count = (int)(sizeof turns / sizeof *turns);
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (int i = 0; i < count; i++) {
        verify_for(u, turns[i], TOKEN);
    }
    assert_int_equal(loopback_connections(u->server), 1);
    for (int i = 0; i < count; i++) {
        const char *request = loopback_request(u->server, i);

        check_header(request, turns[i]);
        assert_int_equal(times(request, "\r\naccess-token: " TOKEN "\r\n"), 1);
    }
}

static void a_new_token_goes_with_each_account(void **state)
{
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    verify_for(u, ONE, TOKEN);
    verify_for(u, ONE, "clt.other");
    verify_for(u, OTHER, "clt.other");
    dygw_douyin_token(u->douyin, &u->log, u->pool);
    verify_for(u, OTHER, TOKEN);
    check_header(loopback_request(u->server, 1), ONE);
    assert_int_equal(times(loopback_request(u->server, 1), "\r\naccess-token: clt.other\r\n"), 1);
    check_header(loopback_request(u->server, 2), OTHER);
    assert_int_equal(times(loopback_request(u->server, 2), "\r\naccess-token: clt.other\r\n"), 1);
    check_header(loopback_request(u->server, 3), NULL); /* the token is the application's */
    check_header(loopback_request(u->server, 4), OTHER);
    assert_int_equal(times(loopback_request(u->server, 4), "\r\naccess-token: " TOKEN "\r\n"), 1);
}

static void calls_of_several_accounts_are_under_way_at_once(void **state)
{
    upstream_t *u = *state;
    dygw_question_t questions[9];
    dygw_douyin_async_t *async;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    async = async_of(u);
    for (int i = 0; i < 9; i++) {
        questions[i] = question_of(DYGW_QUESTION_QUERY, i % 3 ? apr_psprintf(u->pool, "100%d", i % 3) : NULL);
        questions[i].order_id = apr_psprintf(u->pool, "of-%d", i % 3);
        dygw_douyin_async_begin(async, &questions[i], TOKEN, &u->log, u->pool, NULL);
    }
    for (int i = 0; i < 9; i++) {
        next_reply(async, NULL);
    }
    for (int i = 0; i < 9; i++) {
        const char *request = loopback_request(u->server, i);

        check_header(request, strstr(request, "=of-1") ? "1001" : strstr(request, "=of-2") ? "1002" : NULL);
    }
}

static void what_is_no_account_gets_into_no_header(void **state)
{
    static const char *const accounts[] = { "1\r\nX-Evil: 1", "1 2", "1\n", "", "\xE8\xB4\xA6" };
    upstream_t *u = *state;

    upstream_script(u, { LOOPBACK_ANSWER, GOOD });
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++) {
        const dygw_question_t question = question_of(DYGW_QUESTION_GET, accounts[i]);
        const char *request = sent(u, &question);

        check_header(request, NULL);
        assert_null(strstr(request, "\nX-Evil"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_call_names_its_account_in_the_header_and_where_douyin_takes_it),
        TEST(without_an_account_a_call_names_none),
        TEST(an_account_may_be_in_the_header_alone),
        TEST(prepare_names_its_account),
        TEST(a_reply_tells_whom_its_call_was_for),
        TEST(stores_are_asked_for_with_the_account_of_the_question),
        TEST(accounts_that_take_turns_share_a_kept_connection),
        TEST(a_new_token_goes_with_each_account),
        TEST(calls_of_several_accounts_are_under_way_at_once),
        TEST(what_is_no_account_gets_into_no_header),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_account", tests, NULL, NULL);
}
