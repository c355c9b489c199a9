/* SPDX-License-Identifier: Apache-2.0
 * Why a coupon cannot be used, by what Douyin shows of it. */
#include "gateway/unusable.h"

#include "util/compiler.h"

/* A card that is listed without figures may have uses left. */
static int has_uses_left(const dygw_seen_coupon_t *c)
{
    return c->certificate.is_times_card && (c->times_count == 0 || c->times_used < c->times_count);
}

static int is_used(const dygw_seen_coupon_t *c, DYGW_UNUSED dygw_ms_t at)
{
    return c->certificate.status == DYGW_CERTIFICATE_USED
           || (c->verifies->nelts > 0 && !has_uses_left(c));
}

static int is_refunded(const dygw_seen_coupon_t *c, DYGW_UNUSED dygw_ms_t at)
{
    return c->certificate.status == DYGW_CERTIFICATE_REFUNDED;
}

static int is_refunding(const dygw_seen_coupon_t *c, DYGW_UNUSED dygw_ms_t at)
{
    return c->certificate.status == DYGW_CERTIFICATE_REFUND_REQUESTED
           || c->certificate.status == DYGW_CERTIFICATE_REFUNDING;
}

static int is_expired(const dygw_seen_coupon_t *c, dygw_ms_t at)
{
    return at != DYGW_NO_TIME && c->certificate.expire_time != DYGW_NO_TIME
           && c->certificate.expire_time < at;
}

static int is_for_later(const dygw_seen_coupon_t *c, dygw_ms_t at)
{
    return at != DYGW_NO_TIME && c->certificate.start_time != DYGW_NO_TIME
           && c->certificate.start_time > at;
}

static int is_used_up(const dygw_seen_coupon_t *c, DYGW_UNUSED dygw_ms_t at)
{
    return c->times_count > 0 && c->times_used >= c->times_count;
}

/* In the order in which they are asked. */
static const struct {
    int (*is_so)(const dygw_seen_coupon_t *c, dygw_ms_t at);
    dygw_reason_e reason;
} causes[] = {
    { is_used, DYGW_REASON_ALREADY_USED },       { is_refunded, DYGW_REASON_REFUNDED },
    { is_refunding, DYGW_REASON_REFUNDING },     { is_expired, DYGW_REASON_EXPIRED },
    { is_for_later, DYGW_REASON_NOT_YET_VALID }, { is_used_up, DYGW_REASON_NO_USES_LEFT },
};

dygw_reason_e dygw_unusable_why(const dygw_shown_t *shown)
{
    apr_size_t cause;
    int i;

    for (cause = 0; cause < sizeof causes / sizeof *causes; cause++) {
        for (i = 0; i < shown->count; i++) {
            if (causes[cause].is_so(&shown->coupons[i], shown->at)) {
                return causes[cause].reason;
            }
        }
    }
    return DYGW_REASON_NONE;
}

int dygw_unusable_is_open(const dygw_verification_t *v)
{
    return v->verify_status == DYGW_FAILED
           && dygw_reason_is_open(v->error_code, v->error_description);
}

void dygw_unusable_explain(dygw_verification_t *v, const dygw_shown_t *shown)
{
    dygw_reason_e reason = dygw_unusable_is_open(v) ? dygw_unusable_why(shown) : DYGW_REASON_NONE;

    if (reason != DYGW_REASON_NONE) {
        v->reason = dygw_reason_word(reason);
    }
}
