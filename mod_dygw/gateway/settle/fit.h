/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: what Douyin shows of coupons against what is recorded. Pure. */
#ifndef DYGW_GATEWAY_SETTLE_FIT_H
#define DYGW_GATEWAY_SETTLE_FIT_H

#include "douyin/douyin.h"
#include "store/verification/verification.h"

/* The coupon of v among those of its order that Douyin shows (of dygw_seen_coupon_t): by
 * certificate_id, else by encrypted_code, else the only one there is. NULL: it is not shown. */
const dygw_seen_coupon_t *dygw_fit_coupon(const dygw_verification_t *v,
                                          const apr_array_header_t *coupons);

typedef enum {
    DYGW_FIT_NO,        /* time, store or kind say that it is not what v asked for */
    DYGW_FIT_SILENT,    /* nothing is against it, but Douyin does not show its time or its kind */
    DYGW_FIT_YES
} dygw_fit_e;

/* Whether a verification of that coupon can be the one that v asked for. */
dygw_fit_e dygw_fit_verify(const dygw_verification_t *v, const dygw_seen_verify_t *verify,
                           dygw_ms_t now);

/* Whether Douyin says in which store it was. */
int dygw_fit_names_store(const dygw_seen_verify_t *verify);

/* When Douyin answered our own prepare of v, by its clock, as the answer on record tells.
 * DYGW_NO_TIME: it does not, or the prepare was the caller's. */
dygw_ms_t dygw_fit_prepared_at(const dygw_verification_t *v, apr_pool_t *pool);

/* Whether that verification was done before: prepare counted it already, so it is not what v asked
 * for. A prepared_at after the record was made is nonsense and tells nothing. */
int dygw_fit_precedes(const dygw_verification_t *v, const dygw_seen_verify_t *verify,
                      dygw_ms_t prepared_at);

/* Whether Douyin counts more verifications of the coupon than it shows. */
int dygw_fit_is_hidden(const dygw_seen_coupon_t *coupon);

/* Whether Douyin shows the redemption that v has no more. Of one that it never named, only a coupon
 * without any tells. */
int dygw_fit_is_gone(const dygw_verification_t *v, const dygw_seen_coupon_t *coupon);

/* What it shows of this one; NULL: it does not. */
const dygw_seen_verify_t *dygw_fit_find(const dygw_seen_coupon_t *coupon, const char *verify_id);

#endif
