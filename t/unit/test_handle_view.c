/* SPDX-License-Identifier: Apache-2.0
 * Records as callers see them, byte for byte; the word of an app's status is played by a line.
 * links: handle/view.c store/verification/words.c gateway/reasons.c douyin/codes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "handle/handle.h"
#include "util/compiler.h"

static apr_pool_t *pool;

static const char *verification_in(const dygw_verification_t *v, dygw_lang_e lang)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, 1);
    dygw_view_verification(&w, NULL, v, NULL, lang);
    return w.text;
}

static const char *verification(const dygw_verification_t *v)
{
    return verification_in(v, DYGW_LANG_ZH);
}

static const char *app_text(const dygw_app_t *app)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, 1);
    dygw_view_app(&w, NULL, app);
    return w.text;
}

static void a_verification_without_anything_has_all_its_keys(DYGW_UNUSED void **state)
{
    dygw_verification_t v = {
        .id = 5,
        .app_id = 1,
        .verify_status = DYGW_SUCCESS,
        .coupon_status = DYGW_COUPON_UNKNOWN,
        .verify_records_count = DYGW_NO_INT,
        .order_status = DYGW_NO_INT,
        .pay_amount = DYGW_NO_INT,
        .receipt_amount = DYGW_NO_INT,
        .discount_amount = DYGW_NO_INT,
        .expire_time = DYGW_NO_TIME,
        .verify_time = DYGW_NO_TIME,
        .create_order_time = DYGW_NO_TIME,
        .pay_time = DYGW_NO_TIME,
        .created_at = APR_INT64_C(1566656122123),
        .updated_at = APR_INT64_C(1566656122123),
        .cancelable_until = DYGW_NO_TIME,
        .review_since = DYGW_NO_TIME,
        .after_sale = DYGW_AFTER_SALE_NONE,
    };

    assert_string_equal(verification(&v),
                        "{\"id\":5,\"app_id\":1,\"app_name\":null,\"poi_id\":null,\"verify_status\":\"success\","
                        "\"error_code\":0,\"error_description\":\"\",\"certificate_id\":null,"
                        "\"encrypted_code\":null,\"origin_code\":null,\"coupon_status\":null,\"product_id\":null,"
                        "\"product_name\":null,\"sku_id\":null,\"sku_name\":null,\"verify_records_count\":null,"
                        "\"verify_id\":null,\"order_id\":null,\"source_order_id\":null,\"ext_order_id\":null,"
                        "\"order_status\":null,\"pay_amount\":null,\"receipt_amount\":null,"
                        "\"discount_amount\":null,\"enrichment_status\":\"pending\",\"enrichment_retry_count\":0,"
                        "\"douyin_response\":null,\"expire_time\":null,\"verify_time\":null,"
                        "\"create_order_time\":null,\"pay_time\":null,\"created_at\":\"2019-08-24T14:15:22.123Z\","
                        "\"updated_at\":\"2019-08-24T14:15:22.123Z\",\"mode\":\"short_link\",\"operator\":null,"
                        "\"device\":null,\"cancelable_until\":null,\"confirmed_by\":null,\"request_id\":null,"
                        "\"store\":null,\"account_id\":null,\"after_sale\":null,\"reason\":null,"
                        "\"retryable\":null,\"advice\":null}");
}

static void a_verification_shows_everything_it_has(DYGW_UNUSED void **state)
{
    dygw_verification_t v = {
        .id = 7,
        .app_id = 2,
        .app_name = "a\"pp",
        .poi_id = "p",
        .verify_status = DYGW_FAILED,
        .error_code = -1,
        .error_description = "none",
        .certificate_id = "c",
        .encrypted_code = "e+/=",
        .origin_code = "o",
        .coupon_status = DYGW_COUPON_USED,
        .product_id = "pi",
        .product_name = "pn",
        .sku_id = "si",
        .sku_name = "sn",
        .verify_records_count = 1,
        .verify_id = "v",
        .order_id = "oi",
        .source_order_id = "so",
        .ext_order_id = "eo",
        .order_status = 201,
        .pay_amount = 19400,
        .receipt_amount = 0,
        .discount_amount = -1,
        .enrichment_status = DYGW_ENRICH_SKIPPED,
        .enrichment_retry_count = 3,
        .douyin_response = "{\"verify\":{\"id\":7382420130108424203 }}",
        .expire_time = 0,
        .verify_time = 1,
        .create_order_time = 2,
        .pay_time = 3,
        .created_at = 4,
        .updated_at = 5,
        .mode = DYGW_MODE_CODE,
        .operator_name = "op",
        .device = "d",
        .cancelable_until = 6,
        .confirmed_by = DYGW_BY_REPLAY,
        .request_id = "r",
        .store = "st",
        .account_id = "ac",
        .after_sale = DYGW_AFTER_SALE_AGREED,
        .reason = "not_yet_valid",
        .verify_token = "never shown",
    };

    assert_string_equal(verification(&v),
                        "{\"id\":7,\"app_id\":2,\"app_name\":\"a\\\"pp\",\"poi_id\":\"p\","
                        "\"verify_status\":\"failed\",\"error_code\":-1,\"error_description\":\"none\","
                        "\"certificate_id\":\"c\",\"encrypted_code\":\"e+/=\",\"origin_code\":\"o\","
                        "\"coupon_status\":\"used\",\"product_id\":\"pi\",\"product_name\":\"pn\","
                        "\"sku_id\":\"si\",\"sku_name\":\"sn\",\"verify_records_count\":1,\"verify_id\":\"v\","
                        "\"order_id\":\"oi\",\"source_order_id\":\"so\",\"ext_order_id\":\"eo\","
                        "\"order_status\":201,\"pay_amount\":19400,\"receipt_amount\":0,\"discount_amount\":-1,"
                        "\"enrichment_status\":\"skipped\",\"enrichment_retry_count\":3,"
                        "\"douyin_response\":{\"verify\":{\"id\":7382420130108424203 }},"
                        "\"expire_time\":\"1970-01-01T00:00:00.000Z\",\"verify_time\":\"1970-01-01T00:00:00.001Z\","
                        "\"create_order_time\":\"1970-01-01T00:00:00.002Z\","
                        "\"pay_time\":\"1970-01-01T00:00:00.003Z\",\"created_at\":\"1970-01-01T00:00:00.004Z\","
                        "\"updated_at\":\"1970-01-01T00:00:00.005Z\",\"mode\":\"code\",\"operator\":\"op\","
                        "\"device\":\"d\",\"cancelable_until\":\"1970-01-01T00:00:00.006Z\","
                        "\"confirmed_by\":\"replay\",\"request_id\":\"r\",\"store\":\"st\",\"account_id\":\"ac\","
                        "\"after_sale\":\"agreed\",\"reason\":\"not_yet_valid\",\"retryable\":true,"
                        "\"advice\":\"这张券还没到可用日期，请顾客到了日子再来用。\"}");
}

static void what_is_said_is_in_the_language_that_is_asked_for(DYGW_UNUSED void **state)
{
    dygw_verification_t v = { .verify_status = DYGW_FAILED, .error_code = 1228, .reason = "wrong_store" };

    assert_non_null(strstr(verification_in(&v, DYGW_LANG_EN), "\"reason\":\"wrong_store\",\"retryable\":false,"
                                                              "\"advice\":\"This coupon is not valid at this"));
    assert_non_null(strstr(verification_in(&v, DYGW_LANG_ZH), "\"advice\":\"这张券不能在本店用"));
}

static void an_app_shows_its_keys_and_no_secret(DYGW_UNUSED void **state)
{
    dygw_app_t app = { .id = 3,
                       .name = "n",
                       .client_key = "ck",
                       .secret_sealed = "v1.sealed",
                       .old_secret_sealed = "v1.older",
                       .status = DYGW_APP_DISABLED,
                       .created_at = 1,
                       .updated_at = 2,
                       .last_used_at = DYGW_NO_TIME };

    assert_string_equal(app_text(&app), "{\"id\":3,\"created_at\":\"1970-01-01T00:00:00.001Z\","
                                        "\"updated_at\":\"1970-01-01T00:00:00.002Z\",\"name\":\"n\",\"code\":null,"
                                        "\"description\":null,\"client_key\":\"ck\",\"status\":\"disabled\","
                                        "\"allow_token_read\":false,\"last_used_at\":null,\"poi_ids\":null,"
                                        "\"source\":\"database\",\"declared_in\":null}");
    app.source = DYGW_APP_OF_CONFIG;
    app.declared_in = "/etc/dygw.conf:12";
    assert_non_null(strstr(app_text(&app), "\"source\":\"config\",\"declared_in\":\"/etc/dygw.conf:12\"}"));
}

static void all_stores_and_none_are_different(DYGW_UNUSED void **state)
{
    dygw_app_t app = { .poi_ids = apr_array_make(pool, 1, sizeof(const char *)) };

    assert_non_null(strstr(app_text(&app), "\"poi_ids\":[]"));
    APR_ARRAY_PUSH(app.poi_ids, const char *) = "1";
    APR_ARRAY_PUSH(app.poi_ids, const char *) = "2";
    assert_non_null(strstr(app_text(&app), "\"poi_ids\":[\"1\",\"2\"],"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verification_without_anything_has_all_its_keys),
        cmocka_unit_test(a_verification_shows_everything_it_has),
        cmocka_unit_test(what_is_said_is_in_the_language_that_is_asked_for),
        cmocka_unit_test(an_app_shows_its_keys_and_no_secret),
        cmocka_unit_test(all_stores_and_none_are_different),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests_name("handle_view", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
