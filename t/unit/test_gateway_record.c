/* SPDX-License-Identifier: Apache-2.0
 * Recording a redemption: a database that fails before, between and after; others that were there
 * first; the same request again; ids.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/code_use.c gateway/db_work.c
 * links: gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/by_code.c gateway/redeem/earlier.c gateway/redeem/lookup.c
 * links: gateway/redeem/prepare.c gateway/redeem/redeem.c gateway/redeem/why.c gateway/settle/fit.c
 * links: gateway/token.c gateway/unusable.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c own_pool.c fake_look.c */
#include "support/redeeming.h"

#include <apr_general.h>

#include "gateway/host.h"
#include "gateway/redeem/redeem.h"
#include "store/verification/id.h"
#include "util/compiler.h"

/* As of a caller who knows neither its order nor its certificate. */
#define LOOKS 1 /* units of work before the one that records: others with the code are looked for */

static void use_only_the_encrypted_code(void)
{
    use_encrypted_code();
    request.order_id = request.certificate_id = NULL;
}

static void list_two_coupons(void)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);

    fake_certificate(prepared, "enc-1");
    fake_certificate(prepared, "enc-2");
    request.count = 2;
}

static void check_nothing_done(dygw_code_e code)
{
    assert_int_equal(out.result.code, code);
    assert_non_null(out.result.message);
    assert_int_equal(fake_verify_calls(), 0);
}

/* --- the database is down ... --- */

static void before_nothing_is_sent(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_OPEN, 0, 100, APR_EGENERAL, 0);
    redeem();
    check_nothing_done(DYGW_DATABASE_UNAVAILABLE);
    assert_true(out.result.retry_after > 0);
    assert_string_equal(fake_trace(), "prepare open!");
    assert_int_equal(fake_store_rows(), 0);
}

static void while_a_refusal_is_recorded_the_caller_may_try_again(DYGW_UNUSED void **state)
{
    fake_prepare(DYGW_REPLY_COUPON, 1212);
    fake_store_fail(FAKE_OPEN, 0, 100, APR_EGENERAL, 0);
    redeem();
    check_nothing_done(DYGW_DATABASE_UNAVAILABLE);
}

static void an_insert_that_fails_is_tried_in_a_second_unit(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_INSERT, 0, 1, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(out.verifications[0]->verify_status, DYGW_SUCCESS);
    assert_string_equal(fake_trace(), "prepare " LOOKED " open insert! close " COMMITTED " verify " SETTLED);
    start_anew();
    fake_store_fail(FAKE_INSERT, 0, 2, APR_EGENERAL, 0);
    redeem();
    check_nothing_done(DYGW_DATABASE_UNAVAILABLE);
}

static void what_was_kept_waiting_too_long_is_not_tried_again(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_INSERT, 0, 1, APR_TIMEUP, 0);
    redeem();
    check_nothing_done(DYGW_DATABASE_UNAVAILABLE);
    start_anew();
    fake_store_fail(FAKE_SETTLE, 0, 1, APR_TIMEUP, 0);
    redeem();
    assert_int_equal(fake_store_calls(FAKE_SETTLE), 1);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
}

static void a_commit_whose_answer_is_lost_is_found_done(DYGW_UNUSED void **state)
{
    list_two_coupons();
    fake_store_fail(FAKE_INSERT, 0, 1, APR_EGENERAL, 1);
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(fake_store_rows(), 2);
    assert_int_equal(fake_verify_calls(), 1);
    assert_int_equal(fake_store_row(1)->verify_status, DYGW_SUCCESS);
}

static void a_database_that_went_away_with_the_commit_is_waited_for(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_INSERT, 0, 1, APR_INCOMPLETE, 1);
    fake_store_fail(FAKE_OPEN, LOOKS + 1, 2, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(fake_store_rows(), 1);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_SUCCESS);
    assert_int_equal(fake_verify_calls(), 1);
    assert_int_equal(fake_logged("DYGW0414"), 0);
}

static void one_that_went_away_before_is_not(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_INSERT, 0, 1, APR_EGENERAL, 0);
    fake_store_fail(FAKE_OPEN, LOOKS + 1, 100, APR_EGENERAL, 0);
    redeem();
    check_nothing_done(DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(fake_store_calls(FAKE_OPEN), LOOKS + 2);
}

/* Each try to open it takes a second. */
static apr_time_t clock_of_opens(void)
{
    return apr_time_from_sec(fake_store_calls(FAKE_OPEN));
}

/* What is recorded will be settled. */
static void one_that_stays_away_leaves_it_open_for_the_caller_too(DYGW_UNUSED void **state)
{
    dygw_steady_set(clock_of_opens);
    fake_store_fail(FAKE_INSERT, 0, 1, APR_INCOMPLETE, 1);
    fake_store_fail(FAKE_OPEN, LOOKS + 1, 100, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(fake_verify_calls(), 0);
    assert_int_equal(out.result.code, DYGW_OK);
    assert_true(out.verifications[0]->id == fake_store_row(0)->id);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
    assert_true(fake_store_calls(FAKE_OPEN) <= LOOKS + 7);
    assert_int_equal(fake_logged("DYGW0414"), 1);
}

static apr_time_t refuses_the_next_insert(void)
{
    if (fake_store_calls(FAKE_OPEN) == LOOKS + 2) {
        fake_store_fail(FAKE_INSERT, 0, 1, APR_EGENERAL, 0);
    }
    return 0;
}

/* The first commit may come later than the second unit's look. */
static void what_may_be_recorded_stays_so_when_the_next_unit_fails(DYGW_UNUSED void **state)
{
    dygw_steady_set(refuses_the_next_insert);
    fake_store_fail(FAKE_INSERT, 0, 1, APR_INCOMPLETE, 0);
    fake_store_fail(FAKE_OPEN, LOOKS + 1, 1, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(fake_store_calls(FAKE_INSERT), 2);
    assert_int_equal(fake_verify_calls(), 0);
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
    assert_int_equal(fake_logged("DYGW0414"), 1);
}

static void a_refusal_that_may_be_recorded_has_done_nothing(DYGW_UNUSED void **state)
{
    dygw_steady_set(clock_of_opens);
    fake_prepare(DYGW_REPLY_COUPON, 1212);
    fake_store_fail(FAKE_INSERT, 0, 1, APR_INCOMPLETE, 1);
    fake_store_fail(FAKE_OPEN, 1, 100, APR_EGENERAL, 0);
    redeem();
    check_nothing_done(DYGW_DATABASE_UNAVAILABLE);
}

static void close_database(const char *call)
{
    if (strcmp(call, "verify") == 0) {
        fake_store_fail(FAKE_OPEN, 0, 100, APR_EGENERAL, 0);
    }
}

static void afterwards_the_caller_hears_what_the_record_says(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = close_database;
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
    assert_memory_equal(out.verifications[0], fake_store_row(0), sizeof(dygw_verification_t));
    assert_null(out.verifications[0]->verify_id);
    assert_true(fake_store_row(0)->next_run_at > dygw_now());
    assert_int_equal(fake_logged("DYGW0411"), 1);
}

static void an_outcome_that_fails_to_be_stored_is_stored_in_a_second_unit(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_SETTLE, 0, 1, APR_EGENERAL, 1); /* done, but its answer lost */
    redeem();
    assert_int_equal(out.verifications[0]->verify_status, DYGW_SUCCESS);
    start_anew();
    fake_store_fail(FAKE_SETTLE, 0, 2, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
    assert_int_equal(fake_logged("DYGW0411"), 1);
}

/* --- others --- */

static void settle_meanwhile(const char *call)
{
    if (strcmp(call, "verify") == 0) {
        dygw_verification_t *row = fake_store_row(0);

        row->verify_status = DYGW_FAILED;
        row->error_code = DYGW_OUTCOME_GIVEN_UP;
        row->updated_at = FAKE_START_MS + 1;
    }
}

static void what_another_recorded_first_counts(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = settle_meanwhile;
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_FAILED);
    assert_true(out.verifications[0]->error_code == -2);
    assert_int_equal(fake_logged("DYGW0411"), 0);
}

static void rob_the_row(const char *call)
{
    if (strcmp(call, "verify") == 0) {
        fake_store_row(0)->id = fake_store_row(0)->first_id = 1;
    }
}

static void a_row_that_is_gone_is_told_as_it_was_committed(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = rob_the_row;
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
    assert_int_equal(fake_logged("DYGW0411"), 1);
}

static void one_verify_id_is_one_record(DYGW_UNUSED void **state)
{
    dygw_verify_reply_t *answer;

    redeem();
    assert_string_equal(fake_store_row(0)->verify_id, "verify-1");
    list_two_coupons();
    answer = fake_verify(DYGW_REPLY_OK, 0);
    answer->items[0].verify_id = "verify-1";
    fake_store_row(0)->verify_token = "vt-0"; /* so that only the verify_id is the same */
    redeem();
    assert_int_equal(out.verifications[0]->verify_status, DYGW_FAILED);
    assert_true(out.verifications[0]->error_code == -4);
    assert_null(out.verifications[0]->verify_id);
    assert_true(out.verifications[0]->verify_time == DYGW_NO_TIME);
    assert_true(out.verifications[0]->cancelable_until == DYGW_NO_TIME);
    assert_int_equal(out.verifications[0]->confirmed_by, DYGW_BY_NOBODY);
    assert_int_equal(out.verifications[0]->enrichment_status, DYGW_ENRICH_SKIPPED);
    assert_int_equal(out.verifications[1]->verify_status, DYGW_SUCCESS);
    assert_memory_equal(out.verifications[0], fake_store_row(1), sizeof(dygw_verification_t));
    assert_int_equal(fake_logged("DYGW0410"), 1);
}

/* --- the same again --- */

static void the_same_code_and_token_give_the_recorded_outcome(DYGW_UNUSED void **state)
{
    use_only_the_encrypted_code();
    redeem();
    assert_int_equal(out.replayed, 0);
    fake_trace();
    request.request_id = "req-2";
    fake_clock_advance(1000);
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.replayed, 1);
    assert_int_equal(out.count, 1);
    assert_memory_equal(out.verifications[0], fake_store_row(0), sizeof(dygw_verification_t));
    assert_string_equal(out.verifications[0]->request_id, "req-1");
    assert_int_equal(fake_store_rows(), 1);
    assert_int_equal(fake_verify_calls(), 1);
    assert_string_equal(fake_trace(), "open insert close open find items close");
}

static void of_another_app_they_are_a_conflict(DYGW_UNUSED void **state)
{
    use_only_the_encrypted_code();
    redeem();
    request.app_id = 4;
    request.request_id = "req-2";
    redeem();
    assert_int_equal(out.result.code, DYGW_CONFLICT);
    assert_int_equal(out.replayed, 0);
    assert_int_equal(fake_verify_calls(), 1);
}

static void they_are_answered_without_a_token_too(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_LOST, 0);
    use_only_the_encrypted_code();
    redeem();
    fake_clock_advance(FAKE_LIFE_MS);
    fake_token(DYGW_REPLY_UNREACHABLE, NULL, 0);
    request.request_id = "req-2";
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.replayed, 1);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
}

static void without_database_they_cannot_be_told(DYGW_UNUSED void **state)
{
    use_only_the_encrypted_code();
    redeem();
    request.request_id = "req-2";
    fake_store_fail(FAKE_FIND, 0, 1, APR_EGENERAL, 0);
    redeem();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    assert_int_equal(fake_verify_calls(), 1);
}

static void a_token_given_twice_while_processing_is_the_same_redemption(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TIMEOUT, 0);
    redeem();
    request.request_id = "req-2";
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.replayed, 1);
    assert_int_equal(out.verifications[0]->verify_status, DYGW_PROCESSING);
    assert_int_equal(fake_verify_calls(), 1);
}

static void a_token_given_twice_after_the_end_is_no_second_success(DYGW_UNUSED void **state)
{
    redeem();
    request.request_id = "req-2";
    redeem();
    assert_int_equal(out.result.code, DYGW_CONFLICT);
    assert_int_equal(out.replayed, 0);
    assert_int_equal(fake_verify_calls(), 1);
    assert_int_equal(fake_store_rows(), 1);
}

static void of_several_any_code_recorded_before_counts(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_TIMEOUT, 0);
    list_two_coupons();
    redeem();
    fake_store_row(0)->encrypted_code = "enc-0";
    list_two_coupons();
    request.request_id = "req-2";
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.replayed, 1);
    assert_int_equal(out.count, 2);
    assert_int_equal(fake_verify_calls(), 1);
}

/* --- ids --- */

static void an_id_that_is_taken_is_drawn_again(DYGW_UNUSED void **state)
{
    apr_int64_t first;

    redeem();
    first = fake_store_row(0)->id;
    fake_store_row(0)->id = fake_store_row(0)->first_id = first + 1; /* by another host */
    use_only_the_encrypted_code();
    fake_store_fail(FAKE_INSERT, 0, 1, APR_EAGAIN, 0);
    redeem();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_true(out.verifications[0]->id > first + 1);
    assert_true(out.verifications[0]->first_id == out.verifications[0]->id);
    fake_store_fail(FAKE_INSERT, 0, 100, APR_EAGAIN, 0);
    request.encrypted_code = "enc-10";
    redeem();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
}

static void ids_grow_are_unique_and_fit_into_53_bits(DYGW_UNUSED void **state)
{
    apr_int64_t last = 0;

    for (int i = 0; i < 10000; i++) {
        apr_int64_t id = dygw_host_next_ids(gateway, 1 + i % 3);

        assert_true(id > last);
        last = id + i % 3;
    }
    fake_clock_advance(APR_INT64_C(40) * 365 * 86400 * 1000);
    assert_true(dygw_host_next_ids(gateway, 10) < (APR_INT64_C(1) << 53));
    fake_clock_advance(-APR_INT64_C(40) * 365 * 86400 * 1000); /* a clock set back */
}

static void an_id_tells_the_time_also_when_the_clock_was_set_back(DYGW_UNUSED void **state)
{
    apr_int64_t id = dygw_host_next_ids(gateway, 1);

    assert_int_equal(dygw_id_time(id), dygw_now());
    fake_clock_advance(-3600 * 1000);
    id = dygw_host_next_ids(gateway, 1);
    assert_int_equal(dygw_id_time(id), dygw_now());
    fake_clock_advance(-1);
    assert_int_equal(dygw_host_next_ids(gateway, 1), id + 1);
}

static void a_record_is_as_old_as_its_id(DYGW_UNUSED void **state)
{
    dygw_host_next_ids(gateway, 10000); /* which are ahead of the clock */
    redeem();
    assert_int_equal(out.verifications[0]->created_at, dygw_id_time(out.verifications[0]->id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(before_nothing_is_sent),
        TEST(while_a_refusal_is_recorded_the_caller_may_try_again),
        TEST(an_insert_that_fails_is_tried_in_a_second_unit),
        TEST(what_was_kept_waiting_too_long_is_not_tried_again),
        TEST(a_commit_whose_answer_is_lost_is_found_done),
        TEST(a_database_that_went_away_with_the_commit_is_waited_for),
        TEST(one_that_went_away_before_is_not),
        TEST(one_that_stays_away_leaves_it_open_for_the_caller_too),
        TEST(what_may_be_recorded_stays_so_when_the_next_unit_fails),
        TEST(a_refusal_that_may_be_recorded_has_done_nothing),
        TEST(afterwards_the_caller_hears_what_the_record_says),
        TEST(an_outcome_that_fails_to_be_stored_is_stored_in_a_second_unit),
        TEST(what_another_recorded_first_counts),
        TEST(a_row_that_is_gone_is_told_as_it_was_committed),
        TEST(one_verify_id_is_one_record),
        TEST(the_same_code_and_token_give_the_recorded_outcome),
        TEST(of_another_app_they_are_a_conflict),
        TEST(they_are_answered_without_a_token_too),
        TEST(without_database_they_cannot_be_told),
        TEST(a_token_given_twice_while_processing_is_the_same_redemption),
        TEST(a_token_given_twice_after_the_end_is_no_second_success),
        TEST(of_several_any_code_recorded_before_counts),
        TEST(an_id_that_is_taken_is_drawn_again),
        TEST(ids_grow_are_unique_and_fit_into_53_bits),
        TEST(an_id_tells_the_time_also_when_the_clock_was_set_back),
        TEST(a_record_is_as_old_as_its_id),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_record", tests, NULL, NULL);
}
