/* SPDX-License-Identifier: Apache-2.0
 * Whether the database can be written: the background of each host finds that out, because a
 * database that can only be read answers all that the background asks while it is idle. */
#ifndef DYGW_GATEWAY_BACKGROUND_WRITING_H
#define DYGW_GATEWAY_BACKGROUND_WRITING_H

#include "gateway/gateway.h"

/* Zeroed at first; times are those of dygw_steady_now. */
typedef struct dygw_writing_t {
    apr_time_t proved_at;     /* when something was written last; 0: never */
    apr_uint32_t seen;        /* of the host's failures, what is tested already */
    dygw_db_writes_e told;    /* what the log was told last */
    apr_time_t failing_since; /* while that is not DYGW_WRITES_WORK */
} dygw_writing_t;

/* Notes that the background has written something else. */
void dygw_writing_proved(dygw_writing_t *writing);

/* To be called after each look at the database that was answered. Writes a little when nothing was
 * written for ten seconds; more when a write of this host has failed since, and until the test
 * succeeds. Logs when writing begins to fail, and when it works again. */
void dygw_writing_turn(const dygw_ctx_t *ctx, dygw_writing_t *writing);

#endif
