/* SPDX-License-Identifier: Apache-2.0
 * For errand.c and its part orphan.c only: the errands of the rows of one request. */
#ifndef DYGW_GATEWAY_SETTLE_ERRAND_H
#define DYGW_GATEWAY_SETTLE_ERRAND_H

#include "gateway/background/job.h"

#define DYGW_CANCEL_FOR_MS  APR_INT64_C(7200000)    /* 2 h: Douyin allows one hour */

/* The state of the job. */
typedef struct dygw_errand_t {
    int at;                         /* which row; -1: none yet */
    const dygw_reply_t *refusal;    /* of its cancel, just now; NULL: none */
    int clash;                      /* the verify_id that it learned is another record's */
} dygw_errand_t;

/* The row whose turn it is. */
static inline dygw_verification_t *dygw_errand_row(const dygw_job_t *job)
{
    const dygw_errand_t *e = job->state;

    return job->rows[e->at];
}

/* 0: the job has to end. */
int dygw_errand_write(dygw_job_t *job);

/* The same, and then the question of the next row. */
const dygw_question_t *dygw_errand_go_on(dygw_job_t *job);

/* The same for a row of which a cancel has come to its end. */
const dygw_question_t *dygw_errand_end_cancel(dygw_job_t *job, dygw_cancel_series_e what);

/* --- what comes late: orphan.c --- */

/* Says when its next look is due; when lateness is over, there is none. */
void dygw_orphan_schedule(dygw_job_t *job);

/* What Douyin shows of the coupon of a row that is marked. Gives the next question. */
const dygw_question_t *dygw_orphan_look(dygw_job_t *job, const dygw_seen_coupon_t *seen);

/* The cancel of an orphan was carried out. */
const dygw_question_t *dygw_orphan_taken_back(dygw_job_t *job);

#endif
