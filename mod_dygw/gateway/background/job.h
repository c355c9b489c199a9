/* SPDX-License-Identifier: Apache-2.0
 * The room background: work on verifications after their request, and upkeep of the database.
 *
 * A job is one piece of background work: a few questions to Douyin, one after the other, about the
 * rows of one request. What a kind of job asks, and what it makes of the answers, is not known
 * here: the kinds are passed in (gateway/settle/settle.h).
 *
 *   scheduler.c   fetches the rows that are due, and runs many jobs at once in one thread
 *   run.c         a run is one job under way: from its rows to its end
 *   job.c         what the kinds of jobs use: writing the rows of a job, and pauses
 *   clocks.c      watches this host's clock: whether it is set, or differs from Douyin's
 *   recall.c      makes work due that lies too far ahead because a clock was set back
 *   retention.c   removes what is older than DygwRetention
 *   fill.c        fills in reasons that older versions have not recorded
 *   backlog.c     counts what waits, for the metrics
 *
 * The room calls the top of gateway/, and what lies below gateway/. */
#ifndef DYGW_GATEWAY_BACKGROUND_JOB_H
#define DYGW_GATEWAY_BACKGROUND_JOB_H

#include "gateway/gateway.h"

typedef struct dygw_job_t dygw_job_t;

/* What runs all jobs of a thread: see scheduler.h. */
typedef struct dygw_scheduler_t dygw_scheduler_t;

/* A host that begins to lead sends no order query for so long, in ms: the last queries of the
 * leader before may have arrived within the same second. */
#define DYGW_ORDERS_REST_MS 1100

/* A kind of job. Both functions return the next question, or NULL when the job ends: what it found
 * is written by then, and the rows say when they are due again. They may use the database, opened
 * and closed within, and never wait for Douyin. */
typedef struct dygw_job_kind_t {
    const char *name; /* for the log */
    dygw_due_e due;
    const dygw_question_t *(*begin)(dygw_job_t *job);
    const dygw_question_t *(*answered)(dygw_job_t *job, dygw_answer_t answer);
} dygw_job_kind_t;

/* There is one kind for each dygw_due_e. */
#define DYGW_JOB_KINDS 4

struct dygw_job_t {
    const dygw_job_kind_t *kind;
    dygw_ctx_t ctx;             /* its pool is the job's and ends with the job */
    dygw_verification_t **rows; /* all rows of the request, in order, as the table has them */
    int count;
    dygw_question_t question; /* for the kind to fill in and to return */
    void *state;              /* the kind's own, in the job's pool; NULL at first */
    int written;              /* what dygw_job_write returned last; 0 at first. A job that
                               * ends with 0 is not begun again at once */
};

/* What dygw_job_write does with a row: */
#define DYGW_JOB_LEFT    0 /* nothing */
#define DYGW_JOB_CHANGED 1 /* writes it, and sets its updated_at to now */
/* Writes it as it is: nobody may have changed it since it was read. */
#define DYGW_JOB_GUARDED 2

/* Writes rows of the job in one commit. changed: one of the above for each of job->rows. Returns 1
 * when that is done. 0: it is not, because the database is not there or somebody else has changed a
 * row; the job has to end, except when a row has the verify_id of another verification: then *clash
 * is the index of that row in job->rows. *clash is -1 otherwise; clash NULL: the caller does not
 * ask. */
int dygw_job_write(dygw_job_t *job, const int *changed, int *clash);

/* Returns a pause, in ms, before the next try: first for tries 0, doubled with every try, up to
 * max. It is up to a fifth longer or shorter by chance. */
dygw_ms_t dygw_job_pause(int tries, dygw_ms_t first, dygw_ms_t max);

#endif
