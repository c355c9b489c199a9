/* SPDX-License-Identifier: Apache-2.0
 * Defaults and bounds of the directives. Times in us. */
#ifndef DYGW_CFG_LIMITS_H
#define DYGW_CFG_LIMITS_H

#include <apr_time.h>

#define DYGW_MAX_ID_LEN             64

#define DYGW_DEFAULT_UPSTREAM       "https://open.douyin.com"
#define DYGW_DEFAULT_CONNECT        apr_time_from_sec(2)
#define DYGW_DEFAULT_TOTAL          apr_time_from_sec(5)
/* A call that takes longer would outlive the patience of callers, and of the parent when a child
 * has to end. */
#define DYGW_MIN_TIMEOUT            apr_time_from_msec(1)
#define DYGW_MAX_TIMEOUT            apr_time_from_sec(60)

#define DYGW_DEFAULT_SIGNATURE_WINDOW   apr_time_from_sec(300)
#define DYGW_MIN_SIGNATURE_WINDOW       apr_time_from_sec(1)
#define DYGW_MAX_SIGNATURE_WINDOW       apr_time_from_sec(3600)

#define DYGW_DEFAULT_NONCES         100000
#define DYGW_MIN_NONCES             1000
#define DYGW_MAX_NONCES             10000000

#define DYGW_DEFAULT_OPERATOR_HEADER    "X-XTJ-UID"

#define DYGW_DEFAULT_BODY           65536
#define DYGW_MIN_BODY               1024
#define DYGW_MAX_BODY               (APR_INT64_C(16) * 1024 * 1024)

#define DYGW_MAX_RATE               1000000

#define DYGW_DEFAULT_TIME_ZONE      (8 * 60)    /* minutes */

/* Longer than a session's own limits (store/db/dialect.c), which should come first. */
#define DYGW_DEFAULT_DATABASE       apr_time_from_sec(10)
#define DYGW_MIN_DATABASE           apr_time_from_sec(1)
#define DYGW_MAX_DATABASE           apr_time_from_sec(300)

#define DYGW_DEFAULT_ENRICH_FIRST   apr_time_from_sec(2)
#define DYGW_DEFAULT_ENRICH_MAX     apr_time_from_sec(3600)
#define DYGW_DEFAULT_ENRICH_GIVE_UP apr_time_from_sec(24 * 3600)
#define DYGW_MIN_RETRY              apr_time_from_msec(1)
#define DYGW_MAX_RETRY              apr_time_from_sec(30 * 24 * 3600)

/* Douyin documents 20 order queries a second. */
#define DYGW_DEFAULT_ORDER_RATE     20
#define DYGW_MAX_ORDER_RATE         1000

/* What is settled may be asked for again, and reconciled, for some days. */
#define DYGW_MIN_RETENTION          apr_time_from_sec(APR_INT64_C(7) * 24 * 3600)
#define DYGW_MAX_RETENTION          apr_time_from_sec(APR_INT64_C(36500) * 24 * 3600)

#endif
