/* SPDX-License-Identifier: Apache-2.0
 * How names, keys and nonces may be spelled. <ctype.h> is not used, because it follows the locale,
 * which other modules may set. */
#include "util/spelling.h"

#include <string.h>

#include <jansson.h>

#include "util/text.h"

static int is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int dygw_spelled(const char *text, apr_size_t min, apr_size_t max, const char *others)
{
    apr_size_t len = 0;

    for (; text[len]; len++) {
        if (len == max || (!is_letter_or_digit(text[len]) && !strchr(others, text[len]))) {
            return 0;
        }
    }
    return len >= min;
}

int dygw_is_one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(*words, text) != 0) {
        words++;
    }
    return *words != NULL;
}

#define WORD_MAX 64

/* How many characters have to be put in, left out or changed to make one word of the other. */
static int distance_of(const char *text, const char *word)
{
    int row[WORD_MAX + 1];
    int len = (int)strnlen(word, WORD_MAX);

    for (int i = 0; i <= len; i++) {
        row[i] = i;
    }
    for (int n = 1; *text; text++, n++) {
        int before = row[0]; /* of the row above, in the column to the left */

        row[0] = n;
        for (int i = 1; i <= len; i++) {
            int change = before + (*text != word[i - 1]);
            int other = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;

            before = row[i];
            row[i] = change < other ? change : other;
        }
    }
    return row[len];
}

const char *dygw_nearest(const char *text, const char *const *words)
{
    const char *nearest = *words;

    for (; *words; words++) {
        if (distance_of(text, *words) < distance_of(text, nearest)) {
            nearest = *words;
        }
    }
    return nearest;
}

int dygw_is_hex(const char *text, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return 0;
        }
    }
    return text[len] == '\0';
}

int dygw_has_controls(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    for (; *s; s++) {
        /* In UTF-8, U+0080 to U+009F are the bytes C2 80 to C2 9F. */
        if (*s < 0x20 || *s == 0x7F || (*s == 0xC2 && s[1] < 0xA0)) {
            return 1;
        }
    }
    return 0;
}

/* A range of Unicode characters; { 0, 0 } ends a list of ranges. */
typedef struct range_t {
    unsigned first, last;
} range_t;

static const range_t blanks[] = {
    { 0x09, 0x0D },     { 0x20, 0x20 },     { 0x85, 0x85 },     { 0xA0, 0xA0 },
    { 0x1680, 0x1680 }, { 0x180E, 0x180E }, { 0x2000, 0x200F }, { 0x2028, 0x202F },
    { 0x205F, 0x206F }, { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF }, { 0, 0 },
};

static const range_t hyphens[] = {
    { '-', '-' },       { 0xAD, 0xAD },     { 0x2010, 0x2015 }, { 0x2212, 0x2212 },
    { 0xFE58, 0xFE58 }, { 0xFE63, 0xFE63 }, { 0xFF0D, 0xFF0D }, { 0, 0 },
};

/* Returns the character at the start of text, and sets *len to how many bytes it has. 0: text
 * starts in the middle of a character, or with a character of four bytes, none of which is in a
 * list. */
static unsigned character_at(const char *text, apr_size_t *len)
{
    const unsigned char *s = (const unsigned char *)text;

    if (*s < 0x80) {
        *len = 1;
        return *s;
    }
    if (*s >= 0xC0 && *s < 0xE0) {
        *len = 2;
        return (*s & 0x1Fu) << 6 | (s[1] & 0x3Fu);
    }
    if (*s >= 0xE0 && *s < 0xF0) {
        *len = 3;
        return (*s & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
    }
    *len = 1;
    return 0;
}

static apr_size_t length_in_ranges(const char *text, const range_t *range)
{
    apr_size_t len;
    unsigned c = character_at(text, &len);

    while (range->last && (c < range->first || c > range->last)) {
        range++;
    }
    return range->last ? len : 0;
}

apr_size_t dygw_blank(const char *text)
{
    return length_in_ranges(text, blanks);
}

apr_size_t dygw_hyphen(const char *text)
{
    return length_in_ranges(text, hyphens);
}

void dygw_drop_joints(char *text)
{
    char *end = text;

    while (*text) {
        apr_size_t len = dygw_blank(text);

        len = len ? len : dygw_hyphen(text);
        if (len == 0) {
            *end++ = *text++;
        }
        text += len;
    }
    *end = '\0';
}

/* Jansson makes strings of valid UTF-8 only. */
static int is_utf8(const char *text)
{
    json_t *value = json_string(text);
    int valid = value != NULL;

    json_decref(value);
    return valid;
}

int dygw_is_printable(const char *text, apr_size_t min, apr_size_t max)
{
    apr_size_t n = dygw_characters(text);

    return n >= min && n <= max && is_utf8(text) && !dygw_has_controls(text);
}
