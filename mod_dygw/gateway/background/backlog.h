/* SPDX-License-Identifier: Apache-2.0
 * Keeps the gauges of what waits for the background. */
#ifndef DYGW_GATEWAY_BACKGROUND_BACKLOG_H
#define DYGW_GATEWAY_BACKGROUND_BACKLOG_H

#include "gateway/gateway.h"

/* Counted once in this time, and not at all while nothing waits. */
#define DYGW_BACKLOG_PAUSE_MS 5000

/* Zeroed at first. */
typedef struct dygw_backlog_state_t {
    dygw_ms_t counted_at;
    apr_int64_t apps_version;   /* that the apps were counted at */
} dygw_backlog_state_t;

/* With each look at the database, by one thread of the host. waits: there is a row that the
 * background has to do with, due or not. apps_version: as the look found it. */
void dygw_backlog_turn(const dygw_ctx_t *ctx, dygw_backlog_state_t *state, int waits,
                       apr_int64_t apps_version);

#endif
