/* SPDX-License-Identifier: Apache-2.0
 * The JSON writer. See jsonw.h. */
#include "util/jsonw.h"

#include <string.h>

#include "util/text.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define ESCAPED_LEN 6              /* \u0000 */
#define MAX_INT_LEN 20             /* -9223372036854775808 */

static void jsonw_append(dygw_jsonw_t *w, const char *data, apr_size_t len)
{
    char *out = dygw_grow(&w->text, &w->size, w->len, len, w->pool);

    memcpy(out, data, len);
    out[len] = '\0';
    w->len += len;
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

static void jsonw_append_escape(dygw_jsonw_t *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char out[ESCAPED_LEN] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

    for (const char *n = named; *n; n += 2) {
        if ((unsigned char)n[0] == c) {
            out[1] = n[1];
            jsonw_append(w, out, 2);
            return;
        }
    }
    jsonw_append(w, out, ESCAPED_LEN);
}

static int is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void jsonw_append_quoted(dygw_jsonw_t *w, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;

    jsonw_append(w, "\"", 1);
    while (*s) {
        const unsigned char *start = s;
        apr_size_t len;

        while (is_plain(*s)) {
            s++;
        }
        jsonw_append(w, (const char *)start, (apr_size_t)(s - start));
        if (*s == '\0') {
            break;
        }
        len = utf8_sequence_length(s);
        if (len == 1) {
            jsonw_append_escape(w, *s);
        }
        else if (len > 1) {
            jsonw_append(w, (const char *)s, len);
        }
        else {
            jsonw_append(w, REPLACEMENT, 3);
            len = 1;
        }
        s += len;
    }
    jsonw_append(w, "\"", 1);
}

/* Writes what comes before a value: the comma and the key. */
static void jsonw_begin_value(dygw_jsonw_t *w, const char *key)
{
    if (w->comma) {
        jsonw_append(w, ",", 1);
    }
    if (key) {
        jsonw_append_quoted(w, key);
        jsonw_append(w, ":", 1);
    }
    w->comma = 1;
}

static void jsonw_open(dygw_jsonw_t *w, const char *key, const char *bracket)
{
    jsonw_begin_value(w, key);
    jsonw_append(w, bracket, 1);
    w->comma = 0;
}

static void jsonw_close(dygw_jsonw_t *w, const char *bracket)
{
    jsonw_append(w, bracket, 1);
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
    if (value == NULL) {
        dygw_jsonw_null(w, key);
        return;
    }
    jsonw_begin_value(w, key);
    jsonw_append_quoted(w, value);
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
    jsonw_begin_value(w, key);
    jsonw_append(w, p, (apr_size_t)(digits + sizeof digits - p));
}

void dygw_jsonw_bool(dygw_jsonw_t *w, const char *key, int value)
{
    jsonw_begin_value(w, key);
    jsonw_append(w, value ? "true" : "false", value ? 4 : 5);
}

void dygw_jsonw_null(dygw_jsonw_t *w, const char *key)
{
    jsonw_begin_value(w, key);
    jsonw_append(w, "null", 4);
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
    jsonw_begin_value(w, key);
    jsonw_append(w, text, DYGW_RFC3339_LEN + 2);
}

void dygw_jsonw_raw(dygw_jsonw_t *w, const char *key, const char *json, apr_size_t len)
{
    if (json == NULL) {
        dygw_jsonw_null(w, key);
        return;
    }
    jsonw_begin_value(w, key);
    jsonw_append(w, json, len);
}

void dygw_jsonw_piece(dygw_jsonw_t *w, const char *json, apr_size_t len)
{
    jsonw_append(w, json, len);
}
