/* SPDX-License-Identifier: Apache-2.0
 * Times as filters of lists: an instant in RFC 3339, or a date, which is a whole day. */
#include "handle/handle.h"

#include <string.h>

#include <apr_strings.h>

#include "util/day.h"

#define MINUTE_MS       60000
#define HOUR_MINUTES    60
#define CLOCK_LEN       9       /* "T14:15:22" */
#define OFFSET_LEN      6       /* "+08:00" */
#define MS_DIGITS       3

/* Two digits up to max; -1: they are not. */
static int two_digits(const char *text, int max)
{
    int value;

    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return -1;
    }
    value = (text[0] - '0') * 10 + text[1] - '0';
    return value <= max ? value : -1;
}

/* "T14:15:22" in ms; -1. */
static int read_clock(const char *text)
{
    int hour, minute, second;

    if (strlen(text) < CLOCK_LEN || (text[0] != 'T' && text[0] != 't') || text[3] != ':'
        || text[6] != ':') {
        return -1;
    }
    hour = two_digits(text + 1, 23);
    minute = two_digits(text + 4, 59);
    second = two_digits(text + 7, 60);      /* of a leap second */
    return hour < 0 || minute < 0 || second < 0
               ? -1
               : (hour * HOUR_MINUTES + minute) * MINUTE_MS + second * 1000;
}

/* Steps over ".123456", whose ms count; 0: it has no digits. */
static int read_fraction(const char **text, int *ms)
{
    apr_size_t digits;
    int i;

    *ms = 0;
    if (**text != '.') {
        return 1;
    }
    digits = strspn(++*text, "0123456789");
    for (i = 0; i < MS_DIGITS; i++) {
        *ms = *ms * 10 + (i < (int)digits ? (*text)[i] - '0' : 0);
    }
    *text += digits;
    return digits > 0;
}

/* "Z" or "+08:00" in minutes east of UTC. The + may have become a blank, as it does in a query
 * where it is not escaped. */
static int read_offset(const char *text, int *minutes)
{
    int hour, minute;

    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *minutes = 0;
        return 1;
    }
    if (strlen(text) != OFFSET_LEN || !strchr("+- ", *text) || text[3] != ':') {
        return 0;
    }
    hour = two_digits(text + 1, 23);
    minute = two_digits(text + 4, 59);
    *minutes = (*text == '-' ? -1 : 1) * (hour * HOUR_MINUTES + minute);
    return hour >= 0 && minute >= 0;
}

static int read_instant(const char *text, apr_pool_t *pool, dygw_ms_t *t)
{
    const char *rest = text + DYGW_DAY_LEN;
    int clock = read_clock(rest);
    int offset, ms;

    if (clock < 0) {
        return 0;
    }
    rest += CLOCK_LEN;
    if (!read_fraction(&rest, &ms) || !read_offset(rest, &offset)
        || dygw_day_start(apr_pstrmemdup(pool, text, DYGW_DAY_LEN), offset, t) != APR_SUCCESS) {
        return 0;
    }
    *t += clock + ms;
    return 1;
}

dygw_ms_t dygw_query_time(const apr_table_t *query, const char *name, dygw_edge_e edge, int zone,
                          apr_pool_t *pool, dygw_result_t *out)
{
    const char *text = apr_table_get(query, name);
    dygw_ms_t t = 0;
    int ok;

    if (!text) {
        return DYGW_NO_TIME;
    }
    if (strlen(text) == DYGW_DAY_LEN) {
        ok = dygw_day_start(text, zone, &t) == APR_SUCCESS;
        t += edge == DYGW_EDGE_END ? DYGW_DAY_MS : 0;
    }
    else {
        ok = strlen(text) > DYGW_DAY_LEN && read_instant(text, pool, &t);
    }
    if (!ok) {
        dygw_invalid(out, name,
                     apr_pstrcat(pool, name, " must be a date, like 2026-01-31, or a time with "
                                             "offset, like 2026-01-31T08:00:00+08:00", NULL));
    }
    return t > 0 ? t : 0;
}
