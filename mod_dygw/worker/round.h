/* SPDX-License-Identifier: Apache-2.0
 * A round: what the background thread of the child that leads its host does for one gateway, again
 * and again. */
#ifndef DYGW_WORKER_ROUND_H
#define DYGW_WORKER_ROUND_H

#include "gateway/background/backlog.h"
#include "gateway/background/scheduler.h"
#include "gateway/background/retention.h"
#include "gateway/reports/reconcile.h"
#include "process/runtime.h"

/* For each host and gateway there is one look at the database in this time, and now and then the
 * renewal of the lease: together one query a second at most, as long as there is nothing to do. */
#define DYGW_TICK_MS            1300
#define DYGW_LEASE_TTL_MS       12000
#define DYGW_LEASE_RENEW_MS     6000    /* renewed when less than this is left */

typedef struct dygw_round_t {
    dygw_runtime_t *runtime;
    dygw_gateway_t gateway;     /* as the runtime's, with a client of its own that can be aborted */
    dygw_log_t log;
    dygw_ctx_t ctx;             /* of both, with the pool of the round's whole life */
    int claimed;                /* the database was seen to be this application's */
    int holds_lease;
    dygw_ms_t leads_from;       /* while it holds the lease: since when, */
    dygw_ms_t leads_until;      /* and until when at least, by this host's clock */
    int state;                  /* dygw_database_state_e as reported last; -1 = not yet */
    dygw_ms_t looked_at;
    int looked_well;            /* the database answered then */
    int clock_off;              /* this host's clock was found to be wrong, and that was said */
    dygw_ms_t purged_at;
    dygw_ms_t recalled_at;      /* 0: not since it leads */
    dygw_retention_t retention;
    dygw_backlog_state_t backlog;
    apr_int64_t resealed;       /* the apps version that was looked through for it; -1 = none */
    dygw_scheduler_t *scheduler;
    dygw_ms_t due_at;           /* of the next job, as the last look found it */
    apr_int64_t seen_work;      /* what requests had left by the last turn, see dygw_host_work */
    dygw_reconcile_t *reconcile;
    dygw_ms_t reconcile_at;     /* of the next day to reconcile, as the last look found it */
} dygw_round_t;

apr_status_t dygw_round_create(dygw_round_t **round, dygw_runtime_t *runtime, apr_pool_t *pool);

/* One round: looks at the database when it is time to, goes on with the jobs, and waits for
 * Douyin's answers to them up to patience (us). Returns whether work is under way. The caller
 * clears scratch. / */
int dygw_round_run(dygw_round_t *round, apr_interval_time_t patience, apr_pool_t *scratch);

/* Makes upstream calls in progress end; may be called from any thread. */
void dygw_round_abort(dygw_round_t *round);

/* At the end of a child, whether it leads or not: writes what is not in the audit trail yet. */
void dygw_round_finish(dygw_round_t *round, apr_pool_t *scratch);

/* Gives the lease back, when this child holds it. */
void dygw_round_leave(dygw_round_t *round, apr_pool_t *scratch);

#endif
