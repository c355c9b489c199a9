/* SPDX-License-Identifier: Apache-2.0
 * The id of a verification holds the time of its creation: milliseconds since 2024 in the upper
 * bits, a number within the millisecond in the lower. created_at is that time, exactly, so that a
 * range of times is a range of ids: reports filter and sort by the same index. */
#ifndef DYGW_STORE_VERIFICATION_ID_H
#define DYGW_STORE_VERIFICATION_ID_H

#include "util/clock.h"

#define DYGW_ID_EPOCH_MS       APR_INT64_C(1704067200000) /* 2024-01-01T00:00:00Z */
#define DYGW_ID_BITS_WITHIN_MS 12

/* The smallest id of that millisecond; 0 for all before 2024. */
static inline apr_int64_t dygw_id_at(dygw_ms_t t)
{
    return t <= DYGW_ID_EPOCH_MS ? 0 : (t - DYGW_ID_EPOCH_MS) * (1 << DYGW_ID_BITS_WITHIN_MS);
}

static inline dygw_ms_t dygw_id_time(apr_int64_t id)
{
    return DYGW_ID_EPOCH_MS + id / (1 << DYGW_ID_BITS_WITHIN_MS);
}

#endif
