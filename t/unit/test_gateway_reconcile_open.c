/* SPDX-License-Identifier: Apache-2.0
 * A day that is compared while it is open: how far, when it is made again, and what becomes of it
 * when its tries fail, the clock is wrong, or midnight comes meanwhile.
 * links: gateway/reports/match.c gateway/reports/match_edge.c gateway/reports/match_item.c
 * links: gateway/reports/reconcile.c
 * links: gateway/reports/reconcile_days.c gateway/reports/reconcile_fetch.c gateway/reports/reconcile_steps.c
 * links: store/verification/words.c gateway/db_work.c gateway/account.c gateway/declared.c
 * helpers: reconciling.c own_pool.c */
#include "support/own_pool.h"
#include "support/reconciling.h"

#include <apr_general.h>

#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/day.h"

#define CHINA     480
#define MINUTE_MS APR_INT64_C(60000)
#define HOUR_MS   APR_INT64_C(3600000)
#define T0        APR_INT64_C(1764050400000) /* 2025-11-25T14:00+08:00, a Tuesday */
#define TODAY     "2025-11-25"
#define START     (T0 - 14 * HOUR_MS)
#define END       (START + DYGW_DAY_MS)
#define READY     (END + 2 * HOUR_MS)
#define EDGE_MS   (5 * MINUTE_MS)
#define TURNS_MAX 2000
#define TRIES_MAX 24

static dygw_gateway_t gateway;
static dygw_log_t log;
static dygw_reconcile_t *rec;

static int set_up(void **state)
{
    make_pool(state);
    world_begin(T0);
    gateway = (dygw_gateway_t){ .account_id = "acc", .time_zone = CHINA };
    assert_int_equal(dygw_reconcile_create(&rec, &(dygw_ctx_t){ &gateway, &log, pool }), APR_SUCCESS);
    return 0;
}

static int tear_down(void **state)
{
    static const dygw_clock_seen_t unseen;

    dygw_clock_note(DYGW_CLOCK_DOUYIN, &unseen);
    destroy_pool(state);
    world_end();
    return 0;
}

static void today_is_due(int tries)
{
    static dygw_reconciliation_t row;

    row = (dygw_reconciliation_t){ .day = TODAY,
                                   .account_id = "acc",
                                   .wanted_at = world.now_ms,
                                   .generated_at = DYGW_NO_TIME,
                                   .next_run_at = world.now_ms,
                                   .tries = tries };
    world.due_row = &row;
}

static void run(void)
{
    int turns = 0;

    do {
        assert_in_range(turns, 0, TURNS_MAX);
        dygw_reconcile_turn(rec, 1, world.due_row != NULL, 0);
        world.now_ms += 13;
    } while (++turns < TURNS_MAX && world.due_row);
    for (turns = 0; turns < 5; turns++) {
        dygw_reconcile_turn(rec, 1, 0, 0);
    }
}

static void turn(int times)
{
    while (times-- > 0) {
        dygw_reconcile_turn(rec, 1, 0, 0);
    }
}

static void ours(dygw_verify_status_e status, dygw_ms_t at)
{
    dygw_match_row_t *row = &world.ours[world.ours_count++];

    *row = (dygw_match_row_t){ .id = dygw_id_at(at) + world.ours_count,
                               .verify_status = status,
                               .verify_id = status == DYGW_PROCESSING ? NULL : "ours",
                               .verify_time = status == DYGW_PROCESSING ? DYGW_NO_TIME : at,
                               .created_at = at,
                               .updated_at = at,
                               .cancel_since = DYGW_NO_TIME };
}

/* --- how far --- */

static void today_is_compared_until_some_minutes_ago(DYGW_UNUSED void **state)
{
    ours(DYGW_SUCCESS, T0 - EDGE_MS - 1);
    ours(DYGW_PROCESSING, T0 - 2 * HOUR_MS);
    ours(DYGW_SUCCESS, T0 - 1000);
    today_is_due(0);
    run();
    assert_int_equal(world.done_calls, 1);
    assert_int_equal(world.done_until, T0 - EDGE_MS);
    assert_non_null(strstr(world.done_counts, "\"only_here\":1,"));
    assert_string_equal(world.done_left_out, "{\"recent_here\":1,\"recent_at_douyin\":0,\"processing\":1}");
}

static void today_is_made_again_when_douyin_has_all_of_it(DYGW_UNUSED void **state)
{
    today_is_due(0);
    run();
    assert_int_equal(world.done_next, READY);
    world.now_ms = READY;
    today_is_due(0);
    run();
    assert_int_equal(world.done_calls, 2);
    assert_int_equal(world.done_next, DYGW_NO_TIME);
    assert_int_equal(world.done_until, DYGW_NO_TIME);
    assert_string_equal(world.done_left_out, "");
}

/* Nothing of two minutes ago is sure, and what was before them is yesterday. */
static void two_minutes_after_midnight_nothing_is_compared_yet(DYGW_UNUSED void **state)
{
    world.now_ms = START + 2 * MINUTE_MS;
    ours(DYGW_SUCCESS, START);
    today_is_due(0);
    run();
    assert_int_equal(world.done_until, START);
    assert_string_equal(world.done_left_out, "{\"recent_here\":1,\"recent_at_douyin\":0,\"processing\":0}");
}

static void a_day_that_has_just_ended_has_its_edge_too(DYGW_UNUSED void **state)
{
    world.now_ms = END + 2 * MINUTE_MS;
    ours(DYGW_SUCCESS, END - 1);
    today_is_due(0);
    run();
    assert_int_equal(world.done_until, END - 3 * MINUTE_MS);
    assert_non_null(strstr(world.done_left_out, "\"recent_here\":1,"));
    world.now_ms = END + HOUR_MS;
    today_is_due(0);
    run();
    assert_int_equal(world.done_until, END);
    assert_int_equal(world.done_next, READY);
}

/* --- the pages --- */

static void what_is_redeemed_meanwhile_does_not_make_the_pages_endless(DYGW_UNUSED void **state)
{
    today_is_due(0);
    run();
    assert_in_range(world.last_question.end_time - T0, 0, EDGE_MS);
    assert_in_range(START - world.last_question.start_time, 1, 6 * HOUR_MS);
}

/* Each page moves the others on, so that each begins with what the one before ended with. */
static void a_list_that_grows_at_its_front_loses_and_doubles_nothing(DYGW_UNUSED void **state)
{
    world.records = 95;
    world.newest_first = 1;
    world.growth = 3;
    today_is_due(0);
    run();
    assert_int_equal(world.done_calls, 1);
    assert_non_null(strstr(world.done_counts, "\"only_at_douyin\":95,"));
    assert_int_equal(world.items_put, 95);
}

static void a_page_that_only_repeats_is_got_over(DYGW_UNUSED void **state)
{
    world.records = 30;
    world.newest_first = 1;
    world.growth = 20;
    today_is_due(0);
    for (int turns = 0; turns < 20 && world.asked < 3; turns++) {
        dygw_reconcile_turn(rec, 1, world.due_row != NULL, 0);
        world.now_ms += 13;
    }
    world.growth = 0;
    run();
    assert_int_equal(world.done_calls, 1);
    assert_non_null(strstr(world.done_counts, "\"only_at_douyin\":30,"));
}

static void a_list_that_only_repeats_ends(DYGW_UNUSED void **state)
{
    world.records = 30;
    world.newest_first = 1;
    world.growth = 20;
    today_is_due(0);
    run();
    assert_int_equal(world.failed_calls, 1);
    assert_string_equal(world.failed_why, "the pages of Douyin's verify records do not end");
}

/* --- midnight, and clocks --- */

static void a_run_that_midnight_overtakes_is_not_final(DYGW_UNUSED void **state)
{
    world.now_ms = END - 200;
    world.records = 61;
    world.page_ms = 80;
    world.newest_first = 1;
    today_is_due(0);
    run();
    assert_true(world.now_ms > END);
    assert_int_equal(world.done_until, END - 200 - EDGE_MS);
    assert_int_equal(world.done_next, READY);
}

static void a_run_that_becomes_ready_meanwhile_is_not_final(DYGW_UNUSED void **state)
{
    world.now_ms = READY - 50;
    world.page_ms = 80;
    today_is_due(0);
    run();
    assert_true(world.now_ms > READY);
    assert_int_equal(world.done_next, READY);
    assert_int_equal(world.done_until, END);
}

/* Douyin's clock tells that the day has not ended. */
static void a_clock_that_is_a_day_ahead_makes_nothing_final(DYGW_UNUSED void **state)
{
    const dygw_clock_seen_t seen = dygw_clock_see(T0);

    dygw_clock_note(DYGW_CLOCK_DOUYIN, &seen);
    world.now_ms = T0 + 24 * HOUR_MS;
    today_is_due(0);
    run();
    assert_int_equal(world.done_next, READY);
    assert_in_range(world.done_until, T0 - EDGE_MS - 1000, T0 - EDGE_MS + 1000);
}

static void a_clock_that_is_found_ahead_during_the_run_makes_nothing_final(DYGW_UNUSED void **state)
{
    const dygw_clock_seen_t seen = dygw_clock_see(T0);

    world.now_ms = T0 + 24 * HOUR_MS;
    today_is_due(0);
    turn(1);
    dygw_reconcile_turn(rec, 1, 1, 0);
    assert_int_equal(world.asked, 1);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &seen);
    run();
    assert_int_equal(world.done_calls, 0);
    assert_int_equal(world.failed_calls, 1);
    assert_int_equal(world.failed_tries, 1);
}

/* Set back by a day: the day that was wanted has not begun by it. */
static void a_day_that_has_not_begun_by_a_clock_that_was_set_back_is_compared_until_its_start(DYGW_UNUSED void **state)
{
    world.now_ms = T0 - 24 * HOUR_MS;
    today_is_due(0);
    run();
    assert_int_equal(world.done_calls, 1);
    assert_int_equal(world.done_until, START);
    assert_int_equal(world.done_next, READY);
}

/* --- what fails --- */

static void an_open_day_is_given_up_until_it_is_ready_only(DYGW_UNUSED void **state)
{
    world.failure = DYGW_REPLY_SETUP;
    world.failing = 100;
    today_is_due(TRIES_MAX - 2);
    run();
    assert_int_equal(world.failed_tries, TRIES_MAX - 1);
    assert_in_range(world.failed_next - world.now_ms, 1, HOUR_MS);
    world.now_ms += 10000;
    today_is_due(TRIES_MAX - 1);
    run();
    assert_int_equal(world.failed_next, READY);
    assert_int_equal(world.failed_tries, 0);
}

static void a_day_that_has_ended_is_given_up(DYGW_UNUSED void **state)
{
    world.now_ms = READY;
    world.failure = DYGW_REPLY_SETUP;
    world.failing = 100;
    today_is_due(TRIES_MAX - 1);
    run();
    assert_int_equal(world.failed_next, DYGW_NO_TIME);
    assert_int_equal(world.failed_tries, TRIES_MAX);
}

/* --- days around it --- */

/* Known until Tuesday; Friday was asked for in the evening; on Monday the gateway is on again. */
static void a_day_that_was_asked_for_while_it_was_open_hides_no_missing_day(DYGW_UNUSED void **state)
{
    world.known_day = TODAY;
    world.open_day = "2025-11-28";
    world.open_wanted_at = T0 + 76 * HOUR_MS;
    world.open_generated_at = T0 + 76 * HOUR_MS + 5000;
    world.now_ms = T0 + 6 * 24 * HOUR_MS;
    turn(2);
    assert_string_equal(world.added, "2025-11-26 2025-11-27 2025-11-28 2025-11-29 2025-11-30 ");
}

static void where_only_an_open_day_is_known_the_days_after_it_are_wanted(DYGW_UNUSED void **state)
{
    world.open_day = "2025-11-28";
    world.open_wanted_at = T0 + 76 * HOUR_MS;
    world.open_generated_at = DYGW_NO_TIME;
    world.now_ms = T0 + 6 * 24 * HOUR_MS;
    turn(2);
    assert_string_equal(world.added, "2025-11-28 2025-11-29 2025-11-30 ");
}

/* Wanted on Friday, but made on Saturday: Friday is over. */
static void a_day_that_was_made_after_its_end_is_like_any_other(DYGW_UNUSED void **state)
{
    world.open_day = "2025-11-28";
    world.open_wanted_at = T0 + 76 * HOUR_MS;
    world.open_generated_at = END + 3 * DYGW_DAY_MS + 2 * HOUR_MS;
    world.now_ms = T0 + 6 * 24 * HOUR_MS;
    turn(2);
    assert_string_equal(world.added, "2025-11-29 2025-11-30 ");
}

/* Of accounts that are not ours, too: nobody else would. */
static void days_that_were_left_open_are_closed_once_a_day(DYGW_UNUSED void **state)
{
    turn(3);
    assert_int_equal(world.closed_days, 31);
    assert_string_equal(world.closed_last, "2025-11-24");
    world.now_ms = READY - 1;
    turn(3);
    assert_int_equal(world.closed_days, 31);
    world.now_ms = READY;
    turn(3);
    assert_int_equal(world.closed_days, 62);
    assert_string_equal(world.closed_last, TODAY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(today_is_compared_until_some_minutes_ago),
        TEST(today_is_made_again_when_douyin_has_all_of_it),
        TEST(two_minutes_after_midnight_nothing_is_compared_yet),
        TEST(a_day_that_has_just_ended_has_its_edge_too),
        TEST(what_is_redeemed_meanwhile_does_not_make_the_pages_endless),
        TEST(a_list_that_grows_at_its_front_loses_and_doubles_nothing),
        TEST(a_page_that_only_repeats_is_got_over),
        TEST(a_list_that_only_repeats_ends),
        TEST(a_run_that_midnight_overtakes_is_not_final),
        TEST(a_run_that_becomes_ready_meanwhile_is_not_final),
        TEST(a_clock_that_is_a_day_ahead_makes_nothing_final),
        TEST(a_clock_that_is_found_ahead_during_the_run_makes_nothing_final),
        TEST(a_day_that_has_not_begun_by_a_clock_that_was_set_back_is_compared_until_its_start),
        TEST(an_open_day_is_given_up_until_it_is_ready_only),
        TEST(a_day_that_has_ended_is_given_up),
        TEST(a_day_that_was_asked_for_while_it_was_open_hides_no_missing_day),
        TEST(where_only_an_open_day_is_known_the_days_after_it_are_wanted),
        TEST(a_day_that_was_made_after_its_end_is_like_any_other),
        TEST(days_that_were_left_open_are_closed_once_a_day),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("gateway_reconcile_open", tests, NULL, NULL);
}
