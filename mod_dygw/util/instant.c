/* SPDX-License-Identifier: Apache-2.0
 * Reads RFC 3339 times. See instant.h. */
#include "util/instant.h"

#include <string.h>

#include "util/day.h"

#define MINUTE_MS 60000
#define MINUTES   60
#define SECOND_MS 1000

/* Reads two digits and moves *text behind them. Returns their value; -1: there are no two digits,
 * or the value is above max. */
static int read_two_digits(const char **text, int max)
{
    const char *s = *text;
    int value;

    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9') {
        return -1;
    }
    value = 10 * (s[0] - '0') + s[1] - '0';
    *text += 2;
    return value <= max ? value : -1;
}

static int skip_char(const char **text, char c)
{
    if (**text != c) {
        return 0;
    }
    ++*text;
    return 1;
}

/* Reads a fraction of a second, as ".123456". Returns ms, rounded up; 0: there is no fraction; -1:
 * no digit follows the point. */
static int read_fraction(const char **text)
{
    int ms = 0, digits = 0, more = 0;

    if (!skip_char(text, '.')) {
        return 0;
    }
    for (; **text >= '0' && **text <= '9'; ++*text) {
        if (digits++ < 3) {
            ms = 10 * ms + **text - '0';
        }
        else {
            more |= **text != '0';
        }
    }
    for (int i = digits; i < 3; i++) {
        ms *= 10;
    }
    return digits > 0 ? ms + more : -1;
}

/* Reads "Z" or an offset like "+08:00", which must be all of text, into *zone (minutes east of
 * UTC). Returns 0 where text is neither. */
static int read_zone(const char *text, int *zone)
{
    const int west = *text == '-';
    int hours, minutes;

    *zone = 0;
    if (*text == 'Z' || *text == 'z') {
        return text[1] == '\0';
    }
    if (*text != '+' && *text != '-') {
        return 0;
    }
    text++;
    hours = read_two_digits(&text, 23);
    minutes = hours >= 0 && skip_char(&text, ':') ? read_two_digits(&text, 59) : -1;
    *zone = (west ? -1 : 1) * (MINUTES * hours + minutes);
    return minutes >= 0 && *text == '\0';
}

/* Reads a time of the day, and moves *text behind it. Returns the ms since the day began;
 * -1: there is no such time. */
static dygw_ms_t read_time_of_day(const char **text)
{
    const int hours = read_two_digits(text, 23);
    const int minutes = hours >= 0 && skip_char(text, ':') ? read_two_digits(text, 59) : -1;
    const int seconds = minutes >= 0 && skip_char(text, ':') ? read_two_digits(text, 59) : -1;
    const int ms = seconds >= 0 ? read_fraction(text) : -1;

    return ms < 0 ? -1
                  : ((dygw_ms_t)hours * MINUTES + minutes) * MINUTE_MS
                        + (dygw_ms_t)seconds * SECOND_MS + ms;
}

apr_status_t dygw_instant_parse(const char *text, dygw_ms_t *t)
{
    char date[DYGW_DAY_LEN + 1] = { 0 };
    dygw_ms_t day, time;
    int zone;

    strncpy(date, text, DYGW_DAY_LEN);
    if (dygw_day_start(date, 0, &day) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    text += DYGW_DAY_LEN;
    if (!skip_char(&text, 'T') && !skip_char(&text, 't')) {
        return APR_EINVAL;
    }
    time = read_time_of_day(&text);
    if (time < 0 || !read_zone(text, &zone)) {
        return APR_EINVAL;
    }
    *t = day + time - zone * (dygw_ms_t)MINUTE_MS;
    return APR_SUCCESS;
}
