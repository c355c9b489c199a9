/* SPDX-License-Identifier: Apache-2.0
 * What Douyin and proxies really send: damaged text, answers that are compressed unasked, coupons
 * under the second name of their list alone, the newer gateway's envelope.
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

#define R      "\xEF\xBF\xBD"
#define COUPON "{\"certificate_id\":7382420130108424203,\"encrypted_code\":\"A\",\"status\":1}"

/* A test of each text of a table, with a server of its own. */
#define EACH(table, u) \
    void *own_; \
    for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++, upstream_teardown(&own_)) \
        if (assert_int_equal(upstream_setup(&own_), 0), (u) = own_, 1)

static dygw_prepare_reply_t *prepared(upstream_t *u, const char *body)
{
    upstream_answer(u, body);
    return dygw_douyin_prepare(u->douyin, &upstream_code, TOKEN, &u->log, u->pool);
}

static dygw_answer_t asked(upstream_t *u, dygw_question_e what, const char *body)
{
    dygw_question_t *question = apr_pcalloc(u->pool, sizeof(*question));

    question->what = what;
    question->order_id = question->encrypted_code = question->account_id = "1";
    return answer_to(u, question, body);
}

static const char *data(upstream_t *u, const char *members)
{
    return apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0,\"verify_token\":\"t\"", members,
                       "},\"extra\":{\"error_code\":0}}", NULL);
}

/* --- damaged text --- */

static void a_damaged_title_leaves_the_coupon_as_it_is(DYGW_UNUSED void **state)
{
    static const char *const titles[][2] = {
        { "\\ud83c", R }, { "\xE6\xB5\x8B\xE8\xAF", "\xE6\xB5\x8B" R }, { "a\\u0000b", "a" R "b" }, { "a\nb", "a\nb" },
        { "\xFF", R },
    };
    upstream_t *u;

    EACH(titles, u)
    {
        const dygw_prepare_reply_t *p = prepared(
            u,
            data(u, apr_pstrcat(u->pool,
                                ",\"certificates\":[{\"certificate_id\":7382420130108424203,\"encrypted_code\":\"A\","
                                "\"sku\":{\"title\":\"",
                                titles[i_][0], "\"}}]", NULL)));
        const dygw_certificate_t *c;
        json_t *read;

        assert_int_equal(p->reply.kind, DYGW_REPLY_OK);
        assert_int_equal(p->certificates->nelts, 1);
        c = &APR_ARRAY_IDX(p->certificates, 0, dygw_certificate_t);
        assert_string_equal(c->certificate_id, "7382420130108424203");
        assert_string_equal(c->sku_name, titles[i_][1]);
        /* What is passed on and kept is JSON, in UTF-8, and else as it came. */
        assert_int_equal(p->reply.raw_len, strlen(p->reply.raw));
        read = json_loadb(p->reply.raw, p->reply.raw_len, 0, NULL);
        assert_non_null(read);
        json_decref(read);
        assert_non_null(strstr(p->reply.raw, "\"certificate_id\":7382420130108424203,"));
    }
}

static void a_byte_order_mark_is_passed_over(void **state)
{
    upstream_t *u = *state;
    const char *body = data(u, ",\"certificates\":[" COUPON "]");
    const dygw_prepare_reply_t *p = prepared(u, apr_pstrcat(u->pool, "\xEF\xBB\xBF", body, NULL));

    assert_int_equal(p->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(p->certificates->nelts, 1);
    assert_string_equal(p->reply.raw, body);
}

static void a_damaged_msg_leaves_the_result_of_a_verify_as_it_is(void **state)
{
    static const char *const code = "A";
    static const dygw_question_t question
        = { .what = DYGW_QUESTION_VERIFY, .poi_id = POI, .verify_token = "t", .codes = &code, .count = 1 };
    upstream_t *u = *state;
    const dygw_verify_reply_t *v;

    upstream_answer(u, data(u, ",\"verify_results\":[{\"code\":\"A\",\"result\":0,\"msg\":"
                               "\"\\ud83c\",\"verify_id\":\"7486021925630773286\"}]"));
    v = dygw_douyin_verify(u->douyin, &question, TOKEN, &u->log, u->pool);
    assert_int_equal(v->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(v->items[0].kind, DYGW_REPLY_OK);
    assert_string_equal(v->items[0].msg, R);
    assert_string_equal(v->items[0].verify_id, "7486021925630773286");
}

static void a_damaged_description_leaves_a_refusal_as_it_is(void **state)
{
    const dygw_prepare_reply_t *p = prepared(*state, "{\"data\":{\"error_code\":1212,\"description\":\"\xE6\xB5\"}}");

    assert_int_equal(p->reply.kind, DYGW_REPLY_COUPON);
    assert_int_equal(p->reply.error_code, 1212);
    assert_string_equal(p->reply.description, R);
}

static void a_damaged_name_leaves_an_order_as_it_is(void **state)
{
    upstream_t *u = *state;
    const dygw_order_reply_t *order
        = asked(u, DYGW_QUESTION_ORDER,
                data(u, ",\"orders\":[{\"order_id\":\"1\",\"pay_amount\":19400,\"products\":["
                        "{\"product_name\":\"\\udf4a!\"}]}]"))
              .order;

    assert_int_equal(order->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(order->pay_amount, 19400);
    assert_string_equal(order->product_name, R "!");
}

static void a_damaged_token_answer_still_gives_the_token(void **state)
{
    upstream_t *u = *state;
    const dygw_token_reply_t *token;

    upstream_answer(u, "\xEF\xBB\xBF{\"data\":{\"access_token\":\"" TOKEN "\",\"expires_in\":7200,"
                       "\"error_code\":0,\"description\":\"\\ud83c\"},\"message\":\"success\"}");
    token = dygw_douyin_token(u->douyin, &u->log, u->pool);
    assert_int_equal(token->reply.kind, DYGW_REPLY_OK);
    assert_string_equal(token->access_token, TOKEN);
    assert_null(token->reply.raw);
}

/* --- copies --- */

static void coupons_are_found_under_either_name(DYGW_UNUSED void **state)
{
    static const char *const lists[] = {
        ",\"certificates\":[" COUPON "]",
        ",\"certificates_v2\":[" COUPON "]",
        ",\"certificates\":null,\"certificates_v2\":[" COUPON "]",
        ",\"certificates\":[],\"certificates_v2\":[" COUPON "]",
        ",\"certificates\":[{}],\"certificates_v2\":[" COUPON "]",
        ",\"certificates\":[" COUPON "],\"certificates_v2\":[]",
        ",\"certificates\":[" COUPON "],\"certificates_v2\":[" COUPON "," COUPON "]",
        ",\"certificates\":[" COUPON "],\"certificates_v2\":7",
        ",\"certificates_v_2\":[" COUPON "]",
    };
    upstream_t *u;

    EACH(lists, u)
    {
        const dygw_prepare_reply_t *p = prepared(u, data(u, lists[i_]));

        assert_int_equal(p->reply.kind, DYGW_REPLY_OK);
        assert_int_equal(p->certificates->nelts, 1);
        assert_int_equal(asked(u, DYGW_QUESTION_QUERY, data(u, lists[i_])).coupons->coupons->nelts, 1);
    }
}

static void no_usable_coupon_is_said_only_when_both_are_empty(DYGW_UNUSED void **state)
{
    static const struct {
        const char *lists;
        dygw_reply_class_e kind;
    } cases[] = {
        { "", DYGW_REPLY_OK },
        { ",\"certificates\":[],\"certificates_v2\":null", DYGW_REPLY_OK },
        { ",\"certificates\":null,\"certificates_v2\":[]", DYGW_REPLY_OK },
        { ",\"certificates\":null,\"certificates_v2\":7", DYGW_REPLY_GARBLED },
        { ",\"certificates\":[],\"certificates_v2\":[null]", DYGW_REPLY_GARBLED },
    };
    upstream_t *u;

    EACH(cases, u)
    {
        const dygw_prepare_reply_t *p = prepared(u, data(u, cases[i_].lists));

        assert_int_equal(p->reply.kind, cases[i_].kind);
        assert_int_equal(p->certificates->nelts, 0);
    }
}

static void what_get_shows_is_found_under_either_name(DYGW_UNUSED void **state)
{
    static const char *const coupons[] = {
        ",\"certificate\":" COUPON,
        ",\"certificate\":null,\"certificate_v2\":" COUPON,
        ",\"certificate\":{},\"certificate_v_2\":" COUPON,
    };
    upstream_t *u;

    EACH(coupons, u)
    {
        const dygw_coupons_reply_t *got = asked(u, DYGW_QUESTION_GET, data(u, coupons[i_])).coupons;

        assert_int_equal(got->reply.kind, DYGW_REPLY_OK);
        assert_int_equal(got->coupons->nelts, 1);
    }
}

static void records_are_found_under_either_name(DYGW_UNUSED void **state)
{
    static const char *const lists[] = {
        ",\"records\":[],\"records_v2\":[{\"verify_id\":\"1\"}]",
        ",\"records\":null,\"records_v2\":[{\"verify_id\":\"1\"}]",
        ",\"records\":[{\"verify_id\":\"1\"}],\"records_v2\":[]",
    };
    upstream_t *u;

    EACH(lists, u)
    {
        const dygw_records_reply_t *page = asked(u, DYGW_QUESTION_RECORDS, data(u, lists[i_])).records;

        assert_int_equal(page->reply.kind, DYGW_REPLY_OK);
        assert_int_equal(page->records->nelts, 1);
    }
}

/* --- the newer gateway's envelope --- */

static void err_no_counts_where_no_error_code_is(DYGW_UNUSED void **state)
{
    static const struct {
        const char *body;
        dygw_reply_class_e kind;
        apr_int64_t code;
    } cases[] = {
        { "{\"err_no\":28001008,\"err_msg\":\"why\",\"log_id\":\"L\"}", DYGW_REPLY_TOKEN, 28001008 },
        { "{\"err_no\":28001018,\"err_msg\":\"why\",\"data\":null}", DYGW_REPLY_SETUP, 28001018 },
        { "{\"data\":{\"err_no\":28003018,\"err_msg\":\"why\"},\"extra\":{\"error_code\":0}}", DYGW_REPLY_BUSY,
          28003018 },
        { "{\"err_no\":28001003,\"data\":{\"error_code\":1212,\"description\":\"why\"}}", DYGW_REPLY_COUPON, 1212 },
        { "{\"err_no\":28001003,\"data\":{\"error_code\":0,\"verify_token\":\"\"},"
          "\"extra\":{\"error_code\":0,\"description\":\"why\"}}",
          DYGW_REPLY_OK, 0 },
        { "{\"err_no\":0,\"err_msg\":\"why\"}", DYGW_REPLY_GARBLED, 0 },
    };
    upstream_t *u;

    EACH(cases, u)
    {
        const dygw_prepare_reply_t *p = prepared(u, cases[i_].body);

        if (p->reply.kind != cases[i_].kind || p->reply.error_code != cases[i_].code) {
            fail_msg("%s: kind %d, error_code %ld", cases[i_].body, (int)p->reply.kind, (long)p->reply.error_code);
        }
        if (p->reply.error_code != 0) {
            assert_string_equal(p->reply.description, "why");
        }
    }
}

/* --- numbers that nobody knows --- */

static void a_number_that_is_not_known_is_logged(void **state)
{
    upstream_t *u = *state;

    prepared(u, "{\"data\":{\"error_code\":2119099,\"description\":\"why\"},"
                "\"extra\":{\"error_code\":2119099,\"logid\":\"L-1\"}}");
    assert_non_null(strstr(upstream_logged(), "DYGW0512"));
    assert_non_null(strstr(upstream_logged(), "2119099"));
    assert_non_null(strstr(upstream_logged(), "setup"));
    assert_non_null(strstr(upstream_logged(), "L-1"));
}

static void a_number_that_is_known_is_not(void **state)
{
    prepared(*state, "{\"data\":{\"error_code\":2119013,\"description\":\"why\"}}");
    assert_null(strstr(upstream_logged(), "DYGW0512"));
}

/* --- compression --- */

/* {"data":{"error_code":1212,"description":"xxxxxxxxxxxxxxxxxxxx20"}}, without a byte of zero. */
#define DEFLATED \
    "\x78\xDA\xAB\x56\x4A\x49\x2C\x49\x54\xB2\xAA\x56\x4A\x2D\x2A\xCA\x2F\x8A\x4F\xCE\x4F" \
    "\x49\x55\xB2\x32\x34\x32\x34\xD2\x51\x4A\x49\x2D\x4E\x2E\xCA\x2C\x28\xC9\xCC\xCF\x53\xB2" \
    "\x52\xAA\xC0\x02\x8C\x0C\x94\x6A\x6B\x01\x20\xCF\x18\xC5"
#define ENCODED(encoding) \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: " encoding \
    "\r\nContent-Length: 57\r\n\r\n" DEFLATED

static void an_answer_is_asked_for_as_it_is_and_decoded_all_the_same(void **state)
{
    upstream_t *u = *state;
    const dygw_prepare_reply_t *p;

    upstream_script(u, { LOOPBACK_ANSWER, ENCODED("deflate") });
    p = dygw_douyin_prepare(u->douyin, &upstream_code, TOKEN, &u->log, u->pool);
    assert_non_null(strstr(loopback_request(u->server, 0), "\r\nAccept-Encoding: identity\r\n"));
    assert_int_equal(p->reply.kind, DYGW_REPLY_COUPON);
    assert_int_equal(p->reply.error_code, 1212);
    assert_string_equal(p->reply.description, "xxxxxxxxxxxxxxxxxxxx20");
}

static void what_cannot_be_decoded_cannot_be_understood(DYGW_UNUSED void **state)
{
    static const char *const answers[] = {
        ENCODED("no-such-encoding"),
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    };
    upstream_t *u;

    EACH(answers, u)
    {
        loopback_step_t step = { LOOPBACK_ANSWER, answers[i_] };
        const dygw_prepare_reply_t *p;

        upstream_serve(u, &step, 1);
        p = dygw_douyin_prepare(u->douyin, &upstream_code, TOKEN, &u->log, u->pool);
        assert_int_equal(p->reply.kind, DYGW_REPLY_GARBLED);
        assert_int_equal(p->reply.trouble, DYGW_TROUBLE_UNREADABLE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_title_leaves_the_coupon_as_it_is),
        TEST(a_byte_order_mark_is_passed_over),
        TEST(a_damaged_msg_leaves_the_result_of_a_verify_as_it_is),
        TEST(a_damaged_description_leaves_a_refusal_as_it_is),
        TEST(a_damaged_name_leaves_an_order_as_it_is),
        TEST(a_damaged_token_answer_still_gives_the_token),
        cmocka_unit_test(coupons_are_found_under_either_name),
        cmocka_unit_test(no_usable_coupon_is_said_only_when_both_are_empty),
        cmocka_unit_test(what_get_shows_is_found_under_either_name),
        cmocka_unit_test(records_are_found_under_either_name),
        cmocka_unit_test(err_no_counts_where_no_error_code_is),
        TEST(a_number_that_is_not_known_is_logged),
        TEST(a_number_that_is_known_is_not),
        TEST(an_answer_is_asked_for_as_it_is_and_decoded_all_the_same),
        cmocka_unit_test(what_cannot_be_decoded_cannot_be_understood),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_damage", tests, NULL, NULL);
}
