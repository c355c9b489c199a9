/* SPDX-License-Identifier: Apache-2.0
 * What will be paid out: pages of redemptions, and sums over a range of time of any length. A page
 * is read with one row more than it has, as those of report.c are. */
#include "gateway/reports/payout_report.h"

#include <stdlib.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/reports/groups.h"
#include "store/report.h"

#define FIRST_DAYS       4
#define FEW_REDEMPTIONS  10000
#define MANY_REDEMPTIONS 50000

/* --- pages --- */

/* Removes the row that was read in addition, and sets next_after_id. */
static void trim_payouts(dygw_report_page_t *found, int page_size)
{
    found->next_after_id = 0;
    if (found->rows->nelts > page_size) {
        found->rows->nelts = page_size;
        found->next_after_id
            = APR_ARRAY_IDX(found->rows, page_size - 1, const dygw_payout_row_t).id;
    }
}

static apr_status_t read_payout_page(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                     int page_size, apr_pool_t *pool, dygw_report_page_t *found)
{
    apr_status_t rv = dygw_store_payout_page(db, filter, offset, page_size + 1, &found->rows, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (found->rows->nelts > page_size || (found->rows->nelts == 0 && offset > 0)) {
        rv = dygw_store_payout_count(db, filter, &found->total);
    }
    else {
        found->total = offset + found->rows->nelts;
    }
    trim_payouts(found, page_size);
    return rv;
}

void dygw_payout_report_page(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int page,
                             int page_size, dygw_report_page_t *found, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = read_payout_page(db, filter, (page - 1) * page_size, page_size, ctx->pool, found);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

void dygw_payout_report_after(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter,
                              apr_int64_t below_id, int limit, dygw_report_page_t *found,
                              dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_payout_below(db, filter, below_id, limit + 1, &found->rows, ctx->pool);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
        return;
    }
    found->total = 0;
    trim_payouts(found, limit);
}

/* --- groups --- */

/* A summary while it is made. */
typedef struct summing_t {
    apr_pool_t *pool;
    dygw_pieces_t pieces;
    dygw_sums_by_t by;
    apr_hash_t *groups; /* key -> dygw_payout_group_t */
    dygw_payout_summary_t *summary;
} summing_t;

#define NOT_SHOWN(member, number) .member = DYGW_NO_INT,

static const dygw_payout_sums_t no_sums = { .expected = { DYGW_PAYOUT_AMOUNTS(NOT_SHOWN) } };

static apr_int64_t plus(apr_int64_t a, apr_int64_t b)
{
    return a == DYGW_NO_INT ? b : b == DYGW_NO_INT ? a : a + b;
}

#define ADD(member, number) \
    sum->expected.member = plus(sum->expected.member, more->expected.member);

static void add_payouts(dygw_payout_sums_t *sum, const dygw_payout_sums_t *more)
{
    sum->count += more->count;
    for (int i = 0; i < DYGW_PAYOUT_STATES_COUNT; i++) {
        sum->count_of[i] += more->count_of[i];
    }
    sum->pay_amount += more->pay_amount;
    DYGW_PAYOUT_AMOUNTS(ADD)
}

static dygw_payout_group_t *add_payout_group(summing_t *s, const dygw_payout_group_t *row)
{
    dygw_payout_group_t *group = apr_pmemdup(s->pool, row, sizeof(*row));

    dygw_group_keep(group->keys, s->pool);
    group->app_name = apr_pstrdup(s->pool, row->app_name);
    APR_ARRAY_PUSH(s->summary->rows, dygw_payout_group_t *) = group;
    return group;
}

/* Returns how many redemptions the rows sum up. A statement that does not group gives a row even
 * where it found nothing. */
static apr_int64_t add_payout_rows(summing_t *s, const apr_array_header_t *rows,
                                   apr_pool_t *scratch)
{
    apr_int64_t redemptions = 0;

    for (int i = 0; i < rows->nelts; i++) {
        const dygw_payout_group_t *row = &APR_ARRAY_IDX(rows, i, const dygw_payout_group_t);
        const char *key = dygw_group_key(row->keys, scratch);
        dygw_payout_group_t *group = apr_hash_get(s->groups, key, APR_HASH_KEY_STRING);

        if (group) {
            add_payouts(&group->sums, &row->sums);
        }
        else if (row->sums.count > 0) {
            apr_hash_set(s->groups, apr_pstrdup(s->pool, key), APR_HASH_KEY_STRING,
                         add_payout_group(s, row));
        }
        add_payouts(&s->summary->total, &row->sums);
        redemptions += row->sums.count;
    }
    return redemptions;
}

/* APR_ENOSPC: there are too many groups. */
static apr_status_t sum_payout_piece(dygw_db_t *db, void *baton, apr_int64_t *redemptions)
{
    summing_t *s = baton;
    apr_pool_t *scratch = dygw_db_pool(db);
    apr_array_header_t *rows;
    apr_status_t rv = dygw_store_payout_sums(db, &s->pieces.filter, &s->by,
                                             DYGW_PAYOUT_GROUPS_MAX + 1, &rows, scratch);

    if (rv == APR_SUCCESS) {
        *redemptions = add_payout_rows(s, rows, scratch);
    }
    return rv == APR_SUCCESS && s->summary->rows->nelts > DYGW_PAYOUT_GROUPS_MAX ? APR_ENOSPC : rv;
}

static int compare_payout_groups(const void *left, const void *right)
{
    const dygw_payout_group_t *a = *(const dygw_payout_group_t *const *)left;
    const dygw_payout_group_t *b = *(const dygw_payout_group_t *const *)right;

    return dygw_group_compare(a->keys, b->keys);
}

void dygw_payout_report_sums(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int keys,
                             dygw_payout_summary_t *summary, dygw_result_t *out)
{
    summing_t s = { .pool = ctx->pool,
                    .pieces = { .filter = *filter,
                                .days = FIRST_DAYS,
                                .few = FEW_REDEMPTIONS,
                                .many = MANY_REDEMPTIONS,
                                .read = sum_payout_piece },
                    .by = { keys, ctx->gateway->time_zone },
                    .groups = apr_hash_make(ctx->pool),
                    .summary = summary };

    *out = (dygw_result_t){ 0 };
    summary->rows = apr_array_make(ctx->pool, 1, sizeof(dygw_payout_group_t *));
    summary->total = no_sums;
    s.pieces.baton = &s;
    dygw_pieces_explain(dygw_pieces_read(ctx, &s.pieces), DYGW_PAYOUT_GROUPS_MAX, ctx->pool, out);
    qsort(summary->rows->elts, (size_t)summary->rows->nelts, sizeof(dygw_payout_group_t *),
          compare_payout_groups);
}
