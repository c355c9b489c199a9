/* SPDX-License-Identifier: Apache-2.0
 * What comes of a verify that was never answered when its record is settled already: it is looked
 * for as long as it may come, and what it redeemed is taken back.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/reasons.c gateway/record.c
 * links: gateway/settle/attribution.c gateway/settle/cancelled.c gateway/settle/fit.c
 * links: gateway/settle/follow_up.c gateway/settle/follow_up_row.c gateway/settle/held.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/orphan.c gateway/settle/pace.c
 * links: gateway/settle/repeat.c gateway/settle/sale.c gateway/settle/settle.c
 * links: gateway/settle/settle_state.c gateway/unusable.c store/verification/words.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c settling.c settling_one.c own_pool.c */
#include "support/settling_one.h"

#include <apr_general.h>

#include "gateway/settle/cancelled.h"
#include "gateway/settle/late.h"
#include "util/compiler.h"

#define OTHER_ID   50
#define AGAIN      "cancel v-2 cert-1 -"
#define TAKEN_BACK "DYGW0443"
#define LEFT       "DYGW0444"

/* Redeemed by the second of two requests, and cancelled just now. */
static void cancel_it(void)
{
    row->verify_status = DYGW_SUCCESS;
    row->confirmed_by = DYGW_BY_REPLAY;
    row->coupon_status = DYGW_COUPON_USED;
    row->verify_id = "v-1";
    row->verify_time = dygw_now() - 1000;
    row->attempts = 2;
    row->repeats = 1;
    dygw_cancel_done(row);
}

static int set_up_cancelled(void **state)
{
    set_up(state);
    cancel_it();
    return 0;
}

static void check_marked(int marked)
{
    assert_int_equal(row->news, marked ? DYGW_NEWS_LATE : 0);
    assert_int_equal(row->errand_at != DYGW_NO_TIME, marked);
}

static int run(void)
{
    return settling_run(gateway, &dygw_follow_up_job, ID, pool);
}

/* At its time. */
static int run_next(void)
{
    assert_true(row->errand_at != DYGW_NO_TIME);
    fake_clock_advance(row->errand_at - dygw_now());
    return run();
}

static dygw_seen_verify_t *show_of(const char *verify_id, dygw_ms_t verify_time)
{
    dygw_seen_verify_t *seen
        = fake_seen(fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), verify_id, verify_time);

    seen->poi_id = SETTLING_POI;
    return seen;
}

/* NULL: it is unused. */
static dygw_seen_verify_t *show(const char *verify_id)
{
    if (!verify_id) {
        fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
        return NULL;
    }
    return show_of(verify_id, dygw_now());
}

static void check_taken_back(void)
{
    assert_int_equal(fake_logged("DYGW0442"), 1);
    assert_int_equal(fake_logged(TAKEN_BACK), 1);
    assert_int_equal(fake_logged(LEFT), 0);
}

static dygw_verification_t *other_record(dygw_verify_status_e status)
{
    dygw_verification_t *v = settling_row(OTHER_ID, 0, 1);

    v->verify_token = "vt-0";
    v->verify_status = status;
    v->next_run_at = DYGW_NO_TIME;
    return v;
}

/* --- what is looked after --- */

static void of_what_was_answered_itself_nothing_is_to_come(DYGW_UNUSED void **state)
{
    row->verify_status = DYGW_SUCCESS;
    row->confirmed_by = DYGW_BY_RESPONSE;
    row->verify_id = "v-1";
    dygw_cancel_done(row);
    check_marked(0);
}

static void what_was_sent_twice_or_not_answered_is_looked_after(DYGW_UNUSED void **state)
{
    cancel_it();
    check_marked(1);
    assert_in_range(row->errand_at - dygw_now(), 4000, 6000);
    start_anew();
    row->verify_status = DYGW_SUCCESS;
    row->confirmed_by = DYGW_BY_STATUS_QUERY;
    row->verify_id = "v-1";
    dygw_cancel_done(row);
    check_marked(1);
}

static void when_lateness_is_over_nothing_is_to_come(DYGW_UNUSED void **state)
{
    fake_clock_advance(QUARTER_MS);
    cancel_it();
    check_marked(0);
}

static void a_refunded_coupon_cannot_be_redeemed(DYGW_UNUSED void **state)
{
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 4);
    settle();
    check_failed(DYGW_OUTCOME_NO_COUPON);
    check_marked(0);
    settling_asked();
}

static void a_refused_cancel_does_not_end_it(DYGW_UNUSED void **state)
{
    const dygw_reply_t refusal = { .error_code = 3000001, .description = "no" };

    row->news = DYGW_NEWS_LATE;
    dygw_cancel_refused(row, &refusal);
    check_marked(1);
}

static void a_group_that_was_sent_once_and_answered_is_done_with(DYGW_UNUSED void **state)
{
    dygw_verification_t *second;

    row->item_count = 2;
    cancel_it();
    row->confirmed_by = DYGW_BY_RESPONSE;
    row->attempts = 1;
    row->repeats = 0;
    second = settling_row(ID, 1, 2);
    second->verify_status = DYGW_SUCCESS;
    second->confirmed_by = DYGW_BY_RESPONSE;
    check_marked(1);
    fake_clock_advance(row->errand_at - dygw_now());
    assert_int_equal(run(), 0);
    check_marked(0);
}

/* Its code was in the repetition for the other. */
static void a_group_that_was_repeated_is_looked_after_from_its_last_repetition(DYGW_UNUSED void **state)
{
    dygw_verification_t *second = settling_row(ID, 1, 2);

    row->item_count = 2;
    second->verify_status = DYGW_SUCCESS;
    second->repeats = 3;
    fake_clock_advance(2 * QUARTER_MS);
    second->sent_at = dygw_now();
    cancel_it();
    row->confirmed_by = DYGW_BY_RESPONSE;
    row->attempts = 1;
    row->repeats = 0;
    show(NULL);
    run_next();
    check_asked("get enc-1");
    check_marked(1);
    show("v-2");
    run_next();
    check_asked("get enc-1; " AGAIN);
    check_taken_back();
}

/* --- what is found --- */

static void what_is_redeemed_after_the_cancel_is_taken_back(DYGW_UNUSED void **state)
{
    show(NULL);
    run_next();
    check_marked(1);
    show("v-2");
    run_next();
    check_asked("get enc-1; get enc-1; " AGAIN);
    check_taken_back();
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    assert_string_equal(row->verify_id, "v-1");
    check_marked(1);
    show(NULL);
    run_next();
    check_taken_back();
    settling_asked();
}

static void it_is_looked_for_now_and_then_until_lateness_is_over(DYGW_UNUSED void **state)
{
    const dygw_ms_t began = dygw_now();
    int looks;

    for (looks = 0; row->errand_at != DYGW_NO_TIME && looks < 100; looks++) {
        show(NULL);
        run_next();
    }
    assert_in_range(looks, 3, 10);
    assert_in_range(dygw_now() - began, QUARTER_MS - 10000, QUARTER_MS + 10000);
    check_marked(0);
    settling_asked();
}

static void it_is_counted_and_committed_before_it_is_taken_back(DYGW_UNUSED void **state)
{
    fake_clock_advance(row->errand_at - dygw_now());
    show("v-2");
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_NOTFOUND, 0);
    run();
    check_asked("get enc-1");
    assert_int_equal(fake_logged("DYGW0442"), 0);
    show("v-2");
    fake_cancel(DYGW_REPLY_LOST, 0);
    run();
    check_asked("get enc-1; " AGAIN);
    assert_int_equal(row->news, DYGW_NEWS_LATE | DYGW_NEWS_ORPHAN);
    assert_int_equal(row->cancels, 1);
}

static void a_cancel_of_it_without_an_answer_is_looked_into(DYGW_UNUSED void **state)
{
    show("v-2");
    fake_cancel(DYGW_REPLY_TIMEOUT, 0);
    run_next();
    assert_in_range(row->errand_at - dygw_now(), 5000, 5000);
    show(NULL);
    run_next();
    check_asked("get enc-1; " AGAIN "; get enc-1");
    check_taken_back();
}

static void what_another_record_has_stays(DYGW_UNUSED void **state)
{
    other_record(DYGW_SUCCESS)->verify_id = "v-2";
    show("v-2");
    run_next();
    check_asked("get enc-1");
    check_marked(1);
}

/* Only the table knows that record: it names another coupon. */
static void what_turns_out_to_be_another_record_s_stays(DYGW_UNUSED void **state)
{
    dygw_verification_t *other = other_record(DYGW_SUCCESS);

    other->verify_id = "v-2";
    other->certificate_id = "cert-7";
    show("v-2");
    run_next();
    check_asked("get enc-1");
}

static void what_another_success_may_have_stays(DYGW_UNUSED void **state)
{
    dygw_verification_t *other = other_record(DYGW_SUCCESS);

    fake_clock_advance(row->errand_at - dygw_now());
    other->created_at = other->verify_time = dygw_now();
    show("v-2");
    run();
    check_asked("get enc-1");
    check_marked(1);
}

/* Whoever is told "cancelled" may redeem it anew at once. */
static void what_an_open_record_may_have_is_waited_for(DYGW_UNUSED void **state)
{
    dygw_verification_t *other = other_record(DYGW_PROCESSING);

    show("v-2");
    run_next();
    check_asked("get enc-1");
    check_marked(1);
    fake_clock_advance(QUARTER_MS);
    show_of("v-2", dygw_now() - QUARTER_MS);
    run();
    check_asked("get enc-1");
    check_marked(1);
    other->verify_status = DYGW_FAILED;
    show_of("v-2", dygw_now() - QUARTER_MS);
    run_next();
    check_asked("get enc-1; " AGAIN);
}

static void what_does_not_fit_is_somebody_else_s(DYGW_UNUSED void **state)
{
    show("v-2")->poi_id = "7000000000000000001";
    run_next();
    show("v-2")->verify_type = 2;
    run_next();
    check_asked("get enc-1; get enc-1");
    assert_int_equal(fake_logged("DYGW0442"), 0);
}

static void what_came_when_lateness_was_over_is_somebody_else_s(DYGW_UNUSED void **state)
{
    fake_clock_advance(QUARTER_MS + HOUR_MS);
    show("v-2");
    run();
    check_asked("get enc-1");
    check_marked(0);
}

static void refused_it_is_tried_again_and_then_said_loudly(DYGW_UNUSED void **state)
{
    const dygw_ms_t came_at = dygw_now() + 5000;
    int tries;

    for (tries = 0; row->errand_at != DYGW_NO_TIME && tries < 100; tries++) {
        fake_clock_advance(row->errand_at - dygw_now());
        show_of("v-2", came_at);
        fake_cancel(DYGW_REPLY_COUPON, 3000001);
        show_of("v-2", came_at);
        assert_int_equal(fake_logged(LEFT), 0);
        assert_int_equal(run(), 3);
    }
    assert_in_range(tries, 3, 10);
    assert_int_equal(fake_logged(LEFT), 1);
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    assert_int_equal(row->coupon_status, DYGW_COUPON_USED);
    check_marked(0);
    settling_asked();
}

static void too_late_to_be_cancelled_it_is_said_loudly(DYGW_UNUSED void **state)
{
    int looks;

    for (looks = 0; row->errand_at != DYGW_NO_TIME && looks < 100; looks++) {
        fake_clock_advance(row->errand_at - dygw_now());
        show("v-2")->can_cancel = 0;
        run();
    }
    assert_int_equal(fake_logged(LEFT), 1);
    assert_int_equal(fake_logged("DYGW0442"), 0);
    settling_asked();
}

static void refused_because_it_was_done_before_it_is_taken_back(DYGW_UNUSED void **state)
{
    show("v-2");
    fake_cancel(DYGW_REPLY_COUPON, 1265);
    show(NULL);
    run_next();
    check_asked("get enc-1; " AGAIN "; get enc-1");
    check_taken_back();
}

static void without_an_answer_in_the_end_it_is_asked_again(DYGW_UNUSED void **state)
{
    fake_clock_advance(QUARTER_MS + 1000);
    fake_get(DYGW_REPLY_TIMEOUT, 0);
    run();
    check_marked(1);
    show_of("v-2", dygw_now() - HOUR_MS / 6);
    run_next();
    check_asked("get enc-1; get enc-1; " AGAIN);
    show(NULL);
    run_next();
    check_marked(0);
    settling_asked();
}

static void a_coupon_that_douyin_does_not_know_is_asked_about_until_it_is_over(DYGW_UNUSED void **state)
{
    fake_get(DYGW_REPLY_COUPON, 1212);
    run_next();
    check_marked(1);
    fake_clock_advance(QUARTER_MS);
    fake_get(DYGW_REPLY_COUPON, 1212);
    run();
    check_marked(0);
    settling_asked();
}

static void while_the_database_is_away_nothing_is_taken_back(DYGW_UNUSED void **state)
{
    fake_clock_advance(row->errand_at - dygw_now());
    show("v-2");
    fake_store_fail(FAKE_RIVALS, 0, 1, APR_EGENERAL, 0);
    run();
    check_asked("get enc-1");
    check_marked(1);
}

/* The webhook that tells of what came late is the quickest. */
static void a_webhook_makes_the_look_at_once(DYGW_UNUSED void **state)
{
    row->news |= DYGW_NEWS_WEBHOOK;
    row->errand_at = dygw_now();
    row->verify_time -= 10000;
    show("v-2");
    run();
    check_asked("get enc-1; " AGAIN);
    check_taken_back();
    check_marked(1);
}

/* Customers of a chain have their coupons redeemed elsewhere, too. */
static void what_does_not_say_in_which_store_is_left_and_told(DYGW_UNUSED void **state)
{
    int looks;

    for (looks = 0; row->errand_at != DYGW_NO_TIME && looks < 100; looks++) {
        assert_int_equal(fake_logged("DYGW0445"), 0);
        fake_clock_advance(row->errand_at - dygw_now());
        show("v-2")->poi_id = looks % 2 == 0 ? NULL : "0";
        assert_int_equal(run(), 1);
    }
    assert_int_equal(fake_logged("DYGW0445"), 1);
    check_marked(0);
    settling_asked();
}

/* --- others that are settled --- */

/* The cashier may have turned to the shop's other system. */
static void after_a_refusal_what_comes_is_left_and_told(DYGW_UNUSED void **state)
{
    row->verify_status = DYGW_FAILED;
    row->error_code = 1250;
    row->reason = "other";
    row->attempts = 2;
    dygw_late_expect(row);
    show("v-2");
    run_next();
    check_asked("get enc-1");
    check_marked(1);
    fake_clock_advance(QUARTER_MS);
    show_of("v-2", dygw_now() - QUARTER_MS);
    run();
    check_asked("get enc-1");
    assert_int_equal(fake_logged("DYGW0445"), 1);
    check_marked(0);
}

static void of_a_failed_one_too_what_comes_late_is_taken_back(DYGW_UNUSED void **state)
{
    dygw_verification_t *other = other_record(DYGW_SUCCESS);
    int i;

    other->verify_id = "v-1";
    for (i = 0; i < 2; i++) {
        fake_seen(fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), "v-1", dygw_now());
        fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1208);
    }
    settle();
    check_failed(DYGW_OUTCOME_NOT_OURS);
    check_marked(1);
    settling_asked();
    other->verify_status = DYGW_CANCELLED;
    show("v-2");
    run_next();
    check_asked("get enc-1; " AGAIN);
    check_taken_back();
    assert_int_equal(row->verify_status, DYGW_FAILED);
}

/* A use that was redeemed by the first request when the second had redeemed one. */
static void another_use_of_a_times_card_is_taken_back(DYGW_UNUSED void **state)
{
    dygw_seen_coupon_t *card;

    fake_repeat(DYGW_REPLY_OK, 0)->items[0].pay_amount = 500;
    settle();
    check_success(DYGW_BY_REPLAY);
    check_marked(1);
    settling_asked();
    fake_clock_advance(row->errand_at - dygw_now());
    card = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
    card->times_count = 5;
    card->times_used = 2;
    fake_seen(card, row->verify_id, row->verify_time);
    fake_seen(card, "v-2", dygw_now())->poi_id = SETTLING_POI;
    run();
    check_asked("get enc-1; " AGAIN);
    check_taken_back();
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
}

static void of_a_used_coupon_nothing_more_can_be_redeemed(DYGW_UNUSED void **state)
{
    settle();
    check_success(DYGW_BY_REPLAY);
    check_marked(0);
    settling_asked();
}

/* The failed one's coupon was free again when the other was repeated. */
static void what_a_repetition_redeems_for_a_failed_sibling_is_taken_back(DYGW_UNUSED void **state)
{
    dygw_verification_t *second = settling_row(ID, 1, 2);

    row->item_count = 2;
    row->verify_status = DYGW_FAILED;
    row->error_code = 1208;
    row->reason = "already_used";
    row->next_run_at = DYGW_NO_TIME;
    fake_clock_advance(5000);
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-2", "cert-2", 1);
    settle();
    assert_int_equal(second->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->verify_status, DYGW_FAILED);
    assert_int_equal(fake_logged("DYGW0432"), 1);
    assert_int_equal(fake_logged("DYGW0430"), 1);
    assert_true(row->errand_at <= dygw_now());
    settling_asked();
    show(NULL);
    run(); /* it need not be shown at once */
    assert_int_equal(fake_logged(TAKEN_BACK), 0);
    show("v-2")->poi_id = NULL;
    run_next();
    check_asked("get enc-1; get enc-1; " AGAIN);
    check_taken_back();
    check_marked(1);
}

#define TEST(f)      cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)
#define CANCELLED(f) cmocka_unit_test_setup_teardown(f, set_up_cancelled, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_what_was_answered_itself_nothing_is_to_come),
        TEST(what_was_sent_twice_or_not_answered_is_looked_after),
        TEST(when_lateness_is_over_nothing_is_to_come),
        TEST(a_refunded_coupon_cannot_be_redeemed),
        TEST(a_refused_cancel_does_not_end_it),
        TEST(a_group_that_was_sent_once_and_answered_is_done_with),
        TEST(a_group_that_was_repeated_is_looked_after_from_its_last_repetition),
        CANCELLED(what_is_redeemed_after_the_cancel_is_taken_back),
        CANCELLED(it_is_looked_for_now_and_then_until_lateness_is_over),
        CANCELLED(it_is_counted_and_committed_before_it_is_taken_back),
        CANCELLED(a_cancel_of_it_without_an_answer_is_looked_into),
        CANCELLED(what_another_record_has_stays),
        CANCELLED(what_turns_out_to_be_another_record_s_stays),
        CANCELLED(what_another_success_may_have_stays),
        CANCELLED(what_an_open_record_may_have_is_waited_for),
        CANCELLED(what_does_not_fit_is_somebody_else_s),
        CANCELLED(what_came_when_lateness_was_over_is_somebody_else_s),
        CANCELLED(refused_it_is_tried_again_and_then_said_loudly),
        CANCELLED(too_late_to_be_cancelled_it_is_said_loudly),
        CANCELLED(refused_because_it_was_done_before_it_is_taken_back),
        CANCELLED(without_an_answer_in_the_end_it_is_asked_again),
        CANCELLED(a_coupon_that_douyin_does_not_know_is_asked_about_until_it_is_over),
        CANCELLED(while_the_database_is_away_nothing_is_taken_back),
        CANCELLED(a_webhook_makes_the_look_at_once),
        CANCELLED(what_does_not_say_in_which_store_is_left_and_told),
        TEST(after_a_refusal_what_comes_is_left_and_told),
        TEST(of_a_failed_one_too_what_comes_late_is_taken_back),
        TEST(another_use_of_a_times_card_is_taken_back),
        TEST(of_a_used_coupon_nothing_more_can_be_redeemed),
        TEST(what_a_repetition_redeems_for_a_failed_sibling_is_taken_back),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_late", tests, NULL, NULL);
}
