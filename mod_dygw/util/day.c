/* SPDX-License-Identifier: Apache-2.0
 * Days of a time zone. See day.h. */
#include "util/day.h"

#include <string.h>

#include <apr_strings.h>

#define MINUTE_MS  APR_INT64_C(60000)
#define FIRST_YEAR 1970
#define FIRST_DAY  3 /* was a Thursday; from Monday 0 */
#define WEEK_DAYS  7
#define LAST_YEAR  9998

const char *dygw_day_of(dygw_ms_t t, int zone, apr_pool_t *pool)
{
    char text[DYGW_RFC3339_LEN + 1];

    dygw_time_rfc3339_into(text, t + zone * MINUTE_MS);
    return apr_pstrmemdup(pool, text, DYGW_DAY_LEN);
}

/* Returns the value of the first `digits` characters; -1: one of them is not a digit. */
static int value_of_digits(const char *text, int digits)
{
    int value = 0;

    while (digits-- > 0) {
        if (*text < '0' || *text > '9') {
            return -1;
        }
        value = 10 * value + *text++ - '0';
    }
    return value;
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Returns the number of days from 1970-01-01 to January 1 of the year. */
static apr_int64_t days_before(int year)
{
    const int y = year - 1;
    const int first = FIRST_YEAR - 1;

    return (year - FIRST_YEAR) * APR_INT64_C(365) + (y / 4 - first / 4) - (y / 100 - first / 100)
           + (y / 400 - first / 400);
}

apr_status_t dygw_day_start(const char *text, int zone, dygw_ms_t *start)
{
    apr_int64_t days;
    int year, month, day;

    if (strlen(text) != DYGW_DAY_LEN || text[4] != '-' || text[7] != '-') {
        return APR_EINVAL;
    }
    year = value_of_digits(text, 4);
    month = value_of_digits(text + 5, 2);
    day = value_of_digits(text + 8, 2);
    if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1
        || day > days_of_month(year, month)) {
        return APR_EINVAL;
    }
    days = days_before(year) + day - 1;
    while (--month > 0) {
        days += days_of_month(year, month);
    }
    *start = days * DYGW_DAY_MS - zone * MINUTE_MS;
    return APR_SUCCESS;
}

int dygw_weekday_of(dygw_ms_t t, int zone)
{
    const dygw_ms_t day = (t + zone * MINUTE_MS) / DYGW_DAY_MS;

    return (int)((day + FIRST_DAY) % WEEK_DAYS) + 1;
}

int dygw_minute_of(dygw_ms_t t, int zone)
{
    return (int)((t + zone * MINUTE_MS) % DYGW_DAY_MS / MINUTE_MS);
}
