/* SPDX-License-Identifier: Apache-2.0
 * Whether a coupon may be used here and now. See usable.h. Where its terms can be read in two ways,
 * the one counts by which it may be used. */
#include "gateway/usable.h"

#include <string.h>

#include "util/day.h"

#define LAST_MS    999 /* of a second: Douyin tells whole ones */
#define DAY_MINUTE ((int)(DYGW_DAY_MS / 60000))

dygw_moment_t dygw_usable_moment(dygw_ms_t date, const char *poi_id, int zone)
{
    const int is_told = date != DYGW_NO_TIME;

    return (dygw_moment_t){
        .poi_id = poi_id, .now = is_told ? date : dygw_now(), .by_douyin = is_told, .zone = zone
    };
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
    for (int i = 0; poi_id && i < terms->not_for->nelts; i++) {
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

int dygw_usable_is_barred(dygw_reason_e reason, const dygw_certificate_t *certificate,
                          const dygw_terms_t *terms, const dygw_moment_t *at)
{
    switch (reason) {
    case DYGW_REASON_ALREADY_USED:
        return certificate->status == DYGW_CERTIFICATE_USED;
    case DYGW_REASON_REFUNDED:
        return certificate->status == DYGW_CERTIFICATE_REFUNDED;
    case DYGW_REASON_REFUNDING:
        return certificate->status == DYGW_CERTIFICATE_REFUND_REQUESTED
               || certificate->status == DYGW_CERTIFICATE_REFUNDING;
    case DYGW_REASON_EXPIRED:
        return is_over(certificate, at);
    case DYGW_REASON_NO_USES_LEFT:
        return certificate->times_left == 0;
    case DYGW_REASON_WRONG_STORE:
        return is_not_for(terms, at->poi_id);
    case DYGW_REASON_NOT_YET_VALID:
        return is_ahead(terms, at);
    case DYGW_REASON_UNUSABLE_NOW:
        return is_out_of_time(terms, at);
    default:
        return 0;
    }
}

dygw_reason_e dygw_usable_reason(const dygw_certificate_t *certificate, const dygw_terms_t *terms,
                                 const dygw_moment_t *at)
{
    static const dygw_reason_e lasting[] = {
        DYGW_REASON_ALREADY_USED,  DYGW_REASON_REFUNDED,     DYGW_REASON_REFUNDING,
        DYGW_REASON_EXPIRED,       DYGW_REASON_NO_USES_LEFT, DYGW_REASON_WRONG_STORE,
        DYGW_REASON_NOT_YET_VALID, DYGW_REASON_UNUSABLE_NOW,
    };

    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        if (dygw_usable_is_barred(lasting[i], certificate, terms, at)) {
            return lasting[i];
        }
    }
    return DYGW_REASON_NONE;
}
