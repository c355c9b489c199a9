/* SPDX-License-Identifier: Apache-2.0
 * Whether the terms of a coupon let it be used at a time. See terms.h. */
#include "sandbox/records/terms.h"

#include "util/day.h"

#define CHINA 480 /* minutes east of UTC */

static int is_closed_day(const dygw_sandbox_terms_t *terms, dygw_ms_t now)
{
    int closed = terms->weekdays >> dygw_weekday_of(now, CHINA) & 1;

    for (int i = 0; i < terms->dates; i++) {
        closed |= now >= terms->date[i].from && now <= terms->date[i].to;
    }
    return closed;
}

/* The hours after midnight belong to the day before. */
static int is_open_hour(const dygw_sandbox_hours_t *hours, int minute, int *after_midnight)
{
    const int is_overnight = hours->to <= hours->from;

    *after_midnight = is_overnight && minute < hours->to;
    return *after_midnight || (minute >= hours->from && (is_overnight || minute < hours->to));
}

int dygw_sandbox_terms_allow(const dygw_sandbox_terms_t *terms, dygw_ms_t now)
{
    const int minute = dygw_minute_of(now, CHINA);
    int after_midnight;

    if (terms->hours == 0) {
        return !is_closed_day(terms, now);
    }
    for (int i = 0; i < terms->hours; i++) {
        if (is_open_hour(&terms->hour[i], minute, &after_midnight)
            && !is_closed_day(terms, after_midnight ? now - DYGW_DAY_MS : now)) {
            return 1;
        }
    }
    return 0;
}
