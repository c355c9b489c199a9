/* SPDX-License-Identifier: Apache-2.0
 * Mending JSON whose text is damaged: who cuts titles and messages to a length does it between the
 * halves of a character. Jansson refuses all of an answer for that.
 *
 * One walk measures, and tells whether there is anything to mend; another one writes. */
#include "util/json.h"

#include <string.h>

#include <apr_lib.h>

#define MARK            "\xEF\xBB\xBF"          /* byte order */
#define REPLACEMENT     "\xEF\xBF\xBD"          /* U+FFFD */
#define ESCAPE_LEN      6                       /* of \u and four digits */
#define HIGH_FIRST      0xD800U                 /* surrogates: the first halves, */
#define LOW_FIRST       0xDC00U                 /* and the second ones */
#define LOW_LAST        0xDFFFU

typedef struct walk_t {
    const unsigned char *text;
    apr_size_t len;
    apr_size_t at;
    char *out;              /* NULL: it is measured */
    apr_size_t out_len;
    int mended;
} walk_t;

static void put(walk_t *w, const void *bytes, apr_size_t len)
{
    if (w->out) {
        memcpy(w->out + w->out_len, bytes, len);
    }
    w->out_len += len;
}

static void keep(walk_t *w, apr_size_t len)
{
    put(w, w->text + w->at, len);
    w->at += len;
}

static void replace(walk_t *w, apr_size_t len)
{
    put(w, REPLACEMENT, strlen(REPLACEMENT));
    w->at += len;
    w->mended = 1;
}

static void escape(walk_t *w)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char c = w->text[w->at];
    const char escaped[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

    put(w, escaped, sizeof escaped);
    w->at++;
    w->mended = 1;
}

static apr_size_t left(const walk_t *w)
{
    return w->len - w->at;
}

/* --- escapes --- */

/* The unit that the escape at `at` is of; -1: that is no \u with its four digits. */
static long unit_at(const walk_t *w, apr_size_t at)
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

static void step_escape(walk_t *w)
{
    long unit = unit_at(w, w->at);

    if (unit < 0) {
        keep(w, left(w) < 2 ? left(w) : 2);
    }
    else if (is_between(unit, HIGH_FIRST, LOW_FIRST - 1)
             && is_between(unit_at(w, w->at + ESCAPE_LEN), LOW_FIRST, LOW_LAST)) {
        keep(w, 2 * (apr_size_t)ESCAPE_LEN);
    }
    else if (unit == 0 || is_between(unit, HIGH_FIRST, LOW_LAST)) {
        replace(w, ESCAPE_LEN);
    }
    else {
        keep(w, ESCAPE_LEN);
    }
}

/* --- UTF-8 --- */

/* How long the character is that the lead byte begins, and what its second byte may be; 0: it
 * begins none. */
static apr_size_t length_by(unsigned char lead, unsigned char *from, unsigned char *to)
{
    *from = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *to = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* A whole character stays. Of half of one, the bytes that belong together are one U+FFFD. */
static void step_utf8(walk_t *w)
{
    unsigned char from, to;
    apr_size_t length = length_by(w->text[w->at], &from, &to);
    apr_size_t n = 1;

    while (n < length && n < left(w) && w->text[w->at + n] >= from && w->text[w->at + n] <= to) {
        from = 0x80;
        to = 0xBF;
        n++;
    }
    if (n == length) {
        keep(w, n);
    }
    else {
        replace(w, n);
    }
}

/* --- all of it --- */

/* What is not plain there. */
static void step_in_string(walk_t *w)
{
    const unsigned char c = w->text[w->at];

    if (c == '\\') {
        step_escape(w);
    }
    else if (c >= 0x80) {
        step_utf8(w);
    }
    else if (c == '\0') {
        replace(w, 1);
    }
    else {
        escape(w);
    }
}

/* How many bytes there are from here on that mean nothing but themselves, inside and outside. */
static apr_size_t plain_run(const walk_t *w)
{
    apr_size_t n = 0;

    while (n < left(w) && w->text[w->at + n] >= ' ' && w->text[w->at + n] < 0x80
           && w->text[w->at + n] != '"' && w->text[w->at + n] != '\\') {
        n++;
    }
    return n;
}

static void walk(walk_t *w)
{
    int in_string = 0;

    w->at = w->out_len = 0;
    if (w->len >= strlen(MARK) && memcmp(w->text, MARK, strlen(MARK)) == 0) {
        w->at = strlen(MARK);
        w->mended = 1;
    }
    for (;;) {
        keep(w, plain_run(w));
        if (w->at == w->len) {
            return;
        }
        if (w->text[w->at] == '"') {
            in_string = !in_string;
            keep(w, 1);
        }
        else if (in_string) {
            step_in_string(w);
        }
        else {
            keep(w, 1);
        }
    }
}

const char *dygw_json_mend(const char *text, apr_size_t *len, apr_pool_t *pool)
{
    walk_t w = { .text = (const unsigned char *)text, .len = *len };

    walk(&w);
    if (!w.mended) {
        return text;
    }
    w.out = apr_palloc(pool, w.out_len + 1);
    walk(&w);
    w.out[w.out_len] = '\0';
    *len = w.out_len;
    return w.out;
}
