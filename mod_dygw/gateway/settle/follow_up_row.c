/* SPDX-License-Identifier: Apache-2.0
 * The row of the job follow-up whose turn it is: reading it from the job, and writing it. */
#include "gateway/settle/follow_up.h"

#include "gateway/redemption.h"
#include "gateway/settle/sale.h"

dygw_verification_t *dygw_follow_up_row(const dygw_job_t *job)
{
    const dygw_follow_up_t *state = job->state;

    return job->rows[state->at];
}

int dygw_follow_up_write(dygw_job_t *job)
{
    dygw_follow_up_t *state = job->state;
    int changed[DYGW_COUNT_MAX] = { 0 };
    int clash;

    dygw_sale_resume(job->rows[state->at]);
    changed[state->at] = DYGW_JOB_CHANGED;
    if (dygw_job_write(job, changed, &clash)) {
        return 1;
    }
    state->clash = clash >= 0;
    return 0;
}

dygw_follow_up_next_e dygw_follow_up_go_on(dygw_job_t *job)
{
    return dygw_follow_up_write(job) ? DYGW_FOLLOW_UP_NEXT : DYGW_FOLLOW_UP_STOP;
}

dygw_follow_up_next_e dygw_follow_up_end_cancel(dygw_job_t *job, dygw_cancel_series_e what)
{
    if (!dygw_follow_up_write(job)) {
        return DYGW_FOLLOW_UP_STOP;
    }
    dygw_count(job->ctx.gateway->metrics, DYGW_COUNT_CANCELS, what);
    return DYGW_FOLLOW_UP_NEXT;
}
