/* SPDX-License-Identifier: Apache-2.0
 * For gateway/reports/ only: a run, which is the reconciliation of one day of one account while it
 * is under way. reconcile.c begins, continues and ends a run; reconcile_fetch.c asks Douyin;
 * reconcile_steps.c works with the database. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILE_RUN_H
#define DYGW_GATEWAY_REPORTS_RECONCILE_RUN_H

#include "gateway/db_work.h"
#include "gateway/token.h"
#include "gateway/reports/match.h"
#include "gateway/reports/reconcile_days.h"
#include "store/reconciliation.h"

/* What a run does next, in this order: see reconcile.c. */
typedef enum {
    DYGW_RECONCILE_FETCH,
    DYGW_RECONCILE_READ,
    DYGW_RECONCILE_FIND,
    DYGW_RECONCILE_WRITE,
    DYGW_RECONCILE_SHOW,
    DYGW_RECONCILE_TIDY,
    DYGW_RECONCILE_OVER
} dygw_reconcile_step_e;

typedef struct dygw_reconcile_run_t {
    dygw_ctx_t ctx;             /* its pool is the run's, destroyed when the run ends */
    dygw_reconciliation_t *row; /* the day's row, as it was when the run began */
    dygw_match_t *match;
    dygw_day_times_t times;
    int is_final; /* it began when Douyin's records were complete; else the day is made again */
    dygw_reconcile_step_e step;
    const char *failed; /* why the run cannot go on; NULL: it can */
    dygw_ms_t next_at;  /* with failed: when to try again; DYGW_NO_TIME: never */
    int tries;          /* with failed: how many have come to nothing */
    /* fetch */
    dygw_douyin_async_t *async; /* outlives the run */
    apr_pool_t *page_pool;      /* of one call to Douyin, cleared after each */
    dygw_question_t question;
    dygw_token_t token;
    int under_way;    /* a call to Douyin is */
    int renewed;      /* Douyin refused the token, and a newer one is used */
    int failures;     /* calls for the present page that failed */
    int pages;        /* that Douyin has given so far, */
    int known_pages;  /* the last so many of them had nothing new */
    dygw_ms_t ask_at; /* no call is made before then */
    /* read */
    dygw_id_range_t ids; /* of our verifications that are still to be read */
    /* find */
    int position; /* see dygw_match_next_open */
    /* write and show */
    int written;          /* how many items are written */
    dygw_ms_t generation; /* the new one: a time, see store/reconciliation.h */
} dygw_reconcile_run_t;

/* Continues to fetch the pages of Douyin's records; waits up to patience (us). Returns whether
 * there is more to do at once; 0: there is only a pause to wait for. A failure sets run->failed. */
int dygw_reconcile_fetch(dygw_reconcile_run_t *run, apr_interval_time_t patience);

/* Does one step with the database (not FETCH) in one unit of work; the baton is the run. */
dygw_db_work_fn dygw_reconcile_step;

#endif
