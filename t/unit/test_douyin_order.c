/* SPDX-License-Identifier: Apache-2.0
 * What the order query answers: the documented sample, and what may be absent or written otherwise.
 * links: douyin/address.c douyin/async.c douyin/cancel.c douyin/certificate.c douyin/client.c
 * links: douyin/codes.c douyin/coupons.c douyin/envelope.c douyin/http_call.c douyin/http_easy.c
 * links: douyin/http_handles.c douyin/http_multi.c douyin/http_outcome.c
 * links: douyin/ledger.c douyin/link.c douyin/link_hosts.c douyin/order.c douyin/prepare.c douyin/records.c
 * links: douyin/token.c douyin/verify.c
 * helpers: asking.c loopback.c upstream.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/asking.h"
#include "util/compiler.h"

#define ORDER "7000277894522046508"
#define EXTRA \
    "\"extra\":{\"error_code\":0,\"description\":\"\",\"sub_error_code\":0," \
    "\"sub_description\":\"\",\"now\":1656663996,\"logid\":\"20220701162636010225145152030360A6\"}"

static const dygw_order_reply_t *asked(upstream_t *u, const char *body)
{
    static const dygw_question_t question = { .what = DYGW_QUESTION_ORDER, .order_id = ORDER };

    return answer_to(u, &question, body).order;
}

/* data is what follows the error_code. */
static const dygw_order_reply_t *answered(upstream_t *u, const char *data)
{
    return asked(u,
                 apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0,\"description\":\"\"", data, "}," EXTRA "}", NULL));
}

/* The order asked for, with these members more. */
static const dygw_order_reply_t *order(upstream_t *u, const char *members)
{
    const dygw_order_reply_t *reply
        = answered(u, apr_pstrcat(u->pool, ",\"orders\":[{\"order_id\":\"" ORDER "\"", members, "}]", NULL));

    assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
    assert_true(reply->found);
    return reply;
}

static const dygw_order_coupon_t *coupon_of(const dygw_order_reply_t *reply, int i)
{
    assert_in_range(i, 0, reply->coupons->nelts - 1);
    return &APR_ARRAY_IDX(reply->coupons, i, dygw_order_coupon_t);
}

static void the_documented_sample_is_read(void **state)
{
    const dygw_order_reply_t *reply
        = asked(*state, "{\"data\":{\"orders\":[{\"order_id\":\"" ORDER "\",\"order_status\":201,"
                        "\"order_type\":21,\"count\":1,\"original_amount\":20000,\"discount_amount\":600,"
                        "\"pay_amount\":19400,\"receipt_amount\":19300,\"sku_id\":\"1708941687677982\","
                        "\"sku_name\":\"双人套餐\",\"third_sku_id\":\"\",\"create_order_time\":1629879472,"
                        "\"pay_time\":1629879480,\"update_order_time\":1629879480,"
                        "\"certificate\":[{\"certificate_id\":\"7382420130108424203\","
                        "\"order_item_id\":\"710525525737414864913240082\",\"item_status\":100,"
                        "\"item_update_time\":1654348496,\"refund_amount\":0,\"refund_time\":0}],"
                        "\"contacts\":[{\"name\":\"\",\"phone\":\"\"}],"
                        "\"products\":[{\"product_id\":\"99\",\"product_name\":\"双人\","
                        "\"sku_id\":\"1708941687677982\",\"num\":1}]}],"
                        "\"page\":{\"page_num\":1,\"page_size\":10,\"total\":1},\"error_code\":0,"
                        "\"description\":\"\"}," EXTRA "}");

    assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
    assert_true(reply->found);
    assert_string_equal(reply->order_id, ORDER);
    assert_null(reply->ext_order_id);
    assert_int_equal(reply->order_status, 201);
    assert_int_equal(reply->pay_amount, 19400);
    assert_int_equal(reply->receipt_amount, 19300);
    assert_int_equal(reply->discount_amount, 600);
    assert_int_equal(reply->create_order_time, 1629879472000);
    assert_int_equal(reply->pay_time, 1629879480000);
    assert_string_equal(reply->sku_id, "1708941687677982");
    assert_string_equal(reply->sku_name, "双人套餐");
    assert_string_equal(reply->product_id, "99");
    assert_string_equal(reply->product_name, "双人");
    assert_int_equal(reply->count, 1);
    assert_int_equal(reply->coupons->nelts, 1);
    assert_string_equal(coupon_of(reply, 0)->certificate_id, "7382420130108424203");
    assert_string_equal(coupon_of(reply, 0)->order_item_id, "710525525737414864913240082");
    assert_int_equal(coupon_of(reply, 0)->pay_amount, -1);
}

static void what_is_absent_is_told(void **state)
{
    const dygw_order_reply_t *reply = order(*state, "");

    assert_null(reply->ext_order_id);
    assert_int_equal(reply->order_status, -1);
    assert_int_equal(reply->pay_amount, -1);
    assert_int_equal(reply->receipt_amount, -1);
    assert_int_equal(reply->discount_amount, -1);
    assert_int_equal(reply->create_order_time, DYGW_NO_TIME);
    assert_int_equal(reply->pay_time, DYGW_NO_TIME);
    assert_null(reply->sku_id);
    assert_null(reply->sku_name);
    assert_null(reply->product_id);
    assert_null(reply->product_name);
    assert_int_equal(reply->count, 0);
    assert_int_equal(reply->coupons->nelts, 0);
}

static void strings_for_numbers_and_thirteen_digits_are_taken(void **state)
{
    const dygw_order_reply_t *reply
        = order(*state, ",\"order_status\":\"1\",\"pay_amount\":\"19400\",\"create_order_time\":1629879472123,"
                        "\"pay_time\":0,\"count\":\"2\",\"sku_id\":1708941687677982,"
                        "\"products\":[{\"product_id\":99}],\"certificate\":[{\"certificate_id\":7,"
                        "\"order_item_id\":71},null]");

    assert_int_equal(reply->order_status, 1);
    assert_int_equal(reply->pay_amount, 19400);
    assert_int_equal(reply->create_order_time, 1629879472123);
    assert_int_equal(reply->pay_time, DYGW_NO_TIME);
    assert_int_equal(reply->count, 2);
    assert_string_equal(reply->sku_id, "1708941687677982");
    assert_string_equal(reply->product_id, "99");
    assert_int_equal(reply->coupons->nelts, 1);
    assert_string_equal(coupon_of(reply, 0)->certificate_id, "7");
    assert_string_equal(coupon_of(reply, 0)->order_item_id, "71");
}

static void each_coupon_has_the_figures_of_its_product_alone(void **state)
{
    const dygw_order_reply_t *reply
        = order(*state, ",\"pay_amount\":300,\"certificate\":[{\"certificate_id\":\"1\",\"order_item_id\":\"a\"},"
                        "{\"certificate_id\":\"\",\"order_item_id\":\"b\"},{\"certificate_id\":\"3\"},"
                        "{\"certificate_id\":\"4\",\"order_item_id\":\"d\"}],"
                        "\"sub_order_amount_infos\":["
                        "{\"sub_order_id\":\"b\",\"sub_order_type\":1,\"pay_amount\":5},"
                        "{\"sub_order_id\":\"b\",\"sub_order_type\":100,\"pay_amount\":200,"
                        "\"receipt_amount\":190,\"discount_amount\":10},"
                        "{\"sub_order_id\":\"a\",\"sub_order_type\":\"100\",\"pay_amount\":100},"
                        "{\"sub_order_type\":100,\"pay_amount\":7},"
                        "{\"sub_order_id\":\"d\",\"pay_amount\":9}]");

    assert_int_equal(coupon_of(reply, 0)->pay_amount, 100);
    assert_int_equal(coupon_of(reply, 0)->receipt_amount, -1);
    assert_null(coupon_of(reply, 1)->certificate_id);
    assert_int_equal(coupon_of(reply, 1)->pay_amount, 200);
    assert_int_equal(coupon_of(reply, 1)->receipt_amount, 190);
    assert_int_equal(coupon_of(reply, 1)->discount_amount, 10);
    assert_null(coupon_of(reply, 2)->order_item_id);
    assert_int_equal(coupon_of(reply, 2)->pay_amount, -1);
    assert_int_equal(coupon_of(reply, 3)->pay_amount, -1);
}

typedef struct name_case_t {
    const char *members;
    const char *ext_order_id;
} name_case_t;

static void a_third_partys_id_is_found_under_any_of_its_names(DYGW_UNUSED void **state)
{
    static const name_case_t cases[] = {
        { ",\"ext_order_id\":\"x-1\"", "x-1" },
        { ",\"third_order_id\":\"x-2\"", "x-2" },
        { ",\"out_order_no\":\"x-3\"", "x-3" },
        { ",\"ext_order_id\":\"\",\"third_order_id\":null,\"out_order_no\":\"x-3\"", "x-3" },
        { ",\"ext_order_id\":7", NULL },
        { ",\"ext_order_id\":\"\"", NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found;
        void *own;

        assert_int_equal(upstream_setup(&own), 0);
        found = order(own, cases[i].members)->ext_order_id;
        if (cases[i].ext_order_id ? !found || strcmp(found, cases[i].ext_order_id) != 0 : found != NULL) {
            fail_msg("%s: %s", cases[i].members, found ? found : "none");
        }
        upstream_teardown(&own);
    }
}

typedef struct found_case_t {
    const char *data;
    dygw_reply_class_e kind;
    apr_int64_t pay_amount; /* -1: not found */
} found_case_t;

static void only_the_order_that_was_asked_for_is_found(DYGW_UNUSED void **state)
{
    static const found_case_t cases[] = {
        { "", DYGW_REPLY_OK, -1 },
        { ",\"orders\":null", DYGW_REPLY_OK, -1 },
        { ",\"orders\":[]", DYGW_REPLY_OK, -1 },
        { ",\"orders\":{}", DYGW_REPLY_GARBLED, -1 },
        { ",\"orders\":[null]", DYGW_REPLY_OK, -1 },
        { ",\"orders\":[{\"order_id\":\"1\",\"pay_amount\":1}]", DYGW_REPLY_OK, -1 },
        { ",\"orders\":[{\"pay_amount\":2}]", DYGW_REPLY_OK, 2 },
        { ",\"orders\":[{\"pay_amount\":2},{\"pay_amount\":3}]", DYGW_REPLY_OK, -1 },
        { ",\"orders\":[{\"order_id\":\"1\",\"pay_amount\":1},"
          "{\"order_id\":" ORDER ",\"pay_amount\":4}]",
          DYGW_REPLY_OK, 4 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dygw_order_reply_t *reply;
        void *own;

        assert_int_equal(upstream_setup(&own), 0);
        reply = answered(own, cases[i].data);
        if (reply->reply.kind != cases[i].kind || reply->found != (cases[i].pay_amount >= 0)
            || reply->pay_amount != cases[i].pay_amount) {
            fail_msg("'%s': kind %d, found %d, pay_amount %ld", cases[i].data, (int)reply->reply.kind, reply->found,
                     (long)reply->pay_amount);
        }
        upstream_teardown(&own);
    }
}

static void an_order_that_douyin_does_not_know_is_refused_and_not_found(void **state)
{
    const dygw_order_reply_t *reply
        = asked(*state, "{\"data\":{\"error_code\":3100101,\"description\":\"订单不存在\"},"
                        "\"extra\":{\"error_code\":3100101,\"description\":\"订单不存在\"}}");

    assert_int_equal(reply->reply.kind, DYGW_REPLY_COUPON);
    assert_int_equal(reply->reply.error_code, 3100101);
    assert_false(reply->found);
    assert_int_equal(reply->pay_amount, -1);
    assert_int_equal(reply->create_order_time, DYGW_NO_TIME);
    assert_int_equal(reply->coupons->nelts, 0);
}

/* --- after-sale orders --- */

static const dygw_after_sale_reply_t *after_sale(upstream_t *u, const char *data)
{
    static const dygw_question_t question = { .what = DYGW_QUESTION_AFTER_SALE,
                                              .account_id = "7014065493820573710",
                                              .order_id = ORDER,
                                              .certificate_id = "7382420130108424203" };

    return answer_to(u, &question, apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0", data, "}," EXTRA "}", NULL))
        .after_sale;
}

static void the_newest_refund_of_the_coupon_is_read(DYGW_UNUSED void **state)
{
#define REFUND(id, created, infos) "{\"after_sale_id\":" id created ",\"refund_info_list\":[" infos "]}"
#define INFO(status, more)         "{\"certificate_id\":\"7382420130108424203\",\"refund_status\":" status more "}"
#define LATER                      ",\"apply_time\":1999999999000"
#define OTHER                      "{\"certificate_id\":\"7382420130108424204\",\"refund_status\":50" LATER "}"
    static const struct {
        const char *data;
        int status;
        dygw_reply_class_e kind;
    } cases[] = {
        { ",\"after_sale_order_list\":[" REFUND("\"1\"", "", INFO("10", "")) "]", 10, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[" REFUND("1", "",
                                                "{\"certificate_id\":7382420130108424203,"
                                                "\"refund_status\":\"20\"}") "]",
          20, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[" REFUND("\"1\"", "", OTHER "," INFO("30", "")) "]", 30, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[" REFUND("\"1\"", "", OTHER) "]", -1, DYGW_REPLY_OK },
        /* the second application goes before the first, in whatever order, by any of their times */
        { ",\"after_sale_order_list\":[" REFUND("\"9\"", ",\"create_time\":1743061716", INFO("25", "")) "," REFUND(
              "\"8\"", ",\"create_time\":1743061717", INFO("10", "")) "]",
          10, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[" REFUND(
              "\"8\"", ",\"create_time\":1743061716",
              INFO("50", ",\"apply_time\":1743061799000")) "," REFUND("\"9\"", ",\"create_time\":1743061717",
                                                                      INFO("25", "")) "]",
          50, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[" REFUND("\"10\"", "", INFO("40", "")) "," REFUND("\"9\"", "",
                                                                                         INFO("25", "")) "]",
          40, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[{}," REFUND("\"19\"", "", INFO("25", "")) "," REFUND("\"20\"", "",
                                                                                            INFO("59", "")) "]",
          59, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[" REFUND("\"1\"", "", INFO("4294967346", "")) "]", -1, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[]", -1, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":null", -1, DYGW_REPLY_OK },
        { "", -1, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":[17,null,{\"refund_info_list\":17}]", -1, DYGW_REPLY_OK },
        { ",\"after_sale_order_list\":17", -1, DYGW_REPLY_GARBLED },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dygw_after_sale_reply_t *reply;
        void *own = NULL;

        upstream_setup(&own);
        reply = after_sale(own, cases[i].data);
        if (reply->reply.kind != cases[i].kind || reply->refund_status != cases[i].status) {
            fail_msg("'%s': kind %d, refund_status %d", cases[i].data, (int)reply->reply.kind, reply->refund_status);
        }
        upstream_teardown(&own);
    }
}

static void without_the_permission_nothing_is_told_of_refunds(void **state)
{
    static const dygw_question_t question
        = { .what = DYGW_QUESTION_AFTER_SALE, .account_id = "1", .order_id = ORDER, .certificate_id = "7" };
    const dygw_after_sale_reply_t *reply
        = answer_to(*state, &question, "{\"data\":{\"error_code\":2190004,\"description\":\"x\"},\"extra\":{}}")
              .after_sale;

    assert_int_equal(reply->reply.kind, DYGW_REPLY_SETUP);
    assert_int_equal(reply->refund_status, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_documented_sample_is_read),
        TEST(what_is_absent_is_told),
        TEST(strings_for_numbers_and_thirteen_digits_are_taken),
        TEST(each_coupon_has_the_figures_of_its_product_alone),
        cmocka_unit_test(a_third_partys_id_is_found_under_any_of_its_names),
        cmocka_unit_test(only_the_order_that_was_asked_for_is_found),
        TEST(an_order_that_douyin_does_not_know_is_refused_and_not_found),
        cmocka_unit_test(the_newest_refund_of_the_coupon_is_read),
        TEST(without_the_permission_nothing_is_told_of_refunds),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_order", tests, NULL, NULL);
}
