/* SPDX-License-Identifier: Apache-2.0
 * The state that all children of a host share. */
#ifndef DYGW_GATEWAY_HOST_H
#define DYGW_GATEWAY_HOST_H

#include "gateway/gateway.h"

/* Locks and unlocks the host's state; hold it for a copy of some members, never across a call that
 * can block. */
dygw_host_t *dygw_host_lock(dygw_gateway_t *gateway);
void dygw_host_unlock(dygw_gateway_t *gateway);

/* The first of `count` new verification ids in a row. Ids grow with time and fit into 53 bits, so
 * that JavaScript reads them exactly: milliseconds since 2024 in the upper 41, a number within the
 * millisecond below (store/verification/id.h). Unique on this host while its clock is not set back;
 * another host may rarely draw the same, which the table refuses (then draw again). */
apr_int64_t dygw_host_next_ids(dygw_gateway_t *gateway, int count);

/* Tells one state of the apps from another: what was read under an equal stamp is up to date. */
typedef struct dygw_apps_stamp_t {
    apr_int64_t version;
    apr_int64_t changes;
} dygw_apps_stamp_t;

dygw_apps_stamp_t dygw_host_apps_stamp(const dygw_gateway_t *gateway);
int dygw_apps_stamp_equal(const dygw_apps_stamp_t *a, const dygw_apps_stamp_t *b);

/* An app has just been changed here, and committed. */
void dygw_host_apps_changed(dygw_gateway_t *gateway);

/* The table's version of the apps, which it had at `asked_at` or later. What was asked for earlier
 * than what is known is no news. */
void dygw_host_apps_seen(dygw_gateway_t *gateway, apr_int64_t version, dygw_ms_t asked_at);

/* Whether the table may have had another version for longer than a host may go by an old one,
 * because the background does not look. */
int dygw_host_apps_unseen(const dygw_gateway_t *gateway);

/* A request of this host has left work that is due now. */
void dygw_host_left_work(dygw_gateway_t *gateway);

/* A number that changes with each of these. */
apr_int64_t dygw_host_work(const dygw_gateway_t *gateway);

#endif
