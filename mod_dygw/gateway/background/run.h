/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: the two halves of running jobs. run.c takes one job through its life;
 * scheduler.c fetches them and has the turns. */
#ifndef DYGW_GATEWAY_BACKGROUND_RUN_H
#define DYGW_GATEWAY_BACKGROUND_RUN_H

#include <apr_hash.h>

#include "gateway/token.h"
#include "gateway/background/job.h"

#define DYGW_JOB_REST_MS    1000

/* Whose slots a job takes. */
typedef enum { DYGW_JOB_CLASS_URGENT, DYGW_JOB_CLASS_ENRICH, DYGW_JOB_CLASSES } dygw_job_class_e;

/* Without padding: it is hashed. */
typedef struct dygw_job_key_t {
    apr_int64_t first_id;
    apr_int64_t due;
} dygw_job_key_t;

typedef struct dygw_run_t {
    dygw_job_t job;
    dygw_job_key_t key;
    int rows;                           /* that it has */
    dygw_log_t log;                     /* the job's, with its rows' request id */
    const dygw_question_t *question;
    dygw_token_t token;                 /* it was asked with */
    int renewed;                        /* that token was refused, and a newer one used */
    dygw_ms_t rests_until;
    struct dygw_run_t *next;        /* in the list that it is in */
} dygw_run_t;

typedef struct dygw_run_list_t {
    dygw_run_t *first;
    dygw_run_t *last;
    int count;
} dygw_run_list_t;

struct dygw_scheduler_t {
    dygw_ctx_t ctx;                     /* its pool is above those of the jobs */
    const dygw_job_kind_t *const *kinds;
    apr_pool_t *async_pool;
    dygw_douyin_async_t *async;
    apr_hash_t *running;                /* dygw_job_key_t to dygw_run_t */
    int busy[DYGW_JOB_CLASSES];
    int rows[DYGW_JOB_KINDS];           /* of the jobs that run */
    dygw_run_list_t orders;         /* that wait for their place */
    dygw_run_list_t resting;
    dygw_ms_t order_at;                 /* when the next may be sent */
    dygw_ms_t orders_from;              /* and from when to when any may be */
    dygw_ms_t orders_until;
    dygw_ms_t fetch_at;                 /* and the next fetch be made */
    int fetch_waits;
    int caught_up;
    int moved;                          /* jobs that this turn took further */
};

dygw_job_class_e dygw_job_class_of(dygw_due_e due);

void dygw_run_append(dygw_run_list_t *list, dygw_run_t *r);
dygw_run_t *dygw_run_take_first(dygw_run_list_t *list);

/* Makes a job of the group of a row that is due, with all of its rows; it does not begin yet.
 * APR_NOTFOUND: they are gone. */
apr_status_t dygw_run_new(dygw_run_t **r, dygw_scheduler_t *scheduler, dygw_db_t *db,
                          const dygw_job_kind_t *kind, const dygw_due_row_t *row);

/* Both take it as far as it goes without an answer; it may be gone then. */
void dygw_run_begin(dygw_scheduler_t *scheduler, dygw_run_t *r);
void dygw_run_answered(dygw_scheduler_t *scheduler, dygw_run_t *r, dygw_answer_t answer);

/* ms between two order queries; 0: they come as they like. */
dygw_ms_t dygw_run_order_distance(const dygw_scheduler_t *scheduler);

/* How long it is until the next order query may be sent. */
dygw_ms_t dygw_run_order_wait(const dygw_scheduler_t *scheduler);

/* Sends the order query that has waited longest, if it is time: at most one, what was late is not
 * caught up. Lets go of all that wait when another host may lead by now. */
void dygw_run_send_order(dygw_scheduler_t *scheduler);

/* Lets go of the jobs that have rested. */
void dygw_run_end_rests(dygw_scheduler_t *scheduler);

#endif
