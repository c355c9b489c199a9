/* SPDX-License-Identifier: Apache-2.0
 * What each app uses: its allowance of requests, and when it was used last. See meter.c. */
#ifndef DYGW_GATEWAY_APPS_METER_H
#define DYGW_GATEWAY_APPS_METER_H

#include "gateway/gateway.h"

/* Apps with an id up to this have a place of their own; those above share one allowance, and when
 * they were used is not kept. */
#define DYGW_METER_APPS         4096

/* An app's last_used_at is written once in this time at most. */
#define DYGW_METER_PAUSE_MS     60000

/* Shared memory of this size, formatted once; then it is a dygw_meter_t of all children. */
apr_size_t dygw_meter_size(void);
apr_status_t dygw_meter_format(void *memory);

/* A request of the app. Gives 0: it is within the app's allowance; else the seconds after which
 * another one will be. */
int dygw_meter_admit(dygw_gateway_t *gateway, apr_int64_t app_id);

/* Writes last_used_at of apps whose turn it is; at most a hundred, the others with the next call.
 * By one thread of the host. Nothing to write costs nothing. */
apr_status_t dygw_meter_flush(const dygw_ctx_t *ctx);

#endif
