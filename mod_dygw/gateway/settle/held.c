/* SPDX-License-Identifier: Apache-2.0
 * Rows of a request that waits for another verification with the same code, see gateway/code_use.h.
 * Nothing was sent for them. The job looks at that verification every time that they are due, until
 * it is settled: then they are sent, or have failed. */
#include "gateway/code_use.h"
#include "gateway/db_work.h"
#include "gateway/record.h"
#include "gateway/settle/pace.h"
#include "gateway/settle/settle_state.h"

/* Whether nothing was ever sent for these rows, and they may be sent. */
static int are_unsent_by_code(const dygw_job_t *job)
{
    int i;

    for (i = 0; i < job->count; i++) {
        const dygw_verification_t *v = job->rows[i];

        if (v->mode != DYGW_MODE_CODE || !dygw_settle_is_open(v) || v->attempts > 0
            || v->cancel_since != DYGW_NO_TIME) {
            return 0;
        }
    }
    return 1;
}

static void hold_row(const dygw_job_t *job, dygw_verification_t *v, const dygw_code_use_t *code)
{
    dygw_ms_t now = dygw_now();

    v->updated_at = now;
    if (code->use == DYGW_CODE_WAITS) {
        v->next_run_at = dygw_pace_held(v, now);
        return;
    }
    dygw_record_fail(v, DYGW_OUTCOME_NOT_OURS, dygw_code_used_text(code->by, job->ctx.pool));
    dygw_settle_finish(v);
}

int dygw_settle_is_held(dygw_job_t *job)
{
    dygw_code_use_t code = { .rows = job->rows, .count = job->count };
    int changed[DYGW_COUNT_MAX] = { 0 };
    int i;

    if (!are_unsent_by_code(job)) {
        return 0;
    }
    if (dygw_db_work(&job->ctx, dygw_code_look, &code, DYGW_DB_ONCE) != APR_SUCCESS) {
        return 1;
    }
    if (code.use == DYGW_CODE_FREE) {
        return 0;
    }
    for (i = 0; i < job->count; i++) {
        hold_row(job, job->rows[i], &code);
        changed[i] = DYGW_JOB_CHANGED;
    }
    dygw_settle_write(job, changed, NULL);
    return 1;
}
