/* SPDX-License-Identifier: Apache-2.0
 * The row of an errand whose turn it is, and its end. */
#include "gateway/settle/errand.h"

#include "gateway/redemption.h"

dygw_verification_t *dygw_errand_row(const dygw_job_t *job)
{
    const dygw_errand_t *e = job->state;

    return job->rows[e->at];
}

int dygw_errand_write(dygw_job_t *job)
{
    dygw_errand_t *e = job->state;
    int changed[DYGW_COUNT_MAX] = { 0 };
    int clash;

    changed[e->at] = DYGW_JOB_CHANGED;
    if (dygw_job_write(job, changed, &clash)) {
        return 1;
    }
    e->clash = clash >= 0;
    return 0;
}

dygw_errand_next_e dygw_errand_go_on(dygw_job_t *job)
{
    return dygw_errand_write(job) ? DYGW_ERRAND_NEXT : DYGW_ERRAND_STOP;
}

dygw_errand_next_e dygw_errand_end_cancel(dygw_job_t *job, dygw_cancel_series_e what)
{
    if (!dygw_errand_write(job)) {
        return DYGW_ERRAND_STOP;
    }
    dygw_count(job->ctx.gateway->metrics, DYGW_COUNT_CANCELS, what);
    return DYGW_ERRAND_NEXT;
}
