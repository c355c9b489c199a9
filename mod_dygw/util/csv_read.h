/* SPDX-License-Identifier: Apache-2.0
 * Reads CSV (RFC 4180), row by row, out of a text in memory. A line may end with LF alone, and a
 * byte order mark may stand at the beginning. Empty lines are no rows. */
#ifndef DYGW_UTIL_CSV_READ_H
#define DYGW_UTIL_CSV_READ_H

#include <apr.h>

#define DYGW_CSV_END   0
#define DYGW_CSV_FAULT (-1)

typedef struct dygw_csv_reader_t {
    char *at;
    char *end;
    int line;          /* where the row that was read last begins; the first line is 1 */
    int next_line;     /* at which `at` is */
    const char *fault; /* what is wrong with that row, for a message */
} dygw_csv_reader_t;

/* Begins to read len bytes without a NUL, and a NUL behind them. The text is changed while it is
 * read, and the cells are in it. */
void dygw_csv_read(dygw_csv_reader_t *reader, char *text, apr_size_t len);

/* Reads the next row. Returns how many cells it has, of which the first `max` are given; or
 * DYGW_CSV_END, or DYGW_CSV_FAULT: then the next call goes on in the line behind. */
int dygw_csv_read_row(dygw_csv_reader_t *reader, char **cells, int max);

#endif
