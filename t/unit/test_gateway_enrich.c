/* SPDX-License-Identifier: Apache-2.0
 * Enriching: what is asked, what is filled in, and how often it is tried.
 * links: douyin/codes.c gateway/account.c gateway/background/job.c gateway/db_work.c
 * links: gateway/declared.c gateway/reasons.c gateway/record.c gateway/settle/amounts.c
 * links: gateway/settle/attribution.c gateway/settle/enrich.c gateway/settle/fit.c
 * links: gateway/settle/sale.c
 * helpers: fake_world.c fake_store.c fake_douyin.c settling.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/settle/settle.h"
#include "util/compiler.h"

#define FIRST_MS   2000
#define MAX_MS     600000
#define GIVE_UP_MS APR_INT64_C(86400000)
#define HOUR_MS    3600000

static dygw_gateway_t *gateway;
static dygw_douyin_async_t *async;

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    gateway->account_id = "account-1";
    gateway->enrich_first = FIRST_MS * 1000;
    gateway->enrich_max = (apr_interval_time_t)MAX_MS * 1000;
    gateway->enrich_give_up = GIVE_UP_MS * 1000;
    dygw_douyin_async_create(&async, NULL, pool);
    return 0;
}

/* A coupon as redeem.c leaves it. */
static dygw_verification_t *add_row(apr_int64_t id)
{
    dygw_verification_t *v = fake_store_add_row(id);

    v->verify_status = DYGW_SUCCESS;
    v->enrichment_status = DYGW_ENRICH_PENDING;
    v->next_run_at = dygw_now();
    v->encrypted_code = "enc-1";
    v->certificate_id = "cert-1";
    v->verify_id = apr_psprintf(pool, "verify-%" APR_INT64_T_FMT, id);
    v->order_id = "order-1";
    v->sku_id = "sku-1";
    v->sku_name = "Lunch for two";
    v->product_id = "product-1";
    v->product_name = "Lunch for two";
    v->pay_amount = 1990;
    v->coupon_status = DYGW_COUPON_USED;
    v->verify_time = dygw_now();
    v->cancelable_until = dygw_now() + HOUR_MS;
    v->expire_time = FAKE_START_MS + 2 * 86400000;
    return v;
}

static const char *repeated(const char *text, int times)
{
    const char *whole = "";

    while (times-- > 0) {
        whole = apr_pstrcat(pool, whole, text, NULL);
    }
    return whole;
}

/* One attempt, with the rows of first_id as the table has them. */
static dygw_job_t *enrich(apr_int64_t first_id)
{
    dygw_job_t *job = apr_pcalloc(pool, sizeof(*job));
    apr_array_header_t *items;
    const dygw_question_t *question;
    dygw_answer_t answer;
    dygw_db_t *db;
    void *baton;

    dygw_db_open(&db, gateway->db, &fake_log, pool);
    dygw_store_verification_items(db, first_id, &items, pool);
    dygw_db_close(db);
    *job = (dygw_job_t){
        .kind = &dygw_enrich_job,
        .ctx = { gateway, &fake_log, pool },
        .rows = (dygw_verification_t **)items->elts,
        .count = items->nelts,
    };
    question = job->kind->begin(job);
    while (question) {
        dygw_douyin_async_begin(async, question, "tok-1", &fake_log, pool, job);
        assert_int_equal(dygw_douyin_async_next(async, 0, &baton, &answer), 1);
        question = job->kind->answered(job, answer);
    }
    return job;
}

static dygw_order_reply_t *plain_order(void)
{
    dygw_order_reply_t *order = fake_order(DYGW_REPLY_OK, 0);

    order->found = 1;
    order->count = 1;
    return order;
}

static void check_pending(const dygw_verification_t *v, int tries, const char *last_error)
{
    assert_int_equal(v->enrichment_status, DYGW_ENRICH_PENDING);
    assert_int_equal(v->enrichment_retry_count, tries);
    assert_string_equal(v->last_error, last_error);
    assert_true(v->next_run_at > dygw_now());
}

static void check_done(const dygw_verification_t *v)
{
    assert_int_equal(v->enrichment_status, DYGW_ENRICH_SUCCESS);
    assert_true(v->next_run_at == DYGW_NO_TIME);
    assert_null(v->last_error);
}

/* --- what it asks and fills in --- */

static void the_order_and_then_the_coupon_are_asked(DYGW_UNUSED void **state)
{
    add_row(1);
    enrich(1);
    assert_string_equal(fake_asked(), "tok-1 order order-1; tok-1 get enc-1");
    check_done(fake_store_row(0));
    assert_int_equal(fake_store_row(0)->enrichment_retry_count, 0);
}

static void the_record_has_what_they_say(DYGW_UNUSED void **state)
{
    const dygw_verification_t *v = add_row(1);
    dygw_seen_coupon_t *coupon = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2);

    fake_seen(coupon, "verify-1", dygw_now());
    fake_seen(coupon, "verify-0", dygw_now());
    enrich(1);
    assert_int_equal(v->order_status, 201);
    assert_true(v->create_order_time == FAKE_START_MS - 7200000);
    assert_true(v->pay_time == FAKE_START_MS - 7100000);
    assert_string_equal(v->product_name, "Lunch");
    assert_string_equal(v->sku_name, "Lunch for two, weekdays");
    assert_string_equal(v->source_order_id, "order-1");
    assert_true(v->pay_amount == 1990);
    assert_true(v->receipt_amount == 1891);
    assert_true(v->discount_amount == 510);
    assert_int_equal(v->coupon_status, DYGW_COUPON_USED);
    assert_int_equal(v->verify_records_count, 2);
    assert_true(v->cancelable_until == dygw_now() + HOUR_MS);
    assert_string_equal(v->douyin_response, "{\"order\":{\"data\":{\"error_code\":0,\"of\":\"order\"}},"
                                            "\"get\":{\"data\":{\"error_code\":0,\"of\":\"get\"}}}");
}

static void what_douyin_is_silent_about_stays(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    v->ext_order_id = "shop-1";
    v->source_order_id = "order-2";
    plain_order()->ext_order_id = "third-1";
    enrich(1);
    assert_string_equal(fake_asked(), "tok-1 order order-2; tok-1 get enc-1");
    assert_string_equal(v->product_id, "product-1");
    assert_string_equal(v->product_name, "Lunch for two");
    assert_string_equal(v->sku_id, "sku-1");
    assert_string_equal(v->sku_name, "Lunch for two");
    assert_string_equal(v->ext_order_id, "shop-1");
    assert_string_equal(v->source_order_id, "order-2");
    assert_true(v->order_status == DYGW_NO_INT);
    assert_true(v->create_order_time == DYGW_NO_TIME);
    assert_true(v->pay_time == DYGW_NO_TIME);
    assert_true(v->receipt_amount == DYGW_NO_INT);
    assert_true(v->pay_amount == 1990);
    assert_true(v->expire_time == FAKE_START_MS + 2 * 86400000);
}

static void what_the_callers_own_prepare_left_out_is_learned(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);
    dygw_seen_coupon_t *coupon = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2);

    v->certificate_id = v->sku_id = v->sku_name = v->product_id = v->product_name = NULL;
    v->pay_amount = DYGW_NO_INT;
    v->expire_time = DYGW_NO_TIME;
    coupon->certificate.sku_id = "sku-9";
    coupon->certificate.sku_name = "Dinner";
    coupon->certificate.product_id = "product-9";
    plain_order()->ext_order_id = "third-1";
    enrich(1);
    assert_string_equal(v->certificate_id, "cert-1");
    assert_string_equal(v->sku_id, "sku-9");
    assert_string_equal(v->sku_name, "Dinner");
    assert_string_equal(v->product_id, "product-9");
    assert_string_equal(v->product_name, "Dinner");
    assert_string_equal(v->ext_order_id, "third-1");
    assert_true(v->expire_time == FAKE_START_MS + 86400000);
    assert_true(v->pay_amount == 1990);
}

/* A record keeps 64 characters, of whatever script. */
static void a_third_party_s_order_number_is_measured_in_characters(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);
    const char *in_chinese = repeated("\xe5\x8d\x95", 64);

    plain_order()->ext_order_id = in_chinese;
    enrich(1);
    assert_string_equal(v->ext_order_id, in_chinese);
    v = add_row(2);
    v->order_id = "order-2";
    plain_order()->ext_order_id = repeated("\xe5\x8d\x95", 65);
    enrich(2);
    assert_null(v->ext_order_id);
    check_done(v);
}

static void what_cannot_be_cancelled_any_more_is_not_cancelable(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);
    dygw_seen_coupon_t *coupon = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2);

    fake_seen(coupon, "verify-9", dygw_now())->can_cancel = 1;
    fake_seen(coupon, "verify-1", dygw_now())->can_cancel = 0;
    enrich(1);
    assert_true(v->cancelable_until == dygw_now());
}

static void what_another_has_redeemed_says_nothing_of_ours(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);
    dygw_seen_coupon_t *coupon = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);

    fake_seen(coupon, "verify-9", dygw_now())->can_cancel = 0;
    enrich(1);
    assert_true(v->cancelable_until == dygw_now() + HOUR_MS);
    assert_int_equal(v->coupon_status, DYGW_COUPON_UNUSED);
}

static void an_answer_recorded_before_gives_way(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    v->douyin_response = "{\"prepare\":1,\"get\":{\"old\":true},\"verify\":2}";
    enrich(1);
    assert_string_equal(v->douyin_response, "{\"prepare\":1,\"verify\":2,"
                                            "\"order\":{\"data\":{\"error_code\":0,\"of\":\"order\"}},"
                                            "\"get\":{\"data\":{\"error_code\":0,\"of\":\"get\"}}}");
}

static void without_an_order_the_coupon_is_enough(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    v->order_id = NULL;
    enrich(1);
    assert_string_equal(fake_asked(), "tok-1 get enc-1");
    check_done(v);
    assert_true(v->pay_amount == 1990);
    assert_true(v->receipt_amount == DYGW_NO_INT);
}

static void without_a_code_the_order_is_enough(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    v->encrypted_code = NULL;
    enrich(1);
    assert_string_equal(fake_asked(), "tok-1 order order-1");
    check_done(v);
    assert_true(v->receipt_amount == 1891);
}

/* --- groups --- */

static dygw_verification_t *add_item(int number, const char *code, const char *certificate_id)
{
    dygw_verification_t *v = add_row(10 + number);

    v->first_id = 10;
    v->item_no = number;
    v->encrypted_code = code;
    v->certificate_id = certificate_id;
    v->pay_amount = DYGW_NO_INT;
    return v;
}

static void a_group_asks_once_for_its_order_and_each_coupon(DYGW_UNUSED void **state)
{
    dygw_verification_t *a = add_item(0, "enc-1", "cert-1");
    dygw_verification_t *b = add_item(1, "enc-2", "cert-2");

    fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 2)->certificate.pay_amount = -1;
    fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-2", "cert-2", 1)->certificate.pay_amount = -1;
    enrich(10);
    assert_string_equal(fake_asked(), "tok-1 order order-1; tok-1 get enc-1; tok-1 get enc-2");
    check_done(a);
    check_done(b);
    assert_true(a->pay_amount == 1991 && b->pay_amount == 1990);
    assert_true(a->receipt_amount + b->receipt_amount == 3781);
    assert_int_equal(a->coupon_status, DYGW_COUPON_USED);
    assert_int_equal(b->coupon_status, DYGW_COUPON_UNUSED);
    assert_int_equal(fake_store_calls(FAKE_UPDATE), 1);
}

static void uses_of_a_times_card_ask_once_and_have_a_share_each(DYGW_UNUSED void **state)
{
    dygw_verification_t *a = add_item(0, "enc-1", "cert-1");
    dygw_verification_t *b = add_item(1, "enc-1", "cert-1");
    dygw_seen_coupon_t *coupon = fake_coupon(fake_get(DYGW_REPLY_OK, 0), "enc-1", "cert-1", 1);
    dygw_order_reply_t *order = plain_order();

    coupon->times_count = 3;
    coupon->certificate.is_times_card = 1;
    coupon->certificate.pay_amount = 1000;
    fake_seen(coupon, "verify-10", dygw_now())->serial = 1;
    fake_seen(coupon, "verify-11", dygw_now())->serial = 2;
    fake_order_coupon(order, "cert-1");
    order->receipt_amount = 904;
    enrich(10);
    assert_string_equal(fake_asked(), "tok-1 order order-1; tok-1 get enc-1");
    assert_true(a->pay_amount == 334 && b->pay_amount == 333);
    assert_true(a->receipt_amount == 302 && b->receipt_amount == 301);
}

static void only_what_is_redeemed_and_pending_is_enriched(DYGW_UNUSED void **state)
{
    dygw_verification_t *cancelled = add_item(0, "enc-1", "cert-1");
    dygw_verification_t *done = add_item(1, "enc-2", "cert-2");
    dygw_verification_t *pending = add_item(2, "enc-3", "cert-3");

    cancelled->verify_status = DYGW_CANCELLED;
    done->enrichment_status = DYGW_ENRICH_SUCCESS;
    enrich(10);
    assert_string_equal(fake_asked(), "tok-1 order order-1; tok-1 get enc-3");
    check_done(pending);
    assert_true(cancelled->revision == 0 && done->revision == 0 && pending->revision == 1);
}

static void coupons_of_different_orders_ask_for_each(DYGW_UNUSED void **state)
{
    add_item(0, "enc-1", "cert-1")->source_order_id = "given-1";
    add_item(1, "enc-2", "cert-2");
    fake_order(DYGW_REPLY_OK, 0);
    enrich(10);
    assert_string_equal(fake_asked(), "tok-1 order given-1; tok-1 order order-1; tok-1 get enc-2");
    check_pending(fake_store_row(0), 1, "order/query: Douyin does not know the order");
    check_done(fake_store_row(1));
}

/* --- trying again --- */

static void an_order_that_is_not_there_yet_is_asked_for_again(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    fake_order(DYGW_REPLY_OK, 0);
    enrich(1);
    check_pending(v, 1, "order/query: Douyin does not know the order");
    assert_true(v->enrich_since == dygw_now());
    assert_true(v->next_run_at - dygw_now() <= FIRST_MS + FIRST_MS / 5);
    assert_string_equal(fake_asked(), "tok-1 order order-1");
    assert_null(v->douyin_response);
    fake_clock_advance(FIRST_MS);
    enrich(1);
    check_done(v);
    assert_int_equal(v->enrichment_retry_count, 1);
}

static void a_refusal_is_told_and_tried_again(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    fake_order(DYGW_REPLY_COUPON, 3100101);
    enrich(1);
    check_pending(v, 1, "order/query: error_code 3100101");
    fake_order(DYGW_REPLY_TIMEOUT, 0);
    enrich(1);
    check_pending(v, 2, "order/query: no answer in time");
    fake_get(DYGW_REPLY_BUSY, 2119003);
    enrich(1);
    check_pending(v, 3, "certificate/get: error_code 2119003");
    fake_get(DYGW_REPLY_OK, 0);
    enrich(1);
    check_pending(v, 4, "certificate/get: no coupon in the answer");
    assert_true(v->receipt_amount == DYGW_NO_INT);
    enrich(1);
    check_done(v);
}

static void pauses_grow_until_it_is_given_up(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);
    dygw_ms_t start = dygw_now();
    int tries = 0;

    while (v->enrichment_status == DYGW_ENRICH_PENDING) {
        dygw_ms_t pause;

        fake_order(DYGW_REPLY_OK, 0);
        enrich(1);
        tries++;
        pause = v->next_run_at - dygw_now();
        assert_true(tries < 4 || v->next_run_at == start + GIVE_UP_MS || v->enrichment_status != DYGW_ENRICH_PENDING
                    || pause > 4 * FIRST_MS);
        assert_true(pause <= MAX_MS + MAX_MS / 5);
        if (v->next_run_at != DYGW_NO_TIME) {
            fake_clock_advance(pause);
        }
    }
    assert_int_equal(v->enrichment_status, DYGW_ENRICH_FAILED);
    assert_true(dygw_now() == start + GIVE_UP_MS);
    assert_true(v->next_run_at == DYGW_NO_TIME);
    assert_int_equal(v->enrichment_retry_count, tries);
    assert_string_equal(v->last_error, "order/query: Douyin does not know the order");
    assert_int_equal(v->verify_status, DYGW_SUCCESS);
    assert_int_equal(fake_logged("DYGW0440"), 1);
}

static void what_is_known_at_the_end_is_recorded(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    v->enrich_since = dygw_now() - GIVE_UP_MS;
    fake_get(DYGW_REPLY_BUSY, 2119003);
    enrich(1);
    assert_int_equal(v->enrichment_status, DYGW_ENRICH_FAILED);
    assert_int_equal(v->order_status, 201);
    assert_true(v->receipt_amount == 1891);
}

static void without_an_account_nothing_is_asked(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    gateway->account_id = NULL;
    enrich(1);
    check_pending(v, 1, "its store has no account: neither DygwStoreAccount nor DygwAccountId is set");
    assert_string_equal(fake_asked(), "");
}

static void what_nothing_is_known_of_is_tried_like_the_others(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = add_row(1);

    v->order_id = v->encrypted_code = NULL;
    enrich(1);
    check_pending(v, 1, "neither its order nor its code is known");
    assert_string_equal(fake_asked(), "");
}

static void what_was_cancelled_meanwhile_is_not_written(DYGW_UNUSED void **state)
{
    const dygw_job_t *job;

    add_row(1);
    fake_store_fail(FAKE_UPDATE, 0, 1, APR_NOTFOUND, 0);
    job = enrich(1);
    assert_int_equal(job->written, 0);
    assert_int_equal(fake_store_row(0)->enrichment_status, DYGW_ENRICH_PENDING);
}

static void pauses_double_up_to_the_longest(DYGW_UNUSED void **state)
{
    for (int tries = 0; tries < 40; tries++) {
        dygw_ms_t middle = tries < 5 ? (dygw_ms_t)1000 << tries : 20000;

        for (int i = 0; i < 20; i++) {
            dygw_ms_t pause = dygw_job_pause(tries, 1000, 20000);

            assert_true(pause >= middle - middle / 5 && pause <= middle + middle / 5);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_order_and_then_the_coupon_are_asked),
        TEST(the_record_has_what_they_say),
        TEST(what_douyin_is_silent_about_stays),
        TEST(what_the_callers_own_prepare_left_out_is_learned),
        TEST(a_third_party_s_order_number_is_measured_in_characters),
        TEST(what_cannot_be_cancelled_any_more_is_not_cancelable),
        TEST(what_another_has_redeemed_says_nothing_of_ours),
        TEST(an_answer_recorded_before_gives_way),
        TEST(without_an_order_the_coupon_is_enough),
        TEST(without_a_code_the_order_is_enough),
        TEST(a_group_asks_once_for_its_order_and_each_coupon),
        TEST(uses_of_a_times_card_ask_once_and_have_a_share_each),
        TEST(only_what_is_redeemed_and_pending_is_enriched),
        TEST(coupons_of_different_orders_ask_for_each),
        TEST(an_order_that_is_not_there_yet_is_asked_for_again),
        TEST(a_refusal_is_told_and_tried_again),
        TEST(pauses_grow_until_it_is_given_up),
        TEST(what_is_known_at_the_end_is_recorded),
        TEST(without_an_account_nothing_is_asked),
        TEST(what_nothing_is_known_of_is_tried_like_the_others),
        TEST(what_was_cancelled_meanwhile_is_not_written),
        TEST(pauses_double_up_to_the_longest),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_enrich", tests, NULL, NULL);
}
