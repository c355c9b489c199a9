/* SPDX-License-Identifier: Apache-2.0
 * The CSV writer. See csv.h. */
#include "util/csv.h"

#include <string.h>

#include <apr_strings.h>

#include "util/text.h"

#define BOM         "\xEF\xBB\xBF"
#define MINUTE_MS   60000
#define FEN_OF_YUAN 100
#define NUMBER_SIZE 32
#define DATE_LEN    10
#define TIME_LEN    19 /* of an RFC 3339 time, up to the seconds */

/* A cell with one of SPECIAL must be quoted; a cell that begins with one of FORMULA could be taken
 * for a formula. */
#define SPECIAL ",\"\r\n"
#define FORMULA "=+-@\t\r"
/* The full-width = + - @ of Chinese input methods: Excel takes them for the others. */
static const char *const wide_formula[]
    = { "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0" };

/* Makes room for `more` bytes at the end of the text, and returns where they go. */
static char *csv_reserve(dygw_csv_t *csv, apr_size_t more)
{
    return dygw_grow(&csv->text, &csv->size, csv->len, more, csv->pool);
}

static void csv_append(dygw_csv_t *csv, const char *data, apr_size_t len)
{
    memcpy(csv_reserve(csv, len), data, len);
    csv->len += len;
}

static void csv_begin_cell(dygw_csv_t *csv)
{
    if (csv->cells++ > 0) {
        csv_append(csv, ",", 1);
    }
}

static void csv_append_quoted(dygw_csv_t *csv, const char *lead, const char *value)
{
    char *out = csv_reserve(csv, strlen(lead) + 2 * strlen(value) + 2);
    const char *begin = out;

    *out++ = '"';
    while (*lead) {
        *out++ = *lead++;
    }
    while (*value) {
        if (*value == '"') {
            *out++ = '"';
        }
        *out++ = *value++;
    }
    *out++ = '"';
    csv->len += (apr_size_t)(out - begin);
}

void dygw_csv_init(dygw_csv_t *csv, apr_pool_t *pool, apr_size_t size_hint, int zone, int raw)
{
    csv->pool = pool;
    csv->text = dygw_grow_begin(&csv->size, size_hint, pool);
    csv->len = 0;
    csv->raw = raw;
    csv->zone = zone;
    csv->cells = 0;
}

void dygw_csv_rewind(dygw_csv_t *csv)
{
    csv->len = 0;
}

void dygw_csv_bom(dygw_csv_t *csv)
{
    csv_append(csv, BOM, sizeof(BOM) - 1);
}

static int is_formula(const char *value)
{
    size_t i;

    for (i = 0; i < sizeof wide_formula / sizeof *wide_formula; i++) {
        if (strncmp(value, wide_formula[i], strlen(wide_formula[i])) == 0) {
            return 1;
        }
    }
    return *value && strchr(FORMULA, *value);
}

void dygw_csv_text(dygw_csv_t *csv, const char *value)
{
    const char *lead = !csv->raw && value && is_formula(value) ? "'" : "";

    csv_begin_cell(csv);
    if (!value) {
        return;
    }
    if (strpbrk(value, SPECIAL)) {
        csv_append_quoted(csv, lead, value);
        return;
    }
    csv_append(csv, lead, strlen(lead));
    csv_append(csv, value, strlen(value));
}

void dygw_csv_id(dygw_csv_t *csv, const char *value)
{
    if (csv->raw || !value || !*value || value[strspn(value, "0123456789")] != '\0') {
        dygw_csv_text(csv, value);
        return;
    }
    csv_begin_cell(csv);
    csv_append(csv, "\"=\"\"", 4);
    csv_append(csv, value, strlen(value));
    csv_append(csv, "\"\"\"", 3);
}

void dygw_csv_int_id(dygw_csv_t *csv, apr_int64_t value)
{
    char digits[NUMBER_SIZE];

    apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, value);
    dygw_csv_id(csv, digits);
}

void dygw_csv_int(dygw_csv_t *csv, apr_int64_t value)
{
    char digits[NUMBER_SIZE];

    apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, value);
    dygw_csv_text(csv, digits);
}

void dygw_csv_empty(dygw_csv_t *csv)
{
    csv_begin_cell(csv);
}

void dygw_csv_time(dygw_csv_t *csv, dygw_ms_t t)
{
    char text[DYGW_RFC3339_LEN + 1];

    csv_begin_cell(csv);
    if (t != DYGW_NO_TIME) {
        dygw_time_rfc3339_into(text, t + (dygw_ms_t)csv->zone * MINUTE_MS);
        text[DATE_LEN] = ' ';
        csv_append(csv, text, TIME_LEN);
    }
}

void dygw_csv_yuan(dygw_csv_t *csv, apr_int64_t fen)
{
    char text[NUMBER_SIZE];
    const apr_uint64_t whole = fen < 0 ? 0 - (apr_uint64_t)fen : (apr_uint64_t)fen;

    apr_snprintf(text, sizeof(text), "%s%" APR_UINT64_T_FMT ".%02d", fen < 0 ? "-" : "",
                 whole / FEN_OF_YUAN, (int)(whole % FEN_OF_YUAN));
    dygw_csv_text(csv, text);
}

void dygw_csv_end_row(dygw_csv_t *csv)
{
    csv_append(csv, "\r\n", 2);
    csv->cells = 0;
}
