/* SPDX-License-Identifier: Apache-2.0
 * The host's state, which all children of a host share: how it is locked, the ids of verifications,
 * what is known of changes of the apps, and of work for the background. */
#ifndef DYGW_GATEWAY_HOST_H
#define DYGW_GATEWAY_HOST_H

#include "gateway/gateway.h"

/* Locks the host's state and returns it; unlocks it. Hold the lock only to copy or set members,
 * never across a call that can block. */
dygw_host_t *dygw_host_lock(dygw_gateway_t *gateway);
void dygw_host_unlock(dygw_gateway_t *gateway);

/* Draws `count` new verification ids in a row and returns the first of them. Ids grow with time and
 * fit in 53 bits, so that JavaScript reads them exactly: the upper 41 bits are milliseconds since
 * 2024, the lower bits are a number within the millisecond (store/verification/id.h). An id is
 * unique on this host while its clock is not set back. Another host may rarely draw the same id:
 * the insert then fails, and the caller draws again. */
apr_int64_t dygw_host_next_ids(dygw_gateway_t *gateway, int count);

/* Stands for one state of the apps: what was read under a stamp is up to date as long as the host's
 * state has an equal stamp. Its members are those of dygw_host_t. */
typedef struct dygw_apps_stamp_t {
    apr_int64_t version;
    apr_int64_t changes;
} dygw_apps_stamp_t;

dygw_apps_stamp_t dygw_host_apps_stamp(const dygw_gateway_t *gateway);
int dygw_apps_stamp_equal(const dygw_apps_stamp_t *a, const dygw_apps_stamp_t *b);

/* Notes that a change of an app was committed on this host just now: all children of this host read
 * the apps again. */
void dygw_host_apps_changed(dygw_gateway_t *gateway);

/* Notes the apps version that the database had at `asked_at` or later. Changes nothing when the
 * version that is noted already was asked for later. */
void dygw_host_apps_seen(dygw_gateway_t *gateway, apr_int64_t version, dygw_ms_t asked_at);

/* Returns whether the background has not read the apps version for so long that a request must read
 * it: a host may use old apps for two seconds at most. 0 while the database is away. */
int dygw_host_apps_unseen(const dygw_gateway_t *gateway);

/* Writes what was just found of the database into the host's state. */
void dygw_host_database_is(dygw_gateway_t *gateway, dygw_database_state_e state);

/* Returns whether requests need not try the database: it was seen a moment ago that it cannot be
 * used. 0 when it only did not answer, because the next try may find it back. */
int dygw_host_is_shut(dygw_gateway_t *gateway);

/* Returns how writing to the database goes on this host. What a write said that failed counts for
 * some seconds, even when the background's test succeeds meanwhile. */
dygw_db_writes_e dygw_host_writes(const dygw_gateway_t *gateway);

/* What the last look at the database found of this gateway's master key: DYGW_KEY_WRONG where it
 * opens the secret of no app, and another key has sealed one. */
dygw_key_state_e dygw_host_key(const dygw_gateway_t *gateway);
void dygw_host_set_key(dygw_gateway_t *gateway, dygw_key_state_e state);

/* Notes that the background of this generation of children has begun. 0: that of a later one has,
 * so that what this one has of the configuration does not hold any more. */
int dygw_host_is_latest(dygw_gateway_t *gateway);

/* For requests: whether the background of a later generation has begun. */
int dygw_host_is_overtaken(const dygw_gateway_t *gateway);

/* --- clocks --- */

/* What was seen of another clock counts for so long, in us: a day. Its time goes by the steady
 * clock meanwhile, which does not run while a machine is suspended. */
#define DYGW_CLOCK_KNOWN_US apr_time_from_sec(86400)

/* Notes what the clock shows now, for all children and for dygw_sure_now of this one. */
void dygw_host_clock_shown(dygw_gateway_t *gateway, dygw_clock_e which, dygw_ms_t shown);

/* Notes the time that a reply of Douyin's tells, which has just come; if it tells any. */
void dygw_host_reply_shown(dygw_gateway_t *gateway, const dygw_reply_t *reply);

/* Copies what any child has seen of the clock, also for dygw_sure_now of this process. 0: nothing
 * is known of it, or it is doubted. */
int dygw_host_clock(const dygw_gateway_t *gateway, dygw_clock_e which, dygw_clock_seen_t *seen);

/* Doubts what was seen of the clock: it has to be heard anew. For dygw_sure_now it still counts,
 * which it can only make too early. */
void dygw_host_clock_doubt(dygw_gateway_t *gateway, dygw_clock_e which);

/* How far this host's clock is ahead of Douyin's, where that is so far that callers whose clocks
 * are right are refused, or nearly; negative: behind; 0: it is not, or nobody knows. */
dygw_ms_t dygw_host_clock_wrong(const dygw_gateway_t *gateway);

/* Notes a request whose timestamp was ahead of this host's clock by `sec`, too much either way. */
void dygw_host_stale(dygw_gateway_t *gateway, apr_int64_t sec);

/* --- work --- */

/* Notes that a request of this host has left work to the background that is due now. */
void dygw_host_left_work(dygw_gateway_t *gateway);

/* Returns a number that changes with each dygw_host_left_work on this host. */
apr_int64_t dygw_host_work(const dygw_gateway_t *gateway);

#endif
