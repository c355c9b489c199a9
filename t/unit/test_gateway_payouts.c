/* SPDX-License-Identifier: Apache-2.0
 * The background's questions about what will be paid out, turn by turn: which redemptions are asked
 * about when, what a failure does, and what is dropped with the lease.
 * links: gateway/reports/payouts.c gateway/reports/payout_batch.c gateway/reports/payout_lines.c
 * links: gateway/db_work.c gateway/account.c gateway/declared.c douyin/codes.c
 * helpers: payouts_world.c own_pool.c */
#include "support/own_pool.h"
#include "support/payouts_world.h"

#include <apr_general.h>

#include "store/verification/id.h"
#include "util/compiler.h"
#include "util/metrics.h"

#define T0      APR_INT64_C(1764050400000)
#define HOUR_MS APR_INT64_C(3600000)
#define STEP_MS 20
#define SLOW_MS 1000 /* between two turns, for tests of days */

static dygw_gateway_t gateway;
static dygw_log_t log;
static dygw_payouts_t *payouts;

static int set_up(void **state)
{
    void *metrics;

    make_pool(state);
    world_begin(T0);
    metrics = apr_palloc(pool, dygw_metrics_size());
    dygw_metrics_format(metrics);
    gateway = (dygw_gateway_t){ .account_id = "acc", .metrics = dygw_metrics_attach(metrics, pool) };
    assert_int_equal(dygw_payouts_create(&payouts, &(dygw_ctx_t){ &gateway, &log, pool }), APR_SUCCESS);
    return 0;
}

static int tear_down(void **state)
{
    destroy_pool(state);
    world_end();
    return 0;
}

/* Turns for so long. */
static void turn_by_steps(dygw_payouts_turn_e turn, dygw_ms_t ms, dygw_ms_t step)
{
    const dygw_ms_t end = world.now_ms + ms;

    while (world.now_ms < end) {
        dygw_payouts_turn(payouts, turn, 0);
        assert_int_equal(world.units, 0);
        world.now_ms += step;
    }
}

static void run(dygw_ms_t ms)
{
    turn_by_steps(DYGW_PAYOUTS_WORK, ms, STEP_MS);
}

static void run_slowly(dygw_ms_t ms)
{
    turn_by_steps(DYGW_PAYOUTS_WORK, ms, SLOW_MS);
}

static void redeem(int count, const char *account_id)
{
    for (int i = 0; i < count; i++) {
        world_redeemed(apr_psprintf(pool, "%s-c%d", account_id ? account_id : "", i), account_id, T0);
    }
}

/* --- which --- */

static void a_host_without_the_lease_does_nothing(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    assert_int_equal(dygw_payouts_turn(payouts, DYGW_PAYOUTS_LEAVE, 0), 0);
    assert_int_equal(world.asked + world.pieces, 0);
}

static void who_begins_to_lead_walks_a_week_and_up_to_seventy_minutes_ago(DYGW_UNUSED void **state)
{
    world.left_to_walk = 1200;
    run(1000);
    assert_int_equal(world.left_to_walk, 0);
    assert_in_range(T0 - dygw_id_time(world.first_after), 7 * DAY_MS, 9 * DAY_MS);
    assert_in_range(world.now_ms - dygw_id_time(world.last_below), 70 * 60000, 70 * 60000 + 1000);
}

static void the_walk_looks_back_now_and_then_for_what_was_settled_late(DYGW_UNUSED void **state)
{
    run(25 * 60000);
    world.pieces = 0;
    run(15000);
    assert_in_range(world.now_ms - dygw_id_time(world.first_after), 3 * DAY_MS, 9 * DAY_MS); /* nothing was there */
    world.left_to_walk = 1;
    run(15000);
    world.pieces = 0;
    run(15000);
    assert_in_range(world.now_ms - dygw_id_time(world.first_after), HOUR_MS, 2 * HOUR_MS);
    run(10 * 60000);
    world.pieces = 0;
    run(25 * 60000);
    assert_in_range(world.now_ms - dygw_id_time(world.first_after), 49 * HOUR_MS, 53 * HOUR_MS);
}

/* One row passes the edge in each turn. */
static void a_walk_ends_however_many_redemptions_follow(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    for (int i = 0; i < HOUR_MS / STEP_MS; i++) {
        world.left_to_walk++;
        run(STEP_MS);
    }
    assert_int_equal(world.rows[0].writes, 1);
    assert_in_range(world.pieces, 300, 1000);
    assert_in_range(world.left_to_walk, 0, 600);
}

static void a_walk_goes_on_piece_by_piece_and_then_pauses(DYGW_UNUSED void **state)
{
    world.left_to_walk = 1200;
    run(9000);
    assert_int_equal(world.pieces, 3);
    world.left_to_walk = 1;
    run(500);
    assert_int_equal(world.pieces, 3);
    run(1000);
    assert_int_equal(world.pieces, 4);
}

static void fifty_coupons_of_one_account_are_one_question(DYGW_UNUSED void **state)
{
    redeem(120, "acc");
    redeem(3, "other");
    run(5000);
    assert_int_equal(world.asked, 4);
    assert_int_equal(world.transactions, 4);
    assert_memory_equal(world.accounts, "aaao", 4);
    assert_int_equal(world.asked_count[0] + world.asked_count[1] + world.asked_count[2], 120);
    for (int i = 1; i < world.asked; i++) {
        assert_true(world.asked_at[i] - world.asked_at[i - 1] >= 500);
    }
}

static void more_than_are_read_at_once_follow(DYGW_UNUSED void **state)
{
    redeem(450, "acc");
    run(8000);
    assert_int_equal(world.asked, 9);
    for (int i = 0; i < world.row_count; i++) {
        assert_int_equal(world.rows[i].writes, 1);
    }
}

static void uses_of_a_card_are_asked_about_once(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 60; i++) {
        world_redeemed("card", "acc", T0);
    }
    run(2000);
    assert_int_equal(world.asked, 1);
    assert_int_equal(world.asked_count[0], 1);
    assert_int_equal(world.rows[59].writes, 1);
}

static void without_an_account_none_is_named(DYGW_UNUSED void **state)
{
    gateway.account_id = NULL;
    redeem(1, NULL);
    run(2000);
    assert_memory_equal(world.accounts, "-", 1);
}

/* --- when --- */

static const world_row_t *after(int status, dygw_ms_t age)
{
    redeem(1, "acc");
    world.rows[0].due.verify_time = T0 - age;
    world.status = status;
    run(2000);
    assert_int_equal(world.rows[0].writes, 1);
    assert_int_equal(world.rows[0].last.ledger_asks, 1);
    return &world.rows[0];
}

static void what_may_change_is_asked_about_the_next_day(DYGW_UNUSED void **state)
{
    assert_in_range(after(DYGW_LEDGER_STATUS_SETTLING, HOUR_MS)->next_ask_at - T0, DAY_MS, DAY_MS + 2000);
    assert_int_equal(world.rows[0].last.amounts.goods, 77);
}

static void an_empty_answer_is_not_yet(DYGW_UNUSED void **state)
{
    assert_in_range(after(-1, HOUR_MS)->next_ask_at - T0, DAY_MS, DAY_MS + 2000);
    assert_int_equal(world.rows[0].last.ledger_lines, 0);
}

static void what_is_settled_failed_or_void_is_not_asked_about_again(DYGW_UNUSED void **state)
{
    assert_int_equal(after(DYGW_LEDGER_STATUS_SETTLED, HOUR_MS)->next_ask_at, DYGW_NO_TIME);
    for (int status = DYGW_LEDGER_STATUS_FAILED; status <= DYGW_LEDGER_STATUS_VOID; status++) {
        world.status = status;
        world.rows[0].next_ask_at = T0;
        run(12000);
        assert_int_equal(world.rows[0].next_ask_at, DYGW_NO_TIME);
        assert_int_equal(world.rows[0].last.ledger_status, status);
    }
}

static void after_a_week_it_is_not_asked_about_again(DYGW_UNUSED void **state)
{
    assert_int_equal(after(-1, 7 * DAY_MS + HOUR_MS)->next_ask_at, DYGW_NO_TIME);
}

static void it_is_asked_about_for_a_whole_week(DYGW_UNUSED void **state)
{
    assert_int_not_equal(after(DYGW_LEDGER_STATUS_INITIAL, 7 * DAY_MS - HOUR_MS)->next_ask_at, DYGW_NO_TIME);
}

/* --- what goes wrong --- */

static void a_busy_douyin_is_left_alone_for_longer_and_longer(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.failure = DYGW_REPLY_BUSY;
    world.error_code = 2119003;
    world.failing = 3;
    run(10 * 60000);
    assert_int_equal(world.asked, 4);
    assert_in_range(world.asked_at[1] - world.asked_at[0], 60000, 61000);
    assert_in_range(world.asked_at[2] - world.asked_at[1], 120000, 121000);
    assert_in_range(world.asked_at[3] - world.asked_at[2], 240000, 241000);
    assert_int_equal(world.rows[0].writes, 1);
}

static void a_quota_that_is_used_up_means_an_hour(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.failure = DYGW_REPLY_BUSY;
    world.error_code = 2190001;
    world.failing = 1;
    run(HOUR_MS + 2000);
    assert_int_equal(world.asked, 2);
    assert_in_range(world.asked_at[1] - world.asked_at[0], HOUR_MS, HOUR_MS + 1000);
}

static void a_missing_permission_is_said_once_and_stops_its_account_alone(DYGW_UNUSED void **state)
{
    redeem(60, "bad");
    redeem(1, "acc");
    world.refused_account = "bad";
    world.failure = DYGW_REPLY_SETUP;
    world.error_code = 2190004;
    run(30000);
    assert_memory_equal(world.accounts, "ba", 2);
    assert_int_equal(world.asked, 2);
    for (int i = 0; i < 60; i++) {
        const dygw_ms_t longest = i == 49 ? HOUR_MS : DAY_MS; /* the newest of the first fifty probes */

        assert_in_range(world.rows[i].next_ask_at - T0, longest - (i == 49 ? 0 : HOUR_MS), longest + 30000);
        assert_int_equal(world.rows[i].due.ledger_asks, 0);
    }
    run(3 * HOUR_MS);
    assert_in_range(world.asked, 4, 6);
    assert_non_null(strstr(world.said, "DYGW0860: Douyin does not show what will be paid out to account bad: "
                                       "error_code 2190004"));
    assert_non_null(strstr(world.said, "life.capacity.billing"));
    assert_null(strstr(strstr(world.said, "DYGW0860") + 1, "DYGW0860"));
}

static void refuse(const char *account_id)
{
    world.refused_account = account_id;
    world.failure = DYGW_REPLY_SETUP;
    world.error_code = 2190004;
}

static int count_writes(void)
{
    int writes = 0;

    for (int i = 0; i < world.row_count; i++) {
        writes += world.rows[i].writes;
    }
    return writes;
}

static void rows_of_a_refused_account_are_written_once_a_day_and_one_probes_each_hour(DYGW_UNUSED void **state)
{
    redeem(450, "bad");
    refuse("bad");
    run_slowly(22 * HOUR_MS);
    assert_in_range(world.asked, 21, 23);
    assert_in_range(count_writes(), 449 + 21, 449 + 23);
}

static void rows_of_a_refused_account_are_put_off_with_a_pause(DYGW_UNUSED void **state)
{
    redeem(450, "bad");
    refuse("bad");
    run(2000);
    assert_in_range(world.transactions, 1, 5);
    run(5000);
    assert_int_equal(count_writes(), 450);
}

static void what_was_never_asked_about_ends_after_a_week_too(DYGW_UNUSED void **state)
{
    redeem(120, "bad");
    refuse("bad");
    for (int i = 0; i < 119; i++) {
        world.rows[i].due.verify_time = T0 - 7 * DAY_MS - HOUR_MS;
    }
    run(5000);
    for (int i = 0; i < 119; i++) {
        assert_int_equal(world.rows[i].next_ask_at, DYGW_NO_TIME);
    }
    assert_int_not_equal(world.rows[119].next_ask_at, DYGW_NO_TIME);
    run_slowly(9 * DAY_MS);
    assert_int_equal(world.rows[119].next_ask_at, DYGW_NO_TIME);
    assert_in_range(world.rows[119].writes, 7, 7 * 24 + 1);
}

static void a_permission_that_comes_back_is_noticed_by_itself(DYGW_UNUSED void **state)
{
    redeem(60, "bad");
    world.refused_account = "bad";
    world.failure = DYGW_REPLY_SETUP;
    world.error_code = 1508;
    run(30000);
    assert_non_null(strstr(world.said, "let the merchant authorise"));
    world.refused_account = NULL;
    run(HOUR_MS + 30000);
    assert_int_equal(world.rows[49].last.ledger_lines, 1);
    run_slowly(DAY_MS);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(world.rows[i].last.ledger_lines, 1);
    }
    assert_non_null(strstr(world.said, "DYGW0861"));
}

static void one_coupon_that_spoils_a_batch_spoils_no_other(DYGW_UNUSED void **state)
{
    redeem(5, "acc");
    world.poison = world.rows[2].due.certificate_id;
    world.failure = DYGW_REPLY_REQUEST;
    world.error_code = 2119001;
    run(10000);
    assert_int_equal(world.asked, 6);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(world.rows[i].last.ledger_lines, i != 2);
    }
    assert_in_range(world.rows[2].next_ask_at - T0, DAY_MS, DAY_MS + 10000);
    assert_int_equal(world.rows[2].last.ledger_asks, 1);
}

static void a_dead_token_is_renewed_once(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.failure = DYGW_REPLY_TOKEN;
    world.failing = 1;
    run(2000);
    assert_int_equal(world.renewals, 1);
    assert_int_equal(world.rows[0].writes, 1);
    world.failing = 2;
    world.rows[0].next_ask_at = T0;
    run(20000);
    assert_int_equal(world.renewals, 2);
    assert_int_equal(world.rows[0].writes, 1);
    run(61000);
    assert_int_equal(world.rows[0].writes, 2);
}

static void without_a_token_it_waits(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.no_token = 1;
    run(30000);
    assert_int_equal(world.asked, 0);
    world.no_token = 0;
    run(60000);
    assert_int_equal(world.rows[0].writes, 1);
}

static void what_could_not_be_written_is_asked_for_again(DYGW_UNUSED void **state)
{
    redeem(2, "acc");
    world.cannot_write = 1;
    run(10000);
    assert_int_equal(world.asked, 1);
    world.cannot_write = 0;
    run(60000);
    assert_int_equal(world.asked, 2);
    assert_int_equal(world.rows[1].writes, 1);
}

static void a_database_that_is_away_is_looked_at_now_and_then(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.db_away = 1;
    run(30000);
    world.db_away = 0;
    run(12000);
    assert_int_equal(world.rows[0].writes, 1);
}

static void an_answer_that_comes_without_the_lease_is_dropped(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.held = 1;
    run(1000);
    assert_int_equal(world.asked, 1);
    assert_int_equal(dygw_payouts_turn(payouts, DYGW_PAYOUTS_LEAVE, 0), 1);
    world.held = 0;
    assert_int_equal(dygw_payouts_turn(payouts, DYGW_PAYOUTS_LEAVE, 0), 0);
    assert_int_equal(world.rows[0].writes, 0);
    run(1000);
    assert_int_equal(world.asked, 2);
    assert_int_equal(world.rows[0].writes, 1);
}

static void a_tick_without_an_answer_begins_nothing(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    turn_by_steps(DYGW_PAYOUTS_REST, 30000, STEP_MS);
    assert_int_equal(world.asked + world.pieces, 0);
}

static void a_tick_without_an_answer_does_not_forget_the_place_of_the_walk(DYGW_UNUSED void **state)
{
    world.left_to_walk = 1;
    run(1000);
    turn_by_steps(DYGW_PAYOUTS_REST, 5000, STEP_MS);
    world.pieces = 0;
    run(15000);
    assert_in_range(world.pieces, 1, 2);
    assert_in_range(world.now_ms - dygw_id_time(world.first_after), HOUR_MS, 2 * HOUR_MS);
}

static void an_answer_is_written_though_the_tick_had_none(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.held = 1;
    run(1000);
    assert_int_equal(dygw_payouts_turn(payouts, DYGW_PAYOUTS_REST, 0), 1);
    world.held = 0;
    turn_by_steps(DYGW_PAYOUTS_REST, 1000, STEP_MS);
    assert_int_equal(world.asked, 1);
    assert_int_equal(world.rows[0].writes, 1);
}

static void the_gauge_shows_refused_accounts_while_this_host_leads(DYGW_UNUSED void **state)
{
    redeem(1, "bad");
    refuse("bad");
    run(2000);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_LEDGER_REFUSED), 1);
    turn_by_steps(DYGW_PAYOUTS_REST, 1000, STEP_MS);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_LEDGER_REFUSED), 1);
    turn_by_steps(DYGW_PAYOUTS_LEAVE, 1000, STEP_MS);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_LEDGER_REFUSED), 0);
    run(1000);
    assert_int_equal(dygw_gauged(gateway.metrics, DYGW_GAUGE_LEDGER_REFUSED), 1);
}

static void a_call_under_way_does_not_hinder_the_end(DYGW_UNUSED void **state)
{
    redeem(1, "acc");
    world.held = 1;
    run(1000);
    assert_int_equal(world.asked, 1);
}

/* Douyin's clock tells that nothing is due yet. */
static void a_clock_that_is_ahead_asks_for_nothing_early(DYGW_UNUSED void **state)
{
    static const dygw_clock_seen_t unseen;
    const dygw_clock_seen_t seen = dygw_clock_see(T0 - HOUR_MS);

    redeem(1, "acc");
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &seen);
    run(1000);
    dygw_clock_note(DYGW_CLOCK_DOUYIN, &unseen);
    assert_int_equal(world.asked, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_host_without_the_lease_does_nothing),
        TEST(who_begins_to_lead_walks_a_week_and_up_to_seventy_minutes_ago),
        TEST(the_walk_looks_back_now_and_then_for_what_was_settled_late),
        TEST(a_walk_ends_however_many_redemptions_follow),
        TEST(a_walk_goes_on_piece_by_piece_and_then_pauses),
        TEST(fifty_coupons_of_one_account_are_one_question),
        TEST(more_than_are_read_at_once_follow),
        TEST(uses_of_a_card_are_asked_about_once),
        TEST(without_an_account_none_is_named),
        TEST(what_may_change_is_asked_about_the_next_day),
        TEST(an_empty_answer_is_not_yet),
        TEST(what_is_settled_failed_or_void_is_not_asked_about_again),
        TEST(after_a_week_it_is_not_asked_about_again),
        TEST(it_is_asked_about_for_a_whole_week),
        TEST(a_busy_douyin_is_left_alone_for_longer_and_longer),
        TEST(a_quota_that_is_used_up_means_an_hour),
        TEST(a_missing_permission_is_said_once_and_stops_its_account_alone),
        TEST(rows_of_a_refused_account_are_written_once_a_day_and_one_probes_each_hour),
        TEST(rows_of_a_refused_account_are_put_off_with_a_pause),
        TEST(what_was_never_asked_about_ends_after_a_week_too),
        TEST(a_permission_that_comes_back_is_noticed_by_itself),
        TEST(one_coupon_that_spoils_a_batch_spoils_no_other),
        TEST(a_dead_token_is_renewed_once),
        TEST(without_a_token_it_waits),
        TEST(what_could_not_be_written_is_asked_for_again),
        TEST(a_database_that_is_away_is_looked_at_now_and_then),
        TEST(an_answer_that_comes_without_the_lease_is_dropped),
        TEST(a_tick_without_an_answer_begins_nothing),
        TEST(a_tick_without_an_answer_does_not_forget_the_place_of_the_walk),
        TEST(an_answer_is_written_though_the_tick_had_none),
        TEST(the_gauge_shows_refused_accounts_while_this_host_leads),
        TEST(a_call_under_way_does_not_hinder_the_end),
        TEST(a_clock_that_is_ahead_asks_for_nothing_early),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("gateway_payouts", tests, NULL, NULL);
}
