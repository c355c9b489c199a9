/* SPDX-License-Identifier: Apache-2.0
 * GET /reports/summary: counts and amounts of verifications, by day, hour, store, account, app,
 * product, operator and reason. */
#include "handle/internal/report_query.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "handle/stream.h"
#include "util/day.h"

#define APP_NAME   "app_name"
#define ROW_SIZE   320
#define BY_DEFAULT "day,poi_id,app_id"
#define PIECE_SIZE 65536 /* bytes; CSV is sent when half of them are written */

static const char *const known_parameters[] = { DYGW_REPORT_PARAMETERS, "group_by", NULL };

/* The keys of a group, in the order of the columns. */
#define KEY_OF(NAME, is, word, column)  { word, DYGW_IS_##is },
#define WORD_OF(NAME, is, word, column) ", " word

static const struct {
    const char *name;
    dygw_key_is_e is;
} keys[DYGW_KEYS] = { DYGW_SUMS_KEYS(KEY_OF) };

static const char words_of_keys[] = DYGW_SUMS_KEYS(WORD_OF);

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

/* Returns the DYGW_BY_* of a word of group_by; 0 when it has none. */
static int group_by_word(const char *word)
{
    for (int i = 0; i < DYGW_KEYS; i++) {
        if (strcmp(word, keys[i].name) == 0) {
            return 1 << i;
        }
    }
    return 0;
}

static int read_group_by(const apr_table_t *query, apr_pool_t *pool, dygw_result_t *out)
{
    const char *text = apr_table_get(query, "group_by");
    char *rest = apr_pstrdup(pool, text ? text : BY_DEFAULT);
    int group_by = 0;

    while (rest) {
        char *word = rest;
        int by;

        rest = strchr(word, ',');
        if (rest) {
            *rest++ = '\0';
        }
        by = group_by_word(word);
        if (!by || group_by & by) {
            dygw_invalid(out, "group_by",
                         apr_pstrcat(pool, "group_by must be some of ", words_of_keys + 2,
                                     ", each once, with commas between", NULL));
            return 0;
        }
        group_by |= by;
    }
    return group_by;
}

static void read_summary_query(dygw_call_t *call, summary_query_t *wanted, dygw_result_t *out)
{
    apr_table_t *query = dygw_read_query(call, known_parameters, out);

    dygw_report_read_filter(call, query, &wanted->filter, out);
    dygw_report_read_export(call, query, &wanted->csv, out);
    wanted->group_by = read_group_by(query, call->r->pool, out);
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

static const char *day_text(const dygw_sums_value_t *value, apr_pool_t *pool)
{
    return dygw_day_of(value->number * DYGW_DAY_MS, 0, pool);
}

static void view_key(dygw_jsonw_t *w, int key, const dygw_sums_row_t *row)
{
    const dygw_sums_value_t *value = &row->keys[key];

    switch (keys[key].is) {
    case DYGW_IS_DAY:
        dygw_jsonw_string(w, keys[key].name, day_text(value, w->pool));
        break;
    case DYGW_IS_HOUR:
        dygw_jsonw_int(w, keys[key].name, value->number);
        break;
    case DYGW_IS_APP:
        dygw_jsonw_int(w, keys[key].name, value->number);
        dygw_jsonw_string(w, APP_NAME, row->app_name);
        break;
    default:
        dygw_jsonw_string(w, keys[key].name, value->text);
        break;
    }
}

static void view_summary_row(dygw_jsonw_t *w, const dygw_sums_row_t *row, int group_by)
{
    dygw_jsonw_object(w, NULL);
    for (int i = 0; i < DYGW_KEYS; i++) {
        if (group_by & 1 << i) {
            view_key(w, i, row);
        }
    }
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

    for (i = 0; i < DYGW_KEYS; i++) {
        if (group_by & 1 << i) {
            dygw_csv_text(csv, keys[i].name);
            if (keys[i].is == DYGW_IS_APP) {
                dygw_csv_text(csv, APP_NAME);
            }
        }
    }
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

static void write_key(dygw_csv_t *csv, int key, const dygw_sums_row_t *row)
{
    const dygw_sums_value_t *value = &row->keys[key];

    switch (keys[key].is) {
    case DYGW_IS_DAY:
        dygw_csv_text(csv, day_text(value, csv->pool));
        break;
    case DYGW_IS_HOUR:
        dygw_csv_int(csv, value->number);
        break;
    case DYGW_IS_APP:
        dygw_csv_int_id(csv, value->number);
        dygw_csv_text(csv, row->app_name);
        break;
    case DYGW_IS_REASON:
        dygw_csv_text(csv, value->text);
        break;
    default:
        dygw_csv_id(csv, value->text);
        break;
    }
}

static void write_summary_row(dygw_csv_t *csv, const dygw_sums_row_t *row, int group_by)
{
    size_t i;

    for (i = 0; i < DYGW_KEYS; i++) {
        if (group_by & 1 << i) {
            write_key(csv, (int)i, row);
        }
    }
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
