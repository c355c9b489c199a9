/* SPDX-License-Identifier: Apache-2.0
 * Reading moments as callers write them. */
#ifndef DYGW_UTIL_INSTANT_H
#define DYGW_UTIL_INSTANT_H

#include "util/clock.h"

/* An RFC 3339 time with its offset, "2026-11-24T08:00:00.5+08:00" or "...Z", of 1970 to 9998. What
 * is finer than a millisecond is rounded up, which keeps both "from t on" and "before t" exact for
 * times in whole ms. APR_EINVAL: it is none. */
apr_status_t dygw_instant_parse(const char *text, dygw_ms_t *t);

#endif
