/* SPDX-License-Identifier: Apache-2.0
 * A round: what the background thread of the leader of a host does for one gateway, again and
 * again. The thread alone calls these functions, except dygw_round_abort. */
#ifndef DYGW_WORKER_ROUND_H
#define DYGW_WORKER_ROUND_H

#include "gateway/apps/hosts.h"
#include "gateway/apps/key.h"
#include "gateway/background/backlog.h"
#include "gateway/background/clocks.h"
#include "gateway/background/fill.h"
#include "gateway/background/scheduler.h"
#include "gateway/background/retention.h"
#include "gateway/background/writing.h"
#include "gateway/reports/payouts.h"
#include "gateway/reports/reconcile.h"
#include "process/runtime.h"
#include "worker/database.h"

/* Once in this time, the leader of each host asks the database for each gateway what is new (a
 * tick). The host with the lease also renews the lease now and then. Where there is no work, this
 * is less than one query a second for a host and gateway. */
#define DYGW_TICK_MS        1300
#define DYGW_LEASE_TTL_MS   12000
#define DYGW_LEASE_RENEW_MS 6000 /* the lease is renewed when less than this is left */

typedef struct dygw_round_t {
    dygw_runtime_t *runtime;
    dygw_gateway_t gateway; /* a copy of the runtime's, with an own client for Douyin, so
                             * that dygw_round_abort ends no call of a request */
    dygw_log_t log;
    dygw_ctx_t ctx; /* of gateway and log; its pool lives as long as the round */
    dygw_look_t look;
    int holds_lease;
    dygw_ms_t lease_from;    /* since when the lease is held without a break, and */
    dygw_ms_t lease_until;   /* until when it is surely held; both by this host's clock */
    apr_time_t lease_ends;   /* as lease_until, by the steady clock: ours may be set meanwhile */
    int state;               /* dygw_database_state_e as logged last, by the start of httpd, too;
                              * -1 = not yet */
    apr_time_t bad_since;    /* since when that is not DYGW_DB_OK, by dygw_steady_now */
    dygw_ms_t tick_began_at; /* when the last tick began, and */
    apr_time_t tick_steady;  /* by the steady clock */
    int tick_answered;       /* the database answered the last tick */
    int clock_off;           /* this host's clock was found wrong, and a warning was logged */
    dygw_clocks_t clocks;
    int to_recall;         /* the clock was set back, and what waits is not looked at yet */
    dygw_ms_t purged_at;   /* when old nonces and keys were removed last; 0: at once */
    dygw_ms_t recalled_at; /* see dygw_recall_turn; 0: not since the lease is held */
    dygw_retention_t retention;
    dygw_fill_t fill; /* anew each time that the lease is taken */
    dygw_backlog_state_t backlog;
    dygw_writing_t writing;
    dygw_key_watch_t key;
    dygw_hosts_t hosts;
    apr_int64_t conflicts_at; /* see dygw_declared_look */
    int told_sandbox;         /* whether the log was told that Douyin is the sandbox */
    apr_int64_t resealed;     /* of this apps_version all is sealed with the new key; -1 = none */
    dygw_scheduler_t *scheduler;
    dygw_ms_t due_at;      /* when the next verification needs work, as of the last tick */
    apr_int64_t seen_work; /* dygw_host_work as of the last round */
    dygw_reconcile_t *reconcile;
    dygw_ms_t reconcile_at; /* when the next day is to be reconciled, as of the last tick */
    dygw_payouts_t *payouts;
} dygw_round_t;

/* Creates *round in pool. APR_EGENERAL, or another error: calls to Douyin cannot be set
 * up. */
apr_status_t dygw_round_create(dygw_round_t **round, dygw_runtime_t *runtime, apr_pool_t *pool);

/* Runs one round: makes a tick when it is time for one, continues jobs, reconciliation and payouts,
 * and waits for Douyin's answers up to patience (us). Returns whether work is under way. The caller
 * clears scratch afterwards. */
int dygw_round_run(dygw_round_t *round, apr_interval_time_t patience, apr_pool_t *scratch);

/* Ends the round's calls to Douyin that are under way. Any thread may call it. */
void dygw_round_abort(dygw_round_t *round);

/* To be called when a child ends, whether it leads or not: writes this host's reads of the token
 * that are not in the audit trail yet. */
void dygw_round_finish(dygw_round_t *round, apr_pool_t *scratch);

/* Gives the lease back, if this child holds it, so that no host has to wait for its end. */
void dygw_round_leave(dygw_round_t *round, apr_pool_t *scratch);

#endif
