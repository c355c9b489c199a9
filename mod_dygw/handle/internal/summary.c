/* SPDX-License-Identifier: Apache-2.0
 * GET /reports/summary: counts and amounts of verifications, by day, hour, store, account, app,
 * product, operator and reason. */
#include "handle/internal/group_by.h"

#include <stddef.h>

#include <apr_strings.h>

#include "handle/stream.h"

#define ROW_SIZE   320
#define BY_DEFAULT "day,poi_id,app_id"
#define PIECE_SIZE 65536 /* bytes; CSV is sent when half of them are written */

static const char *const known_parameters[] = { DYGW_REPORT_PARAMETERS, "group_by", NULL };

/* The sums of a group, in the order of the columns. */
static const struct {
    const char *name;
    size_t offset;
    int fen;
} sum_members[] = {
    { "total_count", offsetof(dygw_sums_t, total_count), 0 },
    { "success_count", offsetof(dygw_sums_t, success_count), 0 },
    { "failed_count", offsetof(dygw_sums_t, failed_count), 0 },
    { "processing_count", offsetof(dygw_sums_t, processing_count), 0 },
    { "cancelled_count", offsetof(dygw_sums_t, cancelled_count), 0 },
    { "pay_amount", offsetof(dygw_sums_t, pay_amount), 1 },
    { "receipt_amount", offsetof(dygw_sums_t, receipt_amount), 1 },
    { "discount_amount", offsetof(dygw_sums_t, discount_amount), 1 },
};

#define SUMS (sizeof(sum_members) / sizeof(*sum_members))

/* What the query asks for. */
typedef struct summary_query_t {
    dygw_report_filter_t filter;
    dygw_csv_wanted_t csv;
    int group_by;
} summary_query_t;

/* --- the query --- */

static void read_summary_query(dygw_call_t *call, summary_query_t *wanted, dygw_result_t *out)
{
    apr_table_t *query = dygw_read_query(call, known_parameters, out);
    const char *group_by = apr_table_get(query, "group_by");

    dygw_report_read_filter(call, query, &wanted->filter, out);
    dygw_report_read_export(call, query, &wanted->csv, out);
    wanted->group_by
        = dygw_group_by_read(group_by ? group_by : BY_DEFAULT, DYGW_BY_ALL, call->r->pool, out);
}

/* --- JSON --- */

static apr_int64_t sum_at(const dygw_sums_t *sums, size_t i)
{
    return *(const apr_int64_t *)((const char *)sums + sum_members[i].offset);
}

static void view_sums(dygw_jsonw_t *w, const dygw_sums_t *sums)
{
    size_t i;

    for (i = 0; i < SUMS; i++) {
        dygw_jsonw_int(w, sum_members[i].name, sum_at(sums, i));
    }
}

static void view_summary_row(dygw_jsonw_t *w, const dygw_sums_row_t *row, int group_by)
{
    dygw_jsonw_object(w, NULL);
    dygw_group_by_view(w, group_by, row->keys, row->app_name);
    view_sums(w, &row->sums);
    dygw_jsonw_end_object(w);
}

static const dygw_sums_row_t *row_at(const dygw_summary_t *summary, int i)
{
    return APR_ARRAY_IDX(summary->rows, i, const dygw_sums_row_t *);
}

static int reply_summary_json(dygw_call_t *call, const summary_query_t *wanted,
                              const dygw_summary_t *summary)
{
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, call->r->pool, ROW_SIZE * ((apr_size_t)summary->rows->nelts + 1));
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_array(&w, "data");
    for (i = 0; i < summary->rows->nelts; i++) {
        view_summary_row(&w, row_at(summary, i), wanted->group_by);
    }
    dygw_jsonw_end_array(&w);
    dygw_jsonw_object(&w, "total");
    view_sums(&w, &summary->total);
    dygw_jsonw_end_object(&w);
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, HTTP_OK, w.text, w.len);
}

/* --- CSV --- */

static void write_summary_head(dygw_csv_t *csv, int group_by)
{
    size_t i;

    dygw_group_by_csv_head(csv, group_by);
    for (i = 0; i < SUMS; i++) {
        dygw_csv_text(csv, sum_members[i].name);
    }
    for (i = 0; i < SUMS; i++) {
        if (sum_members[i].fen) {
            dygw_csv_text(csv, apr_pstrcat(csv->pool, sum_members[i].name, "_yuan", NULL));
        }
    }
    dygw_csv_end_row(csv);
}

static void write_summary_row(dygw_csv_t *csv, const dygw_sums_row_t *row, int group_by)
{
    size_t i;

    dygw_group_by_csv(csv, group_by, row->keys, row->app_name);
    for (i = 0; i < SUMS; i++) {
        dygw_csv_int(csv, sum_at(&row->sums, i));
    }
    for (i = 0; i < SUMS; i++) {
        if (sum_members[i].fen) {
            dygw_csv_yuan(csv, sum_at(&row->sums, i));
        }
    }
    dygw_csv_end_row(csv);
}

static int reply_summary_csv(dygw_call_t *call, const summary_query_t *wanted,
                             const dygw_summary_t *summary)
{
    dygw_stream_t stream;
    int listening = 1;
    dygw_csv_t csv;
    int i;

    dygw_report_csv_init(&csv, call, &wanted->csv, "summary.csv");
    dygw_stream_begin(&stream, call, HTTP_OK, "text/csv; charset=utf-8");
    write_summary_head(&csv, wanted->group_by);
    for (i = 0; listening && i < summary->rows->nelts; i++) {
        write_summary_row(&csv, row_at(summary, i), wanted->group_by);
        if (csv.len >= PIECE_SIZE / 2) {
            listening = dygw_stream_send(&stream, csv.text, csv.len);
            dygw_csv_rewind(&csv);
        }
    }
    return dygw_stream_end(&stream, listening && dygw_stream_send(&stream, csv.text, csv.len));
}

int dygw_handle_summary(dygw_call_t *call)
{
    dygw_summary_t summary = { 0 };
    dygw_result_t out = { 0 };
    summary_query_t wanted;

    read_summary_query(call, &wanted, &out);
    if (out.code == DYGW_OK) {
        dygw_report_summary(&call->ctx, &wanted.filter, wanted.group_by, &summary, &out);
    }
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    return wanted.csv.csv ? reply_summary_csv(call, &wanted, &summary)
                          : reply_summary_json(call, &wanted, &summary);
}
