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
    X(ALREADY_USED, "already_used", 0, CASHIER, "这张券已经使用过了，请核对核销记录。", \
      "This coupon has already been used. Please check the redemption record.") \
    X(EXPIRED, "expired", 0, NOBODY, "这张券已过有效期，不能使用。", \
      "This coupon has expired and can no longer be used.") \
    X(NOT_YET_VALID, "not_yet_valid", 1, WAIT, "这张券还没到使用日期，请到时再来。", \
      "This coupon is not valid yet. Please use it from its start date.") \
    X(REFUNDED, "refunded", 0, CUSTOMER, "这张券已经退款，不能再使用。", \
      "This coupon has been refunded and can no longer be used.") \
    X(REFUNDING, "refunding", 0, CUSTOMER, "这张券正在退款，撤回退款后才能使用。", \
      "A refund is in progress. Withdraw it in Douyin to use this coupon.") \
    X(WRONG_STORE, "wrong_store", 0, CASHIER, "这张券不适用于本店，请查看适用门店。", \
      "This coupon is not valid at this store. Please check the participating stores.") \
    X(WRONG_CODE, "wrong_code", 0, CASHIER, "没有找到这张券，请核对后重新扫码。", \
      "We could not find this coupon. Please check it and scan again.") \
    X(CODE_NOT_ALLOWED, "code_not_allowed", 0, CASHIER, "这张券不能手输券码，请扫二维码。", \
      "This coupon cannot be typed in. Please scan its QR code.") \
    X(QR_EXPIRED, "qr_expired", 0, CUSTOMER, "二维码已失效，请重新打开订单再扫码。", \
      "The QR code is out of date. Please reopen the order and scan again.") \
    X(BEING_GIVEN_AWAY, "being_given_away", 0, CUSTOMER, "这张券正在转赠中，暂时不能使用。", \
      "This coupon is being given to someone and cannot be used now.") \
    X(NOT_PAID, "not_paid", 0, CUSTOMER, "点单还没有付款，请先在抖音完成支付。", \
      "The order is not paid yet. Please complete the payment in Douyin.") \
    X(UNUSABLE_NOW, "unusable_now", 1, WAIT, "现在不在可用时间内，请查看使用规则。", \
      "This coupon cannot be used at this time. Please check its terms.") \
    X(NO_USES_LEFT, "no_uses_left", 0, NOBODY, "这张次卡的剩余次数不足。", \
      "This card does not have enough uses left.") \
    X(NO_COUPON_LEFT, "no_coupon_left", 0, CUSTOMER, "这笔订单里没有可用的券了。", \
      "There is no usable coupon left in this order.") \
    X(NOT_ENOUGH, "not_enough", 0, CASHIER, "这笔订单里可用的券不够，请减少数量。", \
      "This order has fewer usable coupons. Please redeem fewer.") \
    X(RISK_REVIEW, "risk_review", 0, MANAGER, "平台正在审核这次核销，请稍后查看结果。", \
      "The platform is reviewing this redemption. Please check the result later.") \
    X(WAITING, "waiting", 0, WAIT, "正在确认核销结果，请勿重复扫码。", \
      "Confirming the result. Please do not scan again.") \
    X(IN_PROGRESS, "in_progress", 1, WAIT, "这张券正在核销，请稍候。", \
      "This coupon is being redeemed right now. Please wait a moment.") \
    X(GIVEN_UP, "given_up", 0, CASHIER, "这次核销已取消，如需使用请重新扫码。", \
      "This redemption was given up. Please scan again to use the coupon.") \
    X(NOT_REDEEMED, "not_redeemed", 0, CASHIER, "这次没有核销成功，请重新扫码。", \
      "This coupon was not redeemed. Please scan again.") \
    X(NOT_OURS, "not_ours", 0, CASHIER, "这张券已在另一条记录中核销，请核对。", \
      "This coupon was redeemed under another record. Please check the records.") \
    X(CANCEL_TOO_LATE, "cancel_too_late", 0, MANAGER, "已超过可撤销时间，不能撤销这次核销。", \
      "It is too late to cancel this redemption.") \
    X(BUSY, "busy", 1, WAIT, "平台繁忙，请稍等片刻再试。", \
      "The platform is busy. Please try again in a moment.") \
    X(UNAVAILABLE, "unavailable", 1, WAIT, "系统暂时不可用，请稍等片刻再试。", \
      "The system is not available right now. Please try again in a moment.") \
    X(TOKEN, "token", 1, WAIT, "系统凭证已失效，请稍后再试。", \
      "The system's access has lapsed. Please try again shortly.") \
    X(NOT_AUTHORISED, "not_authorised", 0, MANAGER, "商家尚未授权本系统，请联系负责人。", \
      "The merchant has not authorised this system yet. Please contact the manager.") \
    X(NOT_PERMITTED, "not_permitted", 0, ADMIN, "验券功能暂未开通，请联系管理员。", \
      "Coupon redemption is not enabled for this system. Please contact the administrator.") \
    X(ADDRESS_NOT_ALLOWED, "address_not_allowed", 0, ADMIN, "服务器地址未获准许，请联系管理员。", \
      "The server's address is not on the allow list. Please contact the administrator.") \
    X(STORE_NOT_ALLOWED, "store_not_allowed", 0, ADMIN, "这台设备不能为本店核销，请联系管理员。", \
      "This device may not redeem for this store. Please contact the administrator.") \
    X(BAD_REQUEST, "bad_request", 0, ADMIN, "请求内容有误，请联系管理员。", \
      "The request was not correct. Please contact the administrator.") \
    X(OTHER, "other", 0, CASHIER, "这张券暂时无法使用，请查看平台提示。", \
      "This coupon cannot be used right now. Please see the platform's message.")

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
 * DYGW_OUTCOME_*; 0: DYGW_REASON_NONE. A number that is not known has the reason of its class:
 * dygw_douyin_classify. */
dygw_reason_e dygw_reason_of_code(apr_int64_t error_code, const char *description);

/* Whether a number leaves open which of several reasons it has, so that a look at the coupon may
 * tell. */
int dygw_reason_is_open(apr_int64_t error_code, const char *description);

/* The reason to show of a verification: the recorded one; where none is recorded, because an older
 * version wrote it, that of its error_code; `waiting`, or what it waits for, while it is
 * `processing`. DYGW_REASON_NONE: there is nothing to explain. */
dygw_reason_e dygw_reason_of(const dygw_verification_t *v);

/* Sets v->reason by the present members of v: for every change of its outcome. */
void dygw_reason_record(dygw_verification_t *v);

#endif
