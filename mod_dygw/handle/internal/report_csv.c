/* SPDX-License-Identifier: Apache-2.0
 * Verifications as CSV, however many there are.
 *
 * Verifications are read in pieces by id, each piece in a unit of work of its own, and each piece
 * is sent before the next one is read: only one piece is in memory, and no connection to the
 * database is open while a slow client reads. The first piece is small, so that the download begins
 * at once. A verification that is made meanwhile has a higher id, and is not in the file. */
#include "handle/stream.h"
#include "handle/internal/report_query.h"

#define FIRST_PIECE 50  /* verifications in the first piece */
#define PIECE       500 /* in each other piece */

typedef struct export_t {
    dygw_call_t *call;
    const dygw_report_filter_t *filter;
    dygw_lang_e lang;
    dygw_stream_t stream;
    dygw_csv_t csv;
    apr_pool_t *pool; /* of the present piece */
    dygw_report_page_t piece;
    apr_int64_t rows; /* of CSV, sent so far */
} export_t;

static void read_export_piece(export_t *e, apr_int64_t after_id, int size, dygw_result_t *out)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&e->call->ctx, e->pool);
    const dygw_report_part_t part = { after_id, size, 1 };

    apr_pool_clear(e->pool);
    dygw_report_after(&ctx, e->filter, &part, &e->piece, out);
}

/* Sends the present piece. 0: the client is gone. */
static int send_export_piece(export_t *e)
{
    const apr_array_header_t *rows = e->piece.rows;
    int listening;
    int i;

    for (i = 0; i < rows->nelts; i++) {
        dygw_view_csv_row(&e->csv, APR_ARRAY_IDX(rows, i, const dygw_verification_t *), e->lang);
    }
    listening = dygw_stream_send(&e->stream, e->csv.text, e->csv.len);
    dygw_csv_rewind(&e->csv);
    e->rows += rows->nelts;
    return listening;
}

static int send_export(export_t *e)
{
    dygw_result_t out = { 0 };
    int listening = send_export_piece(e);

    while (listening && e->piece.next_after_id && !e->call->r->header_only) {
        read_export_piece(e, e->piece.next_after_id, PIECE, &out);
        if (out.code != DYGW_OK) {
            dygw_log(&e->call->log, WARN, 0,
                     DYGWNO(0470) "an export was cut off after %" APR_INT64_T_FMT " rows: %s",
                     e->rows, out.message);
            return dygw_stream_end(&e->stream, 0);
        }
        listening = send_export_piece(e);
    }
    if (!listening) {
        dygw_log(&e->call->log, INFO, 0,
                 DYGWNO(0471) "the client left an export after %" APR_INT64_T_FMT " rows", e->rows);
    }
    return dygw_stream_end(&e->stream, listening);
}

/* The first piece is read before the status of the reply is sent, so that an error can be
 * replied. */
int dygw_report_reply_csv(dygw_call_t *call, const dygw_report_filter_t *filter,
                          const dygw_csv_wanted_t *wanted)
{
    export_t e = { .call = call, .filter = filter, .lang = wanted->lang };
    dygw_result_t out = { 0 };

    apr_pool_create(&e.pool, call->r->pool);
    read_export_piece(&e, DYGW_BELOW_ALL, FIRST_PIECE, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    dygw_report_csv_init(&e.csv, call, wanted, "verifications.csv");
    dygw_view_csv_head(&e.csv);
    dygw_stream_begin(&e.stream, call, HTTP_OK, "text/csv; charset=utf-8");
    return send_export(&e);
}
