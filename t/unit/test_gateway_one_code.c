/* SPDX-License-Identifier: Apache-2.0
 * One code redeems one coupon: what the records of a code mean for the next request with it, and how
 * the background settles what had to wait.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/by_code.c gateway/redeem/earlier.c gateway/redeem/lookup.c
 * links: gateway/redeem/prepare.c gateway/redeem/redeem.c gateway/redeem/why.c
 * links: gateway/settle/attribution.c gateway/settle/fit.c gateway/settle/held.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/pace.c gateway/settle/repeat.c
 * links: gateway/settle/sale.c gateway/settle/settle.c gateway/settle/settle_state.c
 * links: gateway/token.c gateway/unusable.c store/verification/words.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c settling.c own_pool.c
 * helpers: fake_look.c */
#include "support/redeeming.h"
#include "support/settling.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "util/compiler.h"

#define CODE  "123456789012" /* of the request */
#define OTHER 7              /* the id of another verification */

/* Another verification with the code, of the coupon "cert-1", sent once. */
static dygw_verification_t *another(dygw_verify_status_e status)
{
    dygw_verification_t *v = settling_row(OTHER, 0, 1);

    v->verify_status = status;
    v->origin_code = CODE;
    v->coupon_status = DYGW_COUPON_USED;
    v->next_run_at = status == DYGW_PROCESSING ? v->next_run_at : DYGW_NO_TIME;
    return v;
}

static dygw_prepare_reply_t *list(const char *certificate_id)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);

    prepared->verify_token = "vt-2";
    fake_certificate(prepared, "enc-2")->certificate_id = certificate_id;
    return prepared;
}

/* The row that the request has made. */
static dygw_verification_t *ours(void)
{
    assert_int_equal(fake_store_rows(), 2);
    return fake_store_row(1);
}

static void check_refused(const dygw_verification_t *v, apr_int64_t by)
{
    assert_int_equal(v->verify_status, DYGW_FAILED);
    assert_int_equal(v->error_code, -4);
    assert_non_null(strstr(v->error_description, apr_psprintf(pool, "verification %d", (int)by)));
    assert_string_equal(v->origin_code, CODE);
    assert_null(v->verify_id);
    assert_true(v->next_run_at == DYGW_NO_TIME);
}

static void check_waits(const dygw_verification_t *v, dygw_ms_t from, dygw_ms_t to)
{
    assert_int_equal(v->verify_status, DYGW_PROCESSING);
    assert_int_equal(v->attempts, 0);
    assert_true(v->lease_until == 0);
    assert_in_range(v->next_run_at - dygw_now(), from, to);
}

/* --- the request --- */

static void the_record_has_the_code_until_douyin_tells_another(DYGW_UNUSED void **state)
{
    redeem();
    assert_string_equal(item(0)->origin_code, "102539929601");
    start_anew();
    fake_verify(DYGW_REPLY_OK, 0)->items[0].origin_code = NULL;
    redeem();
    assert_string_equal(item(0)->origin_code, CODE);
    start_anew();
    fake_verify(DYGW_REPLY_TIMEOUT, 0);
    redeem();
    assert_string_equal(fake_store_row(0)->origin_code, CODE);
    start_anew();
    fake_prepare(DYGW_REPLY_COUPON, 1212);
    redeem();
    assert_string_equal(fake_store_row(0)->origin_code, CODE);
}

/* Two coupons are asked for by one code, and Douyin does not tell their codes. */
static void redeem_two(dygw_reply_class_e kind, dygw_reply_class_e second)
{
    dygw_verify_reply_t *answer;

    request.count = 2;
    fake_certificate(list("cert-1"), "enc-3")->certificate_id = "cert-3";
    answer = fake_verify(kind, 0);
    if (kind == DYGW_REPLY_OK) {
        answer->items[0].origin_code = answer->items[1].origin_code = NULL;
        fake_item(answer, 1, second, second == DYGW_REPLY_OK ? 0 : 1250);
    }
    redeem();
}

static void of_several_each_has_it_while_they_are_open(DYGW_UNUSED void **state)
{
    redeem_two(DYGW_REPLY_TIMEOUT, DYGW_REPLY_OK);
    assert_string_equal(item(0)->origin_code, CODE);
    assert_string_equal(item(1)->origin_code, CODE);
}

static void of_several_a_refused_one_keeps_it(DYGW_UNUSED void **state)
{
    redeem_two(DYGW_REPLY_OK, DYGW_REPLY_COUPON);
    assert_int_equal(item(1)->verify_status, DYGW_FAILED);
    assert_string_equal(item(1)->origin_code, CODE);
}

static void of_several_a_redeemed_one_has_not_that_of_the_first(DYGW_UNUSED void **state)
{
    redeem_two(DYGW_REPLY_OK, DYGW_REPLY_OK);
    assert_int_equal(item(1)->verify_status, DYGW_SUCCESS);
    assert_string_equal(item(0)->origin_code, CODE);
    assert_null(item(1)->origin_code);
}

static void a_code_that_was_redeemed_redeems_no_other_coupon(DYGW_UNUSED void **state)
{
    for (int count = 1; count <= 3; count++) {
        start_anew();
        another(DYGW_SUCCESS)->app_id = count;
        fake_certificate(list("cert-2"), "enc-3")->certificate_id = "cert-3";
        request.count = count;
        redeem();
        assert_int_equal(out.result.code, DYGW_OK);
        assert_int_equal(out.count, 1);
        check_refused(ours(), OTHER);
        assert_int_equal(fake_verify_calls(), 0);
        assert_string_equal(fake_trace(), "prepare " LOOKED " " COMMITTED);
    }
}

static void nor_where_none_is_left(DYGW_UNUSED void **state)
{
    another(DYGW_SUCCESS);
    fake_prepare(DYGW_REPLY_OK, 0);
    redeem();
    check_refused(ours(), OTHER);
}

static void the_newest_of_its_redemptions_is_named(DYGW_UNUSED void **state)
{
    another(DYGW_SUCCESS);
    another(DYGW_SUCCESS)->id = OTHER + 2;
    another(DYGW_SUCCESS)->id = OTHER + 1;
    list("cert-2");
    redeem();
    check_refused(fake_store_row(3), OTHER + 2);
}

static void what_failed_or_was_cancelled_has_not_used_the_code(DYGW_UNUSED void **state)
{
    static const dygw_verify_status_e ended[] = { DYGW_FAILED, DYGW_CANCELLED };

    for (int i = 0; i < 2; i++) {
        start_anew();
        another(ended[i]);
        list("cert-2");
        redeem();
        assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    }
}

static void nor_has_another_code_or_another_order(DYGW_UNUSED void **state)
{
    another(DYGW_SUCCESS)->origin_code = "123456789013";
    another(DYGW_SUCCESS)->order_id = "order-9";
    another(DYGW_SUCCESS)->origin_code = NULL;
    list("cert-2");
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
}

/* Its code is that of another coupon of its request, which has been settled. */
static void an_open_one_that_is_not_the_first_does_not_stand_in_the_way(DYGW_UNUSED void **state)
{
    another(DYGW_PROCESSING)->item_no = 1;
    list("cert-2");
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
}

static void a_coupon_that_douyin_lists_again_is_redeemed_again(DYGW_UNUSED void **state)
{
    another(DYGW_SUCCESS); /* a times card with uses left, or cancelled at Douyin */
    list("cert-1");
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    start_anew();
    another(DYGW_SUCCESS);
    fake_certificate(list("cert-2"), "enc-1")->status = DYGW_COUPON_USED;
    redeem();
    check_refused(ours(), OTHER);
    start_anew();
    another(DYGW_SUCCESS); /* prepare was answered before it was redeemed */
    fake_certificate(list("cert-2"), "enc-1");
    redeem();
    check_refused(ours(), OTHER);
}

static void a_times_card_may_be_redeemed_while_it_has_uses_left(DYGW_UNUSED void **state)
{
    another(DYGW_SUCCESS)->coupon_status = DYGW_COUPON_UNUSED;
    fake_certificate(list("cert-2"), "enc-1");
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    start_anew();
    another(DYGW_SUCCESS)->coupon_status = DYGW_COUPON_UNUSED; /* the last one was taken elsewhere */
    list("cert-2");
    redeem();
    check_refused(ours(), OTHER);
}

static void what_is_not_settled_is_waited_for(DYGW_UNUSED void **state)
{
    another(DYGW_PROCESSING);
    list("cert-2");
    redeem();
    check_waits(item(0), 1000, 1000);
    assert_memory_equal(item(0), ours(), sizeof(*ours()));
    assert_string_equal(ours()->encrypted_code, "enc-2");
    assert_string_equal(ours()->verify_token, "vt-2");
    assert_int_equal(fake_verify_calls(), 0);
    assert_int_equal(fake_logged("DYGW0380"), 1);
}

static void but_not_where_both_are_about_the_same_coupon(DYGW_UNUSED void **state)
{
    another(DYGW_PROCESSING);
    list("cert-1");
    redeem();
    assert_int_equal(fake_verify_calls(), 1);
    start_anew();
    another(DYGW_PROCESSING);
    fake_certificate(list("cert-1"), "enc-3")->certificate_id = "cert-3";
    request.count = 2;
    redeem();
    assert_int_equal(fake_verify_calls(), 0);
    check_waits(item(1), 1000, 1000);
}

static dygw_ms_t another_comes_before_the_insert(void)
{
    if (fake_store_calls(FAKE_CODE) == 1 && fake_store_calls(FAKE_INSERT) == 0 && fake_store_rows() == 0) {
        dygw_clock_set(NULL);
        another(DYGW_PROCESSING);
        dygw_clock_set(another_comes_before_the_insert);
    }
    return FAKE_START_MS;
}

static void who_comes_at_the_same_moment_is_seen_after_the_commit(DYGW_UNUSED void **state)
{
    for (int count = 1; count <= 2; count++) {
        start_anew();
        fake_certificate(list("cert-2"), "enc-1")->certificate_id = "cert-1";
        request.count = count;
        dygw_clock_set(another_comes_before_the_insert);
        redeem();
        assert_int_equal(fake_verify_calls(), 0);
        check_waits(fake_store_row(1), 1000, 1000);
        check_waits(item(count - 1), 1000, 1000);
    }
}

static void where_one_coupon_alone_is_listed_nobody_is_looked_for_again(DYGW_UNUSED void **state)
{
    list("cert-2");
    redeem();
    assert_string_equal(fake_trace(), "prepare " BY_CODE " verify " SETTLED);
    start_anew();
    fake_certificate(list("cert-2"), "enc-1")->status = DYGW_COUPON_USED;
    redeem();
    assert_string_equal(fake_trace(), "prepare " BY_CODE " verify " SETTLED);
    start_anew();
    fake_certificate(fake_prepare(DYGW_REPLY_OK, 0), "enc-1")->times_left = 5; /* a times card */
    request.count = 3;
    redeem();
    assert_string_equal(fake_trace(), "prepare " BY_CODE " verify " SETTLED);
    assert_int_equal(out.count, 3);
}

static dygw_ms_t insert_takes_ms;

static apr_time_t steady_of_a_slow_insert(void)
{
    return apr_time_from_sec(5) + (fake_store_calls(FAKE_INSERT) > 0 ? insert_takes_ms * 1000 : 0);
}

/* A database that fails over leaves time for a cancel at Douyin, and for another request. */
static void but_after_a_commit_that_took_long_it_is(DYGW_UNUSED void **state)
{
    for (insert_takes_ms = 999; insert_takes_ms <= 1000; insert_takes_ms++) {
        start_anew();
        list("cert-2");
        dygw_steady_set(steady_of_a_slow_insert);
        redeem();
        assert_string_equal(fake_trace(), insert_takes_ms < 1000 ? "prepare " BY_CODE " verify " SETTLED
                                                                 : "prepare " SEVERAL " verify " SETTLED);
    }
}

static void of_several_that_are_listed_one_may_be_given_to_another(DYGW_UNUSED void **state)
{
    for (int count = 1; count <= 2; count++) {
        start_anew();
        fake_certificate(list("cert-2"), "enc-1")->certificate_id = "cert-1";
        request.count = count;
        redeem();
        assert_string_equal(fake_trace(), "prepare " SEVERAL " verify " SETTLED);
    }
}

static void while_the_database_does_not_tell_nothing_is_done(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_CODE, 0, 2, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(fake_store_rows(), 0);
    start_anew();
    fake_store_fail(FAKE_CODE, 0, 1, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
}

static void a_prepared_one_without_order_gets_the_one_that_douyin_names(DYGW_UNUSED void **state)
{
    use_encrypted_code();
    request.order_id = NULL;
    redeem();
    assert_string_equal(item(0)->order_id, "order-2");
    start_anew();
    use_encrypted_code();
    redeem();
    assert_string_equal(item(0)->order_id, "order-9");
}

/* --- the background --- */

/* One that waits, of the coupon "cert-2" or "cert-3". */
static dygw_verification_t *waiting(apr_int64_t id, int number)
{
    dygw_verification_t *v = settling_row(id, 0, 1);

    v->origin_code = CODE;
    v->encrypted_code = number == 2 ? "enc-2" : "enc-3";
    v->certificate_id = number == 2 ? "cert-2" : "cert-3";
    v->attempts = 0;
    v->sent_at = 0;
    return v;
}

static int settle(apr_int64_t id)
{
    return settling_run(gateway, &dygw_settle_job, id, pool);
}

static void show_unused(void)
{
    dygw_coupons_reply_t *query = fake_query(DYGW_REPLY_OK, 0);

    fake_coupon(query, "enc-2", "cert-2", 1);
    fake_coupon(query, "enc-3", "cert-3", 1);
}

static void it_waits_with_growing_pauses_and_asks_nobody(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = waiting(ID, 2);

    another(DYGW_PROCESSING);
    assert_int_equal(settle(ID), 0);
    check_waits(v, 800, 1200);
    fake_clock_advance(10000);
    settle(ID);
    check_waits(v, 8000, 12000);
    fake_clock_advance(HOUR_MS);
    settle(ID);
    check_waits(v, 32000, 48000);
}

static void it_fails_when_the_other_is_redeemed(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = waiting(ID, 2);

    another(DYGW_SUCCESS);
    assert_int_equal(settle(ID), 0);
    check_refused(v, OTHER);
    assert_int_equal(v->attempts, 0);
}

static void it_is_sent_when_the_other_has_ended_otherwise(DYGW_UNUSED void **state)
{
    static const dygw_verify_status_e ended[] = { DYGW_FAILED, DYGW_CANCELLED };

    for (int i = 0; i < 2; i++) {
        dygw_verification_t *v;

        start_anew();
        v = waiting(ID, 2);
        another(ended[i]);
        fake_clock_advance(6000);
        show_unused();
        settle(ID);
        check_asked("query order-1; repeat " SETTLING_POI " vt-1 enc-2");
        assert_int_equal(v->verify_status, DYGW_SUCCESS);
        assert_int_equal(v->attempts, 1);
    }
}

static void it_is_sent_when_the_other_has_left_uses_of_a_card(DYGW_UNUSED void **state)
{
    waiting(ID, 2);
    another(DYGW_SUCCESS)->coupon_status = DYGW_COUPON_UNUSED;
    show_unused();
    assert_int_equal(settle(ID), 1);
}

static void of_several_that_wait_the_first_is_sent(DYGW_UNUSED void **state)
{
    dygw_verification_t *first = waiting(ID, 2);
    dygw_verification_t *second = waiting(ID + 50, 3);

    assert_int_equal(settle(ID + 50), 0);
    check_waits(second, 800, 1200);
    fake_clock_advance(6000);
    show_unused();
    settle(ID);
    assert_int_equal(first->verify_status, DYGW_SUCCESS);
    first->origin_code = CODE;
    settle(ID + 50);
    check_refused(second, ID);
}

static void it_waits_for_one_that_came_later_and_was_sent(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = waiting(ID, 2);

    another(DYGW_PROCESSING)->id = ID + 50;
    fake_store_row(1)->first_id = ID + 50;
    assert_int_equal(settle(ID), 0);
    check_waits(v, 800, 1200);
}

static void it_may_be_given_up(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = waiting(ID, 2);

    another(DYGW_PROCESSING);
    v->cancel_since = dygw_now();
    assert_int_equal(settle(ID), 0);
    assert_int_equal(v->verify_status, DYGW_FAILED);
    assert_int_equal(v->error_code, -2);
}

static void one_that_was_sent_does_not_wait(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = waiting(ID, 2);

    another(DYGW_SUCCESS);
    v->attempts = 1;
    show_unused();
    assert_int_equal(settle(ID), 1);
    assert_int_equal(v->verify_status, DYGW_PROCESSING);
}

static void while_the_database_does_not_tell_it_is_not_sent(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = waiting(ID, 2);

    fake_store_fail(FAKE_CODE, 0, 1, APR_EGENERAL, 0);
    assert_int_equal(settle(ID), 0);
    assert_int_equal(v->attempts, 0);
    assert_int_equal(v->verify_status, DYGW_PROCESSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_record_has_the_code_until_douyin_tells_another),
        TEST(of_several_each_has_it_while_they_are_open),
        TEST(of_several_a_refused_one_keeps_it),
        TEST(of_several_a_redeemed_one_has_not_that_of_the_first),
        TEST(an_open_one_that_is_not_the_first_does_not_stand_in_the_way),
        TEST(a_code_that_was_redeemed_redeems_no_other_coupon),
        TEST(nor_where_none_is_left),
        TEST(the_newest_of_its_redemptions_is_named),
        TEST(what_failed_or_was_cancelled_has_not_used_the_code),
        TEST(nor_has_another_code_or_another_order),
        TEST(a_coupon_that_douyin_lists_again_is_redeemed_again),
        TEST(a_times_card_may_be_redeemed_while_it_has_uses_left),
        TEST(what_is_not_settled_is_waited_for),
        TEST(but_not_where_both_are_about_the_same_coupon),
        TEST(who_comes_at_the_same_moment_is_seen_after_the_commit),
        TEST(where_one_coupon_alone_is_listed_nobody_is_looked_for_again),
        TEST(but_after_a_commit_that_took_long_it_is),
        TEST(of_several_that_are_listed_one_may_be_given_to_another),
        TEST(while_the_database_does_not_tell_nothing_is_done),
        TEST(a_prepared_one_without_order_gets_the_one_that_douyin_names),
        TEST(it_waits_with_growing_pauses_and_asks_nobody),
        TEST(it_fails_when_the_other_is_redeemed),
        TEST(it_is_sent_when_the_other_has_ended_otherwise),
        TEST(it_is_sent_when_the_other_has_left_uses_of_a_card),
        TEST(of_several_that_wait_the_first_is_sent),
        TEST(it_waits_for_one_that_came_later_and_was_sent),
        TEST(it_may_be_given_up),
        TEST(one_that_was_sent_does_not_wait),
        TEST(while_the_database_does_not_tell_it_is_not_sent),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_one_code", tests, NULL, NULL);
}
