/* SPDX-License-Identifier: Apache-2.0
 * Settling one redemption: what is asked, when Douyin does not answer, has no such coupon, or reviews
 * it; and what its caller gave up.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/reasons.c gateway/record.c
 * links: gateway/settle/attribution.c gateway/settle/fit.c gateway/settle/held.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/pace.c gateway/settle/repeat.c
 * links: gateway/settle/sale.c gateway/settle/settle.c gateway/settle/settle_state.c
 * links: gateway/unusable.c store/verification/words.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c settling.c settling_one.c own_pool.c */
#include "support/settling_one.h"

#include <apr_general.h>

#include "util/compiler.h"

/* --- asking --- */

static void without_an_order_get_is_asked(DYGW_UNUSED void **state)
{
    row->order_id = NULL;
    fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-7", 1);
    fake_repeat(DYGW_REPLY_BUSY, 2100004);
    settle();
    check_asked("get enc-1; " REPEAT);
    assert_string_equal(row->certificate_id, "cert-7");
}

static void a_callers_word_for_the_order_is_not_asked_for(DYGW_UNUSED void **state)
{
    row->mode = DYGW_MODE_ENCRYPTED_CODE;
    row->certificate_id = "wrong";
    settle();
    check_asked("get enc-1; " REPEAT);
    assert_string_equal(row->certificate_id, "cert-1");
}

static void get_is_asked_where_query_does_not_show_it(DYGW_UNUSED void **state)
{
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-5", "cert-5", 2);
    settle();
    check_asked("query order-1; get enc-1; " REPEAT);
    start_anew();
    fake_query(DYGW_REPLY_SETUP, 2190004);
    settle();
    check_asked("query order-1; get enc-1; " REPEAT);
}

static void without_an_answer_the_look_is_put_off(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = { DYGW_REPLY_TIMEOUT, DYGW_REPLY_LOST, DYGW_REPLY_UNREACHABLE };

    for (int i = 0; i < 3; i++) {
        start_anew();
        fake_query(kinds[i], 0);
        settle();
        check_asked("query order-1");
        check_waits(4000, 6000);
        assert_non_null(row->last_error);
        fake_clock_advance(HOUR_MS);
        fake_query(kinds[i], 0);
        settle();
        check_waits(32000, 48000);
        settling_asked();
    }
}

static void a_get_that_tells_nothing_puts_it_off(DYGW_UNUSED void **state)
{
    fake_query(DYGW_REPLY_BUSY, 2100004);
    fake_get(DYGW_REPLY_BUSY, 2119003);
    settle();
    check_asked("query order-1; get enc-1");
    check_waits(4000, 6000);
    assert_string_equal(row->last_error, "certificate/get: error_code 2119003");
}

static void where_get_is_no_help_repeating_may_be(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = { DYGW_REPLY_SETUP, DYGW_REPLY_GARBLED };

    for (int i = 0; i < 2; i++) {
        start_anew();
        fake_query(kinds[i], 2190004);
        fake_get(kinds[i], 2190004);
        settle();
        check_asked("query order-1; get enc-1; " REPEAT);
        check_success(DYGW_BY_REPLAY);
    }
}

static void what_is_no_help_is_no_reason_to_fail(DYGW_UNUSED void **state)
{
    spend(14);
    fake_clock_advance(72 * HOUR_MS);
    fake_query(DYGW_REPLY_SETUP, 2190004);
    fake_get(DYGW_REPLY_SETUP, 2190004);
    settle();
    check_waits(480000, 720000);
    check_asked("query order-1; get enc-1");
    assert_string_equal(row->last_error, "certificate/get: error_code 2190004");
    start_anew();
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1250);
    fake_query(DYGW_REPLY_SETUP, 2190004);
    fake_get(DYGW_REPLY_SETUP, 2190004);
    fake_query(DYGW_REPLY_SETUP, 2190004);
    fake_get(DYGW_REPLY_SETUP, 2190004);
    settle();
    check_asked("query order-1; get enc-1; " REPEAT "; query order-1; get enc-1");
    check_waits(4000, 6000);
}

static void an_unknown_coupon_is_repeated_then_followed_for_two_days(DYGW_UNUSED void **state)
{
    row->order_id = NULL;
    fake_get(DYGW_REPLY_COUPON, 1212);
    fake_repeat(DYGW_REPLY_BUSY, 2100004);
    settle();
    check_asked("get enc-1; " REPEAT);
    spend(14);
    fake_clock_advance(48 * HOUR_MS);
    fake_get(DYGW_REPLY_COUPON, 1212);
    settle();
    check_waits(480000, 720000);
    fake_clock_advance(HOUR_MS + 1000);
    fake_get(DYGW_REPLY_COUPON, 1212);
    settle();
    check_failed(1212);
    settling_asked();
}

/* Ten minutes after the first verify Douyin may take a repetition for another use of a times card. */
static void what_is_not_shown_is_repeated_for_ten_minutes_only(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = { DYGW_REPLY_COUPON, DYGW_REPLY_SETUP, DYGW_REPLY_GARBLED };

    for (int i = 0; i < 3; i++) {
        start_anew();
        row->order_id = NULL;
        fake_clock_advance(590000);
        fake_get(kinds[i], 1212);
        fake_repeat(DYGW_REPLY_BUSY, 2100004);
        settle();
        check_asked("get enc-1; " REPEAT);
        fake_clock_advance(45000);
        fake_get(kinds[i], 1212);
        settle();
        check_asked("get enc-1");
        assert_int_equal(row->verify_status, DYGW_PROCESSING);
        fake_clock_advance(60000);
        fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
        settle();
        check_asked("get enc-1; " REPEAT); /* shown, and unused */
        check_success(DYGW_BY_REPLAY);
    }
}

static void without_database_nothing_is_concluded(DYGW_UNUSED void **state)
{
    row->already = 1;
    show_used("v-9", 1000);
    fake_store_fail(FAKE_RIVALS, 0, 1, APR_EGENERAL, 0);
    settle();
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
    assert_int_equal(fake_store_calls(FAKE_UPDATE), 0);
}

/* --- given up, under review --- */

static void given_up_nothing_is_repeated(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    settle();
    check_asked("query order-1");
    check_waits(4000, 6000);
    fake_clock_advance(QUARTER_MS);
    settle();
    check_asked("query order-1");
    check_failed(DYGW_OUTCOME_GIVEN_UP);
}

static void given_up_and_never_sent_nothing_is_asked(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    row->attempts = 0;
    assert_int_equal(settle(), 0);
    check_failed(DYGW_OUTCOME_GIVEN_UP);
}

static void given_up_and_redeemed_it_has_a_follow_up(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    show_used("v-9", 3000);
    settle();
    check_asked("query order-1");
    check_success(DYGW_BY_STATUS_QUERY);
    assert_true(row->errand_at <= dygw_now() && row->errand_at != DYGW_NO_TIME);
}

static void a_review_is_followed_for_49_hours(DYGW_UNUSED void **state)
{
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_REVIEW, 1229);
    settle();
    assert_int_equal(row->review_since, dygw_now());
    settling_asked();
    for (int looks = 0; row->verify_status == DYGW_PROCESSING && looks < 2000; looks++) {
        fake_clock_advance(row->next_run_at - dygw_now());
        fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
        settle();
        check_asked("query order-1");
    }
    check_failed(1229);
    assert_in_range(dygw_now() - row->review_since, 49 * HOUR_MS, 49 * HOUR_MS + 720000);
}

static void a_review_that_ends_well_is_ours(DYGW_UNUSED void **state)
{
    fake_repeat(DYGW_REPLY_REVIEW, 1229);
    settle();
    fake_clock_advance(20 * HOUR_MS);
    show_used("v-9", 10 * HOUR_MS);
    settle();
    check_success(DYGW_BY_REPLAY); /* used, it can be asked whose it is */
}

static void a_review_that_ends_well_and_says_no_more_is_ours(DYGW_UNUSED void **state)
{
    fake_repeat(DYGW_REPLY_REVIEW, 1229);
    settle();
    fake_clock_advance(20 * HOUR_MS);
    show_used("v-9", 10 * HOUR_MS);
    fake_repeat(DYGW_REPLY_REVIEW, 1229);
    settle();
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
    row->repeats = 17;
    show_used("v-9", 10 * HOUR_MS);
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
    assert_int_equal(row->verify_time, dygw_now() - 10 * HOUR_MS);
}

static void a_review_is_over_when_a_repetition_is_answered(DYGW_UNUSED void **state)
{
    fake_repeat(DYGW_REPLY_REVIEW, 1229);
    settle();
    fake_clock_advance(HOUR_MS);
    settling_row(50, 0, 1)->verify_token = "vt-0"; /* it may be this one's */
    show_used("v-9", HOUR_MS / 2);
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1208);
    show_used("v-9", HOUR_MS / 2);
    settle();
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
    assert_int_equal(row->already, DYGW_ALREADY_USED);
    assert_true(row->review_since == DYGW_NO_TIME);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_an_order_get_is_asked),
        TEST(a_callers_word_for_the_order_is_not_asked_for),
        TEST(get_is_asked_where_query_does_not_show_it),
        TEST(without_an_answer_the_look_is_put_off),
        TEST(a_get_that_tells_nothing_puts_it_off),
        TEST(where_get_is_no_help_repeating_may_be),
        TEST(what_is_no_help_is_no_reason_to_fail),
        TEST(an_unknown_coupon_is_repeated_then_followed_for_two_days),
        TEST(what_is_not_shown_is_repeated_for_ten_minutes_only),
        TEST(without_database_nothing_is_concluded),
        TEST(given_up_nothing_is_repeated),
        TEST(given_up_and_never_sent_nothing_is_asked),
        TEST(given_up_and_redeemed_it_has_a_follow_up),
        TEST(a_review_is_followed_for_49_hours),
        TEST(a_review_that_ends_well_is_ours),
        TEST(a_review_that_ends_well_and_says_no_more_is_ours),
        TEST(a_review_is_over_when_a_repetition_is_answered),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_settle_asking", tests, NULL, NULL);
}
