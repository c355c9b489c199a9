/* SPDX-License-Identifier: Apache-2.0
 * What get and query show of coupons, and what cancel answers, in all the shapes that were seen or
 * that nobody can exclude.
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

#define EXTRA \
    "\"extra\":{\"error_code\":0,\"description\":\"success\",\"sub_error_code\":0," \
    "\"sub_description\":\"\",\"logid\":\"202503261548358CD21E3C41F95D031744\",\"now\":1742975316}"

static dygw_answer_t asked(upstream_t *u, dygw_question_e what, const char *body)
{
    dygw_question_t *question = apr_pcalloc(u->pool, sizeof(*question));

    question->what = what;
    question->order_id = "1061449651423386211";
    question->encrypted_code = "A";
    return answer_to(u, question, body);
}

/* What get shows of a coupon, given as the members of "certificate". */
static const dygw_seen_coupon_t *got(upstream_t *u, const char *members)
{
    const char *body
        = apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0,\"certificate\":{", members, "}}," EXTRA "}", NULL);
    const dygw_coupons_reply_t *reply = asked(u, DYGW_QUESTION_GET, body).coupons;

    assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(reply->coupons->nelts, 1);
    return &APR_ARRAY_IDX(reply->coupons, 0, dygw_seen_coupon_t);
}

static const dygw_seen_verify_t *verify_of(const dygw_seen_coupon_t *coupon, int i)
{
    assert_in_range(i, 0, coupon->verifies->nelts - 1);
    return &APR_ARRAY_IDX(coupon->verifies, i, dygw_seen_verify_t);
}

/* What get shows of one verification at the same time, in an answer whose "now" is that. */
static const dygw_seen_verify_t *verified(upstream_t *u, dygw_ms_t now)
{
    const char *said = now == DYGW_NO_TIME ? "" : apr_psprintf(u->pool, ",\"now\":%" APR_INT64_T_FMT, now / 1000);
    const char *body = apr_pstrcat(u->pool,
                                   "{\"data\":{\"error_code\":0,\"certificate\":{"
                                   "\"status\":2,\"verify\":{\"verify_id\":\"71\","
                                   "\"verify_time\":1651152314,\"verify_type\":4}}},"
                                   "\"extra\":{\"error_code\":0",
                                   said, "}}", NULL);

    return verify_of(&APR_ARRAY_IDX(asked(u, DYGW_QUESTION_GET, body).coupons->coupons, 0, dygw_seen_coupon_t), 0);
}

static void the_answer_tells_by_what_clock_its_times_are(DYGW_UNUSED void **state)
{
    static const dygw_ms_t apart[] = { 0, 60000, -60000, APR_INT64_C(3600000) };

    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) {
        const dygw_seen_verify_t *verify;
        void *own = NULL;

        upstream_setup(&own);
        verify = verified(own, dygw_now() + apart[i]);
        /* Cut to the second before it was sent, and so many seconds ago at most. */
        assert_in_range(apart[i] - verify->ahead_least, 0, 11000);
        assert_in_range(verify->ahead_most - apart[i], 0, 11000);
        assert_in_range(verify->ahead_most - verify->ahead_least, 1000, 11000);
        upstream_teardown(&own);
    }
}

static void where_it_does_not_or_in_nonsense_little_is_assumed(DYGW_UNUSED void **state)
{
    static const dygw_ms_t nows[] = { DYGW_NO_TIME, APR_INT64_C(1742975316000) };

    for (size_t i = 0; i < sizeof nows / sizeof *nows; i++) {
        const dygw_seen_verify_t *verify;
        void *own = NULL;

        upstream_setup(&own);
        verify = verified(own, nows[i]);
        assert_int_equal(verify->ahead_least, -120000);
        assert_int_equal(verify->ahead_most, 120000);
        upstream_teardown(&own);
    }
}

/* --- coupons --- */

static void get_reads_the_documented_sample(void **state)
{
    const dygw_coupons_reply_t *reply
        = asked(*state, DYGW_QUESTION_GET,
                "{\"data\":{\"error_code\":0,\"description\":\"success\",\"certificate\":{"
                "\"encrypted_code\":\"CgwIARDhJxjLLyABKAESLgoscGiCSmZoMBlvG3WxOIxOGTfZHKvwwQD+DInGZEAi==\","
                "\"status\":2,\"amount\":{\"original_amount\":20,\"pay_amount\":10,"
                "\"merchant_ticket_amount\":0,\"coupon_pay_amount\":10},"
                "\"sku\":{\"sku_id\":\"1730440745530376\",\"title\":\"测试\",\"third_sku_id\":\"1111\","
                "\"account_id\":\"7113893944009705516\",\"market_price\":19900},"
                "\"expire_time\":1682265599000,\"code\":\"104930181552\","
                "\"verify\":{\"can_cancel\":false,\"certificate_id\":\"7091293506194655239\","
                "\"verifier_unique_id\":\"开放平台API\",\"verify_id\":\"7091644694387591181\","
                "\"verify_time\":1651152314,\"verify_type\":4}}}," EXTRA "}")
              .coupons;
    const dygw_seen_coupon_t *coupon = &APR_ARRAY_IDX(reply->coupons, 0, dygw_seen_coupon_t);
    const dygw_seen_verify_t *verify = verify_of(coupon, 0);

    assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(reply->coupons->nelts, 1);
    assert_string_equal(coupon->certificate.encrypted_code,
                        "CgwIARDhJxjLLyABKAESLgoscGiCSmZoMBlvG3WxOIxOGTfZHKvwwQD+DInGZEAi==");
    assert_null(coupon->certificate.certificate_id);
    assert_int_equal(coupon->certificate.status, 2);
    assert_int_equal(coupon->certificate.expire_time, 1682265599000);
    assert_string_equal(coupon->certificate.sku_name, "测试");
    assert_int_equal(coupon->certificate.pay_amount, 10);
    assert_int_equal(coupon->times_count, 0);
    assert_int_equal(coupon->amount_of_use, -1);
    assert_int_equal(coupon->verifies->nelts, 1);
    assert_string_equal(verify->verify_id, "7091644694387591181");
    assert_int_equal(verify->verify_time, 1651152314000);
    assert_int_equal(verify->verify_type, 4);
    assert_int_equal(verify->can_cancel, 0);
    assert_int_equal(verify->serial, 0);
    assert_null(verify->poi_id);
}

static void query_shows_every_coupon_of_the_order(void **state)
{
    const dygw_coupons_reply_t *reply
        = asked(*state, DYGW_QUESTION_QUERY,
                "{\"data\":{\"error_code\":0,\"description\":\"success\",\"certificates\":["
                "{\"encrypted_code\":\"A\",\"certificate_id\":7382420130108424203,\"status\":2,"
                "\"expire_time\":1682265599,\"verify\":{\"verify_id\":7091644694387591181,"
                "\"verify_time\":1651152314000,\"poi_id\":7012345678901234567,\"can_cancel\":true}},"
                "{\"encrypted_code\":\"B\",\"status\":1,\"expire_time\":1682265599,\"code\":\"1\"},"
                "{\"certificate_id\":\"3\",\"status\":\"4\"}],\"certificates_v2\":[{\"status\":1}]}," EXTRA "}")
              .coupons;
    const dygw_seen_coupon_t *coupons = (const dygw_seen_coupon_t *)reply->coupons->elts;

    assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(reply->coupons->nelts, 3);
    assert_string_equal(coupons[0].certificate.certificate_id, "7382420130108424203");
    assert_int_equal(coupons[0].certificate.expire_time, 1682265599000);
    assert_string_equal(verify_of(&coupons[0], 0)->verify_id, "7091644694387591181");
    assert_int_equal(verify_of(&coupons[0], 0)->verify_time, 1651152314000);
    assert_string_equal(verify_of(&coupons[0], 0)->poi_id, "7012345678901234567");
    assert_int_equal(verify_of(&coupons[0], 0)->can_cancel, 1);
    assert_int_equal(coupons[1].certificate.status, 1);
    assert_int_equal(coupons[1].verifies->nelts, 0);
    assert_null(coupons[2].certificate.encrypted_code);
    assert_string_equal(coupons[2].certificate.certificate_id, "3");
    assert_int_equal(coupons[2].certificate.status, 4);
}

typedef struct list_case_t {
    dygw_question_e what;
    const char *data;
    dygw_reply_class_e kind;
    int coupons;
} list_case_t;

static void a_list_may_be_empty_and_a_coupon_may_not(DYGW_UNUSED void **state)
{
    static const list_case_t cases[] = {
        { DYGW_QUESTION_QUERY, "", DYGW_REPLY_OK, 0 },
        { DYGW_QUESTION_QUERY, ",\"certificates\":null", DYGW_REPLY_OK, 0 },
        { DYGW_QUESTION_QUERY, ",\"certificates\":[]", DYGW_REPLY_OK, 0 },
        { DYGW_QUESTION_QUERY, ",\"certificates\":[null,7,{\"status\":1}]", DYGW_REPLY_OK, 1 },
        { DYGW_QUESTION_QUERY, ",\"certificates\":[null]", DYGW_REPLY_GARBLED, 0 },
        { DYGW_QUESTION_QUERY, ",\"certificates\":{}", DYGW_REPLY_GARBLED, 0 },
        { DYGW_QUESTION_QUERY, ",\"certificates\":\"\"", DYGW_REPLY_GARBLED, 0 },
        { DYGW_QUESTION_GET, ",\"certificate\":{\"status\":1}", DYGW_REPLY_OK, 1 },
        { DYGW_QUESTION_GET, "", DYGW_REPLY_GARBLED, 0 },
        { DYGW_QUESTION_GET, ",\"certificate\":null", DYGW_REPLY_GARBLED, 0 },
        { DYGW_QUESTION_GET, ",\"certificate\":{}", DYGW_REPLY_GARBLED, 0 },
        { DYGW_QUESTION_GET, ",\"certificate\":[{\"status\":1}]", DYGW_REPLY_GARBLED, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dygw_coupons_reply_t *reply;
        void *own;
        upstream_t *u;

        assert_int_equal(upstream_setup(&own), 0);
        u = own;
        reply = asked(u, cases[i].what,
                      apr_pstrcat(u->pool, "{\"data\":{\"error_code\":0", cases[i].data, "}," EXTRA "}", NULL))
                    .coupons;
        if (reply->reply.kind != cases[i].kind || reply->coupons->nelts != cases[i].coupons) {
            fail_msg("'%s': kind %d, %d coupons", cases[i].data, (int)reply->reply.kind, reply->coupons->nelts);
        }
        upstream_teardown(&own);
    }
}

static void a_refused_question_shows_nothing(void **state)
{
    const dygw_coupons_reply_t *reply = asked(*state, DYGW_QUESTION_QUERY,
                                              "{\"data\":{\"error_code\":1212,\"description\":\"查不到券信息\","
                                              "\"certificates\":[{\"status\":1}]},"
                                              "\"extra\":{\"error_code\":1212,\"description\":\"查不到券信息\"}}")
                                            .coupons;

    assert_int_equal(reply->reply.kind, DYGW_REPLY_COUPON);
    assert_int_equal(reply->reply.error_code, 1212);
    assert_int_equal(reply->coupons->nelts, 0);
}

/* --- times cards --- */

typedef struct card_case_t {
    const char *card;
    int count, used, left;
    apr_int64_t amount;
} card_case_t;

static void a_times_card_tells_its_uses_and_what_each_costs(DYGW_UNUSED void **state)
{
    static const card_case_t cases[] = {
        { "\"times_count\":5,\"times_used\":2,\"serial_amount_list\":["
          "{\"serial_numb\":1,\"amount\":{\"pay_amount\":100}},"
          "{\"serial_numb\":2,\"amount\":{\"pay_amount\":\"100\"}}]",
          5, 2, 3, 100 },
        { "\"times_count\":\"5\",\"times_used\":\"5\",\"serial_amount_list\":["
          "{\"amount\":{\"pay_amount\":100}},{\"amount\":{\"pay_amount\":99}}]",
          5, 5, 0, -1 },
        { "\"times_count\":2,\"serial_amount_list\":["
          "{\"amount\":{\"pay_amount\":100}},{\"serial_numb\":2}]",
          2, 0, 2, -1 },
        { "\"times_count\":2,\"serial_amount_list\":[{},{}]", 2, 0, 2, -1 },
        { "\"times_count\":2,\"serial_amount_list\":[{\"amount\":{\"pay_amount\":0}}]", 2, 0, 2, 0 },
        { "\"times_count\":2,\"times_used\":-1,\"serial_amount_list\":[]", 2, 0, 2, -1 },
        { "\"times_count\":9223372036854775807,\"serial_amount_list\":null", 1000000, 0, 1000000, -1 },
        { "", 0, 0, 1, -1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dygw_seen_coupon_t *coupon;
        void *own;
        upstream_t *u;

        assert_int_equal(upstream_setup(&own), 0);
        u = own;
        coupon = got(u, apr_pstrcat(u->pool, "\"time_card\":{", cases[i].card, "}", NULL));
        if (coupon->times_count != cases[i].count || coupon->times_used != cases[i].used
            || coupon->certificate.times_left != cases[i].left || coupon->amount_of_use != cases[i].amount) {
            fail_msg("%s: %d of %d used, %d left, each %ld", cases[i].card, coupon->times_used, coupon->times_count,
                     coupon->certificate.times_left, (long)coupon->amount_of_use);
        }
        upstream_teardown(&own);
    }
}

/* --- verifications --- */

static void records_and_the_latest_verification_are_one_list(void **state)
{
    const dygw_seen_coupon_t *coupon
        = got(*state, "\"verify\":{\"verify_id\":\"2\",\"verify_time\":1651152314,\"times_card_serial_num\":2},"
                      "\"verify_records\":["
                      "{\"verify_id\":\"1\",\"verify_time\":1651152300,\"times_card_serial_num\":\"1\"},"
                      "{\"verify_id\":2,\"verify_time\":1651152314},{\"verify_time\":5},null,"
                      "{\"verify_id\":\"1\"}]");

    assert_int_equal(coupon->verifies->nelts, 2);
    assert_string_equal(verify_of(coupon, 0)->verify_id, "2");
    assert_int_equal(verify_of(coupon, 0)->serial, 2);
    assert_string_equal(verify_of(coupon, 1)->verify_id, "1");
    assert_int_equal(verify_of(coupon, 1)->serial, 1);
}

typedef struct count_case_t {
    const char *members;
    int verifies;
} count_case_t;

static int verifies_shown(const char *members)
{
    void *own;
    int count;

    assert_int_equal(upstream_setup(&own), 0);
    count = got(own, apr_pstrcat(((upstream_t *)own)->pool, "\"status\":2", members, NULL))->verifies->nelts;
    upstream_teardown(&own);
    return count;
}

static void what_is_no_verification_or_was_taken_back_is_left_out(DYGW_UNUSED void **state)
{
    static const count_case_t cases[] = {
        { "", 0 },
        { ",\"verify\":{}", 0 },
        { ",\"verify\":null", 0 },
        { ",\"verify\":\"\"", 0 },
        { ",\"verify\":{\"verify_id\":\"\",\"verify_time\":0}", 0 },
        { ",\"verify\":{\"verify_id\":\"0\",\"verify_time\":0}", 0 },
        { ",\"verify\":{\"verify_id\":0}", 0 },
        { ",\"verify\":{\"verify_id\":\"1\"}", 1 },
        { ",\"verify\":{\"verify_id\":\"1\"},\"verify_records\":null", 1 },
        { ",\"verify\":{\"verify_id\":\"1\"},\"verify_records\":{}", 1 },
        { ",\"verify_records\":[{\"verify_id\":\"1\"},{\"verify_id\":\"2\"}]", 2 },
        { ",\"verify_records\":[{\"verify_id\":\"1\",\"cancel_time\":0,\"status\":1}]", 1 },
        { ",\"verify_records\":[{\"verify_id\":\"1\",\"cancel_time\":1651114087}]", 0 },
        { ",\"verify_records\":[{\"verify_id\":\"1\",\"status\":2},{\"verify_id\":\"2\"}]", 1 },
        { ",\"verify\":{\"verify_id\":\"1\",\"cancel_time\":1651114087}", 0 },
        { ",\"verify\":{\"verify_id\":\"1\"},\"verify_records\":[{\"verify_id\":1,\"status\":2}]", 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int shown = verifies_shown(cases[i].members);

        if (shown != cases[i].verifies) {
            fail_msg("'%s': %d", cases[i].members, shown);
        }
    }
}

typedef struct verify_case_t {
    const char *members;
    int type, can_cancel;
} verify_case_t;

static void who_verified_may_tell_how(DYGW_UNUSED void **state)
{
    static const verify_case_t cases[] = {
        { "", -1, -1 },
        { ",\"verify_type\":4,\"can_cancel\":true", 4, 1 },
        { ",\"verify_type\":\"4\",\"can_cancel\":false", 4, 0 },
        { ",\"verifier_unique_id\":\"开放平台API\",\"can_cancel\":1", 4, 1 },
        { ",\"verify_type\":null,\"verifier_unique_id\":\"开放平台API\",\"can_cancel\":0", 4, 0 },
        { ",\"verify_type\":0,\"verifier_unique_id\":\"开放平台API\",\"can_cancel\":null", 4, -1 },
        { ",\"verify_type\":0,\"verifier_unique_id\":\"58362710934\",\"can_cancel\":\"x\"", 0, -1 },
        { ",\"verify_type\":2,\"verifier_unique_id\":\"58362710934\"", 2, -1 },
        { ",\"verifier_unique_id\":\"58362710934\"", -1, -1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dygw_seen_verify_t *verify;
        void *own;
        upstream_t *u;

        assert_int_equal(upstream_setup(&own), 0);
        u = own;
        verify = verify_of(got(u, apr_pstrcat(u->pool, "\"verify\":{\"verify_id\":\"1\"", cases[i].members, "}", NULL)),
                           0);
        assert_int_equal(verify->verify_time, DYGW_NO_TIME);
        if (verify->verify_type != cases[i].type || verify->can_cancel != cases[i].can_cancel) {
            fail_msg("'%s': type %d, can_cancel %d", cases[i].members, verify->verify_type, verify->can_cancel);
        }
        upstream_teardown(&own);
    }
}

/* --- cancel --- */

typedef struct cancel_case_t {
    const char *body;
    dygw_reply_class_e kind;
    apr_int64_t error_code;
} cancel_case_t;

static void a_cancel_needs_success_on_both_levels(DYGW_UNUSED void **state)
{
    static const cancel_case_t cases[] = {
        { "{\"data\":{\"error_code\":0}," EXTRA "}", DYGW_REPLY_OK, 0 },
        { "{\"data\":{\"error_code\":\"0\",\"cancel_results\":[{\"result_code\":0}]}," EXTRA "}", DYGW_REPLY_OK, 0 },
        { "{\"data\":{\"error_code\":0,\"cancel_results\":[{\"result_code\":7}]}," EXTRA "}", DYGW_REPLY_GARBLED, 0 },
        { "{\"data\":{\"error_code\":0}}", DYGW_REPLY_GARBLED, 0 },
        { "{\"data\":{}," EXTRA "}", DYGW_REPLY_GARBLED, 0 },
        { "{\"data\":{\"error_code\":0},\"extra\":{}}", DYGW_REPLY_GARBLED, 0 },
        { "{\"data\":{\"error_code\":0},\"extra\":{\"error_code\":\"x\"}}", DYGW_REPLY_GARBLED, 0 },
        { "{\"data\":{\"error_code\":0},\"extra\":{\"error_code\":3000001}}", DYGW_REPLY_COUPON, 3000001 },
        { "{\"data\":{\"error_code\":3000001},\"extra\":{\"error_code\":0}}", DYGW_REPLY_COUPON, 3000001 },
        { "{\"data\":{\"error_code\":1265}}", DYGW_REPLY_COUPON, 1265 },
        { "{\"data\":{\"error_code\":2100004}}", DYGW_REPLY_BUSY, 2100004 },
        { "{\"data\":{\"error_code\":2190008}}", DYGW_REPLY_TOKEN, 2190008 },
        { "{\"data\":{\"error_code\":2119005}}", DYGW_REPLY_SETUP, 2119005 },
    };
    static const dygw_question_t question
        = { .what = DYGW_QUESTION_CANCEL, .verify_id = "1", .certificate_id = "2", .cancel_token = "c" };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dygw_cancel_reply_t *cancelled;
        void *own;
        upstream_t *u;

        assert_int_equal(upstream_setup(&own), 0);
        u = own;
        upstream_answer(u, cases[i].body);
        cancelled = dygw_douyin_cancel(u->douyin, &question, TOKEN, &u->log, u->pool);
        if (cancelled->reply.kind != cases[i].kind || cancelled->reply.error_code != cases[i].error_code) {
            fail_msg("%s: kind %d, error_code %ld", cases[i].body, (int)cancelled->reply.kind,
                     (long)cancelled->reply.error_code);
        }
        upstream_teardown(&own);
    }
}

static void it_tells_from_when_and_until_when_it_may_be_used(void **state)
{
    const dygw_seen_coupon_t *coupon
        = got(*state, "\"status\":1,\"start_time\":1682179200000,\"expire_time\":1682265599000");

    assert_true(coupon->certificate.start_time == APR_INT64_C(1682179200000));
    assert_true(coupon->certificate.expire_time == APR_INT64_C(1682265599000));
    assert_true(got(*state, "\"status\":1")->certificate.start_time == DYGW_NO_TIME);
}

/* --- a look that is waited for --- */

static void a_look_asks_what_the_question_says(void **state)
{
    static const dygw_question_t by_order
        = { .what = DYGW_QUESTION_QUERY, .account_id = "1001", .order_id = "77", .encrypted_code = "A" };
    static const dygw_question_t by_code = { .what = DYGW_QUESTION_GET, .encrypted_code = "a+b=" };
    upstream_t *u = *state;
    const dygw_coupons_reply_t *reply;

    upstream_script(
        u, { LOOPBACK_ANSWER, LENGTH_AND("55", "{\"data\":{\"error_code\":0,\"certificates\":[{\"status\":4}]}}") },
        { LOOPBACK_ANSWER, LENGTH_AND("52", "{\"data\":{\"error_code\":0,\"certificate\":{\"status\":6}}}") });
    reply = dygw_douyin_look(u->douyin, &by_order, TOKEN, &u->log, u->pool);
    assert_non_null(strstr(loopback_request(u->server, 0), "/certificate/query/?order_id=77&account_id=1001 HTTP"));
    assert_int_equal(reply->reply.kind, DYGW_REPLY_OK);
    assert_int_equal(APR_ARRAY_IDX(reply->coupons, 0, dygw_seen_coupon_t).certificate.status, 4);
    reply = dygw_douyin_look(u->douyin, &by_code, TOKEN, &u->log, u->pool);
    assert_non_null(strstr(loopback_request(u->server, 1), "/certificate/get/?encrypted_code=a%2bb%3d HTTP"));
    assert_int_equal(APR_ARRAY_IDX(reply->coupons, 0, dygw_seen_coupon_t).certificate.status, 6);
}

static void it_ends_when_its_patience_does(void **state)
{
    dygw_question_t question = { .what = DYGW_QUESTION_QUERY, .order_id = "77" };
    upstream_t *u = *state;
    const dygw_coupons_reply_t *reply;

    question.patience = apr_time_from_msec(100);
    u->config.total_timeout = apr_time_from_sec(60);
    upstream_script(u, { LOOPBACK_HANG, NULL });
    reply = dygw_douyin_look(u->douyin, &question, TOKEN, &u->log, u->pool);
    assert_int_equal(reply->reply.kind, DYGW_REPLY_TIMEOUT);
    assert_int_equal(reply->coupons->nelts, 0);
    assert_true(reply->reply.took < apr_time_from_sec(30));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(get_reads_the_documented_sample),
        TEST(query_shows_every_coupon_of_the_order),
        cmocka_unit_test(a_list_may_be_empty_and_a_coupon_may_not),
        TEST(a_refused_question_shows_nothing),
        cmocka_unit_test(a_times_card_tells_its_uses_and_what_each_costs),
        TEST(records_and_the_latest_verification_are_one_list),
        cmocka_unit_test(what_is_no_verification_or_was_taken_back_is_left_out),
        cmocka_unit_test(who_verified_may_tell_how),
        cmocka_unit_test(the_answer_tells_by_what_clock_its_times_are),
        cmocka_unit_test(where_it_does_not_or_in_nonsense_little_is_assumed),
        TEST(it_tells_from_when_and_until_when_it_may_be_used),
        TEST(a_look_asks_what_the_question_says),
        TEST(it_ends_when_its_patience_does),
        cmocka_unit_test(a_cancel_needs_success_on_both_levels),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    return cmocka_run_group_tests_name("douyin_certificate", tests, NULL, NULL);
}
