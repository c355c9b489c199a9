/* SPDX-License-Identifier: Apache-2.0
 * Lists as CSV, however many rows there are, that of verifications first.
 *
 * Rows are read in pieces by id, each piece in a unit of work of its own, and each piece
 * is sent before the next one is read: only one piece is in memory, and no connection to the
 * database is open while a slow client reads. The first piece is small, so that the download begins
 * at once. What is made meanwhile has a higher id, and is not in the file. */
#include "handle/stream.h"
#include "handle/internal/report_query.h"

#define FIRST_PIECE 50  /* rows in the first piece */
#define PIECE       500 /* in each other piece */

typedef struct export_t {
    dygw_call_t *call;
    const dygw_export_t *what;
    const dygw_report_filter_t *filter;
    dygw_lang_e lang;
    dygw_stream_t stream;
    dygw_csv_t csv;
    apr_pool_t *pool; /* of the present piece */
    dygw_report_page_t piece;
    apr_int64_t rows; /* of CSV, sent so far */
} export_t;

static void read_export_piece(export_t *e, apr_int64_t below_id, int size, dygw_result_t *out)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&e->call->ctx, e->pool);

    apr_pool_clear(e->pool);
    e->what->read(&ctx, e->filter, below_id, size, &e->piece, out);
}

/* Sends the present piece. 0: the client is gone. */
static int send_export_piece(export_t *e)
{
    const int rows = e->piece.rows->nelts;
    int listening;

    for (int i = 0; i < rows; i++) {
        e->what->write(&e->csv, &e->piece, i, e->lang);
    }
    listening = dygw_stream_send(&e->stream, e->csv.text, e->csv.len);
    dygw_csv_rewind(&e->csv);
    e->rows += rows;
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
int dygw_export_reply(dygw_call_t *call, const dygw_export_t *what,
                      const dygw_report_filter_t *filter, const dygw_csv_wanted_t *wanted)
{
    export_t e = { .call = call, .what = what, .filter = filter, .lang = wanted->lang };
    dygw_result_t out = { 0 };

    apr_pool_create(&e.pool, call->r->pool);
    read_export_piece(&e, DYGW_BELOW_ALL, FIRST_PIECE, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    dygw_report_csv_init(&e.csv, call, wanted, what->file_name);
    what->write_head(&e.csv);
    dygw_stream_begin(&e.stream, call, HTTP_OK, "text/csv; charset=utf-8");
    return send_export(&e);
}

/* --- verifications --- */

static void read_verifications(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter,
                               apr_int64_t below_id, int size, dygw_report_page_t *page,
                               dygw_result_t *out)
{
    const dygw_report_part_t part = { below_id, size, 1 };

    dygw_report_after(ctx, filter, &part, page, out);
}

static void write_verification(dygw_csv_t *csv, const dygw_report_page_t *page, int row,
                               dygw_lang_e lang)
{
    dygw_view_csv_row(csv, APR_ARRAY_IDX(page->rows, row, const dygw_verification_t *), lang);
}

int dygw_report_reply_csv(dygw_call_t *call, const dygw_report_filter_t *filter,
                          const dygw_csv_wanted_t *wanted)
{
    static const dygw_export_t verifications
        = { "verifications.csv", dygw_view_csv_head, read_verifications, write_verification };

    return dygw_export_reply(call, &verifications, filter, wanted);
}
