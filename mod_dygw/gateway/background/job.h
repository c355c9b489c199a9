/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: one piece of background work, which is a few questions to Douyin, one after
 * the other, about the rows of one request. scheduler.c runs many at once. What a kind of job asks
 * and concludes is not known here: the kinds are passed in. */
#ifndef DYGW_GATEWAY_BACKGROUND_JOB_H
#define DYGW_GATEWAY_BACKGROUND_JOB_H

#include "gateway/gateway.h"

typedef struct dygw_job_t dygw_job_t;

/* All jobs of a thread: see scheduler.h. */
typedef struct dygw_scheduler_t dygw_scheduler_t;

/* So long no order queries are sent by a host that begins to lead: the last of the one before are
 * in the same second. */
#define DYGW_ORDERS_REST_MS 1100

/* Both give the next question, or NULL when the job is done, for now or for good: what it found is
 * written then, and the rows say when they are due again. They may use the database (opened and
 * closed within), and never wait for Douyin. */
typedef struct dygw_job_kind_t {
    const char *name;       /* for the log */
    dygw_due_e due;
    const dygw_question_t *(*begin)(dygw_job_t *job);
    const dygw_question_t *(*answered)(dygw_job_t *job, dygw_answer_t answer);
} dygw_job_kind_t;

/* One kind for each of dygw_due_e. */
#define DYGW_JOB_KINDS      3

struct dygw_job_t {
    const dygw_job_kind_t *kind;
    dygw_ctx_t ctx;                 /* its pool is the job's, gone when it is done */
    dygw_verification_t **rows;     /* all of the request, in order, as the table has them */
    int count;
    dygw_question_t question;       /* for the kind to fill in and return */
    void *state;                    /* the kind's own, in that pool; NULL at first */
    int written;                    /* dygw_job_write's last word; 0 at first. A job that ends
                                     * without is not begun again at once */
};

/* What dygw_job_write does with a row. */
#define DYGW_JOB_LEFT       0   /* nothing */
#define DYGW_JOB_CHANGED    1   /* has news; its updated_at is set to now */
#define DYGW_JOB_GUARDED    2   /* has none for who reads it, but must still be as it was read */

/* Writes rows of the job in one commit; `changed` has one of the above for each of job->rows. 0:
 * not done, because the database is not there or somebody else changed a row: the job has to end.
 * A verify_id that is another record's is told in *clash, when that is not NULL, as an index of
 * rows; else -1. */
int dygw_job_write(dygw_job_t *job, const int *changed, int *clash);

/* How long to wait, in ms, before trying again: it doubles with every try (from 0) from first to
 * max ms, up to a fifth longer or shorter at random. */
dygw_ms_t dygw_job_pause(int tries, dygw_ms_t first, dygw_ms_t max);

#endif
