/* SPDX-License-Identifier: Apache-2.0
 * For settle.c and its parts only: the settling of the rows of one request. */
#ifndef DYGW_GATEWAY_SETTLE_SETTLE_STATE_H
#define DYGW_GATEWAY_SETTLE_SETTLE_STATE_H

#include "gateway/background/job.h"
#include "gateway/settle/judge.h"

/* The state of the job. */
typedef struct dygw_settle_t {
    dygw_evidence_t evidence;
    int asked[DYGW_COUNT_MAX];      /* by get, in this look */
    int news[DYGW_COUNT_MAX];       /* a webhook was the reason */
    int fits[DYGW_COUNT_MAX];       /* a verification that may be the row's was shown last */
    dygw_ms_t sent_before[DYGW_COUNT_MAX];
    int refused;                    /* a repetition was, just now, by Douyin's platform; */
    int rests;                      /* because a quota is used up */
} dygw_settle_t;

/* Whether it is still to be settled. */
int dygw_settle_is_open(const dygw_verification_t *v);

/* For a row that is settled now. If its caller has given it up, a success has to be taken back. One
 * that failed and may be applied late all the same is for the caller to give to late.h. */
void dygw_settle_finish(dygw_verification_t *v);

/* Says when the open rows are due next. */
void dygw_settle_schedule(const dygw_job_t *job, dygw_ms_t now);

/* dygw_job_write, with a line in the log for each row that it settled, and a count; what waited for
 * one of these is due now. */
int dygw_settle_write(dygw_job_t *job, const int *changed, int *clash);

/* Whether Douyin shows now all that the settled rows of the request have redeemed, for their codes
 * are in a repetition too. */
int dygw_settle_redeemed_are_shown(const dygw_job_t *job);

/* Gives a follow-up to each settled row whose redemption Douyin shows no more, by what is seen. */
void dygw_settle_note_gone(dygw_job_t *job);

/* Douyin's raw answer, for the records of the open rows. */
void dygw_settle_keep_answer(const dygw_job_t *job, const char *call, const dygw_reply_t *reply);

/* --- the repetition: repeat.c --- */

/* Counts one in the open rows, which have to be written before it is sent. */
void dygw_repeat_count(const dygw_job_t *job, dygw_ms_t now);

/* The very same verify. */
const dygw_question_t *dygw_repeat_question(dygw_job_t *job);

/* Takes in and writes what it was answered. Gives whether the coupons have to be looked at now;
 * 0 also where the rows could not be written. */
int dygw_repeat_answered(dygw_job_t *job, const dygw_verify_reply_t *answer);

#endif
