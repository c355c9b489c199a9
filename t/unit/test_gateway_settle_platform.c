/* SPDX-License-Identifier: Apache-2.0
 * Settling one redemption whose repetitions are refused for what is not the coupon's fault, or tell
 * nothing at all.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/reasons.c gateway/record.c
 * links: gateway/settle/attribution.c gateway/settle/fit.c gateway/settle/held.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/pace.c gateway/settle/repeat.c
 * links: gateway/settle/sale.c gateway/settle/settle.c gateway/settle/settle_state.c
 * links: gateway/unusable.c store/verification/words.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c settling.c settling_one.c own_pool.c */
#include "support/settling_one.h"

#include <apr_general.h>

#include "util/compiler.h"

#define REPEATS_MAX 14

typedef struct answer_t {
    dygw_reply_class_e kind;
    apr_int64_t error_code;
    int as_item;
} answer_t;

/* What a repetition may be answered that tells nothing of the coupon. */
static const answer_t nothings[] = {
    { DYGW_REPLY_GARBLED, 0, 0 }, { DYGW_REPLY_BUSY, 2100004, 0 },  { DYGW_REPLY_TIMEOUT, 0, 0 },
    { DYGW_REPLY_LOST, 0, 0 },    { DYGW_REPLY_SETUP, 2119013, 0 }, { DYGW_REPLY_REQUEST, 2100005, 0 },
    { DYGW_REPLY_GARBLED, 0, 1 }, { DYGW_REPLY_SETUP, 1508, 1 },    { DYGW_REPLY_BUSY, 2190001, 1 },
};
#define NOTHINGS (sizeof nothings / sizeof *nothings)

static void answer(const answer_t *a)
{
    if (a->as_item) {
        fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, a->kind, a->error_code);
    }
    else {
        fake_repeat(a->kind, a->error_code);
    }
}

static void wait_for_the_next_look(void)
{
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
    assert_true(row->next_run_at > dygw_now());
    fake_clock_advance(row->next_run_at - dygw_now());
}

/* --- a fit that is seen settles --- */

static void what_fits_settles_whatever_the_repetitions_say(DYGW_UNUSED void **state)
{
    for (size_t i = 0; i < NOTHINGS; i++) {
        dygw_ms_t at;

        start_anew();
        at = dygw_now();
        for (int looks = 1; row->verify_status == DYGW_PROCESSING; looks++) {
            show_used("v-9", dygw_now() - at);
            answer(&nothings[i]);
            show_used("v-9", dygw_now() - at);
            settle();
            assert_true(looks <= 6);
            if (row->verify_status == DYGW_PROCESSING) {
                wait_for_the_next_look();
            }
            fake_douyin_reset(pool);
        }
        check_success(DYGW_BY_STATUS_QUERY);
        assert_string_equal(row->verify_id, "v-9");
        assert_in_range(row->repeats, 1, 3);
        assert_true(dygw_now() - at < 4 * MINUTE_MS);
    }
}

static void the_first_repetitions_are_given_the_time_to_tell(DYGW_UNUSED void **state)
{
    for (int sent = 1; sent <= 2; sent++) {
        show_used("v-9", 0);
        answer(&nothings[0]);
        settle();
        assert_int_equal(row->verify_status, DYGW_PROCESSING);
        assert_int_equal(row->already, DYGW_ALREADY_OPEN);
        wait_for_the_next_look();
    }
    show_used("v-9", 0);
    settle();
    check_success(DYGW_BY_REPLAY);
}

static void a_repetition_that_was_not_sent_is_none_of_them(DYGW_UNUSED void **state)
{
    row->repeats = 2;
    row->attempts = 3;
    show_used("v-9", 0);
    fake_repeat(DYGW_REPLY_UNREACHABLE, 0);
    settle();
    assert_int_equal(row->already, DYGW_ALREADY_OPEN);
    assert_int_equal(row->verify_status, DYGW_PROCESSING);
}

static void an_unused_coupon_is_repeated_all_the_same(DYGW_UNUSED void **state)
{
    for (int sent = 1; sent <= 5; sent++) {
        show_unused();
        answer(&nothings[0]);
        settle();
        check_asked("query order-1; " REPEAT);
        wait_for_the_next_look();
    }
    show_unused();
    settle();
    check_success(DYGW_BY_REPLAY);
}

/* --- refused by the platform --- */

static void once_the_setup_is_mended_it_is_redeemed(DYGW_UNUSED void **state)
{
    static const answer_t refusals[] = {
        { DYGW_REPLY_SETUP, 2119013, 0 },
        { DYGW_REPLY_SETUP, 2119099, 1 },
        { DYGW_REPLY_REQUEST, 2100005, 0 },
        { DYGW_REPLY_BUSY, 28003017, 0 },
    };

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        start_anew();
        for (int refused = 0; refused < 3; refused++) {
            show_unused();
            answer(&refusals[i]);
            settle();
            assert_non_null(row->last_error);
            wait_for_the_next_look();
        }
        show_unused();
        settle();
        check_success(DYGW_BY_REPLAY);
        assert_int_equal(row->repeats, 4);
    }
}

static void pauses_after_refusals_grow_to_ten_minutes_and_repetitions_end(DYGW_UNUSED void **state)
{
    dygw_ms_t began = row->created_at;
    int sent = 0;

    while (row->verify_status == DYGW_PROCESSING) {
        int repeats = row->repeats;

        show_unused();
        fake_repeat(DYGW_REPLY_SETUP, 2119013);
        settle();
        if (row->repeats > repeats) {
            dygw_ms_t age = dygw_now() - began;

            sent++;
            if (sent < REPEATS_MAX) {
                check_waits(age < 10 * MINUTE_MS ? age * 4 / 5 - 1 : 8 * MINUTE_MS, 12 * MINUTE_MS);
            }
            else {
                assert_in_range(age, 45 * MINUTE_MS, 90 * MINUTE_MS);
            }
        }
        fake_douyin_reset(pool);
        if (row->verify_status == DYGW_PROCESSING) {
            wait_for_the_next_look();
        }
    }
    assert_int_equal(sent, REPEATS_MAX);
    check_failed(DYGW_OUTCOME_NOT_REDEEMED);
    assert_in_range(dygw_now() - row->sent_at, QUARTER_MS, QUARTER_MS + 5000);
}

static void a_quota_is_given_longer_from_the_start(DYGW_UNUSED void **state)
{
    show_unused();
    fake_repeat(DYGW_REPLY_BUSY, 2190001);
    settle();
    check_waits(32000, 48000);
    start_anew();
    fake_query(DYGW_REPLY_BUSY, 2190001);
    fake_get(DYGW_REPLY_BUSY, 2190001);
    fake_clock_advance(5 * MINUTE_MS);
    settle();
    check_waits(4 * MINUTE_MS, 7 * MINUTE_MS);
}

static void the_next_answer_that_is_only_busy_has_its_usual_pause(DYGW_UNUSED void **state)
{
    fake_clock_advance(MINUTE_MS);
    show_unused();
    fake_repeat(DYGW_REPLY_SETUP, 2119013);
    settle();
    check_waits(45000, 90000);
    wait_for_the_next_look();
    show_unused();
    fake_repeat(DYGW_REPLY_BUSY, 2100004);
    settle();
    check_waits(5000, 5000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_fits_settles_whatever_the_repetitions_say),
        TEST(the_first_repetitions_are_given_the_time_to_tell),
        TEST(a_repetition_that_was_not_sent_is_none_of_them),
        TEST(an_unused_coupon_is_repeated_all_the_same),
        TEST(once_the_setup_is_mended_it_is_redeemed),
        TEST(pauses_after_refusals_grow_to_ten_minutes_and_repetitions_end),
        TEST(a_quota_is_given_longer_from_the_start),
        TEST(the_next_answer_that_is_only_busy_has_its_usual_pause),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_settle_platform", tests, NULL, NULL);
}
