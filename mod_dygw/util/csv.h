/* SPDX-License-Identifier: Apache-2.0
 * Writing CSV (RFC 4180: CRLF, quotes doubled): an appending writer whose text is sent and begun
 * anew, so that a file of any length takes the memory of one piece.
 *
 * Unless `raw`, spreadsheets are kept from guessing: an identifier of digits is written ="7012...",
 * which stays text, and any other cell that begins like a formula gets a leading '. */
#ifndef DYGW_UTIL_CSV_H
#define DYGW_UTIL_CSV_H

#include <apr_pools.h>

#include "util/clock.h"

typedef struct dygw_csv_t {
    apr_pool_t *pool;
    char *text;
    apr_size_t len;
    apr_size_t size;
    int raw;
    int zone;           /* of its times, minutes east of UTC */
    int cells;          /* in the present row */
} dygw_csv_t;

/* Starts an empty text; grows by doubling, from pool. */
void dygw_csv_init(dygw_csv_t *csv, apr_pool_t *pool, apr_size_t size_hint, int zone, int raw);

/* What was written so far is done with; the memory is used again. */
void dygw_csv_rewind(dygw_csv_t *csv);

/* The mark by which Excel knows UTF-8; before anything else. */
void dygw_csv_bom(dygw_csv_t *csv);

/* Cells. NULL and DYGW_NO_TIME are empty ones. */
void dygw_csv_text(dygw_csv_t *csv, const char *value);
void dygw_csv_id(dygw_csv_t *csv, const char *value);
void dygw_csv_int_id(dygw_csv_t *csv, apr_int64_t value);
void dygw_csv_int(dygw_csv_t *csv, apr_int64_t value);
void dygw_csv_empty(dygw_csv_t *csv);
void dygw_csv_time(dygw_csv_t *csv, dygw_ms_t t);       /* 2026-11-24 23:59:59 */
void dygw_csv_yuan(dygw_csv_t *csv, apr_int64_t fen);   /* 12.30 */
void dygw_csv_end_row(dygw_csv_t *csv);

#endif
