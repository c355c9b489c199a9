/* SPDX-License-Identifier: Apache-2.0
 * Time in milliseconds UTC: reads the clock, and writes times as RFC 3339. */
#include "util/clock.h"

#include <stdatomic.h>
#include <time.h>

#include <apr_time.h>

#define MS_PER_SEC 1000
#define US_PER_MS  1000

/* As seconds this number is in the year 5138, as milliseconds in March 1973: so a time above it is
 * in milliseconds. */
#define DOUYIN_MS_ABOVE APR_INT64_C(100000000000)

/* 9999-12-31T23:59:59.999Z, the last time of RFC 3339, which has four digits for the year. */
#define RFC3339_MAX_MS APR_INT64_C(253402300799999)

static dygw_ms_t system_clock(void)
{
    return apr_time_now() / US_PER_MS;
}

static dygw_ms_t (*current_clock)(void) = system_clock;

dygw_ms_t dygw_now(void)
{
    return current_clock();
}

static apr_time_t system_steady(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_make(now.tv_sec, now.tv_nsec / 1000);
}

static apr_time_t (*steady_clock)(void) = system_steady;

apr_time_t dygw_steady_now(void)
{
    return steady_clock();
}

/* --- other clocks --- */

/* Each member is written alone: who reads between two writes finds an offset that was right a
 * moment ago. */
static struct {
    _Atomic dygw_ms_t ahead;
    _Atomic apr_time_t at;
} noted[DYGW_CLOCKS];

dygw_ms_t dygw_steady_ms(void)
{
    return apr_time_as_msec(dygw_steady_now());
}

dygw_clock_seen_t dygw_clock_see(dygw_ms_t shown)
{
    return (dygw_clock_seen_t){ shown - dygw_steady_ms(), dygw_steady_now() };
}

dygw_ms_t dygw_clock_ahead(const dygw_clock_seen_t *seen)
{
    return dygw_now() - dygw_steady_ms() - seen->ahead;
}

void dygw_clock_note(dygw_clock_e which, const dygw_clock_seen_t *seen)
{
    noted[which].ahead = seen->ahead;
    noted[which].at = seen->at;
}

dygw_ms_t dygw_sure_now(void)
{
    const dygw_ms_t now = dygw_now();
    dygw_ms_t sure = now;
    int i;

    for (i = 0; i < DYGW_CLOCKS; i++) {
        dygw_ms_t other = dygw_steady_ms() + noted[i].ahead;

        if (noted[i].at != 0 && other < now - DYGW_CLOCK_WELL_MS && other < sure) {
            sure = other;
        }
    }
    return sure;
}

/* --- how long ago --- */

/* `at` may lie a little ahead: a process of another host may have noted it just now. */
int dygw_is_recent(dygw_ms_t at, dygw_ms_t ms)
{
    dygw_ms_t ago = dygw_now() - at;

    return ago >= -DYGW_CLOCKS_APART_MS && ago < ms;
}

dygw_ms_t dygw_left_until(dygw_ms_t at, dygw_ms_t longest)
{
    dygw_ms_t left = at - dygw_now();

    return left > 0 && left <= longest ? left : 0;
}

/* --- for tests --- */

void dygw_clock_set(dygw_ms_t (*clock)(void))
{
    current_clock = clock ? clock : system_clock;
}

void dygw_steady_set(apr_time_t (*clock)(void))
{
    steady_clock = clock ? clock : system_steady;
}

/* --- Douyin's times, and RFC 3339 --- */

dygw_ms_t dygw_time_from_douyin(apr_int64_t t)
{
    if (t <= 0) {
        return DYGW_NO_TIME;
    }
    t = t > DOUYIN_MS_ABOVE ? t : t * MS_PER_SEC;
    return t > RFC3339_MAX_MS ? RFC3339_MAX_MS : t;
}

static char *put_digits(char *out, int value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

void dygw_time_rfc3339_into(char *out, dygw_ms_t t)
{
    apr_time_exp_t when;

    t = t < 0 ? 0 : t;
    t = t > RFC3339_MAX_MS ? RFC3339_MAX_MS : t;
    apr_time_exp_gmt(&when, t * US_PER_MS);
    out = put_digits(out, when.tm_year + 1900, 4);
    *out++ = '-';
    out = put_digits(out, when.tm_mon + 1, 2);
    *out++ = '-';
    out = put_digits(out, when.tm_mday, 2);
    *out++ = 'T';
    out = put_digits(out, when.tm_hour, 2);
    *out++ = ':';
    out = put_digits(out, when.tm_min, 2);
    *out++ = ':';
    out = put_digits(out, when.tm_sec, 2);
    *out++ = '.';
    out = put_digits(out, when.tm_usec / US_PER_MS, 3);
    *out++ = 'Z';
    *out = '\0';
}
