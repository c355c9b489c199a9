/* SPDX-License-Identifier: Apache-2.0
 * What will be paid out as CSV: redemptions in pieces, and groups, which are in memory already. */
#include "handle/stream.h"
#include "handle/internal/group_by.h"
#include "handle/internal/payouts.h"
#include "util/compiler.h"

#define PIECE_SIZE 32768 /* bytes of groups that are sent at once */

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

static void write_payout(dygw_csv_t *csv, const dygw_report_page_t *page, int at,
                         DYGW_UNUSED dygw_lang_e lang)
{
    const dygw_payout_row_t *row = &APR_ARRAY_IDX(page->rows, at, const dygw_payout_row_t);

    DYGW_PAYOUT_VIEW(CELL)
    write_amounts(csv, &row->expected, row->pay_amount);
}

/* --- redemptions --- */

int dygw_payouts_reply_csv(dygw_call_t *call, const dygw_payout_query_t *wanted)
{
    static const dygw_export_t payouts
        = { "payouts.csv", write_payout_head, dygw_payout_report_after, write_payout };

    return dygw_export_reply(call, &payouts, &wanted->filter, &wanted->csv);
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
