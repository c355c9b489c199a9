/* SPDX-License-Identifier: Apache-2.0
 * The rules of late verifies: when an orphan is possible, and which orphans may be cancelled. */
#include "gateway/settle/late.h"

#include "gateway/settle/pace.h"

int dygw_late_is_over(dygw_ms_t last_sent, dygw_ms_t now)
{
    return now >= last_sent + DYGW_LATE_MS;
}

static int can_be_redeemed(const dygw_verification_t *v)
{
    return v->coupon_status != DYGW_COUPON_REFUNDED
           && !(v->verify_status == DYGW_SUCCESS && v->coupon_status == DYGW_COUPON_USED);
}

/* Whether a verify may still be applied, as far as this row tells. If the request had several rows,
 * the code of this row was also in repetitions for the others. */
static int late_may_come(const dygw_verification_t *v)
{
    if (v->attempts == 0 || !v->encrypted_code || !can_be_redeemed(v)) {
        return 0;
    }
    if (v->item_count > 1) {
        return 1;
    }
    return (v->attempts > 1 || v->confirmed_by != DYGW_BY_RESPONSE)
           && !dygw_late_is_over(dygw_last_sent(v), dygw_sure_now());
}

void dygw_late_resume(dygw_verification_t *v)
{
    if ((v->news & DYGW_NEWS_LATE) && v->errand_at == DYGW_NO_TIME) {
        v->errand_at = dygw_pace_late(dygw_last_sent(v), dygw_now());
    }
}

void dygw_late_expect(dygw_verification_t *v)
{
    if (late_may_come(v)) {
        v->news |= DYGW_NEWS_LATE;
    }
    dygw_late_resume(v);
}

void dygw_late_alarm(dygw_verification_t *v, dygw_ms_t now)
{
    v->news |= DYGW_NEWS_LATE | DYGW_NEWS_ORPHAN;
    v->errand_at = now;
}

int dygw_late_is_possible(dygw_verification_t *const *rows, int count)
{
    int answered = 0;
    int i;

    for (i = 0; i < count; i++) {
        if (rows[i]->attempts > 1 || rows[i]->repeats > 0) {
            return 1;
        }
        answered |= rows[i]->confirmed_by == DYGW_BY_RESPONSE;
    }
    return !answered;
}

dygw_ms_t dygw_late_last_sent(dygw_verification_t *const *rows, int count)
{
    dygw_ms_t last = dygw_last_sent(rows[0]);
    int i;

    for (i = 1; i < count; i++) {
        last = dygw_last_sent(rows[i]) > last ? dygw_last_sent(rows[i]) : last;
    }
    return last;
}

int dygw_late_is_ours(const dygw_verification_t *v, const dygw_seen_verify_t *orphan)
{
    return (v->news & DYGW_NEWS_ORPHAN)
           || (dygw_fit_names_store(orphan)
               && (v->verify_status != DYGW_FAILED || v->error_code == DYGW_OUTCOME_GIVEN_UP
                   || v->error_code == DYGW_OUTCOME_NOT_OURS));
}
