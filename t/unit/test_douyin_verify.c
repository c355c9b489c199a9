/* SPDX-License-Identifier: Apache-2.0
 * What verify's answers say of each code, in all the shapes that nobody can exclude.
 * links: douyin/address.c douyin/certificate.c douyin/client.c douyin/codes.c douyin/envelope.c
 * links: douyin/http_call.c douyin/http_easy.c douyin/http_handles.c douyin/http_outcome.c
 * links: douyin/link.c douyin/link_hosts.c douyin/prepare.c douyin/records.c
 * links: douyin/token.c douyin/verify.c
 * helpers: loopback.c upstream.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/upstream.h"
#include "util/compiler.h"

#define EXTRA \
    "\"extra\":{\"error_code\":0,\"description\":\"success\",\"sub_error_code\":0," \
    "\"sub_description\":\"\",\"logid\":\"202503261548358CD21E3C41F95D031744\",\"now\":1742975316}"

static const char *const abc[] = { "A", "B", "C" };

static dygw_verify_reply_t *verified(void **state, const char *const *codes, int count, const char *body)
{
    const dygw_question_t question
        = { .what = DYGW_QUESTION_VERIFY, .poi_id = POI, .verify_token = "t", .codes = codes, .count = count };
    upstream_t *u = *state;

    upstream_answer(u, body);
    return dygw_douyin_verify(u->douyin, &question, TOKEN, &u->log, u->pool);
}

/* The items of an answer whose verify_results are these. */
static const dygw_verify_item_t *items_of(void **state, const char *const *codes, int count, const char *results)
{
    upstream_t *u = *state;
    const dygw_verify_reply_t *v = verified(
        state, codes, count,
        apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0,\"description\":\"\"", results, "}," EXTRA "}", NULL));

    assert_int_equal(v->reply.kind, DYGW_REPLY_OK);
    assert_non_null(v->items);
    return v->items;
}

static void verify_reads_a_real_answer(void **state)
{
    static const char *const code = "CgYIASAHKAESLgosAukm9dHEikN1hk+b9yzPZ+oicbcuRaWtiDLuAv7US6BIlq2UpeKIkyjMFFgaAA==";
    const dygw_verify_reply_t *v
        = verified(state, &code, 1,
                   "{\"data\":{\"verify_results\":[{\"account_id\":\"6943233382746834985\","
                   "\"certificate_id\":\"7382420130108424203\","
                   "\"code\":\"CgYIASAHKAESLgosAukm9dHEikN1hk+b9yzPZ+oicbcuRaWtiDLuAv7US6BIlq2UpeKI"
                   "kyjMFFgaAA==\","
                   "\"msg\":\"履约成功\",\"order_id\":\"1061449651423386211\",\"origin_code\":\"104686126200130\","
                   "\"result\":0,\"verify_amount_info\":{\"time_card_amount\":{\"amount\":58200},"
                   "\"times_card_serial_amount\":{\"amount\":{\"coupon_pay_amount\":19400,"
                   "\"list_market_amount\":26900,\"original_amount\":26895,\"pay_amount\":19400},"
                   "\"serial_numb\":2}},\"verify_id\":\"7486021925630773286\"}],"
                   "\"error_code\":0,\"description\":\"success\"}," EXTRA "}");
    const dygw_verify_item_t *item = v->items;

    assert_int_equal(v->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(item->kind, DYGW_REPLY_OK);
    assert_int_equal(item->result, 0);
    assert_false(item->already);
    assert_string_equal(item->msg, "履约成功");
    assert_string_equal(item->verify_id, "7486021925630773286");
    assert_string_equal(item->certificate_id, "7382420130108424203");
    assert_string_equal(item->origin_code, "104686126200130");
    assert_string_equal(item->order_id, "1061449651423386211");
    assert_null(item->product_id);
    assert_int_equal(item->pay_amount, 19400);
}

static void results_in_another_order_find_their_codes(void **state)
{
    const dygw_verify_item_t *items
        = items_of(state, abc, 3,
                   ",\"verify_results\":[{\"result\":0,\"code\":\"C\",\"verify_id\":\"3\"},"
                   "{\"result\":1241,\"code\":\"A\",\"msg\":\"no\"},{\"result\":0,\"code\":\"B\","
                   "\"verify_id\":2}]");

    assert_int_equal(items[0].kind, DYGW_REPLY_COUPON);
    assert_int_equal(items[0].result, 1241);
    assert_string_equal(items[0].msg, "no");
    assert_null(items[0].verify_id);
    assert_string_equal(items[1].verify_id, "2");
    assert_string_equal(items[2].verify_id, "3");
}

static void a_verify_id_of_zero_is_none(void **state)
{
    const dygw_verify_item_t *items
        = items_of(state, abc, 3,
                   ",\"verify_results\":[{\"result\":0,\"code\":\"A\",\"verify_id\":\"0\"},"
                   "{\"result\":0,\"code\":\"B\",\"verify_id\":0},{\"result\":0,\"code\":\"C\"}]");

    for (int i = 0; i < 3; i++) {
        assert_int_equal(items[i].kind, DYGW_REPLY_OK);
        assert_null(items[i].verify_id);
    }
}

static void each_use_of_one_code_has_its_own_result(void **state)
{
    static const char *const uses[] = { "A", "B", "A", "A" };
    const dygw_verify_item_t *items = items_of(state, uses, 4,
                                               ",\"verify_results\":[{\"result\":0,\"code\":\"A\",\"verify_id\":\"1\"},"
                                               "{\"result\":0,\"code\":\"A\",\"verify_id\":\"2\"},"
                                               "{\"result\":0,\"code\":\"B\",\"verify_id\":\"9\"},"
                                               "{\"result\":1241,\"code\":\"A\"}]");

    assert_string_equal(items[0].verify_id, "1");
    assert_string_equal(items[1].verify_id, "9");
    assert_string_equal(items[2].verify_id, "2");
    assert_int_equal(items[3].kind, DYGW_REPLY_COUPON);
}

static void codes_that_the_answer_does_not_name_are_garbled(void **state)
{
    static const char *const uses[] = { "A", "A", "B" };
    const dygw_verify_item_t *items = items_of(
        state, uses, 3, ",\"verify_results\":[{\"result\":0,\"code\":\"A\"},{\"result\":0,\"code\":\"X\"},null]");

    assert_int_equal(items[0].kind, DYGW_REPLY_OK);
    assert_int_equal(items[1].kind, DYGW_REPLY_GARBLED);
    assert_int_equal(items[2].kind, DYGW_REPLY_GARBLED);
    assert_string_equal(items[2].msg, "");
}

static void without_results_every_code_is_garbled(DYGW_UNUSED void **state)
{
    static const char *const none[] = { "", ",\"verify_results\":null", ",\"verify_results\":[]",
                                        ",\"verify_results\":{}", ",\"verify_results\":\"x\"" };

    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        void *own;
        const dygw_verify_item_t *items;

        assert_int_equal(upstream_setup(&own), 0);
        items = items_of(&own, abc, 2, none[i]);
        assert_int_equal(items[0].kind, DYGW_REPLY_GARBLED);
        assert_int_equal(items[1].kind, DYGW_REPLY_GARBLED);
        upstream_teardown(&own);
    }
}

static void results_without_codes_are_taken_in_order_if_none_is_missing(void **state)
{
    const dygw_verify_item_t *items = items_of(
        state, abc, 2, ",\"verify_results\":[{\"result\":0,\"verify_id\":\"1\"},{\"result\":1212,\"code\":\"\"}]");

    assert_string_equal(items[0].verify_id, "1");
    assert_int_equal(items[1].kind, DYGW_REPLY_COUPON);
}

static void results_without_codes_mean_nothing_when_one_is_missing(void **state)
{
    const dygw_verify_item_t *items
        = items_of(state, abc, 2, ",\"verify_results\":[{\"result\":0,\"verify_id\":\"1\"}]");

    assert_int_equal(items[0].kind, DYGW_REPLY_GARBLED);
    assert_int_equal(items[1].kind, DYGW_REPLY_GARBLED);
}

typedef struct result_case_t {
    const char *result;
    dygw_reply_class_e kind;
    int already;
} result_case_t;

static void each_result_has_its_class(DYGW_UNUSED void **state)
{
    static const result_case_t cases[] = {
        { "0", DYGW_REPLY_OK, 0 },
        { "\"0\"", DYGW_REPLY_OK, 0 },
        { "1208", DYGW_REPLY_COUPON, 1 },
        { "2", DYGW_REPLY_COUPON, 1 },
        { "1229", DYGW_REPLY_REVIEW, 0 },
        { "2119003", DYGW_REPLY_BUSY, 0 },
        { "6001001", DYGW_REPLY_BUSY, 0 },
        { "3000001,\"msg\":\"服务器错误,请稍后重试\"", DYGW_REPLY_BUSY, 0 },
        { "3000002", DYGW_REPLY_COUPON, 0 },
        { "1508", DYGW_REPLY_SETUP, 0 },
        { "2119013", DYGW_REPLY_SETUP, 0 },
        { "2119099", DYGW_REPLY_SETUP, 0 },
        { "987654321", DYGW_REPLY_SETUP, 0 },
        { "2100005", DYGW_REPLY_REQUEST, 0 },
        { "28003017", DYGW_REPLY_BUSY, 0 },
        { "2119006", DYGW_REPLY_COUPON, 0 },
        { "4711", DYGW_REPLY_COUPON, 0 },
        { "null", DYGW_REPLY_GARBLED, 0 },
        { "\"ok\"", DYGW_REPLY_GARBLED, 0 },
        { "true", DYGW_REPLY_GARBLED, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *own;
        const dygw_verify_item_t *item;

        assert_int_equal(upstream_setup(&own), 0);
        item = items_of(&own, abc, 1,
                        apr_psprintf(((upstream_t *)own)->pool, ",\"verify_results\":[{\"code\":\"A\",\"result\":%s}]",
                                     cases[i].result));
        if (item->kind != cases[i].kind || item->already != cases[i].already) {
            fail_msg("%s: kind %d, already %d", cases[i].result, (int)item->kind, item->already);
        }
        upstream_teardown(&own);
    }
}

static void a_token_that_is_refused_for_every_code_is_refused_for_the_call(void **state)
{
    const dygw_verify_reply_t *v = verified(state, abc, 2,
                                            "{\"data\":{\"error_code\":0,\"verify_results\":["
                                            "{\"code\":\"A\",\"result\":28001008,\"msg\":\"access_token过期\"},"
                                            "{\"code\":\"B\",\"result\":2190002}]}," EXTRA "}");

    assert_int_equal(v->reply.kind, DYGW_REPLY_TOKEN);
    assert_int_equal(v->reply.error_code, 28001008);
    assert_null(v->items);
}

static void a_token_that_is_refused_for_some_codes_leaves_them_open(void **state)
{
    const dygw_verify_item_t *items = items_of(state, abc, 2,
                                               ",\"verify_results\":[{\"code\":\"A\",\"result\":2190008},"
                                               "{\"code\":\"B\",\"result\":0,\"verify_id\":\"1\"}]");

    assert_int_equal(items[0].kind, DYGW_REPLY_BUSY);
    assert_int_equal(items[0].result, 2190008);
    assert_int_equal(items[1].kind, DYGW_REPLY_OK);
}

static void a_success_without_ids_is_a_success(void **state)
{
    const dygw_verify_item_t *item = items_of(
        state, abc, 1, ",\"verify_results\":[{\"code\":\"A\",\"result\":0,\"verify_id\":\"\",\"msg\":null}]");

    assert_int_equal(item->kind, DYGW_REPLY_OK);
    assert_null(item->verify_id);
    assert_string_equal(item->msg, "");
    assert_int_equal(item->pay_amount, -1);
}

static void only_the_amount_of_one_use_counts(void **state)
{
    const dygw_verify_item_t *item = items_of(state, abc, 1,
                                              ",\"verify_results\":[{\"code\":\"A\",\"result\":0,"
                                              "\"verify_amount_info\":{\"time_card_amount\":{\"amount\":58200}}}]");

    assert_int_equal(item->pay_amount, -1);
}

static void a_verify_that_is_refused_as_a_whole_has_no_items(void **state)
{
    const dygw_verify_reply_t *v
        = verified(state, abc, 1,
                   "{\"data\":{\"error_code\":3000002,\"description\":\"所选门店不在商品适用门店内\","
                   "\"verify_results\":[{\"code\":\"A\",\"result\":3000002}]},"
                   "\"extra\":{\"error_code\":3000002,\"description\":\"\"}}");

    assert_int_equal(v->reply.kind, DYGW_REPLY_COUPON);
    assert_int_equal(v->reply.error_code, 3000002);
    assert_null(v->items);
}

static void a_refusal_that_redeemed_something_all_the_same_is_not_final(void **state)
{
    const dygw_verify_reply_t *v
        = verified(state, abc, 2,
                   "{\"data\":{\"error_code\":1241,\"description\":\"x\",\"verify_results\":["
                   "{\"code\":\"A\",\"result\":0,\"verify_id\":\"1\"},{\"code\":\"B\",\"result\":1241}]}}");

    assert_int_equal(v->reply.kind, DYGW_REPLY_GARBLED);
    assert_null(v->items);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verify_reads_a_real_answer),
        TEST(results_in_another_order_find_their_codes),
        TEST(a_verify_id_of_zero_is_none),
        TEST(each_use_of_one_code_has_its_own_result),
        TEST(codes_that_the_answer_does_not_name_are_garbled),
        cmocka_unit_test(without_results_every_code_is_garbled),
        TEST(results_without_codes_are_taken_in_order_if_none_is_missing),
        TEST(results_without_codes_mean_nothing_when_one_is_missing),
        cmocka_unit_test(each_result_has_its_class),
        TEST(a_token_that_is_refused_for_every_code_is_refused_for_the_call),
        TEST(a_token_that_is_refused_for_some_codes_leaves_them_open),
        TEST(a_success_without_ids_is_a_success),
        TEST(only_the_amount_of_one_use_counts),
        TEST(a_verify_that_is_refused_as_a_whole_has_no_items),
        TEST(a_refusal_that_redeemed_something_all_the_same_is_not_final),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_verify", tests, NULL, NULL);
}
