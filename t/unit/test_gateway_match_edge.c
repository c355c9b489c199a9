/* SPDX-License-Identifier: Apache-2.0
 * A day that is compared while it is open: what may only be under way is left out, and counted
 * apart; what both sides have, and what is older, is compared as always.
 * links: gateway/reports/match.c gateway/reports/match_edge.c gateway/reports/match_item.c
 * links: store/verification/words.c
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
#define UNTIL (START + 43200000)
#define OLD   (UNTIL - 1)

static dygw_match_t *match;
static apr_int64_t last_id;

static void begin(dygw_ms_t until, int whole)
{
    match = dygw_match_make(START, END, whole, pool);
    match->until = until;
    last_id = 0;
}

static int set_up(void **state)
{
    make_pool(state);
    begin(UNTIL, 1);
    return 0;
}

static dygw_match_row_t *row(dygw_verify_status_e status, const char *certificate_id, dygw_ms_t at)
{
    dygw_match_row_t *made = apr_pcalloc(pool, sizeof(*made));

    *made = (dygw_match_row_t){
        .id = ++last_id,
        .verify_status = status,
        .certificate_id = certificate_id,
        .pay_amount = 100,
        .verify_time = status == DYGW_PROCESSING || status == DYGW_FAILED ? DYGW_NO_TIME : at,
        .created_at = at,
        .updated_at = at,
        .cancel_since = DYGW_NO_TIME,
    };
    return made;
}

static dygw_match_row_t *redeemed(const char *verify_id, dygw_ms_t at)
{
    dygw_match_row_t *made = row(DYGW_SUCCESS, apr_pstrcat(pool, "c-", verify_id, NULL), at);

    made->verify_id = verify_id;
    return made;
}

static void ours(const char *verify_id, dygw_ms_t at)
{
    dygw_match_add_verification(match, redeemed(verify_id, at));
}

static dygw_verify_record_t theirs(const char *verify_id, dygw_ms_t at)
{
    return (dygw_verify_record_t){ .verify_id = verify_id,
                                   .certificate_id = apr_pstrcat(pool, "c-", verify_id, NULL),
                                   .verify_time = at,
                                   .cancel_time = DYGW_NO_TIME,
                                   .pay_amount = 100 };
}

static void record(const char *verify_id, dygw_ms_t at)
{
    const dygw_verify_record_t made = theirs(verify_id, at);

    dygw_match_add_record(match, &made);
}

/* What the database has for the next record without a partner. */
static void found(int *position, dygw_match_row_t *candidate)
{
    apr_array_header_t *candidates = apr_array_make(pool, 2, sizeof(dygw_match_row_t *));

    assert_non_null(dygw_match_next_open(match, position));
    APR_ARRAY_PUSH(candidates, const dygw_match_row_t *) = candidate;
    dygw_match_found_coupon(match, *position, candidates);
}

static void is_left_out(int here, int at_douyin, int unsettled, int matched, int different)
{
    dygw_match_classify(match);
    assert_int_equal(match->left_out[DYGW_RECENT_HERE], here);
    assert_int_equal(match->left_out[DYGW_RECENT_AT_DOUYIN], at_douyin);
    assert_int_equal(match->left_out[DYGW_UNSETTLED], unsettled);
    assert_int_equal(match->counts[DYGW_MATCHED], matched);
    assert_int_equal(match->pairs->nelts, different);
}

static void what_one_side_has_of_the_last_minutes_is_no_difference(DYGW_UNUSED void **state)
{
    ours("1", UNTIL);
    ours("2", END - 1);
    record("3", UNTIL);
    dygw_match_pairs(match);
    is_left_out(2, 1, 0, 0, 0);
    assert_string_equal(dygw_match_left_out(match, pool),
                        "{\"recent_here\":2,\"recent_at_douyin\":1,\"processing\":0}");
    assert_int_equal(match->amounts[DYGW_ONLY_HERE] + match->amounts[DYGW_ONLY_AT_DOUYIN], 0);
}

static void what_one_side_has_of_before_is_a_difference(DYGW_UNUSED void **state)
{
    ours("1", OLD);
    record("2", OLD);
    dygw_match_pairs(match);
    is_left_out(0, 0, 0, 0, 2);
    assert_int_equal(match->counts[DYGW_ONLY_HERE], 1);
    assert_int_equal(match->counts[DYGW_ONLY_AT_DOUYIN], 1);
}

/* Our clock and Douyin's may differ, so that one of the two lies before the edge. */
static void what_both_sides_have_of_the_last_minutes_matches(DYGW_UNUSED void **state)
{
    ours("1", UNTIL);
    record("1", UNTIL + 5);
    ours("2", OLD);
    record("2", UNTIL);
    ours("3", UNTIL);
    record("3", OLD);
    dygw_match_pairs(match);
    is_left_out(0, 0, 0, 3, 0);
}

static void another_amount_is_a_difference_whenever_it_was(DYGW_UNUSED void **state)
{
    dygw_match_row_t *dearer = redeemed("1", UNTIL + 5);

    dearer->pay_amount = 101;
    dygw_match_add_verification(match, dearer);
    record("1", UNTIL + 5);
    dygw_match_pairs(match);
    is_left_out(0, 0, 0, 0, 1);
    assert_int_equal(match->counts[DYGW_AMOUNT_DIFFERS], 1);
}

static void an_amount_that_is_not_known_yet_is_left_out_for_minutes_only(DYGW_UNUSED void **state)
{
    dygw_match_row_t *recent = redeemed("1", UNTIL);
    dygw_match_row_t *old = redeemed("2", OLD);

    recent->pay_amount = old->pay_amount = DYGW_NO_INT;
    dygw_match_add_verification(match, recent);
    dygw_match_add_verification(match, old);
    record("1", UNTIL);
    record("2", OLD);
    dygw_match_pairs(match);
    is_left_out(0, 1, 0, 0, 1);
}

static void what_is_not_settled_is_left_out_at_any_time_of_the_day(DYGW_UNUSED void **state)
{
    dygw_match_row_t *processing = row(DYGW_PROCESSING, "c-1", START);
    int position = 0;

    dygw_match_add_verification(match, processing);
    dygw_match_add_verification(match, row(DYGW_PROCESSING, "c-9", START - 1));
    dygw_match_add_verification(match, row(DYGW_PROCESSING, "c-8", END));
    record("1", START + 5);
    dygw_match_pairs(match);
    found(&position, processing);
    is_left_out(0, 0, 1, 0, 0);
}

/* Sent yesterday, redeemed today. */
static void what_was_not_settled_since_yesterday_counts_where_douyin_has_it(DYGW_UNUSED void **state)
{
    dygw_match_row_t *processing = row(DYGW_PROCESSING, "c-1", START - 5);
    int position = 0;

    dygw_match_add_verification(match, processing);
    record("1", START + 5);
    dygw_match_pairs(match);
    found(&position, processing);
    is_left_out(0, 0, 1, 0, 0);
}

static void one_that_is_not_settled_explains_one_record(DYGW_UNUSED void **state)
{
    dygw_match_row_t *processing = row(DYGW_PROCESSING, "c-1", START);
    int position = 0;

    dygw_match_add_verification(match, processing);
    record("1", START + 5);
    record("2", START + 6);
    dygw_match_pairs(match);
    found(&position, processing);
    found(&position, processing);
    is_left_out(0, 0, 1, 0, 1);
}

static void what_is_settled_before_it_is_found_is_not_left_out(DYGW_UNUSED void **state)
{
    dygw_match_row_t *settled;
    int position = 0;

    dygw_match_add_verification(match, row(DYGW_PROCESSING, "c-1", START));
    record("1", START + 5);
    dygw_match_pairs(match);
    settled = redeemed("1", START + 5);
    settled->id = 1;
    assert_non_null(dygw_match_next_open(match, &position));
    dygw_match_found(match, position, settled);
    is_left_out(0, 0, 0, 1, 0);
}

static void what_has_failed_here_is_a_difference_but_of_the_last_minutes(DYGW_UNUSED void **state)
{
    int position = 0;

    record("1", OLD);
    record("2", UNTIL);
    dygw_match_pairs(match);
    found(&position, row(DYGW_FAILED, "c-1", OLD));
    found(&position, row(DYGW_FAILED, "c-2", UNTIL));
    is_left_out(0, 1, 0, 0, 1);
}

static void a_cancel_of_the_last_minutes_is_no_difference(DYGW_UNUSED void **state)
{
    dygw_match_row_t *cancelled = redeemed("1", OLD);
    dygw_verify_record_t there = theirs("2", OLD);

    cancelled->verify_status = DYGW_CANCELLED;
    cancelled->updated_at = UNTIL;
    dygw_match_add_verification(match, cancelled);
    record("1", OLD);
    ours("2", OLD);
    there.cancelled = 1;
    there.cancel_time = UNTIL;
    dygw_match_add_record(match, &there);
    dygw_match_pairs(match);
    is_left_out(1, 1, 0, 0, 0);
}

static void a_cancel_of_before_is_a_difference(DYGW_UNUSED void **state)
{
    dygw_match_row_t *cancelled = redeemed("1", OLD - 9);
    dygw_verify_record_t there = theirs("2", OLD - 9);

    cancelled->verify_status = DYGW_CANCELLED;
    cancelled->updated_at = OLD;
    dygw_match_add_verification(match, cancelled);
    record("1", OLD - 9);
    ours("2", OLD - 9);
    there.cancelled = 1;
    there.cancel_time = OLD;
    dygw_match_add_record(match, &there);
    dygw_match_pairs(match);
    is_left_out(0, 0, 0, 0, 2);
}

static void a_cancel_that_is_not_known_to_be_done_is_left_out(DYGW_UNUSED void **state)
{
    dygw_match_row_t *wanted = redeemed("1", OLD);
    dygw_verify_record_t there = theirs("1", OLD);

    wanted->cancel_since = OLD;
    dygw_match_add_verification(match, wanted);
    there.cancelled = 1;
    there.cancel_time = OLD;
    dygw_match_add_record(match, &there);
    dygw_match_pairs(match);
    is_left_out(0, 0, 1, 0, 0);
}

static void of_another_account_only_its_own_records_are_left_out(DYGW_UNUSED void **state)
{
    begin(UNTIL, 0);
    ours("1", UNTIL);
    dygw_match_add_verification(match, row(DYGW_PROCESSING, "c-7", START));
    record("2", UNTIL);
    dygw_match_pairs(match);
    is_left_out(0, 1, 0, 0, 0);
    assert_string_equal(dygw_match_left_out(match, pool),
                        "{\"recent_here\":null,\"recent_at_douyin\":1,\"processing\":0}");
}

static void a_whole_day_leaves_out_nothing(DYGW_UNUSED void **state)
{
    dygw_match_row_t *processing = row(DYGW_PROCESSING, "c-3", UNTIL);
    int position = 0;

    begin(DYGW_NO_TIME, 1);
    ours("1", END - 1);
    record("2", END - 1);
    dygw_match_add_verification(match, processing);
    record("3", UNTIL);
    dygw_match_pairs(match);
    found(&position, row(DYGW_FAILED, "c-2", END - 1));
    found(&position, processing);
    is_left_out(0, 0, 0, 0, 3);
    assert_null(dygw_match_left_out(match, pool));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_one_side_has_of_the_last_minutes_is_no_difference),
        TEST(what_one_side_has_of_before_is_a_difference),
        TEST(what_both_sides_have_of_the_last_minutes_matches),
        TEST(another_amount_is_a_difference_whenever_it_was),
        TEST(an_amount_that_is_not_known_yet_is_left_out_for_minutes_only),
        TEST(what_is_not_settled_is_left_out_at_any_time_of_the_day),
        TEST(what_was_not_settled_since_yesterday_counts_where_douyin_has_it),
        TEST(one_that_is_not_settled_explains_one_record),
        TEST(what_is_settled_before_it_is_found_is_not_left_out),
        TEST(what_has_failed_here_is_a_difference_but_of_the_last_minutes),
        TEST(a_cancel_of_the_last_minutes_is_no_difference),
        TEST(a_cancel_of_before_is_a_difference),
        TEST(a_cancel_that_is_not_known_to_be_done_is_left_out),
        TEST(of_another_account_only_its_own_records_are_left_out),
        TEST(a_whole_day_leaves_out_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("gateway_match_edge", tests, NULL, NULL);
}
