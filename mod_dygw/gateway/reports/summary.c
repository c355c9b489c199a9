/* SPDX-License-Identifier: Apache-2.0
 * Sums of verifications over a range of time of any length.
 *
 * A long range is read in pieces, with one unit of work for each. So no statement runs into the
 * time limit of the database, and redemptions do not wait for long with SQLite, whose driver runs
 * one statement of a process at a time. A piece begins at the next verification, and is longer the
 * fewer verifications the piece before had. Sums of different pieces for the same group are added
 * up here. Each verification is in exactly one piece, because its created_at never changes. */
#include "gateway/reports/report.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/reasons.h"
#include "util/compiler.h"
#include "util/day.h"

#define FIRST_DAYS         8
#define DAYS_MAX           366
#define FEW_VERIFICATIONS  25000  /* after a piece with fewer, the next is twice as long */
#define MANY_VERIFICATIONS 100000 /* after a piece with more, the next is half as long */

/* A summary while it is made. */
typedef struct summing_t {
    const dygw_ctx_t *ctx;
    dygw_report_filter_t filter; /* with the times of the present piece */
    dygw_sums_by_t by;
    apr_hash_t *groups; /* key -> dygw_sums_row_t */
    dygw_summary_t *summary;
    dygw_ms_t from;            /* the present piece begins then or later */
    dygw_ms_t until;           /* the last piece ends then */
    int days;                  /* length of the present piece */
    apr_int64_t verifications; /* how many the present piece has */
} summing_t;

/* --- groups --- */

/* A text begins with its length here, so that no text is taken for an absent one, which is "-". */
static const char *key_of_text(const char *text, apr_pool_t *pool)
{
    return text ? apr_psprintf(pool, "%" APR_SIZE_T_FMT ":%s", strlen(text), text) : "-";
}

static const char *key_of_group(const dygw_sums_row_t *row, int group_by, apr_pool_t *pool)
{
    const char *key = "";

    for (int i = 0; i < DYGW_KEYS; i++) {
        if (group_by & 1 << i) {
            key = apr_psprintf(pool, "%s%" APR_INT64_T_FMT " %s ", key, row->keys[i].number,
                               key_of_text(row->keys[i].text, pool));
        }
    }
    return key;
}

/* The reason as the views tell it: a word of the catalogue; where none is recorded, that of the
 * number. */
static void explain_row(dygw_sums_row_t *row)
{
    dygw_sums_value_t *reason = &row->keys[DYGW_KEY_REASON];

    if (row->error_code != DYGW_NO_INT && row->error_code != 0) {
        reason->text
            = dygw_reason_word(dygw_reason_of_code(row->error_code, row->error_description));
    }
    else {
        reason->text = dygw_reason_word(dygw_reason_of_word(reason->text));
    }
}

static void add_sums(dygw_sums_t *sum, const dygw_sums_t *more)
{
    sum->total_count += more->total_count;
    sum->success_count += more->success_count;
    sum->failed_count += more->failed_count;
    sum->processing_count += more->processing_count;
    sum->cancelled_count += more->cancelled_count;
    sum->pay_amount += more->pay_amount;
    sum->receipt_amount += more->receipt_amount;
    sum->discount_amount += more->discount_amount;
}

static dygw_sums_row_t *add_group(summing_t *s, const dygw_sums_row_t *row)
{
    dygw_sums_row_t *group = apr_pmemdup(s->ctx->pool, row, sizeof(*row));

    for (int i = 0; i < DYGW_KEYS; i++) {
        group->keys[i].text = apr_pstrdup(s->ctx->pool, row->keys[i].text);
    }
    group->app_name = apr_pstrdup(s->ctx->pool, row->app_name);
    group->error_description = NULL; /* the reason says it */
    APR_ARRAY_PUSH(s->summary->rows, dygw_sums_row_t *) = group;
    return group;
}

/* Returns how many verifications the rows sum up. A statement that does not group gives a row even
 * where it found no verification. */
static apr_int64_t add_rows(summing_t *s, const apr_array_header_t *rows, apr_pool_t *scratch)
{
    apr_int64_t verifications = 0;
    int i;

    for (i = 0; i < rows->nelts; i++) {
        dygw_sums_row_t *row = &APR_ARRAY_IDX(rows, i, dygw_sums_row_t);
        dygw_sums_row_t *group;
        const char *key;

        explain_row(row);
        key = key_of_group(row, s->by.keys, scratch);
        group = apr_hash_get(s->groups, key, APR_HASH_KEY_STRING);
        if (group) {
            add_sums(&group->sums, &row->sums);
        }
        else if (row->sums.total_count > 0) {
            apr_hash_set(s->groups, apr_pstrdup(s->ctx->pool, key), APR_HASH_KEY_STRING,
                         add_group(s, row));
        }
        add_sums(&s->summary->total, &row->sums);
        verifications += row->sums.total_count;
    }
    return verifications;
}

/* --- pieces --- */

/* Reads and adds the sums of the present piece. APR_ENOSPC: there are too many groups. */
static apr_status_t sum_piece(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    summing_t *s = baton;
    apr_pool_t *scratch = dygw_db_pool(db);
    apr_array_header_t *rows;
    apr_status_t rv
        = dygw_store_report_sums(db, &s->filter, &s->by, DYGW_SUMMARY_ROWS_MAX + 1, &rows, scratch);

    if (rv == APR_SUCCESS) {
        s->verifications = add_rows(s, rows, scratch);
        /* As many as were asked for: the statement may have had more, of the same groups even. */
        if (rows->nelts > DYGW_SUMMARY_ROWS_MAX
            || s->summary->rows->nelts > DYGW_SUMMARY_ROWS_MAX) {
            return APR_ENOSPC;
        }
    }
    return rv;
}

/* Lets the next piece begin at the first verification at or after s->from. APR_EOF: there is no
 * verification before s->until. */
static apr_status_t choose_next_piece(summing_t *s, dygw_db_t *db)
{
    dygw_ms_t first;
    apr_status_t rv = dygw_store_report_first(db, s->from, &first);

    if (rv == APR_NOTFOUND || (rv == APR_SUCCESS && first >= s->until)) {
        return APR_EOF;
    }
    s->filter.start_time = first;
    s->filter.end_time = first + s->days * DYGW_DAY_MS;
    if (s->filter.end_time > s->until) {
        s->filter.end_time = s->until;
    }
    return rv;
}

static void adapt_piece_length(summing_t *s)
{
    if (s->verifications < FEW_VERIFICATIONS && s->days < DAYS_MAX) {
        s->days *= 2;
    }
    else if (s->verifications > MANY_VERIFICATIONS && s->days > 1) {
        s->days /= 2;
    }
}

static apr_status_t sum_next_piece(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    summing_t *s = baton;
    apr_status_t rv = choose_next_piece(s, db);

    return rv == APR_SUCCESS ? sum_piece(ctx, db, s) : rv;
}

static apr_status_t sum_pieces(summing_t *s)
{
    apr_status_t rv = APR_SUCCESS;

    if (dygw_report_filter_is_narrow(&s->filter)) {
        /* A coupon, an order or a request has few verifications: one piece is enough. */
        return dygw_db_work(s->ctx, sum_piece, s, DYGW_DB_ONCE);
    }
    s->from = s->filter.start_time == DYGW_NO_TIME ? 0 : s->filter.start_time;
    s->until = s->filter.end_time == DYGW_NO_TIME ? APR_INT64_MAX - 1 : s->filter.end_time;
    while (rv == APR_SUCCESS && s->from < s->until) {
        s->verifications = 0;
        rv = dygw_db_work(s->ctx, sum_next_piece, s, DYGW_DB_ONCE);
        adapt_piece_length(s);
        s->from = s->filter.end_time;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

/* --- the whole --- */

static int compare_texts(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_numbers(apr_int64_t a, apr_int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_groups(const void *left, const void *right)
{
    const dygw_sums_row_t *a = *(const dygw_sums_row_t *const *)left;
    const dygw_sums_row_t *b = *(const dygw_sums_row_t *const *)right;
    int order = 0;

    for (int i = 0; order == 0 && i < DYGW_KEYS; i++) {
        order = compare_numbers(a->keys[i].number, b->keys[i].number);
        order = order ? order : compare_texts(a->keys[i].text, b->keys[i].text);
    }
    return order;
}

static void explain_summary(apr_status_t rv, apr_pool_t *pool, dygw_result_t *out)
{
    if (rv == APR_ENOSPC) {
        out->code = DYGW_INVALID_REQUEST;
        out->field = "group_by";
        out->message = apr_psprintf(pool,
                                    "that makes more than %d rows: group by less, or ask "
                                    "about a shorter time",
                                    DYGW_SUMMARY_ROWS_MAX);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

void dygw_report_summary(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int group_by,
                         dygw_summary_t *summary, dygw_result_t *out)
{
    summing_t s = { .ctx = ctx,
                    .filter = *filter,
                    .by = { group_by, ctx->gateway->time_zone },
                    .groups = apr_hash_make(ctx->pool),
                    .summary = summary,
                    .days = FIRST_DAYS };

    *out = (dygw_result_t){ 0 };
    *summary = (dygw_summary_t){ .rows = apr_array_make(ctx->pool, 1, sizeof(dygw_sums_row_t *)) };
    explain_summary(sum_pieces(&s), ctx->pool, out);
    qsort(summary->rows->elts, (size_t)summary->rows->nelts, sizeof(dygw_sums_row_t *),
          compare_groups);
}
