/* SPDX-License-Identifier: Apache-2.0
 * Mending JSON whose text is damaged: what becomes U+FFFD, and that all the rest stays.
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "support/own_pool.h"

#include "util/compiler.h"
#include "util/json.h"

#define R "\xEF\xBF\xBD"

typedef struct text_t {
    const char *text;
    apr_size_t len;
} text_t;

#define TEXT(s) \
    { \
        s, sizeof s - 1 \
    }

/* A copy that is exactly as long as it is, so that a memory checker sees a step beyond the end. */
static const char *exact(const text_t *t)
{
    char *copy = malloc(t->len + (t->len == 0));

    memcpy(copy, t->text, t->len);
    return copy;
}

static void assert_becomes(const text_t *in, const text_t *out)
{
    const char *copy = exact(in);
    apr_size_t len = in->len;
    int depth;
    const char *mended = dygw_json_mend(copy, &len, &depth, pool);

    if (len != out->len || memcmp(mended, out->text, len) != 0) {
        fail_msg("'%s': not '%s' but '%.*s'", in->text, out->text, (int)len, mended);
    }
    free((char *)copy);
}

#define ASSERT_BECOME(table) \
    for (size_t i_ = 0; i_ < sizeof(table) / sizeof *(table); i_++) { \
        assert_becomes(&(table)[i_][0], &(table)[i_][1]); \
    }

static void what_is_whole_is_the_very_same(DYGW_UNUSED void **state)
{
    static const text_t whole[] = {
        TEXT(""),
        TEXT("{}"),
        TEXT(" {\"id\": 73824201301084242031234567890,\n\t\"d\": \"\\u6d4b\\/\\n\", \"d\": 1.50}\r\n"),
        TEXT("\"\\ud83c\\udf4a\""),
        TEXT("\"\\uD83C\\uDF4A\\ud83c\\udf4a\""),
        TEXT("\"\xE6\xB5\x8B\xF0\x9F\x8D\x8A\xC2\xA2\xF4\x8F\xBF\xBF\xED\x9F\xBF\xEE\x80\x80\""),
        TEXT("\"\\\\ud83c\""), /* a backslash, and letters */
        TEXT("\"\\\"\\ud83c\\udf4a\\\\\""),
        TEXT("\xE6"), /* no text: that is not mended */
        TEXT("\\ud83c"),
        TEXT("\x01"),
        TEXT("\"\\u12"), /* no JSON, and none afterwards */
        TEXT("\"\\"),
    };

    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        const char *copy = exact(&whole[i]);
        apr_size_t len = whole[i].len;
        int depth;

        assert_ptr_equal(dygw_json_mend(copy, &len, &depth, pool), copy);
        assert_int_equal(len, whole[i].len);
        free((char *)copy);
    }
}

static void halves_of_surrogate_pairs_are_replaced(DYGW_UNUSED void **state)
{
    static const text_t table[][2] = {
        { TEXT("\"\\ud83c\""), TEXT("\"" R "\"") },
        { TEXT("\"a\\uD83Cb\""), TEXT("\"a" R "b\"") },
        { TEXT("\"\\udf4a\""), TEXT("\"" R "\"") },
        { TEXT("\"\\udf4a\\ud83c\""), TEXT("\"" R R "\"") },
        { TEXT("\"\\ud83c\\ud83c\\udf4a\""), TEXT("\"" R "\\ud83c\\udf4a\"") },
        { TEXT("\"\\ud83c\\u6d4b\""), TEXT("\"" R "\\u6d4b\"") },
        { TEXT("\"\\ud83c\\n\""), TEXT("\"" R "\\n\"") },
        { TEXT("\"\\ud83c\\\"\""), TEXT("\"" R "\\\"\"") },
        { TEXT("{\"\\ud83c\":\"\\ud83c\"}"), TEXT("{\"" R "\":\"" R "\"}") },
        { TEXT("\"\\ud83c"), TEXT("\"" R) },
    };

    ASSERT_BECOME(table);
}

static void bytes_that_are_no_utf8_are_replaced(DYGW_UNUSED void **state)
{
    static const text_t table[][2] = {
        { TEXT("\"\xE6\xB5\""), TEXT("\"" R "\"") }, /* cut: one half, one sign */
        { TEXT("\"\xE6\""), TEXT("\"" R "\"") },
        { TEXT("\"\xF0\x9F\x8D\"}"), TEXT("\"" R "\"}") },
        { TEXT("\"\xB5\x8B\""), TEXT("\"" R R "\"") },
        { TEXT("\"\xC3\x28\""), TEXT("\"" R "(\"") },
        { TEXT("\"\xE6\xB5\xE6\xB5\x8B\""), TEXT("\"" R "\xE6\xB5\x8B\"") },
        { TEXT("\"\xC0\xAF\""), TEXT("\"" R R "\"") }, /* longer than need be */
        { TEXT("\"\xE0\x80\xAF\""), TEXT("\"" R R R "\"") },
        { TEXT("\"\xED\xA0\x80\""), TEXT("\"" R R R "\"") },       /* a surrogate */
        { TEXT("\"\xF4\x90\x80\x80\""), TEXT("\"" R R R R "\"") }, /* beyond the last */
        { TEXT("\"\xFF\xFE\""), TEXT("\"" R R "\"") },
        { TEXT("\"\xE6\\n\""), TEXT("\"" R "\\n\"") },
        { TEXT("\"\xE6\xB5"), TEXT("\"" R) },
    };

    ASSERT_BECOME(table);
}

static void control_characters_are_escaped_and_nul_is_replaced(DYGW_UNUSED void **state)
{
    static const text_t table[][2] = {
        { TEXT("\"a\nb\tc\x1F\""), TEXT("\"a\\u000ab\\u0009c\\u001f\"") },
        { TEXT("\"a\0b\""), TEXT("\"a" R "b\"") },
        { TEXT("{\"a\\u0000\":\"\\u0000\"}"), TEXT("{\"a" R "\":\"" R "\"}") },
    };

    ASSERT_BECOME(table);
}

static void a_byte_order_mark_goes_from_the_start_alone(DYGW_UNUSED void **state)
{
    static const text_t table[][2] = {
        { TEXT("\xEF\xBB\xBF{\"a\":1}"), TEXT("{\"a\":1}") },
        { TEXT("\xEF\xBB\xBF\"\xEF\xBB\xBF\""), TEXT("\"\xEF\xBB\xBF\"") },
        { TEXT("\xEF\xBB\xBF"), TEXT("") },
    };

    ASSERT_BECOME(table);
}

static void the_rest_stays_to_the_last_digit(DYGW_UNUSED void **state)
{
    static const text_t table[][2] = {
        { TEXT("{ \"id\" : 73824201301084242031234567890 ,\r\n\"x\":1.50,\"t\":\"\xE6\"}"),
          TEXT("{ \"id\" : 73824201301084242031234567890 ,\r\n\"x\":1.50,\"t\":\"" R "\"}") },
    };

    ASSERT_BECOME(table);
}

/* --- how deep --- */

static void the_depth_is_that_of_the_mended_text(DYGW_UNUSED void **state)
{
    static const struct {
        text_t text;
        int depth;
    } table[] = {
        { TEXT(""), 0 },
        { TEXT("]]]"), 0 },
        { TEXT("}{[]}"), 1 },
        { TEXT("{\"a\":[[1],{}],\"b\":[{\"c\":[]}]}"), 4 },
        { TEXT("{\"[[[\":\"{{{\"}"), 1 },
        { TEXT("{\"a\":\"[\\\"[[\",\"b\":[]}"), 2 },
        { TEXT("{\"a\\\\\":[]}"), 2 },
        { TEXT("{\"\\ud83c\":\"[\\ud83c\\\"[\",\"b\":[[]]}"), 3 }, /* a half, then a quote */
        { TEXT("{\"\\u12\":[[]]}"), 3 },
        { TEXT("\xEF\xBB\xBF[[\"\xE6[\0\"]]"), 2 },
        { TEXT("[\"[[["), 1 },
        { TEXT("[\"[[[\\"), 1 },
        { TEXT("[\"[[[\\\""), 1 },
        { TEXT("\\\"[[[\"[[\0["), 3 }, /* outside, a backslash means nothing */
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *copy = exact(&table[i].text);
        apr_size_t len = table[i].text.len;
        int depth = -1, again = -1;
        const char *mended = dygw_json_mend(copy, &len, &depth, pool);

        assert_ptr_equal(dygw_json_mend(mended, &len, &again, pool), mended);
        if (depth != table[i].depth || again != depth) {
            fail_msg("'%s': %d deep, and mended %d", table[i].text.text, depth, again);
        }
        free((char *)copy);
    }
}

static void what_is_mended_is_parsed_as_deep_as_is_allowed(DYGW_UNUSED void **state)
{
    for (int too_deep = 0; too_deep <= 1; too_deep++) {
        int deep = DYGW_JSON_MAX_DEPTH + too_deep;
        char came[128] = { 0 };
        const char *text = came, *error;
        apr_size_t len;
        json_t *root;

        memset(came, '[', (size_t)deep);
        memcpy(came + deep, "\"\xE6[\"", 4);
        memset(came + deep + 4, ']', (size_t)deep);
        len = strlen(came);
        root = dygw_json_mend_and_parse(&text, &len, pool, &error);
        assert_true(text != came);
        assert_int_equal(len, strlen(came) + 2);
        assert_memory_equal(text + deep, "\"" R "[\"", 6);
        if (!root == !too_deep) {
            fail_msg("%d deep: %s", deep, root ? "parsed" : error);
        }
    }
}

/* Whatever bytes stand in a string: afterwards it is a string that can be read. */
static void any_bytes_in_a_string_can_be_read_afterwards(DYGW_UNUSED void **state)
{
    unsigned seed = 7319;
    const char *error;

    for (int round = 0; round < 20000; round++) {
        char text[32] = "{\"a\":\"";
        apr_size_t len = strlen(text);
        apr_pool_t *one;

        for (int i = 0; i < 12; i++) {
            seed = seed * 1103515245U + 12345U;
            text[len++] = (char)(seed >> 16);
            if (text[len - 1] == '"' || text[len - 1] == '\\') {
                len--;
            }
        }
        memcpy(text + len, "\"}", 2);
        apr_pool_create(&one, pool);
        if (!dygw_json_parse(text, len + 2, DYGW_JSON_LENIENT, one, &error)) {
            fail_msg("round %d: %s", round, error);
        }
        apr_pool_destroy(one);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_pool, destroy_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_whole_is_the_very_same),
        TEST(halves_of_surrogate_pairs_are_replaced),
        TEST(bytes_that_are_no_utf8_are_replaced),
        TEST(control_characters_are_escaped_and_nul_is_replaced),
        TEST(a_byte_order_mark_goes_from_the_start_alone),
        TEST(the_rest_stays_to_the_last_digit),
        TEST(the_depth_is_that_of_the_mended_text),
        TEST(what_is_mended_is_parsed_as_deep_as_is_allowed),
        TEST(any_bytes_in_a_string_can_be_read_afterwards),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("util_json_mend", tests, NULL, NULL);
}
