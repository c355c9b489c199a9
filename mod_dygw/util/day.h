/* SPDX-License-Identifier: Apache-2.0
 * Days of a time zone that is always `zone` minutes east of UTC, so that each day has 24 hours. */
#ifndef DYGW_UTIL_DAY_H
#define DYGW_UTIL_DAY_H

#include "util/clock.h"

#define DYGW_DAY_MS  APR_INT64_C(86400000)
#define DYGW_DAY_LEN 10 /* "2026-11-24" */

/* Returns the day of the time t as "YYYY-MM-DD", from pool. */
const char *dygw_day_of(dygw_ms_t t, int zone, apr_pool_t *pool);

/* Sets *start to the first ms of the day `text`; the next day begins DYGW_DAY_MS later. APR_EINVAL:
 * text is not a date of the years 1970 to 9998 as YYYY-MM-DD. */
apr_status_t dygw_day_start(const char *text, int zone, dygw_ms_t *start);

/* The day of the week of the time t, from Monday 1 to Sunday 7, and the minute of its day, from 0
 * to 1439. */
int dygw_weekday_of(dygw_ms_t t, int zone);
int dygw_minute_of(dygw_ms_t t, int zone);

#endif
