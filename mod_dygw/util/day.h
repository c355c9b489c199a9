/* SPDX-License-Identifier: Apache-2.0
 * Days of a time zone with a fixed distance to UTC, `zone` minutes east of it. All of them have 24
 * hours. */
#ifndef DYGW_UTIL_DAY_H
#define DYGW_UTIL_DAY_H

#include "util/clock.h"

#define DYGW_DAY_MS     APR_INT64_C(86400000)
#define DYGW_DAY_LEN    10      /* "2026-11-24" */

/* The day that t is in, "YYYY-MM-DD"; from pool. */
const char *dygw_day_of(dygw_ms_t t, int zone, apr_pool_t *pool);

/* The first ms of that day; the next one begins DYGW_DAY_MS later. APR_EINVAL: text is not a date
 * of 1970 to 9998 as YYYY-MM-DD. */
apr_status_t dygw_day_start(const char *text, int zone, dygw_ms_t *start);

#endif
