/* SPDX-License-Identifier: Apache-2.0
 * Sums of verifications over a range of time of any length. */
#include "gateway/reports/report.h"

#include <stdlib.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "gateway/reasons.h"
#include "gateway/reports/groups.h"

#define FIRST_DAYS         8
#define FEW_VERIFICATIONS  25000
#define MANY_VERIFICATIONS 100000

/* A summary while it is made. */
typedef struct summing_t {
    apr_pool_t *pool;
    dygw_pieces_t pieces;
    dygw_sums_by_t by;
    apr_hash_t *groups; /* key -> dygw_sums_row_t */
    dygw_summary_t *summary;
} summing_t;

/* --- groups --- */

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
    dygw_sums_row_t *group = apr_pmemdup(s->pool, row, sizeof(*row));

    dygw_group_keep(group->keys, s->pool);
    group->app_name = apr_pstrdup(s->pool, row->app_name);
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
        key = dygw_group_key(row->keys, scratch);
        group = apr_hash_get(s->groups, key, APR_HASH_KEY_STRING);
        if (group) {
            add_sums(&group->sums, &row->sums);
        }
        else if (row->sums.total_count > 0) {
            apr_hash_set(s->groups, apr_pstrdup(s->pool, key), APR_HASH_KEY_STRING,
                         add_group(s, row));
        }
        add_sums(&s->summary->total, &row->sums);
        verifications += row->sums.total_count;
    }
    return verifications;
}

/* Reads and adds the sums of the present piece. APR_ENOSPC: there are too many groups. */
static apr_status_t sum_piece(dygw_db_t *db, void *baton, apr_int64_t *verifications)
{
    summing_t *s = baton;
    apr_pool_t *scratch = dygw_db_pool(db);
    apr_array_header_t *rows;
    apr_status_t rv = dygw_store_report_sums(db, &s->pieces.filter, &s->by,
                                             DYGW_SUMMARY_ROWS_MAX + 1, &rows, scratch);

    if (rv == APR_SUCCESS) {
        *verifications = add_rows(s, rows, scratch);
        /* As many as were asked for: the statement may have had more, of the same groups even. */
        if (rows->nelts > DYGW_SUMMARY_ROWS_MAX
            || s->summary->rows->nelts > DYGW_SUMMARY_ROWS_MAX) {
            return APR_ENOSPC;
        }
    }
    return rv;
}

/* --- the whole --- */

static int compare_groups(const void *left, const void *right)
{
    const dygw_sums_row_t *a = *(const dygw_sums_row_t *const *)left;
    const dygw_sums_row_t *b = *(const dygw_sums_row_t *const *)right;

    return dygw_group_compare(a->keys, b->keys);
}

void dygw_report_summary(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int group_by,
                         dygw_summary_t *summary, dygw_result_t *out)
{
    summing_t s = { .pool = ctx->pool,
                    .pieces = { .filter = *filter,
                                .days = FIRST_DAYS,
                                .few = FEW_VERIFICATIONS,
                                .many = MANY_VERIFICATIONS,
                                .read = sum_piece },
                    .by = { group_by, ctx->gateway->time_zone },
                    .groups = apr_hash_make(ctx->pool),
                    .summary = summary };

    *out = (dygw_result_t){ 0 };
    *summary = (dygw_summary_t){ .rows = apr_array_make(ctx->pool, 1, sizeof(dygw_sums_row_t *)) };
    s.pieces.baton = &s;
    dygw_pieces_explain(dygw_pieces_read(ctx, &s.pieces), DYGW_SUMMARY_ROWS_MAX, ctx->pool, out);
    qsort(summary->rows->elts, (size_t)summary->rows->nelts, sizeof(dygw_sums_row_t *),
          compare_groups);
}
