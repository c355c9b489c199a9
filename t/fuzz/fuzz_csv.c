/* SPDX-License-Identifier: Apache-2.0
 * CSV: a cell in each line, "k" and its text; "|" ends a row. What is written is read again by a reader
 * of RFC 4180. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "util/csv.h"

/* What was meant; text NULL: only its form is looked at. */
typedef struct cell_t {
    char kind;
    const char *text;
} cell_t;

static void push(apr_array_header_t *cells, char kind, const char *text)
{
    APR_ARRAY_PUSH(cells, cell_t) = (cell_t){ kind, text };
}

static void write_cell(dygw_csv_t *csv, apr_array_header_t *cells, const char *line)
{
    const char *text = *line ? line + 1 : line;

    switch (*line) {
    case '|':
        dygw_csv_end_row(csv);
        push(cells, '|', NULL);
        return;
    case 'i':
        dygw_csv_id(csv, text);
        push(cells, 'i', text);
        return;
    case 'n':
        dygw_csv_int(csv, apr_atoi64(text));
        push(cells, 'n', apr_psprintf(csv->pool, "%" APR_INT64_T_FMT, apr_atoi64(text)));
        return;
    case 'y':
        dygw_csv_yuan(csv, apr_atoi64(text));
        push(cells, 'y', NULL);
        return;
    case 't':
        dygw_csv_time(csv, dygw_time_from_douyin(apr_atoi64(text)));
        push(cells, 't', NULL);
        return;
    default:
        dygw_csv_text(csv, text);
        push(cells, 'k', text);
    }
}

/* --- the reader --- */

static const char *read_quoted(const char **at, const char *end, apr_pool_t *pool)
{
    const char *s = *at + 1;
    char *text = apr_palloc(pool, (apr_size_t)(end - s) + 1);
    char *out = text;

    for (;; *out++ = *s++) {
        FUZZ_ASSERT(s < end);
        if (*s == '"' && (s + 1 == end || s[1] != '"')) {
            break;
        }
        s += *s == '"';
    }
    *out = '\0';
    *at = s + 1;
    return text;
}

static const char *read_cell(const char **at, const char *end, apr_pool_t *pool)
{
    const char *begin = *at;
    const char *s = begin;

    if (s < end && *s == '"') {
        return read_quoted(at, end, pool);
    }
    while (s < end && !strchr(",\r\n", *s)) {
        FUZZ_ASSERT(*s != '"');
        s++;
    }
    *at = s;
    return apr_pstrmemdup(pool, begin, (apr_size_t)(s - begin));
}

/* --- claims --- */

static int is_formula(const char *text)
{
    static const char *const full_width[] = { "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20" };
    size_t i;

    for (i = 0; i < sizeof(full_width) / sizeof(*full_width); i++) {
        if (strncmp(text, full_width[i], strlen(full_width[i])) == 0) {
            return 1;
        }
    }
    return *text && strchr("=+-@\t\r", *text);
}

static void check_cell(const cell_t *meant, const char *read, int raw, apr_pool_t *pool)
{
    if (!meant->text) {
        FUZZ_ASSERT(fuzz_consists(read, 0, 32, FUZZ_DIGITS "':-. "));
        return;
    }
    if (raw) {
        FUZZ_ASSERT(strcmp(read, meant->text) == 0);
    }
    else if (meant->kind == 'i' && fuzz_consists(meant->text, 1, 4096, FUZZ_DIGITS)) {
        FUZZ_ASSERT(strcmp(read, apr_pstrcat(pool, "=\"", meant->text, "\"", NULL)) == 0);
    }
    else {
        FUZZ_ASSERT(!is_formula(read));
        FUZZ_ASSERT(strcmp(read + (*read == '\'' && *meant->text != '\''), meant->text) == 0);
    }
}

static void check(const dygw_csv_t *csv, const apr_array_header_t *cells, apr_pool_t *pool)
{
    const char *at = csv->text;
    const char *end = csv->text + csv->len;
    int in_row = 0;
    int i;

    for (i = 0; i < cells->nelts; i++) {
        const cell_t *cell = &APR_ARRAY_IDX(cells, i, cell_t);

        if (cell->kind == '|') {
            FUZZ_ASSERT(end - at >= 2 && memcmp(at, "\r\n", 2) == 0);
            at += 2;
            in_row = 0;
            continue;
        }
        FUZZ_ASSERT(in_row++ == 0 || *at++ == ',');
        check_cell(cell, read_cell(&at, end, pool), csv->raw, pool);
    }
    FUZZ_ASSERT(at == end);
}

static void write_and_read(const char *data, apr_size_t len, int raw, apr_pool_t *pool)
{
    fuzz_input_t in = { data, len, pool };
    apr_array_header_t *cells = apr_array_make(pool, 8, sizeof(cell_t));
    dygw_csv_t csv;
    int zone = atoi(fuzz_line(&in)) % 841;

    dygw_csv_init(&csv, pool, 1, zone, raw);
    while (in.len > 0) {
        const char *line = fuzz_line(&in);
        char *c;

        /* a line end within a cell */
        for (c = (char *)line; *c; c++) {
            *c = (char)(*c == '~' ? '\n' : *c == '`' ? '\r' : *c);
        }
        write_cell(&csv, cells, line);
    }
    check(&csv, cells, pool);
    dygw_csv_rewind(&csv);
    FUZZ_ASSERT(csv.len == 0);
}

void fuzz_one(const char *data, apr_size_t len, apr_pool_t *pool)
{
    write_and_read(data, len, 0, pool);
    write_and_read(data, len, 1, pool);
}
