/* SPDX-License-Identifier: Apache-2.0
 * What all kinds of jobs use: writing the rows of a job, and pauses. */
#include "gateway/background/job.h"

#include "gateway/db_work.h"
#include "util/compiler.h"
#include "util/crypto.h"

#define JITTER_PARTS 5 /* so a pause is at most a fifth longer or shorter */

typedef struct job_selection_t {
    dygw_verification_t **rows;
    int *numbers; /* the index of each in job->rows */
    int count;
    int clash; /* the index of the row that has another's verify_id */
} job_selection_t;

/* Selects the rows to write. A row that is changed is marked as changed now. */
static job_selection_t select_rows_to_write(const dygw_job_t *job, const int *changed)
{
    apr_size_t room = (apr_size_t)job->count;
    dygw_ms_t now = dygw_now();
    job_selection_t s = { apr_palloc(job->ctx.pool, room * sizeof(*s.rows)),
                          apr_palloc(job->ctx.pool, room * sizeof(*s.numbers)), 0, -1 };
    int i;

    for (i = 0; i < job->count; i++) {
        if (changed[i] == DYGW_JOB_CHANGED) {
            job->rows[i]->updated_at = now;
        }
        if (changed[i] != DYGW_JOB_LEFT) {
            s.rows[s.count] = job->rows[i];
            s.numbers[s.count++] = i;
        }
    }
    return s;
}

static apr_status_t update_rows_with(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    job_selection_t *s = baton;

    return dygw_store_verification_update(db, s->rows, s->count, &s->clash);
}

/* A unit of work whose commit was not answered is done once more: the store recognises what it has
 * written. */
static apr_status_t update_rows(const dygw_job_t *job, job_selection_t *s)
{
    static const apr_status_t ends[] = { APR_NOTFOUND, APR_EEXIST, APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { .ends = ends };

    return dygw_db_work(&job->ctx, update_rows_with, s, &rules);
}

int dygw_job_write(dygw_job_t *job, const int *changed, int *clash)
{
    job_selection_t s = select_rows_to_write(job, changed);
    apr_status_t rv = s.count > 0 ? update_rows(job, &s) : APR_SUCCESS;

    if (clash) {
        *clash = rv == APR_EEXIST ? s.numbers[s.clash] : -1;
    }
    if (rv == APR_NOTFOUND) {
        dygw_log(job->ctx.log, DEBUG, 0,
                 DYGWNO(0441) "verification %" APR_INT64_T_FMT ": it was changed meanwhile; it is "
                              "read again",
                 job->rows[0]->id);
    }
    job->written = rv == APR_SUCCESS;
    return job->written;
}

/* Returns a number between -1 and 1. */
static double random_factor(void)
{
    unsigned char byte = 0;

    dygw_random_bytes(&byte, 1);
    return (double)byte / 127.5 - 1.0;
}

dygw_ms_t dygw_job_pause(int tries, dygw_ms_t first, dygw_ms_t max)
{
    dygw_ms_t pause = first;

    while (tries-- > 0 && pause < max) {
        pause *= 2;
    }
    pause = pause < max ? pause : max;
    return pause + (dygw_ms_t)((double)pause / JITTER_PARTS * random_factor());
}
