/* SPDX-License-Identifier: Apache-2.0
 * Sums over a range of time of any length, in pieces, and what tells their groups apart. */
#include "gateway/reports/groups.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "util/compiler.h"
#include "util/day.h"

#define DAYS_MAX 366

/* --- pieces --- */

/* Lets the next piece begin at the first verification at or after p->from. APR_EOF: there is no
 * verification before p->until. */
static apr_status_t choose_next_piece(dygw_pieces_t *p, dygw_db_t *db)
{
    dygw_ms_t first;
    apr_status_t rv = dygw_store_report_first(db, p->from, &first);

    if (rv == APR_NOTFOUND || (rv == APR_SUCCESS && first >= p->until)) {
        return APR_EOF;
    }
    p->filter.start_time = first;
    p->filter.end_time = first + p->days * DYGW_DAY_MS;
    if (p->filter.end_time > p->until) {
        p->filter.end_time = p->until;
    }
    return rv;
}

static void adapt_piece_length(dygw_pieces_t *p, apr_int64_t verifications)
{
    if (verifications < p->few && p->days < DAYS_MAX) {
        p->days *= 2;
    }
    else if (verifications > p->many && p->days > 1) {
        p->days /= 2;
    }
}

static apr_status_t read_only_piece(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_pieces_t *p = baton;
    apr_int64_t verifications = 0;

    return p->read(db, p->baton, &verifications);
}

static apr_status_t read_next_piece(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_pieces_t *p = baton;
    apr_int64_t verifications = 0;
    apr_status_t rv = choose_next_piece(p, db);

    if (rv == APR_SUCCESS) {
        rv = p->read(db, p->baton, &verifications);
        adapt_piece_length(p, verifications);
    }
    return rv;
}

apr_status_t dygw_pieces_read(const dygw_ctx_t *ctx, dygw_pieces_t *p)
{
    apr_status_t rv = APR_SUCCESS;

    if (dygw_report_filter_is_narrow(&p->filter)) {
        /* A coupon, an order or a request has few verifications: one piece is enough. */
        return dygw_db_work(ctx, read_only_piece, p, DYGW_DB_ONCE);
    }
    p->from = p->filter.start_time == DYGW_NO_TIME ? 0 : p->filter.start_time;
    p->until = p->filter.end_time == DYGW_NO_TIME ? APR_INT64_MAX - 1 : p->filter.end_time;
    while (rv == APR_SUCCESS && p->from < p->until) {
        rv = dygw_db_work(ctx, read_next_piece, p, DYGW_DB_ONCE);
        p->from = p->filter.end_time;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

void dygw_pieces_explain(apr_status_t rv, int rows_max, apr_pool_t *pool, dygw_result_t *out)
{
    if (rv == APR_ENOSPC) {
        out->code = DYGW_INVALID_REQUEST;
        out->field = "group_by";
        out->message = apr_psprintf(pool,
                                    "that makes more than %d rows: group by less, or ask "
                                    "about a shorter time",
                                    rows_max);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

/* --- keys --- */

/* A text begins with its length here, so that no text is taken for an absent one, which is "-". */
static const char *key_of_text(const char *text, apr_pool_t *pool)
{
    return text ? apr_psprintf(pool, "%" APR_SIZE_T_FMT ":%s", strlen(text), text) : "-";
}

const char *dygw_group_key(const dygw_sums_value_t *keys, apr_pool_t *pool)
{
    const char *key = "";

    for (int i = 0; i < DYGW_KEYS; i++) {
        key = apr_psprintf(pool, "%s%" APR_INT64_T_FMT " %s ", key, keys[i].number,
                           key_of_text(keys[i].text, pool));
    }
    return key;
}

void dygw_group_keep(dygw_sums_value_t *keys, apr_pool_t *pool)
{
    for (int i = 0; i < DYGW_KEYS; i++) {
        keys[i].text = apr_pstrdup(pool, keys[i].text);
    }
}

static int compare_texts(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_numbers(apr_int64_t a, apr_int64_t b)
{
    return (a > b) - (a < b);
}

int dygw_group_compare(const dygw_sums_value_t *a, const dygw_sums_value_t *b)
{
    int order = 0;

    for (int i = 0; order == 0 && i < DYGW_KEYS; i++) {
        order = compare_numbers(a[i].number, b[i].number);
        order = order ? order : compare_texts(a[i].text, b[i].text);
    }
    return order;
}
