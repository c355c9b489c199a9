/* SPDX-License-Identifier: Apache-2.0
 * The rules of cancelling that a caller's request and the job follow-up share. */
#include <apr_strings.h>

#include "douyin/codes.h"
#include "gateway/reasons.h"
#include "gateway/record.h"
#include "gateway/settle/cancelled.h"
#include "gateway/settle/late.h"
#include "gateway/settle/sale.h"

#define AHEAD_MAX_MS 600000 /* a lease never lasts so long; if one does, a clock was set back */

const char *dygw_cancel_token(const dygw_gateway_t *gateway, const dygw_verification_t *v,
                              apr_pool_t *pool)
{
    return gateway->use_cancel_token ? apr_pstrcat(pool, "dygw-", v->verify_id, NULL) : NULL;
}

dygw_ms_t dygw_cancel_not_before(dygw_verification_t *const *rows, int count)
{
    dygw_ms_t latest = dygw_now() + AHEAD_MAX_MS;
    dygw_ms_t until = 0;
    int i;

    for (i = 0; i < count; i++) {
        dygw_ms_t lease_until = rows[i]->lease_until;

        if (rows[i]->verify_status == DYGW_PROCESSING && lease_until > until
            && lease_until < latest) {
            until = lease_until;
        }
    }
    return until;
}

/* The cancel has come to its end. What may be left to look into is news of a webhook that came
 * meanwhile, or a verify that may be applied late. */
static void end_cancel_follow_up(dygw_verification_t *v)
{
    v->last_error = NULL;
    v->errand_at = v->news & DYGW_NEWS_WEBHOOK ? v->updated_at : DYGW_NO_TIME;
    dygw_late_resume(v);
}

void dygw_cancel_done(dygw_verification_t *v)
{
    v->updated_at = dygw_now();
    v->verify_status = DYGW_CANCELLED;
    dygw_record_error(v, 0, NULL);
    v->coupon_status = DYGW_COUPON_UNUSED;
    v->cancelable_until = DYGW_NO_TIME;
    if (v->enrichment_status == DYGW_ENRICH_PENDING) {
        v->enrichment_status = DYGW_ENRICH_SKIPPED;
    }
    v->next_run_at = DYGW_NO_TIME;
    end_cancel_follow_up(v);
    dygw_late_expect(v);
    dygw_sale_resume(v);
}

void dygw_cancel_refused(dygw_verification_t *v, const dygw_reply_t *reply)
{
    v->updated_at = dygw_now();
    /* Of a cancel that came too late, only the second number tells. */
    dygw_record_error(v, reply->error_code, reply->description);
    if (reply->sub_error_code == DYGW_CODE_TOO_LATE_TO_CANCEL) {
        v->reason = dygw_reason_word(DYGW_REASON_CANCEL_TOO_LATE);
    }
    v->cancel_since = DYGW_NO_TIME;
    v->cancels = 0;
    end_cancel_follow_up(v);
    dygw_sale_resume(v);
}
