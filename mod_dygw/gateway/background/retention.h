/* SPDX-License-Identifier: Apache-2.0
 * Removes, for good, what is older than DygwRetention. */
#ifndef DYGW_GATEWAY_BACKGROUND_RETENTION_H
#define DYGW_GATEWAY_BACKGROUND_RETENTION_H

#include "gateway/gateway.h"

#define DYGW_RETENTION_TABLES 5

/* How far the removal has come. The caller keeps it between turns; zeroed at first. */
typedef struct dygw_retention_t {
    dygw_ms_t next_at;                  /* when the next turn is to do something */
    int table;                          /* which table is next */
    int full;                           /* this sweep may have left something behind */
    int removed[DYGW_RETENTION_TABLES]; /* by this sweep and those right before it */
} dygw_retention_t;

/* Removes one batch from one table, if it is time to. To be called again and again, with pauses,
 * which keep the removal from being in anybody's way. */
void dygw_retention_turn(const dygw_ctx_t *ctx, dygw_retention_t *state);

#endif
