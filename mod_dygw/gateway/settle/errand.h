/* SPDX-License-Identifier: Apache-2.0
 * For errand.c and its parts only: the errands of the rows of one request, one after the other. */
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

/* What comes next. */
typedef enum {
    DYGW_ERRAND_STOP,   /* nothing: the row could not be written, and the job has to end */
    DYGW_ERRAND_ASK,    /* job->question */
    DYGW_ERRAND_NEXT    /* the next row: this one is written, and done for now or for good */
} dygw_errand_next_e;

/* --- one row: errand_row.c --- */

/* The row whose turn it is. */
dygw_verification_t *dygw_errand_row(const dygw_job_t *job);

/* Writes the row. 0: the job has to end. */
int dygw_errand_write(dygw_job_t *job);

/* The same for a row that is done: NEXT, or STOP. */
dygw_errand_next_e dygw_errand_go_on(dygw_job_t *job);

/* The same for a row of which a cancel has come to its end. */
dygw_errand_next_e dygw_errand_end_cancel(dygw_job_t *job, dygw_cancel_series_e what);

/* --- what comes late: orphan.c --- */

/* Says when its next look is due; when lateness is over, there is none. */
void dygw_orphan_schedule(dygw_job_t *job);

/* What Douyin shows of the coupon of a row that is marked. */
dygw_errand_next_e dygw_orphan_look(dygw_job_t *job, const dygw_seen_coupon_t *seen);

/* The cancel of an orphan was carried out. */
dygw_errand_next_e dygw_orphan_taken_back(dygw_job_t *job);

#endif
