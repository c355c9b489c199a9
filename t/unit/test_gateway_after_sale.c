/* SPDX-License-Identifier: Apache-2.0
 * What becomes of refunds that customers ask for after the redemption: the job that asks for them, and what the
 * other jobs leave of them.
 * links: gateway/reasons.c
 * links: gateway/settle/after_sale.c gateway/settle/sale.c gateway/settle/follow_up.c gateway/settle/cancelled.c
 * links: gateway/settle/judge.c gateway/settle/fit.c gateway/settle/pace.c gateway/settle/late.c
 * links: gateway/settle/orphan.c gateway/settle/attribution.c gateway/record.c gateway/background/job.c
 * links: store/verification/words.c gateway/db_work.c gateway/settle/follow_up_row.c gateway/account.c
 * links: gateway/declared.c douyin/codes.c
 * helpers: fake_world.c fake_store.c fake_douyin.c settling.c own_pool.c */
#include "support/settling.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "gateway/settle/cancelled.h"
#include "gateway/settle/sale.h"
#include "util/compiler.h"
#include "util/json.h"

#define DAY_MS (24 * HOUR_MS)
#define ASKED  "after_sale order-1 cert-1"

static dygw_gateway_t *gateway;
static dygw_verification_t *row;

/* Redeemed yesterday; Douyin told a minute ago that its customer wants his money back. */
static dygw_verification_t *refund_asked(int item_no, int item_count)
{
    dygw_verification_t *v = settling_row(ID, item_no, item_count);

    v->verify_status = DYGW_SUCCESS;
    v->confirmed_by = DYGW_BY_RESPONSE;
    v->coupon_status = DYGW_COUPON_USED;
    v->verify_id = item_no == 0 ? "v-1" : "v-2";
    v->verify_time = v->sent_at = dygw_now() - DAY_MS;
    v->enrichment_status = DYGW_ENRICH_SUCCESS;
    v->next_run_at = DYGW_NO_TIME;
    v->after_sale = DYGW_AFTER_SALE_REQUESTED;
    v->after_sale_since = dygw_now() - MINUTE_MS;
    v->news = DYGW_NEWS_SALE;
    v->errand_at = dygw_now();
    return v;
}

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    gateway->account_id = "1001";
    gateway->host->sales_refused = 0;
    row = refund_asked(0, 1);
    return 0;
}

static int run(void)
{
    return settling_run(gateway, &dygw_after_sale_job, ID, pool);
}

static void shows(int refund_status)
{
    fake_after_sale(DYGW_REPLY_OK, 0, refund_status);
    assert_int_equal(run(), 1);
}

static void check_asked_again(dygw_after_sale_e state, dygw_ms_t from, dygw_ms_t to)
{
    assert_int_equal(row->after_sale, state);
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_int_equal(row->news, DYGW_NEWS_SALE);
    assert_in_range(row->errand_at - dygw_now(), from, to);
}

static void check_ended(dygw_after_sale_e state)
{
    assert_int_equal(row->after_sale, state);
    assert_int_equal(row->verify_status, DYGW_SUCCESS);
    assert_string_equal(row->verify_id, "v-1");
    assert_int_equal(row->news, 0);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
}

/* --- the states --- */

static void each_number_of_douyin_s_is_a_state(DYGW_UNUSED void **state)
{
    static const struct {
        int number;
        dygw_after_sale_e state;
        int is_final;
    } known[] = {
        { 9, DYGW_AFTER_SALE_REQUESTED, 0 }, { 10, DYGW_AFTER_SALE_REQUESTED, 0 }, { 30, DYGW_AFTER_SALE_REQUESTED, 0 },
        { 20, DYGW_AFTER_SALE_AGREED, 0 },   { 59, DYGW_AFTER_SALE_AGREED, 0 },    { 25, DYGW_AFTER_SALE_REFUSED, 0 },
        { 40, DYGW_AFTER_SALE_CLOSED, 1 },   { 50, DYGW_AFTER_SALE_REFUNDED, 1 },  { 77, DYGW_AFTER_SALE_REQUESTED, 0 },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        row->after_sale = DYGW_AFTER_SALE_REQUESTED;
        row->news = DYGW_NEWS_SALE;
        row->errand_at = dygw_now();
        shows(known[i].number);
        check_asked(ASKED);
        if (known[i].is_final) {
            check_ended(known[i].state);
        }
        else {
            check_asked_again(known[i].state, 1, 4 * DAY_MS);
        }
        assert_null(row->last_error);
    }
}

static void the_pauses_grow(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_ms_t age, least, most;
    } pauses[] = {
        { 20000, 40000, 40000 }, /* the first look is a minute after the message */
        { MINUTE_MS, 480000, 720000 },
        { 59 * MINUTE_MS, 480000, 720000 },
        { HOUR_MS, 48 * MINUTE_MS, 72 * MINUTE_MS },
        { 23 * HOUR_MS, 48 * MINUTE_MS, 72 * MINUTE_MS },
        { DAY_MS, 19 * HOUR_MS, 29 * HOUR_MS },
        { 30 * DAY_MS - 1, 19 * HOUR_MS, 29 * HOUR_MS },
    };

    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        row->after_sale_since = dygw_now() - pauses[i].age;
        row->errand_at = dygw_now();
        shows(10);
        check_asked_again(DYGW_AFTER_SALE_REQUESTED, pauses[i].least, pauses[i].most);
    }
}

static void after_30_days_nobody_asks_any_more(DYGW_UNUSED void **state)
{
    row->after_sale_since = dygw_now() - 30 * DAY_MS;
    shows(20);
    check_ended(DYGW_AFTER_SALE_AGREED);
    assert_int_equal(fake_logged("is agreed"), 1);
    row->news = DYGW_NEWS_SALE;
    row->errand_at = dygw_now();
    fake_after_sale(DYGW_REPLY_TIMEOUT, 0, -1);
    run();
    check_ended(DYGW_AFTER_SALE_AGREED);
    assert_int_equal(fake_logged("DYGW0884"), 1);
}

/* The customer may go on to Douyin within days. */
static void a_refusal_is_looked_at_again_and_then_final(DYGW_UNUSED void **state)
{
    shows(25);
    check_asked_again(DYGW_AFTER_SALE_REFUSED, 2 * DAY_MS, 4 * DAY_MS);
    fake_clock_advance(3 * DAY_MS);
    row->errand_at = dygw_now();
    shows(25);
    check_asked_again(DYGW_AFTER_SALE_REFUSED, 2 * DAY_MS, 4 * DAY_MS);
    fake_clock_advance(3 * DAY_MS);
    row->errand_at = dygw_now();
    shows(25);
    check_ended(DYGW_AFTER_SALE_REFUSED);
}

static void a_refusal_that_comes_late_is_looked_at_again_too(DYGW_UNUSED void **state)
{
    row->after_sale_since = dygw_now() - 20 * DAY_MS;
    shows(25);
    check_asked_again(DYGW_AFTER_SALE_REFUSED, 2 * DAY_MS, 4 * DAY_MS);
    row->errand_at = dygw_now();
    shows(30);
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, 19 * HOUR_MS, 29 * HOUR_MS);
    assert_int_equal(fake_logged("DYGW0883"), 2);
}

static void a_look_that_finds_nothing_new_is_no_change_of_the_row(DYGW_UNUSED void **state)
{
    dygw_ms_t before = row->updated_at;

    fake_clock_advance(5000);
    shows(10);
    assert_true(row->updated_at == before);
    row->errand_at = dygw_now();
    shows(20);
    assert_true(row->updated_at == dygw_now());
}

/* --- asking --- */

static void the_order_that_was_paid_is_asked_for_then_the_other(DYGW_UNUSED void **state)
{
    row->source_order_id = "order-2";
    fake_after_sale(DYGW_REPLY_OK, 0, -1);
    fake_after_sale(DYGW_REPLY_OK, 0, 20);
    assert_int_equal(run(), 2);
    check_asked("after_sale order-2 cert-1; " ASKED);
    assert_string_equal(fake_accounts(), "after_sale 1001; after_sale 1001");
    check_asked_again(DYGW_AFTER_SALE_AGREED, 1, DAY_MS);
}

static void an_order_that_douyin_does_not_know_is_no_end_of_it(DYGW_UNUSED void **state)
{
    row->source_order_id = "order-2";
    fake_after_sale(DYGW_REPLY_COUPON, 3100101, -1);
    fake_after_sale(DYGW_REPLY_OK, 0, 50);
    assert_int_equal(run(), 2);
    check_ended(DYGW_AFTER_SALE_REFUNDED);
    settling_asked();
}

static void where_the_first_order_tells_the_other_is_not_asked_for(DYGW_UNUSED void **state)
{
    row->source_order_id = "order-2";
    shows(40);
    check_asked("after_sale order-2 cert-1");
    check_ended(DYGW_AFTER_SALE_CLOSED);
}

static void what_is_not_shown_yet_is_asked_again(DYGW_UNUSED void **state)
{
    shows(-1);
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, 480000, 720000);
    assert_non_null(strstr(row->last_error, "shows no refund"));
}

static void no_answer_is_asked_again(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[]
        = { DYGW_REPLY_TIMEOUT, DYGW_REPLY_LOST,    DYGW_REPLY_UNREACHABLE, DYGW_REPLY_BUSY,
            DYGW_REPLY_TOKEN,   DYGW_REPLY_GARBLED, DYGW_REPLY_REQUEST,     DYGW_REPLY_COUPON };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        row->errand_at = dygw_now();
        fake_after_sale(kinds[i], 0, -1);
        assert_int_equal(run(), 1);
        check_asked_again(DYGW_AFTER_SALE_REQUESTED, 480000, 720000);
        assert_non_null(strstr(row->last_error, "after_sale/order_detail: "));
    }
    settling_asked();
}

static void without_the_permission_it_is_said_once_and_asked_hours_later(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 3; i++) {
        row->errand_at = dygw_now();
        fake_after_sale(DYGW_REPLY_SETUP, 2190004, -1);
        assert_int_equal(run(), 1);
        check_asked_again(DYGW_AFTER_SALE_REQUESTED, 4 * HOUR_MS, 8 * HOUR_MS);
    }
    assert_int_equal(fake_logged("DYGW0881"), 1);
    assert_int_equal(fake_logged("error_code 2190004"), 1);
    row->errand_at = dygw_now();
    fake_after_sale(DYGW_REPLY_SETUP, 1508, -1);
    run();
    assert_int_equal(fake_logged("DYGW0882"), 1);
    assert_int_equal(fake_logged("1508 (account 1001)"), 1);
    row->errand_at = dygw_now();
    shows(10);
    assert_true(gateway->host->sales_refused == 0);
    settling_asked();
}

static void refused_for(const char *account_id)
{
    gateway->account_id = account_id;
    row->errand_at = dygw_now();
    fake_after_sale(DYGW_REPLY_SETUP, 1508, -1);
    run();
}

/* Another merchant's answer is no news of theirs. */
static void of_merchants_that_take_turns_each_is_told_now_and_then(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 3; i++) {
        refused_for("1077");
        refused_for("1078");
        row->errand_at = dygw_now();
        shows(10);
    }
    fake_clock_advance(MINUTE_MS);
    refused_for("1077");
    refused_for("1078");
    assert_int_equal(fake_logged("1508 (account 1077) (2 more of these were not logged)"), 1);
    assert_int_equal(fake_logged("1508 (account 1078) (2 more of these were not logged)"), 1);
    settling_asked();
}

static void without_account_or_order_douyin_is_not_asked(DYGW_UNUSED void **state)
{
    gateway->account_id = NULL;
    assert_int_equal(run(), 0);
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, 4 * HOUR_MS, 8 * HOUR_MS);
    gateway->account_id = "1001";
    row->order_id = NULL;
    row->errand_at = dygw_now();
    assert_int_equal(run(), 0);
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, 4 * HOUR_MS, 8 * HOUR_MS);
    check_asked("");
}

static void the_answer_is_kept_without_the_customer_s_words(DYGW_UNUSED void **state)
{
    static const char raw[] = "{\"data\":{\"after_sale_order_list\":[{\"reason\":{\"desc\":\"my own words\","
                              "\"reason_code\":[1]},\"x\":{\"additional_msg\":\"more\"},\"reject_reason\":\"no\"}]}}";
    dygw_after_sale_reply_t *made = fake_after_sale(DYGW_REPLY_OK, 0, 10);

    made->reply.raw = raw;
    made->reply.raw_len = sizeof(raw) - 1;
    row->douyin_response = "{\"verify\":{},\"after_sale\":{\"old\":1}}";
    run();
    assert_string_equal(row->douyin_response,
                        "{\"verify\":{},\"after_sale\":{\"data\":{\"after_sale_order_list\":[{\"reason\":{"
                        "\"reason_code\":[1]},\"x\":{},\"reject_reason\":\"no\"}]}}}");
    assert_int_equal(fake_logged("own words"), 0);
    settling_asked();
}

static void of_a_request_one_row_is_asked_about_at_a_time(DYGW_UNUSED void **state)
{
    dygw_verification_t *second = refund_asked(1, 2);

    row->item_count = 2;
    shows(50);
    check_asked(ASKED);
    check_ended(DYGW_AFTER_SALE_REFUNDED);
    assert_true(second->errand_at == dygw_now());
    assert_int_equal(second->news, DYGW_NEWS_SALE);
    shows(50);
    check_asked("after_sale order-1 cert-2");
    assert_int_equal(second->after_sale, DYGW_AFTER_SALE_REFUNDED);
}

static void a_row_that_was_processing_when_douyin_told_has_it_when_it_is_redeemed(DYGW_UNUSED void **state)
{
    row->after_sale = DYGW_AFTER_SALE_NONE;
    fake_after_sale(DYGW_REPLY_SETUP, 2190004, -1);
    run();
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, 4 * HOUR_MS, 8 * HOUR_MS);
    row->verify_status = DYGW_FAILED;
    row->after_sale = DYGW_AFTER_SALE_NONE;
    row->errand_at = dygw_now();
    assert_int_equal(run(), 0);
    assert_int_equal(row->after_sale, DYGW_AFTER_SALE_NONE);
    assert_int_equal(row->news, 0);
    assert_int_equal(row->errand_at, DYGW_NO_TIME);
    settling_asked();
}

/* A webhook came while Douyin was asked. */
static void what_was_changed_meanwhile_is_read_again(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_NOTFOUND, 0);
    fake_after_sale(DYGW_REPLY_OK, 0, 50);
    run();
    assert_int_equal(row->after_sale, DYGW_AFTER_SALE_REQUESTED);
    assert_int_equal(row->news, DYGW_NEWS_SALE);
    shows(50);
    check_ended(DYGW_AFTER_SALE_REFUNDED);
    settling_asked();
}

/* --- beside other work on the row --- */

static int follow_up(void)
{
    return settling_run(gateway, &dygw_follow_up_job, ID, pool);
}

static void shows_coupon(int status, const char *verify_id)
{
    dygw_seen_coupon_t *seen = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", status);

    if (verify_id) {
        fake_seen(seen, verify_id, row->verify_time);
    }
}

static void a_follow_up_leaves_what_is_a_refund_alone(DYGW_UNUSED void **state)
{
    assert_int_equal(follow_up(), 0);
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, 0, 0);
    check_asked("");
}

static void other_news_come_first_and_the_refund_is_followed_on(DYGW_UNUSED void **state)
{
    row->news |= DYGW_NEWS_WEBHOOK;
    assert_int_equal(run(), 0);
    shows_coupon(3, "v-1");
    assert_int_equal(follow_up(), 1);
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, 480000, 720000);
    assert_int_equal(row->coupon_status, DYGW_COUPON_REFUND_REQUESTED);
    check_asked("get enc-1");
}

static void a_coupon_that_is_refunded_ends_it(DYGW_UNUSED void **state)
{
    row->news |= DYGW_NEWS_WEBHOOK;
    shows_coupon(4, "v-1");
    follow_up();
    check_ended(DYGW_AFTER_SALE_REFUNDED);
    assert_int_equal(row->coupon_status, DYGW_COUPON_REFUNDED);
    settling_asked();
}

static void a_refunded_coupon_needs_no_message_before(DYGW_UNUSED void **state)
{
    row->after_sale = DYGW_AFTER_SALE_NONE;
    row->after_sale_since = DYGW_NO_TIME;
    row->news = DYGW_NEWS_WEBHOOK;
    shows_coupon(4, "v-1");
    follow_up();
    check_ended(DYGW_AFTER_SALE_REFUNDED);
    assert_true(row->after_sale_since == dygw_now());
    settling_asked();
}

/* Whether Douyin shows the redemption of a coupon that is being refunded is not known. */
static void a_redemption_that_a_refund_may_hide_stays_a_success(DYGW_UNUSED void **state)
{
    static const int hidden[] = { 3, 6, 4 };

    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        row->news = DYGW_NEWS_SALE | DYGW_NEWS_WEBHOOK;
        row->errand_at = dygw_now();
        shows_coupon(hidden[i], NULL);
        follow_up();
        assert_int_equal(row->verify_status, DYGW_SUCCESS);
    }
    check_ended(DYGW_AFTER_SALE_REFUNDED);
    row->news = DYGW_NEWS_WEBHOOK;
    row->errand_at = dygw_now();
    shows_coupon(1, NULL);
    follow_up();
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    settling_asked();
}

/* The clerk cancelled it in Douyin's app while the refund was asked for, which was paid at once. */
static void where_douyin_tells_of_a_cancel_no_refund_hides_it(DYGW_UNUSED void **state)
{
    static const int shown[] = { 3, 6, 4, 3 };

    for (int i = 0; i < 4; i++) {
        row->verify_status = DYGW_SUCCESS;
        row->news = DYGW_NEWS_SALE | DYGW_NEWS_WEBHOOK | DYGW_NEWS_CANCEL;
        row->errand_at = dygw_now();
        shows_coupon(shown[i], i < 3 ? NULL : "v-1");
        follow_up();
        assert_int_equal(row->verify_status, i < 3 ? DYGW_CANCELLED : DYGW_SUCCESS);
        assert_int_equal(row->news, DYGW_NEWS_SALE);
    }
    settling_asked();
}

/* Enrichment saw the refund before Douyin told of the cancel. */
static void an_unused_coupon_s_refund_is_none_of_the_redemption(DYGW_UNUSED void **state)
{
    dygw_seen_coupon_t seen = { .certificate = { .status = 4 } };

    seen.verifies = apr_array_make(pool, 1, sizeof(dygw_seen_verify_t));
    row->after_sale = DYGW_AFTER_SALE_NONE;
    row->after_sale_since = DYGW_NO_TIME;
    row->news = 0;
    row->errand_at = DYGW_NO_TIME;
    dygw_sale_note_coupon(row, &seen);
    assert_int_equal(row->after_sale, DYGW_AFTER_SALE_NONE);
    row->news = DYGW_NEWS_WEBHOOK;
    row->errand_at = dygw_now();
    shows_coupon(4, NULL);
    follow_up();
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    settling_asked();
}

/* --- a cancel of ours meets a refund --- */

static void cancel_was_lost(void)
{
    row->cancel_since = dygw_now();
    row->cancels = 1;
    row->errand_at = dygw_now();
    shows_coupon(6, NULL);
}

static void a_cancel_that_was_not_answered_is_sent_again_where_a_refund_may_hide_it(DYGW_UNUSED void **state)
{
    cancel_was_lost();
    fake_cancel(DYGW_REPLY_OK, 0);
    follow_up();
    check_asked("get enc-1; cancel v-1 cert-1 -");
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
}

static void and_its_refusal_is_the_outcome_unless_douyin_told_of_a_cancel(DYGW_UNUSED void **state)
{
    for (int told = 0; told <= 1; told++) {
        cancel_was_lost();
        row->news |= told ? DYGW_NEWS_WEBHOOK | DYGW_NEWS_CANCEL : 0;
        fake_cancel(DYGW_REPLY_COUPON, 1250);
        if (!told) {
            shows_coupon(6, NULL);
        }
        follow_up();
        assert_int_equal(row->verify_status, told ? DYGW_CANCELLED : DYGW_SUCCESS);
        assert_int_equal(row->cancel_since == DYGW_NO_TIME, !told);
        assert_int_equal(row->error_code, told ? 0 : 1250);
    }
    settling_asked();
}

/* Its uses that are left may have been refunded: nobody has to agree to that. */
static void of_a_times_card_that_is_refunded_the_order_is_asked_soon(DYGW_UNUSED void **state)
{
    dygw_seen_coupon_t seen = { .certificate = { .status = 4, .is_times_card = 1 }, .times_count = 3 };

    row->errand_at = dygw_now() + DAY_MS;
    dygw_sale_note_coupon(row, &seen);
    check_asked_again(DYGW_AFTER_SALE_REQUESTED, MINUTE_MS, MINUTE_MS);
    row->after_sale = DYGW_AFTER_SALE_NONE;
    row->news = 0;
    row->errand_at = DYGW_NO_TIME;
    dygw_sale_note_coupon(row, &seen);
    check_ended(DYGW_AFTER_SALE_NONE);
}

static void a_cancel_under_way_comes_first(DYGW_UNUSED void **state)
{
    row->cancel_since = dygw_now();
    assert_int_equal(run(), 0);
    assert_false(dygw_sale_is_all(row));
    follow_up();
    check_asked("cancel v-1 cert-1 -");
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    assert_int_equal(row->after_sale, DYGW_AFTER_SALE_REQUESTED);
    assert_int_equal(row->news, DYGW_NEWS_SALE);
    assert_true(row->errand_at > dygw_now());
    row->errand_at = dygw_now();
    shows(50);
    assert_int_equal(row->verify_status, DYGW_CANCELLED);
    assert_int_equal(row->after_sale, DYGW_AFTER_SALE_REFUNDED);
    settling_asked();
}

static void a_refund_that_is_followed_does_not_put_off_what_may_come_late(DYGW_UNUSED void **state)
{
    row->after_sale_since = dygw_now() - 2 * DAY_MS;
    row->sent_at = dygw_now();
    row->attempts = 2;
    row->cancel_since = dygw_now();
    dygw_cancel_done(row);
    assert_true(row->news & DYGW_NEWS_LATE);
    assert_in_range(row->errand_at - dygw_now(), 1, MINUTE_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_number_of_douyin_s_is_a_state),
        TEST(the_pauses_grow),
        TEST(after_30_days_nobody_asks_any_more),
        TEST(a_refusal_is_looked_at_again_and_then_final),
        TEST(a_refusal_that_comes_late_is_looked_at_again_too),
        TEST(a_look_that_finds_nothing_new_is_no_change_of_the_row),
        TEST(the_order_that_was_paid_is_asked_for_then_the_other),
        TEST(an_order_that_douyin_does_not_know_is_no_end_of_it),
        TEST(where_the_first_order_tells_the_other_is_not_asked_for),
        TEST(what_is_not_shown_yet_is_asked_again),
        TEST(no_answer_is_asked_again),
        TEST(without_the_permission_it_is_said_once_and_asked_hours_later),
        TEST(of_merchants_that_take_turns_each_is_told_now_and_then),
        TEST(without_account_or_order_douyin_is_not_asked),
        TEST(the_answer_is_kept_without_the_customer_s_words),
        TEST(of_a_request_one_row_is_asked_about_at_a_time),
        TEST(a_row_that_was_processing_when_douyin_told_has_it_when_it_is_redeemed),
        TEST(what_was_changed_meanwhile_is_read_again),
        TEST(a_follow_up_leaves_what_is_a_refund_alone),
        TEST(other_news_come_first_and_the_refund_is_followed_on),
        TEST(a_coupon_that_is_refunded_ends_it),
        TEST(a_refunded_coupon_needs_no_message_before),
        TEST(a_redemption_that_a_refund_may_hide_stays_a_success),
        TEST(where_douyin_tells_of_a_cancel_no_refund_hides_it),
        TEST(an_unused_coupon_s_refund_is_none_of_the_redemption),
        TEST(a_cancel_that_was_not_answered_is_sent_again_where_a_refund_may_hide_it),
        TEST(and_its_refusal_is_the_outcome_unless_douyin_told_of_a_cancel),
        TEST(of_a_times_card_that_is_refunded_the_order_is_asked_soon),
        TEST(a_cancel_under_way_comes_first),
        TEST(a_refund_that_is_followed_does_not_put_off_what_may_come_late),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_after_sale", tests, NULL, NULL);
}
