/* SPDX-License-Identifier: Apache-2.0
 * Time. It is in milliseconds since 1970, UTC, everywhere in the library and in the database. */
#ifndef DYGW_UTIL_CLOCK_H
#define DYGW_UTIL_CLOCK_H

#include <apr_pools.h>
#include <apr_time.h>

typedef apr_int64_t dygw_ms_t;

/* The clocks of two hosts that share a database may differ by so much without any harm. */
#define DYGW_CLOCKS_APART_MS 2000
/* So one host's clock may differ by half of this from the database's. */
#define DYGW_CLOCK_OFF_MS    (DYGW_CLOCKS_APART_MS / 2)

/* Stands for a time that is not known yet. It is stored as NULL, and written as null in JSON. */
#define DYGW_NO_TIME ((dygw_ms_t)-1)

/* Returns the present time, in ms. */
dygw_ms_t dygw_now(void);

/* Returns the time of a clock that is never set: us since some point in the past. All processes of
 * a host have the same, until it is started anew. How long something takes, and how long to wait
 * for it, is measured by this clock. */
apr_time_t dygw_steady_now(void);

/* The same in ms. */
dygw_ms_t dygw_steady_ms(void);

/* Whether less than `ms` have passed since `at`. A time more than DYGW_CLOCKS_APART_MS ahead was
 * noted before the clock was set back, and is not recent. */
int dygw_is_recent(dygw_ms_t at, dygw_ms_t ms);

/* Returns how many ms are left until `at`; 0: none. `at` was at most `longest` ms ahead when it was
 * set: if it is further ahead now, the clock was set back since, and the result is 0, so that
 * nothing waits for long. */
dygw_ms_t dygw_left_until(dygw_ms_t at, dygw_ms_t longest);

/* --- other clocks --- */

/* The clocks that tell whether this host's is right. */
typedef enum { DYGW_CLOCK_DATABASE, DYGW_CLOCK_DOUYIN, DYGW_CLOCKS } dygw_clock_e;

/* What another clock has shown: how far it is ahead of the steady clock (ms), and when that was
 * seen, by the steady clock (us; 0: never). So it tells the time whatever the host's own clock is
 * set to meanwhile. */
typedef struct dygw_clock_seen_t {
    dygw_ms_t ahead;
    apr_time_t at;
} dygw_clock_seen_t;

/* What is seen of a clock that shows `shown` now. */
dygw_clock_seen_t dygw_clock_see(dygw_ms_t shown);

/* How far this host's clock is ahead of that clock, in ms; negative: behind it. */
dygw_ms_t dygw_clock_ahead(const dygw_clock_seen_t *seen);

/* Notes for dygw_sure_now of this process what was seen of a clock; at 0: nothing is known. */
void dygw_clock_note(dygw_clock_e which, const dygw_clock_seen_t *seen);

/* A host's clock may differ from Douyin's by so much. */
#define DYGW_CLOCK_WELL_MS 30000

/* Returns a time that has come for certain: the present time; but where this host's clock is more
 * than DYGW_CLOCK_WELL_MS ahead of a clock that was noted, the time of that clock. For what cannot
 * be taken back: to remove something, or to conclude that it is too late for something. */
dygw_ms_t dygw_sure_now(void);

/* For tests and the sandbox: dygw_now asks this clock from now on, dygw_steady_now that one. NULL:
 * the system's clock again. */
void dygw_clock_set(dygw_ms_t (*clock)(void));
void dygw_steady_set(apr_time_t (*clock)(void));

/* Converts a time of Douyin's to ms. Douyin gives some times in seconds and some in ms: a number
 * above 10^11 is in ms. Zero or less: DYGW_NO_TIME. A time after the year 9999 becomes the last ms
 * of that year, so that adding hours or offsets cannot overflow. */
dygw_ms_t dygw_time_from_douyin(apr_int64_t t);

/* Writes a time as "2019-08-24T14:15:22.123Z" and a NUL to out, which has room for DYGW_RFC3339_LEN
 * + 1 bytes. A time before 1970 or after 9999 is written as the first or last one of these
 * years. */
#define DYGW_RFC3339_LEN 24
void dygw_time_rfc3339_into(char *out, dygw_ms_t t);

#endif
