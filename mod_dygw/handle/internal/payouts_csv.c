/* SPDX-License-Identifier: Apache-2.0
 * What will be paid out as CSV. Redemptions are read and sent in pieces, as those of report_csv.c
 * are, so that one piece alone is in memory; groups are in memory already. */
#include "handle/stream.h"
#include "handle/internal/group_by.h"
#include "handle/internal/payouts.h"

#define FIRST_PIECE 50    /* redemptions in the first piece, */
#define PIECE       500   /* and in each other one */
#define PIECE_SIZE  32768 /* bytes of groups that are sent at once */

#define EXPECTED "expected_"
#define YUAN     "_yuan"

#define HEAD(kind, key, member)   dygw_csv_text(csv, key);
#define HEAD_FEN(member, number)  dygw_csv_text(csv, EXPECTED #member);
#define HEAD_YUAN(member, number) dygw_csv_text(csv, EXPECTED #member YUAN);
#define HEAD_COUNT(name, word)    dygw_csv_text(csv, #word "_count");
#define CELL_FEN(member, number)  dygw_view_csv_int(csv, amounts->member);
#define CELL_YUAN(member, number) dygw_view_csv_yuan(csv, amounts->member);
#define CELL_COUNT(name, word)    dygw_csv_int(csv, sums->count_of[DYGW_PAYOUT_##name]);
#define CELL(kind, key, member)   CSV_##kind(row->member);

#define CSV_ID(value)            dygw_csv_id(csv, value)
#define CSV_INT_ID(value)        dygw_csv_int_id(csv, value)
#define CSV_TEXT(value)          dygw_csv_text(csv, value)
#define CSV_INT(value)           dygw_csv_int(csv, value)
#define CSV_INT_OR_NULL(value)   dygw_view_csv_int(csv, value)
#define CSV_TIME(value)          dygw_csv_time(csv, value)
#define CSV_VERIFY_STATUS(value) dygw_csv_text(csv, dygw_verify_status_word(value))
#define CSV_STATE(value)         dygw_csv_text(csv, dygw_payout_state_word(value))

/* The amounts in fen, and at the end of a row all in yuan, that of the customer first. */
static void write_amounts_head(dygw_csv_t *csv)
{
    DYGW_PAYOUT_AMOUNTS(HEAD_FEN)
    dygw_csv_text(csv, "pay_amount" YUAN);
    DYGW_PAYOUT_AMOUNTS(HEAD_YUAN)
    dygw_csv_end_row(csv);
}

static void write_amounts(dygw_csv_t *csv, const dygw_payout_amounts_t *amounts,
                          apr_int64_t pay_amount)
{
    DYGW_PAYOUT_AMOUNTS(CELL_FEN)
    dygw_view_csv_yuan(csv, pay_amount);
    DYGW_PAYOUT_AMOUNTS(CELL_YUAN)
    dygw_csv_end_row(csv);
}

static void write_payout_head(dygw_csv_t *csv)
{
    DYGW_PAYOUT_VIEW(HEAD)
    write_amounts_head(csv);
}

static void write_payout(dygw_csv_t *csv, const dygw_payout_row_t *row)
{
    DYGW_PAYOUT_VIEW(CELL)
    write_amounts(csv, &row->expected, row->pay_amount);
}

/* --- redemptions --- */

typedef struct payout_export_t {
    dygw_call_t *call;
    const dygw_report_filter_t *filter;
    dygw_stream_t stream;
    dygw_csv_t csv;
    apr_pool_t *pool; /* of the present piece */
    dygw_payout_page_t piece;
    apr_int64_t rows; /* of CSV, sent so far */
} payout_export_t;

static void read_payout_piece(payout_export_t *e, apr_int64_t below_id, int size,
                              dygw_result_t *out)
{
    const dygw_ctx_t ctx = dygw_ctx_with_pool(&e->call->ctx, e->pool);

    apr_pool_clear(e->pool);
    dygw_payout_report_after(&ctx, e->filter, below_id, size, &e->piece, out);
}

/* Sends the present piece. 0: the client is gone. */
static int send_payout_piece(payout_export_t *e)
{
    const apr_array_header_t *rows = e->piece.rows;
    int listening;

    for (int i = 0; i < rows->nelts; i++) {
        write_payout(&e->csv, &APR_ARRAY_IDX(rows, i, const dygw_payout_row_t));
    }
    listening = dygw_stream_send(&e->stream, e->csv.text, e->csv.len);
    dygw_csv_rewind(&e->csv);
    e->rows += rows->nelts;
    return listening;
}

static int send_payouts(payout_export_t *e)
{
    dygw_result_t out = { 0 };
    int listening = send_payout_piece(e);

    while (listening && e->piece.next_after_id && !e->call->r->header_only) {
        read_payout_piece(e, e->piece.next_after_id, PIECE, &out);
        if (out.code != DYGW_OK) {
            dygw_log(&e->call->log, WARN, 0,
                     DYGWNO(0870) "an export of payouts was cut off after %" APR_INT64_T_FMT
                                  " rows: %s",
                     e->rows, out.message);
            return dygw_stream_end(&e->stream, 0);
        }
        listening = send_payout_piece(e);
    }
    return dygw_stream_end(&e->stream, listening);
}

/* The first piece is read before the status of the reply is sent, so that an error can be
 * replied. */
int dygw_payouts_reply_csv(dygw_call_t *call, const dygw_payout_query_t *wanted)
{
    payout_export_t e = { .call = call, .filter = &wanted->filter };
    dygw_result_t out = { 0 };

    apr_pool_create(&e.pool, call->r->pool);
    read_payout_piece(&e, DYGW_BELOW_ALL, FIRST_PIECE, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    dygw_report_csv_init(&e.csv, call, &wanted->csv, "payouts.csv");
    write_payout_head(&e.csv);
    dygw_stream_begin(&e.stream, call, HTTP_OK, "text/csv; charset=utf-8");
    return send_payouts(&e);
}

/* --- groups --- */

static void write_groups_head(dygw_csv_t *csv, int keys)
{
    dygw_group_by_csv_head(csv, keys);
    dygw_csv_text(csv, "count");
    DYGW_PAYOUT_STATES(HEAD_COUNT)
    dygw_csv_text(csv, "pay_amount");
    write_amounts_head(csv);
}

static void write_group(dygw_csv_t *csv, const dygw_payout_group_t *group, int keys)
{
    const dygw_payout_sums_t *sums = &group->sums;

    dygw_group_by_csv(csv, keys, group->keys, group->app_name);
    dygw_csv_int(csv, sums->count);
    DYGW_PAYOUT_STATES(CELL_COUNT)
    dygw_csv_int(csv, sums->pay_amount);
    write_amounts(csv, &sums->expected, sums->pay_amount);
}

int dygw_payouts_reply_groups_csv(dygw_call_t *call, const dygw_payout_query_t *wanted,
                                  const dygw_payout_summary_t *summary)
{
    dygw_stream_t stream;
    int listening = 1;
    dygw_csv_t csv;

    dygw_report_csv_init(&csv, call, &wanted->csv, "payouts.csv");
    dygw_stream_begin(&stream, call, HTTP_OK, "text/csv; charset=utf-8");
    write_groups_head(&csv, wanted->keys);
    for (int i = 0; listening && i < summary->rows->nelts; i++) {
        write_group(&csv, APR_ARRAY_IDX(summary->rows, i, const dygw_payout_group_t *),
                    wanted->keys);
        if (csv.len >= PIECE_SIZE) {
            listening = dygw_stream_send(&stream, csv.text, csv.len);
            dygw_csv_rewind(&csv);
        }
    }
    return dygw_stream_end(&stream, listening && dygw_stream_send(&stream, csv.text, csv.len));
}
