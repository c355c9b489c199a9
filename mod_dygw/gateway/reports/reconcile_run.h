/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: a day that is being reconciled, and the parts of that. reconcile.c has the
 * turns; reconcile_fetch.c asks Douyin; reconcile_steps.c works with the database. */
#ifndef DYGW_GATEWAY_REPORTS_RECONCILE_RUN_H
#define DYGW_GATEWAY_REPORTS_RECONCILE_RUN_H

#include "gateway/db_work.h"
#include "gateway/token.h"
#include "gateway/reports/match.h"
#include "store/reconciliation.h"

typedef enum {
    DYGW_RECONCILE_FETCH, DYGW_RECONCILE_READ, DYGW_RECONCILE_FIND, DYGW_RECONCILE_WRITE,
    DYGW_RECONCILE_SHOW, DYGW_RECONCILE_TIDY, DYGW_RECONCILE_OVER
} dygw_reconcile_step_e;

typedef struct dygw_reconcile_run_t {
    dygw_ctx_t ctx;                     /* its pool is the run's, gone when it ends */
    dygw_reconciliation_t *row;         /* as it was at the beginning */
    dygw_match_t *match;
    dygw_reconcile_step_e step;
    const char *failed;                 /* why it cannot go on; NULL: it can */
    dygw_ms_t next_at;                  /* when it failed: of the next try; DYGW_NO_TIME: none */
    /* fetch */
    dygw_douyin_async_t *async;         /* outlives the run */
    apr_pool_t *page_pool;              /* of one call */
    dygw_question_t question;
    dygw_token_t token;
    int under_way;
    int renewed;                        /* the token was refused, and a newer one is used */
    int failures;                       /* of this page */
    int pages;
    dygw_ms_t ask_at;
    /* read */
    dygw_id_range_t ids;                /* of rows that are still to be read */
    /* find */
    int position;
    /* write and show */
    int written;
    dygw_ms_t generation;
} dygw_reconcile_run_t;

/* Goes on with the pages of Douyin's records; waits up to patience. Gives whether there is more to
 * do than to wait. */
int dygw_reconcile_fetch(dygw_reconcile_run_t *run, apr_interval_time_t patience);

/* A step with the database, in one unit of work; the baton is the run. */
dygw_db_work_fn dygw_reconcile_step;

#endif
