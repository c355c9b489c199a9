/* SPDX-License-Identifier: Apache-2.0
 * What all kinds of jobs need: writing their rows, and pauses. */
#include "gateway/background/job.h"

#include "util/crypto.h"

#define UNITS_OF_WORK   2   /* a connection that dies in one is not the next one's */
#define JITTER_PARTS    5   /* a pause is at most a fifth longer or shorter */

typedef struct selection_t {
    dygw_verification_t **rows;
    int *numbers;               /* where they are in job->rows */
    int count;
} selection_t;

/* The rows to be written, with those of which there is news as changed now. */
static selection_t select_changed(const dygw_job_t *job, const int *changed)
{
    apr_size_t room = (apr_size_t)job->count;
    dygw_ms_t now = dygw_now();
    selection_t s = { apr_palloc(job->ctx.pool, room * sizeof(*s.rows)),
                      apr_palloc(job->ctx.pool, room * sizeof(*s.numbers)), 0 };
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

/* In a second unit of work when the first breaks; a commit whose answer was lost is recognised. */
static apr_status_t update(const dygw_job_t *job, const selection_t *s, int *which)
{
    apr_status_t rv = APR_EGENERAL;
    int unit;

    for (unit = 0; unit < UNITS_OF_WORK; unit++) {
        dygw_db_t *db;

        rv = dygw_db_open(&db, job->ctx.gateway->db, job->ctx.log, job->ctx.pool);
        if (rv != APR_SUCCESS) {
            break;
        }
        rv = dygw_store_verification_update(db, s->rows, s->count, which);
        dygw_db_close(db);
        if (rv == APR_SUCCESS || rv == APR_NOTFOUND || rv == APR_EEXIST || rv == APR_TIMEUP) {
            break;
        }
    }
    return rv;
}

int dygw_job_write(dygw_job_t *job, const int *changed, int *clash)
{
    selection_t s = select_changed(job, changed);
    int which = -1;
    apr_status_t rv = s.count > 0 ? update(job, &s, &which) : APR_SUCCESS;

    if (clash) {
        *clash = rv == APR_EEXIST ? s.numbers[which] : -1;
    }
    if (rv == APR_NOTFOUND) {
        dygw_log(job->ctx.log, DEBUG, 0,
                 DYGWNO(0441) "verification %" APR_INT64_T_FMT ": it was changed meanwhile; it is "
                              "read again", job->rows[0]->id);
    }
    job->written = rv == APR_SUCCESS;
    return job->written;
}

/* -1 to 1. */
static double chance(void)
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
    return pause + (dygw_ms_t)((double)pause / JITTER_PARTS * chance());
}
