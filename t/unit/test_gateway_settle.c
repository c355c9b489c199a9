/* SPDX-License-Identifier: Apache-2.0
 * Settling one redemption: asking, repeating, what their answers make of it, and when.
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

/* --- a redemption that was not done --- */

static void an_unused_coupon_is_redeemed_by_repeating(DYGW_UNUSED void **state)
{
    show_unused();
    assert_int_equal(settle(), 2);
    check_asked("query order-1; " REPEAT);
    check_success(DYGW_BY_REPLAY);
    assert_string_equal(row->origin_code, "102539929601");
    assert_string_equal(row->source_order_id, "order-2");
    assert_int_equal(row->repeats, 1);
    assert_int_equal(row->attempts, 2);
    assert_int_equal(row->verify_time, dygw_now());
    assert_string_equal(row->douyin_response, "{\"query\":{\"data\":{\"error_code\":0,\"of\":\"query\"}},"
                                              "\"replay\":{\"data\":{\"error_code\":0,\"of\":\"repeat\"}}}");
}

static void a_repetition_is_committed_before_it_is_sent(DYGW_UNUSED void **state)
{
    show_unused();
    fake_repeat(DYGW_REPLY_LOST, 0);
    settle();
    assert_string_equal(fake_trace(), "open items close query open update close repeat open update "
                                      "close");
    start_anew();
    show_unused();
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_TIMEUP, 0);
    assert_int_equal(settle(), 1);
    assert_int_equal(row->repeats, 0);
}

static void nothing_is_sent_when_somebody_else_changed_the_row(DYGW_UNUSED void **state)
{
    show_unused();
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_NOTFOUND, 0);
    settle();
    check_asked("query order-1");
}

static void repetitions_come_by_the_schedule(DYGW_UNUSED void **state)
{
    for (int sent = 1; sent <= 14; sent++) {
        fake_repeat(DYGW_REPLY_TIMEOUT, 0);
        settle();
        check_asked("query order-1; " REPEAT);
        assert_int_equal(row->repeats, sent);
        assert_int_equal(row->attempts, sent + 1);
        assert_string_equal(row->last_error, "certificate/verify: no answer in time");
        if (sent < 14) {
            check_waits(sent < 5 ? 5000 : 40000, sent < 5 ? 5000 : 40000);
        }
        fake_clock_advance(row->next_run_at - dygw_now());
    }
    settle();
    check_asked("query order-1");
    assert_null(row->last_error);
}

static void before_its_time_only_a_look_is_taken(DYGW_UNUSED void **state)
{
    spend(3);
    fake_clock_advance(2000);
    settle();
    check_asked("query order-1");
    check_waits(3000, 3000);
}

/* Douyin's clock tells that no quarter has passed. */
static void a_clock_that_leapt_ahead_gives_nothing_up(DYGW_UNUSED void **state)
{
    static const dygw_clock_seen_t unseen;
    dygw_clock_seen_t seen = dygw_clock_see(dygw_now() + 5000);

    spend(14);
    fake_clock_advance(3 * 3600000);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &seen);
    settle();
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &unseen);
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
    fake_clock_advance(row->next_run_at - dygw_now());
    settle();
    check_failed(DYGW_OUTCOME_NOT_REDEEMED);
}

static void unused_a_quarter_after_the_last_repetition_it_has_failed(DYGW_UNUSED void **state)
{
    spend(14);
    for (int looks = 0; row->verify_status == DYGW_PROCESSING; looks++) {
        settle();
        check_asked("query order-1");
        if (row->verify_status == DYGW_PROCESSING) {
            check_waits(1, 600000); /* the last look may come soon after the one before it */
            fake_clock_advance(row->next_run_at - dygw_now());
        }
        assert_true(looks < 30);
    }
    check_failed(DYGW_OUTCOME_NOT_REDEEMED);
    assert_int_equal(row->coupon_status, DYGW_COUPON_UNUSED);
    assert_in_range(dygw_now() - row->sent_at, QUARTER_MS, QUARTER_MS + 5000);
}

static void a_repetition_that_was_not_sent_does_not_count(DYGW_UNUSED void **state)
{
    dygw_ms_t sent_at = row->sent_at;

    fake_repeat(DYGW_REPLY_UNREACHABLE, 0);
    settle();
    assert_int_equal(row->repeats, 0);
    assert_int_equal(row->attempts, 1);
    assert_int_equal(row->sent_at, sent_at);
    check_waits(4000, 6000);
    start_anew();
    fake_repeat(DYGW_REPLY_BUSY, 2100004)->reply.sent_twice = 1;
    settle();
    assert_int_equal(row->attempts, 3);
    assert_string_equal(row->last_error, "certificate/verify: error_code 2100004");
}

/* --- one that was done --- */

static void what_fits_is_confirmed_by_repeating(DYGW_UNUSED void **state)
{
    show_used("v-9", 4000);
    fake_repeat(DYGW_REPLY_OK, 0)->items[0].verify_id = "v-9";
    settle();
    check_asked("query order-1; " REPEAT);
    check_success(DYGW_BY_REPLAY);
    assert_string_equal(row->verify_id, "v-9");
    assert_int_equal(row->verify_time, dygw_now() - 4000);
}

static void already_used_and_a_fit_are_ours(DYGW_UNUSED void **state)
{
    show_used("v-9", 4000)->poi_id = SETTLING_POI;
    answer_already();
    show_used("v-9", 4000);
    settle();
    check_asked("query order-1; " REPEAT "; query order-1");
    check_success(DYGW_BY_STATUS_QUERY);
    assert_string_equal(row->verify_id, "v-9");
    assert_int_equal(row->verify_time, dygw_now() - 4000);
    assert_int_equal(row->coupon_status, DYGW_COUPON_USED);
    assert_int_equal(row->verify_records_count, 1);
}

static void late_work_is_found_after_already_used(DYGW_UNUSED void **state)
{
    show_unused();
    answer_already();
    show_unused();
    settle();
    assert_int_equal(row->already, DYGW_ALREADY_USED);
    check_waits(4000, 6000);
    fake_clock_advance(6000);
    show_used("v-9", 1000);
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
    settling_asked();
}

static void already_used_is_believed_as_error_of_the_call_too(DYGW_UNUSED void **state)
{
    show_used("v-9", 4000);
    fake_repeat(DYGW_REPLY_COUPON, 1208);
    show_used("v-9", 4000);
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
}

static void with_all_repetitions_spent_a_few_still_ask_whose_it_is(DYGW_UNUSED void **state)
{
    spend(14);
    fake_clock_advance(40000);
    show_used("v-9", 0);
    settle();
    check_success(DYGW_BY_REPLAY);
    start_anew();
    spend(17);
    show_used("v-9", 0);
    settle();
    check_asked("query order-1");
    check_success(DYGW_BY_STATUS_QUERY);
}

static void a_refused_repetition_does_not_undo_what_fits(DYGW_UNUSED void **state)
{
    show_unused();
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1250);
    show_used("v-9", 3000);
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
}

static void the_look_that_a_webhook_asked_for_is_told(DYGW_UNUSED void **state)
{
    row->news = 1;
    row->already = 1;
    show_used("v-9", 3000);
    settle();
    check_success(DYGW_BY_WEBHOOK);
    assert_int_equal(row->news, 0);
    start_anew();
    row->news = 1;
    settle();
    check_success(DYGW_BY_REPLAY);
    assert_int_equal(row->news, 0);
}

/* Douyin told of a refund while the redemption was not known yet. */
static void a_refund_that_was_told_of_is_followed_when_it_is_settled(DYGW_UNUSED void **state)
{
    row->news = DYGW_NEWS_SALE;
    row->after_sale_since = dygw_now();
    row->already = 1;
    show_used("v-9", 3000);
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
    assert_true(row->news & DYGW_NEWS_SALE);
    assert_true(row->errand_at != DYGW_NO_TIME);
}

/* --- one that is not ours --- */

static void used_by_somebody_else_it_has_failed(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 3; i++) {
        start_anew();
        for (int look = 0; look < 2; look++) {
            dygw_seen_verify_t *verify = show_used("v-9", i == 0 ? 130000 : 3000);

            verify->verify_type = i == 1 ? 2 : 4;
            verify->poi_id = i == 2 ? "6601" : NULL;
        }
        answer_already();
        settle();
        check_asked("query order-1; " REPEAT "; query order-1");
        check_failed(1208);
        assert_int_equal(row->coupon_status, DYGW_COUPON_USED);
    }
}

static void a_clock_that_is_wrong_makes_ours_nobody_elses(DYGW_UNUSED void **state)
{
    show_used("v-9", APR_INT64_C(600000));
    fake_repeat(DYGW_REPLY_OK, 0)->items[0].verify_id = "v-9";
    settle();
    check_success(DYGW_BY_REPLAY);
    assert_string_equal(row->verify_id, "v-9");
}

static void used_by_somebody_else_and_nothing_more_to_be_heard_it_has_failed(DYGW_UNUSED void **state)
{
    spend(17);
    show_used("v-9", 130000);
    settle();
    check_asked("query order-1");
    check_failed(1208);
}

static void a_verification_of_another_record_is_not_ours(DYGW_UNUSED void **state)
{
    dygw_verification_t *other = settling_row(50, 0, 1);

    other->verify_status = DYGW_SUCCESS;
    other->verify_id = "v-9";
    other->verify_token = "vt-0";
    show_used("v-9", 3000);
    settle();
    check_failed(DYGW_OUTCOME_NOT_OURS);
    check_asked("query order-1");
}

static void a_record_found_only_when_writing_is_one_too(DYGW_UNUSED void **state)
{
    dygw_verification_t *other = settling_row(50, 0, 1);

    other->verify_status = DYGW_SUCCESS;
    other->certificate_id = NULL;
    other->verify_id = "v-9";
    row->already = 1;
    show_used("v-9", 3000);
    settle();
    check_failed(DYGW_OUTCOME_NOT_OURS);
    assert_null(row->verify_id);
}

static void an_answer_with_the_verify_id_of_another_record_is_not_ours(DYGW_UNUSED void **state)
{
    dygw_verification_t *other = settling_row(50, 0, 1);

    other->verify_status = DYGW_SUCCESS;
    other->verify_id = "verify-1";
    show_unused();
    settle();
    check_failed(DYGW_OUTCOME_NOT_OURS);
    assert_null(row->verify_id);
    assert_int_equal(row->confirmed_by, DYGW_BY_NOBODY);
    assert_int_equal(fake_logged("DYGW0431"), 1);
}

static void refunded_without_a_fit_it_has_failed(DYGW_UNUSED void **state)
{
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 4);
    settle();
    check_failed(DYGW_OUTCOME_NO_COUPON);
    assert_int_equal(row->coupon_status, DYGW_COUPON_REFUNDED);
}

static void a_refusal_is_final_when_nothing_comes_late(DYGW_UNUSED void **state)
{
    show_unused();
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1250);
    show_unused();
    settle();
    check_asked("query order-1; " REPEAT "; query order-1");
    check_waits(4000, 6000);
    assert_int_equal(row->error_code, 0);
    assert_int_equal(row->refused_code, 1250);
    fake_clock_advance(QUARTER_MS - 1000);
    show_unused();
    settle();
    check_asked("query order-1"); /* it is not repeated any more */
    check_waits(1, 3000);
    fake_clock_advance(1000);
    show_unused();
    settle();
    check_failed(1250);
    assert_true(row->refused_code == DYGW_NO_INT);
    assert_null(row->refused_description);
    start_anew();
    show_unused();
    fake_repeat(DYGW_REPLY_COUPON, 3000002);
    show_unused();
    settle();
    check_waits(4000, 6000);
    fake_clock_advance(QUARTER_MS);
    show_unused();
    settle();
    check_failed(3000002);
    assert_string_equal(row->error_description, "Douyin's words");
}

static void after_a_refusal_without_a_second_look_nothing_is_final(DYGW_UNUSED void **state)
{
    show_unused();
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1250);
    fake_query(DYGW_REPLY_TIMEOUT, 0);
    settle();
    check_waits(4000, 6000);
}

static void already_used_and_nothing_shown_is_waited_for(DYGW_UNUSED void **state)
{
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2);
    answer_already();
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2);
    settle();
    check_waits(4000, 6000);
    fake_clock_advance(QUARTER_MS + 1000);
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2);
    settle();
    check_failed(1208);
}

static void what_is_there_although_nothing_was_sent_is_not_ours(DYGW_UNUSED void **state)
{
    row->attempts = 0;
    show_used("v-9", 1000);
    settle();
    check_failed(1208);
}

static void the_only_request_sent_is_believed_when_it_is_refused(DYGW_UNUSED void **state)
{
    row->attempts = 0;
    show_unused();
    answer_already();
    settle();
    check_asked("query order-1; " REPEAT);
    check_failed(1208);
    assert_int_equal(row->attempts, 1);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    start_anew();
    row->attempts = 0;
    show_unused();
    fake_repeat(DYGW_REPLY_COUPON, 1212);
    settle();
    check_failed(1212);
    settling_asked();
}

static void refused_after_it_went_out_twice_it_may_be_ours(DYGW_UNUSED void **state)
{
    dygw_verify_reply_t *answer = fake_repeat(DYGW_REPLY_OK, 0);

    row->attempts = 0;
    show_unused();
    fake_item(answer, 0, DYGW_REPLY_COUPON, 1208);
    answer->reply.sent_twice = 1;
    show_used("v-9", 0);
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unused_coupon_is_redeemed_by_repeating),
        TEST(a_repetition_is_committed_before_it_is_sent),
        TEST(nothing_is_sent_when_somebody_else_changed_the_row),
        TEST(repetitions_come_by_the_schedule),
        TEST(before_its_time_only_a_look_is_taken),
        TEST(a_clock_that_leapt_ahead_gives_nothing_up),
        TEST(unused_a_quarter_after_the_last_repetition_it_has_failed),
        TEST(a_repetition_that_was_not_sent_does_not_count),
        TEST(what_fits_is_confirmed_by_repeating),
        TEST(already_used_and_a_fit_are_ours),
        TEST(late_work_is_found_after_already_used),
        TEST(already_used_is_believed_as_error_of_the_call_too),
        TEST(with_all_repetitions_spent_a_few_still_ask_whose_it_is),
        TEST(a_refused_repetition_does_not_undo_what_fits),
        TEST(the_look_that_a_webhook_asked_for_is_told),
        TEST(a_refund_that_was_told_of_is_followed_when_it_is_settled),
        TEST(used_by_somebody_else_it_has_failed),
        TEST(a_clock_that_is_wrong_makes_ours_nobody_elses),
        TEST(used_by_somebody_else_and_nothing_more_to_be_heard_it_has_failed),
        TEST(a_verification_of_another_record_is_not_ours),
        TEST(a_record_found_only_when_writing_is_one_too),
        TEST(an_answer_with_the_verify_id_of_another_record_is_not_ours),
        TEST(refunded_without_a_fit_it_has_failed),
        TEST(a_refusal_is_final_when_nothing_comes_late),
        TEST(after_a_refusal_without_a_second_look_nothing_is_final),
        TEST(already_used_and_nothing_shown_is_waited_for),
        TEST(what_is_there_although_nothing_was_sent_is_not_ours),
        TEST(the_only_request_sent_is_believed_when_it_is_refused),
        TEST(refused_after_it_went_out_twice_it_may_be_ours),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_settle", tests, NULL, NULL);
}
