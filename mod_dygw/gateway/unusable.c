/* SPDX-License-Identifier: Apache-2.0
 * Why a coupon cannot be used, by what Douyin shows of it. */
#include "gateway/unusable.h"

/* A card that is listed without figures may have uses left. */
static int has_uses_left(const dygw_seen_coupon_t *c)
{
    return c->certificate.is_times_card && (c->times_count == 0 || c->times_used < c->times_count);
}

/* What was redeemed is shown as that before its status tells it. */
static int is_verified(const dygw_seen_coupon_t *c)
{
    return c->verifies->nelts > 0 && !has_uses_left(c);
}

/* In the order in which they are asked, and whether they depend on the time. */
static const struct {
    dygw_reason_e reason;
    int is_of_time;
} causes[] = {
    { DYGW_REASON_ALREADY_USED, 0 },  { DYGW_REASON_REFUNDED, 0 },
    { DYGW_REASON_REFUNDING, 0 },     { DYGW_REASON_EXPIRED, 1 },
    { DYGW_REASON_NOT_YET_VALID, 1 }, { DYGW_REASON_UNUSABLE_NOW, 1 },
    { DYGW_REASON_NO_USES_LEFT, 0 },  { DYGW_REASON_WRONG_STORE, 0 },
};

#define CAUSES (sizeof causes / sizeof *causes)

static int is_cause(const dygw_shown_t *shown, apr_size_t cause, int i, const dygw_terms_t *terms)
{
    const dygw_seen_coupon_t *coupon = &shown->coupons[i];
    const dygw_reason_e reason = causes[cause].reason;

    if (causes[cause].is_of_time && !shown->at.by_douyin) {
        return 0;
    }
    return dygw_usable_is_barred(reason, &coupon->certificate, terms, &shown->at)
           || (reason == DYGW_REASON_ALREADY_USED && is_verified(coupon));
}

dygw_reason_e dygw_unusable_why(const dygw_shown_t *shown, apr_pool_t *pool)
{
    apr_size_t found = CAUSES;

    for (int i = 0; i < shown->count; i++) {
        dygw_terms_t terms;

        dygw_douyin_terms(&shown->coupons[i].certificate, &terms, pool);
        for (apr_size_t cause = 0; cause < found; cause++) {
            found = is_cause(shown, cause, i, &terms) ? cause : found;
        }
    }
    return found < CAUSES ? causes[found].reason : DYGW_REASON_NONE;
}

int dygw_unusable_is_open(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_FAILED
           && dygw_reason_is_open(v->error_code, v->error_description);
}

void dygw_unusable_explain(dygw_verification_t *v, const dygw_shown_t *shown, apr_pool_t *pool)
{
    dygw_reason_e reason
        = dygw_unusable_is_open(v) ? dygw_unusable_why(shown, pool) : DYGW_REASON_NONE;

    if (reason != DYGW_REASON_NONE) {
        v->reason = dygw_reason_word(reason);
    }
}
