/* SPDX-License-Identifier: Apache-2.0
 * Douyin's answers, in all the shapes that were seen or that nobody can exclude.
 * links: douyin/address.c douyin/certificate.c douyin/client.c douyin/codes.c douyin/envelope.c
 * links: douyin/http_call.c douyin/http_easy.c douyin/http_handles.c douyin/http_outcome.c
 * links: douyin/link.c douyin/link_hosts.c douyin/prepare.c douyin/records.c
 * links: douyin/token.c douyin/verify.c
 * helpers: loopback.c upstream.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/upstream.h"
#include "util/compiler.h"

#define EXTRA \
    "\"extra\":{\"error_code\":0,\"description\":\"success\",\"sub_error_code\":0," \
    "\"sub_description\":\"\",\"logid\":\"202503261548358CD21E3C41F95D031744\",\"now\":1742975316}"

static dygw_reply_t *answered(void **state, const char *status, const char *body)
{
    upstream_t *u = *state;
    loopback_step_t *step = apr_palloc(u->pool, sizeof(*step));

    *step = (loopback_step_t){ LOOPBACK_ANSWER, upstream_http(u->pool, status, body) };
    upstream_serve(u, step, 1);
    return stores(u);
}

/* --- the envelope --- */

static void success_is_zero_on_both_levels(void **state)
{
    const char *body = "{\"data\":{\"pois\":[],\"error_code\":0,\"description\":\"success\"}," EXTRA "}";
    const dygw_reply_t *reply = answered(state, "200 OK", body);

    assert_int_equal(reply->kind, DYGW_REPLY_OK);
    assert_int_equal(reply->http_status, 200);
    assert_int_equal(reply->error_code, 0);
    assert_string_equal(reply->description, "success");
    assert_string_equal(reply->logid, "202503261548358CD21E3C41F95D031744");
    assert_string_equal(reply->raw, body);
    assert_int_equal(reply->raw_len, strlen(body));
    assert_true(json_is_array(json_object_get(reply->data, "pois")));
}

static void a_refused_token_is_told_by_both_levels(void **state)
{
    const dygw_reply_t *reply
        = answered(state, "200 OK",
                   "{\"data\":{\"error_code\":2190002,\"description\":\"access_token无效\"},"
                   "\"extra\":{\"error_code\":2190002,\"description\":\"access_token无效\",\"sub_error_code\":0,"
                   "\"sub_description\":\"access_token无效\",\"logid\":\"20250510130354FF6D66CCDFA9A9EE2E27\","
                   "\"now\":1746853434460}}");

    assert_int_equal(reply->kind, DYGW_REPLY_TOKEN);
    assert_int_equal(reply->error_code, 2190002);
    assert_string_equal(reply->description, "access_token无效");
    assert_string_equal(reply->logid, "20250510130354FF6D66CCDFA9A9EE2E27");
}

static void the_sub_error_code_is_kept(void **state)
{
    const dygw_reply_t *reply
        = answered(state, "200 OK",
                   "{\"data\":{\"error_code\":3000001,\"description\":\"已超过可撤销时限，无法撤销核销\"},"
                   "\"extra\":{\"error_code\":3000001,\"description\":\"已超过可撤销时限，无法撤销核销\","
                   "\"sub_error_code\":2034000910,\"logid\":\"202503261550455D73FE519B70900326BD\"}}");

    assert_int_equal(reply->kind, DYGW_REPLY_COUPON);
    assert_int_equal(reply->sub_error_code, 2034000910);
    assert_string_equal(reply->description, "已超过可撤销时限，无法撤销核销");
}

typedef struct envelope_t {
    const char *status;
    const char *body;
    dygw_reply_class_e kind;
    apr_int64_t error_code;
    const char *description;
} envelope_t;

static void assert_envelope(const envelope_t *e)
{
    void *state;
    const dygw_reply_t *reply;

    assert_int_equal(upstream_setup(&state), 0);
    reply = answered(&state, e->status, e->body);
    if (reply->kind != e->kind || reply->error_code != e->error_code
        || strcmp(reply->description, e->description) != 0) {
        fail_msg("%s %s: kind %d, error_code %ld, '%s'", e->status, e->body, (int)reply->kind, (long)reply->error_code,
                 reply->description);
    }
    upstream_teardown(&state);
}

#define ASSERT_ENVELOPES(table) \
    for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++) { \
        assert_envelope(&(table)[i_]); \
    }

static void the_first_code_that_is_not_zero_wins(DYGW_UNUSED void **state)
{
    static const envelope_t table[] = {
        { "200 OK",
          "{\"data\":{\"error_code\":1508,\"description\":\"a\"},"
          "\"extra\":{\"error_code\":0,\"description\":\"b\"}}",
          DYGW_REPLY_SETUP, 1508, "a" },
        { "200 OK",
          "{\"data\":{\"error_code\":0,\"description\":\"a\"},"
          "\"extra\":{\"error_code\":1508,\"description\":\"b\"}}",
          DYGW_REPLY_SETUP, 1508, "b" },
        { "200 OK",
          "{\"data\":{\"error_code\":1212,\"description\":\"\"},"
          "\"extra\":{\"error_code\":1508,\"description\":\"b\"}}",
          DYGW_REPLY_COUPON, 1212, "b" },
        { "200 OK", "{\"data\":null,\"extra\":{\"error_code\":1508,\"description\":\"b\"}}", DYGW_REPLY_SETUP, 1508,
          "b" },
        { "200 OK", "{\"extra\":{\"error_code\":2119003}}", DYGW_REPLY_BUSY, 2119003, "" },
        { "200 OK", "{\"data\":{\"error_code\":\"1508\"}}", DYGW_REPLY_SETUP, 1508, "" },
        { "200 OK", "{\"data\":{\"error_code\":1508.0,\"description\":null}}", DYGW_REPLY_SETUP, 1508, "" },
    };

    ASSERT_ENVELOPES(table);
}

static void success_needs_no_extra_and_no_description(DYGW_UNUSED void **state)
{
    static const envelope_t table[] = {
        { "200 OK", "{\"data\":{\"error_code\":0}}", DYGW_REPLY_OK, 0, "" },
        { "200 OK", "{\"data\":{\"error_code\":0,\"description\":\"\"},\"extra\":null}", DYGW_REPLY_OK, 0, "" },
        { "200 OK", "{\"data\":{},\"extra\":{\"error_code\":0}}", DYGW_REPLY_OK, 0, "" },
    };

    ASSERT_ENVELOPES(table);
}

static void what_cannot_be_understood_is_garbled(DYGW_UNUSED void **state)
{
    static const envelope_t table[] = {
        { "200 OK", "", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "<html>hello</html>", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "[]", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "\"data\"", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{}", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{\"data\":{}}", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{\"data\":[],\"extra\":{\"error_code\":0}}", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{\"extra\":{\"error_code\":0}}", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{\"data\":{\"error_code\":true},\"extra\":{\"error_code\":0}}", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{\"data\":{\"error_code\":0},\"extra\":{\"error_code\":\"x\"}}", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{\"data\":{\"error_code\":0}", DYGW_REPLY_GARBLED, 0, "" },
        { "200 OK", "{\"data\":{\"error_code\":0}} x", DYGW_REPLY_GARBLED, 0, "" },
    };

    ASSERT_ENVELOPES(table);
}

static void other_statuses_mean_trouble(DYGW_UNUSED void **state)
{
    static const envelope_t table[] = {
        { "500 Oops", "<html>oops</html>", DYGW_REPLY_BUSY, 0, "" },
        { "502 Bad Gateway", "{\"data\":{\"error_code\":0}}", DYGW_REPLY_BUSY, 0, "" },
        { "503 Busy", "{\"data\":{\"error_code\":2100004,\"description\":\"b\"}}", DYGW_REPLY_BUSY, 2100004, "b" },
        { "404 Not Found", "<html>nothing</html>", DYGW_REPLY_GARBLED, 0, "" },
        { "403 Forbidden", "{\"data\":{\"error_code\":0}}", DYGW_REPLY_GARBLED, 0, "" },
        { "302 Found", "{\"data\":{\"error_code\":0}}", DYGW_REPLY_GARBLED, 0, "" },
        { "401 No", "{\"data\":{\"error_code\":2190008,\"description\":\"t\"}}", DYGW_REPLY_TOKEN, 2190008, "t" },
    };

    ASSERT_ENVELOPES(table);
}

static void the_body_stays_as_it_came(void **state)
{
    const char *body = " {\"data\" : {\"error_code\":0, \"id\":73824201301084242031234567890,\n"
                       "\"d\":\"\\u6d4b\\/\", \"d\":1.50}}\r\n";
    const dygw_reply_t *reply = answered(state, "200 OK", body);

    assert_int_equal(reply->kind, DYGW_REPLY_OK);
    assert_string_equal(reply->raw, body);
}

/* --- token --- */

static dygw_token_reply_t *token_answered(void **state, const char *body)
{
    upstream_t *u = *state;

    upstream_answer(u, body);
    return dygw_douyin_token(u->douyin, &u->log, u->pool);
}

static void a_token_comes_with_its_life_and_leaves_no_trace(void **state)
{
    const dygw_token_reply_t *token
        = token_answered(state, "{\"data\":{\"access_token\":\"" TOKEN "\",\"description\":\"\",\"error_code\":0,"
                                "\"expires_in\":7200},\"message\":\"success\"}");

    assert_int_equal(token->reply.kind, DYGW_REPLY_OK);
    assert_string_equal(token->access_token, TOKEN);
    assert_int_equal(token->expires_in, 7200);
    assert_null(token->reply.raw);
    assert_null(token->reply.data);
    assert_null(strstr(upstream_logged(), TOKEN));
}

static void a_refused_client_key_is_a_matter_of_setup(void **state)
{
    const dygw_token_reply_t *token
        = token_answered(state, "{\"data\":{\"captcha\":\"\",\"desc_url\":\"\",\"description\":\"配置无效\","
                                "\"error_code\":10003,\"log_id\":\"2022\"},\"message\":\"error\"}");

    assert_int_equal(token->reply.kind, DYGW_REPLY_SETUP);
    assert_int_equal(token->reply.error_code, 10003);
    assert_string_equal(token->reply.description, "配置无效");
    assert_string_equal(token->reply.logid, "2022");
    assert_null(token->access_token);
}

static void a_token_that_cannot_be_used_is_garbled(DYGW_UNUSED void **state)
{
    static const char *const bodies[] = {
        "{\"data\":{\"error_code\":0,\"expires_in\":7200}}",
        "{\"data\":{\"error_code\":0,\"access_token\":\"\",\"expires_in\":7200}}",
        "{\"data\":{\"error_code\":0,\"access_token\":7,\"expires_in\":7200}}",
        "{\"data\":{\"error_code\":0,\"access_token\":\"clt.a\\r\\nX: y\",\"expires_in\":7200}}",
        "{\"data\":{\"error_code\":0,\"access_token\":\"clt. a\",\"expires_in\":7200}}",
        "{\"data\":{\"error_code\":0,\"access_token\":\"clt.é\",\"expires_in\":7200}}",
        "{\"data\":{\"error_code\":0,\"access_token\":\"clt.a\"}}",
        "{\"data\":{\"error_code\":0,\"access_token\":\"clt.a\",\"expires_in\":-5}}",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const dygw_token_reply_t *token;
        void *own;

        assert_int_equal(upstream_setup(&own), 0);
        token = token_answered(&own, bodies[i]);
        assert_int_equal(token->reply.kind, DYGW_REPLY_GARBLED);
        assert_null(token->access_token);
        upstream_teardown(&own);
    }
}

static void a_stable_token_in_its_last_second_is_a_token(void **state)
{
    const dygw_token_reply_t *token
        = token_answered(state, "{\"data\":{\"error_code\":0,\"access_token\":\"clt.a\",\"expires_in\":0}}");

    assert_int_equal(token->reply.kind, DYGW_REPLY_OK);
    assert_string_equal(token->access_token, "clt.a");
    assert_int_equal(token->expires_in, 0);
}

static void a_life_beyond_belief_is_cut(void **state)
{
    const dygw_token_reply_t *token = token_answered(state, "{\"data\":{\"error_code\":0,\"access_token\":\"clt.a\","
                                                            "\"expires_in\":9223372036854775807}}");

    assert_int_equal(token->expires_in, 30 * 24 * 3600);
}

/* --- prepare --- */

static dygw_prepare_reply_t *prepared(void **state, const char *body)
{
    upstream_t *u = *state;

    upstream_answer(u, body);
    return dygw_douyin_prepare(u->douyin, &upstream_code, TOKEN, &u->log, u->pool);
}

static const dygw_certificate_t *certificate(const dygw_prepare_reply_t *p, int i)
{
    assert_int_equal(p->reply.kind, DYGW_REPLY_OK);
    assert_in_range(i, 0, p->certificates->nelts - 1);
    return &APR_ARRAY_IDX(p->certificates, i, dygw_certificate_t);
}

static void prepare_reads_the_documented_sample(void **state)
{
    const dygw_prepare_reply_t *p
        = prepared(state, "{\"data\":{\"error_code\":0,\"description\":\"success\","
                          "\"verify_token\":\"78a23d74-d0f5-4235-a491-5f68f8c23825\","
                          "\"order_id\":\"1061449651423386211\",\"certificates\":[{"
                          "\"certificate_id\":7382420130108424203,"
                          "\"encrypted_code\":\"CgwIARDhJxjLLyABKAESLgospP68K9dbp40hkHacQATyW6TK3vAP7nf0uukDsoDOO5wj"
                          "5bu1Zt1raI5lH4gaAA==\",\"start_time\":1650278040,\"expire_time\":1682179199,\"status\":1,"
                          "\"sku\":{\"sku_id\":\"1730440745530376\",\"title\":\"测试\",\"groupon_type\":1,"
                          "\"market_price\":19900,\"product_id\":\"99\"},"
                          "\"amount\":{\"original_amount\":20,\"pay_amount\":10}}]}," EXTRA "}");
    const dygw_certificate_t *c = certificate(p, 0);

    assert_string_equal(p->verify_token, "78a23d74-d0f5-4235-a491-5f68f8c23825");
    assert_string_equal(p->order_id, "1061449651423386211");
    assert_int_equal(p->certificates->nelts, 1);
    assert_string_equal(c->certificate_id, "7382420130108424203");
    assert_string_equal(c->encrypted_code, "CgwIARDhJxjLLyABKAESLgospP68K9dbp40hkHacQATyW6TK3vAP7nf0uukDsoDOO5wj"
                                           "5bu1Zt1raI5lH4gaAA==");
    assert_int_equal(c->status, 1);
    assert_int_equal(c->expire_time, 1682179199000);
    assert_string_equal(c->sku_id, "1730440745530376");
    assert_string_equal(c->sku_name, "测试");
    assert_string_equal(c->product_id, "99");
    assert_int_equal(c->pay_amount, 10);
    assert_int_equal(c->times_left, 1);
    assert_false(c->is_times_card);
}

static void prepare_takes_strings_for_numbers_and_milliseconds_for_seconds(void **state)
{
    const dygw_prepare_reply_t *p
        = prepared(state, "{\"data\":{\"error_code\":0,\"verify_token\":\"t\",\"order_id\":1061449651423386211,"
                          "\"certificates\":[{\"certificate_id\":\"7382420130108424203\",\"encrypted_code\":\"A\","
                          "\"expire_time\":1682265599000,\"status\":\"1\",\"amount\":{\"pay_amount\":\"10\"},"
                          "\"sku\":{\"sku_id\":1730440745530376}}]}," EXTRA "}");
    const dygw_certificate_t *c = certificate(p, 0);

    assert_string_equal(p->order_id, "1061449651423386211");
    assert_string_equal(c->certificate_id, "7382420130108424203");
    assert_int_equal(c->expire_time, 1682265599000);
    assert_int_equal(c->status, 1);
    assert_int_equal(c->pay_amount, 10);
    assert_string_equal(c->sku_id, "1730440745530376");
}

static void prepare_says_what_is_absent(void **state)
{
    const dygw_prepare_reply_t *p
        = prepared(state, "{\"data\":{\"error_code\":0,\"verify_token\":\"t\",\"certificates\":["
                          "{\"encrypted_code\":\"A\"},{\"encrypted_code\":\"B\",\"status\":99999999999,"
                          "\"sku\":null,\"amount\":[],\"time_card\":null}]}," EXTRA "}");
    const dygw_certificate_t *c = certificate(p, 0);

    assert_null(p->order_id);
    assert_null(c->certificate_id);
    assert_int_equal(c->status, -1);
    assert_int_equal(c->expire_time, DYGW_NO_TIME);
    assert_null(c->sku_id);
    assert_null(c->sku_name);
    assert_int_equal(c->pay_amount, -1);
    assert_int_equal(c->times_left, 1);
    assert_int_equal(certificate(p, 1)->status, INT_MAX);
    assert_int_equal(certificate(p, 1)->pay_amount, -1);
}

static void a_times_card_has_the_uses_that_are_left(void **state)
{
    const dygw_prepare_reply_t *p
        = prepared(state, "{\"data\":{\"error_code\":0,\"verify_token\":\"t\",\"certificates\":["
                          "{\"encrypted_code\":\"A\",\"sku\":{\"groupon_type\":3},"
                          "\"time_card\":{\"times_count\":5,\"times_used\":2}},"
                          "{\"encrypted_code\":\"B\",\"time_card\":{\"times_count\":3,\"times_used\":3}},"
                          "{\"encrypted_code\":\"C\",\"sku\":{\"groupon_type\":3}},"
                          "{\"encrypted_code\":\"D\",\"time_card\":{\"times_count\":9223372036854775807}},"
                          "{\"encrypted_code\":\"E\",\"time_card\":{\"times_count\":0,\"times_used\":0}}]}," EXTRA "}");
    static const int left[] = { 3, 0, 1, 1000000, 1 };

    for (int i = 0; i < 5; i++) {
        assert_int_equal(certificate(p, i)->times_left, left[i]);
        assert_int_equal(certificate(p, i)->is_times_card, i < 4);
    }
}

static void certificates_without_a_code_are_left_out(void **state)
{
    const dygw_prepare_reply_t *p
        = prepared(state, "{\"data\":{\"error_code\":0,\"verify_token\":\"t\",\"certificates\":["
                          "{\"certificate_id\":1},{\"encrypted_code\":\"\"},null,7,{\"encrypted_code\":\"B\"}]}}");

    assert_int_equal(p->certificates->nelts, 1);
    assert_string_equal(certificate(p, 0)->encrypted_code, "B");
}

typedef struct prepare_case_t {
    const char *data;
    dygw_reply_class_e kind;
} prepare_case_t;

static void assert_prepares(const prepare_case_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const dygw_prepare_reply_t *p;
        void *own;

        assert_int_equal(upstream_setup(&own), 0);
        p = prepared(&own, apr_pstrcat(((upstream_t *)own)->pool, "{\"data\":{\"error_code\":0", cases[i].data,
                                       "}," EXTRA "}", NULL));
        if (p->reply.kind != cases[i].kind || (p->reply.kind == DYGW_REPLY_OK && p->certificates->nelts != 0)) {
            fail_msg("%s: kind %d", cases[i].data, (int)p->reply.kind);
        }
        upstream_teardown(&own);
    }
}

static void an_order_without_coupons_has_an_empty_list_however_it_is_written(DYGW_UNUSED void **state)
{
    static const prepare_case_t cases[] = {
        { ",\"verify_token\":\"t\",\"certificates\":[]", DYGW_REPLY_OK },
        { ",\"verify_token\":\"t\",\"certificates\":null", DYGW_REPLY_OK },
        { ",\"verify_token\":\"t\"", DYGW_REPLY_OK },
        { ",\"verify_token\":\"\",\"certificates\":[]", DYGW_REPLY_OK },
        { "", DYGW_REPLY_OK },
    };

    assert_prepares(cases, sizeof cases / sizeof *cases);
}

static void a_list_that_cannot_be_verified_is_garbled(DYGW_UNUSED void **state)
{
    static const prepare_case_t cases[] = {
        { ",\"certificates\":[{\"encrypted_code\":\"A\"}]", DYGW_REPLY_GARBLED },
        { ",\"verify_token\":\"\",\"certificates\":[{\"encrypted_code\":\"A\"}]", DYGW_REPLY_GARBLED },
        { ",\"verify_token\":7,\"certificates\":[{\"encrypted_code\":\"A\"}]", DYGW_REPLY_GARBLED },
        { ",\"verify_token\":\"t\",\"certificates\":{}", DYGW_REPLY_GARBLED },
        { ",\"verify_token\":\"t\",\"certificates\":\"\"", DYGW_REPLY_GARBLED },
        { ",\"verify_token\":\"t\",\"certificates\":[{\"certificate_id\":1}]", DYGW_REPLY_GARBLED },
    };

    assert_prepares(cases, sizeof cases / sizeof *cases);
}

static void a_refused_prepare_has_no_coupons(void **state)
{
    const dygw_prepare_reply_t *p = prepared(
        state, "{\"data\":{\"description\":\"二维码参数不合法\",\"error_code\":3000001,\"verify_token\":\"\"},"
               "\"extra\":{\"error_code\":3000001,\"description\":\"二维码参数不合法\",\"logid\":\"x\"}}");

    assert_int_equal(p->reply.kind, DYGW_REPLY_COUPON);
    assert_string_equal(p->reply.description, "二维码参数不合法");
    assert_int_equal(p->certificates->nelts, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(success_is_zero_on_both_levels),
        TEST(a_refused_token_is_told_by_both_levels),
        TEST(the_sub_error_code_is_kept),
        cmocka_unit_test(the_first_code_that_is_not_zero_wins),
        cmocka_unit_test(success_needs_no_extra_and_no_description),
        cmocka_unit_test(what_cannot_be_understood_is_garbled),
        cmocka_unit_test(other_statuses_mean_trouble),
        TEST(the_body_stays_as_it_came),
        TEST(a_token_comes_with_its_life_and_leaves_no_trace),
        TEST(a_refused_client_key_is_a_matter_of_setup),
        cmocka_unit_test(a_token_that_cannot_be_used_is_garbled),
        TEST(a_stable_token_in_its_last_second_is_a_token),
        TEST(a_life_beyond_belief_is_cut),
        TEST(prepare_reads_the_documented_sample),
        TEST(prepare_takes_strings_for_numbers_and_milliseconds_for_seconds),
        TEST(prepare_says_what_is_absent),
        TEST(a_times_card_has_the_uses_that_are_left),
        TEST(certificates_without_a_code_are_left_out),
        cmocka_unit_test(an_order_without_coupons_has_an_empty_list_however_it_is_written),
        cmocka_unit_test(a_list_that_cannot_be_verified_is_garbled),
        TEST(a_refused_prepare_has_no_coupons),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_parse", tests, NULL, NULL);
}
