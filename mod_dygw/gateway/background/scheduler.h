/* SPDX-License-Identifier: Apache-2.0
 * The background's work on verifications, many jobs at once. Belongs to one thread. */
#ifndef DYGW_GATEWAY_BACKGROUND_SCHEDULER_H
#define DYGW_GATEWAY_BACKGROUND_SCHEDULER_H

#include "gateway/background/job.h"

/* Runs jobs of these kinds, DYGW_JOB_KINDS of them, the first of which come first. Lives as long as
 * ctx->pool; calls under way are ended with it. */
apr_status_t dygw_scheduler_create(dygw_scheduler_t **scheduler, const dygw_ctx_t *ctx,
                                   const dygw_job_kind_t *const *kinds);

/* Order queries are sent between these times only, by this host's clock: Douyin counts those of all
 * hosts, so the leader alone sends any. Those that wait at the end are left to the next leader.
 * Until the first call none are sent. */
void dygw_scheduler_lead(dygw_scheduler_t *scheduler, dygw_ms_t from, dygw_ms_t until);

/* Takes what has been answered further; with may_start, fetches what is due and starts it. Waits up
 * to patience, if something is under way or waits for its place in the order queries. Gives
 * whether something still is or does, or could be started in the place of what was: then the next
 * turn is to come at once. Without may_start nothing new begins, but jobs under way go on. */
int dygw_scheduler_turn(dygw_scheduler_t *scheduler, int may_start, apr_interval_time_t patience);

/* Whether all that was due at the last turn that could start has been started. */
int dygw_scheduler_caught_up(const dygw_scheduler_t *scheduler);

/* How many are under way. */
int dygw_scheduler_running(const dygw_scheduler_t *scheduler);

#endif
