/* SPDX-License-Identifier: Apache-2.0
 * What answers of the background's calls leave in a record: raw answers, looks, trouble.
 * links: gateway/record.c gateway/account.c gateway/declared.c douyin/codes.c gateway/reasons.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "gateway/record.h"
#include "util/compiler.h"

static dygw_verification_t *row;

static int set_up(void **state)
{
    make_pool(state);
    fake_world(pool);
    row = fake_store_add_row(7);
    row->verify_status = DYGW_PROCESSING;
    return 0;
}

/* --- raw answers --- */

static void answer(const char *call, const char *raw)
{
    dygw_reply_t reply = fake_get(DYGW_REPLY_OK, 0)->reply;

    reply.raw = raw;
    reply.raw_len = strlen(raw);
    dygw_record_replace_response(row, call, &reply, pool);
}

static void the_latest_answer_of_a_call_takes_the_place_of_the_one_before(DYGW_UNUSED void **state)
{
    answer("get", "{\"n\":1}");
    assert_string_equal(row->douyin_response, "{\"get\":{\"n\":1}}");
    answer("get", "{\"n\":2}");
    assert_string_equal(row->douyin_response, "{\"get\":{\"n\":2}}");
    answer("query", "{\"n\":3}");
    answer("get", "{\"n\":4}");
    assert_string_equal(row->douyin_response, "{\"query\":{\"n\":3},\"get\":{\"n\":4}}");
    answer("get", "{\"n\":5}");
    assert_string_equal(row->douyin_response, "{\"query\":{\"n\":3},\"get\":{\"n\":5}}");
    answer("replay", "{\"n\":6}");
    answer("get", "{\"n\":7}");
    assert_string_equal(row->douyin_response, "{\"query\":{\"n\":3},\"replay\":{\"n\":6},\"get\":{\"n\":7}}");
}

static void what_is_inside_of_answers_does_not_mislead(DYGW_UNUSED void **state)
{
    row->douyin_response = "{\"prepare\":{ \"get\" : [1,{\"get\":\"}\\\"],{\"}], \"a\\\\\":\"\" },"
                           "\"get\":{\"x\":[{},{}]},\"gets\":1,\"omitted\":true}";
    answer("get", "{}");
    assert_string_equal(row->douyin_response, "{\"prepare\":{ \"get\" : [1,{\"get\":\"}\\\"],{\"}], \"a\\\\\":\"\" },"
                                              "\"gets\":1,\"omitted\":true,\"get\":{}}");
}

static void numbers_stay_as_douyin_wrote_them(DYGW_UNUSED void **state)
{
    answer("query", "{\"id\":7382420130108424203999,\"x\":1.50}");
    answer("get", "{}");
    assert_non_null(strstr(row->douyin_response, "{\"id\":7382420130108424203999,\"x\":1.50}"));
}

static void silence_replaces_nothing(DYGW_UNUSED void **state)
{
    answer("get", "{\"n\":1}");
    dygw_record_replace_response(row, "get", &fake_get(DYGW_REPLY_TIMEOUT, 0)->reply, pool);
    assert_string_equal(row->douyin_response, "{\"get\":{\"n\":1}}");
}

/* --- looks --- */

static void a_look_learns_what_the_coupon_is(DYGW_UNUSED void **state)
{
    dygw_seen_coupon_t *seen = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "e", "c-1", 3);

    fake_seen(seen, "v-1", dygw_now());
    dygw_record_look(row, seen);
    assert_string_equal(row->certificate_id, "c-1");
    assert_int_equal(row->coupon_status, DYGW_COUPON_REFUND_REQUESTED);
    assert_int_equal(row->verify_records_count, 1);
    seen->certificate.status = 77;
    seen->certificate.certificate_id = NULL;
    dygw_record_look(row, seen);
    assert_string_equal(row->certificate_id, "c-1");
    assert_int_equal(row->coupon_status, DYGW_COUPON_REFUND_REQUESTED);
}

static void what_cannot_be_cancelled_says_so(DYGW_UNUSED void **state)
{
    dygw_seen_coupon_t *seen = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "e", "c-1", 2);
    dygw_seen_verify_t *verify = fake_seen(seen, "v-1", dygw_now() - 1000);

    dygw_record_seen(row, seen, verify, DYGW_BY_STATUS_QUERY);
    assert_int_equal(row->cancelable_until, dygw_now() - 1000 + 3600000);
    verify->can_cancel = 0;
    dygw_record_seen(row, seen, verify, DYGW_BY_STATUS_QUERY);
    assert_int_equal(row->cancelable_until, dygw_now());
}

/* --- the answer to the caller's verify --- */

static void a_review_is_followed_from_the_first_answer_on(DYGW_UNUSED void **state)
{
    dygw_verify_item_t item = { .kind = DYGW_REPLY_REVIEW, .result = 1229, .msg = "" };
    dygw_ms_t since = dygw_now();

    row->attempts = 1;
    dygw_record_apply_item(row, &item, 0);
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
    assert_int_equal(row->review_since, since);
    fake_clock_advance(1000);
    dygw_record_apply_reply(row, &fake_verify(DYGW_REPLY_REVIEW, 1229)->reply);
    assert_int_equal(row->review_since, since);
    row->review_since = DYGW_NO_TIME;
    dygw_record_apply_reply(row, &fake_verify(DYGW_REPLY_BUSY, 2100004)->reply);
    assert_int_equal(row->review_since, DYGW_NO_TIME);
}

/* --- trouble --- */

static void check_trouble(dygw_question_e call, dygw_reply_class_e kind, apr_int64_t error_code, int http_status,
                          const char *expected)
{
    dygw_reply_t reply = { .kind = kind, .error_code = error_code, .http_status = http_status };

    assert_string_equal(dygw_record_trouble(call, &reply, pool), expected);
}

static void trouble_is_told_in_a_few_words(DYGW_UNUSED void **state)
{
    check_trouble(DYGW_QUESTION_QUERY, DYGW_REPLY_BUSY, 2100004, 200, "certificate/query: error_code 2100004");
    check_trouble(DYGW_QUESTION_GET, DYGW_REPLY_BUSY, 0, 502, "certificate/get: HTTP status 502");
    check_trouble(DYGW_QUESTION_VERIFY, DYGW_REPLY_TIMEOUT, 0, 0, "certificate/verify: no answer in time");
    check_trouble(DYGW_QUESTION_CANCEL, DYGW_REPLY_LOST, 0, 0, "certificate/cancel: the connection broke");
    check_trouble(DYGW_QUESTION_ORDER, DYGW_REPLY_UNREACHABLE, 0, 0, "order/query: no connection");
    check_trouble(DYGW_QUESTION_ORDER, DYGW_REPLY_GARBLED, 0, 200, "order/query: an answer that cannot be understood");
    check_trouble(DYGW_QUESTION_GET, DYGW_REPLY_OK, 0, 200, "certificate/get: nothing that tells");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_latest_answer_of_a_call_takes_the_place_of_the_one_before),
        TEST(what_is_inside_of_answers_does_not_mislead),
        TEST(numbers_stay_as_douyin_wrote_them),
        TEST(silence_replaces_nothing),
        TEST(a_look_learns_what_the_coupon_is),
        TEST(what_cannot_be_cancelled_says_so),
        TEST(a_review_is_followed_from_the_first_answer_on),
        TEST(trouble_is_told_in_a_few_words),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_answers", tests, NULL, NULL);
}
