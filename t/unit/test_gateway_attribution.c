/* SPDX-License-Identifier: Apache-2.0
 * A redemption that Douyin did not name: it is nobody else's, and its verify_id is learned.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/background/job.c gateway/code_use.c
 * links: gateway/db_work.c gateway/declared.c gateway/reasons.c gateway/record.c
 * links: gateway/settle/amounts.c gateway/settle/attribution.c gateway/settle/enrich.c
 * links: gateway/settle/fit.c gateway/settle/held.c gateway/settle/judge.c gateway/settle/late.c
 * links: gateway/settle/pace.c gateway/settle/repeat.c gateway/settle/sale.c
 * links: gateway/settle/settle.c gateway/settle/settle_state.c gateway/unusable.c
 * links: store/verification/words.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c settling.c settling_one.c own_pool.c */
#include "support/settling_one.h"

#include <apr_general.h>

#include "util/compiler.h"

#define NAMELESS_ID 50
#define DAY_MS      APR_INT64_C(86400000)

static dygw_verification_t *nameless;

/* Redeemed, says the answer; which verification it is, it does not say. */
static dygw_verification_t *succeeded(apr_int64_t first_id, int item_no, int item_count)
{
    dygw_verification_t *v = settling_row(first_id, item_no, item_count);

    v->verify_status = DYGW_SUCCESS;
    v->confirmed_by = DYGW_BY_RESPONSE;
    v->certificate_id = "cert-1";
    v->encrypted_code = "enc-1";
    v->verify_time = dygw_now();
    v->verify_token = "vt-0";
    v->enrichment_status = DYGW_ENRICH_PENDING;
    v->next_run_at = dygw_now();
    return v;
}

static int set_up_both(void **state)
{
    set_up(state);
    gateway->account_id = "account-1";
    gateway->enrich_first = gateway->enrich_max = 60 * APR_USEC_PER_SEC;
    gateway->enrich_give_up = DAY_MS * 1000;
    nameless = succeeded(NAMELESS_ID, 0, 1);
    fake_clock_advance(1000);
    return 0;
}

static dygw_seen_coupon_t *show(int status)
{
    return fake_coupon(fake_query(DYGW_REPLY_OK, 0), "enc-1", "cert-1", status);
}

static dygw_seen_coupon_t *show_to_get(int status)
{
    return fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", status);
}

static int enrich(apr_int64_t first_id)
{
    return settling_run(gateway, &dygw_enrich_job, first_id, pool);
}

/* --- it is nobody else's --- */

static void what_a_nameless_success_has_redeemed_is_not_another_s(DYGW_UNUSED void **state)
{
    fake_seen(show(2), "v-1", nameless->verify_time);
    answer_already();
    fake_seen(show(2), "v-1", nameless->verify_time);
    settle();
    check_failed(DYGW_OUTCOME_NOT_OURS);
    assert_null(row->verify_id);
}

static void of_two_uses_it_has_the_one_that_is_nearest_in_time(DYGW_UNUSED void **state)
{
    int i;

    for (i = 0; i < 2; i++) {
        dygw_seen_coupon_t *card = show(1);

        card->times_count = 3;
        card->times_used = 2;
        fake_seen(card, "v-1", nameless->verify_time + 900)->serial = 2;
        fake_seen(card, "v-2", nameless->verify_time - 100)->serial = 1;
        if (i == 0) {
            answer_already();
        }
    }
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
    assert_string_equal(row->verify_id, "v-1");
}

static void what_came_long_after_it_is_not_its_own(DYGW_UNUSED void **state)
{
    nameless->created_at = nameless->verify_time = dygw_now() - HOUR_MS;
    fake_seen(show(2), "v-1", dygw_now());
    answer_already();
    fake_seen(show(2), "v-1", dygw_now());
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
}

static void what_was_done_in_our_store_is_not_another_store_s(DYGW_UNUSED void **state)
{
    int i;

    nameless->poi_id = "7000000000000000001";
    for (i = 0; i < 2; i++) {
        fake_seen(show(2), "v-1", nameless->verify_time)->poi_id = SETTLING_POI;
    }
    answer_already();
    settle();
    check_success(DYGW_BY_STATUS_QUERY);
}

/* --- its name is learned --- */

static void enriching_learns_the_verify_id(DYGW_UNUSED void **state)
{
    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    enrich(NAMELESS_ID);
    check_asked("order order-1; get enc-1");
    assert_string_equal(nameless->verify_id, "v-1");
    assert_int_equal(nameless->enrichment_status, DYGW_ENRICH_SUCCESS);
    assert_int_equal(nameless->next_run_at, DYGW_NO_TIME);
}

static void until_it_is_shown_all_else_is_filled_in_and_it_is_asked_again(DYGW_UNUSED void **state)
{
    show_to_get(1);
    enrich(NAMELESS_ID);
    assert_null(nameless->verify_id);
    assert_int_equal(nameless->enrichment_status, DYGW_ENRICH_PENDING);
    assert_int_equal(nameless->enrichment_retry_count, 1);
    assert_non_null(nameless->last_error);
    assert_true(nameless->receipt_amount > 0);
    assert_true(nameless->next_run_at > dygw_now());
    fake_clock_advance(DAY_MS / 2);
    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    enrich(NAMELESS_ID);
    assert_string_equal(nameless->verify_id, "v-1");
    assert_int_equal(nameless->enrichment_status, DYGW_ENRICH_SUCCESS);
    assert_null(nameless->last_error);
    settling_asked();
}

static void without_its_order_it_is_learned_all_the_same(DYGW_UNUSED void **state)
{
    fake_order(DYGW_REPLY_BUSY, 2119003);
    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    enrich(NAMELESS_ID);
    check_asked("order order-1; get enc-1");
    assert_string_equal(nameless->verify_id, "v-1");
    assert_int_equal(nameless->enrichment_status, DYGW_ENRICH_PENDING);
    nameless->verify_id = NULL;
    gateway->account_id = NULL;
    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    enrich(NAMELESS_ID);
    check_asked("get enc-1");
    assert_string_equal(nameless->verify_id, "v-1");
    assert_non_null(strstr(nameless->last_error, "its store has no account"));
}

static void what_another_record_has_is_not_learned(DYGW_UNUSED void **state)
{
    row->verify_status = DYGW_SUCCESS;
    row->verify_id = "v-1";
    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    enrich(NAMELESS_ID);
    assert_null(nameless->verify_id);
    assert_int_equal(nameless->enrichment_status, DYGW_ENRICH_PENDING);
    settling_asked();
}

/* Only the table knows that record: it names another coupon. */
static void what_turns_out_to_be_another_record_s_is_not_learned(DYGW_UNUSED void **state)
{
    row->verify_status = DYGW_SUCCESS;
    row->verify_id = "v-1";
    row->certificate_id = "cert-7";
    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    enrich(NAMELESS_ID);
    assert_null(nameless->verify_id);
    assert_int_equal(nameless->enrichment_status, DYGW_ENRICH_PENDING);
    assert_int_equal(nameless->enrichment_retry_count, 1);
    assert_true(nameless->receipt_amount > 0);
    settling_asked();
}

static void uses_of_a_times_card_learn_one_each(DYGW_UNUSED void **state)
{
    const dygw_verification_t *uses[3];
    dygw_seen_coupon_t *card = show_to_get(1);
    int i;

    for (i = 0; i < 3; i++) {
        uses[i] = succeeded(700, i, 3);
    }
    card->times_count = 5;
    card->times_used = 4;
    fake_seen(card, "v-3", dygw_now())->serial = 4;
    fake_seen(card, "v-1", dygw_now())->serial = 2;
    fake_seen(card, "v-0", nameless->verify_time)->serial = 1;
    fake_seen(card, "v-2", dygw_now())->serial = 3;
    enrich(700);
    assert_string_equal(uses[0]->verify_id, "v-1");
    assert_string_equal(uses[1]->verify_id, "v-2");
    assert_string_equal(uses[2]->verify_id, "v-3");
    settling_asked();
}

static void what_douyin_never_names_is_said_in_the_end(DYGW_UNUSED void **state)
{
    enrich(NAMELESS_ID);
    fake_clock_advance(DAY_MS);
    enrich(NAMELESS_ID);
    assert_int_equal(nameless->enrichment_status, DYGW_ENRICH_SUCCESS);
    assert_null(nameless->verify_id);
    assert_int_equal(fake_logged("DYGW0447"), 1);
    settling_asked();
}

static void while_the_database_is_away_nothing_is_concluded(DYGW_UNUSED void **state)
{
    const apr_int64_t revision = nameless->revision;

    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    fake_store_fail(FAKE_OPEN, 1, 1, APR_EGENERAL, 0);
    enrich(NAMELESS_ID);
    assert_int_equal(nameless->revision, revision);
    fake_seen(show_to_get(2), "v-1", nameless->verify_time);
    fake_store_fail(FAKE_RIVALS, 0, 1, APR_EGENERAL, 0);
    enrich(NAMELESS_ID);
    assert_int_equal(nameless->revision, revision);
    assert_null(nameless->verify_id);
    settling_asked();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_both, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_nameless_success_has_redeemed_is_not_another_s),
        TEST(of_two_uses_it_has_the_one_that_is_nearest_in_time),
        TEST(what_came_long_after_it_is_not_its_own),
        TEST(what_was_done_in_our_store_is_not_another_store_s),
        TEST(enriching_learns_the_verify_id),
        TEST(until_it_is_shown_all_else_is_filled_in_and_it_is_asked_again),
        TEST(without_its_order_it_is_learned_all_the_same),
        TEST(what_another_record_has_is_not_learned),
        TEST(what_turns_out_to_be_another_record_s_is_not_learned),
        TEST(uses_of_a_times_card_learn_one_each),
        TEST(what_douyin_never_names_is_said_in_the_end),
        TEST(while_the_database_is_away_nothing_is_concluded),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_attribution", tests, NULL, NULL);
}
