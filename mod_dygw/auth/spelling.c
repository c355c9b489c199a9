/* SPDX-License-Identifier: Apache-2.0
 * How names, keys and nonces may be spelled. By hand and not with <ctype.h>: that one follows the
 * locale, which other modules may set. */
#include "auth/spelling.h"

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
        /* U+0080 to U+009F are written C2 80 to C2 9F. */
        if (*s < 0x20 || *s == 0x7F || (*s == 0xC2 && s[1] < 0xA0)) {
            return 1;
        }
    }
    return 0;
}

/* Jansson makes no string of anything else. */
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
