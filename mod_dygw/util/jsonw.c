/* SPDX-License-Identifier: Apache-2.0
 * The JSON writer. See jsonw.h. */
#include "util/jsonw.h"

#include <string.h>

#include "util/text.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define ESCAPED_LEN 6              /* \u0000 */
#define MAX_INT_LEN 20             /* -9223372036854775808 */

/* Returns where the next `more` bytes go, and a NUL behind them. */
static char *jsonw_reserve(dygw_jsonw_t *w, apr_size_t more)
{
    return w->size - w->len > more ? w->text + w->len
                                   : dygw_grow(&w->text, &w->size, w->len, more, w->pool);
}

/* What was written to jsonw_reserve's memory ends before `end`. */
static void jsonw_written(dygw_jsonw_t *w, char *end)
{
    *end = '\0';
    w->len = (apr_size_t)(end - w->text);
}

static char *put_text(char *out, const char *data, apr_size_t len)
{
    memcpy(out, data, len);
    return out + len;
}

/* Returns the length of the valid UTF-8 sequence at s; 0: there is none. It never reads behind the
 * NUL at the end, because a NUL continues no sequence. */
static apr_size_t utf8_sequence_length(const unsigned char *s)
{
    unsigned char min = 0x80, max = 0xBF;
    apr_size_t len, i;

    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] < 0xC2 || s[0] > 0xF4) {
        return 0;
    }
    len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    min = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : min; /* overlong */
    max = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : max; /* surrogates, above U+10FFFF */
    if (s[1] < min || s[1] > max) {
        return 0;
    }
    for (i = 2; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

static char *put_escape(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    const char escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

    for (const char *n = named; *n; n += 2) {
        if ((unsigned char)n[0] == c) {
            *out++ = '\\';
            *out++ = n[1];
            return out;
        }
    }
    return put_text(out, escape, ESCAPED_LEN);
}

static int is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Writes what is not plain at *s to out, where there is room for ESCAPED_LEN bytes, and goes on
 * behind it. Returns what follows in out. */
static char *put_special(char *out, const unsigned char **s)
{
    apr_size_t len = utf8_sequence_length(*s);
    const char *from = (const char *)*s;

    *s += len == 0 ? 1 : len;
    if (len == 1) {
        return put_escape(out, (unsigned char)*from);
    }
    return len == 0 ? put_text(out, REPLACEMENT, 3) : put_text(out, from, len);
}

/* Writes value in quotes to out, where there is room for it as it is, for its quotes and for `rest`
 * bytes, which are kept free behind it. There is more room made only where something is to be
 * escaped. Returns what follows in w->text, which may have moved. */
static char *put_quoted(dygw_jsonw_t *w, char *out, const char *value, apr_size_t len,
                        apr_size_t rest)
{
    const unsigned char *s = (const unsigned char *)value, *end = s + len;

    *out++ = '"';
    while (s < end) {
        if (is_plain(*s)) {
            *out++ = (char)*s++;
            continue;
        }
        jsonw_written(w, out);
        out = jsonw_reserve(w, ESCAPED_LEN + (apr_size_t)(end - s) + 1 + rest);
        out = put_special(out, &s);
    }
    *out++ = '"';
    return out;
}

/* Writes what comes before a value: the comma and the key. Returns where the value goes, for which
 * there is room of len bytes. */
static char *jsonw_begin_value(dygw_jsonw_t *w, const char *key, apr_size_t len)
{
    const apr_size_t key_len = key ? strlen(key) : 0;
    char *out = jsonw_reserve(w, key_len + 4 + len); /* a comma, quotes, and a colon */

    if (w->comma) {
        *out++ = ',';
    }
    if (key) {
        out = put_quoted(w, out, key, key_len, len + 1);
        *out++ = ':';
    }
    w->comma = 1;
    return out;
}

/* Writes a member whose value has no need of escapes. */
static void jsonw_member(dygw_jsonw_t *w, const char *key, const char *value, apr_size_t len)
{
    jsonw_written(w, put_text(jsonw_begin_value(w, key, len), value, len));
}

static void jsonw_open(dygw_jsonw_t *w, const char *key, const char *bracket)
{
    jsonw_member(w, key, bracket, 1);
    w->comma = 0;
}

static void jsonw_close(dygw_jsonw_t *w, const char *bracket)
{
    dygw_jsonw_piece(w, bracket, 1);
    w->comma = 1;
}

void dygw_jsonw_init(dygw_jsonw_t *w, apr_pool_t *pool, apr_size_t size_hint)
{
    w->pool = pool;
    w->text = dygw_grow_begin(&w->size, size_hint, pool);
    w->text[0] = '\0';
    w->len = 0;
    w->comma = 0;
}

void dygw_jsonw_object(dygw_jsonw_t *w, const char *key)
{
    jsonw_open(w, key, "{");
}

void dygw_jsonw_end_object(dygw_jsonw_t *w)
{
    jsonw_close(w, "}");
}

void dygw_jsonw_array(dygw_jsonw_t *w, const char *key)
{
    jsonw_open(w, key, "[");
}

void dygw_jsonw_end_array(dygw_jsonw_t *w)
{
    jsonw_close(w, "]");
}

void dygw_jsonw_string(dygw_jsonw_t *w, const char *key, const char *value)
{
    apr_size_t len;

    if (value == NULL) {
        dygw_jsonw_null(w, key);
        return;
    }
    len = strlen(value);
    jsonw_written(w, put_quoted(w, jsonw_begin_value(w, key, len + 2), value, len, 0));
}

void dygw_jsonw_int(dygw_jsonw_t *w, const char *key, apr_int64_t value)
{
    char digits[MAX_INT_LEN];
    char *p = digits + sizeof digits;
    apr_uint64_t rest = value < 0 ? 0 - (apr_uint64_t)value : (apr_uint64_t)value;

    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0) {
        *--p = '-';
    }
    jsonw_member(w, key, p, (apr_size_t)(digits + sizeof digits - p));
}

void dygw_jsonw_bool(dygw_jsonw_t *w, const char *key, int value)
{
    jsonw_member(w, key, value ? "true" : "false", value ? 4 : 5);
}

void dygw_jsonw_null(dygw_jsonw_t *w, const char *key)
{
    jsonw_member(w, key, "null", 4);
}

void dygw_jsonw_time(dygw_jsonw_t *w, const char *key, dygw_ms_t t)
{
    char text[DYGW_RFC3339_LEN + 3];

    if (t == DYGW_NO_TIME) {
        dygw_jsonw_null(w, key);
        return;
    }
    text[0] = '"';
    dygw_time_rfc3339_into(text + 1, t);
    text[DYGW_RFC3339_LEN + 1] = '"';
    jsonw_member(w, key, text, DYGW_RFC3339_LEN + 2);
}

void dygw_jsonw_raw(dygw_jsonw_t *w, const char *key, const char *json, apr_size_t len)
{
    if (json == NULL) {
        dygw_jsonw_null(w, key);
        return;
    }
    jsonw_member(w, key, json, len);
}

void dygw_jsonw_piece(dygw_jsonw_t *w, const char *json, apr_size_t len)
{
    jsonw_written(w, put_text(jsonw_reserve(w, len), json, len));
}
