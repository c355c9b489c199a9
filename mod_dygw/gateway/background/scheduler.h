/* SPDX-License-Identifier: Apache-2.0
 * The scheduler: runs the background's jobs, many at once, in one thread. */
#ifndef DYGW_GATEWAY_BACKGROUND_SCHEDULER_H
#define DYGW_GATEWAY_BACKGROUND_SCHEDULER_H

#include "gateway/background/job.h"

/* Makes a scheduler that runs jobs of these DYGW_JOB_KINDS kinds; the rows of the first kind are
 * fetched first. It lives as long as ctx->pool, and so do its calls to Douyin. */
apr_status_t dygw_scheduler_create(dygw_scheduler_t **scheduler, const dygw_ctx_t *ctx,
                                   const dygw_job_kind_t *const *kinds);

/* Sets between which times, by this host's clock, order queries may be sent. Douyin counts the
 * order queries of all hosts, so only the host that leads sends any. Those that still wait at the
 * end are left to the next leader. Until this function is called, none are sent. */
void dygw_scheduler_lead(dygw_scheduler_t *scheduler, dygw_ms_t from, dygw_ms_t until);

/* One turn: with may_start, fetches rows that are due and begins their jobs; then takes the jobs
 * further whose questions were answered. Waits up to patience, in us, if a question is under way or
 * an order query waits. Returns whether the next turn is to come at once: something is still under
 * way or waits, or slots have become free for what is due. Without may_start no job begins, but
 * those under way go on. */
int dygw_scheduler_turn(dygw_scheduler_t *scheduler, int may_start, apr_interval_time_t patience);

/* Whether the last turn with may_start has begun all jobs that were due. */
int dygw_scheduler_caught_up(const dygw_scheduler_t *scheduler);

/* Returns how many jobs are under way, with those that rest. */
int dygw_scheduler_running(const dygw_scheduler_t *scheduler);

#endif
