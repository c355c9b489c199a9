/* SPDX-License-Identifier: Apache-2.0
 * For scheduler.c and run.c only: the state of the scheduler and of its runs. A run is one job
 * under way; run.c takes it from its rows to its end, scheduler.c fetches rows and takes turns. */
#ifndef DYGW_GATEWAY_BACKGROUND_RUN_H
#define DYGW_GATEWAY_BACKGROUND_RUN_H

#include <apr_hash.h>

#include "gateway/token.h"
#include "gateway/background/job.h"

#define DYGW_JOB_REST_MS 1000

/* Which slots a job takes: settling and follow-ups, or enriching, or refunds, which nobody waits
 * for. */
typedef enum {
    DYGW_JOB_CLASS_URGENT,
    DYGW_JOB_CLASS_ENRICH,
    DYGW_JOB_CLASS_SALE,
    DYGW_JOB_CLASSES
} dygw_job_class_e;

/* Which job a run is: of two equal keys only one runs. The struct has no padding, because it is
 * hashed. */
typedef struct dygw_job_key_t {
    apr_int64_t first_id;
    apr_int64_t due;
} dygw_job_key_t;

typedef struct dygw_run_t {
    dygw_job_t job;
    dygw_job_key_t key;
    int rows;       /* how many rows the job was made with */
    dygw_log_t log; /* the job's: it writes the id of the job's request */
    const dygw_question_t *question;
    dygw_token_t token; /* the question was asked with it */
    int renewed;        /* the token was refused and renewed for this question */
    dygw_ms_t rests_until;
    struct dygw_run_t *next; /* in the list where the run is */
} dygw_run_t;

typedef struct dygw_run_list_t {
    dygw_run_t *first;
    dygw_run_t *last;
    int count;
} dygw_run_list_t;

struct dygw_scheduler_t {
    dygw_ctx_t ctx; /* its pool outlives those of the jobs */
    const dygw_job_kind_t *const *kinds;
    apr_pool_t *async_pool;
    dygw_douyin_async_t *async;
    apr_hash_t *running;        /* the runs: dygw_job_key_t to dygw_run_t */
    int busy[DYGW_JOB_CLASSES]; /* how many slots of a class have a run */
    int rows[DYGW_JOB_KINDS];   /* how many rows the runs of a kind have */
    dygw_run_list_t orders;     /* runs whose order query waits to be sent */
    dygw_run_list_t resting;
    dygw_ms_t order_at;     /* when the next order query may be sent */
    dygw_ms_t orders_from;  /* no order query is sent before this time, */
    dygw_ms_t orders_until; /* or after this one */
    dygw_ms_t sales_at;     /* when the next refund may be looked at */
    dygw_ms_t fetch_at;     /* when the next fetch may be made */
    int fetch_waits;        /* this turn has put the fetch off until then */
    int caught_up;          /* see dygw_scheduler_caught_up */
    int moved;              /* jobs that this turn has taken further */
};

/* Returns which slots a job of this kind takes. */
dygw_job_class_e dygw_job_class_of(dygw_due_e due);

/* Both functions are for one list at a time: a run is in one list or in none. The list from which
 * the first run is taken must not be empty. */
void dygw_run_append(dygw_run_list_t *list, dygw_run_t *r);
dygw_run_t *dygw_run_take_first(dygw_run_list_t *list);

/* Makes a run of the request of a row that is due, and reads all of its rows. The job does not
 * begin yet. APR_NOTFOUND: the rows are gone. Other errors are the database's. */
apr_status_t dygw_run_new(dygw_run_t **r, dygw_scheduler_t *scheduler, dygw_db_t *db,
                          const dygw_job_kind_t *kind, const dygw_due_row_t *row);

/* Both functions take the run as far as it goes without an answer. Afterwards r may have ended, and
 * its memory be gone. */
void dygw_run_begin(dygw_scheduler_t *scheduler, dygw_run_t *r);
void dygw_run_answered(dygw_scheduler_t *scheduler, dygw_run_t *r, dygw_answer_t answer);

/* Returns the pause between two order queries, in ms; 0: they are not limited. */
dygw_ms_t dygw_run_order_distance(const dygw_scheduler_t *scheduler);

/* Returns how many ms it takes until the next order query may be sent. */
dygw_ms_t dygw_run_order_wait(const dygw_scheduler_t *scheduler);

/* Sends the order query that has waited longest, if one may be sent: at most one, since queries
 * that come late must not be sent together. When another host may lead by now, all runs that wait
 * to send an order query end. */
void dygw_run_send_order(dygw_scheduler_t *scheduler);

/* Ends the runs that have rested. */
void dygw_run_end_rests(dygw_scheduler_t *scheduler);

#endif
