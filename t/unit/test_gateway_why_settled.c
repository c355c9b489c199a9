/* SPDX-License-Identifier: Apache-2.0
 * Why a coupon was refused, where the background finds the outcome or a cancel is refused: what is recorded of it.
 * links: gateway/usable.c douyin/certificate.c
 * links: gateway/settle/sale.c
 * links: gateway/ask.c gateway/host.c gateway/redeem/lookup.c gateway/redeem/prepare.c gateway/record.c
 * links: gateway/redeem/redeem.c gateway/redeem/by_code.c gateway/redeem/earlier.c gateway/code_use.c
 * links: gateway/redeem/why.c gateway/unusable.c gateway/reasons.c gateway/token.c gateway/db_work.c
 * links: gateway/settle/held.c gateway/settle/settle.c gateway/settle/settle_state.c gateway/settle/repeat.c
 * links: gateway/settle/judge.c gateway/settle/fit.c gateway/settle/late.c gateway/settle/attribution.c
 * links: gateway/settle/pace.c gateway/settle/cancelled.c gateway/background/job.c
 * links: store/verification/words.c gateway/account.c gateway/declared.c douyin/codes.c
 * links: gateway/redeem/commit.c gateway/share.c
 * helpers: shown.c fake_look.c fake_code.c fake_world.c fake_store.c fake_douyin.c redeeming.c settling.c own_pool.c */
#include "support/redeeming.h"
#include "support/settling.h"
#include "support/shown.h"

#include <apr_general.h>

#include "gateway/settle/cancelled.h"
#include "util/compiler.h"

/* --- the background --- */

static dygw_verification_t *settled(void)
{
    settling_run(gateway, &dygw_settle_job, ID, pool);
    return fake_store_row(0);
}

static void the_background_has_seen_the_coupon_already(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = settling_row(ID, 0, 1);

    show(4);
    assert_int_equal(settled()->error_code, -1); /* "the coupon was refunded" */
    assert_string_equal(v->reason, "refunded");
    assert_string_equal(fake_asked(), "t query order-1");
    start_anew();
    v = settling_row(ID, 0, 1);
    v->refused_code = 1250;
    v->attempts = 2;
    fake_clock_advance(HOUR_MS);
    be_expired(show(1));
    assert_int_equal(settled()->error_code, 1250);
    assert_string_equal(v->reason, "expired");
    assert_string_equal(fake_asked(), "t query order-1");
}

static void and_a_refused_repetition_is_explained_by_the_look_before(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = settling_row(ID, 0, 1);

    v->attempts = 0;
    fake_clock_advance(6000);
    be_for_later(show(1));
    fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 1250);
    assert_int_equal(settled()->error_code, 1250);
    assert_string_equal(v->reason, "not_yet_valid");
}

/* By the zone, and the store of the row. */
static void and_by_its_terms(DYGW_UNUSED void **state)
{
    static void (*const be[])(dygw_seen_coupon_t * c) = { be_for_other_hours, be_for_this_hour, be_for_other_stores };
    static const char *const words[] = { "unusable_now", "other", "wrong_store" };

    for (size_t i = 0; i < sizeof be / sizeof *be; i++) {
        dygw_verification_t *v;

        start_anew();
        v = settling_row(ID, 0, 1);
        v->attempts = 0;
        fake_clock_advance(6000);
        be[i](show(1));
        fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, 3000001);
        assert_int_equal(settled()->error_code, 3000001);
        assert_string_equal(v->reason, words[i]);
    }
}

static void what_it_does_not_see_has_the_reason_of_its_number(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = settling_row(ID, 0, 1);

    v->refused_code = 1263;
    v->attempts = 2;
    fake_clock_advance(HOUR_MS);
    fake_query(DYGW_REPLY_OK, 0);
    fake_get(DYGW_REPLY_COUPON, 1212);
    assert_int_equal(settled()->error_code, 1263);
    assert_string_equal(v->reason, "wrong_code");
}

static void what_is_refused_after_a_trouble_of_the_set_up_waits_again(DYGW_UNUSED void **state)
{
    static const apr_int64_t codes[] = { 1250, 1208 };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        dygw_verification_t *v;

        start_anew();
        v = settling_row(ID, 0, 1);
        v->reason = "not_permitted";
        fake_clock_advance(6000);
        show(1);
        fake_item(fake_repeat(DYGW_REPLY_OK, 0), 0, DYGW_REPLY_COUPON, codes[i])->already = i == 1;
        fake_query(DYGW_REPLY_BUSY, 2100004); /* it is looked at again */
        assert_int_equal(settled()->verify_status, DYGW_PROCESSING);
        assert_int_equal(v->attempts, 2);
        assert_null(v->reason);
    }
}

/* --- what is recorded otherwise --- */

static void a_cancel_that_comes_too_late_is_told_by_its_second_number(DYGW_UNUSED void **state)
{
    dygw_verification_t *v = settling_row(ID, 0, 1);
    dygw_reply_t refusal = { .kind = DYGW_REPLY_COUPON, .error_code = 3000001, .description = "no" };

    v->verify_status = DYGW_SUCCESS;
    dygw_cancel_refused(v, &refusal);
    assert_null(v->reason);
    refusal.sub_error_code = 2034000910;
    dygw_cancel_refused(v, &refusal);
    assert_int_equal(v->error_code, 3000001);
    assert_string_equal(v->reason, "cancel_too_late");
    refusal.sub_error_code = 0;
    refusal.error_code = 2034000910;
    dygw_cancel_refused(v, &refusal);
    assert_string_equal(v->reason, "cancel_too_late");
    dygw_cancel_done(v);
    assert_int_equal(v->error_code, 0);
    assert_null(v->reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_background_has_seen_the_coupon_already),
        TEST(and_a_refused_repetition_is_explained_by_the_look_before),
        TEST(and_by_its_terms),
        TEST(what_it_does_not_see_has_the_reason_of_its_number),
        TEST(what_is_refused_after_a_trouble_of_the_set_up_waits_again),
        TEST(a_cancel_that_comes_too_late_is_told_by_its_second_number),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_why_settled", tests, NULL, NULL);
}
