/* SPDX-License-Identifier: Apache-2.0
 * For follow_up.c, follow_up_row.c and orphan.c only: the state of the job follow-up, and what
 * these files use of each other. The job does the follow-ups of the rows of one request, one row
 * after the other. */
#ifndef DYGW_GATEWAY_SETTLE_FOLLOW_UP_H
#define DYGW_GATEWAY_SETTLE_FOLLOW_UP_H

#include "gateway/background/job.h"

/* 2 h, in ms: for so long a cancel is tried. Douyin allows a cancel for 1 h. */
#define DYGW_CANCEL_FOR_MS APR_INT64_C(7200000)

/* The state of the job. */
typedef struct dygw_follow_up_t {
    int at;                      /* the index of the row whose turn it is; -1: none yet */
    const dygw_reply_t *refusal; /* Douyin's refusal of the row's cancel; NULL: none yet */
    int clash;                   /* the row's new verify_id is another verification's */
} dygw_follow_up_t;

/* What the job does next. */
typedef enum {
    DYGW_FOLLOW_UP_STOP, /* the job ends, because the row could not be written */
    DYGW_FOLLOW_UP_ASK,  /* the job asks job->question */
    DYGW_FOLLOW_UP_NEXT  /* the job goes to the next row; this row is written and done */
} dygw_follow_up_next_e;

/* --- one row: follow_up_row.c --- */

/* Returns the row whose turn it is. The functions below are about this row. */
dygw_verification_t *dygw_follow_up_row(const dygw_job_t *job);

/* Writes the row. 0: this failed, and the job has to end. */
int dygw_follow_up_write(dygw_job_t *job);

/* Writes the row, which is done. Returns NEXT, or STOP if it could not be written. */
dygw_follow_up_next_e dygw_follow_up_go_on(dygw_job_t *job);

/* The same for a row of which a cancel has come to an end, which is counted in the metrics as
 * `what`. */
dygw_follow_up_next_e dygw_follow_up_end_cancel(dygw_job_t *job, dygw_cancel_series_e what);

/* --- orphans: orphan.c --- */

/* Sets when the row is to be looked at for an orphan next; never, when it is too late for any. */
void dygw_orphan_schedule(dygw_job_t *job);

/* Goes on with a row that may have an orphan (DYGW_NEWS_LATE) by what Douyin shows of its
 * coupon. */
dygw_follow_up_next_e dygw_orphan_look(dygw_job_t *job, const dygw_seen_coupon_t *seen);

/* Goes on with a row whose orphan Douyin has just cancelled. */
dygw_follow_up_next_e dygw_orphan_taken_back(dygw_job_t *job);

#endif
