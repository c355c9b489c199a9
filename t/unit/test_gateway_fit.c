/* SPDX-License-Identifier: Apache-2.0
 * Whose coupon and whose verification is it that Douyin shows?
 * links: gateway/settle/fit.c
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "support/own_pool.h"

#include "gateway/settle/fit.h"
#include "util/compiler.h"

#define MADE_AT APR_INT64_C(1767225600000)
#define NOW     (MADE_AT + 60000)

static dygw_verification_t row;
static apr_array_header_t *coupons;

static int set_up(void **state)
{
    make_pool(state);
    row = (dygw_verification_t){
        .created_at = MADE_AT,
        .poi_id = "71",
        .certificate_id = "c-1",
        .encrypted_code = "e-1",
    };
    coupons = apr_array_make(pool, 4, sizeof(dygw_seen_coupon_t));
    return 0;
}

static void show(const char *certificate_id, const char *encrypted_code)
{
    dygw_seen_coupon_t *seen = apr_array_push(coupons);

    *seen = (dygw_seen_coupon_t){
        .certificate = { .certificate_id = certificate_id, .encrypted_code = encrypted_code, .status = 2 },
        .verifies = apr_array_make(pool, 1, sizeof(dygw_seen_verify_t)),
    };
}

static int found(void)
{
    const dygw_seen_coupon_t *seen = dygw_fit_coupon(&row, coupons);

    return seen ? (int)(seen - (dygw_seen_coupon_t *)coupons->elts) : -1;
}

static void a_coupon_is_known_by_its_certificate(DYGW_UNUSED void **state)
{
    show("c-2", "e-1");
    show("c-1", "e-9");
    assert_int_equal(found(), 1);
}

static void else_by_its_code(DYGW_UNUSED void **state)
{
    show(NULL, "e-2");
    show(NULL, "e-1");
    assert_int_equal(found(), 1);
    row.certificate_id = NULL;
    assert_int_equal(found(), 1);
}

static void else_it_is_the_only_one_of_its_order(DYGW_UNUSED void **state)
{
    show(NULL, "e-9");
    assert_int_equal(found(), 0);
    show(NULL, "e-8");
    assert_int_equal(found(), -1);
}

static void another_certificate_is_another_coupon(DYGW_UNUSED void **state)
{
    show("c-2", "e-9");
    assert_int_equal(found(), -1);
    row.certificate_id = NULL;
    assert_int_equal(found(), 0);
}

static void no_coupon_is_none(DYGW_UNUSED void **state)
{
    assert_int_equal(found(), -1);
}

typedef struct case_t {
    const char *poi_id;
    dygw_ms_t time;
    int type;
    dygw_fit_e fit;
} case_t;

static void a_verification_fits_by_store_time_and_kind(DYGW_UNUSED void **state)
{
    static const case_t cases[] = {
        { "71", MADE_AT + 1000, 4, DYGW_FIT_YES },
        { NULL, MADE_AT + 1000, 4, DYGW_FIT_YES }, /* older answers name no store */
        { "0", MADE_AT + 1000, 4, DYGW_FIT_YES },
        { "72", MADE_AT + 1000, 4, DYGW_FIT_NO },
        { "71", MADE_AT - 2999, 4, DYGW_FIT_YES }, /* those of our hosts differ */
        { "71", MADE_AT - 3001, 4, DYGW_FIT_NO },
        { "71", MADE_AT - 3000, 4, DYGW_FIT_YES }, /* a whole second is all of it */
        { "71", MADE_AT - 4000, 4, DYGW_FIT_NO },
        { "71", NOW + 3000, 4, DYGW_FIT_YES },
        { "71", NOW + 3001, 4, DYGW_FIT_NO },
        { "71", MADE_AT, 1, DYGW_FIT_NO },
        { "71", MADE_AT, 2, DYGW_FIT_NO },
        { "71", MADE_AT, 3, DYGW_FIT_NO },
        { "71", DYGW_NO_TIME, 4, DYGW_FIT_SILENT },
        { "71", MADE_AT, -1, DYGW_FIT_SILENT },
        { "71", MADE_AT, 0, DYGW_FIT_SILENT },
        { "71", DYGW_NO_TIME, 2, DYGW_FIT_NO },
        { "72", DYGW_NO_TIME, -1, DYGW_FIT_NO },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dygw_seen_verify_t verify = {
            .verify_id = "v",
            .poi_id = cases[i].poi_id,
            .verify_time = cases[i].time,
            .verify_type = cases[i].type,
        };

        if (dygw_fit_verify(&row, &verify, NOW) != cases[i].fit) {
            fail_msg("case %d", (int)i);
        }
    }
}

static dygw_fit_e fit(dygw_ms_t time, dygw_ms_t least, dygw_ms_t most)
{
    const dygw_seen_verify_t verify
        = { .verify_id = "v", .verify_time = time, .verify_type = 4, .ahead_least = least, .ahead_most = most };

    return dygw_fit_verify(&row, &verify, NOW);
}

static void times_are_douyins_and_are_taken_by_our_clock(DYGW_UNUSED void **state)
{
    /* Douyin's is 59 to 60 s ahead, and the coupon was redeemed half a minute before we asked. */
    assert_int_equal(fit(MADE_AT + 29500, 59000, 60000), DYGW_FIT_NO);
    assert_int_equal(fit(MADE_AT + 59500, 59000, 60000), DYGW_FIT_YES);
    assert_int_equal(fit(NOW + 59500, 59000, 60000), DYGW_FIT_YES);
    assert_int_equal(fit(NOW + 63001, 59000, 60000), DYGW_FIT_NO);
    /* It is a minute behind. */
    assert_int_equal(fit(MADE_AT - 59500, -60000, -59000), DYGW_FIT_YES);
    assert_int_equal(fit(MADE_AT - 63001, -60000, -59000), DYGW_FIT_NO);
    assert_int_equal(fit(NOW + 1500, -60000, -59000), DYGW_FIT_NO);
    /* Nobody knows. */
    assert_int_equal(fit(MADE_AT - 120001, -120000, 120000), DYGW_FIT_YES);
    assert_int_equal(fit(MADE_AT - 123001, -120000, 120000), DYGW_FIT_NO);
}

static int precedes(dygw_ms_t time, dygw_ms_t prepared_at)
{
    const dygw_seen_verify_t verify = { .verify_id = "v", .verify_time = time, .verify_type = 4 };

    return dygw_fit_precedes(&row, &verify, prepared_at);
}

static void what_was_done_before_our_own_prepare_is_not_ours(DYGW_UNUSED void **state)
{
    row.mode = DYGW_MODE_CODE;
    row.douyin_response = "{\"prepare\":{\"data\":{},\"extra\":{\"now\":1767225599}},\"get\":{}}";
    assert_true(dygw_fit_prepared_at(&row, pool) == MADE_AT - 1000);
    assert_true(precedes(MADE_AT - 3000, MADE_AT - 1000)); /* whole seconds */
    assert_false(precedes(MADE_AT - 2000, MADE_AT - 1000));
    assert_true(precedes(MADE_AT - 2001, MADE_AT - 1000));
    assert_false(precedes(MADE_AT - 1999, MADE_AT - 1000));
    assert_false(precedes(DYGW_NO_TIME, MADE_AT - 1000));
    assert_false(precedes(MADE_AT - 60000, DYGW_NO_TIME));
    assert_false(precedes(MADE_AT + 1000, MADE_AT + 60000)); /* it was not prepared afterwards */
    row.mode = DYGW_MODE_ENCRYPTED_CODE;                     /* the caller's */
    assert_true(dygw_fit_prepared_at(&row, pool) == DYGW_NO_TIME);
    row.mode = DYGW_MODE_SHORT_LINK;
    row.douyin_response = "{\"omitted\":true}";
    assert_true(dygw_fit_prepared_at(&row, pool) == DYGW_NO_TIME);
    row.douyin_response = NULL;
    assert_true(dygw_fit_prepared_at(&row, pool) == DYGW_NO_TIME);
}

static void a_redemption_is_gone_when_it_is_not_shown(DYGW_UNUSED void **state)
{
    dygw_seen_coupon_t *seen;

    show("c-1", "e-1");
    seen = &APR_ARRAY_IDX(coupons, 0, dygw_seen_coupon_t);
    row.verify_id = "v";
    assert_true(dygw_fit_is_gone(&row, seen));
    *(dygw_seen_verify_t *)apr_array_push(seen->verifies) = (dygw_seen_verify_t){
        .verify_id = "v",
    };
    assert_false(dygw_fit_is_gone(&row, seen));
    row.verify_id = "w";
    assert_true(dygw_fit_is_gone(&row, seen));
    row.verify_id = NULL; /* Douyin never named it */
    assert_false(dygw_fit_is_gone(&row, seen));
    apr_array_clear(seen->verifies);
    assert_false(dygw_fit_is_gone(&row, seen));
    seen->certificate.status = 1;
    assert_true(dygw_fit_is_gone(&row, seen));
}

static void a_used_coupon_without_verification_hides_it(DYGW_UNUSED void **state)
{
    dygw_seen_coupon_t *seen;

    show("c-1", "e-1");
    seen = &APR_ARRAY_IDX(coupons, 0, dygw_seen_coupon_t);
    assert_true(dygw_fit_is_hidden(seen));
    seen->certificate.status = 1;
    assert_false(dygw_fit_is_hidden(seen));
    seen->times_used = 1;
    assert_true(dygw_fit_is_hidden(seen));
    *(dygw_seen_verify_t *)apr_array_push(seen->verifies) = (dygw_seen_verify_t){
        .verify_id = "v",
    };
    assert_false(dygw_fit_is_hidden(seen));
    assert_non_null(dygw_fit_find(seen, "v"));
    assert_null(dygw_fit_find(seen, "w"));
    assert_null(dygw_fit_find(seen, NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_coupon_is_known_by_its_certificate),
        TEST(else_by_its_code),
        TEST(else_it_is_the_only_one_of_its_order),
        TEST(another_certificate_is_another_coupon),
        TEST(no_coupon_is_none),
        TEST(a_verification_fits_by_store_time_and_kind),
        TEST(times_are_douyins_and_are_taken_by_our_clock),
        TEST(what_was_done_before_our_own_prepare_is_not_ours),
        TEST(a_redemption_is_gone_when_it_is_not_shown),
        TEST(a_used_coupon_without_verification_hides_it),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_fit", tests, NULL, NULL);
}
