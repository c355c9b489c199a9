/* SPDX-License-Identifier: Apache-2.0
 * The catalogue of reasons: why a coupon was not redeemed, in a word that stays, and what a cashier
 * says or does. It is the only place of these words and sentences: the API, its CSV, the metrics,
 * the doctor and the manual read it (build/guards compares the manual and conf/openapi.yaml).
 *
 * Which reason a number has is the table below the first one. Some numbers have several causes:
 * Douyin's catch-all and "not usable any more" tell them in words or not at all, and then a look at
 * the coupon does. So the reason of a verification is recorded with it. */
#ifndef DYGW_GATEWAY_REASONS_H
#define DYGW_GATEWAY_REASONS_H

#include "gateway/gateway.h"

/* Who can help. */
typedef enum {
    DYGW_ACT_NOBODY,   /* it is so: the coupon stays unusable */
    DYGW_ACT_WAIT,     /* time does */
    DYGW_ACT_CUSTOMER, /* in the order, on the customer's phone */
    DYGW_ACT_CASHIER,
    DYGW_ACT_MANAGER, /* the shop's lead, at Douyin */
    DYGW_ACT_ADMIN    /* who runs the gateway, or made the caller */
} dygw_act_e;

/* X(name, word, whether the same request may succeed later without anybody changing anything, who
 * can help, the sentence in Chinese, and in English). A sentence has at most 40 characters of
 * Chinese, or 25 words of English, and neither number nor jargon. The order is that of the metrics'
 * series: a new one comes last. */
#define DYGW_REASONS(X) \
    X(ALREADY_USED, "already_used", 0, CASHIER, \
      "这张券已经用过了，请查一下核销记录，看是不是这位顾客用的。", \
      "This coupon has already been used. Check the records to see whether it was this " \
      "customer.") \
    X(EXPIRED, "expired", 0, NOBODY, "这张券已经过期，不能用了；退款请顾客在抖音订单里查看。", \
      "This coupon has expired. The customer can look for the refund in the Douyin order.") \
    X(NOT_YET_VALID, "not_yet_valid", 1, WAIT, "这张券还没到可用日期，请顾客到了日子再来用。", \
      "This coupon is not valid yet. The customer can use it from its start date on.") \
    X(REFUNDED, "refunded", 0, CUSTOMER, \
      "这张券已经退款，不能用了；请顾客直接买单，或者重新买一张。", \
      "This coupon has been refunded. The customer can pay directly or buy a new one.") \
    X(REFUNDING, "refunding", 0, CUSTOMER, \
      "这张券正在退款；要用的话，请顾客先在抖音里撤销退款申请，再扫码。", \
      "A refund is under way. To use the coupon, the customer withdraws the refund in " \
      "Douyin; then scan again.") \
    X(WRONG_STORE, "wrong_store", 0, CASHIER, \
      "这张券不能在本店用，请和顾客看一下订单里的适用门店。", \
      "This coupon is not valid at this store. Check the participating stores in the " \
      "customer's order.") \
    X(WRONG_CODE, "wrong_code", 0, CASHIER, \
      "没查到这张券；请确认是抖音的券，再扫一次订单页上的二维码。", \
      "We could not find this coupon. Make sure it is Douyin's, and scan the code on " \
      "the order page again.") \
    X(CODE_NOT_ALLOWED, "code_not_allowed", 0, CASHIER, \
      "这张券不能手动输码，请扫顾客订单页上的二维码。", \
      "This coupon cannot be typed in. Please scan the QR code on the customer's order page.") \
    X(QR_EXPIRED, "qr_expired", 0, CUSTOMER, "二维码过期了，请顾客重新打开抖音订单，再扫一次。", \
      "This QR code is out of date. Ask the customer to reopen the order in Douyin, " \
      "then scan again.") \
    X(BEING_GIVEN_AWAY, "being_given_away", 0, CUSTOMER, \
      "这张券正在转赠；请顾客在抖音里撤回，或由收到的朋友来用。", \
      "This coupon is being given to a friend. Ask the customer to take it back in " \
      "Douyin, or let the friend use it.") \
    X(NOT_PAID, "not_paid", 0, CUSTOMER, \
      "用这张券点的单还没付款；请顾客先在抖音里付款，或退出点单。", \
      "The order made with this coupon is not paid yet. Ask the customer to pay in " \
      "Douyin, or to leave that order.") \
    X(UNUSABLE_NOW, "unusable_now", 1, WAIT, \
      "现在不在这张券的可用时间内；请和顾客看一下使用规则里的日期和时段。", \
      "This coupon cannot be used at this time. Check the days and hours in its terms " \
      "with the customer.") \
    X(NO_USES_LEFT, "no_uses_left", 0, NOBODY, \
      "这张次卡剩余次数不够；可以减少次数再试，或请顾客另买一张。", \
      "This card does not have enough uses left. Try again with fewer, or ask the customer to " \
      "buy another.") \
    X(NO_COUPON_LEFT, "no_coupon_left", 0, CUSTOMER, \
      "这笔订单里没有能用的券了，请顾客打开抖音订单确认一下。", \
      "This order has no usable coupon left. Ask the customer to check the order in Douyin.") \
    X(NOT_ENOUGH, "not_enough", 0, CASHIER, "这笔订单里能用的券没有这么多，请减少数量再试。", \
      "This order does not have that many usable coupons. Please redeem fewer.") \
    X(RISK_REVIEW, "risk_review", 0, MANAGER, \
      "抖音正在审核这次核销，请不要再扫；要不要先接待，请问店长。", \
      "Douyin is reviewing this redemption. Do not scan again; ask the manager whether " \
      "to serve now.") \
    X(WAITING, "waiting", 0, WAIT, "正在确认核销结果，请稍等，不要重复扫码。", \
      "The result is being confirmed. Please wait, and do not scan again.") \
    X(IN_PROGRESS, "in_progress", 1, WAIT, "这笔核销还在处理，请稍等几秒再试。", \
      "This redemption is still being processed. Wait a few seconds and try again.") \
    X(GIVEN_UP, "given_up", 0, CASHIER, "这次核销已取消，券没有用掉；要用的话请重新扫码。", \
      "This redemption was given up and did not use the coupon. Scan again to use it.") \
    X(NOT_REDEEMED, "not_redeemed", 0, CASHIER, "这次没有核销成功，券没有用掉，请重新扫码。", \
      "The redemption did not go through and the coupon was not used. Please scan again.") \
    X(NOT_OURS, "not_ours", 0, CASHIER, "这张券在另一笔核销里已经用过了，请查一下核销记录。", \
      "This coupon was already used in another redemption. Please check the records.") \
    X(CANCEL_TOO_LATE, "cancel_too_late", 0, MANAGER, \
      "超过可撤销的时间了，这次核销不能撤销；要退款请找店长。", \
      "It is too late to cancel this redemption. For a refund, ask the manager.") \
    X(BUSY, "busy", 1, WAIT, "系统正忙，请稍等一会儿再扫一次。", \
      "The system is busy. Please wait a moment and scan again.") \
    X(UNAVAILABLE, "unavailable", 1, WAIT, "核销系统暂时用不了，请稍后再试；一直不行请找管理员。", \
      "The system is not available right now. Try again shortly; if it goes on, tell " \
      "the administrator.") \
    X(TOKEN, "token", 1, WAIT, "系统正在重新连接抖音，请稍后再试；一直不行请找管理员。", \
      "The system is reconnecting to Douyin. Try again shortly; if it goes on, tell " \
      "the administrator.") \
    X(NOT_AUTHORISED, "not_authorised", 0, MANAGER, \
      "不是券的问题：商家还没在抖音授权本系统，请找店长处理。", \
      "The coupon is not the problem: the merchant has not authorised this system. " \
      "Tell the manager.") \
    X(NOT_PERMITTED, "not_permitted", 0, ADMIN, \
      "抖音暂未允许本系统验券，不是券的问题；请找管理员处理。", \
      "Douyin does not let this system redeem for now; the coupon is not the problem. " \
      "Tell the administrator.") \
    X(ADDRESS_NOT_ALLOWED, "address_not_allowed", 0, ADMIN, \
      "抖音还没允许本系统的服务器访问，不是券的问题；请找管理员处理。", \
      "Douyin does not let this system's server in yet; the coupon is not the problem. " \
      "Tell the administrator.") \
    X(STORE_NOT_ALLOWED, "store_not_allowed", 0, ADMIN, \
      "这个收银系统不能给这家店核销；请检查门店设置，或找管理员。", \
      "This till may not redeem for this store. Check its store setting, or tell the " \
      "administrator.") \
    X(BAD_REQUEST, "bad_request", 0, ADMIN, "不是券的问题：系统发出的内容有误，请找管理员处理。", \
      "The coupon is not the problem: the system sent something wrong. Tell the administrator.") \
    X(OTHER, "other", 0, CASHIER, "这张券现在用不了；请看抖音给的提示，或从订单页重新扫一次。", \
      "This coupon cannot be used right now. See Douyin's message, or scan again from " \
      "the order page.")

#define DYGW_REASON(name, word, retryable, act, zh, en) DYGW_REASON_##name,
typedef enum { DYGW_REASON_NONE = -1, DYGW_REASONS(DYGW_REASON) DYGW_REASON_COUNT } dygw_reason_e;
#undef DYGW_REASON

/* The languages of the sentences. */
typedef enum { DYGW_LANG_ZH, DYGW_LANG_EN } dygw_lang_e;

/* The word of a reason; NULL for DYGW_REASON_NONE. And the reason of a word: DYGW_REASON_NONE for
 * NULL; OTHER for one that is not in the catalogue (of a later version). Constant strings. */
const char *dygw_reason_word(dygw_reason_e reason);
dygw_reason_e dygw_reason_of_word(const char *word);

/* What the catalogue says of a reason, which is not DYGW_REASON_NONE. Constant strings. */
int dygw_reason_is_retryable(dygw_reason_e reason);
dygw_act_e dygw_reason_act(dygw_reason_e reason);
const char *dygw_reason_advice(dygw_reason_e reason, dygw_lang_e lang);

/* The reason that a number and Douyin's words to it (NULL: none) tell. error_code: Douyin's, or a
 * DYGW_OUTCOME_*; 0: DYGW_REASON_NONE. The words decide where they are known: "busy" of any number,
 * what the catch-all means, and whether "no permission" is about our address. A number that is not
 * known has the reason of its class: dygw_douyin_classify. */
dygw_reason_e dygw_reason_of_code(apr_int64_t error_code, const char *description);

/* The same of a whole reply, whose sub_error_code tells where the catch-all does not. A reply
 * without an error_code has none: DYGW_REASON_NONE. */
dygw_reason_e dygw_reason_of_reply(const dygw_reply_t *reply);

/* Whether a number, with Douyin's words to it, leaves open which of several reasons it has, so that
 * a look at the coupon may tell. */
int dygw_reason_is_open(apr_int64_t error_code, const char *description);

/* The reason of an outcome with this number. A `success` has the number of a cancel that Douyin
 * refused: the catalogue, which is about redeeming, tells of that only whether it came too late,
 * and what is amiss with the set-up. */
dygw_reason_e dygw_reason_of_outcome(dygw_verify_status_e status, apr_int64_t error_code,
                                     const char *description);

/* The reason to show of a verification: the recorded one; where none is recorded, because an older
 * version wrote it, that of its error_code; while it is `processing`, what it waits for: the
 * recorded one, `risk_review`, or `waiting`. DYGW_REASON_NONE: there is nothing to explain. */
dygw_reason_e dygw_reason_of(const dygw_verification_t *v);

/* Sets v->reason by the present members of v: for every change of its outcome. */
void dygw_reason_record(dygw_verification_t *v);

/* The same after an answer that leaves v `processing`: where Douyin refused it for what is not the
 * coupon's fault, that says what it waits for. */
void dygw_reason_record_wait(dygw_verification_t *v, apr_int64_t error_code,
                             const char *description);

/* Counts a coupon that was not redeemed, or an answer, by its reason; NONE is not counted. */
void dygw_reason_count(const dygw_metrics_t *metrics, dygw_reason_e reason);

#endif
