/* SPDX-License-Identifier: Apache-2.0
 * Watches the clock of this host: whether it is set, whether it differs from Douyin's, and whether
 * callers are refused because their clocks differ from it. */
#ifndef DYGW_GATEWAY_BACKGROUND_CLOCKS_H
#define DYGW_GATEWAY_BACKGROUND_CLOCKS_H

#include "gateway/gateway.h"

/* While the clock is in doubt, Douyin is asked for the time once in this time. */
#define DYGW_CLOCKS_ASK_US apr_time_from_sec(600)

/* What the background of a host knows of its clock. The caller keeps it between turns; zeroed at
 * first. */
typedef struct dygw_clocks_t {
    apr_time_t turned_at; /* when the last turn was, by the steady clock; 0: there was none */
    dygw_ms_t apart;      /* how far the host's clock was ahead of the steady one then */
    int was_set_back;     /* and it is not known yet whether it is right now */
    int wrong;            /* how wrong the clock was found, as logged last: 0 well, 1, 2 */
    apr_time_t asked_at;  /* when Douyin was asked for the time; 0: never */
    apr_int64_t stale;    /* of the host's state, as it was told last, */
    apr_time_t told_at;   /* when that was; 0: never, */
    apr_interval_time_t tell_pause; /* and how long not to tell it again */
} dygw_clocks_t;

/* What has to be done, as bits: */
#define DYGW_CLOCKS_SET_BACK 1 /* the clock was set back: look for what was put off by it */
#define DYGW_CLOCKS_ASK      2 /* ask Douyin anything, so that its clock is known again */

/* The clock was set back, and Douyin says that it is right now: it was ahead before. */
#define DYGW_CLOCKS_RIGHT 4

/* Looks at the clock and logs what has changed. Returns what has to be done. To be called by the
 * thread of each host that looks at the database, in each round. */
int dygw_clocks_turn(const dygw_ctx_t *ctx, dygw_clocks_t *state);

#endif
