/* SPDX-License-Identifier: Apache-2.0
 * Takes members out of JSON text without parsing it, so that the rest stays as it was written. */
#include "util/json_cut.h"

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

/* Where the walk is, and what of the text it has not written yet. */
typedef struct cutter_t {
    dygw_jsonw_t *w;
    const dygw_json_cut_t *cut;
    apr_size_t start;   /* of the value in what w has written */
    const char *unsaid; /* from here on nothing is written yet */
} cutter_t;

/* Whether the key from `from` to `to`, quotes included, is one of those that cut knows. Most keys
 * have no escapes, and are compared where they stand. Returns the key; NULL: it is another. */
static const char *known_key(const cutter_t *c, const char *from, const char *to)
{
    const char *text = from + 1;
    apr_size_t len = to - from < 2 ? 0 : (apr_size_t)(to - from - 2);
    const char *const *key = c->cut->keys;

    if (memchr(text, '\\', len)) {
        text = string_value(from, to, c->w->pool);
        len = strlen(text);
    }
    while (*key && (strncmp(*key, text, len) != 0 || (*key)[len])) {
        key++;
    }
    return *key;
}

static int is_to_be_cut(const cutter_t *c, const char *key, const char *value, const char *end)
{
    return !c->cut->is_cut
           || c->cut->is_cut(key, string_value(value, end, c->w->pool), c->cut->baton);
}

static void say_until(cutter_t *c, const char *s)
{
    dygw_jsonw_piece(c->w, c->unsaid, (apr_size_t)(s - c->unsaid));
}

/* A member was cut that no other follows: takes the comma before it back. */
static void take_comma_back(const cutter_t *c)
{
    const char *text = c->w->text;
    apr_size_t len = c->w->len;

    while (len > c->start && strchr(" \t\r\n", text[len - 1])) {
        len--;
    }
    if (len > c->start && text[len - 1] == ',') {
        c->w->len = len - 1;
    }
}

/* Passes what begins with the string at s, or cuts it. Returns what follows. */
static const char *pass_string(cutter_t *c, const char *s)
{
    const char *end = dygw_json_after_string(s);
    const char *colon = after_blanks(end);
    const char *value = *colon == ':' ? after_blanks(colon + 1) : colon;
    const char *next, *key;

    if (*colon != ':' || *value != '"') {
        return end;
    }
    next = dygw_json_after_string(value);
    key = known_key(c, s, end);
    if (!key || !is_to_be_cut(c, key, value, next)) {
        return next;
    }
    say_until(c, s);
    if (*after_blanks(next) == ',') {
        next = after_blanks(after_blanks(next) + 1);
    }
    else {
        take_comma_back(c);
    }
    c->unsaid = next;
    return next;
}

void dygw_jsonw_raw_cut(dygw_jsonw_t *w, const char *key, const char *json,
                        const dygw_json_cut_t *cut)
{
    cutter_t c = { .w = w, .cut = cut, .unsaid = json };
    const char *s = json;

    dygw_jsonw_raw(w, key, "", 0);
    c.start = w->len;
    while (*s) {
        s = *s == '"' ? pass_string(&c, s) : s + 1;
    }
    say_until(&c, s);
}

const char *dygw_json_cut(const char *text, const dygw_json_cut_t *cut, apr_pool_t *pool)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, strlen(text) + 1);
    dygw_jsonw_raw_cut(&w, NULL, text, cut);
    return w.text;
}
