/* SPDX-License-Identifier: Apache-2.0
 * The meter of requests: how many an app may still send now, and when the app was last used. See
 * meter.c. */
#ifndef DYGW_GATEWAY_APPS_METER_H
#define DYGW_GATEWAY_APPS_METER_H

#include "gateway/gateway.h"
#include "gateway/apps/apps.h"

/* Apps with an id up to this have a slot each. All apps with a higher id share one slot, and so one
 * limit, and it is not kept when they were last used. */
#define DYGW_METER_APPS 4096

/* Declared apps whose id is not known, because the database has been away since the start, have one
 * of so many slots by their client_key, and two may share one, and so one limit: any two of 20 apps
 * with a probability of 5 %, of 50 with 26 %; of 500 apps about 60 do. When they were last used is
 * not kept meanwhile. */
#define DYGW_METER_NAMELESS 4096

/* The last_used_at of an app is written at most once in this time. */
#define DYGW_METER_PAUSE_MS 60000

/* Returns the size in bytes of the shared memory that a meter needs. */
apr_size_t dygw_meter_size(void);
/* Formats that memory, once; afterwards it is the dygw_meter_t of all children. */
apr_status_t dygw_meter_format(void *memory);

/* Counts a request of the app. Returns 0 when the request is within the limit of the app; else in
 * how many seconds the app may send the next one. */
int dygw_meter_admit(dygw_gateway_t *gateway, const dygw_known_app_t *app);

/* Writes last_used_at of the apps for which that is due: at most a hundred in one call, the others
 * with the next call. Only one thread of the host calls this. When nothing is due the database is
 * not used. */
apr_status_t dygw_meter_flush(const dygw_ctx_t *ctx);

#endif
