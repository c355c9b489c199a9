/* SPDX-License-Identifier: Apache-2.0
 * What will be paid out: pages of redemptions, and sums over a range of time of any length. A page
 * is read with one row more than it has, as those of report.c are; a long range is summed in
 * pieces, as summary.c does it, with one unit of work for each. */
#include "gateway/reports/payout_report.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "store/report.h"
#include "util/compiler.h"
#include "util/day.h"

#define FIRST_DAYS       4
#define DAYS_MAX         366
#define FEW_REDEMPTIONS  10000 /* after a piece with fewer, the next is twice as long */
#define MANY_REDEMPTIONS 50000 /* after a piece with more, the next is half as long */

/* --- pages --- */

/* Removes the row that was read in addition, and sets next_after_id. */
static void trim_payouts(dygw_payout_page_t *found, int page_size)
{
    found->next_after_id = 0;
    if (found->rows->nelts > page_size) {
        found->rows->nelts = page_size;
        found->next_after_id
            = APR_ARRAY_IDX(found->rows, page_size - 1, const dygw_payout_row_t).id;
    }
}

static apr_status_t read_payout_page(dygw_db_t *db, const dygw_report_filter_t *filter, int offset,
                                     int page_size, apr_pool_t *pool, dygw_payout_page_t *found)
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
                             int page_size, dygw_payout_page_t *found, dygw_result_t *out)
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
                              apr_int64_t below_id, int limit, dygw_payout_page_t *found,
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
    const dygw_ctx_t *ctx;
    dygw_report_filter_t filter; /* with the times of the present piece */
    dygw_payout_by_t by;
    apr_hash_t *groups; /* key -> dygw_payout_group_t */
    dygw_payout_summary_t *summary;
    dygw_ms_t from;          /* the present piece begins then or later */
    dygw_ms_t until;         /* the last piece ends then */
    int days;                /* length of the present piece */
    apr_int64_t redemptions; /* how many the present piece has */
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

/* All keys, so that none can be forgotten; each text with its length, and "-" for an absent one. */
static const char *key_of_payouts(const dygw_payout_group_t *group, apr_pool_t *pool)
{
    const char *key = "";

    for (int i = 0; i < DYGW_PAYOUT_KEYS_COUNT; i++) {
        const char *text = group->keys[i];

        key = text ? apr_psprintf(pool, "%s%" APR_SIZE_T_FMT ":%s", key, strlen(text), text)
                   : apr_pstrcat(pool, key, "-", NULL);
    }
    return key;
}

static dygw_payout_group_t *add_payout_group(summing_t *s, const dygw_payout_group_t *row)
{
    dygw_payout_group_t *group = apr_pmemdup(s->ctx->pool, row, sizeof(*row));

    for (int i = 0; i < DYGW_PAYOUT_KEYS_COUNT; i++) {
        group->keys[i] = apr_pstrdup(s->ctx->pool, row->keys[i]);
    }
    group->app_name = apr_pstrdup(s->ctx->pool, row->app_name);
    APR_ARRAY_PUSH(s->summary->rows, dygw_payout_group_t *) = group;
    return group;
}

/* A statement that does not group gives a row even where it found nothing. */
static void add_payout_rows(summing_t *s, const apr_array_header_t *rows, apr_pool_t *scratch)
{
    for (int i = 0; i < rows->nelts; i++) {
        const dygw_payout_group_t *row = &APR_ARRAY_IDX(rows, i, const dygw_payout_group_t);
        const char *key = key_of_payouts(row, scratch);
        dygw_payout_group_t *group = apr_hash_get(s->groups, key, APR_HASH_KEY_STRING);

        if (group) {
            add_payouts(&group->sums, &row->sums);
        }
        else if (row->sums.count > 0) {
            apr_hash_set(s->groups, apr_pstrdup(s->ctx->pool, key), APR_HASH_KEY_STRING,
                         add_payout_group(s, row));
        }
        add_payouts(&s->summary->total, &row->sums);
        s->redemptions += row->sums.count;
    }
}

/* --- pieces --- */

/* APR_ENOSPC: there are too many groups. */
static apr_status_t sum_payout_piece(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    summing_t *s = baton;
    apr_pool_t *scratch = dygw_db_pool(db);
    apr_array_header_t *rows;
    apr_status_t rv = dygw_store_payout_sums(db, &s->filter, &s->by, DYGW_PAYOUT_GROUPS_MAX + 1,
                                             &rows, scratch);

    if (rv == APR_SUCCESS) {
        add_payout_rows(s, rows, scratch);
    }
    return rv == APR_SUCCESS && s->summary->rows->nelts > DYGW_PAYOUT_GROUPS_MAX ? APR_ENOSPC : rv;
}

/* The piece from the first verification at or after s->from. APR_EOF: there is none before
 * s->until. */
static apr_status_t sum_next_payouts(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    summing_t *s = baton;
    dygw_ms_t first;
    apr_status_t rv = dygw_store_report_first(db, s->from, &first);

    if (rv == APR_NOTFOUND || (rv == APR_SUCCESS && first >= s->until)) {
        return APR_EOF;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    s->filter.start_time = first;
    s->filter.end_time = first + s->days * DYGW_DAY_MS;
    if (s->filter.end_time > s->until) {
        s->filter.end_time = s->until;
    }
    return sum_payout_piece(ctx, db, s);
}

static void adapt_days(summing_t *s)
{
    if (s->redemptions < FEW_REDEMPTIONS && s->days < DAYS_MAX) {
        s->days *= 2;
    }
    else if (s->redemptions > MANY_REDEMPTIONS && s->days > 1) {
        s->days /= 2;
    }
}

static apr_status_t sum_all_payouts(summing_t *s)
{
    apr_status_t rv = APR_SUCCESS;

    if (s->filter.certificate_id || s->filter.order_id) {
        return dygw_db_work(s->ctx, sum_payout_piece, s, DYGW_DB_ONCE);
    }
    s->from = s->filter.start_time == DYGW_NO_TIME ? 0 : s->filter.start_time;
    s->until = s->filter.end_time == DYGW_NO_TIME ? APR_INT64_MAX - 1 : s->filter.end_time;
    while (rv == APR_SUCCESS && s->from < s->until) {
        s->redemptions = 0;
        rv = dygw_db_work(s->ctx, sum_next_payouts, s, DYGW_DB_ONCE);
        adapt_days(s);
        s->from = s->filter.end_time;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

/* --- the whole --- */

/* Days and app_ids are numbers without leading zeros: the shorter one is less. */
static int is_number(int key)
{
    return key == DYGW_PAYOUT_BY_DAY || key == DYGW_PAYOUT_BY_APP;
}

static int compare_keys(const char *a, const char *b, int key)
{
    if (!a || !b) {
        return (a != NULL) - (b != NULL);
    }
    if (is_number(key) && strlen(a) != strlen(b)) {
        return strlen(a) < strlen(b) ? -1 : 1;
    }
    return strcmp(a, b);
}

static int compare_payout_groups(const void *left, const void *right)
{
    const dygw_payout_group_t *a = *(const dygw_payout_group_t *const *)left;
    const dygw_payout_group_t *b = *(const dygw_payout_group_t *const *)right;
    int order = 0;

    for (int i = 0; i < DYGW_PAYOUT_KEYS_COUNT && order == 0; i++) {
        order = compare_keys(a->keys[i], b->keys[i], i);
    }
    return order;
}

static void explain_payouts(apr_status_t rv, apr_pool_t *pool, dygw_result_t *out)
{
    if (rv == APR_ENOSPC) {
        out->code = DYGW_INVALID_REQUEST;
        out->field = "group_by";
        out->message = apr_psprintf(pool,
                                    "that makes more than %d rows: group by less, or ask "
                                    "about a shorter time",
                                    DYGW_PAYOUT_GROUPS_MAX);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

void dygw_payout_report_sums(const dygw_ctx_t *ctx, const dygw_report_filter_t *filter, int keys,
                             dygw_payout_summary_t *summary, dygw_result_t *out)
{
    summing_t s = { .ctx = ctx,
                    .filter = *filter,
                    .by = { keys, ctx->gateway->time_zone },
                    .groups = apr_hash_make(ctx->pool),
                    .summary = summary,
                    .days = FIRST_DAYS };

    *out = (dygw_result_t){ 0 };
    summary->rows = apr_array_make(ctx->pool, 1, sizeof(dygw_payout_group_t *));
    summary->total = no_sums;
    explain_payouts(sum_all_payouts(&s), ctx->pool, out);
    qsort(summary->rows->elts, (size_t)summary->rows->nelts, sizeof(dygw_payout_group_t *),
          compare_payout_groups);
}
