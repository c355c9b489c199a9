/* SPDX-License-Identifier: Apache-2.0
 * What verify_record/query answers: the documented sample, full pages, and what may be absent or
 * written otherwise.
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

#define START APR_INT64_C(1651075200000)

static const dygw_records_reply_t *asked(upstream_t *u, const char *cursor, const char *body)
{
    dygw_question_t question = { .what = DYGW_QUESTION_RECORDS,
                                 .account_id = "12 34",
                                 .start_time = START,
                                 .end_time = START + 86400000,
                                 .cursor = cursor };

    return answer_to(u, &question, body).records;
}

/* data is what follows the error_code. */
static const dygw_records_reply_t *answered(upstream_t *u, const char *data)
{
    return asked(u, NULL,
                 apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0,\"description\":\"\"", data,
                             "},\"extra\":{\"error_code\":0,\"logid\":\"l\"}}", NULL));
}

static const dygw_verify_record_t *only(upstream_t *u, const char *record)
{
    const dygw_records_reply_t *reply = answered(u, apr_pstrcat(u->pool, ",\"records\":[", record, "]", NULL));

    assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(reply->records->nelts, 1);
    return &APR_ARRAY_IDX(reply->records, 0, dygw_verify_record_t);
}

static const char *page_of(upstream_t *u, int count, const char *last)
{
    const char *text = ",\"total\":100,\"records\":[";
    int i;

    for (i = 1; i < count; i++) {
        text = apr_psprintf(u->pool, "%s{\"verify_id\":\"%d\",\"cursor\":\"c%d\"},", text, i, i);
    }
    return apr_pstrcat(u->pool, text, last, "]", NULL);
}

static void the_documented_sample_is_read(void **state)
{
    const dygw_verify_record_t *record
        = only(*state, "{\"cursor\":\"7091478021421631519\",\"verify_id\":\"7091478021421631519\","
                       "\"certificate_id\":\"7091180835810052103\",\"verify_time\":1651113601,"
                       "\"can_cancel\":false,\"verify_type\":4,\"status\":2,\"cancel_time\":1651114087,"
                       "\"amount\":{\"original_amount\":12,\"pay_amount\":10,\"merchant_ticket_amount\":0},"
                       "\"sku\":{\"sku_id\":\"1730440745530376\",\"title\":\"测试\",\"account_id\":\"123456\","
                       "\"market_price\":19900,\"sold_start_time\":1650278040,\"third_sku_id\":\"\"}}");

    assert_string_equal(record->verify_id, "7091478021421631519");
    assert_string_equal(record->certificate_id, "7091180835810052103");
    assert_int_equal(record->verify_time, APR_INT64_C(1651113601000));
    assert_int_equal(record->cancel_time, APR_INT64_C(1651114087000));
    assert_int_equal(record->cancelled, 1);
    assert_int_equal(record->verify_type, 4);
    assert_int_equal(record->pay_amount, 10);
    assert_string_equal(record->sku_name, "测试");
}

static void the_span_is_asked_for_in_seconds(void **state)
{
    upstream_t *u = *state;

    asked(u, NULL, "{}");
    assert_non_null(strstr(loopback_request(u->server, 0),
                           "GET /goodlife/v1/fulfilment/certificate/verify_record/query/?size=20"
                           "&account_id=12+34&cursor=0&start_time=1651075200"
                           "&end_time=1651161600 HTTP/1.1"));
}

static void a_page_goes_on_where_the_one_before_ended(void **state)
{
    upstream_t *u = *state;

    asked(u, "70+1", "{}");
    assert_non_null(strstr(loopback_request(u->server, 0), "&cursor=70%2b1&"));
}

static void a_full_page_is_followed_by_another(void **state)
{
    upstream_t *u = *state;
    const dygw_records_reply_t *full = answered(u, page_of(u, 20, "{\"verify_id\":\"20\",\"cursor\":\"c20\"}"));
    const dygw_records_reply_t *rest = answered(u, page_of(u, 19, "{\"verify_id\":\"19\",\"cursor\":\"c19\"}"));

    assert_int_equal(full->records->nelts, 20);
    assert_string_equal(full->cursor, "c20");
    assert_int_equal(rest->records->nelts, 19);
    assert_null(rest->cursor);
}

static void a_full_page_without_cursor_cannot_be_gone_on_from(void **state)
{
    upstream_t *u = *state;
    const dygw_records_reply_t *reply = answered(u, page_of(u, 20, "{\"verify_id\":\"20\"}"));

    assert_int_equal(reply->reply.kind, DYGW_REPLY_GARBLED);
    assert_int_equal(reply->records->nelts, 0);
}

static void no_records_are_an_empty_last_page(void **state)
{
    static const char *const empty[] = {
        "",
        ",\"records\":[]",
        ",\"records\":null",
        ",\"records\":null,\"records_v2\":null",
    };

    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        const dygw_records_reply_t *reply = answered(*state, empty[i]);

        assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
        assert_int_equal(reply->records->nelts, 0);
        assert_null(reply->cursor);
    }
}

static void the_second_copy_of_the_list_serves_when_the_first_is_absent(void **state)
{
    const dygw_records_reply_t *reply = answered(*state, ",\"records_v2\":[{\"verify_id\":7091478021421631519}]");

    assert_int_equal(reply->records->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(reply->records, 0, dygw_verify_record_t).verify_id, "7091478021421631519");
}

static void what_is_no_list_of_records_is_not_understood(void **state)
{
    static const char *const garbled[] = {
        ",\"records\":{}",  ",\"records\":\"no\"", ",\"records\":[null]",
        ",\"records\":[1]", ",\"records\":[{}]",   ",\"records_v2\":7",
    };

    for (size_t i = 0; i < sizeof garbled / sizeof *garbled; i++) {
        assert_int_equal(answered(*state, garbled[i])->reply.kind, DYGW_REPLY_GARBLED);
    }
}

static void what_is_absent_is_unknown(void **state)
{
    const dygw_verify_record_t *record = only(*state, "{\"verify_id\":\"\",\"status\":1}");

    assert_null(record->verify_id);
    assert_null(record->certificate_id);
    assert_int_equal(record->verify_time, DYGW_NO_TIME);
    assert_int_equal(record->cancel_time, DYGW_NO_TIME);
    assert_int_equal(record->cancelled, 0);
    assert_int_equal(record->verify_type, -1);
    assert_int_equal(record->pay_amount, -1);
    assert_null(record->sku_name);
}

static void times_may_come_in_milliseconds(void **state)
{
    const dygw_verify_record_t *record = only(*state, "{\"verify_time\":1651113601789,\"cancel_time\":0,\"status\":1}");

    assert_int_equal(record->verify_time, APR_INT64_C(1651113601789));
    assert_int_equal(record->cancelled, 0);
}

static void a_time_of_cancelling_is_a_cancel(void **state)
{
    assert_int_equal(only(*state, "{\"cancel_time\":1651113601,\"status\":1}")->cancelled, 1);
    assert_int_equal(only(*state, "{\"cancel_time\":0,\"status\":2}")->cancelled, 1);
}

static void a_use_of_a_times_card_has_an_amount_of_its_own(void **state)
{
    assert_int_equal(only(*state, "{\"amount\":{\"pay_amount\":999},\"sku\":{\"groupon_type\":3},"
                                  "\"verify_amount_info\":{\"times_card_serial_amount\":"
                                  "{\"amount\":{\"pay_amount\":333}}}}")
                         ->pay_amount,
                     333);
    assert_int_equal(only(*state, "{\"amount\":{\"pay_amount\":999},\"sku\":{\"groupon_type\":3}}")->pay_amount, -1);
    assert_int_equal(only(*state, "{\"amount\":{\"pay_amount\":999},\"sku\":{\"groupon_type\":1}}")->pay_amount, 999);
}

static void refusals_have_no_records(void **state)
{
    const dygw_records_reply_t *reply = asked(*state, NULL,
                                              "{\"data\":{\"error_code\":2190004,\"description\":\"no\","
                                              "\"records\":[{\"verify_id\":\"1\"}]},"
                                              "\"extra\":{\"error_code\":2190004,\"description\":\"no\"}}");

    assert_int_equal(reply->reply.kind, DYGW_REPLY_SETUP);
    assert_int_equal(reply->records->nelts, 0);
    assert_null(reply->cursor);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_documented_sample_is_read),
        TEST(the_span_is_asked_for_in_seconds),
        TEST(a_page_goes_on_where_the_one_before_ended),
        TEST(a_full_page_is_followed_by_another),
        TEST(a_full_page_without_cursor_cannot_be_gone_on_from),
        TEST(no_records_are_an_empty_last_page),
        TEST(the_second_copy_of_the_list_serves_when_the_first_is_absent),
        TEST(what_is_no_list_of_records_is_not_understood),
        TEST(what_is_absent_is_unknown),
        TEST(times_may_come_in_milliseconds),
        TEST(a_time_of_cancelling_is_a_cancel),
        TEST(a_use_of_a_times_card_has_an_amount_of_its_own),
        TEST(refusals_have_no_records),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_records", tests, NULL, NULL);
}
