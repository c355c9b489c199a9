/* SPDX-License-Identifier: Apache-2.0
 * Time: milliseconds since the epoch, UTC, everywhere in the library and in the database. */
#ifndef DYGW_UTIL_CLOCK_H
#define DYGW_UTIL_CLOCK_H

#include <apr_pools.h>
#include <apr_time.h>

typedef apr_int64_t dygw_ms_t;

/* What the clocks of hosts that share a database may differ by without any harm. */
#define DYGW_CLOCKS_APART_MS 2000
/* And so what one of them may differ by from the database's. */
#define DYGW_CLOCK_OFF_MS (DYGW_CLOCKS_APART_MS / 2)

/* A time that has no value yet. Stored as NULL, printed as null. */
#define DYGW_NO_TIME ((dygw_ms_t)-1)

/* The present, in ms. */
dygw_ms_t dygw_now(void);

/* A clock that nobody sets, in us from some point in the past. */
apr_time_t dygw_steady_now(void);

/* Is it less than `ms` since `at`? A time that lies ahead was noted before the clock was set back,
 * and tells nothing. */
int dygw_is_recent(dygw_ms_t at, dygw_ms_t ms);

/* How long it is until `at`, which was at most `longest` ahead when it was set: a clock that was
 * put back keeps nothing waiting. 0: it is over. */
dygw_ms_t dygw_left_until(dygw_ms_t at, dygw_ms_t longest);

/* Lets a test own the clock; NULL restores the system's. */
void dygw_clock_set(dygw_ms_t (*clock)(void));

/* Douyin gives some times in seconds and some in milliseconds: above 10^11 it is ms. Zero or less:
 * DYGW_NO_TIME. After the year 9999: its last ms, so that hours and offsets can be added. */
dygw_ms_t dygw_time_from_douyin(apr_int64_t t);

/* "2019-08-24T14:15:22.123Z", into DYGW_RFC3339_LEN + 1 bytes; times outside 1970 to 9999 are moved
 * to its edge. */
#define DYGW_RFC3339_LEN 24
void dygw_time_rfc3339_into(char *out, dygw_ms_t t);

#endif
