/* SPDX-License-Identifier: Apache-2.0
 * Douyin in memory, in place of douyin/: it gives the answers that a test has queued, and remembers
 * what it was asked. Each call asserts that no unit of database work is open during the call; verify
 * asserts that the rows of its coupons were committed before. Questions that are asked in the
 * background are completed in the order in which they were begun; where none can be completed,
 * waiting moves the fake clock on by the time that was waited. For all tests of gateway/ that use
 * fake_world.h. */
#ifndef FAKE_DOUYIN_H
#define FAKE_DOUYIN_H

#include "douyin/douyin.h"

#define FAKE_CERTIFICATES_MAX 12 /* coupons of one answer */

/* Empties the queues, and forgets what was asked; answers live in this pool. With an empty queue,
 * prepare lists one coupon, verify redeems its coupons, and the token call gives "tok-N". */
void fake_douyin_reset(apr_pool_t *pool);

/* Each function puts an answer at the end of the queue of its call, and returns it, so that the test
 * may change it before the call takes it. error_code is 0 where Douyin itself did not answer. */
dygw_prepare_reply_t *fake_prepare(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_verify_reply_t *fake_verify(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_token_reply_t *fake_token(dygw_reply_class_e kind, const char *text, apr_int64_t expires_in);
dygw_reply_t *fake_stores(dygw_reply_class_e kind, apr_int64_t error_code);
void fake_link(dygw_link_e link);

/* The same for the questions that are asked in the background; the answers of fake_cancel are also
 * those of dygw_douyin_cancel, which waits. An answer of get or query has no coupon until fake_coupon
 * adds one. With an empty queue, get and query show one unused coupon, repeat redeems as verify does,
 * cancel works, and order finds an order of two coupons. */
dygw_coupons_reply_t *fake_get(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_coupons_reply_t *fake_query(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_verify_reply_t *fake_repeat(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_cancel_reply_t *fake_cancel(dygw_reply_class_e kind, apr_int64_t error_code);
dygw_order_reply_t *fake_order(dygw_reply_class_e kind, apr_int64_t error_code);

/* The same of the newest refund of a coupon: a DYGW_REFUND_*. With an empty queue, it waits for the merchant. */
dygw_after_sale_reply_t *fake_after_sale(dygw_reply_class_e kind, apr_int64_t error_code, int refund_status);

/* Adds a coupon to what get or query shows, with this status of Douyin (1 unused, 2 used) and without
 * a verification. */
dygw_seen_coupon_t *fake_coupon(dygw_coupons_reply_t *answer, const char *encrypted_code, const char *certificate_id,
                                int status);

/* Adds a verification to such a coupon: made through the open platform, at verify_time. */
dygw_seen_verify_t *fake_seen(dygw_seen_coupon_t *coupon, const char *verify_id, dygw_ms_t verify_time);

/* Adds a coupon to an order; its amounts are absent. */
dygw_order_coupon_t *fake_order_coupon(dygw_order_reply_t *answer, const char *certificate_id);

/* While hold is not 0, questions that are begun are not completed. */
void fake_async_hold(int hold);

/* How often a test looked for a completed question when none was under way. */
int fake_async_idle_looks(void);

/* The questions that were begun so far, joined by "; ". Each is written as "token get enc",
 * "token query order", "token repeat poi verify_token code,code",
 * "token cancel verify_id certificate_id cancel_token" ("-" where there is none) or
 * "token order order" or "token after_sale order certificate_id"; dygw_douyin_cancel is written as cancel, too. */
const char *fake_asked(void);

/* The calls since this function was called last, each with its account, joined by "; ": "verify 1001",
 * "get -" without one, "repeat 1001 in its header" where the header alone has it. */
const char *fake_accounts(void);

/* Adds a coupon that can be redeemed to what prepare lists. */
dygw_certificate_t *fake_certificate(dygw_prepare_reply_t *prepared, const char *encrypted_code);

/* Sets what verify or repeat answers for its coupon `number`, counted from 0; the others are redeemed
 * unless they are set, too. */
dygw_verify_item_t *fake_item(dygw_verify_reply_t *answer, int number, dygw_reply_class_e kind, apr_int64_t result);

/* What the calls so far were given, joined by "; ": of verify "token poi verify_token code,code", of
 * prepare "token poi code" (or the id of a short link in place of the code). */
const char *fake_verify_args(void);
const char *fake_prepare_args(void);
/* How many calls there were so far. */
int fake_token_calls(void);
int fake_verify_calls(void);
/* Until when the last verify was allowed to be sent. */
dygw_ms_t fake_verify_send_by(void);

/* A function of the test, NULL for none, that each call runs with its own name: "link", "prepare",
 * "verify", "token", "stores", and when a question is begun "get", "query", "repeat", "cancel",
 * "order", "after_sale". */
extern void (*fake_douyin_meanwhile)(const char *call);

#endif
