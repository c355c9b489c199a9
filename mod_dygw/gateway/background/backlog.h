/* SPDX-License-Identifier: Apache-2.0
 * The backlog: keeps the metrics that say how much waits for the background, and how many apps
 * there are. */
#ifndef DYGW_GATEWAY_BACKGROUND_BACKLOG_H
#define DYGW_GATEWAY_BACKGROUND_BACKLOG_H

#include "gateway/gateway.h"

/* The backlog is counted at most once in this time, and not at all while nothing waits. */
#define DYGW_BACKLOG_PAUSE_MS 5000

/* What the caller keeps between turns; zeroed at first. */
typedef struct dygw_backlog_state_t {
    dygw_ms_t counted_at;
    apr_int64_t apps_version; /* the version of the apps when they were counted */
} dygw_backlog_state_t;

/* To be called by one thread of the host after each look at the database. waits: that look found a
 * row with background work left, due or not. apps_version: as that look found it. */
void dygw_backlog_turn(const dygw_ctx_t *ctx, dygw_backlog_state_t *state, int waits,
                       apr_int64_t apps_version);

#endif
