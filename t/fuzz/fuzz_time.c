/* SPDX-License-Identifier: Apache-2.0
 * Times as callers write them: a text in the first line, an offset in minutes in the second, a number
 * as Douyin writes it in the third. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "util/day.h"
#include "util/instant.h"

#define FIRST_ZONE (-720)
#define ZONES      1561 /* -12:00 to +14:00 */
#define MINUTE_MS  60000
#define END_9998   APR_INT64_C(253370764800000)

/* Days since 1970-01-01, by counting years from March: another way than the module's. */
static apr_int64_t days_of(int year, int month, int day)
{
    int y = year - (month <= 2);
    int since_march = (month + 9) % 12;

    return (apr_int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (since_march * 153 + 2) / 5 + day - 1 - 719468;
}

static int digits(const char *text, int n)
{
    return atoi(memcpy((char[8]){ 0 }, text, (size_t)n));
}

/* Of a text that was taken: what its digits say. */
static dygw_ms_t value_of(const char *s)
{
    const char *rest = s + 19;
    dygw_ms_t t = days_of(digits(s, 4), digits(s + 5, 2), digits(s + 8, 2)) * DYGW_DAY_MS
                  + ((digits(s + 11, 2) * 60 + digits(s + 14, 2)) * 60 + digits(s + 17, 2)) * 1000;

    if (*rest == '.') {
        size_t n = strspn(rest + 1, FUZZ_DIGITS);
        char ms[4] = "000";

        memcpy(ms, rest + 1, n < 3 ? n : 3);
        t += atoi(ms) + (n > 3 && strspn(rest + 4, "0") < n - 3);
        rest += 1 + n;
    }
    if (*rest == '+' || *rest == '-') {
        t -= (*rest == '-' ? -1 : 1) * (digits(rest + 1, 2) * 60 + digits(rest + 4, 2)) * MINUTE_MS;
    }
    return t;
}

static void check_instant(const char *text)
{
    char written[DYGW_RFC3339_LEN + 1];
    dygw_ms_t t, again;

    if (dygw_instant_parse(text, &t) != APR_SUCCESS) {
        return;
    }
    FUZZ_ASSERT(strlen(text) >= 20 && t == value_of(text));
    if (t >= 0 && t < END_9998) {
        dygw_time_rfc3339_into(written, t);
        FUZZ_ASSERT(strlen(written) == DYGW_RFC3339_LEN);
        FUZZ_ASSERT(dygw_instant_parse(written, &again) == APR_SUCCESS && again == t);
    }
}

/* A moment is in its day, and the next day begins where that one ends. */
static void check_day(dygw_ms_t t, int zone, apr_pool_t *pool)
{
    dygw_ms_t start, next;

    if (t < DYGW_DAY_MS || t >= END_9998 - 2 * DYGW_DAY_MS) {
        return;
    }
    FUZZ_ASSERT(dygw_day_start(dygw_day_of(t, zone, pool), zone, &start) == APR_SUCCESS);
    FUZZ_ASSERT(start <= t && t < start + DYGW_DAY_MS);
    FUZZ_ASSERT(dygw_day_start(dygw_day_of(t + DYGW_DAY_MS, zone, pool), zone, &next) == APR_SUCCESS);
    FUZZ_ASSERT(next == start + DYGW_DAY_MS);
}

static void check_date(const char *text, int zone, apr_pool_t *pool)
{
    dygw_ms_t start;

    if (dygw_day_start(text, zone, &start) == APR_SUCCESS) {
        FUZZ_ASSERT(strlen(text) == DYGW_DAY_LEN);
        FUZZ_ASSERT(start + (dygw_ms_t)zone * MINUTE_MS
                    == days_of(digits(text, 4), digits(text + 5, 2), digits(text + 8, 2)) * DYGW_DAY_MS);
        FUZZ_ASSERT(start < 0 || strcmp(dygw_day_of(start, zone, pool), text) == 0);
        FUZZ_ASSERT(start < 0 || strcmp(dygw_day_of(start + DYGW_DAY_MS - 1, zone, pool), text) == 0);
    }
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    const char *text = fuzz_line(&in);
    int zone = FIRST_ZONE + (int)((apr_uint32_t)atoi(fuzz_line(&in)) % ZONES);
    apr_int64_t number = apr_atoi64(fuzz_line(&in));
    dygw_ms_t t = dygw_time_from_douyin(number);
    char out[DYGW_RFC3339_LEN + 1];

    check_instant(text);
    check_date(text, zone, pool);
    FUZZ_ASSERT(number > 0 ? t > 0 : t == DYGW_NO_TIME);
    check_day(t, zone, pool);
    dygw_time_rfc3339_into(out, number);
    FUZZ_ASSERT(strlen(out) == DYGW_RFC3339_LEN);
}
