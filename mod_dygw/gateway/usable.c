/* SPDX-License-Identifier: Apache-2.0
 * Whether a coupon may be used here and now. See usable.h. Where its terms can be read in two ways,
 * the one counts by which it may be used. */
#include "gateway/usable.h"

#include <string.h>

#include "util/day.h"

#define LAST_MS    999 /* of a second: Douyin tells whole ones */
#define DAY_MINUTE ((int)(DYGW_DAY_MS / 60000))

dygw_moment_t dygw_usable_moment(const dygw_reply_t *reply, const char *poi_id, int zone)
{
    const int is_told = reply->date != DYGW_NO_TIME;

    return (dygw_moment_t){ .poi_id = poi_id,
                            .now = is_told ? reply->date : dygw_now(),
                            .by_douyin = is_told,
                            .zone = zone };
}

static dygw_reason_e reason_of_status(int status)
{
    switch (status) {
    case DYGW_CERTIFICATE_USED:
        return DYGW_REASON_ALREADY_USED;
    case DYGW_CERTIFICATE_REFUNDED:
        return DYGW_REASON_REFUNDED;
    case DYGW_CERTIFICATE_REFUND_REQUESTED:
    case DYGW_CERTIFICATE_REFUNDING:
        return DYGW_REASON_REFUNDING;
    default:
        return DYGW_REASON_NONE;
    }
}

static int is_over(const dygw_certificate_t *certificate, const dygw_moment_t *at)
{
    return at->by_douyin && certificate->expire_time != DYGW_NO_TIME
           && certificate->expire_time + LAST_MS < at->now;
}

static int is_ahead(const dygw_terms_t *terms, const dygw_moment_t *at)
{
    return terms->start_time != DYGW_NO_TIME && terms->start_time > at->now + LAST_MS;
}

static int is_not_for(const dygw_terms_t *terms, const char *poi_id)
{
    for (int i = 0; i < terms->not_for->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(terms->not_for, i, const char *), poi_id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The end of days that are told as one and the same midnight is that day's. */
static dygw_ms_t last_of_span(const dygw_span_t *span, int zone)
{
    return span->from == span->to && (span->from + zone * APR_INT64_C(60000)) % DYGW_DAY_MS == 0
               ? span->from + DYGW_DAY_MS - 1
               : span->to + LAST_MS;
}

static int is_closed_at(const dygw_terms_t *terms, dygw_ms_t t, int zone)
{
    if (terms->closed_weekdays & 1U << dygw_weekday_of(t, zone)) {
        return 1;
    }
    for (int i = 0; i < terms->closed->nelts; i++) {
        const dygw_span_t *span = &APR_ARRAY_IDX(terms->closed, i, dygw_span_t);

        if (t >= span->from && t <= last_of_span(span, zone)) {
            return 1;
        }
    }
    return 0;
}

static int is_within(const apr_array_header_t *hours, int minute)
{
    for (int i = 0; i < hours->nelts; i++) {
        const dygw_hours_t *period = &APR_ARRAY_IDX(hours, i, dygw_hours_t);

        if (minute >= period->from && minute <= period->to) {
            return 1;
        }
    }
    return 0;
}

/* The hours after midnight of a day that may be used are that day's, and the next one's. */
static int is_out_of_time(const dygw_terms_t *terms, const dygw_moment_t *at)
{
    const int minute = dygw_minute_of(at->now, at->zone);
    const int of_yesterday = is_within(terms->hours, minute + DAY_MINUTE);

    if (terms->hours->nelts > 0 && !of_yesterday && !is_within(terms->hours, minute)) {
        return 1;
    }
    return is_closed_at(terms, at->now, at->zone)
           && !(of_yesterday && !is_closed_at(terms, at->now - DYGW_DAY_MS, at->zone));
}

dygw_reason_e dygw_usable_reason(const dygw_certificate_t *certificate, const dygw_terms_t *terms,
                                 const dygw_moment_t *at)
{
    const dygw_reason_e reason = reason_of_status(certificate->status);

    if (reason != DYGW_REASON_NONE) {
        return reason;
    }
    return is_over(certificate, at)        ? DYGW_REASON_EXPIRED
           : certificate->times_left == 0  ? DYGW_REASON_NO_USES_LEFT
           : is_not_for(terms, at->poi_id) ? DYGW_REASON_WRONG_STORE
           : is_ahead(terms, at)           ? DYGW_REASON_NOT_YET_VALID
           : is_out_of_time(terms, at)     ? DYGW_REASON_UNUSABLE_NOW
                                           : DYGW_REASON_NONE;
}
