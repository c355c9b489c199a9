/* SPDX-License-Identifier: Apache-2.0
 * Whether a redemption that Douyin shows can be what a verification of ours asked for.
 *
 * The time of a redemption is by Douyin's clock, the other times are by ours. By how much Douyin's
 * clock is ahead is known within limits only (ahead_least, ahead_most), so times are compared as
 * intervals: whatever is possible fits. */
#include "gateway/settle/fit.h"

#include <string.h>

#include "douyin/codes.h"
#include "util/json.h"
#include "util/text.h"

/* By so much the clocks of Douyin's machines may differ from each other, and from those of ours. */
#define DOUYINS_MS 1000
#define CLOCKS_MS  (DYGW_CLOCKS_APART_MS + DOUYINS_MS)
#define SECOND_MS  1000

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
    /* The code may be another one, because an answer may encrypt it anew. Two certificate_ids,
     * however, are two coupons. */
    if (coupons->nelts == 1
        && !(v->certificate_id && coupon_at(coupons, 0)->certificate.certificate_id)) {
        return coupon_at(coupons, 0);
    }
    return NULL;
}

/* Douyin gives some times in whole seconds: such a time stands for the whole second. */
static dygw_ms_t last_ms_of(dygw_ms_t t)
{
    return t % SECOND_MS == 0 ? t + SECOND_MS - 1 : t;
}

/* The redemption must not be earlier than the making of v, nor later than now. */
static dygw_fit_e time_fits(const dygw_verification_t *v, const dygw_seen_verify_t *verify,
                            dygw_ms_t now)
{
    dygw_ms_t t = verify->verify_time;
    dygw_ms_t earliest = t - verify->ahead_most;
    dygw_ms_t latest = last_ms_of(t) - verify->ahead_least;

    if (t == DYGW_NO_TIME) {
        return DYGW_FIT_SILENT;
    }
    return latest >= v->created_at - CLOCKS_MS && earliest <= now + CLOCKS_MS ? DYGW_FIT_YES
                                                                              : DYGW_FIT_NO;
}

dygw_ms_t dygw_fit_prepared_at(const dygw_verification_t *v, apr_pool_t *pool)
{
    const char *mistake;
    const json_t *answers;

    if (v->mode == DYGW_MODE_ENCRYPTED_CODE || !v->douyin_response) {
        return DYGW_NO_TIME;
    }
    answers = dygw_json_parse(v->douyin_response, strlen(v->douyin_response), DYGW_JSON_LENIENT,
                              pool, &mistake);
    return dygw_time_from_douyin(
        dygw_json_int(json_object_get(json_object_get(answers, "prepare"), "extra"), "now", 0));
}

int dygw_fit_precedes(const dygw_verification_t *v, const dygw_seen_verify_t *verify,
                      dygw_ms_t prepared_at)
{
    return verify->verify_time != DYGW_NO_TIME && prepared_at != DYGW_NO_TIME
           && prepared_at - verify->ahead_most <= v->created_at + CLOCKS_MS
           && last_ms_of(verify->verify_time) + DOUYINS_MS < prepared_at;
}

static dygw_fit_e kind_fits(int verify_type)
{
    if (verify_type <= DYGW_VERIFY_TYPE_UNSAID) {
        return DYGW_FIT_SILENT;
    }
    return verify_type == DYGW_VERIFY_TYPE_OPEN_PLATFORM ? DYGW_FIT_YES : DYGW_FIT_NO;
}

/* Older answers do not show a store. */
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
    dygw_fit_e when = time_fits(v, verify, now);
    dygw_fit_e kind = kind_fits(verify->verify_type);

    if (store_fits(v, verify) == DYGW_FIT_NO) {
        return DYGW_FIT_NO;
    }
    return when < kind ? when : kind;
}

int dygw_fit_is_hidden(const dygw_seen_coupon_t *coupon)
{
    return coupon->times_used > coupon->verifies->nelts
           || (coupon->certificate.status == DYGW_CERTIFICATE_USED && coupon->verifies->nelts == 0);
}

int dygw_fit_is_gone(const dygw_verification_t *v, const dygw_seen_coupon_t *coupon)
{
    if (!v->verify_id) {
        return coupon->certificate.status == DYGW_CERTIFICATE_UNUSED
               && coupon->verifies->nelts == 0;
    }
    return !dygw_fit_find(coupon, v->verify_id);
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
