/* SPDX-License-Identifier: Apache-2.0
 * Why a coupon was refused: the look of the request at the coupon, where the number leaves the reason open. That
 * of the background: test_gateway_why_settled.c.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/code_use.c gateway/db_work.c
 * links: gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/by_code.c gateway/redeem/earlier.c gateway/redeem/lookup.c
 * links: gateway/redeem/prepare.c gateway/redeem/redeem.c gateway/redeem/why.c gateway/settle/fit.c
 * links: gateway/token.c gateway/unusable.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: shown.c fake_look.c fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c own_pool.c */
#include "support/fake_look.h"
#include "support/redeeming.h"
#include "support/shown.h"

#include <apr_general.h>
#include <apr_time.h>

#include "util/compiler.h"

#define SECOND_US apr_time_from_sec(1)

static void refuse(apr_int64_t result)
{
    fake_item(fake_verify(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, result);
}

static void check_reason(int number, const char *word)
{
    assert_string_equal(item(number)->reason, word);
    assert_string_equal(fake_store_row(number)->reason, word);
}

/* --- what is shown, and its words --- */

static const struct {
    void (*be)(dygw_seen_coupon_t *c);
    const char *word; /* NULL: what is shown does not tell */
} states[] = {
    { be_used, "already_used" },
    { be_verified, "already_used" },
    { be_refunded, "refunded" },
    { be_refund_requested, "refunding" },
    { be_refunding, "refunding" },
    { be_expired, "expired" },
    { be_for_later, "not_yet_valid" },
    { be_used_up, "already_used" },
    { be_used_up_unseen, "no_uses_left" },
    { be_a_card_with_uses, NULL },
    { be_as_before, NULL },
    { be_for_other_days, "unusable_now" },
    { be_for_other_dates, "unusable_now" },
    { be_for_other_hours, "unusable_now" },
    { be_for_this_hour, NULL },
    { be_for_other_stores, "wrong_store" },
    { be_not_for_others, NULL },
    { be_for_later_and_other_days, "not_yet_valid" },
    { be_used_up_and_for_other_days_and_stores, "unusable_now" },
    { be_used_up_and_for_other_stores, "no_uses_left" },
};

#define STATES (sizeof states / sizeof *states)

static void what_is_shown_gives_the_word_of_an_empty_list(DYGW_UNUSED void **state)
{
    for (size_t i = 0; i < STATES; i++) {
        start_anew();
        fake_prepare(DYGW_REPLY_OK, 0);
        states[i].be(show(1));
        redeem();
        check_failed(0, -1);
        check_reason(0, states[i].word ? states[i].word : "no_coupon_left");
        assert_string_equal(fake_asked(), "tok-1 query order-1");
        assert_string_equal(fake_trace(), "prepare " LOOKED " query " COMMITTED);
    }
}

static void and_of_a_number_that_leaves_it_open(DYGW_UNUSED void **state)
{
    static const struct {
        apr_int64_t code;
        const char *word;
    } open[] = { { 1208, "already_used" }, { 2, "already_used" }, { 1250, "other" },
                 { 1263, "wrong_code" },   { 1265, "other" },     { 3000001, "other" } };

    for (size_t i = 0; i < STATES; i++) {
        for (size_t n = 0; n < sizeof open / sizeof *open; n++) {
            start_anew();
            refuse(open[n].code);
            states[i].be(show(1));
            redeem();
            check_failed(0, open[n].code);
            check_reason(0, states[i].word ? states[i].word : open[n].word);
            assert_string_equal(fake_trace(), "prepare " BY_CODE " verify query " SETTLED);
        }
    }
}

static void of_several_coupons_the_first_line_that_is_true_of_one(DYGW_UNUSED void **state)
{
    dygw_coupons_reply_t *answer = fake_query(DYGW_REPLY_OK, 0);

    fake_prepare(DYGW_REPLY_OK, 0);
    be_expired(show_in(answer, 1));
    show_in(answer, 3);
    show_in(answer, 4);
    redeem();
    check_reason(0, "refunded");
}

static void of_one_that_was_chosen_what_is_shown_of_it(DYGW_UNUSED void **state)
{
    dygw_coupons_reply_t *answer = fake_query(DYGW_REPLY_OK, 0);

    refuse(1250);
    show_in(answer, 2)->certificate.certificate_id = "cert-2";
    show_in(answer, 6);
    redeem();
    check_reason(0, "refunding");
}

static void nothing_else_of_the_outcome_changes(DYGW_UNUSED void **state)
{
    dygw_verification_t plain;

    refuse(1250);
    fake_query(DYGW_REPLY_BUSY, 2100004);
    redeem();
    plain = *item(0);
    assert_string_equal(plain.reason, "other");
    for (size_t i = 0; i < STATES; i++) {
        dygw_verification_t explained;

        start_anew();
        refuse(1250);
        states[i].be(show(1));
        redeem();
        explained = *item(0);
        explained.reason = plain.reason;
        explained.error_description = plain.error_description;
        explained.douyin_response = plain.douyin_response;
        explained.id = plain.id;
        explained.first_id = plain.first_id;
        explained.created_at = plain.created_at;
        assert_memory_equal(&explained, &plain, sizeof plain);
    }
}

/* --- clocks --- */

static void without_douyins_clock_nothing_is_said_of_times(DYGW_UNUSED void **state)
{
    static void (*const be[])(dygw_seen_coupon_t * c)
        = { be_expired, be_for_later, be_for_other_days, be_for_other_hours, be_for_other_stores };

    for (size_t i = 0; i < sizeof be / sizeof *be; i++) {
        dygw_coupons_reply_t *answer;

        start_anew();
        answer = fake_query(DYGW_REPLY_OK, 0);
        refuse(1250);
        be[i](show_in(answer, 1));
        answer->reply.date = DYGW_NO_TIME;
        redeem();
        check_reason(0, be[i] == be_for_other_stores ? "wrong_store" : "other");
    }
}

static void by_douyins_clock_and_not_by_ours(DYGW_UNUSED void **state)
{
    for (int ahead = 0; ahead <= 1; ahead++) {
        dygw_coupons_reply_t *answer;

        start_anew();
        answer = fake_query(DYGW_REPLY_OK, 0);
        refuse(1250);
        show_in(answer, 1)->certificate.expire_time = FAKE_START_MS + (ahead ? 1000 : -1000);
        answer->reply.date = FAKE_START_MS + (ahead ? 2000 : -2000);
        redeem();
        check_reason(0, ahead ? "expired" : "other");
    }
}

/* --- who is held up by it, and how long --- */

static void a_number_that_tells_asks_nobody(DYGW_UNUSED void **state)
{
    static const struct {
        apr_int64_t code;
        const char *word;
    } told[] = { { 1212, "wrong_code" },     { 3000002, "wrong_store" },      { 1241, "no_uses_left" },
                 { 45005117, "qr_expired" }, { 2119006, "being_given_away" }, { 2119007, "not_paid" } };

    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        start_anew();
        refuse(told[i].code);
        redeem();
        check_reason(0, told[i].word);
        assert_string_equal(fake_asked(), "");
    }
}

static void one_that_succeeds_asks_nobody(DYGW_UNUSED void **state)
{
    redeem();
    assert_null(item(0)->reason);
    assert_string_equal(fake_asked(), "");
}

static void nobody_waits_whose_request_has_redeemed_or_may_have(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e other[] = { DYGW_REPLY_OK, DYGW_REPLY_BUSY, DYGW_REPLY_REVIEW };

    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        dygw_prepare_reply_t *prepared;
        dygw_verify_reply_t *answer;

        start_anew();
        prepared = fake_prepare(DYGW_REPLY_OK, 0);
        fake_certificate(prepared, "enc-1");
        fake_certificate(prepared, "enc-2")->certificate_id = "cert-2";
        request.count = 2;
        answer = fake_verify(DYGW_REPLY_OK, 0);
        fake_item(answer, 0, DYGW_REPLY_COUPON, 1250);
        if (other[i] != DYGW_REPLY_OK) {
            fake_item(answer, 1, other[i], 1229);
        }
        redeem();
        check_reason(0, "other");
        assert_string_equal(fake_asked(), "");
    }
}

static void each_of_several_has_its_own(DYGW_UNUSED void **state)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);
    dygw_verify_reply_t *answer = fake_verify(DYGW_REPLY_OK, 0);
    dygw_coupons_reply_t *shown = fake_query(DYGW_REPLY_OK, 0);

    request.count = 3;
    for (int i = 0; i < 3; i++) {
        fake_certificate(prepared, "enc-1")->certificate_id = i == 0 ? "cert-1" : i == 1 ? "cert-2" : "cert-3";
    }
    fake_item(answer, 0, DYGW_REPLY_COUPON, 1250);
    fake_item(answer, 1, DYGW_REPLY_COUPON, 1265);
    fake_item(answer, 2, DYGW_REPLY_COUPON, 1212);
    show_in(shown, 4);
    show_in(shown, 3)->certificate.certificate_id = "cert-2";
    show_in(shown, 4)->certificate.certificate_id = "cert-3";
    redeem();
    check_reason(0, "refunded");
    check_reason(1, "refunding");
    check_reason(2, "wrong_code"); /* its number has told */
}

static void a_verify_that_was_sent_twice_is_left_to_the_background(DYGW_UNUSED void **state)
{
    dygw_verify_reply_t *answer = fake_verify(DYGW_REPLY_OK, 0);

    fake_item(answer, 0, DYGW_REPLY_COUPON, 1250);
    answer->reply.sent_twice = 1;
    redeem();
    check_unknown(0, 2);
    assert_string_equal(fake_asked(), "");
}

static void nor_is_one_explained_whose_token_was_refused_first(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TOKEN, 2190008);
    refuse(1250);
    redeem();
    check_failed(0, 1250);
    assert_int_equal(item(0)->attempts, 2);
    check_reason(0, "other");
    assert_string_equal(fake_asked(), "");
}

static void two_seconds_at_most_of_what_is_left_of_a_call(DYGW_UNUSED void **state)
{
    static const struct {
        int timeout, took; /* s */
        int patience;      /* s; 0: nobody is asked */
    } cases[] = { { 10, 0, 2 }, { 10, 7, 2 }, { 10, 9, 1 }, { 10, 10, 0 }, { 10, 14, 0 }, { 1, 0, 1 } };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_anew();
        gateway->upstream_timeout = cases[i].timeout * SECOND_US;
        fake_prepare(DYGW_REPLY_OK, 0)->reply.took = cases[i].took * SECOND_US;
        show(4);
        redeem();
        check_failed(0, -1);
        check_reason(0, cases[i].patience ? "refunded" : "no_coupon_left");
        assert_string_equal(fake_asked(), cases[i].patience ? "tok-1 query order-1" : "");
        if (cases[i].patience) {
            assert_true(fake_look_patience() == cases[i].patience * SECOND_US);
        }
    }
}

static apr_time_t steady_at;

static apr_time_t steady(void)
{
    return steady_at;
}

static void stand_still(const char *call)
{
    if (strcmp(call, "verify") == 0) {
        steady_at += 33 * SECOND_US;
    }
}

static void not_where_the_lease_ends_before_it(DYGW_UNUSED void **state)
{
    gateway->upstream_timeout = 10 * SECOND_US;
    refuse(1250);
    fake_douyin_meanwhile = stand_still;
    steady_at = 1000 * SECOND_US;
    dygw_steady_set(steady);
    redeem(); /* in a lease of 35 s */
    check_failed(0, 1250);
    check_reason(0, "other");
    assert_string_equal(fake_asked(), "");
}

static void a_look_that_fails_leaves_it_to_the_number_and_is_not_repeated(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[]
        = { DYGW_REPLY_BUSY,    DYGW_REPLY_TIMEOUT, DYGW_REPLY_UNREACHABLE, DYGW_REPLY_LOST,
            DYGW_REPLY_GARBLED, DYGW_REPLY_TOKEN,   DYGW_REPLY_SETUP,       DYGW_REPLY_COUPON };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        start_anew();
        refuse(1263);
        show_in(fake_query(kinds[i], 0), 4);
        redeem();
        check_failed(0, 1263);
        check_reason(0, "wrong_code");
        assert_string_equal(fake_trace(), "prepare " BY_CODE " verify query " SETTLED);
        assert_int_equal(fake_token_calls(), 0);
    }
}

static void a_prepared_one_is_asked_for_by_its_code(DYGW_UNUSED void **state)
{
    use_encrypted_code();
    refuse(1250);
    show_in(fake_get(DYGW_REPLY_OK, 0), 4)->certificate.certificate_id = "cert-9";
    redeem();
    check_failed(0, 1250);
    check_reason(0, "refunded");
    assert_string_equal(fake_asked(), "tok-1 get enc-9");
}

static void without_order_and_coupon_nobody_is_asked(DYGW_UNUSED void **state)
{
    fake_prepare(DYGW_REPLY_COUPON, 1250);
    redeem();
    check_failed(0, 1250);
    check_reason(0, "other");
    assert_string_equal(fake_asked(), "");
}

static void what_may_be_our_own_redemption_explains_nothing(DYGW_UNUSED void **state)
{
    for (int ours = 0; ours <= 1; ours++) {
        dygw_seen_coupon_t *coupon;

        start_anew();
        refuse(1250);
        coupon = show(2);
        fake_seen(coupon, "v-9", FAKE_START_MS + (ours ? 0 : -3600000));
        redeem();
        check_failed(0, 1250);
        check_reason(0, ours ? "other" : "already_used");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_shown_gives_the_word_of_an_empty_list),
        TEST(and_of_a_number_that_leaves_it_open),
        TEST(of_several_coupons_the_first_line_that_is_true_of_one),
        TEST(of_one_that_was_chosen_what_is_shown_of_it),
        TEST(nothing_else_of_the_outcome_changes),
        TEST(without_douyins_clock_nothing_is_said_of_times),
        TEST(by_douyins_clock_and_not_by_ours),
        TEST(a_number_that_tells_asks_nobody),
        TEST(one_that_succeeds_asks_nobody),
        TEST(nobody_waits_whose_request_has_redeemed_or_may_have),
        TEST(each_of_several_has_its_own),
        TEST(a_verify_that_was_sent_twice_is_left_to_the_background),
        TEST(nor_is_one_explained_whose_token_was_refused_first),
        TEST(two_seconds_at_most_of_what_is_left_of_a_call),
        TEST(not_where_the_lease_ends_before_it),
        TEST(a_look_that_fails_leaves_it_to_the_number_and_is_not_repeated),
        TEST(a_prepared_one_is_asked_for_by_its_code),
        TEST(without_order_and_coupon_nobody_is_asked),
        TEST(what_may_be_our_own_redemption_explains_nothing),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_why", tests, NULL, NULL);
}
