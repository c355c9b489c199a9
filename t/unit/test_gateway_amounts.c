/* SPDX-License-Identifier: Apache-2.0
 * Which part of an order's money is a verification's: shares add up, and what Douyin says of the
 * one coupon or use goes first.
 * links: gateway/settle/amounts.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "gateway/settle/amounts.h"
#include "util/compiler.h"

#define COUPONS_MAX 10
#define USES_MAX    12

static dygw_verification_t v;
static dygw_order_reply_t order;
static dygw_seen_coupon_t card;

static void start_anew(void)
{
    v = (dygw_verification_t){
        .pay_amount = DYGW_NO_INT,
        .receipt_amount = DYGW_NO_INT,
        .discount_amount = DYGW_NO_INT,
        .certificate_id = "cert-1",
        .verify_id = "verify-1",
    };
    order = (dygw_order_reply_t){
        .pay_amount = 1000,
        .receipt_amount = 901,
        .discount_amount = 302,
        .count = 3,
        .coupons = apr_array_make(pool, 1, sizeof(dygw_order_coupon_t)),
    };
    card = (dygw_seen_coupon_t){
        .certificate = { .status = 1, .pay_amount = -1 },
        .amount_of_use = -1,
        .verifies = apr_array_make(pool, 1, sizeof(dygw_seen_verify_t)),
    };
}

static int set_up(void **state)
{
    make_pool(state);
    start_anew();
    return 0;
}

static const char *numbered(const char *word, int number)
{
    return apr_psprintf(pool, "%s-%d", word, number);
}

static dygw_order_coupon_t *list_coupon(const char *certificate_id)
{
    dygw_order_coupon_t *listed = apr_array_push(order.coupons);

    *listed = (dygw_order_coupon_t){
        .certificate_id = certificate_id,
        .pay_amount = -1,
        .receipt_amount = -1,
        .discount_amount = -1,
    };
    return listed;
}

static void show_use(const char *verify_id, int serial)
{
    *(dygw_seen_verify_t *)apr_array_push(card.verifies) = (dygw_seen_verify_t){
        .verify_id = verify_id,
        .serial = serial,
    };
}

static void check(apr_int64_t pay, apr_int64_t receipt, apr_int64_t discount)
{
    assert_true(v.pay_amount == pay);
    assert_true(v.receipt_amount == receipt);
    assert_true(v.discount_amount == discount);
}

/* --- shares --- */

static void shares_add_up_and_differ_by_one_at_most(DYGW_UNUSED void **state)
{
    for (apr_int64_t total = 0; total < 400; total++) {
        for (int parts = 1; parts <= 24; parts++) {
            apr_int64_t sum = 0;

            for (int i = 0; i < parts; i++) {
                apr_int64_t share = dygw_amounts_share(total, parts, i);

                assert_true(share == total / parts || share == total / parts + 1);
                assert_true(i == 0 || share <= dygw_amounts_share(total, parts, i - 1));
                sum += share;
            }
            assert_true(sum == total);
        }
    }
}

/* What all coupons and uses of an order get; each is a record of its own. */
static void sum_up(int coupons, int uses, apr_int64_t sums[3])
{
    memset(sums, 0, 3 * sizeof(*sums));
    for (int i = 0; i < coupons; i++) {
        for (int use = 0; use < uses; use++) {
            dygw_verification_t one = v;

            one.certificate_id = numbered("cert", i);
            one.verify_id = numbered("verify", use);
            dygw_amounts_fill(&one, &order, uses > 1 ? &card : NULL);
            sums[0] += one.pay_amount;
            sums[1] += one.receipt_amount;
            sums[2] += one.discount_amount;
        }
    }
}

static void all_that_is_redeemed_of_an_order_is_the_order(DYGW_UNUSED void **state)
{
    apr_int64_t sums[3];

    for (int coupons = 1; coupons <= COUPONS_MAX; coupons++) {
        order.count = coupons;
        list_coupon(numbered("cert", coupons - 1));
        for (int uses = 1; uses <= USES_MAX; uses++) {
            card.times_count = uses;
            apr_array_clear(card.verifies);
            for (int use = 0; use < uses; use++) {
                show_use(numbered("verify", use), use + 1);
            }
            order.pay_amount = 7919 * uses + coupons;
            sum_up(coupons, uses, sums);
            assert_true(sums[0] == order.pay_amount);
            assert_true(sums[1] == order.receipt_amount);
            assert_true(sums[2] == order.discount_amount);
        }
    }
}

static void the_remainder_is_the_first_ones(DYGW_UNUSED void **state)
{
    list_coupon("cert-0");
    list_coupon("cert-1");
    list_coupon("cert-2");
    v.certificate_id = "cert-0";
    dygw_amounts_fill(&v, &order, NULL);
    check(334, 301, 101);
    start_anew();
    list_coupon("cert-0");
    list_coupon("cert-1");
    list_coupon("cert-2");
    v.certificate_id = "cert-2";
    dygw_amounts_fill(&v, &order, NULL);
    check(333, 300, 100);
}

/* --- whose part it is --- */

static void a_coupon_that_the_order_does_not_name_has_the_place_of_its_item(DYGW_UNUSED void **s)
{
    list_coupon(NULL);
    list_coupon(NULL);
    list_coupon(NULL);
    v.item_no = 1;
    dygw_amounts_fill(&v, &order, NULL);
    check(333, 300, 101);
}

static void an_order_without_a_count_has_the_coupons_it_lists(DYGW_UNUSED void **state)
{
    order.count = 0;
    list_coupon("cert-0");
    list_coupon("cert-1");
    dygw_amounts_fill(&v, &order, NULL);
    check(500, 450, 151);
}

static void an_order_that_says_nothing_of_coupons_has_one(DYGW_UNUSED void **state)
{
    order.count = 0;
    dygw_amounts_fill(&v, &order, NULL);
    check(1000, 901, 302);
}

static void a_use_of_a_times_card_has_the_place_of_its_serial(DYGW_UNUSED void **state)
{
    order.count = 1;
    card.times_count = 3;
    list_coupon("cert-1");
    show_use("verify-0", 1);
    show_use("verify-1", 3);
    dygw_amounts_fill(&v, &order, &card);
    check(333, 300, 100);
}

static void without_a_serial_it_has_the_place_of_its_item(DYGW_UNUSED void **state)
{
    order.count = 1;
    card.times_count = 3;
    v.item_no = 1;
    dygw_amounts_fill(&v, &order, &card);
    check(333, 300, 101);
}

/* --- which figure goes first --- */

static void what_the_record_has_stays(DYGW_UNUSED void **state)
{
    dygw_order_coupon_t *listed = list_coupon("cert-1");

    listed->pay_amount = 500;
    v.pay_amount = 450;
    dygw_amounts_fill(&v, &order, NULL);
    check(450, 301, 101);
}

static void figures_of_the_coupon_go_before_shares(DYGW_UNUSED void **state)
{
    dygw_order_coupon_t *listed;

    list_coupon("cert-0")->pay_amount = 100;
    listed = list_coupon("cert-1");
    listed->pay_amount = 500;
    listed->receipt_amount = 400;
    listed->discount_amount = 0;
    dygw_amounts_fill(&v, &order, NULL);
    check(500, 400, 0);
}

static void what_the_coupon_itself_says_goes_before_a_share(DYGW_UNUSED void **state)
{
    card.certificate.pay_amount = 480;
    dygw_amounts_fill(&v, &order, &card);
    check(480, 301, 101);
}

static void an_amount_for_each_use_goes_before_shares(DYGW_UNUSED void **state)
{
    card.times_count = 4;
    card.amount_of_use = 260;
    card.certificate.pay_amount = 1000;
    list_coupon("cert-1")->pay_amount = 1000;
    dygw_amounts_fill(&v, &order, &card);
    assert_true(v.pay_amount == 260);
}

static void figures_of_a_times_card_are_divided_over_its_uses(DYGW_UNUSED void **state)
{
    dygw_order_coupon_t *listed = list_coupon("cert-1");

    card.times_count = 3;
    show_use("verify-1", 1);
    listed->pay_amount = 500;
    listed->receipt_amount = 400;
    listed->discount_amount = 50;
    dygw_amounts_fill(&v, &order, &card);
    check(167, 134, 17);
}

static void what_douyin_does_not_say_stays_unknown(DYGW_UNUSED void **state)
{
    order.pay_amount = order.receipt_amount = order.discount_amount = -1;
    dygw_amounts_fill(&v, &order, NULL);
    check(DYGW_NO_INT, DYGW_NO_INT, DYGW_NO_INT);
    dygw_amounts_fill(&v, NULL, &card);
    check(DYGW_NO_INT, DYGW_NO_INT, DYGW_NO_INT);
}

static void nothing_is_not_unknown(DYGW_UNUSED void **state)
{
    order.pay_amount = 0;
    dygw_amounts_fill(&v, &order, NULL);
    assert_true(v.pay_amount == 0);
}

static void an_order_beyond_all_measure_is_divided_too(DYGW_UNUSED void **state)
{
    order.count = 65536;
    card.times_count = 65536;
    dygw_amounts_fill(&v, &order, &card);
    check(1, 1, 1);
    start_anew();
    order.pay_amount = APR_INT64_MAX;
    order.count = card.times_count = 1000000;
    v.item_no = 999999;
    dygw_amounts_fill(&v, &order, &card);
    assert_true(v.pay_amount == APR_INT64_MAX / APR_INT64_C(1000000000000) + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shares_add_up_and_differ_by_one_at_most),
        TEST(all_that_is_redeemed_of_an_order_is_the_order),
        TEST(the_remainder_is_the_first_ones),
        TEST(a_coupon_that_the_order_does_not_name_has_the_place_of_its_item),
        TEST(an_order_without_a_count_has_the_coupons_it_lists),
        TEST(an_order_that_says_nothing_of_coupons_has_one),
        TEST(a_use_of_a_times_card_has_the_place_of_its_serial),
        TEST(without_a_serial_it_has_the_place_of_its_item),
        TEST(what_the_record_has_stays),
        TEST(figures_of_the_coupon_go_before_shares),
        TEST(what_the_coupon_itself_says_goes_before_a_share),
        TEST(an_amount_for_each_use_goes_before_shares),
        TEST(figures_of_a_times_card_are_divided_over_its_uses),
        TEST(what_douyin_does_not_say_stays_unknown),
        TEST(nothing_is_not_unknown),
        TEST(an_order_beyond_all_measure_is_divided_too),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_amounts", tests, NULL, NULL);
}
