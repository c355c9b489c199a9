/* SPDX-License-Identifier: Apache-2.0
 * Our records against Douyin's, coupon by coupon: what belongs together, which day it belongs to,
 * and what that makes of it.
 * links: gateway/reports/match.c gateway/reports/match_edge.c gateway/reports/match_item.c store/verification/words.c
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

#include "gateway/reports/match.h"
#include "util/compiler.h"

#define START APR_INT64_C(1764000000000) /* 2025-11-24T16:00:00Z */
#define END   (START + 86400000)
#define NOON  (START + 43200000)

static dygw_match_t *match;
static apr_int64_t last_id;

static int set_up(void **state)
{
    make_pool(state);
    match = dygw_match_make(START, END, 1, pool);
    last_id = 0;
    return 0;
}

static dygw_match_row_t *row(dygw_verify_status_e status, const char *verify_id, const char *certificate_id,
                             apr_int64_t pay_amount, dygw_ms_t at)
{
    dygw_match_row_t *made = apr_pcalloc(pool, sizeof(*made));

    *made = (dygw_match_row_t){
        .id = ++last_id,
        .app_id = 3,
        .app_name = "app",
        .poi_id = "poi",
        .store = "7001",
        .account_id = "acc",
        .verify_status = status,
        .verify_id = verify_id,
        .certificate_id = certificate_id,
        .pay_amount = pay_amount,
        .verify_time = at,
        .created_at = NOON,
        .after_sale = DYGW_AFTER_SALE_NONE,
    };
    return made;
}

static void ours(dygw_verify_status_e status, const char *verify_id, const char *certificate_id, apr_int64_t pay_amount,
                 dygw_ms_t at)
{
    dygw_match_add_verification(match, row(status, verify_id, certificate_id, pay_amount, at));
}

static void theirs(const char *verify_id, const char *certificate_id, int cancelled, apr_int64_t pay_amount,
                   dygw_ms_t at)
{
    dygw_verify_record_t record = {
        .verify_id = verify_id,
        .certificate_id = certificate_id,
        .verify_time = at,
        .cancel_time = cancelled ? at + 1000 : DYGW_NO_TIME,
        .cancelled = cancelled,
        .verify_type = 4,
        .pay_amount = pay_amount,
        .sku_name = "sku",
    };

    dygw_match_add_record(match, &record);
}

static void judge(void)
{
    dygw_match_pairs(match);
    dygw_match_classify(match);
}

static void assert_counts(int matched, int only_here, int only_at_douyin, int cancelled, int differs)
{
    assert_int_equal(match->counts[DYGW_MATCHED], matched);
    assert_int_equal(match->counts[DYGW_ONLY_HERE], only_here);
    assert_int_equal(match->counts[DYGW_ONLY_AT_DOUYIN], only_at_douyin);
    assert_int_equal(match->counts[DYGW_CANCELLED_AT_DOUYIN], cancelled);
    assert_int_equal(match->counts[DYGW_AMOUNT_DIFFERS], differs);
    assert_int_equal(match->pairs->nelts, only_here + only_at_douyin + cancelled + differs);
}

static const dygw_match_pair_t *pair(int number)
{
    assert_in_range(number, 0, match->pairs->nelts - 1);
    return &APR_ARRAY_IDX(match->pairs, number, dygw_match_pair_t);
}

static void each_class_has_its_counts_and_amounts(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v1", "c1", 100, NOON);
    ours(DYGW_SUCCESS, "v2", "c2", 200, NOON);
    ours(DYGW_SUCCESS, "v3", "c3", 400, NOON);
    ours(DYGW_SUCCESS, "v4", "c4", 800, NOON);
    ours(DYGW_SUCCESS, "v5", "c5", 1600, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    theirs("v2", "c2", 0, 200, NOON);
    theirs("v4", "c4", 1, 800, NOON);
    theirs("v5", "c5", 0, 1601, NOON);
    theirs("v6", "c6", 0, 3200, NOON);
    judge();
    assert_counts(2, 1, 1, 1, 1);
    assert_int_equal(match->amounts[DYGW_MATCHED], 300);
    assert_int_equal(match->amounts[DYGW_ONLY_HERE], 400);
    assert_int_equal(match->amounts[DYGW_CANCELLED_AT_DOUYIN], 800);
    assert_int_equal(match->amounts[DYGW_AMOUNT_DIFFERS], 1601);
    assert_int_equal(match->amounts[DYGW_ONLY_AT_DOUYIN], 3200);
}

static void a_pair_has_both_sides(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v1", "c1", 100, NOON);
    theirs("v1", "c1", 0, 99, NOON + 1);
    judge();
    assert_int_equal(pair(0)->class, DYGW_AMOUNT_DIFFERS);
    assert_int_equal(pair(0)->ours->id, 1);
    assert_int_equal(pair(0)->douyin->verify_time, NOON + 1);
}

static void what_both_cancelled_matches_and_is_no_money(DYGW_UNUSED void **state)
{
    ours(DYGW_CANCELLED, "v1", "c1", 100, NOON);
    theirs("v1", "c1", 1, 100, NOON);
    judge();
    assert_counts(1, 0, 0, 0, 0);
    assert_int_equal(match->amounts[DYGW_MATCHED], 0);
}

static void what_we_cancelled_and_douyin_counts_is_only_at_douyin(DYGW_UNUSED void **state)
{
    ours(DYGW_CANCELLED, "v1", "c1", 100, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    judge();
    assert_counts(0, 0, 1, 0, 0);
    assert_int_equal(match->amounts[DYGW_ONLY_AT_DOUYIN], 100);
    assert_int_equal(pair(0)->ours->id, 1);
}

static void what_one_side_alone_cancelled_is_no_money(DYGW_UNUSED void **state)
{
    ours(DYGW_CANCELLED, "v1", "c1", 100, NOON);
    theirs("v2", "c2", 1, 200, NOON);
    judge();
    assert_counts(0, 1, 1, 0, 0);
    assert_int_equal(match->amounts[DYGW_ONLY_HERE], 0);
    assert_int_equal(match->amounts[DYGW_ONLY_AT_DOUYIN], 0);
}

static void an_amount_that_one_side_lacks_differs(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v1", "c1", DYGW_NO_INT, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    ours(DYGW_SUCCESS, "v2", "c2", 100, NOON);
    theirs("v2", "c2", 0, -1, NOON);
    ours(DYGW_SUCCESS, "v3", "c3", DYGW_NO_INT, NOON);
    theirs("v3", "c3", 0, -1, NOON);
    judge();
    assert_counts(1, 0, 0, 0, 2);
    assert_int_equal(match->amounts[DYGW_AMOUNT_DIFFERS], 100);
    assert_int_equal(match->amounts[DYGW_MATCHED], 0);
}

static void coupons_for_nothing_match(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v1", "c1", 0, NOON);
    theirs("v1", "c1", 0, 0, NOON);
    judge();
    assert_counts(1, 0, 0, 0, 0);
}

/* --- which day --- */

static void the_edges_of_the_day_are_its_first_and_last_ms(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "o1", "c1", 1, START - 1);
    ours(DYGW_SUCCESS, "o2", "c2", 2, START);
    ours(DYGW_SUCCESS, "o3", "c3", 4, END - 1);
    ours(DYGW_SUCCESS, "o4", "c4", 8, END);
    theirs("d1", "c5", 0, 1, START - 1);
    theirs("d2", "c6", 0, 2, START);
    theirs("d3", "c7", 0, 4, END - 1);
    theirs("d4", "c8", 0, 8, END);
    judge();
    assert_counts(0, 2, 2, 0, 0);
    assert_int_equal(match->amounts[DYGW_ONLY_HERE], 6);
    assert_int_equal(match->amounts[DYGW_ONLY_AT_DOUYIN], 6);
}

/* Both clocks around midnight: the pair is Douyin's day's, and the other day's nothing. */
static void a_pair_across_midnight_is_of_douyins_day(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v1", "c1", 100, START);
    theirs("v1", "c1", 0, 100, START - 1000);
    ours(DYGW_SUCCESS, "v2", "c2", 100, END - 1);
    theirs("v2", "c2", 0, 100, END);
    judge();
    assert_counts(0, 0, 0, 0, 0);
}

static void a_record_without_a_time_is_of_the_day_it_was_asked_for(DYGW_UNUSED void **state)
{
    theirs("v1", "c1", 0, 100, DYGW_NO_TIME);
    judge();
    assert_counts(0, 0, 1, 0, 0);
}

/* --- what belongs together --- */

static void a_record_that_comes_twice_counts_once(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v1", "c1", 100, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    judge();
    assert_counts(1, 0, 0, 0, 0);
}

static void a_row_without_verify_id_is_found_by_its_coupon(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, NULL, "c1", 100, NOON);
    theirs("v1", "c1", 0, 100, NOON + 5);
    judge();
    assert_counts(1, 0, 0, 0, 0);
}

static void a_coupon_s_row_with_another_verify_id_is_none_of_it(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v2", "c1", 100, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    judge();
    assert_counts(0, 1, 1, 0, 0);
    assert_null(pair(0)->ours);
}

static void uses_of_a_card_without_verify_id_each_have_their_own(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, NULL, "card", 1, NOON);
    ours(DYGW_SUCCESS, NULL, "card", 2, NOON + 60000);
    theirs("v1", "card", 0, 2, NOON + 59000);
    theirs("v2", "card", 0, 1, NOON + 1000);
    theirs("v3", "card", 0, 1, NOON + 2000);
    judge();
    assert_counts(2, 0, 1, 0, 0);
}

static void a_row_of_the_right_id_goes_before_one_of_the_coupon(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, NULL, "c1", 1, NOON);
    ours(DYGW_SUCCESS, "v2", "c1", 2, NOON);
    theirs("v1", "c1", 0, 1, NOON);
    theirs("v2", "c1", 0, 2, NOON);
    judge();
    assert_counts(2, 0, 0, 0, 0);
}

static void rows_that_redeemed_nothing_are_not_missed(DYGW_UNUSED void **state)
{
    ours(DYGW_FAILED, NULL, "c1", 100, NOON);
    ours(DYGW_PROCESSING, NULL, "c2", 100, NOON);
    judge();
    assert_counts(0, 0, 0, 0, 0);
}

/* --- what the database has besides --- */

static void records_of_the_day_without_partner_are_asked_about(DYGW_UNUSED void **state)
{
    int position = 0;

    ours(DYGW_SUCCESS, "v1", "c1", 100, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    theirs("v2", "c2", 0, 100, NOON);
    theirs("v3", "c3", 0, 100, END + 1);
    theirs("v4", "c4", 0, 100, NOON);
    dygw_match_pairs(match);
    assert_string_equal(dygw_match_next_open(match, &position)->verify_id, "v2");
    assert_string_equal(dygw_match_next_open(match, &position)->verify_id, "v4");
    assert_null(dygw_match_next_open(match, &position));
    assert_null(dygw_match_next_open(match, &position));
}

static void a_row_of_another_day_that_is_found_is_the_partner(DYGW_UNUSED void **state)
{
    int position = 0;

    theirs("v1", "c1", 0, 100, NOON);
    dygw_match_pairs(match);
    dygw_match_next_open(match, &position);
    dygw_match_found(match, position, row(DYGW_SUCCESS, "v1", "c1", 100, END + 99999999));
    dygw_match_classify(match);
    assert_counts(1, 0, 0, 0, 0);
}

static void found(dygw_match_row_t *first, dygw_match_row_t *second)
{
    apr_array_header_t *rows = apr_array_make(pool, 2, sizeof(dygw_match_row_t *));
    int position = 0;

    APR_ARRAY_PUSH(rows, dygw_match_row_t *) = first;
    if (second) {
        APR_ARRAY_PUSH(rows, dygw_match_row_t *) = second;
    }
    theirs("v1", "c1", 0, 100, NOON);
    dygw_match_pairs(match);
    dygw_match_next_open(match, &position);
    dygw_match_found_coupon(match, position, rows);
    dygw_match_classify(match);
}

static void a_row_of_the_coupon_from_another_day_may_be_the_partner(DYGW_UNUSED void **state)
{
    found(row(DYGW_FAILED, NULL, "c1", 100, DYGW_NO_TIME), row(DYGW_SUCCESS, NULL, "c1", 100, END + 5));
    assert_counts(1, 0, 0, 0, 0);
}

static void a_row_that_is_still_open_is_shown_with_what_only_douyin_has(DYGW_UNUSED void **state)
{
    found(row(DYGW_PROCESSING, NULL, "c1", 100, DYGW_NO_TIME), NULL);
    assert_counts(0, 0, 1, 0, 0);
    assert_int_equal(pair(0)->ours->verify_status, DYGW_PROCESSING);
}

static void a_row_with_another_verify_id_is_not_shown(DYGW_UNUSED void **state)
{
    found(row(DYGW_SUCCESS, "v9", "c1", 100, NOON), NULL);
    assert_counts(0, 0, 1, 0, 0);
    assert_null(pair(0)->ours);
}

/* --- another account's records --- */

static void of_a_part_of_the_account_nothing_is_missed(DYGW_UNUSED void **state)
{
    match = dygw_match_make(START, END, 0, pool);
    ours(DYGW_SUCCESS, "v1", "c1", 100, NOON);
    ours(DYGW_SUCCESS, "v2", "c2", 100, NOON);
    theirs("v1", "c1", 0, 100, NOON);
    judge();
    assert_counts(1, 0, 0, 0, 0);
    assert_string_equal(dygw_match_figures(match, match->counts, pool),
                        "{\"matched\":1,\"only_here\":null,\"only_at_douyin\":0,"
                        "\"cancelled_at_douyin\":0,\"amount_differs\":0}");
}

/* --- JSON --- */

static void a_pair_is_told_with_both_sides_and_the_message(DYGW_UNUSED void **state)
{
    dygw_webhook_t message = { .action = "verify", .msg_time = START, .received_at = START + 1, .order_id = "1001" };

    ours(DYGW_SUCCESS, "v1", "c1", 100, NOON);
    theirs("v1", "c1", 1, 100, NOON);
    judge();
    assert_string_equal(dygw_match_item(pair(0), &message, pool),
                        "{\"class\":\"cancelled_at_douyin\",\"ours\":{\"id\":1,\"app_id\":3,\"app_name\":\"app\","
                        "\"poi_id\":\"poi\",\"store\":\"7001\",\"account_id\":\"acc\","
                        "\"verify_status\":\"success\",\"certificate_id\":\"c1\","
                        "\"verify_id\":\"v1\",\"order_id\":null,\"ext_order_id\":null,\"product_name\":null,"
                        "\"pay_amount\":100,\"verify_time\":\"2025-11-25T04:00:00.000Z\","
                        "\"created_at\":\"2025-11-25T04:00:00.000Z\",\"after_sale\":null},"
                        "\"douyin\":{\"verify_id\":\"v1\",\"certificate_id\":\"c1\",\"status\":\"cancelled\","
                        "\"verify_time\":\"2025-11-25T04:00:00.000Z\",\"cancel_time\":\"2025-11-25T04:00:01.000Z\","
                        "\"verify_type\":4,\"pay_amount\":100,\"sku_name\":\"sku\"},"
                        "\"webhook\":{\"action\":\"verify\",\"msg_time\":\"2025-11-24T16:00:00.000Z\","
                        "\"received_at\":\"2025-11-24T16:00:00.001Z\",\"order_id\":\"1001\"},\"explained_by\":null}");
}

static void a_side_that_is_not_there_is_null(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, "v1", NULL, DYGW_NO_INT, NOON);
    theirs("v2", NULL, 0, -1, DYGW_NO_TIME);
    judge();
    assert_non_null(
        strstr(dygw_match_item(pair(0), NULL, pool), "{\"class\":\"only_at_douyin\",\"ours\":null,\"douyin\":{"));
    assert_non_null(strstr(dygw_match_item(pair(0), NULL, pool),
                           "\"verify_time\":null,\"cancel_time\":null,\"verify_type\":4,"
                           "\"pay_amount\":null,"));
    assert_non_null(strstr(dygw_match_item(pair(1), NULL, pool), "\"pay_amount\":null,"));
    assert_non_null(strstr(dygw_match_item(pair(1), NULL, pool), ",\"douyin\":null,\"webhook\":null,"));
}

/* A refund that is under way or done; what else may be the reason is not known. */
static void a_refund_explains_what_differs(DYGW_UNUSED void **state)
{
    static const dygw_after_sale_e states[]
        = { DYGW_AFTER_SALE_NONE,    DYGW_AFTER_SALE_REQUESTED, DYGW_AFTER_SALE_AGREED,
            DYGW_AFTER_SALE_REFUSED, DYGW_AFTER_SALE_REFUNDED,  DYGW_AFTER_SALE_CLOSED };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        dygw_match_row_t *sold = row(DYGW_SUCCESS, "v1", "c1", 100, NOON);
        int explains = states[i] == DYGW_AFTER_SALE_REQUESTED || states[i] == DYGW_AFTER_SALE_AGREED
                       || states[i] == DYGW_AFTER_SALE_REFUNDED;
        dygw_verify_record_t record = { .verify_id = "v1" };
        dygw_match_class_e class;

        sold->after_sale = states[i];
        for (class = DYGW_ONLY_HERE; class < DYGW_MATCH_CLASSES; class ++) {
            const dygw_match_pair_t made = { class, sold, class == DYGW_ONLY_HERE ? NULL : &record };
            const char *item = dygw_match_item(&made, NULL, pool);

            assert_int_equal(strstr(item, ",\"explained_by\":\"after_sale\"}") != NULL,
                             explains && class != DYGW_ONLY_AT_DOUYIN);
            assert_int_equal(strstr(item, ",\"explained_by\":null}") != NULL,
                             !explains || class == DYGW_ONLY_AT_DOUYIN);
        }
    }
}

static void what_is_ours_tells_its_refund(DYGW_UNUSED void **state)
{
    dygw_match_row_t *sold = row(DYGW_SUCCESS, "v1", "c1", 100, NOON);

    sold->after_sale = DYGW_AFTER_SALE_REFUNDED;
    dygw_match_add_verification(match, sold);
    theirs("v1", "c1", 1, 100, NOON);
    judge();
    assert_int_equal(match->counts[DYGW_CANCELLED_AT_DOUYIN], 1);
    assert_non_null(strstr(dygw_match_item(pair(0), NULL, pool), "\"after_sale\":\"refunded\"},\"douyin\":{"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_class_has_its_counts_and_amounts),
        TEST(a_pair_has_both_sides),
        TEST(what_both_cancelled_matches_and_is_no_money),
        TEST(what_we_cancelled_and_douyin_counts_is_only_at_douyin),
        TEST(what_one_side_alone_cancelled_is_no_money),
        TEST(an_amount_that_one_side_lacks_differs),
        TEST(coupons_for_nothing_match),
        TEST(the_edges_of_the_day_are_its_first_and_last_ms),
        TEST(a_pair_across_midnight_is_of_douyins_day),
        TEST(a_record_without_a_time_is_of_the_day_it_was_asked_for),
        TEST(a_record_that_comes_twice_counts_once),
        TEST(a_row_without_verify_id_is_found_by_its_coupon),
        TEST(a_coupon_s_row_with_another_verify_id_is_none_of_it),
        TEST(uses_of_a_card_without_verify_id_each_have_their_own),
        TEST(a_row_of_the_right_id_goes_before_one_of_the_coupon),
        TEST(rows_that_redeemed_nothing_are_not_missed),
        TEST(records_of_the_day_without_partner_are_asked_about),
        TEST(a_row_of_another_day_that_is_found_is_the_partner),
        TEST(a_row_of_the_coupon_from_another_day_may_be_the_partner),
        TEST(a_row_that_is_still_open_is_shown_with_what_only_douyin_has),
        TEST(a_row_with_another_verify_id_is_not_shown),
        TEST(of_a_part_of_the_account_nothing_is_missed),
        TEST(a_pair_is_told_with_both_sides_and_the_message),
        TEST(a_side_that_is_not_there_is_null),
        TEST(a_refund_explains_what_differs),
        TEST(what_is_ours_tells_its_refund),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("gateway_match", tests, NULL, NULL);
}
