/* SPDX-License-Identifier: Apache-2.0
 * The CSV reader. See csv_read.h. */
#include "util/csv_read.h"

#include <string.h>

#define BOM "\xEF\xBB\xBF"

void dygw_csv_read(dygw_csv_reader_t *reader, char *text, apr_size_t len)
{
    int marked = strncmp(text, BOM, sizeof(BOM) - 1) == 0;

    reader->at = text + (marked ? sizeof(BOM) - 1 : 0);
    reader->end = text + len;
    reader->line = 0;
    reader->next_line = 1;
    reader->fault = NULL;
}

static int ends_cell(const char *s)
{
    return *s == ',' || *s == '\r' || *s == '\n' || *s == '\0';
}

/* This and the next cut the cell at `at` out, and leave `at` where it ends. NULL: a fault. */
static char *read_quoted(dygw_csv_reader_t *reader)
{
    char *s = reader->at + 1;
    char *cell = s;
    char *out = s;

    for (; *s != '"' || s[1] == '"'; *out++ = *s++) {
        if (*s == '\0') {
            reader->fault = "a quote is not closed";
            reader->at = s;
            return NULL;
        }
        s += *s == '"';
        reader->next_line += *s == '\n';
    }
    *out = '\0';
    reader->at = s + 1;
    reader->fault = ends_cell(reader->at) ? NULL : "there is text behind a closing quote";
    return reader->fault ? NULL : cell;
}

static char *read_plain(dygw_csv_reader_t *reader)
{
    char *cell = reader->at;

    while (!ends_cell(reader->at)) {
        if (*reader->at == '"') {
            reader->fault = "there is a quote inside a cell that does not begin with one";
            return NULL;
        }
        reader->at++;
    }
    return cell;
}

static void skip_line(dygw_csv_reader_t *reader)
{
    char *end = strchr(reader->at, '\n');

    reader->at = end ? end + 1 : reader->end;
    reader->next_line++;
}

static void skip_empty_lines(dygw_csv_reader_t *reader)
{
    while (*reader->at == '\n' || (*reader->at == '\r' && reader->at[1] == '\n')) {
        skip_line(reader);
    }
}

/* Ends the last cell, and the row. */
static int end_row(dygw_csv_reader_t *reader)
{
    char *end = reader->at;

    if (*end == '\r' && end[1] != '\n' && end[1] != '\0') {
        reader->fault = "a line ends with CR alone";
        return 0;
    }
    if (*end) {
        skip_line(reader);
        *end = '\0';
    }
    return 1;
}

int dygw_csv_read_row(dygw_csv_reader_t *reader, char **cells, int max)
{
    int count = 0;
    int more;

    reader->fault = NULL;
    skip_empty_lines(reader);
    if (reader->at == reader->end) {
        return DYGW_CSV_END;
    }
    reader->line = reader->next_line;
    do {
        char *cell = *reader->at == '"' ? read_quoted(reader) : read_plain(reader);

        if (cell && count < max) {
            cells[count] = cell;
        }
        count++;
        more = cell && *reader->at == ',';
        if (more) {
            *reader->at++ = '\0';
        }
    } while (more);
    if (reader->fault || !end_row(reader)) {
        skip_line(reader);
        return DYGW_CSV_FAULT;
    }
    return count;
}
