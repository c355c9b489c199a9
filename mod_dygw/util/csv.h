/* SPDX-License-Identifier: Apache-2.0
 * Writes CSV (RFC 4180: CRLF, quotes doubled), from front to back. The caller sends the text piece
 * by piece and begins the text anew after each (dygw_csv_rewind), so that a file of any length
 * takes the memory of one piece only.
 *
 * Unless `raw`, cells are written so that spreadsheets do not change them: an identifier of digits
 * as ="7012...", which stays a text, and any other cell that begins like a formula with a ' before
 * it. */
#ifndef DYGW_UTIL_CSV_H
#define DYGW_UTIL_CSV_H

#include <apr_pools.h>

#include "util/clock.h"

typedef struct dygw_csv_t {
    apr_pool_t *pool;
    char *text;
    apr_size_t len;
    apr_size_t size;
    int raw;   /* cells are written as they are */
    int zone;  /* in which times are written: minutes east of UTC */
    int cells; /* in the present row so far */
} dygw_csv_t;

/* Begins an empty text of size_hint bytes, from pool; the text grows by doubling. */
void dygw_csv_init(dygw_csv_t *csv, apr_pool_t *pool, apr_size_t size_hint, int zone, int raw);

/* Empties the text, to use its memory again. */
void dygw_csv_rewind(dygw_csv_t *csv);

/* Writes the byte order mark by which Excel recognises UTF-8. To be called before all others. */
void dygw_csv_bom(dygw_csv_t *csv);

/* Write one cell. NULL and DYGW_NO_TIME make an empty cell. */
void dygw_csv_text(dygw_csv_t *csv, const char *value);
void dygw_csv_id(dygw_csv_t *csv, const char *value);
void dygw_csv_int_id(dygw_csv_t *csv, apr_int64_t value);
void dygw_csv_int(dygw_csv_t *csv, apr_int64_t value);
void dygw_csv_empty(dygw_csv_t *csv);
void dygw_csv_time(dygw_csv_t *csv, dygw_ms_t t);     /* 2026-11-24 23:59:59 */
void dygw_csv_yuan(dygw_csv_t *csv, apr_int64_t fen); /* 12.30 */

/* Ends the row. */
void dygw_csv_end_row(dygw_csv_t *csv);

#endif
