/* SPDX-License-Identifier: Apache-2.0
 * What Douyin shows of coupons against what is recorded. */
#include "gateway/fit.h"

#include <string.h>

#include "util/text.h"

#define CLOCKS_MS       120000  /* what Douyin's clock and ours may differ by */
#define OPEN_PLATFORM   4       /* Douyin's verify_type */
#define TYPE_UNSAID     0

static const dygw_seen_coupon_t *coupon_at(const apr_array_header_t *coupons, int i)
{
    return &APR_ARRAY_IDX(coupons, i, dygw_seen_coupon_t);
}

const dygw_seen_coupon_t *dygw_fit_coupon(const dygw_verification_t *v,
                                          const apr_array_header_t *coupons)
{
    int i;

    for (i = 0; i < coupons->nelts; i++) {
        if (dygw_text_same(coupon_at(coupons, i)->certificate.certificate_id, v->certificate_id)) {
            return coupon_at(coupons, i);
        }
    }
    for (i = 0; i < coupons->nelts; i++) {
        if (dygw_text_same(coupon_at(coupons, i)->certificate.encrypted_code, v->encrypted_code)) {
            return coupon_at(coupons, i);
        }
    }
    /* A code may be encrypted anew with each answer; two certificate_ids are two coupons. */
    if (coupons->nelts == 1
        && !(v->certificate_id && coupon_at(coupons, 0)->certificate.certificate_id)) {
        return coupon_at(coupons, 0);
    }
    return NULL;
}

static dygw_fit_e time_fits(const dygw_verification_t *v, dygw_ms_t t, dygw_ms_t now)
{
    if (t == DYGW_NO_TIME) {
        return DYGW_FIT_SILENT;
    }
    return t >= v->created_at - CLOCKS_MS && t <= now + CLOCKS_MS ? DYGW_FIT_YES : DYGW_FIT_NO;
}

static dygw_fit_e kind_fits(int verify_type)
{
    if (verify_type <= TYPE_UNSAID) {
        return DYGW_FIT_SILENT;
    }
    return verify_type == OPEN_PLATFORM ? DYGW_FIT_YES : DYGW_FIT_NO;
}

/* Older answers do not. */
int dygw_fit_names_store(const dygw_seen_verify_t *verify)
{
    return verify->poi_id && *verify->poi_id && strcmp(verify->poi_id, "0") != 0;
}

static dygw_fit_e store_fits(const dygw_verification_t *v, const dygw_seen_verify_t *verify)
{
    if (!dygw_fit_names_store(verify)) {
        return DYGW_FIT_YES;
    }
    return dygw_text_same(v->poi_id, verify->poi_id) ? DYGW_FIT_YES : DYGW_FIT_NO;
}

dygw_fit_e dygw_fit_verify(const dygw_verification_t *v, const dygw_seen_verify_t *verify,
                           dygw_ms_t now)
{
    dygw_fit_e when = time_fits(v, verify->verify_time, now);
    dygw_fit_e kind = kind_fits(verify->verify_type);

    if (store_fits(v, verify) == DYGW_FIT_NO) {
        return DYGW_FIT_NO;
    }
    return when < kind ? when : kind;
}

int dygw_fit_is_hidden(const dygw_seen_coupon_t *coupon)
{
    return coupon->times_used > coupon->verifies->nelts
           || (coupon->certificate.status == DYGW_COUPON_USED && coupon->verifies->nelts == 0);
}

const dygw_seen_verify_t *dygw_fit_find(const dygw_seen_coupon_t *coupon, const char *verify_id)
{
    int i;

    for (i = 0; i < coupon->verifies->nelts; i++) {
        const dygw_seen_verify_t *verify = &APR_ARRAY_IDX(coupon->verifies, i, dygw_seen_verify_t);

        if (dygw_text_same(verify->verify_id, verify_id)) {
            return verify;
        }
    }
    return NULL;
}
