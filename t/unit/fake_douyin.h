/* SPDX-License-Identifier: Apache-2.0
 * Douyin, saying what a test tells it to say. Each call asserts that no unit of database work is
 * open meanwhile, and verify that its rows were committed before. */
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

/* Called inside of each call with its name: "link", "prepare", "verify", "token", "stores". */
extern void (*fake_douyin_meanwhile)(const char *call);

#endif
