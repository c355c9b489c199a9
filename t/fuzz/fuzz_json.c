/* SPDX-License-Identifier: Apache-2.0
 * JSON, of callers and of Douyin, and what is written. */
#include "fuzz.h"

#include <string.h>

#include <apr_strings.h>

#include "util/json.h"
#include "util/jsonw.h"

#define ID_MAX 64

static json_t *parse(const char *text, apr_size_t len, dygw_json_mode_e mode, apr_pool_t *pool)
{
    const char *error = NULL;
    json_t *value = dygw_json_parse(text, len, mode, pool, &error);

    if (!value) {
        FUZZ_ASSERT(error && strncmp(error, "invalid JSON: ", 14) == 0);
        /* it quotes nothing */
        FUZZ_ASSERT(fuzz_consists(error, 15, 100, FUZZ_LETTERS FUZZ_DIGITS " :,-"));
    }
    return value;
}

static int depth_of(const json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;
    int deepest = 0;

    json_object_foreach((json_t *)value, name, member)
    {
        int depth = depth_of(member);

        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, i, member)
    {
        int depth = depth_of(member);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_object(value) || json_is_array(value));
}

static const char *dump(const json_t *value, apr_size_t *len, apr_pool_t *pool)
{
    const size_t flags = JSON_ENCODE_ANY | JSON_COMPACT;
    char *text;

    *len = json_dumpb(value, NULL, 0, flags);
    text = apr_palloc(pool, *len);
    FUZZ_ASSERT(json_dumpb(value, text, *len, flags) == *len);
    return text;
}

/* --- what the readers of members make of it --- */

static void check_member(const json_t *object, const char *name, const json_t *member, apr_pool_t *pool)
{
    const char *id = dygw_json_id(object, name, pool);
    const char *text = dygw_json_str(object, name);
    apr_int64_t number = dygw_json_int(object, name, 7);
    int is_number = number == dygw_json_int(object, name, 8);

    FUZZ_ASSERT(fuzz_is_absent_or_text(id, ID_MAX));
    FUZZ_ASSERT(text == json_string_value(member));
    if (json_is_integer(member)) {
        FUZZ_ASSERT(is_number && number == json_integer_value(member));
        FUZZ_ASSERT(id && apr_atoi64(id) == number);
    }
    else if (json_is_string(member) && is_number) {
        FUZZ_ASSERT(fuzz_consists(text + (*text == '-'), 1, 4096, FUZZ_DIGITS));
    }
    else if (json_is_real(member) && is_number) {
        FUZZ_ASSERT((double)number == json_real_value(member));
    }
    else {
        FUZZ_ASSERT(!is_number);
    }
}

static void check_members(const json_t *root, apr_pool_t *pool)
{
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)root, name, member)
    {
        check_member(root, name, member, pool);
    }
    FUZZ_ASSERT(dygw_json_str(root, "no such member") == NULL);
    FUZZ_ASSERT(dygw_json_int(root, "no such member", 9) == 9);
}

/* --- claims about what was read --- */

/* The text with its first member put before it once more, with another value. */
static const char *with_twin(const char *text, apr_size_t *len, apr_pool_t *pool)
{
    apr_size_t key = 2;
    char *twin;

    while (text[key] != '"') {
        key += text[key] == '\\' ? 2 : 1;
    }
    twin = apr_palloc(pool, *len + key + 3);
    memcpy(twin, text, key + 1);
    memcpy(twin + key + 1, ":0,", 3);
    memcpy(twin + key + 4, text + 1, *len - 1);
    *len += key + 3;
    return twin;
}

static void check_value(const json_t *root, dygw_json_mode_e mode, apr_pool_t *pool)
{
    apr_size_t len;
    const char *text = dump(root, &len, pool);

    FUZZ_ASSERT(depth_of(root) <= DYGW_JSON_MAX_DEPTH);
    FUZZ_ASSERT(json_equal(parse(text, len, mode, pool), root));
    check_members(root, pool);
    if (json_object_size(root) > 0) {
        text = with_twin(text, &len, pool);
        FUZZ_ASSERT(!parse(text, len, DYGW_JSON_STRICT, pool));
        FUZZ_ASSERT(json_equal(parse(text, len, DYGW_JSON_LENIENT, pool), root));
    }
}

/* Whatever a text is, what is written of it is JSON, and says the same where it can. */
static void check_writer(const char *text, apr_pool_t *pool)
{
    dygw_jsonw_t w;
    const json_t *root;
    const char *back;

    dygw_jsonw_init(&w, pool, 1);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "text", text);
    dygw_jsonw_end_object(&w);
    FUZZ_ASSERT(strlen(w.text) == w.len);
    root = parse(w.text, w.len, DYGW_JSON_STRICT, pool);
    back = dygw_json_str(root, "text");
    FUZZ_ASSERT(back);
    FUZZ_ASSERT(!fuzz_is_utf8(text, strlen(text)) || strcmp(back, text) == 0);
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    const json_t *strict = parse(data, len, DYGW_JSON_STRICT, pool);
    const json_t *lenient = parse(data, len, DYGW_JSON_LENIENT, pool);

    if (strict) {
        FUZZ_ASSERT(fuzz_is_utf8(data, len));
        FUZZ_ASSERT(lenient && json_equal(strict, lenient));
        check_value(strict, DYGW_JSON_STRICT, pool);
    }
    if (lenient) {
        check_value(lenient, DYGW_JSON_LENIENT, pool);
    }
    check_writer(apr_pstrmemdup(pool, data, len), pool);
}
