/* SPDX-License-Identifier: Apache-2.0
 * The rules of refunds that customers ask for after the redemption. */
#include "gateway/settle/sale.h"

#include "douyin/codes.h"
#include "gateway/background/job.h"
#include "gateway/background/recall.h"
#include "gateway/settle/fit.h"

#define HOUR_MS APR_INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

/* A merchant decides within hours, as a rule; how long he has is not documented. */
#define FOLLOWED_MS (30 * DAY_MS)
#define SOON_MS     600000  /* the pause in the first hour; */
#define HOURLY_MS   HOUR_MS /* on the first day; */
#define DAILY_MS    DAY_MS  /* afterwards */

/* A refusal is final, unless the customer goes on to Douyin, which he does within days. */
#define REFUSED_MS     (3 * DAY_MS)
#define REFUSED_FOR_MS (6 * DAY_MS)

_Static_assert(2 * REFUSED_MS < DYGW_RECALL_SALES_MS,
               "no look lies so far ahead that it is recalled");

int dygw_sale_is_all(const dygw_verification_t *v)
{
    return v->verify_status != DYGW_PROCESSING && v->news == DYGW_NEWS_SALE
           && !(v->verify_status == DYGW_SUCCESS && v->cancel_since != DYGW_NO_TIME);
}

/* Returns how long ago Douyin told of the refund. */
static dygw_ms_t sale_age(const dygw_verification_t *v, dygw_ms_t now)
{
    return v->after_sale_since == DYGW_NO_TIME || v->after_sale_since > now
               ? 0
               : now - v->after_sale_since;
}

static dygw_ms_t sale_pause(const dygw_verification_t *v, dygw_ms_t age)
{
    dygw_ms_t pause = age < HOUR_MS ? SOON_MS : age < DAY_MS ? HOURLY_MS : DAILY_MS;

    if (age < DYGW_SALE_FIRST_MS) {
        return DYGW_SALE_FIRST_MS - age;
    }
    pause = v->after_sale == DYGW_AFTER_SALE_REFUSED ? REFUSED_MS : pause;
    return dygw_job_pause(0, pause, pause);
}

/* Nothing of the refund is to be asked any more. */
static void sale_end(dygw_verification_t *v)
{
    int was_all = dygw_sale_is_all(v);

    v->news &= ~DYGW_NEWS_SALE;
    if (was_all) {
        v->errand_at = DYGW_NO_TIME;
    }
}

static int sale_is_over(const dygw_verification_t *v)
{
    return sale_age(v, dygw_sure_now()) >= FOLLOWED_MS;
}

void dygw_sale_resume(dygw_verification_t *v)
{
    dygw_ms_t now = dygw_now();

    if (v->verify_status == DYGW_FAILED) {
        sale_end(v);
    }
    else if ((v->news & DYGW_NEWS_SALE) && v->errand_at == DYGW_NO_TIME) {
        v->errand_at = now + sale_pause(v, sale_age(v, now));
    }
}

static void sale_wait(dygw_verification_t *v, dygw_ms_t pause)
{
    if (sale_is_over(v)) {
        sale_end(v);
    }
    else {
        v->errand_at = dygw_now() + pause;
    }
}

void dygw_sale_put_off(dygw_verification_t *v)
{
    sale_wait(v, sale_pause(v, sale_age(v, dygw_now())));
}

void dygw_sale_block(dygw_verification_t *v)
{
    sale_wait(v, dygw_job_pause(0, DYGW_SALE_BLOCKED_MS, DYGW_SALE_BLOCKED_MS));
}

static dygw_after_sale_e state_of_refund(int refund_status, dygw_after_sale_e otherwise)
{
    switch (refund_status) {
    case DYGW_REFUND_INITIAL:
    case DYGW_REFUND_WAITING:
    case DYGW_REFUND_ARBITRATION:
        return DYGW_AFTER_SALE_REQUESTED;
    case DYGW_REFUND_AGREED:
    case DYGW_REFUND_FAILED:
        return DYGW_AFTER_SALE_AGREED;
    case DYGW_REFUND_REFUSED:
        return DYGW_AFTER_SALE_REFUSED;
    case DYGW_REFUND_WITHDRAWN:
        return DYGW_AFTER_SALE_CLOSED;
    case DYGW_REFUND_DONE:
        return DYGW_AFTER_SALE_REFUNDED;
    default:
        return otherwise;
    }
}

void dygw_sale_take(dygw_verification_t *v, int refund_status)
{
    dygw_after_sale_e before = v->after_sale;

    v->after_sale = state_of_refund(refund_status, before);
    if (refund_status == DYGW_REFUND_WITHDRAWN || refund_status == DYGW_REFUND_DONE
        || (refund_status == DYGW_REFUND_REFUSED && before == DYGW_AFTER_SALE_REFUSED
            && sale_age(v, dygw_sure_now()) >= REFUSED_FOR_MS)) {
        sale_end(v);
    }
    else {
        dygw_sale_put_off(v);
    }
}

void dygw_sale_note_coupon(dygw_verification_t *v, const dygw_seen_coupon_t *seen)
{
    dygw_ms_t soon = dygw_now() + DYGW_SALE_FIRST_MS;

    if (v->verify_status != DYGW_SUCCESS || seen->certificate.status != DYGW_CERTIFICATE_REFUNDED) {
        return;
    }
    if (seen->certificate.is_times_card || seen->times_count > 0) {
        if (dygw_sale_is_all(v) && v->errand_at > soon) {
            v->errand_at = soon;
        }
        return;
    }
    if (v->after_sale_since == DYGW_NO_TIME) {
        /* Nobody asked for it, and the redemption is not shown: it was cancelled at Douyin, and the
         * coupon refunded as any unused one. News of that come, or come late. */
        if (dygw_fit_is_gone(v, seen)) {
            return;
        }
        v->after_sale_since = dygw_now();
    }
    v->after_sale = DYGW_AFTER_SALE_REFUNDED;
    sale_end(v);
}
