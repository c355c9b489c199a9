/* SPDX-License-Identifier: Apache-2.0
 * Reads JSON. See json.h. */
#include "util/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "util/text.h"

#define ID_MAX 64 /* characters: what the columns of all ids hold */

/* 9223372036854775807 has 19 digits: an integer with fewer digits fits into 64 bits. */
#define RISKY_DIGITS 19

/* Two to the 63rd, which is the first real number that does not fit into a 64-bit integer. */
#define INT64_END 9223372036854775808.0

/* Returns the index behind the string that starts at text[i]. */
static apr_size_t skip_string(const char *text, apr_size_t len, apr_size_t i)
{
    for (i++; i < len && text[i] != '"'; i++) {
        if (text[i] == '\\') {
            i++;
        }
    }
    return i + 1;
}

/* Whether arrays and objects nest deeper than DYGW_JSON_MAX_DEPTH. This is checked before jansson
 * reads the text, because jansson's parser recurses, and its own limit is 2048. */
static int is_too_deep(const char *text, apr_size_t len)
{
    int depth = 0;
    apr_size_t i = 0;

    while (i < len) {
        switch (text[i]) {
        case '"':
            i = skip_string(text, len, i);
            continue;
        case '[':
        case '{':
            if (++depth > DYGW_JSON_MAX_DEPTH) {
                return 1;
            }
            break;
        case ']':
        case '}':
            depth--;
            break;
        default:
            break;
        }
        i++;
    }
    return 0;
}

/* Returns the length of the number at text[i]. *risky: the number is an integer that may be too
 * large for 64 bits. */
static apr_size_t number_length(const char *text, apr_size_t len, apr_size_t i, int *risky)
{
    apr_size_t start = i, digits = 0;
    int whole = 1;

    i += text[i] == '-';
    for (; i < len && text[i] && (apr_isdigit(text[i]) || strchr("+-.eE", text[i])); i++) {
        digits++;
        whole = whole && apr_isdigit(text[i]);
    }
    *risky = whole && digits >= RISKY_DIGITS;
    return i - start;
}

/* Returns the text with very large integers in quotes. Jansson refuses an integer that does not fit
 * into 64 bits; and read as a real number, an identifier would lose its last digits. */
static const char *quote_large_integers(const char *text, apr_size_t len, apr_pool_t *pool,
                                        apr_size_t *new_len)
{
    /* Each such integer has at least RISKY_DIGITS characters, and two quotes are added to it. */
    char *out = apr_palloc(pool, len + len / RISKY_DIGITS * 2 + 1);
    apr_size_t i = 0, o = 0;

    while (i < len) {
        apr_size_t n = 1;
        int risky = 0;

        if (text[i] == '"') {
            n = skip_string(text, len, i) - i;
            n = n > len - i ? len - i : n;
        }
        else if (apr_isdigit(text[i]) || text[i] == '-') {
            n = number_length(text, len, i, &risky);
        }
        if (risky) {
            out[o++] = '"';
        }
        memcpy(out + o, text + i, n);
        o += n;
        i += n;
        if (risky) {
            out[o++] = '"';
        }
    }
    *new_len = o;
    return out;
}

static const char *words_for_error(enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_premature_end_of_input:
        return "ends in the middle";
    case json_error_end_of_input_expected:
        return "more text after the end";
    case json_error_duplicate_key:
        return "a key that was there before";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character";
    case json_error_numeric_overflow:
        return "a number that is too large";
    case json_error_stack_overflow:
        return "nested too deep";
    case json_error_out_of_memory:
        return "too large";
    default:
        return "a mistake";
    }
}

static int is_empty_json(const char *text, apr_size_t len)
{
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) && text[len - 1]) {
        len--;
    }
    return len == 0;
}

static apr_status_t release_json(void *value)
{
    json_decref(value);
    return APR_SUCCESS;
}

static json_t *load_json(const char *text, apr_size_t len, dygw_json_mode_e mode, apr_pool_t *pool,
                         json_error_t *problem)
{
    size_t flags
        = JSON_DECODE_ANY | (mode == DYGW_JSON_STRICT ? JSON_REJECT_DUPLICATES : JSON_ALLOW_NUL);
    json_t *root = json_loadb(text, len, flags, problem);

    if (root == NULL && mode == DYGW_JSON_LENIENT
        && json_error_code(problem) == json_error_numeric_overflow) {
        text = quote_large_integers(text, len, pool, &len);
        root = json_loadb(text, len, flags, problem);
    }
    return root;
}

/* Parses a text that needs no mending, or has been mended. */
static json_t *parse_text(const char *text, apr_size_t len, dygw_json_mode_e mode, int too_deep,
                          apr_pool_t *pool, const char **error)
{
    json_error_t problem;
    json_t *root;

    if (is_empty_json(text, len)) {
        *error = "invalid JSON: empty";
        return NULL;
    }
    if (too_deep) {
        *error = apr_psprintf(pool, "invalid JSON: nested deeper than %d", DYGW_JSON_MAX_DEPTH);
        return NULL;
    }
    root = load_json(text, len, mode, pool, &problem);
    if (root == NULL) {
        *error = apr_psprintf(pool, "invalid JSON: %s, at line %d, column %d",
                              words_for_error(json_error_code(&problem)),
                              problem.line < 1 ? 1 : problem.line,
                              problem.column < 0 ? 0 : problem.column);
        return NULL;
    }
    apr_pool_cleanup_register(pool, root, release_json, apr_pool_cleanup_null);
    return root;
}

json_t *dygw_json_mend_and_parse(const char **text, apr_size_t *len, apr_pool_t *pool,
                                 const char **error)
{
    int depth;

    *text = dygw_json_mend(*text, len, &depth, pool);
    return parse_text(*text, *len, DYGW_JSON_LENIENT, depth > DYGW_JSON_MAX_DEPTH, pool, error);
}

json_t *dygw_json_parse(const char *text, apr_size_t len, dygw_json_mode_e mode, apr_pool_t *pool,
                        const char **error)
{
    if (mode == DYGW_JSON_LENIENT) {
        return dygw_json_mend_and_parse(&text, &len, pool, error);
    }
    return parse_text(text, len, mode, is_too_deep(text, len), pool, error);
}

/* Returns NULL for an id that is too long for its column in the database: the id then counts as
 * absent, so that the rest of the answer can still be recorded. */
static const char *id_or_null(const char *text)
{
    return *text && dygw_characters(text) <= ID_MAX ? text : NULL;
}

const char *dygw_json_id(const json_t *object, const char *key, apr_pool_t *pool)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_integer(value)) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    }
    return json_is_string(value) ? id_or_null(json_string_value(value)) : NULL;
}

const char *dygw_json_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static apr_int64_t parse_decimal(const char *text, apr_int64_t fallback)
{
    const char *digits = text + (*text == '-');
    apr_int64_t number;
    char *end;

    if (!apr_isdigit(*digits)) {
        return fallback;
    }
    errno = 0;
    number = apr_strtoi64(text, &end, 10);
    return errno == 0 && *end == '\0' ? number : fallback;
}

apr_int64_t dygw_json_int(const json_t *object, const char *key, apr_int64_t fallback)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    if (json_is_string(value)) {
        return parse_decimal(json_string_value(value), fallback);
    }
    if (json_is_real(value)) {
        double real = json_real_value(value);

        if (real >= -INT64_END && real < INT64_END && floor(real) == real) {
            return (apr_int64_t)real;
        }
    }
    return fallback;
}
