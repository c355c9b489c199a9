/* SPDX-License-Identifier: Apache-2.0
 * Follow-ups: cancels whose outcome is not known, cancels that were never sent, and news.
 * links: gateway/settle/follow_up.c gateway/settle/cancelled.c gateway/settle/judge.c gateway/settle/fit.c
 * links: gateway/settle/pace.c gateway/settle/late.c gateway/settle/orphan.c gateway/settle/attribution.c
 * links: gateway/record.c gateway/background/job.c store/verification/words.c gateway/db_work.c
 * links: gateway/settle/follow_up_row.c gateway/account.c gateway/declared.c douyin/codes.c gateway/reasons.c
 * helpers: fake_world.c fake_store.c fake_douyin.c settling.c own_pool.c */
#include "support/settling.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "util/compiler.h"

#define CANCEL "cancel v-1 cert-1 -"

static dygw_gateway_t *gateway;
static dygw_verification_t *row;

/* Redeemed, and its follow-up is due. */
static dygw_verification_t *redeemed(int item_no, int item_count)
{
    dygw_verification_t *v = settling_row(ID, item_no, item_count);

    v->verify_status = DYGW_SUCCESS;
    v->confirmed_by = DYGW_BY_RESPONSE;
    v->coupon_status = DYGW_COUPON_USED;
    v->verify_id = item_no == 0 ? "v-1" : "v-2";
    v->verify_time = dygw_now();
    v->cancelable_until = dygw_now() + HOUR_MS;
    v->next_run_at = dygw_now();
    v->errand_at = dygw_now();
    return v;
}

static void start_anew(void)
{
    gateway = fake_world(pool);
    row = redeemed(0, 1);
    fake_clock_advance(10000);
}

/* Its cancel was sent once, and what became of it is not known. */
static void cancel_was_lost(void)
{
    row->cancel_since = dygw_now();
    row->cancels = 1;
    row->errand_at = dygw_now();
}

static int set_up(void **state)
{
    make_pool(state);
    start_anew();
    return 0;
}

static int run(void)
{
    return settling_run(gateway, &dygw_follow_up_job, ID, pool);
}

static void show(int status, const char *verify_id)
{
    dygw_seen_coupon_t *seen = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", status);

    if (verify_id) {
        fake_seen(seen, verify_id, dygw_now());
    }
}

static void check_cancelled(dygw_confirmed_by_e by)
{
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    assert_int_equal(row->coupon_status, DYGW_COUPON_UNUSED);
    assert_int_equal(row->confirmed_by, by);
    assert_string_equal(row->verify_id, "v-1");
    assert_int_equal(row->enrichment_status, DYGW_ENRICH_SKIPPED);
    assert_int_equal(row->next_run_at, DYGW_NO_TIME);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    assert_int_equal(row->error_code, 0);
}

static void check_refused(apr_int64_t error_code)
{
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->error_code, error_code);
    assert_non_null(row->error_description);
    assert_int_equal(row->cancel_since, DYGW_NO_TIME);
    assert_int_equal(row->cancels, 0);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    assert_int_equal(row->enrichment_status, DYGW_ENRICH_PENDING);
}

static void check_waits(dygw_ms_t from, dygw_ms_t to)
{
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_in_range(row->errand_at - dygw_now(), from, to);
}

/* --- cancels --- */

static void what_is_not_shown_any_more_is_cancelled(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    show(1, NULL);
    run();
    check_asked("get enc-1");
    check_cancelled(DYGW_BY_STATUS_QUERY);
}

static void what_somebody_else_uses_now_is_cancelled_too(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    show(2, "v-8");
    run();
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    settling_asked();
}

static void what_is_not_shown_yet_may_come(DYGW_UNUSED void **state)
{
    row->verify_time = dygw_now() - 1000;
    cancel_was_lost();
    show(1, NULL);
    run();
    check_waits(5000, 5000);
    row->cancel_since = DYGW_NO_TIME;
    row->news = 1;
    row->errand_at = dygw_now();
    show(1, NULL);
    run();
    check_waits(9000, 9000);
    fake_clock_advance(9000);
    show(2, "v-1");
    run();
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->confirmed_by, DYGW_BY_RESPONSE);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    settling_asked();
}

static void what_is_hidden_tells_nothing(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    show(2, NULL);
    run();
    check_asked("get enc-1");
    check_waits(5000, 5000);
}

static void what_is_still_there_is_cancelled_again(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    show(2, "v-1");
    run();
    check_asked("get enc-1; " CANCEL);
    check_cancelled(DYGW_BY_RESPONSE);
    assert_int_equal(row->cancels, 2);
}

static void a_cancel_is_committed_before_it_is_sent(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    show(2, "v-1");
    fake_cancel(DYGW_REPLY_LOST, 0);
    fake_store_fail(FAKE_UPDATE, 1, 1, APR_EGENERAL, 0); /* the second unit does it */
    run();
    assert_int_equal(row->cancels, 2);
    check_asked("get enc-1; " CANCEL);
    show(2, "v-1");
    fake_clock_advance(5000);
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_NOTFOUND, 0);
    run();
    check_asked("get enc-1");
}

static void given_up_and_redeemed_it_is_cancelled_at_once(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    run();
    check_asked(CANCEL);
    check_cancelled(DYGW_BY_RESPONSE);
    assert_string_equal(row->douyin_response, "{\"cancel\":{\"data\":{\"error_code\":0,\"of\":\"cancel\"}}}");
}

static void what_cannot_be_named_cannot_be_cancelled(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    row->verify_id = NULL;
    row->encrypted_code = NULL;
    assert_int_equal(run(), 0);
    check_refused(2100001);
    start_anew();
    row->cancel_since = dygw_now();
    row->certificate_id = NULL;
    assert_int_equal(run(), 0);
    check_refused(2100001);
}

static void show_as_it_was_done(void)
{
    fake_seen(fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), "v-1", row->verify_time);
}

static void what_douyin_did_not_name_is_looked_up_and_cancelled(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    row->verify_id = NULL;
    show_as_it_was_done();
    run();
    check_asked("get enc-1; " CANCEL);
    check_cancelled(DYGW_BY_RESPONSE);
    start_anew();
    row->cancel_since = dygw_now();
    row->verify_id = NULL;
    show(1, NULL);
    run();
    check_asked("get enc-1");
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
}

static void what_douyin_does_not_name_for_two_hours_is_not_cancelled(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    row->verify_id = NULL;
    fake_seen(fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), "v-7", dygw_now())->verify_type = 2;
    run();
    check_waits(5000, 5000);
    fake_clock_advance(2 * HOUR_MS + 1000);
    fake_seen(fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), "v-7", dygw_now())->verify_type = 2;
    run();
    check_refused(2100001);
    settling_asked();
}

/* Only the table knows that record: it names another coupon. */
static void a_name_that_is_another_record_s_cancels_nothing(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    row->verify_id = NULL;
    fake_store_add_row(7)->verify_id = "v-1";
    show_as_it_was_done();
    run();
    check_asked("get enc-1");
    check_refused(2100001);
    assert_null(row->verify_id);
}

static void a_cancel_token_is_sent_where_it_is_wanted(DYGW_UNUSED void **state)
{
    gateway->use_cancel_token = 1;
    row->cancel_since = dygw_now();
    fake_cancel(DYGW_REPLY_TIMEOUT, 0);
    run();
    check_asked("cancel v-1 cert-1 dygw-v-1");
    fake_clock_advance(5000);
    show(2, "v-1");
    run();
    check_asked("get enc-1; cancel v-1 cert-1 dygw-v-1");
}

static void a_refusal_counts_only_while_it_is_still_shown(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    show(2, "v-1");
    fake_cancel(DYGW_REPLY_COUPON, 3000001);
    show(2, "v-1");
    run();
    check_asked("get enc-1; " CANCEL "; get enc-1");
    check_refused(3000001);
    start_anew();
    cancel_was_lost();
    show(2, "v-1");
    fake_cancel(DYGW_REPLY_COUPON, 1265);
    show(1, NULL);
    run();
    check_cancelled(DYGW_BY_STATUS_QUERY);
}

static void a_cancel_without_an_answer_is_tried_again_by_the_schedule(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    for (int i = 0; i < 5; i++) {
        show(2, "v-1");
        fake_cancel(DYGW_REPLY_TIMEOUT, 0);
        run();
        check_waits(5000, 5000);
        assert_string_equal(row->last_error, "certificate/cancel: no answer in time");
        fake_clock_advance(5000);
    }
    fake_get(DYGW_REPLY_UNREACHABLE, 0);
    run();
    check_waits(32000, 48000);
    fake_clock_advance(HOUR_MS);
    fake_get(DYGW_REPLY_BUSY, 2100004);
    run();
    check_waits(480000, 720000);
}

static void after_two_hours_a_cancel_is_not_sent_any_more(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    fake_clock_advance(2 * HOUR_MS + 1000);
    show(2, "v-1");
    run();
    check_asked("get enc-1");
    check_refused(2100001);
    start_anew();
    cancel_was_lost();
    fake_clock_advance(2 * HOUR_MS + 1000);
    show(1, NULL);
    run();
    check_cancelled(DYGW_BY_STATUS_QUERY);
}

static void without_any_answer_it_ends_after_49_hours(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    fake_clock_advance(49 * HOUR_MS + 1000);
    fake_get(DYGW_REPLY_UNREACHABLE, 0);
    run();
    check_refused(2100001);
}

static void before_its_time_nothing_is_done(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    row->errand_at = dygw_now() + 1;
    assert_int_equal(run(), 0);
}

/* --- news --- */

static void cancelled_at_douyin_it_is_cancelled_here(DYGW_UNUSED void **state)
{
    row->news = 1;
    show(1, NULL);
    run();
    check_asked("get enc-1");
    check_cancelled(DYGW_BY_WEBHOOK);
    assert_int_equal(row->news, 0);
}

static void refunded_at_douyin_it_says_so(DYGW_UNUSED void **state)
{
    row->news = 1;
    show(4, "v-1");
    run();
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->coupon_status, DYGW_COUPON_REFUNDED);
    assert_int_equal(row->confirmed_by, DYGW_BY_WEBHOOK);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    assert_int_equal(row->enrichment_status, DYGW_ENRICH_PENDING);
}

static void news_of_what_is_known_change_nothing(DYGW_UNUSED void **state)
{
    row->news = 1;
    show(2, "v-1");
    run();
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->confirmed_by, DYGW_BY_RESPONSE);
    assert_int_equal(row->news, 0);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
}

static void of_a_cancelled_one_a_refund_is_recorded(DYGW_UNUSED void **state)
{
    row->news = 1;
    row->verify_status = DYGW_CANCELLED;
    row->coupon_status = DYGW_COUPON_UNUSED;
    show(4, NULL);
    run();
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    assert_int_equal(row->coupon_status, DYGW_COUPON_REFUNDED);
}

static void news_of_a_redemption_that_douyin_did_not_name_end_it_only_when_it_is_unused(DYGW_UNUSED void **state)
{
    row->news = 1;
    row->verify_id = NULL;
    show(2, "v-1");
    run();
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    row->news = 1;
    row->errand_at = dygw_now();
    show(1, NULL);
    run();
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
}

static void news_that_stay_hidden_are_asked_about_for_two_days(DYGW_UNUSED void **state)
{
    int asks;

    row->news = 1;
    for (asks = 0; row->news && asks < 1000; asks++) {
        show(2, NULL);
        run();
        fake_clock_advance(row->news ? row->errand_at - dygw_now() : 0);
    }
    assert_in_range(asks, 100, 600);
    assert_in_range(dygw_now() - row->created_at, 49 * HOUR_MS, 50 * HOUR_MS);
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    settling_asked();
}

/* By this host's clock it is redeemed in some seconds. Douyin need not show it yet. */
static void what_a_host_whose_clock_is_ahead_has_redeemed_is_fresh(DYGW_UNUSED void **state)
{
    row->news = 1;
    row->verify_time = dygw_now() + 30000;
    for (int looks = 0; looks < 4; looks++) {
        show(1, NULL);
        run();
        assert_int_equal(row->verify_status, DYGW_SUCCESS);
        assert_true(row->errand_at == dygw_now() + 10000);
        fake_clock_advance(10000);
    }
    show(1, NULL);
    run();
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
}

static void news_without_an_answer_are_kept(DYGW_UNUSED void **state)
{
    row->news = 1;
    fake_get(DYGW_REPLY_TIMEOUT, 0);
    run();
    assert_int_equal(row->news, 1);
    check_waits(48000, 72000);
    fake_clock_advance(72000);
    fake_get(DYGW_REPLY_COUPON, 1212);
    run();
    assert_int_equal(row->news, 0);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
}

static void news_wait_for_a_cancel_and_come_next(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    row->news = 1;
    show(2, "v-1");
    fake_cancel(DYGW_REPLY_COUPON, 3000001);
    show(2, "v-1");
    run();
    assert_int_equal(row->news, 1);
    assert_int_equal(row->errand_at, dygw_now());
    show(2, "v-1");
    run();
    assert_int_equal(row->news, 0);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
}

static void each_row_that_is_due_has_its_turn(DYGW_UNUSED void **state)
{
    dygw_verification_t *second;

    gateway = fake_world(pool);
    row = redeemed(0, 2);
    second = redeemed(1, 2);
    row->news = 1;
    second->cancel_since = dygw_now();
    show(2, "v-1");
    run();
    check_asked("get enc-1; cancel v-2 cert-2 -");
    assert_int_equal(row->news, 0);
    assert_int_equal(second->verify_status, DYGW_CANCELLED);
}

static void a_follow_up_without_reason_ends(DYGW_UNUSED void **state)
{
    assert_int_equal(run(), 0);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_shown_any_more_is_cancelled),
        TEST(what_somebody_else_uses_now_is_cancelled_too),
        TEST(what_is_not_shown_yet_may_come),
        TEST(what_is_hidden_tells_nothing),
        TEST(what_is_still_there_is_cancelled_again),
        TEST(a_cancel_is_committed_before_it_is_sent),
        TEST(given_up_and_redeemed_it_is_cancelled_at_once),
        TEST(what_cannot_be_named_cannot_be_cancelled),
        TEST(what_douyin_did_not_name_is_looked_up_and_cancelled),
        TEST(what_douyin_does_not_name_for_two_hours_is_not_cancelled),
        TEST(a_name_that_is_another_record_s_cancels_nothing),
        TEST(a_cancel_token_is_sent_where_it_is_wanted),
        TEST(a_refusal_counts_only_while_it_is_still_shown),
        TEST(a_cancel_without_an_answer_is_tried_again_by_the_schedule),
        TEST(after_two_hours_a_cancel_is_not_sent_any_more),
        TEST(without_any_answer_it_ends_after_49_hours),
        TEST(before_its_time_nothing_is_done),
        TEST(cancelled_at_douyin_it_is_cancelled_here),
        TEST(refunded_at_douyin_it_says_so),
        TEST(news_of_what_is_known_change_nothing),
        TEST(of_a_cancelled_one_a_refund_is_recorded),
        TEST(news_of_a_redemption_that_douyin_did_not_name_end_it_only_when_it_is_unused),
        TEST(what_a_host_whose_clock_is_ahead_has_redeemed_is_fresh),
        TEST(news_that_stay_hidden_are_asked_about_for_two_days),
        TEST(news_without_an_answer_are_kept),
        TEST(news_wait_for_a_cancel_and_come_next),
        TEST(each_row_that_is_due_has_its_turn),
        TEST(a_follow_up_without_reason_ends),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_follow_up", tests, NULL, NULL);
}
