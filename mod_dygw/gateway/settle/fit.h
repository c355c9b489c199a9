/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: whether a redemption that Douyin shows of a coupon (dygw_seen_verify_t) can be
 * what a verification of ours asked for. The functions are pure: they ask nobody and change
 * nothing. */
#ifndef DYGW_GATEWAY_SETTLE_FIT_H
#define DYGW_GATEWAY_SETTLE_FIT_H

#include "douyin/douyin.h"
#include "store/verification/verification.h"

/* Returns the coupon of v among the coupons of its order that Douyin shows (of dygw_seen_coupon_t):
 * the one with its certificate_id, else the one with its encrypted_code, else the only one that is
 * shown. NULL: the coupon of v is not shown. */
const dygw_seen_coupon_t *dygw_fit_coupon(const dygw_verification_t *v,
                                          const apr_array_header_t *coupons);

typedef enum {
    DYGW_FIT_NO,     /* time, store or kind are not what v asked for */
    DYGW_FIT_SILENT, /* nothing speaks against v, but the time or the kind is not shown */
    DYGW_FIT_YES
} dygw_fit_e;

/* Whether this redemption of the coupon of v can be the one that v asked for. now: the present, by
 * our clock. */
dygw_fit_e dygw_fit_verify(const dygw_verification_t *v, const dygw_seen_verify_t *verify,
                           dygw_ms_t now);

/* Whether Douyin shows in which store the redemption was done. */
int dygw_fit_names_store(const dygw_seen_verify_t *verify);

/* Returns the time, by Douyin's clock, at which Douyin answered our prepare of v. The time is read
 * from the answer that v has in douyin_response. DYGW_NO_TIME: the answer has none, or the caller
 * made the prepare. */
dygw_ms_t dygw_fit_prepared_at(const dygw_verification_t *v, apr_pool_t *pool);

/* Whether the redemption was done before v's prepare was answered (prepared_at, see above): the
 * prepare took it into account already, so it is not what v asked for. A prepared_at later than the
 * making of v is nonsense and tells nothing. */
int dygw_fit_precedes(const dygw_verification_t *v, const dygw_seen_verify_t *verify,
                      dygw_ms_t prepared_at);

/* Whether Douyin counts more redemptions of the coupon than it shows. */
int dygw_fit_is_hidden(const dygw_seen_coupon_t *coupon);

/* Whether Douyin does not show the redemption of v any more. If v has no verify_id, only a coupon
 * that is unused and without any redemption tells that. */
int dygw_fit_is_gone(const dygw_verification_t *v, const dygw_seen_coupon_t *coupon);

/* Returns the redemption with this verify_id that Douyin shows of the coupon; NULL: none. */
const dygw_seen_verify_t *dygw_fit_find(const dygw_seen_coupon_t *coupon, const char *verify_id);

#endif
