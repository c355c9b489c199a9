/* SPDX-License-Identifier: Apache-2.0
 * For settle.c, settle_state.c, held.c and repeat.c only: the state of the job that settles the
 * rows of one request, and what these files use of each other. An open row is one that is still
 * `processing`. */
#ifndef DYGW_GATEWAY_SETTLE_SETTLE_STATE_H
#define DYGW_GATEWAY_SETTLE_SETTLE_STATE_H

#include "gateway/background/job.h"
#include "gateway/settle/judge.h"

/* The state of the job. Arrays have an entry for each row. */
typedef struct dygw_settle_t {
    dygw_evidence_t evidence;
    int asked[DYGW_COUNT_MAX]; /* this look has asked get for the row's code */
    int news[DYGW_COUNT_MAX];  /* not 0: news made the row due */
    dygw_ms_t shown_at;        /* Douyin's clock when it showed a coupon last; may be NO_TIME */
    int fits[DYGW_COUNT_MAX];  /* the last look showed a redemption that may be the row's */
    dygw_ms_t sent_before[DYGW_COUNT_MAX]; /* sent_at before the repetition was counted */
    int refused;                           /* Douyin's platform has just refused a repetition, */
    int rests;                             /* because a quota is used up */
} dygw_settle_t;

/* Whether the row is open. */
int dygw_settle_is_open(const dygw_verification_t *v);

/* Sets the reason of the i-th row, if it has failed and its number leaves that open, by the coupon
 * as it was shown last. Nobody is asked. */
void dygw_settle_explain(const dygw_job_t *job, int i);

/* Ends the work on a row that has just been settled: clears what was noted while it was open, and
 * makes a follow-up due where its caller has given up what is now a success. For a row that failed,
 * the caller of this function calls dygw_late_expect itself, when the answer leaves it possible
 * that a verify is applied late. */
void dygw_settle_finish(dygw_verification_t *v);

/* Sets when the open rows are due next. */
void dygw_settle_schedule(const dygw_job_t *job, dygw_ms_t now);

/* Writes rows as dygw_job_write does, with the same parameters and result. Then logs and counts
 * each row that this settled, and makes the rivals due that waited for it. */
int dygw_settle_write(dygw_job_t *job, const int *changed, int *clash);

/* Whether Douyin shows the redemptions of all `success` rows of the request. A repetition has the
 * codes of these rows too, and would redeem anew what is not redeemed any more. */
int dygw_settle_redeemed_are_shown(const dygw_job_t *job);

/* Makes a follow-up due for each `success` row whose redemption the last look does not show any
 * more. */
void dygw_settle_note_gone(dygw_job_t *job);

/* Adds Douyin's raw answer to the open rows, under the name of the call. */
void dygw_settle_keep_answer(const dygw_job_t *job, const char *call, const dygw_reply_t *reply);

/* Whether the rows have to wait, or have failed, because another verification has their code, see
 * gateway/code_use.h; what is to be written is written. Only rows are asked for that were never
 * sent. The job ends then; also when the database does not tell. */
int dygw_settle_is_held(dygw_job_t *job);

/* --- the repetition: repeat.c --- */

/* Counts a repetition in the open rows. They have to be written before the repetition is sent. */
void dygw_repeat_count(const dygw_job_t *job, dygw_ms_t now);

/* Returns the question that repeats the verify of the request: the same token and the same
 * codes. */
const dygw_question_t *dygw_repeat_question(dygw_job_t *job);

/* Applies the answer to a repetition to the rows, and writes them. Returns whether the coupons have
 * to be looked at now; 0, too, where the rows could not be written. */
int dygw_repeat_answered(dygw_job_t *job, const dygw_verify_reply_t *answer);

#endif
