/* SPDX-License-Identifier: Apache-2.0
 * Settling where there are several: coupons of one request, uses of a times card, and records of
 * several requests for the same coupon.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/reasons.c gateway/record.c
 * links: gateway/settle/attribution.c gateway/settle/fit.c gateway/settle/held.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/pace.c gateway/settle/repeat.c
 * links: gateway/settle/sale.c gateway/settle/settle.c gateway/settle/settle_state.c
 * links: gateway/unusable.c store/verification/words.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c settling.c own_pool.c */
#include "support/settling.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "util/compiler.h"

#define RIVAL_ID 99
#define REPEAT   "repeat " SETTLING_POI " vt-1 "

static dygw_gateway_t *gateway;
static dygw_verification_t *rows[3];

static void make_rows(int count)
{
    gateway = fake_world(pool);
    for (int i = 0; i < count; i++) {
        rows[i] = settling_row(ID, i, count);
    }
    fake_clock_advance(5000);
}

/* All uses of one times card. */
static void make_card(int count)
{
    make_rows(count);
    for (int i = 0; i < count; i++) {
        rows[i]->encrypted_code = "enc-1";
        rows[i]->certificate_id = "cert-1";
    }
}

static void settle(void)
{
    settling_run(gateway, &dygw_settle_job, ID, pool);
}

static void check_row(int i, dygw_verify_status_e status, apr_int64_t error_code)
{
    assert_int_equal(rows[i]->verify_status, status);
    assert_int_equal(rows[i]->error_code, error_code);
}

static void check_success(int i, dygw_confirmed_by_e by, const char *verify_id)
{
    check_row(i, DYGW_SUCCESS, 0);
    assert_int_equal(rows[i]->confirmed_by, by);
    assert_string_equal(rows[i]->verify_id, verify_id);
}

/* --- coupons of an order --- */

static void show_order(int first, int second)
{
    static const int used = 2;
    dygw_coupons_reply_t *query = fake_query(DYGW_REPLY_OK, 0);
    dygw_seen_coupon_t *seen;

    fake_coupon(query, "enc-0", "cert-0", 1); /* of the order too, but not of the request */
    seen = fake_coupon(query, "enc-2", "cert-2", second);
    if (second == used) {
        fake_seen(seen, "v-2", dygw_now() - 3000);
    }
    seen = fake_coupon(query, "enc-1", "cert-1", first);
    if (first == used) {
        fake_seen(seen, "v-1", dygw_now() - 3000);
    }
}

static void every_coupon_has_its_own_verdict(DYGW_UNUSED void **state)
{
    dygw_verify_reply_t *repeat;

    make_rows(2);
    show_order(1, 1);
    repeat = fake_repeat(DYGW_REPLY_OK, 0);
    fake_item(repeat, 1, DYGW_REPLY_COUPON, 1250);
    show_order(2, 1);
    settle();
    check_asked("query order-1; " REPEAT "enc-1,enc-2; query order-1");
    assert_int_equal(rows[0]->verify_status, DYGW_SUCCESS);
    assert_int_equal(rows[0]->confirmed_by, DYGW_BY_REPLAY);
    check_row(1, DYGW_PROCESSING, 0);
    fake_clock_advance(QUARTER_MS); /* what comes late is waited for */
    show_order(2, 1);
    settle();
    check_asked("query order-1");
    check_row(1, DYGW_FAILED, 1250);
}

static void what_is_settled_is_in_the_repetition_and_keeps_its_outcome(DYGW_UNUSED void **state)
{
    make_rows(2);
    rows[0]->verify_status = DYGW_FAILED;
    rows[0]->error_code = 1212;
    rows[0]->reason = "wrong_code";
    rows[0]->next_run_at = DYGW_NO_TIME;
    show_order(1, 1);
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1212);
    settle();
    check_asked("query order-1; " REPEAT "enc-1,enc-2");
    check_row(0, DYGW_FAILED, 1212);
    assert_int_equal(rows[0]->revision, 0);
    assert_int_equal(rows[0]->repeats, 0);
    assert_int_equal(rows[1]->verify_status, DYGW_SUCCESS);
    assert_int_equal(fake_logged("DYGW0432"), 0);
}

static void a_failed_one_that_is_redeemed_after_all_is_told(DYGW_UNUSED void **state)
{
    make_rows(2);
    rows[0]->verify_status = DYGW_FAILED;
    rows[0]->error_code = 1212;
    rows[0]->reason = "wrong_code";
    show_order(1, 1);
    settle();
    check_row(0, DYGW_FAILED, 1212);
    assert_int_equal(fake_logged("DYGW0432"), 1);
}

static void while_one_is_given_up_nothing_is_repeated(DYGW_UNUSED void **state)
{
    make_rows(2);
    rows[1]->cancel_since = dygw_now();
    show_order(2, 1);
    settle();
    check_asked("query order-1");
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
    assert_int_equal(rows[1]->verify_status, DYGW_PROCESSING);
    fake_clock_advance(QUARTER_MS);
    show_order(2, 1);
    settle();
    check_asked("query order-1");
    check_row(1, DYGW_FAILED, DYGW_OUTCOME_GIVEN_UP);
}

static void nor_after_one_was_cancelled(DYGW_UNUSED void **state)
{
    make_rows(2);
    rows[0]->verify_status = DYGW_CANCELLED;
    show_order(1, 1);
    settle();
    check_asked("query order-1");
    fake_clock_advance(QUARTER_MS);
    show_order(1, 1);
    settle();
    check_asked("query order-1");
    check_row(1, DYGW_FAILED, DYGW_OUTCOME_NOT_REDEEMED);
}

static void cancel_the_first(const char *call)
{
    if (strcmp(call, "query") == 0) {
        rows[0]->cancel_since = dygw_now();
        rows[0]->updated_at = dygw_now();
        rows[0]->revision++;
    }
}

static void nor_when_one_is_cancelled_meanwhile(DYGW_UNUSED void **state)
{
    make_rows(2);
    rows[0]->verify_status = DYGW_SUCCESS;
    rows[0]->verify_id = "v-1";
    show_order(2, 1);
    fake_douyin_meanwhile = cancel_the_first;
    settle();
    check_asked("query order-1");
    assert_int_equal(rows[1]->repeats, 0);
    fake_douyin_meanwhile = NULL;
    rows[0]->cancel_since = DYGW_NO_TIME;
    rows[0]->updated_at = 1;
    show_order(2, 1);
    settle();
    check_asked("query order-1; " REPEAT "enc-1,enc-2");
    assert_int_equal(rows[0]->updated_at, 1);
    assert_int_equal(fake_logged("DYGW0430"), 1);
}

static void nor_while_one_is_under_review(DYGW_UNUSED void **state)
{
    make_rows(2);
    show_order(1, 1);
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_REVIEW, 1229);
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
    assert_int_equal(rows[1]->verify_status, DYGW_SUCCESS);
    check_asked("query order-1; " REPEAT "enc-1,enc-2");
    rows[1]->verify_status = DYGW_PROCESSING;
    fake_clock_advance(MINUTE_MS);
    show_order(1, 1);
    settle();
    check_asked("query order-1");
}

static void a_request_that_is_not_whole_is_not_repeated(DYGW_UNUSED void **state)
{
    make_rows(2);
    rows[1]->first_id = 7;
    show_order(1, 1);
    settle();
    check_asked("query order-1");
}

static void only_those_that_query_does_not_show_are_got(DYGW_UNUSED void **state)
{
    make_rows(3);
    show_order(1, 1);
    fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-3", "cert-3", 1);
    settle();
    check_asked("query order-1; get enc-3; " REPEAT "enc-1,enc-2,enc-3");
}

/* --- times cards --- */

static dygw_seen_coupon_t *show_card(int status, int uses)
{
    dygw_seen_coupon_t *seen = fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", status);
    static const char *const ids[] = { "v-1", "v-2", "v-3" };

    seen->certificate.is_times_card = 1;
    seen->times_count = 5;
    seen->times_used = uses;
    for (int i = uses - 1; i >= 0; i--) { /* the latest first */
        fake_seen(seen, ids[i], rows[0]->created_at + 1000)->serial = i + 1;
    }
    return seen;
}

static void uses_of_a_card_have_verifications_of_their_own(DYGW_UNUSED void **state)
{
    make_card(3);
    for (int i = 0; i < 3; i++) {
        rows[i]->already = 1;
    }
    show_card(1, 3)->amount_of_use = 500;
    settle();
    check_asked("query order-1");
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
    check_success(1, DYGW_BY_STATUS_QUERY, "v-2");
    check_success(2, DYGW_BY_STATUS_QUERY, "v-3");
    assert_int_equal(rows[0]->coupon_status, DYGW_COUPON_UNUSED);
    assert_int_equal(rows[1]->pay_amount, 500);
}

static void a_card_is_got_once_for_all_rows(DYGW_UNUSED void **state)
{
    make_card(2);
    rows[0]->order_id = NULL;
    fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
    settle();
    check_asked("get enc-1; " REPEAT "enc-1,enc-1");
}

static void a_use_is_confirmed_by_repeating_at_first_only(DYGW_UNUSED void **state)
{
    make_card(1);
    show_card(1, 1);
    fake_repeat(DYGW_REPLY_OK, 0)->items[0].verify_id = "v-1";
    settle();
    check_asked("query order-1; " REPEAT "enc-1");
    check_success(0, DYGW_BY_REPLAY, "v-1");
    make_card(1);
    fake_clock_advance(QUARTER_MS);
    show_card(1, 1);
    settle();
    check_asked("query order-1");
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

/* A repetition that was refused, or never arrived, did not renew what Douyin has in mind. */
static void that_time_begins_with_the_first_verify(DYGW_UNUSED void **state)
{
    make_card(1);
    fake_clock_advance(QUARTER_MS);
    rows[0]->sent_at = dygw_now() - 60000;
    show_card(1, 1);
    settle();
    check_asked("query order-1");
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

static void a_card_used_up_by_our_own_first_attempt_is_ours(DYGW_UNUSED void **state)
{
    make_card(1);
    show_card(1, 0);
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1241);
    show_card(2, 1);
    settle();
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

static void a_use_that_another_record_has_is_left_alone(DYGW_UNUSED void **state)
{
    dygw_verification_t *other;

    make_card(1);
    other = settling_row(50, 0, 1);
    other->verify_status = DYGW_SUCCESS;
    other->verify_id = "v-1";
    rows[0]->already = 1;
    show_card(1, 2);
    settle();
    check_success(0, DYGW_BY_STATUS_QUERY, "v-2");
}

static void of_two_that_fit_the_one_that_proves_taken_is_left(DYGW_UNUSED void **state)
{
    dygw_verification_t *other;

    make_card(1);
    other = settling_row(50, 0, 1);
    other->certificate_id = NULL; /* so it is only found when v-1 is written */
    other->verify_status = DYGW_SUCCESS;
    other->verify_id = "v-1";
    rows[0]->already = 1;
    show_card(1, 2);
    settle();
    check_success(0, DYGW_BY_STATUS_QUERY, "v-2");
}

/* --- rivals --- */

static dygw_verification_t *add_rival(apr_int64_t id)
{
    dygw_verification_t *rival = settling_row(id, 0, 1);

    rival->verify_token = "vt-0";
    return rival;
}

static void show_used(void)
{
    fake_seen(fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2), "v-1", rows[0]->created_at + 1000);
}

static void a_rival_that_is_not_sure_is_waited_for(DYGW_UNUSED void **state)
{
    make_rows(1);
    add_rival(RIVAL_ID + 100);
    show_used();
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1208);
    show_used();
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
    assert_int_equal(rows[0]->already, DYGW_ALREADY_USED);
    settling_asked();
    fake_clock_advance(MINUTE_MS);
    fake_store_row(1)->already = DYGW_ALREADY_USED;
    show_used();
    settle();
    check_asked("query order-1");
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

static void when_all_are_sure_the_nearest_takes_it(DYGW_UNUSED void **state)
{
    dygw_verification_t *rival;

    make_rows(1);
    add_rival(RIVAL_ID + 200); /* came 4 s after it was done */
    fake_store_row(1)->already = DYGW_ALREADY_SILENT;
    rival = add_rival(RIVAL_ID + 100);
    rival->created_at = rows[0]->created_at + 1000;
    rival->already = rows[0]->already = DYGW_ALREADY_SILENT;
    show_used();
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
    show_used();
    settling_run(gateway, &dygw_settle_job, RIVAL_ID + 100, pool);
    assert_int_equal(rival->verify_status, DYGW_SUCCESS);
    assert_string_equal(rival->verify_id, "v-1");
    assert_int_equal(rows[0]->next_run_at, dygw_now()); /* it need not wait any more */
    show_used();
    settle();
    check_row(0, DYGW_FAILED, DYGW_OUTCOME_NOT_OURS);
}

static void a_refusal_does_not_tell_rivals_apart(DYGW_UNUSED void **state)
{
    make_rows(1);
    add_rival(RIVAL_ID + 100)->cancel_since = dygw_now();
    show_used();
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1241);
    show_used();
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
    assert_int_equal(rows[0]->already, DYGW_ALREADY_OPEN);
    assert_true(rows[0]->next_run_at > dygw_now());
}

static void a_confirmed_repetition_does_not_wait_for_rivals(DYGW_UNUSED void **state)
{
    make_rows(1);
    add_rival(RIVAL_ID);
    show_used();
    fake_repeat(DYGW_REPLY_OK, 0)->items[0].verify_id = "v-1";
    settle();
    check_success(0, DYGW_BY_REPLAY, "v-1");
}

static void a_rival_whose_certificate_is_not_known_yet_is_one_too(DYGW_UNUSED void **state)
{
    make_rows(1);
    rows[0]->already = DYGW_ALREADY_USED;
    add_rival(RIVAL_ID + 100)->certificate_id = NULL;
    show_used();
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
}

static void who_was_told_already_used_yields_to_who_was_not(DYGW_UNUSED void **state)
{
    dygw_verification_t *rival;

    make_rows(1);
    rows[0]->already = DYGW_ALREADY_USED;
    rival = add_rival(RIVAL_ID + 100);
    rival->created_at = rows[0]->created_at;
    rival->already = DYGW_ALREADY_SILENT;
    show_used();
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
    show_used();
    settling_run(gateway, &dygw_settle_job, RIVAL_ID + 100, pool);
    assert_int_equal(rival->verify_status, DYGW_SUCCESS);
}

static void what_was_given_up_yields_as_long_as_there_are_rivals(DYGW_UNUSED void **state)
{
    dygw_verification_t *rival;

    make_rows(1);
    rows[0]->cancel_since = dygw_now();
    rival = add_rival(RIVAL_ID + 100);
    show_used();
    settle();
    assert_int_equal(rows[0]->already, DYGW_ALREADY_SILENT);
    fake_clock_advance(QUARTER_MS);
    show_used();
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
    rival->verify_status = DYGW_FAILED;
    show_used();
    settle();
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

static void nobody_waits_for_one_that_was_given_up(DYGW_UNUSED void **state)
{
    make_rows(1);
    rows[0]->already = DYGW_ALREADY_SILENT;
    add_rival(RIVAL_ID)->cancel_since = dygw_now();
    show_used();
    settle();
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

static void a_rival_that_never_gets_sure_is_waited_for_a_quarter(DYGW_UNUSED void **state)
{
    make_rows(1);
    rows[0]->already = DYGW_ALREADY_SILENT;
    add_rival(RIVAL_ID + 100);
    show_used();
    settle();
    assert_int_equal(rows[0]->verify_status, DYGW_PROCESSING);
    fake_clock_advance(QUARTER_MS);
    show_used();
    settle();
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

static void where_there_is_enough_for_all_nobody_waits(DYGW_UNUSED void **state)
{
    make_card(1);
    add_rival(RIVAL_ID);
    rows[0]->already = 1;
    show_card(1, 2);
    settle();
    check_success(0, DYGW_BY_STATUS_QUERY, "v-1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_pool, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_coupon_has_its_own_verdict),
        TEST(what_is_settled_is_in_the_repetition_and_keeps_its_outcome),
        TEST(a_failed_one_that_is_redeemed_after_all_is_told),
        TEST(while_one_is_given_up_nothing_is_repeated),
        TEST(nor_after_one_was_cancelled),
        TEST(nor_when_one_is_cancelled_meanwhile),
        TEST(nor_while_one_is_under_review),
        TEST(a_request_that_is_not_whole_is_not_repeated),
        TEST(only_those_that_query_does_not_show_are_got),
        TEST(uses_of_a_card_have_verifications_of_their_own),
        TEST(a_card_is_got_once_for_all_rows),
        TEST(a_use_is_confirmed_by_repeating_at_first_only),
        TEST(that_time_begins_with_the_first_verify),
        TEST(a_card_used_up_by_our_own_first_attempt_is_ours),
        TEST(a_use_that_another_record_has_is_left_alone),
        TEST(of_two_that_fit_the_one_that_proves_taken_is_left),
        TEST(a_rival_that_is_not_sure_is_waited_for),
        TEST(when_all_are_sure_the_nearest_takes_it),
        TEST(a_refusal_does_not_tell_rivals_apart),
        TEST(a_confirmed_repetition_does_not_wait_for_rivals),
        TEST(a_rival_whose_certificate_is_not_known_yet_is_one_too),
        TEST(who_was_told_already_used_yields_to_who_was_not),
        TEST(what_was_given_up_yields_as_long_as_there_are_rivals),
        TEST(nobody_waits_for_one_that_was_given_up),
        TEST(a_rival_that_never_gets_sure_is_waited_for_a_quarter),
        TEST(where_there_is_enough_for_all_nobody_waits),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_settle_group", tests, NULL, NULL);
}
