/* SPDX-License-Identifier: Apache-2.0
 * From Douyin's answers to our records: what a prepared coupon becomes, what a verify answer
 * changes. */
#ifndef DYGW_GATEWAY_RECORD_H
#define DYGW_GATEWAY_RECORD_H

#include "gateway/redemption.h"

/* A new record of this request, without coupon, `processing`. */
dygw_verification_t *dygw_record_new(const dygw_redeem_request_t *request, apr_pool_t *pool);

/* Fills in which coupon it is about. */
void dygw_record_set_certificate(dygw_verification_t *v, const dygw_certificate_t *certificate);

/* Makes it `failed`, finally. */
void dygw_record_fail(dygw_verification_t *v, apr_int64_t error_code, const char *description);

/* Leaves it `processing`: the background has it, and repeats the verify. */
void dygw_record_stay_open(dygw_verification_t *v);

/* Uses of a coupon that remain, when prepare was the caller's own. */
#define DYGW_TIMES_LEFT_UNKNOWN (-1)

/* Applies what verify said of this coupon. Leaves it `processing` where that is not final: with
 * v->attempts above 1 "already used" may be our own doing; a risk review begins. times_left: uses
 * of the coupon that remain after this one. */
void dygw_record_apply_item(dygw_verification_t *v, const dygw_verify_item_t *item, int times_left);

/* The same for an answer that does not speak of single coupons: an error of the whole call, or none
 * at all. Final only when it is the coupon's fault, and answers the one request that was sent. */
void dygw_record_apply_reply(dygw_verification_t *v, const dygw_reply_t *reply);

/* Adds Douyin's raw answer under the name of the call to douyin_response of all of them, which have
 * the same so far. Access tokens are only in answers to the token calls, which are not recorded. */
void dygw_record_add_response(dygw_verification_t *const *items, int count, const char *call,
                              const dygw_reply_t *reply, apr_pool_t *pool);

/* --- for the background --- */

/* Adds Douyin's raw answer to the record, in the place of the one of that name before. */
void dygw_record_replace_response(dygw_verification_t *v, const char *call,
                                  const dygw_reply_t *reply, apr_pool_t *pool);

/* What a look at the coupon tells of it, whatever becomes of the record. */
void dygw_record_look(dygw_verification_t *v, const dygw_seen_coupon_t *seen);

/* Makes it `success`: this verification, which Douyin shows of the coupon, is ours. */
void dygw_record_seen(dygw_verification_t *v, const dygw_seen_coupon_t *seen,
                      const dygw_seen_verify_t *verify, dygw_confirmed_by_e by);

/* Makes it `success`: a repetition of the verify was answered so. seen: the coupon as Douyin showed
 * it last; NULL when it did not. */
void dygw_record_replayed(dygw_verification_t *v, const dygw_verify_item_t *item,
                          const dygw_seen_coupon_t *seen);

/* Douyin reviews the risk of this redemption, since now unless it did before. */
void dygw_record_review(dygw_verification_t *v);

/* What went wrong, for last_error: "certificate/query: error_code 2100004". */
const char *dygw_record_trouble(dygw_question_e call, const dygw_reply_t *reply, apr_pool_t *pool);

#endif
