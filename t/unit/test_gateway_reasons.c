/* SPDX-License-Identifier: Apache-2.0
 * The catalogue of reasons, written down a second time: each number with its reason, and each reason
 * with what is said of it. Neither side has one that the other lacks. build/guards-manual reads the
 * table of numbers, too.
 * links: gateway/reasons.c douyin/codes.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "douyin/codes.h"
#include "gateway/reasons.h"
#include "util/compiler.h"
#include "util/text.h"

#define LEN(table) (sizeof(table) / sizeof *(table))

#define ZH_MAX 40 /* characters */
#define EN_MAX 25 /* words */

/* Of a number alone, with no words of Douyin's that tell more; whether a look at the coupon may. */
static const struct {
    apr_int64_t code;
    const char *word;
    int is_open;
} numbers[] = {
    { 2, "already_used", 1 },
    { 1208, "already_used", 1 },
    { 1212, "wrong_code", 0 },
    { 1221, "wrong_code", 0 },
    { 1228, "wrong_store", 0 },
    { 1229, "risk_review", 0 },
    { 1241, "no_uses_left", 0 },
    { 1250, "other", 1 },
    { 1263, "wrong_code", 1 },
    { 1265, "other", 1 },
    { 1502, "bad_request", 0 },
    { 1508, "not_authorised", 0 },
    { 200002, "bad_request", 0 },
    { 3000001, "other", 1 },
    { 3000002, "wrong_store", 0 },
    { 3000004, "not_authorised", 0 },
    { 3000005, "bad_request", 0 },
    { 3100101, "other", 0 },
    { 4000001, "bad_request", 0 },
    { 4000002, "bad_request", 0 },
    { 4001601, "busy", 0 },
    { 5000001, "busy", 0 },
    { 6001001, "busy", 0 },
    { 45002002, "busy", 0 },
    { 45005117, "qr_expired", 0 },
    { 1033000519, "wrong_code", 0 },
    { 2034000910, "cancel_too_late", 0 },
    { 2100001, "busy", 0 },
    { 2100004, "busy", 0 },
    { 2100005, "bad_request", 0 },
    { 2100007, "not_permitted", 0 },
    { 2100009, "not_permitted", 0 },
    { 2119001, "bad_request", 0 },
    { 2119002, "busy", 0 },
    { 2119003, "busy", 0 },
    { 2119005, "not_authorised", 0 },
    { 2119006, "being_given_away", 0 },
    { 2119007, "not_paid", 0 },
    { 2119008, "not_permitted", 0 },
    { 2119010, "not_permitted", 0 },
    { 2119013, "address_not_allowed", 0 },
    { 2190001, "busy", 0 },
    { 2190002, "token", 0 },
    { 2190004, "not_permitted", 0 },
    { 2190005, "not_authorised", 0 },
    { 2190008, "token", 0 },
    { 28001003, "token", 0 },
    { 28001005, "busy", 0 },
    { 28001006, "busy", 0 },
    { 28001007, "bad_request", 0 },
    { 28001008, "token", 0 },
    { 28001010, "busy", 0 },
    { 28001012, "not_permitted", 0 },
    { 28001013, "not_permitted", 0 },
    { 28001014, "not_permitted", 0 },
    { 28001015, "not_permitted", 0 },
    { 28001016, "not_permitted", 0 },
    { 28001017, "not_permitted", 0 },
    { 28001018, "not_permitted", 0 },
    { 28001019, "not_permitted", 0 },
    { 28001020, "not_permitted", 0 },
    { 28001021, "not_permitted", 0 },
    { 28001024, "not_permitted", 0 },
    { 28001029, "bad_request", 0 },
    { 28001042, "not_permitted", 0 },
    { 28001045, "not_permitted", 0 },
    { 28001046, "not_permitted", 0 },
    { 28001047, "not_permitted", 0 },
    { 28001052, "busy", 0 },
    { 28001056, "not_permitted", 0 },
    { 28003017, "busy", 0 },
    { 28003018, "busy", 0 },
    { 28003036, "bad_request", 0 },
    { 28004020, "not_permitted", 0 },
    { 28005001, "bad_request", 0 },
    { 28007004, "bad_request", 0 },
    { 10002, "bad_request", 0 },
    { 10003, "not_permitted", 0 },
    { 10013, "not_permitted", 0 },
    { 10020, "busy", 0 },
    { -1, "no_coupon_left", 1 },
    { -2, "given_up", 0 },
    { -3, "not_redeemed", 0 },
    { -4, "not_ours", 0 },
};

/* In the catalogue's order, which is that of the metrics' series. */
static const struct {
    const char *word;
    int retryable;
    dygw_act_e act;
    const char *zh;
    const char *en;
} sentences[] = {
    { "already_used", 0, DYGW_ACT_CASHIER, "这张券已经用过了，请查一下核销记录，看是不是这位顾客用的。",
      "This coupon has already been used. Check the records to see whether it was this customer." },
    { "expired", 0, DYGW_ACT_NOBODY, "这张券已经过期，不能用了；退款请顾客在抖音订单里查看。",
      "This coupon has expired. The customer can look for the refund in the Douyin order." },
    { "not_yet_valid", 1, DYGW_ACT_WAIT, "这张券还没到可用日期，请顾客到了日子再来用。",
      "This coupon is not valid yet. The customer can use it from its start date on." },
    { "refunded", 0, DYGW_ACT_CUSTOMER, "这张券已经退款，不能用了；请顾客直接买单，或者重新买一张。",
      "This coupon has been refunded. The customer can pay directly or buy a new one." },
    { "refunding", 0, DYGW_ACT_CUSTOMER, "这张券正在退款；要用的话，请顾客先在抖音里撤销退款申请，再扫码。",
      "A refund is under way. To use the coupon, the customer withdraws the refund in Douyin; then scan again." },
    { "wrong_store", 0, DYGW_ACT_CASHIER, "这张券不能在本店用，请和顾客看一下订单里的适用门店。",
      "This coupon is not valid at this store. Check the participating stores in the customer's order." },
    { "wrong_code", 0, DYGW_ACT_CASHIER, "没查到这张券；请确认是抖音的券，再扫一次订单页上的二维码。",
      "We could not find this coupon. Make sure it is Douyin's, and scan the code on the order page again." },
    { "code_not_allowed", 0, DYGW_ACT_CASHIER, "这张券不能手动输码，请扫顾客订单页上的二维码。",
      "This coupon cannot be typed in. Please scan the QR code on the customer's order page." },
    { "qr_expired", 0, DYGW_ACT_CUSTOMER, "二维码过期了，请顾客重新打开抖音订单，再扫一次。",
      "This QR code is out of date. Ask the customer to reopen the order in Douyin, then scan again." },
    { "being_given_away", 0, DYGW_ACT_CUSTOMER, "这张券正在转赠；请顾客在抖音里撤回，或由收到的朋友来用。",
      "This coupon is being given to a friend. Ask the customer to take it back in Douyin, or let the friend use it." },
    { "not_paid", 0, DYGW_ACT_CUSTOMER, "用这张券点的单还没付款；请顾客先在抖音里付款，或退出点单。",
      "The order made with this coupon is not paid yet. Ask the customer to pay in Douyin, or to leave that order." },
    { "unusable_now", 1, DYGW_ACT_WAIT, "现在不在这张券的可用时间内；请和顾客看一下使用规则里的日期和时段。",
      "This coupon cannot be used at this time. Check the days and hours in its terms with the customer." },
    { "no_uses_left", 0, DYGW_ACT_NOBODY, "这张次卡剩余次数不够；可以减少次数再试，或请顾客另买一张。",
      "This card does not have enough uses left. Try again with fewer, or ask the customer to buy another." },
    { "no_coupon_left", 0, DYGW_ACT_CUSTOMER, "这笔订单里没有能用的券了，请顾客打开抖音订单确认一下。",
      "This order has no usable coupon left. Ask the customer to check the order in Douyin." },
    { "not_enough", 0, DYGW_ACT_CASHIER, "这笔订单里能用的券没有这么多，请减少数量再试。",
      "This order does not have that many usable coupons. Please redeem fewer." },
    { "risk_review", 0, DYGW_ACT_MANAGER, "抖音正在审核这次核销，请不要再扫；要不要先接待，请问店长。",
      "Douyin is reviewing this redemption. Do not scan again; ask the manager whether to serve now." },
    { "waiting", 0, DYGW_ACT_WAIT, "正在确认核销结果，请稍等，不要重复扫码。",
      "The result is being confirmed. Please wait, and do not scan again." },
    { "in_progress", 1, DYGW_ACT_WAIT, "这笔核销还在处理，请稍等几秒再试。",
      "This redemption is still being processed. Wait a few seconds and try again." },
    { "given_up", 0, DYGW_ACT_CASHIER, "这次核销已取消，券没有用掉；要用的话请重新扫码。",
      "This redemption was given up and did not use the coupon. Scan again to use it." },
    { "not_redeemed", 0, DYGW_ACT_CASHIER, "这次没有核销成功，券没有用掉，请重新扫码。",
      "The redemption did not go through and the coupon was not used. Please scan again." },
    { "not_ours", 0, DYGW_ACT_CASHIER, "这张券在另一笔核销里已经用过了，请查一下核销记录。",
      "This coupon was already used in another redemption. Please check the records." },
    { "cancel_too_late", 0, DYGW_ACT_MANAGER, "超过可撤销的时间了，这次核销不能撤销；要退款请找店长。",
      "It is too late to cancel this redemption. For a refund, ask the manager." },
    { "busy", 1, DYGW_ACT_WAIT, "系统正忙，请稍等一会儿再扫一次。",
      "The system is busy. Please wait a moment and scan again." },
    { "unavailable", 1, DYGW_ACT_WAIT, "核销系统暂时用不了，请稍后再试；一直不行请找管理员。",
      "The system is not available right now. Try again shortly; if it goes on, tell the administrator." },
    { "token", 1, DYGW_ACT_WAIT, "系统正在重新连接抖音，请稍后再试；一直不行请找管理员。",
      "The system is reconnecting to Douyin. Try again shortly; if it goes on, tell the administrator." },
    { "not_authorised", 0, DYGW_ACT_MANAGER, "不是券的问题：商家还没在抖音授权本系统，请找店长处理。",
      "The coupon is not the problem: the merchant has not authorised this system. Tell the manager." },
    { "not_permitted", 0, DYGW_ACT_ADMIN, "抖音暂未允许本系统验券，不是券的问题；请找管理员处理。",
      "Douyin does not let this system redeem for now; the coupon is not the problem. Tell the administrator." },
    { "address_not_allowed", 0, DYGW_ACT_ADMIN, "抖音还没允许本系统的服务器访问，不是券的问题；请找管理员处理。",
      "Douyin does not let this system's server in yet; the coupon is not the problem. Tell the administrator." },
    { "store_not_allowed", 0, DYGW_ACT_ADMIN, "这个收银系统不能给这家店核销；请检查门店设置，或找管理员。",
      "This till may not redeem for this store. Check its store setting, or tell the administrator." },
    { "bad_request", 0, DYGW_ACT_ADMIN, "不是券的问题：系统发出的内容有误，请找管理员处理。",
      "The coupon is not the problem: the system sent something wrong. Tell the administrator." },
    { "other", 0, DYGW_ACT_CASHIER, "这张券现在用不了；请看抖音给的提示，或从订单页重新扫一次。",
      "This coupon cannot be used right now. See Douyin's message, or scan again from the order page." },
};

static const char *word_of(apr_int64_t code, const char *text)
{
    return dygw_reason_word(dygw_reason_of_code(code, text));
}

/* --- numbers --- */

static void each_number_has_its_reason(DYGW_UNUSED void **state)
{
    for (size_t i = 0; i < LEN(numbers); i++) {
        if (strcmp(word_of(numbers[i].code, "x"), numbers[i].word) != 0
            || strcmp(word_of(numbers[i].code, NULL), numbers[i].word) != 0) {
            fail_msg("%ld is %s", (long)numbers[i].code, word_of(numbers[i].code, NULL));
        }
    }
}

static void each_number_says_whether_a_look_may_tell_more(DYGW_UNUSED void **state)
{
    for (size_t i = 0; i < LEN(numbers); i++) {
        if (dygw_reason_is_open(numbers[i].code, "x") != numbers[i].is_open
            || dygw_reason_is_open(numbers[i].code, NULL) != numbers[i].is_open) {
            fail_msg("%ld is %d", (long)numbers[i].code, !numbers[i].is_open);
        }
    }
}

static void each_known_number_is_in_the_table_once_and_no_other(DYGW_UNUSED void **state)
{
#define NUMBER(name, number, kind) number,
    static const apr_int64_t known[]
        = { DYGW_DOUYIN_CODES(NUMBER) DYGW_DOUYIN_TOKEN_CODES(NUMBER) DYGW_OUTCOME_NO_COUPON, DYGW_OUTCOME_GIVEN_UP,
            DYGW_OUTCOME_NOT_REDEEMED, DYGW_OUTCOME_NOT_OURS };
#undef NUMBER

    for (size_t i = 0; i < LEN(known); i++) {
        size_t found = 0;

        for (size_t j = 0; j < LEN(numbers); j++) {
            found += numbers[j].code == known[i];
        }
        if (found != 1) {
            fail_msg("%ld is there %d times", (long)known[i], (int)found);
        }
    }
    assert_int_equal(LEN(known), LEN(numbers));
}

static void zero_has_nothing_to_explain(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_reason_of_code(0, "x"), DYGW_REASON_NONE);
    assert_null(dygw_reason_word(DYGW_REASON_NONE));
    assert_false(dygw_reason_is_open(0, NULL));
}

static void a_number_nobody_knows_has_the_reason_of_its_class(DYGW_UNUSED void **state)
{
    assert_string_equal(word_of(1999, "x"), "other");
    assert_string_equal(word_of(3000999, "x"), "other");
    assert_string_equal(word_of(45000001, "x"), "other");
    assert_string_equal(word_of(2119099, "x"), "not_permitted");
    assert_string_equal(word_of(28001099, "x"), "not_permitted");
    assert_string_equal(word_of(987654321, "x"), "not_permitted");
    assert_string_equal(word_of(-7, "x"), "not_permitted");
    assert_string_equal(word_of(4000003, "x"), "bad_request");
    assert_string_equal(word_of(5000002, "x"), "busy");
    assert_string_equal(word_of(2119099, "access_token"), "token");
    assert_string_equal(word_of(2119099, "请稍后重试"), "busy");
    assert_false(dygw_reason_is_open(1999, "x"));
}

/* --- words of Douyin's that decide before the number --- */

static void assert_text(apr_int64_t code, const char *text, const char *word, int is_open)
{
    assert_string_equal(word_of(code, text), word);
    assert_int_equal(dygw_reason_is_open(code, text), is_open);
}

static void the_known_texts_of_the_catch_all_decide(DYGW_UNUSED void **state)
{
    assert_text(3000001, "二维码参数不合法", "wrong_code", 0);
    assert_text(3000001, "该券不可使用券码查询", "code_not_allowed", 0);
    assert_text(3000001, "已超过可撤销时限，无法撤销核销", "cancel_too_late", 0);
    assert_text(3000001, "根据实际业务错误返回", "other", 1);
    assert_text(3000001, "", "other", 1);
    /* They are the catch-all's: a number that tells goes before its text. */
    assert_text(1228, "二维码参数不合法", "wrong_store", 0);
    assert_text(1250, "已超过可撤销时限", "other", 1);
}

static void no_permission_is_about_the_address_where_the_text_is(DYGW_UNUSED void **state)
{
    assert_text(2100007, "IP不在白名单，请开通权限", "address_not_allowed", 0);
    assert_text(2100007, "the ip 1.2.3.4 is not allowed", "address_not_allowed", 0);
    assert_text(2100007, "请检查ip", "address_not_allowed", 0);
    assert_text(2100007, "无权限操作", "not_permitted", 0);
    assert_text(2100007, "no such relationship or description", "not_permitted", 0);
    assert_text(2119013, "x", "address_not_allowed", 0);
}

static void busy_is_believed_of_a_coupons_number_and_of_no_setups(DYGW_UNUSED void **state)
{
    assert_text(1212, "系统繁忙，请稍候再试", "busy", 0);
    assert_text(3000001, "服务器错误,请稍后重试", "busy", 0);
    assert_text(1508, "请稍后重试", "not_authorised", 0);
    assert_text(-1, "请稍后重试", "no_coupon_left", 1);
}

static void a_reply_tells_by_its_second_number_that_a_cancel_came_too_late(DYGW_UNUSED void **state)
{
    dygw_reply_t reply = { .error_code = 3000001, .sub_error_code = 2034000910, .description = "x" };

    assert_int_equal(dygw_reason_of_reply(&reply), DYGW_REASON_CANCEL_TOO_LATE);
    reply.error_code = 1212;
    assert_int_equal(dygw_reason_of_reply(&reply), DYGW_REASON_WRONG_CODE);
    reply.error_code = 3000001;
    reply.sub_error_code = 0;
    assert_int_equal(dygw_reason_of_reply(&reply), DYGW_REASON_OTHER);
    reply.error_code = 0;
    assert_int_equal(dygw_reason_of_reply(&reply), DYGW_REASON_NONE);
}

/* --- sentences --- */

static void each_reason_says_what_it_is_to_say(DYGW_UNUSED void **state)
{
    assert_int_equal(LEN(sentences), DYGW_REASON_COUNT);
    for (int i = 0; i < DYGW_REASON_COUNT; i++) {
        const dygw_reason_e reason = (dygw_reason_e)i;

        assert_string_equal(dygw_reason_word(reason), sentences[i].word);
        assert_int_equal(dygw_reason_of_word(sentences[i].word), reason);
        assert_int_equal(dygw_reason_is_retryable(reason), sentences[i].retryable);
        assert_int_equal(dygw_reason_act(reason), sentences[i].act);
        assert_string_equal(dygw_reason_advice(reason, DYGW_LANG_ZH), sentences[i].zh);
        assert_string_equal(dygw_reason_advice(reason, DYGW_LANG_EN), sentences[i].en);
    }
}

static void a_word_of_a_later_version_is_other_and_none_is_none(DYGW_UNUSED void **state)
{
    assert_int_equal(dygw_reason_of_word("eaten_by_the_dog"), DYGW_REASON_OTHER);
    assert_int_equal(dygw_reason_of_word(NULL), DYGW_REASON_NONE);
}

static size_t words_in(const char *text)
{
    size_t n = 1;

    for (; *text; text++) {
        n += *text == ' ';
    }
    return n;
}

static int ends_with(const char *text, const char *end)
{
    return strlen(text) > strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void each_sentence_is_short_whole_and_without_a_number_or_jargon(DYGW_UNUSED void **state)
{
    static const char *const jargon[]
        = { "token", "API", "HTTP", "error", "certificate", "令牌", "凭证", "接口", "错误码", "鉴权", "白名单" };

    for (int i = 0; i < DYGW_REASON_COUNT; i++) {
        const char *zh = dygw_reason_advice((dygw_reason_e)i, DYGW_LANG_ZH);
        const char *en = dygw_reason_advice((dygw_reason_e)i, DYGW_LANG_EN);

        if (dygw_characters(zh) > ZH_MAX || words_in(en) > EN_MAX) {
            fail_msg("%s is too long", sentences[i].word);
        }
        if (!ends_with(zh, "。") || !ends_with(en, ".") || strstr(en, "  ")) {
            fail_msg("%s is no whole sentence", sentences[i].word);
        }
        if (strpbrk(zh, "0123456789abcdefghijklmnopqrstuvwxyz.,;") || strpbrk(en, "0123456789_")) {
            fail_msg("%s has a number, or is in two languages", sentences[i].word);
        }
        for (size_t j = 0; j < LEN(jargon); j++) {
            if (strstr(zh, jargon[j]) || strstr(en, jargon[j])) {
                fail_msg("%s says %s", sentences[i].word, jargon[j]);
            }
        }
    }
}

/* --- verifications --- */

static dygw_verification_t verification(dygw_verify_status_e status, apr_int64_t error_code)
{
    dygw_verification_t v = {
        .verify_status = status, .error_code = error_code, .review_since = DYGW_NO_TIME, .refused_code = DYGW_NO_INT
    };

    return v;
}

static void what_is_recorded_is_shown_else_what_the_number_tells(DYGW_UNUSED void **state)
{
    dygw_verification_t v = verification(DYGW_FAILED, 1250);

    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_OTHER); /* of an older version */
    v.reason = "expired";
    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_EXPIRED);
    v.reason = "of_a_later_version";
    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_OTHER);
}

static void a_success_is_explained_only_where_a_cancel_was_refused(DYGW_UNUSED void **state)
{
    dygw_verification_t v = verification(DYGW_SUCCESS, 0);

    v.reason = "other";
    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_NONE);
    v.error_code = 3000001;
    v.reason = "cancel_too_late";
    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_CANCEL_TOO_LATE);
}

/* "Scan again" would be wrong: the coupon is redeemed. */
static void and_not_by_what_a_coupon_s_refusal_says(DYGW_UNUSED void **state)
{
    static const struct {
        apr_int64_t code;
        const char *word;
    } cancels[] = { { 2100001, NULL },
                    { 1212, NULL },
                    { 1265, NULL },
                    { 3000001, NULL },
                    { 1250, NULL },
                    { 2190008, NULL },
                    { 1508, "not_authorised" },
                    { 2190004, "not_permitted" },
                    { 2119013, "address_not_allowed" },
                    { 1502, "bad_request" },
                    { 2034000910, "cancel_too_late" } };

    for (size_t i = 0; i < LEN(cancels); i++) {
        dygw_verification_t v = verification(DYGW_SUCCESS, cancels[i].code);

        for (int recorded = 0; recorded <= 1; recorded++) {
            assert_int_equal(dygw_reason_of(&v), dygw_reason_of_word(cancels[i].word));
            dygw_reason_record(&v);
            assert_true(dygw_reason_of_word(v.reason) == dygw_reason_of_word(cancels[i].word));
        }
        v.reason = dygw_reason_word(dygw_reason_of_code(cancels[i].code, NULL));
        assert_int_equal(dygw_reason_of(&v), dygw_reason_of_word(cancels[i].word));
    }
}

static void what_is_processing_says_what_it_waits_for(DYGW_UNUSED void **state)
{
    dygw_verification_t v = verification(DYGW_PROCESSING, 0);

    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_WAITING);
    v.refused_code = 1212; /* may still be our own doing: not to be scanned again */
    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_WAITING);
    v.reason = "not_permitted";
    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_NOT_PERMITTED);
    v.review_since = 1;
    assert_int_equal(dygw_reason_of(&v), DYGW_REASON_RISK_REVIEW);
}

static void what_a_processing_one_waits_for_is_recorded_where_douyin_refused_the_setup(DYGW_UNUSED void **state)
{
    static const struct {
        apr_int64_t code;
        const char *word;
    } answers[] = { { 1508, "not_authorised" },
                    { 2190004, "not_permitted" },
                    { 2119013, "address_not_allowed" },
                    { 2119099, "not_permitted" },
                    { 1502, "bad_request" },
                    { 2100004, NULL },
                    { 2190002, NULL },
                    { 0, NULL } };
    dygw_verification_t v = verification(DYGW_PROCESSING, 0);

    for (size_t i = 0; i < LEN(answers); i++) {
        dygw_reason_record_wait(&v, answers[i].code, "x");
        if (answers[i].word) {
            assert_string_equal(v.reason, answers[i].word);
        }
        else {
            assert_null(v.reason);
        }
    }
    v.review_since = 1; /* which is what it waits for, then */
    dygw_reason_record_wait(&v, 1508, "x");
    assert_null(v.reason);
    v = verification(DYGW_FAILED, 1250);
    v.reason = "expired";
    dygw_reason_record_wait(&v, 1508, "x");
    assert_string_equal(v.reason, "expired");
}

static void an_outcome_is_recorded_with_its_reason_and_nothing_with_none(DYGW_UNUSED void **state)
{
    dygw_verification_t v = verification(DYGW_FAILED, 1228);

    dygw_reason_record(&v);
    assert_string_equal(v.reason, "wrong_store");
    v.error_code = 0;
    v.verify_status = DYGW_SUCCESS;
    dygw_reason_record(&v);
    assert_null(v.reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_has_its_reason),
        cmocka_unit_test(each_number_says_whether_a_look_may_tell_more),
        cmocka_unit_test(each_known_number_is_in_the_table_once_and_no_other),
        cmocka_unit_test(zero_has_nothing_to_explain),
        cmocka_unit_test(a_number_nobody_knows_has_the_reason_of_its_class),
        cmocka_unit_test(the_known_texts_of_the_catch_all_decide),
        cmocka_unit_test(no_permission_is_about_the_address_where_the_text_is),
        cmocka_unit_test(busy_is_believed_of_a_coupons_number_and_of_no_setups),
        cmocka_unit_test(a_reply_tells_by_its_second_number_that_a_cancel_came_too_late),
        cmocka_unit_test(each_reason_says_what_it_is_to_say),
        cmocka_unit_test(a_word_of_a_later_version_is_other_and_none_is_none),
        cmocka_unit_test(each_sentence_is_short_whole_and_without_a_number_or_jargon),
        cmocka_unit_test(what_is_recorded_is_shown_else_what_the_number_tells),
        cmocka_unit_test(a_success_is_explained_only_where_a_cancel_was_refused),
        cmocka_unit_test(and_not_by_what_a_coupon_s_refusal_says),
        cmocka_unit_test(what_is_processing_says_what_it_waits_for),
        cmocka_unit_test(what_a_processing_one_waits_for_is_recorded_where_douyin_refused_the_setup),
        cmocka_unit_test(an_outcome_is_recorded_with_its_reason_and_nothing_with_none),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_reasons", tests, NULL, NULL);
}
