/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's answers make of our verifications: what is recorded of a coupon that prepare found,
 * and what the answer to a verify or a look at the coupon changes. All functions change memory
 * only, the caller writes the verification to the database. Text is not copied: it is the answer's,
 * and has to live as long as the verification. */
#ifndef DYGW_GATEWAY_RECORD_H
#define DYGW_GATEWAY_RECORD_H

#include "gateway/redemption.h"

/* Returns a new verification of this request, from pool: without a coupon, `processing`. */
dygw_verification_t *dygw_record_new(const dygw_redeem_request_t *request, apr_pool_t *pool);

/* Fills in the coupon that v is about. */
void dygw_record_set_certificate(dygw_verification_t *v, const dygw_certificate_t *certificate);

/* Sets what v was refused with and why that is (its reason), after verify_status; error_code 0:
 * nothing. All that changes an outcome goes through here: a reason is forgotten nowhere then. */
void dygw_record_error(dygw_verification_t *v, apr_int64_t error_code, const char *description);

/* Makes v `failed`, finally. error_code is Douyin's, or a DYGW_OUTCOME_*. */
void dygw_record_fail(dygw_verification_t *v, apr_int64_t error_code, const char *description);

/* Leaves v `processing`: the background settles v, and repeats the verify 5 s after updated_at. */
void dygw_record_stay_open(dygw_verification_t *v);

/* In place of how many uses of a coupon remain, when the caller has prepared it. */
#define DYGW_TIMES_LEFT_UNKNOWN (-1)

/* Applies what the answer to a verify says of the coupon of v. Leaves v `processing` where the
 * answer is not final: Douyin begins a risk review, Douyin has trouble, or v->attempts is above 1
 * and the coupon is "already used", which our own first verify may have caused. times_left: how
 * many uses of the coupon remain after this one. */
void dygw_record_apply_item(dygw_verification_t *v, const dygw_verify_item_t *item, int times_left);

/* The same for a reply that says nothing of single coupons: an error of the whole call, or no
 * answer. The reply is final only when the error is the coupon's fault and v->attempts is 1. */
void dygw_record_apply_reply(dygw_verification_t *v, const dygw_reply_t *reply);

/* Adds Douyin's raw answer, under the name of the call, to douyin_response of `count` verifications
 * that have the same douyin_response so far. The new text is from pool. Only answers to the token
 * calls contain access tokens, and those are never recorded. */
void dygw_record_add_response(dygw_verification_t *const *verifications, int count,
                              const char *call, const dygw_reply_t *reply, apr_pool_t *pool);

/* --- for the background --- */

/* Adds Douyin's raw answer to v, in place of an earlier answer under the name of the same call. */
void dygw_record_replace_response(dygw_verification_t *v, const char *call,
                                  const dygw_reply_t *reply, apr_pool_t *pool);

/* Records what a look at the coupon shows of it; the status of v does not change. */
void dygw_record_look(dygw_verification_t *v, const dygw_seen_coupon_t *seen);

/* Makes v `success`: `verify`, one of the redemptions that Douyin shows of the coupon, is that of
 * v. by: how that is known. */
void dygw_record_seen(dygw_verification_t *v, const dygw_seen_coupon_t *seen,
                      const dygw_seen_verify_t *verify, dygw_confirmed_by_e by);

/* Makes v `success`: Douyin answered a repetition of the verify with success. seen: the coupon as
 * Douyin last showed it; NULL when Douyin has not shown it. */
void dygw_record_replayed(dygw_verification_t *v, const dygw_verify_item_t *item,
                          const dygw_seen_coupon_t *seen);

/* Records that Douyin reviews the risk of this redemption; review_since is now, unless it is
 * set. */
void dygw_record_review(dygw_verification_t *v);

/* Returns what went wrong, for last_error, from pool: "certificate/query: error_code 2100004". */
const char *dygw_record_trouble(dygw_question_e call, const dygw_reply_t *reply, apr_pool_t *pool);

#endif
