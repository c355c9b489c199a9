/* SPDX-License-Identifier: Apache-2.0
 * Times in a query: an instant in RFC 3339, or a date, which is a whole day. */
#include "handle/handle.h"

#include <string.h>

#include <apr_strings.h>

#include "util/day.h"
#include "util/instant.h"

#define OFFSET_LEN 6 /* "+08:00" */

/* In a query the + of an offset becomes a blank, unless the caller escapes it. No other blank can
 * be at that place. */
static const char *with_plus(const char *text, apr_pool_t *pool)
{
    apr_size_t len = strlen(text);
    char *copy;

    if (len <= OFFSET_LEN || text[len - OFFSET_LEN] != ' ') {
        return text;
    }
    copy = apr_pstrdup(pool, text);
    copy[len - OFFSET_LEN] = '+';
    return copy;
}

static apr_status_t read_time(const char *text, dygw_edge_e edge, int zone, apr_pool_t *pool,
                              dygw_ms_t *t)
{
    apr_status_t rv;

    if (strlen(text) != DYGW_DAY_LEN) {
        return dygw_instant_parse(with_plus(text, pool), t);
    }
    rv = dygw_day_start(text, zone, t);
    if (rv == APR_SUCCESS && edge == DYGW_EDGE_END) {
        *t += DYGW_DAY_MS;
    }
    return rv;
}

dygw_ms_t dygw_query_time(const apr_table_t *query, const char *name, dygw_edge_e edge, int zone,
                          dygw_result_t *out)
{
    apr_pool_t *pool = apr_table_elts(query)->pool;
    const char *text = apr_table_get(query, name);
    dygw_ms_t t = 0;

    if (!text) {
        return DYGW_NO_TIME;
    }
    if (read_time(text, edge, zone, pool, &t) != APR_SUCCESS) {
        dygw_invalid(out, name,
                     apr_pstrcat(pool, name,
                                 " must be a date, like 2026-01-31, or a time with "
                                 "offset, like 2026-01-31T08:00:00+08:00",
                                 NULL));
    }
    return t > 0 ? t : 0;
}
