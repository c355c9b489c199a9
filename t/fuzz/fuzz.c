/* SPDX-License-Identifier: Apache-2.0
 * What all fuzzers have in common: libFuzzer's two entries, and memory that tells of mistakes.
 *
 * A pool cuts what it gives out of large blocks, in which the sanitizer sees no ends. So apr_palloc
 * is played here, for APR itself too: each piece is a block of its own, and is freed after the
 * input, with whatever pool it was asked for. What uses it later is found by that. */
#include "fuzz.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include <jansson.h>

#include "util/compiler.h"

const dygw_log_t fuzz_log = { 0 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static apr_pool_t *pool;

void fuzz_fail(const char *file, int line, const char *claim)
{
    fprintf(stderr, "%s:%d: this is not so: %s\n", file, line, claim);
    abort();
}

/* --- memory --- */

static int in_input;
static void **pieces;
static size_t count, room;

static void note_piece(void *piece)
{
    if (count == room) {
        room = room ? 2 * room : 1024;
        pieces = realloc(pieces, room * sizeof(*pieces));
        FUZZ_ASSERT(pieces);
    }
    pieces[count++] = piece;
}

/* Seen by the libraries as well. */
__attribute__((visibility("default"))) void *apr_palloc(DYGW_UNUSED apr_pool_t *p, apr_size_t size)
{
    void *piece = malloc(size);

    FUZZ_ASSERT(piece);
    if (in_input) {
        note_piece(piece);
    }
    return piece;
}

static void free_pieces(void)
{
    while (count > 0) {
        free(pieces[--count]);
    }
}

/* What jansson holds: values belong to pools, too. */
static long json_blocks;

static void *json_malloc(size_t size)
{
    json_blocks++;
    return malloc(size);
}

static void json_free(void *block)
{
    json_blocks -= block != NULL;
    free(block);
}

/* --- libFuzzer's entries --- */

__attribute__((weak)) void fuzz_start(DYGW_UNUSED apr_pool_t *p)
{
}

static dygw_ms_t frozen(void)
{
    return FUZZ_NOW;
}

/* So that what is logged is put together, too. */
static void log_writer(DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED const dygw_log_place_t *place,
                       DYGW_UNUSED apr_status_t rv, const char *fmt, va_list args)
{
    char text[8192];

    apr_vsnprintf(text, sizeof(text), fmt, args);
    FUZZ_ASSERT(strncmp(text, "DYGW", 4) == 0);
}

int LLVMFuzzerInitialize(DYGW_UNUSED int *argc, DYGW_UNUSED char ***argv)
{
    json_set_alloc_funcs(json_malloc, json_free);
    json_object_seed(1);
    FUZZ_ASSERT(apr_initialize() == APR_SUCCESS);
    FUZZ_ASSERT(apr_pool_create(&pool, NULL) == APR_SUCCESS);
    dygw_clock_set(frozen);
    dygw_log_set_writer(log_writer);
    fuzz_start(pool);
    FUZZ_ASSERT(apr_pool_create(&pool, NULL) == APR_SUCCESS);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    long blocks = json_blocks;

    in_input = 1;
    fuzz_one((const char *)data, len, pool);
    apr_pool_clear(pool);
    free_pieces();
    in_input = 0;
    FUZZ_ASSERT(json_blocks == blocks);
    return 0;
}

/* --- taking an input apart --- */

int fuzz_byte(fuzz_input_t *in)
{
    if (in->len == 0) {
        return 0;
    }
    in->len--;
    return (unsigned char)*in->data++;
}

const char *fuzz_line(fuzz_input_t *in)
{
    const char *end = in->len > 0 ? memchr(in->data, '\n', in->len) : NULL;
    apr_size_t len = end ? (apr_size_t)(end - in->data) : in->len;
    const char *line = apr_pstrmemdup(in->pool, in->data, len);

    in->data += end ? len + 1 : len;
    in->len -= end ? len + 1 : len;
    return line;
}

const char *fuzz_rest(const fuzz_input_t *in)
{
    return apr_pstrmemdup(in->pool, in->data, in->len);
}

/* --- what can be said of texts --- */

/* Bytes of the character at s; 0: it is none. */
static apr_size_t character(const unsigned char *s, apr_size_t len)
{
    static const apr_uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    apr_size_t n = *s < 0x80 ? 1 : *s < 0xC0 ? 0 : *s < 0xE0 ? 2 : *s < 0xF0 ? 3 : *s < 0xF8 ? 4 : 0;
    apr_uint32_t value = n < 2 ? *s : *s & (0x7Fu >> n);
    apr_size_t i;

    for (i = 1; i < n; i++) {
        if (i >= len || (s[i] & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (s[i] & 0x3F);
    }
    return value < least[n] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF) ? 0 : n;
}

int fuzz_is_utf8(const char *text, apr_size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    while (len > 0) {
        apr_size_t n = character(s, len);

        if (n == 0) {
            return 0;
        }
        s += n;
        len -= n;
    }
    return 1;
}

int fuzz_is_absent_or_text(const char *text, apr_size_t max)
{
    apr_size_t n = 0;
    const char *c;

    for (c = text; c && *c; c++) {
        n += ((unsigned char)*c & 0xC0) != 0x80;
    }
    return !text || (*text && n <= max && fuzz_is_utf8(text, strlen(text)));
}

int fuzz_consists(const char *text, apr_size_t min, apr_size_t max, const char *of)
{
    apr_size_t len = text ? strlen(text) : 0;

    return text && len >= min && len <= max && strspn(text, of) == len;
}
