/* SPDX-License-Identifier: Apache-2.0
 * Mends JSON whose text is damaged. Some answers of Douyin have titles or messages that were cut to
 * a length in the middle of a character, for which jansson refuses the whole answer.
 *
 * The text is walked through once, which measures the mended text, and finds out whether there is
 * anything to mend, and how deep arrays and objects nest. Only where there is something to mend, a
 * second walk writes the mended text. */
#include "util/json.h"

#include <string.h>

#include <apr_lib.h>

#define MARK        "\xEF\xBB\xBF" /* the byte order mark */
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define ESCAPE_LEN  6              /* of \u and four digits */
#define HIGH_FIRST  0xD800U        /* from here on: first halves of surrogate pairs */
#define LOW_FIRST   0xDC00U        /* from here on: second halves */
#define LOW_LAST    0xDFFFU        /* the last second half */

typedef struct walk_t {
    const unsigned char *text;
    apr_size_t len;
    apr_size_t at;
    char *out; /* NULL: this walk only measures */
    apr_size_t out_len;
    int mended;
    int depth;   /* of the arrays and objects at `at` */
    int deepest; /* of all so far */
} walk_t;

static void walk_put(walk_t *w, const void *bytes, apr_size_t len)
{
    if (w->out) {
        memcpy(w->out + w->out_len, bytes, len);
    }
    w->out_len += len;
}

static void walk_keep(walk_t *w, apr_size_t len)
{
    walk_put(w, w->text + w->at, len);
    w->at += len;
}

static void walk_replace(walk_t *w, apr_size_t len)
{
    walk_put(w, REPLACEMENT, strlen(REPLACEMENT));
    w->at += len;
    w->mended = 1;
}

static void walk_escape(walk_t *w)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char c = w->text[w->at];
    const char escaped[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

    walk_put(w, escaped, sizeof escaped);
    w->at++;
    w->mended = 1;
}

static apr_size_t bytes_left(const walk_t *w)
{
    return w->len - w->at;
}

/* --- escapes --- */

/* Returns the UTF-16 unit that the escape sequence at `at` stands for; -1: there is no \u with four
 * hex digits. */
static long utf16_unit_at(const walk_t *w, apr_size_t at)
{
    long unit = 0;

    if (w->len - at < ESCAPE_LEN || w->text[at] != '\\' || w->text[at + 1] != 'u') {
        return -1;
    }
    for (apr_size_t i = at + 2; i < at + ESCAPE_LEN; i++) {
        const int c = w->text[i];

        if (!apr_isxdigit(c)) {
            return -1;
        }
        unit = unit * 16 + (apr_isdigit(c) ? c - '0' : apr_tolower(c) - 'a' + 10);
    }
    return unit;
}

static int is_between(long unit, unsigned first, unsigned last)
{
    return unit >= (long)first && unit <= (long)last;
}

static void walk_escape_sequence(walk_t *w)
{
    long unit = utf16_unit_at(w, w->at);

    if (unit < 0) {
        walk_keep(w, bytes_left(w) < 2 ? bytes_left(w) : 2);
    }
    else if (is_between(unit, HIGH_FIRST, LOW_FIRST - 1)
             && is_between(utf16_unit_at(w, w->at + ESCAPE_LEN), LOW_FIRST, LOW_LAST)) {
        walk_keep(w, 2 * (apr_size_t)ESCAPE_LEN);
    }
    else if (unit == 0 || is_between(unit, HIGH_FIRST, LOW_LAST)) {
        walk_replace(w, ESCAPE_LEN);
    }
    else {
        walk_keep(w, ESCAPE_LEN);
    }
}

/* --- UTF-8 --- */

/* Returns how many bytes the character has that begins with the byte `lead`; 0: no character does.
 * *from and *to: the range of its second byte. */
static apr_size_t utf8_length_by_lead(unsigned char lead, unsigned char *from, unsigned char *to)
{
    *from = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *to = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* Keeps a whole character; replaces an incomplete one, whatever the number of its bytes, by one
 * U+FFFD. */
static void walk_utf8(walk_t *w)
{
    unsigned char from, to;
    apr_size_t length = utf8_length_by_lead(w->text[w->at], &from, &to);
    apr_size_t n = 1;

    while (n < length && n < bytes_left(w) && w->text[w->at + n] >= from
           && w->text[w->at + n] <= to) {
        from = 0x80;
        to = 0xBF;
        n++;
    }
    if (n == length) {
        walk_keep(w, n);
    }
    else {
        walk_replace(w, n);
    }
}

/* --- all of it --- */

/* Handles one character of a string that is not plain. */
static void walk_in_string(walk_t *w)
{
    const unsigned char c = w->text[w->at];

    if (c == '\\') {
        walk_escape_sequence(w);
    }
    else if (c >= 0x80) {
        walk_utf8(w);
    }
    else if (c == '\0') {
        walk_replace(w, 1);
    }
    else {
        walk_escape(w);
    }
}

/* Returns how many bytes from here on are plain: they have no special meaning in a string, and need
 * no mending. */
static apr_size_t plain_length(const walk_t *w)
{
    const unsigned char *start = w->text + w->at, *end = w->text + w->len, *s = start;

    while (s < end && *s >= ' ' && *s < 0x80 && *s != '"' && *s != '\\') {
        s++;
    }
    return (apr_size_t)(s - start);
}

/* Keeps a string, whose opening quote is kept already, with its closing quote. */
static void walk_string(walk_t *w)
{
    while (w->at < w->len) {
        walk_keep(w, plain_length(w));
        if (w->at == w->len) {
            return;
        }
        if (w->text[w->at] == '"') {
            walk_keep(w, 1);
            return;
        }
        walk_in_string(w);
    }
}

/* Keeps what stands between two strings, with the opening quote of the second. */
static void walk_to_string(walk_t *w)
{
    const unsigned char *start = w->text + w->at, *end = w->text + w->len, *s = start;

    while (s < end && *s != '"') {
        if (*s == '{' || *s == '[') {
            w->depth++;
            w->deepest = w->depth > w->deepest ? w->depth : w->deepest;
        }
        else if (*s == '}' || *s == ']') {
            w->depth--;
        }
        s++;
    }
    walk_keep(w, (apr_size_t)(s - start) + (s < end));
}

static void walk_text(walk_t *w)
{
    w->at = w->out_len = 0;
    w->depth = w->deepest = 0;
    if (w->len >= strlen(MARK) && memcmp(w->text, MARK, strlen(MARK)) == 0) {
        w->at = strlen(MARK);
        w->mended = 1;
    }
    while (w->at < w->len) {
        walk_to_string(w);
        walk_string(w);
    }
}

const char *dygw_json_mend(const char *text, apr_size_t *len, int *depth, apr_pool_t *pool)
{
    walk_t w = { .text = (const unsigned char *)text, .len = *len };

    walk_text(&w);
    *depth = w.deepest;
    if (!w.mended) {
        return text;
    }
    w.out = apr_palloc(pool, w.out_len + 1);
    walk_text(&w);
    w.out[w.out_len] = '\0';
    *len = w.out_len;
    return w.out;
}
