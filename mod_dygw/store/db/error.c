/* SPDX-License-Identifier: Apache-2.0
 * What a database says about a failure, fit for a log. */
#include "store/db/error.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define NAME_MAX_LEN 32 /* longer than any column of ours, shorter than any digest */

/* A name of a table, column or constraint: ours begin with dygw_, columns have neither digit nor
 * capital. */
static int is_name(const char *text, apr_size_t len)
{
    static const char schema[] = "abcdefghijklmnopqrstuvwxyz_.";
    const char *dot = memchr(text, '.', len);
    const char *table = dot ? dot + 1 : text;
    apr_size_t i = 0;

    if (strncmp(table, "dygw_", 5) == 0 && (apr_size_t)(table - text) + 5 < len) {
        return strspn(text, "abcdefghijklmnopqrstuvwxyz_.0123456789") >= len;
    }
    while (i < len && strchr(schema, text[i])) {
        i++;
    }
    return i == len && len > 0 && len <= NAME_MAX_LEN;
}

/* Quotes stand between words; inside a word it is an apostrophe. */
static const char *opening_quote(const char *line, const char *from)
{
    const char *quote = strpbrk(from, "'\"`");

    while (quote && quote > line && apr_isalnum(quote[-1])) {
        quote = strpbrk(quote + 1, "'\"`");
    }
    return quote;
}

static const char *closing_quote(const char *open)
{
    const char *quote = strchr(open + 1, *open);

    while (quote && apr_isalnum(quote[1])) {
        quote = strchr(quote + 1, *open);
    }
    return quote;
}

/* Where the first quoted text begins that is no name; NULL when there is none. One that does not
 * end counts. */
static const char *first_value(const char *line)
{
    const char *open = opening_quote(line, line);

    while (open) {
        const char *close = closing_quote(open);

        if (!close || !is_name(open + 1, (apr_size_t)(close - open - 1))) {
            return open;
        }
        open = opening_quote(line, close + 1);
    }
    return NULL;
}

const char *dygw_db_error_text(apr_pool_t *pool, const char *text, int code)
{
    char *line = text ? apr_pstrmemdup(pool, text, strcspn(text, "\r\n")) : NULL;
    const char *value;

    if (!line || !*line) {
        return apr_psprintf(pool, "the driver's error %d", code);
    }
    value = first_value(line);
    if (value) {
        /* A value may have quotes in it: only what follows the last one is certain not to be it. */
        const char *quote = strrchr(line, '\'');
        const char *other = strrchr(line, '"');
        const char *last = !quote || (other && other > quote) ? other : quote;
        const char *rest = last && last > value ? last + 1 : "";

        return apr_psprintf(pool, "%.*s(not shown)%s", (int)(value - line), line, rest);
    }
    return line;
}
