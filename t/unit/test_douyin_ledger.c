/* SPDX-License-Identifier: Apache-2.0
 * What settle/ledger/query_record_by_cert answers: a line as documented, both places of its amounts, and
 * what may be absent or written otherwise.
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

static const char *const coupons[] = { "7382420130108424203", "7 2" };

static const dygw_ledger_reply_t *asked(upstream_t *u, const char *body)
{
    const dygw_question_t question
        = { .what = DYGW_QUESTION_LEDGER, .account_id = "1001", .codes = coupons, .count = 2 };

    return answer_to(u, &question, body).ledger;
}

/* data is what follows the error_code. */
static const dygw_ledger_reply_t *answered(upstream_t *u, const char *data)
{
    return asked(u, apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0,\"description\":\"success\"", data,
                                "},\"extra\":{\"error_code\":0,\"logid\":\"l\"}}", NULL));
}

static const dygw_ledger_line_t *only(upstream_t *u, const char *line)
{
    const dygw_ledger_reply_t *ledger = answered(u, apr_pstrcat(u->pool, ",\"records\":[", line, "]", NULL));

    assert_int_equal(ledger->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(ledger->lines->nelts, 1);
    return &APR_ARRAY_IDX(ledger->lines, 0, dygw_ledger_line_t);
}

#define IDS \
    "\"cursor\":\"7486025000000000001\",\"ledger_id\":\"7486025000000000001\"," \
    "\"verify_id\":\"7486021925630773286\",\"certificate_id\":\"7382420130108424203\"," \
    "\"order_id\":\"1061449651423386211\",\"verify_time\":1742975316,\"status\":1,"
#define PAID "{\"original\":10000,\"pay\":8500,\"pay_discount\":0,\"merchant_ticket\":1000,\"ledger_total\":9000}"
#define GOES "{\"goods\":8475,\"pay_handling\":54,\"total_merchant_platform_service\":225,\"talent_commission\":300}"

static void check_amounts(const dygw_ledger_line_t *line)
{
    assert_int_equal(line->amounts[DYGW_LEDGER_ORIGINAL], 10000);
    assert_int_equal(line->amounts[DYGW_LEDGER_PAY], 8500);
    assert_int_equal(line->amounts[DYGW_LEDGER_PAY_DISCOUNT], 0);
    assert_int_equal(line->amounts[DYGW_LEDGER_MERCHANT_DISCOUNT], 1000);
    assert_int_equal(line->amounts[DYGW_LEDGER_TOTAL], 9000);
    assert_int_equal(line->amounts[DYGW_LEDGER_GOODS], 8475);
    assert_int_equal(line->amounts[DYGW_LEDGER_PAY_FEE], 54);
    assert_int_equal(line->amounts[DYGW_LEDGER_PLATFORM_FEE], 225);
    assert_int_equal(line->amounts[DYGW_LEDGER_TALENT_COMMISSION], 300);
    assert_true(line->amounts[DYGW_LEDGER_AGENT_COMMISSION] == DYGW_LEDGER_NOT_TOLD);
    assert_true(line->amounts[DYGW_LEDGER_OPERATION_AGENT] == DYGW_LEDGER_NOT_TOLD);
}

static void coupons_are_asked_for_with_commas_between(void **state)
{
    upstream_t *u = *state;

    asked(u, "{}");
    assert_non_null(strstr(loopback_request(u->server, 0), "GET /goodlife/v1/settle/ledger/query_record_by_cert/"
                                                           "?certificate_ids=7382420130108424203,7+2 HTTP/1.1\r\n"));
    assert_non_null(strstr(loopback_request(u->server, 0), "Rpc-Transit-Life-Account: 1001\r\n"));
}

static void a_line_is_read_with_its_maps_side_by_side(void **state)
{
    const dygw_ledger_line_t *line
        = only(*state, "{" IDS "\"amount\":" PAID ",\"fund_amount\":" GOES ",\"new_key\":{\"x\":[1]}}");

    assert_string_equal(line->ledger_id, "7486025000000000001");
    assert_string_equal(line->verify_id, "7486021925630773286");
    assert_string_equal(line->certificate_id, "7382420130108424203");
    assert_int_equal(line->status, DYGW_LEDGER_STATUS_SETTLING);
    check_amounts(line);
    assert_non_null(strstr(line->raw, "\"new_key\":{\"x\":[1]}"));
}

static void a_line_is_read_with_its_maps_in_one(void **state)
{
    check_amounts(only(*state, "{" IDS "\"amount\":{\"amount\":" PAID ",\"fund_amount\":" GOES "}}"));
}

static void the_second_map_may_stand_beside_the_nested_one(void **state)
{
    check_amounts(only(*state, "{" IDS "\"amount\":{\"amount\":" PAID "},\"fund_amount\":" GOES "}"));
}

static void numbers_may_be_text_and_ids_numbers(void **state)
{
    const dygw_ledger_line_t *line
        = only(*state, "{\"ledger_id\":7486025000000000001,\"verify_id\":7486021925630773286,\"status\":\"2\","
                       "\"certificate_id\":7382420130108424203,\"amount\":{\"pay\":\"8500\"},"
                       "\"fund_amount\":{\"goods\":\"-7\"}}");

    assert_string_equal(line->ledger_id, "7486025000000000001");
    assert_string_equal(line->verify_id, "7486021925630773286");
    assert_int_equal(line->status, DYGW_LEDGER_STATUS_SETTLED);
    assert_int_equal(line->amounts[DYGW_LEDGER_PAY], 8500);
    assert_int_equal(line->amounts[DYGW_LEDGER_GOODS], -7);
}

static void what_is_absent_is_not_zero(void **state)
{
    const dygw_ledger_line_t *line
        = only(*state, "{\"ledger_id\":\"1\",\"amount\":null,\"fund_amount\":{\"goods\":null,\"pay_handling\":\"x\","
                       "\"talent_commission\":99999999999999999}}");

    assert_null(line->verify_id);
    assert_null(line->certificate_id);
    assert_int_equal(line->status, -1);
    for (int i = 0; i < DYGW_LEDGER_AMOUNTS; i++) {
        assert_true(line->amounts[i] == DYGW_LEDGER_NOT_TOLD);
    }
}

static void each_line_is_there_once(void **state)
{
    const dygw_ledger_reply_t *ledger
        = answered(*state, ",\"records\":[{\"ledger_id\":\"1\",\"verify_id\":\"5\"},{\"ledger_id\":\"2\","
                           "\"verify_id\":\"5\"},{\"ledger_id\":\"1\",\"verify_id\":\"5\"},{\"verify_id\":\"5\"},"
                           "{\"verify_id\":\"5\"}]");

    assert_int_equal(ledger->lines->nelts, 4);
}

static void coupons_may_have_no_line(void **state)
{
    static const char *const empty[] = { "", ",\"records\":[]", ",\"records\":null" };

    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        const dygw_ledger_reply_t *ledger = answered(*state, empty[i]);

        assert_int_equal(ledger->reply.kind, DYGW_REPLY_OK);
        assert_int_equal(ledger->lines->nelts, 0);
    }
}

static void what_is_no_list_of_lines_is_not_understood(void **state)
{
    static const char *const strange[]
        = { ",\"records\":\"none\"", ",\"records\":[7]", ",\"records\":[{}]", ",\"records\":{\"a\":1}" };

    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        const dygw_ledger_reply_t *ledger = answered(*state, strange[i]);

        assert_int_equal(ledger->reply.kind, DYGW_REPLY_GARBLED);
        assert_int_equal(ledger->lines->nelts, 0);
    }
}

static void refusals_have_no_lines(void **state)
{
    const dygw_ledger_reply_t *ledger
        = asked(*state, "{\"data\":{\"error_code\":2190004,\"description\":\"no\",\"records\":[{\"ledger_id\":\"1\"}]},"
                        "\"extra\":{\"error_code\":2190004,\"logid\":\"l\"}}");

    assert_int_equal(ledger->reply.kind, DYGW_REPLY_SETUP);
    assert_int_equal(ledger->lines->nelts, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(coupons_are_asked_for_with_commas_between),
        TEST(a_line_is_read_with_its_maps_side_by_side),
        TEST(a_line_is_read_with_its_maps_in_one),
        TEST(the_second_map_may_stand_beside_the_nested_one),
        TEST(numbers_may_be_text_and_ids_numbers),
        TEST(what_is_absent_is_not_zero),
        TEST(each_line_is_there_once),
        TEST(coupons_may_have_no_line),
        TEST(what_is_no_list_of_lines_is_not_understood),
        TEST(refusals_have_no_lines),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_ledger", tests, NULL, NULL);
}
