/* SPDX-License-Identifier: Apache-2.0
 * Taking a redemption back: what is committed before Douyin is asked, and what each answer becomes.
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/background/job.c gateway/db_work.c
 * links: gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/cancel.c gateway/settle/cancelled.c gateway/settle/fit.c
 * links: gateway/settle/judge.c gateway/settle/late.c gateway/settle/pace.c gateway/settle/sale.c
 * links: gateway/token.c
 * helpers: fake_world.c fake_store.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>

#include "gateway/host.h"
#include "gateway/redeem/cancel.h"
#include "util/compiler.h"

#define READ    "open get close"
#define WRITTEN "open update close"

static dygw_gateway_t *gateway;
static dygw_redeem_result_t out;
static int pending;

static void (*before_the_commit)(void);

apr_status_t dygw_store_verification_update_one(dygw_db_t *db, dygw_verification_t *row)
{
    int clash;

    if (before_the_commit) {
        before_the_commit();
    }
    return dygw_store_verification_update(db, &row, 1, &clash);
}

/* A record of app 3, redeemed a minute ago. */
static void insert(void)
{
    dygw_verification_t v;
    const dygw_verification_t *rows[] = { &v };
    dygw_db_t *db;

    dygw_verification_init(&v);
    v.id = v.first_id = 100;
    v.app_id = 3;
    v.verify_status = DYGW_SUCCESS;
    v.enrichment_status = DYGW_ENRICH_PENDING;
    v.coupon_status = DYGW_COUPON_USED;
    v.verify_id = "verify-1";
    v.certificate_id = "cert-1";
    v.request_id = "req-1";
    v.confirmed_by = DYGW_BY_RESPONSE;
    v.created_at = v.updated_at = FAKE_START_MS - 60000;
    v.attempts = 1;
    assert_int_equal(dygw_db_open(&db, gateway->db, &fake_log, pool), APR_SUCCESS);
    assert_int_equal(dygw_store_verification_insert(db, rows, 1, NULL, NULL), APR_SUCCESS);
    dygw_db_close(db);
}

static void start_anew(void)
{
    gateway = fake_world(pool);
    insert();
    fake_trace();
}

static int set_up(void **state)
{
    make_pool(state);
    start_anew();
    return 0;
}

static void cancel(void)
{
    dygw_cancel(FAKE_CTX(gateway, pool), 100, 3, &out, &pending);
}

/* What the caller hears is what the table has. */
static void assert_told(dygw_verify_status_e status, int not_yet)
{
    const dygw_verification_t *row = fake_store_row(0);

    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(pending, not_yet);
    assert_int_equal(row->verify_status, status);
    assert_int_equal(out.verifications[0]->verify_status, status);
    assert_true(out.verifications[0]->revision == row->revision);
    assert_true(out.verifications[0]->error_code == row->error_code);
}

static void look_at_the_commit(const char *call)
{
    const dygw_verification_t *row = fake_store_row(0);

    if (strcmp(call, "cancel") == 0) {
        assert_int_equal(row->verify_status, DYGW_SUCCESS);
        assert_true(row->cancel_since == FAKE_START_MS);
        assert_int_equal(row->cancels, 1);
        assert_int_equal(strncmp(row->last_error, "is being cancelled by ", 22), 0);
        assert_true(row->errand_at == FAKE_START_MS + 4 * 5000 + 5000);
    }
}

static void it_is_committed_asked_and_recorded(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = look_at_the_commit;
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    assert_string_equal(fake_trace(), READ " " WRITTEN " cancel " WRITTEN);
    assert_string_equal(fake_asked(), "tok-1 cancel verify-1 cert-1 -");
    assert_int_equal(fake_store_row(0)->coupon_status, DYGW_COUPON_UNUSED);
    assert_true(fake_store_row(0)->errand_at == DYGW_NO_TIME);
    assert_null(fake_store_row(0)->last_error);
    assert_true(out.upstream_time > 0);
}

static void a_refusal_leaves_it_as_it_was(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = { DYGW_REPLY_COUPON, DYGW_REPLY_SETUP, DYGW_REPLY_REQUEST };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        start_anew();
        fake_cancel(kinds[i], 3000001);
        cancel();
        assert_told(DYGW_SUCCESS, 0);
        assert_true(fake_store_row(0)->error_code == 3000001);
        assert_string_equal(fake_store_row(0)->error_description, "Douyin's words");
        assert_int_equal(fake_store_row(0)->coupon_status, DYGW_COUPON_USED);
        assert_true(fake_store_row(0)->cancel_since == DYGW_NO_TIME);
        assert_true(fake_store_row(0)->errand_at == DYGW_NO_TIME);
    }
}

static void after_a_refusal_it_may_be_tried_again(DYGW_UNUSED void **state)
{
    fake_cancel(DYGW_REPLY_COUPON, 3000001);
    cancel();
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    assert_true(out.verifications[0]->error_code == 0);
}

static void what_is_not_known_is_the_backgrounds(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = { DYGW_REPLY_BUSY, DYGW_REPLY_GARBLED,     DYGW_REPLY_TIMEOUT,
                                                DYGW_REPLY_LOST, DYGW_REPLY_UNREACHABLE, DYGW_REPLY_REVIEW };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        apr_int64_t work;

        start_anew();
        work = dygw_host_work(gateway);
        fake_cancel(kinds[i], 0);
        cancel();
        assert_told(DYGW_SUCCESS, 1);
        assert_true(fake_store_row(0)->errand_at == FAKE_START_MS + 5000);
        assert_true(fake_store_row(0)->cancel_since == FAKE_START_MS);
        assert_true(dygw_host_work(gateway) != work);
    }
}

static void refused_after_it_may_have_been_done_is_not_known(DYGW_UNUSED void **state)
{
    fake_cancel(DYGW_REPLY_COUPON, 3000001)->reply.sent_twice = 1;
    cancel();
    assert_told(DYGW_SUCCESS, 1);
    assert_true(fake_store_row(0)->error_code == 0);
}

static void a_refused_token_is_renewed_once(DYGW_UNUSED void **state)
{
    fake_cancel(DYGW_REPLY_TOKEN, 2190002);
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    assert_string_equal(fake_asked(), "tok-1 cancel verify-1 cert-1 -; "
                                      "tok-2 cancel verify-1 cert-1 -");
}

static void without_a_token_nothing_is_done(DYGW_UNUSED void **state)
{
    fake_clock_advance(FAKE_LIFE_MS + 1);
    fake_token(DYGW_REPLY_UNREACHABLE, NULL, 0);
    cancel();
    assert_int_equal(out.result.code, DYGW_TOKEN_UNAVAILABLE);
    assert_true(fake_store_row(0)->cancel_since == DYGW_NO_TIME);
    assert_string_equal(fake_asked(), "");
}

static void it_is_not_asked_for_twice(DYGW_UNUSED void **state)
{
    fake_cancel(DYGW_REPLY_TIMEOUT, 0);
    cancel();
    fake_trace();
    cancel();
    assert_told(DYGW_SUCCESS, 1);
    assert_string_equal(fake_trace(), READ);
}

static void what_is_cancelled_stays_so(DYGW_UNUSED void **state)
{
    cancel();
    fake_trace();
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    assert_string_equal(fake_trace(), READ);
}

static void what_has_failed_cannot_be_cancelled(DYGW_UNUSED void **state)
{
    fake_store_row(0)->verify_status = DYGW_FAILED;
    cancel();
    assert_int_equal(out.result.code, DYGW_CONFLICT);
    assert_non_null(out.result.message);
    assert_string_equal(fake_trace(), READ);
}

static void only_its_app_may(DYGW_UNUSED void **state)
{
    dygw_cancel(FAKE_CTX(gateway, pool), 100, 4, &out, &pending);
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    dygw_cancel(FAKE_CTX(gateway, pool), 101, 3, &out, &pending);
    assert_int_equal(out.result.code, DYGW_NOT_FOUND);
    assert_string_equal(fake_asked(), "");
}

static void what_douyin_needs_has_to_be_known(DYGW_UNUSED void **state)
{
    fake_store_row(0)->certificate_id = NULL;
    cancel();
    assert_int_equal(out.result.code, DYGW_CONFLICT);
    assert_string_equal(fake_asked(), "");
}

/* --- others of its request --- */

/* The second coupon of the request is not settled, and a verify may be under way until then. */
static dygw_verification_t *add_sibling(dygw_ms_t lease_until)
{
    dygw_verification_t *sibling = fake_store_add_row(101);

    fake_store_row(0)->item_count = 2;
    sibling->first_id = 100;
    sibling->item_no = 1;
    sibling->item_count = 2;
    sibling->verify_status = DYGW_PROCESSING;
    sibling->lease_until = lease_until;
    return sibling;
}

static void while_a_verify_may_be_under_way_it_is_only_wanted(DYGW_UNUSED void **state)
{
    apr_int64_t work = dygw_host_work(gateway);

    add_sibling(FAKE_START_MS + 7000);
    fake_store_row(0)->error_code = 3000001;
    cancel();
    assert_told(DYGW_SUCCESS, 1);
    assert_string_equal(fake_asked(), "");
    assert_string_equal(fake_trace(), "open get items close " WRITTEN);
    assert_true(fake_store_row(0)->cancel_since == FAKE_START_MS);
    assert_int_equal(fake_store_row(0)->cancels, 0);
    assert_true(fake_store_row(0)->errand_at == FAKE_START_MS + 7000);
    assert_true(fake_store_row(0)->error_code == 0);
    assert_true(dygw_host_work(gateway) != work);
    assert_int_equal(fake_logged("DYGW0436"), 1);
    fake_trace();
    cancel();
    assert_told(DYGW_SUCCESS, 1);
    assert_string_equal(fake_trace(), "open get items close");
}

static void when_none_can_be_it_is_carried_out(DYGW_UNUSED void **state)
{
    add_sibling(FAKE_START_MS);
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    start_anew();
    add_sibling(FAKE_START_MS + 7000)->verify_status = DYGW_FAILED;
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    start_anew();
    add_sibling(FAKE_START_MS + 3600000); /* the clock was put back */
    cancel();
    assert_told(DYGW_CANCELLED, 0);
}

/* The background commits a repetition after the record was read: it raises its revision. */
static void repeat_meanwhile(void)
{
    fake_store_row(0)->revision++;
    fake_store_row(0)->updated_at++;
    fake_store_row(1)->lease_until = FAKE_START_MS + 7000;
    before_the_commit = NULL;
}

static void a_repetition_that_is_committed_meanwhile_counts(DYGW_UNUSED void **state)
{
    add_sibling(0);
    before_the_commit = repeat_meanwhile;
    cancel();
    assert_told(DYGW_SUCCESS, 1);
    assert_string_equal(fake_asked(), "");
    assert_true(fake_store_row(0)->errand_at == FAKE_START_MS + 7000);
}

static void without_its_others_nothing_is_done(DYGW_UNUSED void **state)
{
    add_sibling(0);
    fake_store_fail(FAKE_ITEMS, 0, 1, APR_EGENERAL, 0);
    cancel();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    assert_string_equal(fake_asked(), "");
}

static void process(dygw_ms_t lease_until)
{
    dygw_verification_t *row = fake_store_row(0);

    row->verify_status = DYGW_PROCESSING;
    row->lease_until = lease_until;
    row->next_run_at = FAKE_START_MS + 600000;
    row->verify_id = NULL;
}

static void an_open_one_is_given_up(DYGW_UNUSED void **state)
{
    apr_int64_t work = dygw_host_work(gateway);

    process(FAKE_START_MS - 1);
    cancel();
    assert_told(DYGW_PROCESSING, 1);
    assert_true(fake_store_row(0)->cancel_since == FAKE_START_MS);
    assert_true(fake_store_row(0)->next_run_at == FAKE_START_MS);
    assert_string_equal(fake_asked(), "");
    assert_true(dygw_host_work(gateway) != work);
    fake_trace();
    cancel();
    assert_told(DYGW_PROCESSING, 1);
    assert_string_equal(fake_trace(), READ);
}

static void the_request_at_work_is_not_disturbed(DYGW_UNUSED void **state)
{
    process(FAKE_START_MS + 7000);
    cancel();
    assert_told(DYGW_PROCESSING, 1);
    assert_true(fake_store_row(0)->next_run_at == FAKE_START_MS + 7000);
}

static void it_is_read_again_when_others_change_it(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_NOTFOUND, 0);
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    start_anew();
    fake_store_fail(FAKE_UPDATE, 0, 100, APR_NOTFOUND, 0);
    cancel();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    assert_string_equal(fake_asked(), "");
}

static void enrich(const char *call)
{
    if (strcmp(call, "cancel") == 0) {
        fake_clock_advance(1);
        fake_store_row(0)->pay_amount = 1990;
        fake_store_row(0)->revision++;
    }
}

static void what_others_write_meanwhile_is_kept(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = enrich;
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    assert_true(fake_store_row(0)->pay_amount == 1990);
}

static void conclude_elsewhere(const char *call)
{
    dygw_verification_t *row = fake_store_row(0);

    if (strcmp(call, "cancel") == 0) {
        fake_clock_advance(1);
        row->verify_status = DYGW_CANCELLED;
        row->cancel_since = row->errand_at = DYGW_NO_TIME;
        row->revision++;
    }
}

static void what_the_background_found_meanwhile_counts(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = conclude_elsewhere;
    fake_cancel(DYGW_REPLY_COUPON, 3000001);
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    assert_true(out.verifications[0]->error_code == 0);
}

static void give_up_elsewhere(const char *call)
{
    dygw_verification_t *row = fake_store_row(0);

    if (strcmp(call, "cancel") == 0) {
        fake_clock_advance(1);
        row->cancel_since = row->errand_at = DYGW_NO_TIME;
        row->error_code = 2100001;
        row->revision++;
    }
}

static void what_douyin_did_counts_whoever_took_it_for_refused(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = give_up_elsewhere;
    cancel();
    assert_told(DYGW_CANCELLED, 0);
    assert_true(out.verifications[0]->error_code == 0);
    start_anew();
    fake_douyin_meanwhile = give_up_elsewhere;
    fake_cancel(DYGW_REPLY_COUPON, 3000001);
    cancel();
    assert_told(DYGW_SUCCESS, 0);
    assert_true(out.verifications[0]->error_code == 2100001);
}

static void an_outcome_that_cannot_be_recorded_is_found_out_later(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_UPDATE, 1, 1, APR_EGENERAL, 0);
    cancel();
    assert_told(DYGW_SUCCESS, 1);
    assert_true(fake_store_row(0)->errand_at == FAKE_START_MS + 25000);
    assert_int_equal(fake_logged("DYGW0454"), 1);
}

static void without_database_nothing_is_asked(DYGW_UNUSED void **state)
{
    static const fake_step_e steps[] = { FAKE_OPEN, FAKE_GET, FAKE_UPDATE };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        start_anew();
        fake_store_fail(steps[i], 0, 1, APR_EGENERAL, 0);
        cancel();
        assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
        assert_true(out.result.retry_after > 0);
        assert_string_equal(fake_asked(), "");
    }
}

/* --- whether it is committed is not known --- */

static void what_may_be_committed_is_written_once_more(DYGW_UNUSED void **state)
{
    static const char *const traces[]
        = { READ " open update! close " WRITTEN " cancel " WRITTEN, READ " " WRITTEN " " WRITTEN " cancel " WRITTEN };

    for (int done = 0; done <= 1; done++) {
        start_anew();
        fake_store_fail(FAKE_UPDATE, 0, 1, APR_INCOMPLETE, done);
        cancel();
        assert_told(DYGW_CANCELLED, 0);
        assert_string_equal(fake_trace(), traces[done]);
        assert_int_equal(fake_logged("DYGW0456"), 0);
    }
}

static void assert_in_doubt(dygw_verify_status_e status)
{
    assert_told(status, 1);
    assert_string_equal(fake_asked(), "");
    assert_int_equal(fake_logged("DYGW0456"), 1);
}

static void what_nobody_knows_is_not_called_undone(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_UPDATE, 0, 2, APR_INCOMPLETE, 0);
    cancel();
    assert_in_doubt(DYGW_SUCCESS);
    start_anew();
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_INCOMPLETE, 0);
    fake_store_fail(FAKE_OPEN, 2, 1, APR_EGENERAL, 0);
    cancel();
    assert_in_doubt(DYGW_SUCCESS);
    start_anew();
    process(FAKE_START_MS - 1);
    fake_store_fail(FAKE_UPDATE, 0, 2, APR_INCOMPLETE, 0);
    cancel();
    assert_in_doubt(DYGW_PROCESSING);
}

static void what_turns_out_to_be_committed_is_the_backgrounds(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_UPDATE, 0, 2, APR_INCOMPLETE, 1);
    cancel();
    assert_int_equal(out.result.code, DYGW_OK);
    assert_int_equal(pending, 1);
    assert_true(fake_store_row(0)->cancel_since == FAKE_START_MS);
    assert_true(fake_store_row(0)->errand_at == FAKE_START_MS + 25000);
    cancel();
    assert_told(DYGW_SUCCESS, 1);
    assert_string_equal(fake_asked(), "");
}

static void what_took_too_long_and_was_not_done_is_refused(DYGW_UNUSED void **state)
{
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_TIMEUP, 0);
    cancel();
    assert_int_equal(out.result.code, DYGW_DATABASE_UNAVAILABLE);
    assert_true(fake_store_row(0)->cancel_since == DYGW_NO_TIME);
    assert_string_equal(fake_asked(), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_committed_asked_and_recorded),
        TEST(a_refusal_leaves_it_as_it_was),
        TEST(after_a_refusal_it_may_be_tried_again),
        TEST(what_is_not_known_is_the_backgrounds),
        TEST(refused_after_it_may_have_been_done_is_not_known),
        TEST(a_refused_token_is_renewed_once),
        TEST(without_a_token_nothing_is_done),
        TEST(it_is_not_asked_for_twice),
        TEST(what_is_cancelled_stays_so),
        TEST(what_has_failed_cannot_be_cancelled),
        TEST(only_its_app_may),
        TEST(what_douyin_needs_has_to_be_known),
        TEST(while_a_verify_may_be_under_way_it_is_only_wanted),
        TEST(when_none_can_be_it_is_carried_out),
        TEST(a_repetition_that_is_committed_meanwhile_counts),
        TEST(without_its_others_nothing_is_done),
        TEST(an_open_one_is_given_up),
        TEST(the_request_at_work_is_not_disturbed),
        TEST(it_is_read_again_when_others_change_it),
        TEST(what_others_write_meanwhile_is_kept),
        TEST(what_the_background_found_meanwhile_counts),
        TEST(what_douyin_did_counts_whoever_took_it_for_refused),
        TEST(an_outcome_that_cannot_be_recorded_is_found_out_later),
        TEST(without_database_nothing_is_asked),
        TEST(what_may_be_committed_is_written_once_more),
        TEST(what_nobody_knows_is_not_called_undone),
        TEST(what_turns_out_to_be_committed_is_the_backgrounds),
        TEST(what_took_too_long_and_was_not_done_is_refused),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_cancel", tests, NULL, NULL);
}
