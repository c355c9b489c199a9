/* SPDX-License-Identifier: Apache-2.0
 * Reads times as callers write them. */
#ifndef DYGW_UTIL_INSTANT_H
#define DYGW_UTIL_INSTANT_H

#include "util/clock.h"

/* Reads an RFC 3339 time with its offset, "2026-11-24T08:00:00.5+08:00" or "...Z", of the years
 * 1970 to 9998. A fraction of a millisecond is rounded up: so both "from t on" and "before t" still
 * select exactly the right times, which are in whole ms. APR_EINVAL: text is not such a time. */
apr_status_t dygw_instant_parse(const char *text, dygw_ms_t *t);

#endif
