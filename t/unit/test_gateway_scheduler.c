/* SPDX-License-Identifier: Apache-2.0
 * Running jobs: what is fetched and when, how many at once, tokens, and what a database that is
 * away does.
 * links: gateway/ask.c gateway/host.c gateway/background/job.c gateway/background/scheduler.c
 * links: gateway/background/run.c gateway/token.c gateway/db_work.c
 * helpers: scheduler_world.c fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/scheduler_world.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/background/job.h"
#include "gateway/background/scheduler.h"
#include "util/compiler.h"

/* --- fetching --- */

static void what_is_due_becomes_jobs_of_its_kind(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_SETTLE, 1);
    add_row(DYGW_DUE_FOLLOW_UP, 2);
    add_row(DYGW_DUE_ENRICH, 3);
    add_row(DYGW_DUE_SETTLE, 4)->next_run_at = dygw_now() + 1;
    run_all();
    assert_int_equal(begun[DYGW_DUE_SETTLE], 1);
    assert_int_equal(begun[DYGW_DUE_FOLLOW_UP], 1);
    assert_int_equal(begun[DYGW_DUE_ENRICH], 1);
    assert_int_equal(writes, 3);
    assert_true(fake_store_row(0)->revision == 1);
    assert_true(fake_store_row(3)->revision == 0);
}

static void nothing_begins_without_leave_but_goes_on(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_SETTLE, 1);
    assert_false(turn(0));
    assert_int_equal(fake_async_idle_looks(), 1); /* connections that nobody needs go */
    assert_int_equal(begun[DYGW_DUE_SETTLE], 0);
    assert_string_equal(fake_trace(), "");
    questions = 3;
    fake_async_hold(1);
    assert_true(turn(1));
    add_row(DYGW_DUE_SETTLE, 2);
    fake_async_hold(0);
    while (turn(0)) {
        continue;
    }
    assert_int_equal(begun[DYGW_DUE_SETTLE], 1);
    assert_int_equal(ended[DYGW_DUE_SETTLE], 1);
}

static void a_group_is_one_job_with_all_its_rows(DYGW_UNUSED void **state)
{
    add_group(DYGW_DUE_SETTLE, 10, 5);
    fake_store_row(2)->next_run_at = DYGW_NO_TIME;
    run_all();
    assert_int_equal(begun[DYGW_DUE_SETTLE], 1);
    assert_int_equal(rows_seen, 5);
    assert_string_equal(fake_asked(), "tok-1 get enc-10");
}

static void rows_on_which_their_request_works_are_left_alone(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_SETTLE, 1)->lease_until = dygw_now() + 1;
    assert_false(turn(1));
    assert_int_equal(begun[DYGW_DUE_SETTLE], 0);
    assert_true(dygw_scheduler_caught_up(scheduler));
    fake_clock_advance(1);
    run_all();
    assert_int_equal(begun[DYGW_DUE_SETTLE], 1);
}

static void what_is_under_way_is_not_begun_again(DYGW_UNUSED void **state)
{
    fake_async_hold(1);
    add_group(DYGW_DUE_SETTLE, 10, 3);
    add_row(DYGW_DUE_ENRICH, 1);
    for (int i = 0; i < 5; i++) {
        assert_true(turn(1));
        fake_clock_advance(A_SECOND_MS);
        assert_true(dygw_scheduler_caught_up(scheduler) || i > 0);
    }
    assert_int_equal(begun[DYGW_DUE_SETTLE], 1);
    assert_int_equal(begun[DYGW_DUE_ENRICH], 1);
}

static void slots_are_bounded_and_enriching_does_not_take_the_others(DYGW_UNUSED void **state)
{
    fake_async_hold(1);
    add_rows(DYGW_DUE_ENRICH, ENRICH_SLOTS + 20);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_ENRICH], ENRICH_SLOTS);
    assert_false(dygw_scheduler_caught_up(scheduler));
    add_rows(DYGW_DUE_SETTLE, URGENT_SLOTS + 5);
    add_rows(DYGW_DUE_FOLLOW_UP, 5);
    fake_clock_advance(A_SECOND_MS);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_SETTLE], URGENT_SLOTS);
    assert_int_equal(begun[DYGW_DUE_FOLLOW_UP], 0);
    assert_false(dygw_scheduler_caught_up(scheduler));
    fake_async_hold(0);
    run_all();
    assert_int_equal(ended[DYGW_DUE_SETTLE], URGENT_SLOTS + 5);
    assert_int_equal(ended[DYGW_DUE_FOLLOW_UP], 5);
    assert_int_equal(ended[DYGW_DUE_ENRICH], ENRICH_SLOTS + 20);
}

/* Douyin answers ten questions a second about refunds, of all hosts, and nobody waits for them. */
static void refunds_are_looked_at_one_a_second_and_in_nobodys_way(DYGW_UNUSED void **state)
{
    add_rows(DYGW_DUE_SALE, 200);
    add_rows(DYGW_DUE_FOLLOW_UP, 5);
    add_rows(DYGW_DUE_SETTLE, 5);
    for (int i = 0; i < 10; i++) {
        turn(1);
    }
    assert_int_equal(begun[DYGW_DUE_SALE], 1);
    assert_int_equal(ended[DYGW_DUE_FOLLOW_UP], 5);
    assert_int_equal(ended[DYGW_DUE_SETTLE], 5);
    assert_true(dygw_scheduler_caught_up(scheduler));
    fake_async_hold(1);
    fake_clock_advance(A_SECOND_MS);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_SALE], 2);
    for (int i = 0; i < 5; i++) {
        fake_clock_advance(A_SECOND_MS);
        turn(1);
    }
    assert_int_equal(begun[DYGW_DUE_SALE], 2);
    add_row(DYGW_DUE_FOLLOW_UP, 9);
    fake_clock_advance(A_SECOND_MS);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_FOLLOW_UP], 6);
    fake_async_hold(0);
    fake_clock_advance(A_SECOND_MS);
    turn(1);
    fake_clock_advance(A_SECOND_MS);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_SALE], 3);
}

static void what_waits_for_a_slot_follows_a_crowd_without_a_pause(DYGW_UNUSED void **state)
{
    add_rows(DYGW_DUE_ENRICH, ENRICH_SLOTS + 20);
    while (turn(1)) {
        assert_true(begun[DYGW_DUE_ENRICH] <= ENRICH_SLOTS + 20);
    }
    assert_int_equal(ended[DYGW_DUE_ENRICH], ENRICH_SLOTS + 20);
}

static void due_rows_of_groups_under_way_hide_no_others(DYGW_UNUSED void **state)
{
    fake_async_hold(1);
    for (int i = 0; i < 10; i++) {
        add_group(DYGW_DUE_SETTLE, 10 + 10 * i, 10);
    }
    turn(1);
    fake_clock_advance(A_SECOND_MS);
    turn(1);
    turn(1);
    add_row(DYGW_DUE_SETTLE, 500);
    for (int i = 0; i < 4; i++) {
        fake_clock_advance(A_SECOND_MS);
        turn(1);
    }
    assert_int_equal(begun[DYGW_DUE_SETTLE], 11);
}

static void the_database_is_asked_again_when_a_quarter_of_the_slots_is_free(DYGW_UNUSED void **s)
{
    int asked;

    fake_async_hold(1);
    add_rows(DYGW_DUE_SETTLE, URGENT_SLOTS - URGENT_SLOTS / 4 + 1);
    add_rows(DYGW_DUE_ENRICH, ENRICH_SLOTS - ENRICH_SLOTS / 4 + 1);
    turn(1);
    asked = fake_store_calls(FAKE_OPEN);
    fake_clock_advance(A_SECOND_MS);
    turn(1);
    assert_int_equal(fake_store_calls(FAKE_OPEN), asked);
    assert_false(dygw_scheduler_caught_up(scheduler));
}

static void a_fetch_in_vain_is_not_repeated_in_a_busy_loop(DYGW_UNUSED void **state)
{
    dygw_ms_t start = dygw_now();
    int asked;

    fake_async_hold(1);
    add_row(DYGW_DUE_SETTLE, 1);
    turn(1);
    asked = fake_store_calls(FAKE_OPEN);
    while (dygw_now() < start + A_SECOND_MS) {
        dygw_scheduler_turn(scheduler, 1, 10000); /* of the fake clock, as the calls are held */
    }
    assert_true(fake_store_calls(FAKE_OPEN) - asked <= 25);
    assert_true(fake_store_calls(FAKE_OPEN) - asked >= 10);
}

/* --- what cannot be written --- */

static void while_the_database_is_away_nothing_is_fetched_for_a_second(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_SETTLE, 1);
    fake_store_fail(FAKE_OPEN, 0, 1, APR_EGENERAL, 0);
    assert_false(turn(1));
    assert_false(dygw_scheduler_caught_up(scheduler));
    fake_clock_advance(A_SECOND_MS - 1);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_SETTLE], 0);
    fake_clock_advance(1);
    run_all();
    assert_int_equal(ended[DYGW_DUE_SETTLE], 1);
}

static void a_query_that_fails_is_no_reason_to_lose_what_was_read(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_SETTLE, 1);
    add_row(DYGW_DUE_FOLLOW_UP, 2);
    fake_store_fail(FAKE_DUE, 1, 1, APR_EGENERAL, 0);
    turn(1);
    assert_int_equal(ended[DYGW_DUE_SETTLE], 1);
    assert_int_equal(begun[DYGW_DUE_FOLLOW_UP], 0);
    assert_false(dygw_scheduler_caught_up(scheduler));
    fake_clock_advance(A_SECOND_MS);
    run_all();
    assert_int_equal(ended[DYGW_DUE_FOLLOW_UP], 1);
}

static void a_job_that_could_not_write_is_begun_again_a_second_later(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_SETTLE, 1);
    fake_store_fail(FAKE_UPDATE, 0, 2, APR_EGENERAL, 0);
    turn(1);
    assert_int_equal(ended[DYGW_DUE_SETTLE], 1);
    assert_int_equal(writes, 0);
    assert_false(turn(1));
    fake_clock_advance(A_SECOND_MS - 1);
    turn(1);
    assert_int_equal(begun[DYGW_DUE_SETTLE], 1);
    fake_clock_advance(1);
    run_all();
    assert_int_equal(begun[DYGW_DUE_SETTLE], 2);
    assert_int_equal(writes, 1);
}

static void a_commit_whose_answer_was_lost_was_written(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_SETTLE, 1);
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_EGENERAL, 1);
    run_all();
    assert_int_equal(writes, 1);
    assert_true(fake_store_row(0)->revision == 1);
}

static void a_row_that_somebody_changed_is_not_written(DYGW_UNUSED void **state)
{
    fake_async_hold(1);
    add_group(DYGW_DUE_SETTLE, 10, 2);
    turn(1);
    fake_store_row(1)->revision++;
    fake_clock_advance(1);
    fake_async_hold(0);
    turn(0);
    assert_int_equal(writes, 0);
    assert_true(fake_store_row(0)->revision == 0);
    assert_int_equal(fake_logged("DYGW0441"), 1);
    fake_clock_advance(A_SECOND_MS);
    run_all();
    assert_int_equal(writes, 1);
}

static void a_verify_id_of_another_record_is_told_by_row(DYGW_UNUSED void **state)
{
    add_row(DYGW_DUE_FOLLOW_UP, 1)->errand_at = DYGW_NO_TIME;
    fake_store_row(0)->verify_id = "verify-1";
    add_group(DYGW_DUE_SETTLE, 10, 3);
    fake_store_row(2)->verify_id = "verify-1";
    questions = 0;
    first_changed = 1;
    turn(1);
    assert_int_equal(writes, 0);
    assert_int_equal(write_clash, 1);
}

static void rows_without_news_are_not_written(DYGW_UNUSED void **state)
{
    add_group(DYGW_DUE_SETTLE, 10, 3);
    first_changed = 1;
    turn(1);
    assert_int_equal(writes, 1);
    assert_int_equal(write_clash, -1);
    assert_true(fake_store_row(0)->revision == 0);
    assert_true(fake_store_row(2)->revision == 1);
}

/* --- the token --- */

static void without_a_token_a_job_hears_that_nothing_was_sent(DYGW_UNUSED void **state)
{
    fake_clock_advance(FAKE_LIFE_MS);
    questions = 2;
    add_row(DYGW_DUE_SETTLE, 1);
    add_row(DYGW_DUE_ENRICH, 2);
    run_all();
    assert_int_equal(heard, DYGW_REPLY_UNREACHABLE);
    assert_string_equal(last_reply->logid, "");
    assert_string_equal(fake_asked(), "");
    assert_int_equal(writes, 2);
}

static void a_refused_token_is_renewed_once_a_question(DYGW_UNUSED void **state)
{
    fake_get(DYGW_REPLY_TOKEN, 2190002);
    fake_get(DYGW_REPLY_OK, 0);
    fake_get(DYGW_REPLY_TOKEN, 2190008);
    fake_get(DYGW_REPLY_TOKEN, 2190008);
    questions = 2;
    add_row(DYGW_DUE_SETTLE, 1);
    run_all();
    assert_string_equal(fake_asked(), "tok-1 get enc-1; tok-2 get enc-1; tok-2 get enc-1; "
                                      "tok-3 get enc-1");
    assert_int_equal(heard, DYGW_REPLY_TOKEN);
    assert_int_equal(writes, 1);
}

static void one_renewal_is_for_all_that_were_refused(DYGW_UNUSED void **state)
{
    for (int i = 0; i < 20; i++) {
        fake_get(DYGW_REPLY_TOKEN, 2190002);
    }
    add_rows(DYGW_DUE_SETTLE, 20);
    run_all();
    assert_int_equal(fake_token_calls(), 1);
    assert_int_equal(heard, DYGW_REPLY_OK);
}

static void a_renewal_of_others_is_not_waited_for(DYGW_UNUSED void **state)
{
    apr_time_t began = apr_time_now();

    fake_store_claimed_until(dygw_now() + 60000);
    fake_get(DYGW_REPLY_TOKEN, 2190002);
    add_row(DYGW_DUE_SETTLE, 1);
    run_all();
    assert_int_equal(heard, DYGW_REPLY_TOKEN);
    assert_true(apr_time_now() - began < gateway->upstream_timeout);
}

static void a_refused_token_that_works_again_is_good_again(DYGW_UNUSED void **state)
{
    gateway->host->token_refused = 1;
    add_row(DYGW_DUE_SETTLE, 1);
    run_all();
    assert_int_equal(gateway->host->token_refused, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_due_becomes_jobs_of_its_kind),
        TEST(nothing_begins_without_leave_but_goes_on),
        TEST(a_group_is_one_job_with_all_its_rows),
        TEST(rows_on_which_their_request_works_are_left_alone),
        TEST(what_is_under_way_is_not_begun_again),
        TEST(slots_are_bounded_and_enriching_does_not_take_the_others),
        TEST(refunds_are_looked_at_one_a_second_and_in_nobodys_way),
        TEST(what_waits_for_a_slot_follows_a_crowd_without_a_pause),
        TEST(due_rows_of_groups_under_way_hide_no_others),
        TEST(the_database_is_asked_again_when_a_quarter_of_the_slots_is_free),
        TEST(a_fetch_in_vain_is_not_repeated_in_a_busy_loop),
        TEST(while_the_database_is_away_nothing_is_fetched_for_a_second),
        TEST(a_query_that_fails_is_no_reason_to_lose_what_was_read),
        TEST(a_job_that_could_not_write_is_begun_again_a_second_later),
        TEST(a_commit_whose_answer_was_lost_was_written),
        TEST(a_row_that_somebody_changed_is_not_written),
        TEST(a_verify_id_of_another_record_is_told_by_row),
        TEST(rows_without_news_are_not_written),
        TEST(without_a_token_a_job_hears_that_nothing_was_sent),
        TEST(a_refused_token_is_renewed_once_a_question),
        TEST(one_renewal_is_for_all_that_were_refused),
        TEST(a_renewal_of_others_is_not_waited_for),
        TEST(a_refused_token_that_works_again_is_good_again),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_scheduler", tests, NULL, NULL);
}
