/* SPDX-License-Identifier: Apache-2.0
 * What is older than DygwRetention goes, for good. */
#ifndef DYGW_GATEWAY_BACKGROUND_RETENTION_H
#define DYGW_GATEWAY_BACKGROUND_RETENTION_H

#include "gateway/gateway.h"

#define DYGW_RETENTION_TABLES 4

/* How far the one who does it has come. Zeroed at first. */
typedef struct dygw_retention_t {
    dygw_ms_t next_at;          /* of the next turn that does something */
    int table;                  /* whose turn it is */
    int full;                   /* this sweep has left something behind */
    int removed[DYGW_RETENTION_TABLES];     /* by this sweep and those right before */
} dygw_retention_t;

/* Removes a batch from one table, when it is time to. Call it again and again, with pauses: they
 * are what keeps it from being in anybody's way. */
void dygw_retention_turn(const dygw_ctx_t *ctx, dygw_retention_t *state);

#endif
