/* SPDX-License-Identifier: Apache-2.0
 * Running jobs: the pace of order queries, of one leader and from one to the next.
 * links: gateway/ask.c gateway/host.c gateway/background/job.c gateway/background/scheduler.c
 * links: gateway/background/run.c gateway/token.c gateway/db_work.c
 * helpers: scheduler_world.c fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/scheduler_world.h"

#include <apr_general.h>

#include "util/compiler.h"

static dygw_ms_t order_times[ENRICH_SLOTS];
static int order_count;

static void note_order(const char *call)
{
    if (strcmp(call, "order") == 0) {
        order_times[order_count++] = dygw_now();
    }
}

static void note_orders(int rate)
{
    gateway->order_rate = rate;
    order_count = 0;
    fake_douyin_meanwhile = note_order;
}

static void order_queries_keep_their_distance(DYGW_UNUSED void **state)
{
    note_orders(20);
    add_rows(DYGW_DUE_ENRICH, 60);
    while (order_count < 10) {
        assert_true(turn(1));
        fake_clock_advance(1);
    }
    fake_clock_advance(5 * A_SECOND_MS); /* what was missed is not caught up */
    run_all();
    assert_int_equal(order_count, 60);
    for (int i = 1; i < order_count; i++) {
        assert_true(order_times[i] - order_times[i - 1] >= 52);
        assert_true(order_times[i] - order_times[i - 1] <= 54 || i == 10);
    }
}

static void other_questions_overtake_waiting_orders(DYGW_UNUSED void **state)
{
    note_orders(1);
    add_rows(DYGW_DUE_ENRICH, 5);
    turn(1);
    add_rows(DYGW_DUE_SETTLE, 5);
    turn(1);
    turn(1);
    assert_int_equal(order_count, 1);
    fake_clock_advance(50);
    turn(1);
    turn(1);
    assert_int_equal(ended[DYGW_DUE_SETTLE], 5);
    assert_int_equal(order_count, 1);
}

static void no_more_is_fetched_than_orders_can_be_asked_soon(DYGW_UNUSED void **state)
{
    note_orders(20);
    add_rows(DYGW_DUE_ENRICH, 42);
    turn(1);
    add_row(DYGW_DUE_ENRICH, 1);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_ENRICH], 42);
    run_all();
    assert_int_equal(begun[DYGW_DUE_ENRICH], 43);
}

static void without_a_rate_orders_are_asked_at_once(DYGW_UNUSED void **state)
{
    note_orders(0);
    add_rows(DYGW_DUE_ENRICH, 30);
    turn(1);
    assert_int_equal(order_count, 30);
}

/* A machine that is busy may keep a query from being sent, and the next must not follow it at
 * once. */
static void slowness(const char *call)
{
    note_order(call);
    fake_clock_advance(300);
}

static void the_distance_begins_when_a_query_is_sent(DYGW_UNUSED void **state)
{
    note_orders(20);
    fake_douyin_meanwhile = slowness;
    add_rows(DYGW_DUE_ENRICH, 3);
    run_all();
    assert_int_equal(order_count, 3);
    assert_true(order_times[1] - order_times[0] >= 352);
    assert_true(order_times[2] - order_times[1] >= 352);
}

static void a_query_that_met_a_dead_connection_waits_for_its_turn_again(DYGW_UNUSED void **state)
{
    dygw_order_reply_t *dead;

    note_orders(20);
    for (int i = 0; i < 3; i++) {
        dead = fake_order(DYGW_REPLY_LOST, 0);
        dead->reply.was_dead = 1;
    }
    add_rows(DYGW_DUE_ENRICH, 2);
    run_all();
    assert_int_equal(ended[DYGW_DUE_ENRICH], 2);
    assert_int_equal(heard, DYGW_REPLY_OK);
    assert_int_equal(order_count, 5);
    for (int i = 1; i < order_count; i++) {
        assert_true(order_times[i] - order_times[i - 1] >= 52);
    }
}

/* The last of a leader and the first of the next are not in one second. */
static void a_new_leader_lets_a_second_pass_before_its_first_order_query(DYGW_UNUSED void **state)
{
    dygw_ms_t begins = dygw_now() + DYGW_ORDERS_REST_MS;

    note_orders(20);
    dygw_scheduler_lead(scheduler, begins, dygw_now() + A_LONG_TIME_MS);
    add_rows(DYGW_DUE_ENRICH, 2);
    add_rows(DYGW_DUE_SETTLE, 1);
    run_all();
    assert_int_equal(ended[DYGW_DUE_SETTLE], 1);
    assert_int_equal(order_count, 2);
    assert_true(order_times[0] >= begins);
    assert_true(order_times[0] < begins + 50);
}

static void order_queries_that_wait_are_left_to_the_next_leader(DYGW_UNUSED void **state)
{
    note_orders(20);
    add_rows(DYGW_DUE_ENRICH, 5);
    turn(1);
    assert_int_equal(order_count, 1);
    dygw_scheduler_lead(scheduler, 0, dygw_now() + 60);
    fake_clock_advance(60);
    turn(0);
    turn(0);
    assert_int_equal(order_count, 1);
    assert_int_equal(ended[DYGW_DUE_ENRICH], 1); /* what was asked is heard */
    assert_false(turn(0));
    dygw_scheduler_lead(scheduler, 0, dygw_now() + A_LONG_TIME_MS);
    fake_clock_advance(A_SECOND_MS);
    run_all();
    assert_int_equal(order_count, 5);
    assert_int_equal(ended[DYGW_DUE_ENRICH], 5);
}

static void a_clock_put_back_stops_nothing(DYGW_UNUSED void **state)
{
    note_orders(20);
    add_rows(DYGW_DUE_ENRICH, 5);
    turn(1);
    fake_clock_advance(-3600000);
    for (int i = 0; i < 4; i++) {
        turn(0);
        fake_clock_advance(52);
    }
    assert_int_equal(order_count, 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(order_queries_keep_their_distance),
        TEST(other_questions_overtake_waiting_orders),
        TEST(no_more_is_fetched_than_orders_can_be_asked_soon),
        TEST(without_a_rate_orders_are_asked_at_once),
        TEST(the_distance_begins_when_a_query_is_sent),
        TEST(a_query_that_met_a_dead_connection_waits_for_its_turn_again),
        TEST(a_new_leader_lets_a_second_pass_before_its_first_order_query),
        TEST(order_queries_that_wait_are_left_to_the_next_leader),
        TEST(a_clock_put_back_stops_nothing),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_orders", tests, NULL, NULL);
}
