/* SPDX-License-Identifier: Apache-2.0
 * Races of a request of two coupons, one of which is settled: cancels here and at Douyin while the
 * other is repeated, and a Douyin that forgets tokens and works late.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/reasons.c gateway/record.c
 * links: gateway/settle/attribution.c gateway/settle/cancelled.c gateway/settle/fit.c
 * links: gateway/settle/follow_up.c gateway/settle/follow_up_row.c gateway/settle/held.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/orphan.c gateway/settle/pace.c
 * links: gateway/settle/repeat.c gateway/settle/sale.c gateway/settle/settle.c
 * links: gateway/settle/settle_state.c gateway/unusable.c store/verification/words.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c settling.c own_pool.c */
#include "support/settling.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "util/compiler.h"

#define LEASE_MS 10000 /* of a repetition: to be sent within 3 s, 5 s under way, 2 s for clocks */
#define REPEAT   "repeat " SETTLING_POI " vt-1 enc-1,enc-2"

static dygw_gateway_t *gateway;
static dygw_verification_t *done, *waiting;

/* The first was redeemed as v-1 some seconds ago; Douyin was busy with the second. */
static void start_anew(void)
{
    gateway = fake_world(pool);
    done = settling_row(ID, 0, 2);
    waiting = settling_row(ID, 1, 2);
    done->verify_status = DYGW_SUCCESS;
    done->confirmed_by = DYGW_BY_RESPONSE;
    done->verify_id = "v-1";
    done->verify_time = dygw_now();
    done->next_run_at = DYGW_NO_TIME;
    done->enrichment_status = DYGW_ENRICH_SUCCESS;
    fake_clock_advance(12000);
}

static int set_up(void **state)
{
    make_pool(state);
    start_anew();
    return 0;
}

static void settle(void)
{
    settling_run(gateway, &dygw_settle_job, ID, pool);
}

static void run_follow_up(void)
{
    settling_run(gateway, &dygw_follow_up_job, ID, pool);
}

/* What Douyin shows of the first: the redemption with this verify_id, or none; the second is unused.
 * The same from query and from get. */
static void show_in(dygw_coupons_reply_t *answer, const char *verify_id)
{
    dygw_seen_coupon_t *seen = fake_coupon(answer, "enc-1", "cert-1", verify_id ? 2 : 1);

    if (verify_id) {
        fake_seen(seen, verify_id, done->verify_time);
    }
}

static void show(const char *verify_id)
{
    dygw_coupons_reply_t *query = fake_query(DYGW_REPLY_OK, 0);

    fake_coupon(query, "enc-2", "cert-2", 1);
    show_in(query, verify_id);
}

static void answer_busy(const char *verify_id)
{
    dygw_verify_reply_t *repeat = fake_repeat(DYGW_REPLY_OK, 0);

    repeat->items[0].verify_id = verify_id;
    fake_item(repeat, 1, DYGW_REPLY_BUSY, 2100004);
}

/* --- cancelled at Douyin --- */

static void what_stands_is_repeated_with_the_others(DYGW_UNUSED void **state)
{
    show("v-1");
    fake_repeat(DYGW_REPLY_OK, 0)->items[0].verify_id = "v-1";
    settle();
    check_asked("query order-1; " REPEAT);
    assert_int_equal(waiting->verify_status, DYGW_SUCCESS);
    assert_int_equal(done->errand_at, DYGW_NO_TIME);
    assert_int_equal(done->revision, 1); /* so that a cancel was kept out */
}

static void what_was_cancelled_at_douyin_is_not_redeemed_again(DYGW_UNUSED void **state)
{
    show(NULL);
    settle();
    check_asked("query order-1");
    assert_int_equal(waiting->repeats, 0);
    assert_true(waiting->next_run_at > dygw_now());
    assert_true(done->news & DYGW_NEWS_LOOK);
    assert_true(done->errand_at <= dygw_now());
    assert_int_equal(fake_logged("DYGW0430"), 0);
    show_in(fake_get(DYGW_REPLY_OK, 0), NULL);
    run_follow_up();
    assert_int_equal(done->verify_status, DYGW_CANCELLED);
    assert_int_equal(done->confirmed_by, DYGW_BY_STATUS_QUERY);
    check_asked("get enc-1");
    for (int i = 0; i < 2; i++) {
        fake_clock_advance(QUARTER_MS / 2);
        show(NULL);
        settle();
        check_asked("query order-1");
    }
    assert_int_equal(waiting->verify_status, DYGW_FAILED);
    assert_int_equal(waiting->error_code, DYGW_OUTCOME_NOT_REDEEMED);
}

static void nor_what_somebody_else_redeemed_since(DYGW_UNUSED void **state)
{
    done->news = DYGW_NEWS_WEBHOOK;
    done->errand_at = dygw_now() + 60000; /* a webhook told of something before */
    show("v-9");
    settle();
    check_asked("query order-1");
    assert_true(done->news & DYGW_NEWS_LOOK);
    assert_true(done->errand_at == dygw_now());
    done->errand_at = dygw_now() + 5000; /* it was looked into in vain, and will be again */
    fake_clock_advance(1000);
    show("v-9");
    settle();
    assert_true(done->errand_at == dygw_now() + 4000);
    settling_asked();
}

static void what_is_not_shown_is_got_before_anything_is_repeated(DYGW_UNUSED void **state)
{
    fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-2", "cert-2", 1);
    show_in(fake_get(DYGW_REPLY_OK, 0), "v-1");
    settle();
    check_asked("query order-1; get enc-1; " REPEAT);
}

static void what_is_unclear_keeps_the_others_from_being_repeated(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[]
        = { DYGW_REPLY_TIMEOUT, DYGW_REPLY_SETUP, DYGW_REPLY_GARBLED, DYGW_REPLY_COUPON };

    for (int i = 0; i < 4; i++) {
        start_anew();
        fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-2", "cert-2", 1);
        fake_get(kinds[i], 2190004);
        settle();
        check_asked("query order-1; get enc-1");
        assert_int_equal(waiting->verify_status, DYGW_PROCESSING);
        assert_null(waiting->last_error); /* it was looked at all the same */
        assert_true(waiting->next_run_at > dygw_now());
        assert_int_equal(done->news, 0);
    }
}

static void nor_is_a_use_that_is_hidden_gone(DYGW_UNUSED void **state)
{
    dygw_coupons_reply_t *query = fake_query(DYGW_REPLY_OK, 0);

    fake_coupon(query, "enc-2", "cert-2", 1);
    fake_coupon(query, "enc-1", "cert-1", 2);
    settle();
    check_asked("query order-1");
    assert_int_equal(done->news, 0);
}

static void of_one_that_douyin_never_named_any_redemption_tells(DYGW_UNUSED void **state)
{
    done->verify_id = NULL;
    show("v-9");
    settle();
    check_asked("query order-1; " REPEAT);
    start_anew();
    done->verify_id = NULL;
    show(NULL);
    settle();
    check_asked("query order-1");
    assert_true(done->news & DYGW_NEWS_LOOK);
}

static void redeemed_anew_all_the_same_it_is_told(DYGW_UNUSED void **state)
{
    show("v-1");
    answer_busy("v-8");
    settle();
    assert_int_equal(fake_logged("DYGW0437"), 1);
    assert_string_equal(done->verify_id, "v-1");
    start_anew();
    show("v-1");
    answer_busy("v-1");
    settle();
    assert_int_equal(fake_logged("DYGW0437"), 0);
}

/* --- cancelled by its caller --- */

static void look_at_the_lease(const char *call)
{
    if (strcmp(call, "repeat") == 0) {
        assert_true(waiting->lease_until == dygw_now() + LEASE_MS);
        assert_true(waiting->next_run_at == waiting->lease_until);
        assert_true(done->lease_until == 0);
    }
}

static void a_repetition_has_a_lease_until_it_is_answered(DYGW_UNUSED void **state)
{
    show("v-1");
    answer_busy("v-1");
    fake_douyin_meanwhile = look_at_the_lease;
    settle();
    check_asked("query order-1; " REPEAT);
    assert_true(waiting->lease_until == 0);
    assert_int_equal(waiting->next_run_at, dygw_now() + 5000);
    start_anew();
    show("v-1");
    fake_repeat(DYGW_REPLY_UNREACHABLE, 0);
    settle();
    assert_true(waiting->lease_until == 0);
}

/* Of the first, while the repetition is under way: only the wish (cancel.c). */
static void want_it_cancelled(const char *call)
{
    if (strcmp(call, "repeat") == 0) {
        done->cancel_since = dygw_now();
        done->errand_at = dygw_now() + LEASE_MS;
        done->revision++;
    }
}

static void a_cancel_waits_until_the_repetition_has_ended(DYGW_UNUSED void **state)
{
    show("v-1");
    answer_busy("v-1");
    fake_douyin_meanwhile = want_it_cancelled;
    settle();
    check_asked("query order-1; " REPEAT);
    fake_douyin_meanwhile = NULL;
    assert_int_equal(waiting->verify_status, DYGW_PROCESSING);
    fake_clock_advance(LEASE_MS);
    show("v-1");
    settle();
    check_asked("query order-1"); /* no other one */
    run_follow_up();
    check_asked("cancel v-1 cert-1 -");
    assert_int_equal(done->verify_status, DYGW_CANCELLED);
}

static void the_background_cancels_nothing_while_a_verify_may_be_under_way(DYGW_UNUSED void **state)
{
    done->cancel_since = done->errand_at = dygw_now();
    waiting->lease_until = dygw_now() + 4000;
    run_follow_up();
    check_asked("");
    assert_int_equal(done->cancels, 0);
    assert_true(done->errand_at == dygw_now() + 4000);
    fake_clock_advance(4000);
    run_follow_up();
    check_asked("cancel v-1 cert-1 -");
}

/* --- done before we asked --- */

static void show_used_before(dygw_ms_t ms)
{
    dygw_coupons_reply_t *query = fake_query(DYGW_REPLY_OK, 0);

    fake_seen(fake_coupon(query, "enc-2", "cert-2", 2), "v-2", waiting->created_at - ms);
}

static void what_our_own_prepare_counted_already_is_not_ours(DYGW_UNUSED void **state)
{
    done->verify_status = DYGW_FAILED;
    waiting->already = DYGW_ALREADY_USED;
    waiting->douyin_response = "{\"prepare\":{\"data\":{},\"extra\":{\"now\":1767225600}}}";
    show_used_before(2500);
    settle();
    assert_int_equal(waiting->verify_status, DYGW_FAILED);
    assert_int_equal(waiting->error_code, 1208);
    start_anew();
    done->verify_status = DYGW_FAILED;
    waiting->already = DYGW_ALREADY_USED; /* without, that much may be the clocks */
    show_used_before(2500);
    settle();
    assert_int_equal(waiting->verify_status, DYGW_SUCCESS);
    start_anew();
    done->verify_status = DYGW_FAILED;
    waiting->already = DYGW_ALREADY_USED;
    show_used_before(30000);
    settle();
    assert_int_equal(waiting->verify_status, DYGW_FAILED);
}

/* --- refused, and done later --- */

static void a_refused_verify_that_is_done_later_is_found(DYGW_UNUSED void **state)
{
    dygw_coupons_reply_t *query;

    done->verify_status = DYGW_FAILED;
    for (int i = 0; i < 2; i++) {
        show(NULL);
        if (i == 0) {
            fake_repeat(DYGW_REPLY_COUPON, 3000001);
        }
    }
    settle();
    check_asked("query order-1; " REPEAT "; query order-1");
    assert_int_equal(waiting->verify_status, DYGW_PROCESSING);
    assert_int_equal(waiting->refused_code, 3000001);
    fake_clock_advance(9000);
    query = fake_query(DYGW_REPLY_OK, 0);
    fake_seen(fake_coupon(query, "enc-2", "cert-2", 2), "v-2", dygw_now() - 2000);
    settle();
    check_asked("query order-1");
    assert_int_equal(waiting->verify_status, DYGW_SUCCESS);
    assert_string_equal(waiting->verify_id, "v-2");
    assert_true(waiting->refused_code == DYGW_NO_INT);
}

/* Runs the settling of a refused one with what is shown, a minute after the refusal. */
static void look_after_refusal(int status)
{
    done->verify_status = DYGW_FAILED;
    waiting->attempts = 2;
    waiting->refused_code = 1250;
    waiting->refused_description = "expired";
    fake_clock_advance(60000);
    if (status > 0) {
        fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-2", "cert-2", status);
    }
    else {
        fake_query(DYGW_REPLY_COUPON, 1212);
        fake_get(DYGW_REPLY_COUPON, 1212);
    }
    settle();
}

static void what_a_look_rules_out_is_not_waited_for(DYGW_UNUSED void **state)
{
    look_after_refusal(4);
    assert_int_equal(waiting->verify_status, DYGW_FAILED);
    assert_int_equal(waiting->error_code, DYGW_OUTCOME_NO_COUPON);
    assert_true(waiting->refused_code == DYGW_NO_INT);
}

static void what_is_not_shown_is_waited_for_as_long(DYGW_UNUSED void **state)
{
    look_after_refusal(0);
    assert_int_equal(waiting->verify_status, DYGW_PROCESSING);
    check_asked("query order-1; get enc-2");
    fake_clock_advance(QUARTER_MS);
    fake_query(DYGW_REPLY_COUPON, 1212);
    fake_get(DYGW_REPLY_COUPON, 1212);
    settle();
    assert_int_equal(waiting->verify_status, DYGW_FAILED);
    assert_int_equal(waiting->error_code, 1250);
    assert_string_equal(waiting->error_description, "expired");
    settling_asked();
}

static void refused_and_given_up_it_ends_as_given_up(DYGW_UNUSED void **state)
{
    waiting->cancel_since = dygw_now();
    look_after_refusal(1);
    assert_int_equal(waiting->verify_status, DYGW_PROCESSING);
    fake_clock_advance(QUARTER_MS);
    show(NULL);
    settle();
    assert_int_equal(waiting->error_code, DYGW_OUTCOME_GIVEN_UP);
    settling_asked();
}

static void another_of_the_request_is_repeated_with_it(DYGW_UNUSED void **state)
{
    dygw_verify_reply_t *repeat;

    done->verify_status = DYGW_PROCESSING;
    done->verify_id = NULL;
    done->refused_code = 1250;
    done->refused_description = "expired";
    show(NULL);
    repeat = fake_repeat(DYGW_REPLY_OK, 0);
    fake_item(repeat, 0, DYGW_REPLY_COUPON, 1208);
    settle();
    assert_int_equal(waiting->verify_status, DYGW_SUCCESS);
    assert_int_equal(done->already, DYGW_ALREADY_USED);
    assert_true(done->refused_code == DYGW_NO_INT); /* the last word counts */
    settling_asked();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_stands_is_repeated_with_the_others),
        TEST(what_was_cancelled_at_douyin_is_not_redeemed_again),
        TEST(nor_what_somebody_else_redeemed_since),
        TEST(what_is_not_shown_is_got_before_anything_is_repeated),
        TEST(what_is_unclear_keeps_the_others_from_being_repeated),
        TEST(nor_is_a_use_that_is_hidden_gone),
        TEST(of_one_that_douyin_never_named_any_redemption_tells),
        TEST(redeemed_anew_all_the_same_it_is_told),
        TEST(a_repetition_has_a_lease_until_it_is_answered),
        TEST(a_cancel_waits_until_the_repetition_has_ended),
        TEST(the_background_cancels_nothing_while_a_verify_may_be_under_way),
        TEST(what_our_own_prepare_counted_already_is_not_ours),
        TEST(a_refused_verify_that_is_done_later_is_found),
        TEST(what_a_look_rules_out_is_not_waited_for),
        TEST(what_is_not_shown_is_waited_for_as_long),
        TEST(refused_and_given_up_it_ends_as_given_up),
        TEST(another_of_the_request_is_repeated_with_it),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_settle_races", tests, NULL, NULL);
}
