/* SPDX-License-Identifier: Apache-2.0
 * Douyin, saying what a test tells it to say. Each call asserts that no unit of database work is
 * open meanwhile, and verify that its rows were committed before. Calls under way are completed in
 * the order in which they were begun; waiting in vain takes the fake clock's time. */
#ifndef FAKE_DOUYIN_H
#define FAKE_DOUYIN_H

#include "douyin/douyin.h"

#define FAKE_CERTIFICATES_MAX 12

/* Nothing is queued: prepare lists one coupon, verify redeems, the token call gives "tok-N". */
void fake_douyin_reset(apr_pool_t *pool);

/* Each queues one answer, given once in order; what is given may be changed before it is used.
 * error_code 0 where Douyin did not speak. */
dygw_prepare_reply_t *fake_prepare(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_verify_reply_t *fake_verify(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_token_reply_t *fake_token(dygw_reply_class_e kind, const char *text, apr_int64_t expires_in);
dygw_reply_t *fake_stores(dygw_reply_class_e kind, apr_int64_t error_code);
void fake_link(dygw_link_e link);

/* The same for calls without waiting; cancel's also for the call of its own. What get and query give
 * has no coupon until fake_coupon adds one. Nothing is queued: get and query show one unused coupon,
 * repeat redeems as verify does, cancel works, order finds an order of two coupons. */
dygw_coupons_reply_t *fake_get(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_coupons_reply_t *fake_query(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_verify_reply_t *fake_repeat(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_cancel_reply_t *fake_cancel(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_order_reply_t *fake_order(dygw_reply_class_e kind, apr_int64_t error_code);

/* A coupon that get or query shows, with Douyin's status, not verified by anybody. */
dygw_seen_coupon_t *fake_coupon(dygw_coupons_reply_t *answer, const char *encrypted_code,
                                const char *certificate_id, int status);

/* A verification that it shows: through the open platform, at verify_time. */
dygw_seen_verify_t *fake_seen(dygw_seen_coupon_t *coupon, const char *verify_id,
                              dygw_ms_t verify_time);

/* A coupon of the order; its amounts are absent. */
dygw_order_coupon_t *fake_order_coupon(dygw_order_reply_t *answer, const char *certificate_id);

/* While it is set, what is begun is not completed. */
void fake_async_hold(int hold);

/* How often a completed call was looked for with nothing under way. */
int fake_async_idle_looks(void);

/* What was started so far, joined by "; ", each as "token get enc", "token query order",
 * "token repeat poi verify_token code,code", "token cancel verify_id certificate_id cancel_token"
 * ("-" for none) or "token order order"; cancel's own call as that of dygw_douyin_async_begin. */
const char *fake_asked(void);

/* A usable coupon, added to what prepare lists. */
dygw_certificate_t *fake_certificate(dygw_prepare_reply_t *prepared, const char *encrypted_code);

/* What verify says of its item `number`, the others are OK. */
dygw_verify_item_t *fake_item(dygw_verify_reply_t *answer, int number, dygw_reply_class_e kind,
                              apr_int64_t result);

/* "token poi verify_token code,code" of the verify calls, the same of prepare's; joined by "; ". */
const char *fake_verify_args(void);
const char *fake_prepare_args(void);
/* Calls so far. */
int fake_token_calls(void);
int fake_verify_calls(void);
/* Until when the last one was allowed to be sent. */
dygw_ms_t fake_verify_send_by(void);

/* Called inside of each call with its name: "link", "prepare", "verify", "token", "stores", and when
 * one is started "get", "query", "repeat", "cancel", "order". */
extern void (*fake_douyin_meanwhile)(const char *call);

#endif
