/* SPDX-License-Identifier: Apache-2.0
 * Takes members out of JSON text without parsing it, so that the rest stays as it was written. */
#include <string.h>

#include <apr_strings.h>

#include "util/json.h"

const char *dygw_json_after_string(const char *s)
{
    for (s++; *s && *s != '"'; s++) {
        if (*s == '\\' && s[1]) {
            s++;
        }
    }
    return *s ? s + 1 : s;
}

static const char *after_blanks(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* Returns the string from `from` to `to`, quotes included, without its quotes and escapes. */
static const char *string_value(const char *from, const char *to, apr_pool_t *pool)
{
    const char *value = NULL;

    if (to - from < 2) {
        return "";
    }
    if (memchr(from, '\\', (size_t)(to - from))) {
        json_t *string = json_loadb(from, (size_t)(to - from), JSON_DECODE_ANY, NULL);

        value = string ? apr_pstrdup(pool, json_string_value(string)) : NULL;
        json_decref(string);
    }
    return value ? value : apr_pstrmemdup(pool, from + 1, (apr_size_t)(to - from - 2));
}

typedef struct json_cut_t {
    dygw_json_cut_fn *cut;
    const void *baton;
    apr_pool_t *pool;
    char *out;
    apr_size_t len;
} json_cut_t;

static void copy_text(json_cut_t *c, const char *from, const char *to)
{
    memcpy(c->out + c->len, from, (size_t)(to - from));
    c->len += (apr_size_t)(to - from);
}

/* A member was cut that no other follows: takes the comma before it back. */
static void take_comma_back(json_cut_t *c)
{
    apr_size_t len = c->len;

    while (len > 0 && strchr(" \t\r\n", c->out[len - 1])) {
        len--;
    }
    if (len > 0 && c->out[len - 1] == ',') {
        c->len = len - 1;
    }
}

/* Copies or cuts what begins with the string at s. Returns what follows. */
static const char *copy_string(json_cut_t *c, const char *s)
{
    const char *end = dygw_json_after_string(s);
    const char *colon = after_blanks(end);
    const char *value = *colon == ':' ? after_blanks(colon + 1) : colon;
    const char *next;

    if (*colon != ':' || *value != '"') {
        copy_text(c, s, end);
        return end;
    }
    next = dygw_json_after_string(value);
    if (!c->cut(string_value(s, end, c->pool), string_value(value, next, c->pool), c->baton)) {
        copy_text(c, s, next);
        return next;
    }
    if (*after_blanks(next) == ',') {
        return after_blanks(after_blanks(next) + 1);
    }
    take_comma_back(c);
    return next;
}

const char *dygw_json_cut(const char *text, dygw_json_cut_fn *cut, const void *baton,
                          apr_pool_t *pool)
{
    json_cut_t c = { cut, baton, pool, apr_palloc(pool, strlen(text) + 1), 0 };
    const char *s = text;

    while (*s) {
        if (*s == '"') {
            s = copy_string(&c, s);
        }
        else {
            c.out[c.len++] = *s++;
        }
    }
    c.out[c.len] = '\0';
    return c.out;
}
