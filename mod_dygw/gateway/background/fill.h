/* SPDX-License-Identifier: Apache-2.0
 * Fills in the reasons of verifications that older versions have recorded. */
#ifndef DYGW_GATEWAY_BACKGROUND_FILL_H
#define DYGW_GATEWAY_BACKGROUND_FILL_H

#include "gateway/gateway.h"

/* How far it has come. The caller keeps it between turns; zeroed at first, and when this host
 * begins to lead: another one may have come further. */
typedef struct dygw_fill_t {
    dygw_ms_t next_at;      /* when the next turn is to do something; 0: at once */
    int walks;              /* a walk is under way, by the members below */
    int from_the_beginning; /* it is the first of this database: its place is kept there */
    apr_int64_t floor;      /* only rows with a greater id */
    apr_int64_t error_code; /* the rows of this error_code are next, */
    apr_int64_t id;         /* those after this id */
    int filled;             /* by this walk */
} dygw_fill_t;

/* Does a piece of it, if it is time to: for the host that leads, to be called again and again. */
void dygw_fill_turn(const dygw_ctx_t *ctx, dygw_fill_t *state);

#endif
