/* SPDX-License-Identifier: Apache-2.0
 * A redemption: what happens in which order, what each outcome of prepare and verify becomes.
 * links: gateway/usable.c douyin/certificate.c
 * links: douyin/codes.c gateway/account.c gateway/ask.c gateway/code_use.c gateway/db_work.c
 * links: gateway/declared.c gateway/host.c gateway/reasons.c gateway/record.c
 * links: gateway/redeem/by_code.c gateway/redeem/earlier.c gateway/redeem/lookup.c
 * links: gateway/redeem/prepare.c gateway/redeem/redeem.c gateway/redeem/why.c gateway/settle/fit.c
 * links: gateway/token.c gateway/unusable.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c own_pool.c fake_look.c */
#include "support/redeeming.h"

#include "gateway/host.h"
#include "util/compiler.h"

/* --- the order of things --- */

static void rows_are_committed_before_verify_in_every_mode(DYGW_UNUSED void **state)
{
    redeem();
    assert_string_equal(fake_trace(), "prepare " BY_CODE " verify " SETTLED);
    start_anew();
    request.mode = DYGW_MODE_SHORT_LINK;
    request.code = NULL;
    request.short_link = "https://v.douyin.com/a/";
    redeem();
    assert_string_equal(fake_trace(), "link prepare " COMMITTED " verify " SETTLED);
    assert_string_equal(fake_prepare_args(), "tok-1 " POI " object-1");
    start_anew();
    use_encrypted_code();
    redeem();
    assert_string_equal(fake_trace(), COMMITTED " verify " SETTLED);
    assert_string_equal(fake_verify_args(), "tok-1 " POI " vt-9 enc-9");
}

static dygw_verification_t seen;

static void look_at_row(const char *call)
{
    if (strcmp(call, "verify") == 0) {
        seen = *fake_store_row(0);
    }
}

static void what_is_committed_is_enough_to_settle_it(DYGW_UNUSED void **state)
{
    fake_douyin_meanwhile = look_at_row;
    redeem();
    assert_int_equal(seen.verify_status, DYGW_PROCESSING);
    assert_string_equal(seen.verify_token, "vt-1");
    assert_string_equal(seen.encrypted_code, "enc-1");
    assert_string_equal(seen.poi_id, POI);
    assert_string_equal(seen.order_id, "order-1");
    assert_string_equal(seen.certificate_id, "cert-1");
    assert_int_equal(seen.item_no, 0);
    assert_int_equal(seen.item_count, 1);
    assert_true(seen.first_id == seen.id && seen.id > 0);
    assert_int_equal(seen.attempts, 1);
    assert_true(seen.sent_at == FAKE_START_MS);
    /* Longer than the request can work on it: verify, fetch a token, verify; and short enough for
     * the background to be there within half a minute of a death. */
    assert_true(seen.lease_until >= FAKE_START_MS + 3 * 5000);
    assert_true(seen.lease_until < FAKE_START_MS + 25000);
    assert_true(seen.next_run_at == seen.lease_until);
    /* By the clock of the host that goes on with it, too; and with time to be answered. */
    assert_true(fake_verify_send_by() == seen.lease_until - DYGW_CLOCKS_APART_MS - 5000);
    assert_string_equal(seen.douyin_response, "{\"prepare\":{\"data\":{\"error_code\":0,\"of\":\"prepare\"}}}");
    assert_true(seen.created_at == FAKE_START_MS);
    assert_string_equal(seen.request_id, "req-1");
}

static void a_redemption_needs_one_lock_of_the_cell(DYGW_UNUSED void **state)
{
    redeem();
    assert_int_equal(fake_host_locks(), 1);
}

#define STANDSTILL_MS 60000

/* The machine stands still once the row is committed. */
static dygw_ms_t clock_with_standstill(void)
{
    return FAKE_START_MS + (fake_store_calls(FAKE_INSERT) > 0 ? STANDSTILL_MS : 0);
}

static void a_redemption_that_was_held_up_after_its_record_sends_nothing(DYGW_UNUSED void **state)
{
    dygw_clock_set(clock_with_standstill);
    redeem();
    assert_int_equal(fake_verify_calls(), 0);
    assert_int_equal(item(0)->verify_status, DYGW_PROCESSING);
    assert_int_equal(item(0)->attempts, 1);
    check_told_as_recorded();
    assert_int_equal(fake_logged("DYGW0413"), 1);
}

static void a_finished_redemption_tells_the_background(DYGW_UNUSED void **state)
{
    apr_int64_t before = dygw_host_work(gateway);

    redeem();
    assert_true(dygw_host_work(gateway) != before);
}

static void a_key_that_another_request_took_over_redeems_nothing(DYGW_UNUSED void **state)
{
    request.key_hash = "hash";
    request.key_owner = "me";
    fake_store_fail(FAKE_INSERT, 0, 1, APR_EBUSY, 0);
    redeem();
    assert_int_equal(out.result.code, DYGW_REQUEST_IN_PROGRESS);
    assert_int_equal(out.result.retry_after, 1);
    assert_int_equal(fake_verify_calls(), 0);
    assert_int_equal(fake_store_rows(), 0);
}

/* --- redeemed --- */

static void a_success_says_what_douyin_said(DYGW_UNUSED void **state)
{
    const dygw_verification_t *v;

    redeem();
    v = item(0);
    check_told_as_recorded();
    assert_int_equal(out.replayed, 0);
    assert_int_equal(v->verify_status, DYGW_SUCCESS);
    assert_true(v->error_code == 0);
    assert_int_equal(v->confirmed_by, DYGW_BY_RESPONSE);
    assert_string_equal(v->verify_id, "verify-1");
    assert_string_equal(v->origin_code, "102539929601");
    assert_string_equal(v->order_id, "order-1");
    assert_string_equal(v->source_order_id, "order-2");
    assert_int_equal(v->coupon_status, DYGW_COUPON_USED);
    assert_string_equal(v->product_id, "product-1");
    assert_string_equal(v->product_name, "Lunch for two");
    assert_string_equal(v->sku_id, "sku-1");
    assert_true(v->pay_amount == 1990);
    assert_true(v->receipt_amount == DYGW_NO_INT && v->discount_amount == DYGW_NO_INT);
    assert_true(v->verify_time == FAKE_START_MS);
    assert_true(v->cancelable_until == FAKE_START_MS + APR_INT64_C(3600000));
    assert_int_equal(v->enrichment_status, DYGW_ENRICH_PENDING);
    assert_true(v->next_run_at == FAKE_START_MS); /* to be enriched at once */
    assert_true(v->lease_until == 0);
    assert_string_equal(v->douyin_response, "{\"prepare\":{\"data\":{\"error_code\":0,\"of\":\"prepare\"}},"
                                            "\"verify\":{\"data\":{\"error_code\":0,\"of\":\"verify\"}}}");
    assert_null(strstr(v->douyin_response, "tok-"));
    assert_true(out.upstream_time > 0);
}

static void the_callers_own_prepare_is_recorded_as_given(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_OK, 0)->items[0].certificate_id = NULL;
    use_encrypted_code();
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    assert_string_equal(item(0)->order_id, "order-9");
    assert_string_equal(item(0)->certificate_id, "cert-9");
    assert_string_equal(item(0)->verify_token, "vt-9");
    assert_true(item(0)->pay_amount == DYGW_NO_INT);
    assert_int_equal(item(0)->coupon_status, DYGW_COUPON_USED);
}

static void uses_left_of_somebodys_own_times_card_are_not_guessed(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_OK, 0)->items[0].pay_amount = 700;
    use_encrypted_code();
    redeem();
    assert_int_equal(item(0)->coupon_status, DYGW_COUPON_UNKNOWN);
    assert_true(item(0)->pay_amount == 700);
}

static void several_coupons_go_in_one_call_in_douyins_order(DYGW_UNUSED void **state)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);

    fake_certificate(prepared, "enc-1");
    fake_certificate(prepared, "used")->status = DYGW_COUPON_USED;
    fake_certificate(prepared, "enc-2")->status = DYGW_COUPON_UNKNOWN;
    fake_certificate(prepared, "enc-3");
    request.count = 2;
    redeem();
    assert_int_equal(out.count, 2);
    check_told_as_recorded();
    assert_string_equal(fake_verify_args(), "tok-1 " POI " vt-1 enc-1,enc-2");
    assert_string_equal(fake_trace(), "prepare " SEVERAL " verify " SETTLED);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(item(i)->verify_status, DYGW_SUCCESS);
        assert_int_equal(item(i)->item_no, i);
        assert_int_equal(item(i)->item_count, 2);
        assert_true(item(i)->id == item(0)->id + i);
        assert_true(item(i)->first_id == item(0)->id);
        assert_non_null(strstr(item(i)->douyin_response, "verify"));
    }
    assert_string_equal(item(0)->verify_id, "verify-1");
    assert_string_equal(item(1)->verify_id, "verify-2");
}

static void uses_of_a_times_card_are_counted_down(DYGW_UNUSED void **state)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);
    dygw_certificate_t *card = fake_certificate(prepared, "card");
    dygw_verify_reply_t *answer = fake_verify(DYGW_REPLY_OK, 0);

    card->is_times_card = 1;
    card->times_left = 2;
    card->pay_amount = 3000;
    fake_certificate(prepared, "enc-2");
    answer->items[0].pay_amount = 1600;
    request.count = 3;
    redeem();
    assert_string_equal(fake_verify_args(), "tok-1 " POI " vt-1 card,card,enc-2");
    assert_int_equal(item(0)->coupon_status, DYGW_COUPON_UNUSED); /* one use is left after it */
    assert_int_equal(item(1)->coupon_status, DYGW_COUPON_USED);
    assert_true(item(0)->pay_amount == 1600);        /* of this use */
    assert_true(item(1)->pay_amount == DYGW_NO_INT); /* the whole card's is not this use's */
    assert_true(item(2)->pay_amount == 1990);
}

/* --- nothing to verify --- */

static void fewer_coupons_than_asked_for_redeem_nothing(DYGW_UNUSED void **state)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);

    fake_certificate(prepared, "enc-1");
    fake_certificate(prepared, "gone")->times_left = 0;
    fake_certificate(prepared, "enc-2");
    request.count = 3;
    redeem();
    assert_int_equal(out.result.code, DYGW_NOT_ENOUGH_COUPONS);
    assert_int_equal(out.result.available, 2);
    assert_string_equal(fake_trace(), "prepare " LOOKED);
    assert_int_equal(fake_store_rows(), 0);
}

static void an_order_without_usable_coupon_is_a_failed_record(DYGW_UNUSED void **state)
{
    for (int count = 1; count <= 2; count++) {
        start_anew();
        fake_certificate(fake_prepare(DYGW_REPLY_OK, 0), "enc-1")->status = DYGW_COUPON_REFUNDED;
        request.count = count;
        redeem();
        assert_string_equal(fake_trace(), "prepare " LOOKED " query " COMMITTED);
        assert_int_equal(out.count, 1);
        check_failed(0, -1);
        check_told_as_recorded();
        assert_string_equal(item(0)->order_id, "order-1");
        assert_null(item(0)->verify_token);
        assert_int_equal(item(0)->attempts, 0);
    }
}

static void a_coupon_refused_at_prepare_is_one_failed_record(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_reply_class_e kind;
        apr_int64_t code;
    } cases[] = {
        { DYGW_REPLY_COUPON, 3000002 },
        { DYGW_REPLY_REVIEW, 1229 },
    };

    for (int i = 0; i < 2; i++) {
        start_anew();
        fake_prepare(cases[i].kind, cases[i].code);
        request.count = 3;
        redeem();
        assert_string_equal(fake_trace(), "prepare " COMMITTED);
        assert_int_equal(out.count, 1);
        assert_int_equal(fake_store_rows(), 1);
        check_failed(0, cases[i].code);
        assert_string_equal(item(0)->error_description, "Douyin's words");
        assert_int_equal(item(0)->item_count, 1);
        assert_true(item(0)->first_id == item(0)->id);
        assert_null(item(0)->verify_token);
        assert_non_null(strstr(item(0)->douyin_response, "\"prepare\""));
        assert_string_equal(item(0)->operator_name, "wang");
        assert_string_equal(item(0)->device, "till-1");
        assert_string_equal(item(0)->ext_order_id, "A-1");
    }
}

static void what_is_not_the_coupons_fault_is_not_recorded(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_reply_class_e kind;
        int answers;
        dygw_code_e code;
    } cases[] = {
        { DYGW_REPLY_SETUP, 1, DYGW_UPSTREAM_REFUSED },           { DYGW_REPLY_REQUEST, 1, DYGW_UPSTREAM_ERROR },
        { DYGW_REPLY_GARBLED, 1, DYGW_UPSTREAM_ERROR },           { DYGW_REPLY_TOKEN, 2, DYGW_TOKEN_UNAVAILABLE },
        { DYGW_REPLY_BUSY, 2, DYGW_UPSTREAM_UNAVAILABLE },        { DYGW_REPLY_LOST, 2, DYGW_UPSTREAM_UNAVAILABLE },
        { DYGW_REPLY_UNREACHABLE, 2, DYGW_UPSTREAM_UNAVAILABLE }, { DYGW_REPLY_TIMEOUT, 1, DYGW_UPSTREAM_TIMEOUT },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start_anew();
        for (int n = 0; n < cases[i].answers; n++) {
            fake_prepare(cases[i].kind, 0);
        }
        redeem();
        assert_int_equal(out.result.code, cases[i].code);
        assert_int_equal(fake_store_calls(FAKE_INSERT), 0);
        assert_int_equal(fake_verify_calls(), 0);
    }
}

static void without_a_token_nothing_is_attempted(DYGW_UNUSED void **state)
{
    fake_clock_advance(FAKE_LIFE_MS);
    fake_token(DYGW_REPLY_SETUP, NULL, 0);
    use_encrypted_code();
    redeem();
    assert_int_equal(out.result.code, DYGW_TOKEN_UNAVAILABLE);
    assert_int_equal(fake_store_rows(), 0);
    assert_int_equal(fake_verify_calls(), 0);
}

/* --- what verify says of the coupon --- */

static void a_coupon_refused_at_verify_is_failed(DYGW_UNUSED void **state)
{
    fake_item(fake_verify(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1250);
    redeem();
    check_failed(0, 1250);
    check_told_as_recorded();
    assert_string_equal(item(0)->error_description, "Douyin's word on this coupon");
    assert_null(item(0)->verify_id);
    assert_true(item(0)->verify_time == DYGW_NO_TIME);
    assert_int_equal(item(0)->confirmed_by, DYGW_BY_NOBODY);
}

static void each_item_of_several_has_its_own_outcome(DYGW_UNUSED void **state)
{
    dygw_prepare_reply_t *prepared = fake_prepare(DYGW_REPLY_OK, 0);
    dygw_verify_reply_t *answer = fake_verify(DYGW_REPLY_OK, 0);
    static const char *const codes[] = { "a", "b", "c", "d", "e" };

    for (int i = 0; i < 5; i++) {
        fake_certificate(prepared, codes[i]);
    }
    fake_item(answer, 1, DYGW_REPLY_BUSY, 2100004);
    fake_item(answer, 2, DYGW_REPLY_COUPON, 1241);
    fake_item(answer, 3, DYGW_REPLY_REVIEW, 1229);
    fake_item(answer, 4, DYGW_REPLY_GARBLED, 0);
    request.count = 5;
    redeem();
    assert_int_equal(item(0)->verify_status, DYGW_SUCCESS);
    check_unknown(1, 1);
    check_failed(2, 1241);
    check_unknown(3, 1);
    check_unknown(4, 1);
    check_told_as_recorded();
    assert_int_equal(fake_verify_calls(), 1);
    assert_int_equal(fake_logged("DYGW0412"), 1);
}

static void a_refusal_of_the_whole_call_because_of_the_coupon_is_final(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_COUPON, 3000002);
    redeem();
    check_failed(0, 3000002);
    assert_non_null(strstr(item(0)->douyin_response, "\"verify\""));
    assert_int_equal(fake_logged("DYGW0415"), 0);
}

static void refuse(int as_item, dygw_reply_class_e kind, apr_int64_t code)
{
    if (as_item) {
        fake_item(fake_verify(DYGW_REPLY_OK, 0), 0, kind, code);
    }
    else {
        fake_verify(kind, code);
    }
}

static void what_is_not_the_coupons_fault_leaves_a_verify_open(DYGW_UNUSED void **state)
{
    static const struct {
        dygw_reply_class_e kind;
        apr_int64_t code;
    } cases[] = {
        { DYGW_REPLY_SETUP, 1508 },
        { DYGW_REPLY_SETUP, 2119099 },
        { DYGW_REPLY_REQUEST, 200002 },
    };

    for (int as_item = 0; as_item <= 1; as_item++) {
        for (int i = 0; i < 3; i++) {
            start_anew();
            fake_clock_advance(61000 * (1 + i + 3 * as_item)); /* it is said once a minute */
            refuse(as_item, cases[i].kind, cases[i].code);
            redeem();
            check_unknown(0, 1);
            check_told_as_recorded();
            assert_int_equal(fake_verify_calls(), 1);
            assert_int_equal(fake_logged("DYGW0415"), 1);
            refuse(as_item, cases[i].kind, cases[i].code);
            redeem();
            assert_int_equal(fake_logged("DYGW0415"), 1);
            assert_non_null(strstr(item(0)->douyin_response, "\"verify\""));
        }
    }
}

static void where_a_quota_is_used_up_the_repetition_is_not_due_within_seconds(DYGW_UNUSED void **state)
{
    static const apr_int64_t quotas[] = { 2190001, 28003017 };

    for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
        start_anew();
        fake_verify(DYGW_REPLY_BUSY, quotas[i]);
        redeem();
        assert_int_equal(item(0)->verify_status, DYGW_PROCESSING);
        assert_int_equal(item(0)->next_run_at - dygw_now(), 40000);
    }
}

static void an_outcome_that_is_not_known_stays_processing(DYGW_UNUSED void **state)
{
    static const dygw_reply_class_e kinds[] = {
        DYGW_REPLY_BUSY, DYGW_REPLY_REVIEW, DYGW_REPLY_GARBLED, DYGW_REPLY_TIMEOUT, DYGW_REPLY_LOST,
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        start_anew();
        fake_verify(kinds[i], 0);
        redeem();
        check_unknown(0, 1);
        check_told_as_recorded();
        assert_string_equal(fake_trace(), "prepare " BY_CODE " verify " SETTLED);
    }
}

static void a_verify_that_was_never_sent_counts_no_attempt(DYGW_UNUSED void **state)
{
    fake_verify(DYGW_REPLY_UNREACHABLE, 0);
    redeem();
    check_unknown(0, 0);
    assert_int_equal(fake_verify_calls(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_committed_before_verify_in_every_mode),
        TEST(what_is_committed_is_enough_to_settle_it),
        TEST(a_redemption_needs_one_lock_of_the_cell),
        TEST(a_redemption_that_was_held_up_after_its_record_sends_nothing),
        TEST(a_finished_redemption_tells_the_background),
        TEST(a_key_that_another_request_took_over_redeems_nothing),
        TEST(a_success_says_what_douyin_said),
        TEST(the_callers_own_prepare_is_recorded_as_given),
        TEST(uses_left_of_somebodys_own_times_card_are_not_guessed),
        TEST(several_coupons_go_in_one_call_in_douyins_order),
        TEST(uses_of_a_times_card_are_counted_down),
        TEST(fewer_coupons_than_asked_for_redeem_nothing),
        TEST(an_order_without_usable_coupon_is_a_failed_record),
        TEST(a_coupon_refused_at_prepare_is_one_failed_record),
        TEST(what_is_not_the_coupons_fault_is_not_recorded),
        TEST(without_a_token_nothing_is_attempted),
        TEST(a_coupon_refused_at_verify_is_failed),
        TEST(each_item_of_several_has_its_own_outcome),
        TEST(a_refusal_of_the_whole_call_because_of_the_coupon_is_final),
        TEST(what_is_not_the_coupons_fault_leaves_a_verify_open),
        TEST(where_a_quota_is_used_up_the_repetition_is_not_due_within_seconds),
        TEST(an_outcome_that_is_not_known_stays_processing),
        TEST(a_verify_that_was_never_sent_counts_no_attempt),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_redeem", tests, NULL, NULL);
}
