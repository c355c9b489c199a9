/* SPDX-License-Identifier: Apache-2.0
 * The background's reconciliation, turn by turn: which days are wanted, how pages are asked for,
 * what a failure does, and when a run is dropped.
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
#define HOUR_MS   APR_INT64_C(3600000)
#define T0        APR_INT64_C(1764050400000) /* 2025-11-25T14:00+08:00 */
#define TURNS_MAX 2000

#define ACCOUNTS 40 /* more than are looked at in one turn */

static dygw_gateway_t gateway;
static dygw_declared_t *declared;
static dygw_log_t log;
static dygw_reconcile_t *rec;

static int set_up(void **state)
{
    make_pool(state);
    world_begin(T0);
    declared = NULL;
    gateway = (dygw_gateway_t){ .account_id = "acc", .time_zone = CHINA };
    assert_int_equal(dygw_reconcile_create(&rec, &(dygw_ctx_t){ &gateway, &log, pool }), APR_SUCCESS);
    return 0;
}

static int tear_down(void **state)
{
    destroy_pool(state);
    world_end();
    return 0;
}

static void day_is_due(const char *day, int tries)
{
    static dygw_reconciliation_t row;

    row = (dygw_reconciliation_t){ .day = day,
                                   .account_id = "acc",
                                   .wanted_at = T0,
                                   .generated_at = DYGW_NO_TIME,
                                   .next_run_at = T0,
                                   .tries = tries };
    world.due_row = &row;
}

/* Turns until there is nothing to do; the clock goes on meanwhile. */
static void run(void)
{
    int turns = 0;

    do {
        assert_in_range(turns, 0, TURNS_MAX);
        dygw_reconcile_turn(rec, 1, world.due_row != NULL, 0);
        assert_int_equal(world.units, 0);
        world.now_ms += 13;
    } while (++turns < TURNS_MAX && world.due_row);
    /* and what is to be tidied */
    for (turns = 0; turns < 5; turns++) {
        dygw_reconcile_turn(rec, 1, 0, 0);
    }
}

static void a_gateway_that_begins_wants_no_day(DYGW_UNUSED void **state)
{
    dygw_reconcile_turn(rec, 1, 0, 0);
    assert_string_equal(world.added, "");
}

static void the_last_day_is_wanted_where_there_was_something(DYGW_UNUSED void **state)
{
    world.began = 1;
    dygw_reconcile_turn(rec, 1, 0, 0);
    dygw_reconcile_turn(rec, 1, 0, 0);
    assert_string_equal(world.added, "2025-11-24 ");
}

static void days_that_were_missed_are_wanted(DYGW_UNUSED void **state)
{
    world.known_day = "2025-11-21";
    dygw_reconcile_turn(rec, 1, 0, 0);
    assert_string_equal(world.added, "2025-11-22 2025-11-23 2025-11-24 ");
}

/* Douyin's clock tells that no day has ended but the last one. */
static void a_clock_that_is_days_ahead_wants_no_day_that_has_not_ended(DYGW_UNUSED void **state)
{
    static const dygw_clock_seen_t unseen;
    const dygw_clock_seen_t seen = dygw_clock_see(T0);

    world.known_day = "2025-11-23";
    world.now_ms = T0 + 72 * HOUR_MS;
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &seen);
    dygw_reconcile_turn(rec, 1, 0, 0);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &unseen);
    assert_string_equal(world.added, "2025-11-24 ");
}

/* 02:00 in China. */
static void a_day_is_wanted_two_hours_after_its_end(DYGW_UNUSED void **state)
{
    world.began = 1;
    dygw_reconcile_turn(rec, 1, 0, 0);
    world.known_day = "2025-11-24";
    world.added[0] = '\0';
    world.now_ms = T0 + 12 * HOUR_MS - 1;
    dygw_reconcile_turn(rec, 1, 0, 0);
    assert_string_equal(world.added, "");
    world.now_ms++;
    dygw_reconcile_turn(rec, 1, 0, 0);
    assert_string_equal(world.added, "2025-11-25 ");
}

static void a_host_without_the_lease_wants_nothing(DYGW_UNUSED void **state)
{
    world.began = 1;
    day_is_due("2025-11-24", 0);
    assert_int_equal(dygw_reconcile_turn(rec, 0, 1, 0), 0);
    assert_string_equal(world.added, "");
    assert_int_equal(world.asked, 0);
}

static void without_an_account_no_day_is_wanted(DYGW_UNUSED void **state)
{
    world.began = 1;
    gateway.account_id = NULL;
    dygw_reconcile_turn(rec, 1, 0, 0);
    assert_string_equal(world.added, "");
}

/* --- several accounts --- */

static const dygw_declared_store_t stores[] = {
    { .code = "s1", .poi_id = "p1", .account_id = "a1" },
    { .code = "s2", .poi_id = "p2", .account_id = "a2" },
    { .code = "s3", .poi_id = "p3", .account_id = "a1" },
    { .code = "s4", .poi_id = "p4" },
};

static void declare(const dygw_declared_store_t *store)
{
    const char *field;

    declared = declared ? declared : dygw_declared_create(pool);
    gateway.declared = declared;
    assert_null(dygw_declared_add_store(declared, store, &field));
}

static void declare_stores(void)
{
    for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
        declare(&stores[i]);
    }
}

static void turn(int times)
{
    while (times-- > 0) {
        dygw_reconcile_turn(rec, 1, 0, 0);
    }
}

static void each_account_has_its_own_missing_days(DYGW_UNUSED void **state)
{
    declare_stores();
    world.known_day = "2025-11-22";
    world.known_account = "a1";
    world.began = 1;
    world.began_in = "p2";
    turn(3);
    assert_string_equal(world.added, "2025-11-24 a1:2025-11-23 a1:2025-11-24 a2:2025-11-24 ");
}

static void declared_accounts_need_no_default(DYGW_UNUSED void **state)
{
    gateway.account_id = NULL;
    declare_stores();
    world.known_day = "2025-11-23";
    turn(3);
    assert_string_equal(world.added, "a1:2025-11-24 a2:2025-11-24 ");
}

/* Douyin has of it only what other programs redeemed. */
static void a_merchant_without_a_redemption_of_ours_waits_for_the_first(DYGW_UNUSED void **state)
{
    declare_stores();
    world.known_day = "2025-11-24";
    world.known_account = "acc";
    world.began = 1;
    world.began_in = "p3";
    turn(3);
    assert_string_equal(world.added, "a1:2025-11-24 ");
}

static void many_accounts_are_looked_at_in_several_turns(DYGW_UNUSED void **state)
{
    int turns = 1;

    for (int i = 0; i < ACCOUNTS; i++) {
        dygw_declared_store_t *store = apr_pcalloc(pool, sizeof(*store));

        store->code = store->poi_id = apr_psprintf(pool, "p%d", i);
        store->account_id = apr_psprintf(pool, "a%d", i);
        declare(store);
    }
    world.known_day = "2025-11-24";
    assert_int_equal(dygw_reconcile_turn(rec, 1, 0, 0), 1);
    assert_in_range(world.looked, 1, ACCOUNTS / 2);
    while (dygw_reconcile_turn(rec, 1, 0, 0)) {
        assert_in_range(++turns, 1, ACCOUNTS);
    }
    assert_int_equal(world.looked, ACCOUNTS + 1);
    turn(3);
    assert_int_equal(world.looked, ACCOUNTS + 1);
}

/* A record of ours at noon of 2025-11-23. */
static void redeemed(const char *poi_id, const char *account_id)
{
    dygw_ms_t noon = T0 - 50 * HOUR_MS;
    dygw_match_row_t *row = &world.ours[world.ours_count++];

    *row = (dygw_match_row_t){ .id = dygw_id_at(noon) + world.ours_count,
                               .app_id = 1,
                               .poi_id = poi_id,
                               .account_id = account_id,
                               .verify_status = DYGW_SUCCESS,
                               .verify_id = apr_psprintf(pool, "ours-%d", world.ours_count),
                               .pay_amount = 1,
                               .verify_time = noon,
                               .created_at = noon };
}

/* Of a1: p1 as recorded, p3 by its declaration; p2 that was a1's once; not p1 that was a2's. */
static void redeem_everywhere(void)
{
    redeemed("p1", "a1");
    redeemed("p3", NULL);
    redeemed("p2", "a1");
    redeemed("p1", "a2");
    redeemed("p2", NULL);
    redeemed("p9", NULL);
    redeemed("p4", NULL);
    redeemed("p9", "gone");
    world.ours[world.ours_count - 1].store = "9"; /* a store whose merchant is gone */
}

static void run_for(const char *account)
{
    day_is_due("2025-11-23", 0);
    world.due_row->account_id = account;
    run();
    assert_string_equal(world.done_account, account);
    assert_string_equal(world.last_question.account_id, account);
}

static void only_records_of_the_account_are_missed_at_douyin(DYGW_UNUSED void **state)
{
    declare_stores();
    redeem_everywhere();
    run_for("a1");
    assert_non_null(strstr(world.done_counts, "\"only_here\":3,"));
    world.items_put = 0;
    run_for("a2");
    assert_non_null(strstr(world.done_counts, "\"only_here\":2,"));
    world.items_put = 0;
    run_for("acc");
    assert_non_null(strstr(world.done_counts, "\"only_here\":2,"));
    world.items_put = 0;
    run_for("gone");
    assert_non_null(strstr(world.done_counts, "\"only_here\":null,"));
}

static void all_pages_are_fetched_and_all_items_written(DYGW_UNUSED void **state)
{
    world.records = 61;
    day_is_due("2025-11-23", 0);
    run();
    assert_string_equal(world.cursors, "- 20 40 60 ");
    assert_int_equal(world.items_put, 61);
    assert_int_equal(world.done_calls, 1);
    assert_int_equal(world.done_early, 0);
    assert_int_equal(world.tidied, 2);
    assert_non_null(strstr(world.done_counts, "\"only_at_douyin\":61,"));
}

static void a_full_last_page_is_followed_by_an_empty_one(DYGW_UNUSED void **state)
{
    world.records = 20;
    day_is_due("2025-11-23", 0);
    run();
    assert_string_equal(world.cursors, "- 20 ");
    assert_int_equal(world.items_put, 20);
    assert_int_equal(world.done_calls, 1);
}

static void the_day_is_asked_for_with_some_time_around_it(DYGW_UNUSED void **state)
{
    dygw_ms_t start = 0;

    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(dygw_day_start("2025-11-23", CHINA, &start), APR_SUCCESS);
    assert_string_equal(world.last_question.account_id, "acc");
    assert_in_range(start - world.last_question.start_time, 1, 6 * HOUR_MS);
    assert_in_range(world.last_question.end_time - start - DYGW_DAY_MS, 1, HOUR_MS);
}

/* 100 calls a second are allowed. */
static void pages_keep_their_distance(DYGW_UNUSED void **state)
{
    int turns, i;

    world.records = 400;
    day_is_due("2025-11-23", 0);
    for (turns = 0; turns < TURNS_MAX && world.due_row; turns++) {
        dygw_reconcile_turn(rec, 1, world.due_row != NULL, 0);
        world.now_ms++;
    }
    assert_int_equal(world.asked, 21);
    for (i = 1; i < world.asked; i++) {
        assert_true(world.asked_at[i] - world.asked_at[i - 1] >= 10);
    }
}

static void pages_that_do_not_end_are_a_failure(DYGW_UNUSED void **state)
{
    world.records = 100;
    world.repeat_pages = 1;
    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(world.asked, 2);
    assert_int_equal(world.failed_calls, 1);
    assert_string_equal(world.failed_why, "the pages of Douyin's verify records do not end");
    assert_int_equal(world.done_calls, 0);
}

static void a_busy_douyin_is_asked_again_with_growing_pauses(DYGW_UNUSED void **state)
{
    world.failure = DYGW_REPLY_BUSY;
    world.failing = 3;
    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(world.done_calls, 1);
    assert_int_equal(world.asked, 4);
    assert_in_range(world.asked_at[1] - world.asked_at[0], 1000, 1100);
    assert_in_range(world.asked_at[2] - world.asked_at[1], 2000, 2100);
    assert_in_range(world.asked_at[3] - world.asked_at[2], 4000, 4100);
}

static void a_douyin_that_stays_away_fails_the_day(DYGW_UNUSED void **state)
{
    world.failure = DYGW_REPLY_TIMEOUT;
    world.failing = 100;
    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(world.asked, 5);
    assert_int_equal(world.failed_calls, 1);
    assert_string_equal(world.failed_why, "Douyin does not answer");
    assert_in_range(world.failed_next - world.now_ms, 59000, 60000);
}

static void a_refusal_fails_the_day_at_once_and_is_told(DYGW_UNUSED void **state)
{
    world.failure = DYGW_REPLY_SETUP;
    world.failing = 100;
    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(world.asked, 1);
    assert_non_null(strstr(world.failed_why, "2190004"));
    assert_non_null(strstr(world.failed_why, "no scope"));
}

static void pauses_grow_to_an_hour_and_end_after_a_day(DYGW_UNUSED void **state)
{
    static const struct {
        int tries;
        int minutes;
    } pauses[] = {
        { 0, 1 }, { 1, 2 }, { 5, 32 }, { 6, 60 }, { 22, 60 },
    };

    world.failure = DYGW_REPLY_SETUP;
    world.failing = 100;
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        day_is_due("2025-11-23", pauses[i].tries);
        run();
        assert_in_range(world.failed_next - world.now_ms, (pauses[i].minutes - 1) * 60000 + 59000,
                        pauses[i].minutes * 60000);
        world.now_ms += 10000;
    }
    day_is_due("2025-11-23", 23);
    run();
    assert_int_equal(world.failed_next, DYGW_NO_TIME);
}

static void a_dead_token_is_renewed_once_for_a_page(DYGW_UNUSED void **state)
{
    world.failure = DYGW_REPLY_TOKEN;
    world.failing = 1;
    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(world.renewals, 1);
    assert_int_equal(world.done_calls, 1);
    world.failing = 100;
    world.renewals = 0;
    world.now_ms += 10000;
    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(world.renewals, 1);
    assert_int_equal(world.failed_calls, 1);
}

static void without_a_token_the_day_waits(DYGW_UNUSED void **state)
{
    world.no_token = 1;
    day_is_due("2025-11-23", 0);
    run();
    assert_int_equal(world.asked, 0);
    assert_string_equal(world.failed_why, "there is no access token");
}

static void a_run_is_dropped_when_the_lease_goes(DYGW_UNUSED void **state)
{
    world.records = 100;
    world.held = 1;
    day_is_due("2025-11-23", 0);
    assert_int_equal(dygw_reconcile_turn(rec, 1, 1, 0), 1);
    assert_int_equal(world.asked, 1);
    assert_int_equal(dygw_reconcile_turn(rec, 0, 0, 0), 1); /* the call is under way */
    world.held = 0;
    assert_int_equal(dygw_reconcile_turn(rec, 0, 0, 0), 0);
    assert_int_equal(dygw_reconcile_turn(rec, 0, 0, 0), 0);
    assert_int_equal(world.done_calls + world.failed_calls + world.items_put, 0);
    run();
    assert_int_equal(world.done_calls, 1);
    assert_string_equal(world.cursors, "- - 20 40 60 80 100 ");
}

static void a_call_under_way_does_not_hinder_the_end(DYGW_UNUSED void **state)
{
    world.held = 1;
    day_is_due("2025-11-23", 0);
    dygw_reconcile_turn(rec, 1, 1, 0);
    assert_int_equal(world.asked, 1);
}

static void a_database_that_is_away_is_left_alone_for_a_while(DYGW_UNUSED void **state)
{
    world.db_away = 1;
    day_is_due("2025-11-23", 0);
    assert_int_equal(dygw_reconcile_turn(rec, 1, 1, 0), 0);
    world.db_away = 0;
    dygw_reconcile_turn(rec, 1, 1, 0);
    assert_int_equal(world.asked, 0);
    world.now_ms += 6000;
    run();
    assert_int_equal(world.done_calls, 1);
}

/* 14:00 on the 25th is within two hours of no day's end; 00:30 is. */
static void what_was_asked_for_early_is_done_again(DYGW_UNUSED void **state)
{
    world.now_ms = T0 + 10 * HOUR_MS + 1800000;
    day_is_due("2025-11-25", 0);
    run();
    assert_int_equal(world.done_calls, 1);
    assert_int_equal(world.done_early, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_gateway_that_begins_wants_no_day),
        TEST(the_last_day_is_wanted_where_there_was_something),
        TEST(days_that_were_missed_are_wanted),
        TEST(a_clock_that_is_days_ahead_wants_no_day_that_has_not_ended),
        TEST(a_day_is_wanted_two_hours_after_its_end),
        TEST(a_host_without_the_lease_wants_nothing),
        TEST(without_an_account_no_day_is_wanted),
        TEST(each_account_has_its_own_missing_days),
        TEST(declared_accounts_need_no_default),
        TEST(a_merchant_without_a_redemption_of_ours_waits_for_the_first),
        TEST(many_accounts_are_looked_at_in_several_turns),
        TEST(only_records_of_the_account_are_missed_at_douyin),
        TEST(all_pages_are_fetched_and_all_items_written),
        TEST(a_full_last_page_is_followed_by_an_empty_one),
        TEST(the_day_is_asked_for_with_some_time_around_it),
        TEST(pages_keep_their_distance),
        TEST(pages_that_do_not_end_are_a_failure),
        TEST(a_busy_douyin_is_asked_again_with_growing_pauses),
        TEST(a_douyin_that_stays_away_fails_the_day),
        TEST(a_refusal_fails_the_day_at_once_and_is_told),
        TEST(pauses_grow_to_an_hour_and_end_after_a_day),
        TEST(a_dead_token_is_renewed_once_for_a_page),
        TEST(without_a_token_the_day_waits),
        TEST(a_run_is_dropped_when_the_lease_goes),
        TEST(a_call_under_way_does_not_hinder_the_end),
        TEST(a_database_that_is_away_is_left_alone_for_a_while),
        TEST(what_was_asked_for_early_is_done_again),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("gateway_reconcile", tests, NULL, NULL);
}
