/* SPDX-License-Identifier: Apache-2.0
 * The steps of a run with the database: reads our verifications, searches partners, writes what did
 * not match, shows the result. Each step is short, so that no unit of work lasts long. */
#include "gateway/reports/reconcile_run.h"

#include <string.h>

#include "gateway/account.h"

/* What one step does at most. */
#define READ_MAX  500
#define FIND_MAX  25
#define WRITE_MAX 50
#define TIDY_MAX  500

/* Whether Douyin is to have the redemption under the account of the run. An account that is not
 * ours is compared with all that we have. */
static int is_of_account(const dygw_reconcile_run_t *run, const dygw_match_row_t *row)
{
    const dygw_recorded_t recorded = { row->account_id, row->store, row->poi_id };
    const char *account = dygw_account_recorded(run->ctx.gateway, &recorded);

    return !run->match->whole || (account && strcmp(account, run->row->account_id) == 0);
}

static apr_status_t read_verifications(dygw_reconcile_run_t *run, dygw_db_t *db)
{
    apr_array_header_t *rows;
    apr_int64_t last;
    apr_status_t rv
        = dygw_store_match_read(db, &run->ids, READ_MAX, &rows, &last, dygw_db_pool(db));
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < rows->nelts; i++) {
        const dygw_match_row_t *row = APR_ARRAY_IDX(rows, i, const dygw_match_row_t *);

        if (is_of_account(run, row)) {
            dygw_match_add_verification(run->match, row);
        }
    }
    run->ids.after = last;
    if (last == 0) {
        dygw_match_pairs(run->match);
        run->step = DYGW_RECONCILE_FIND;
    }
    return APR_SUCCESS;
}

static apr_status_t find_partner(dygw_reconcile_run_t *run, dygw_db_t *db,
                                 const dygw_verify_record_t *record)
{
    apr_array_header_t *rows;
    dygw_match_row_t *row;
    apr_status_t rv = APR_NOTFOUND;

    if (record->verify_id) {
        rv = dygw_store_match_find(db, record->verify_id, &row, run->ctx.pool);
        if (rv == APR_SUCCESS) {
            dygw_match_found(run->match, run->position, row);
        }
    }
    if (rv == APR_NOTFOUND && record->certificate_id) {
        rv = dygw_store_match_of_coupon(db, record->certificate_id, &rows, run->ctx.pool);
        if (rv == APR_SUCCESS) {
            dygw_match_found_coupon(run->match, run->position, rows);
        }
    }
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

/* A new generation must be later than the shown one, even after the clock was set back. */
static dygw_ms_t next_generation(const dygw_reconcile_run_t *run)
{
    const dygw_ms_t now = dygw_now();

    return now > run->row->generated_at ? now : run->row->generated_at + 1;
}

/* A run whose step failed ends, so it does no harm that the position has moved by then. */
static apr_status_t find_partners(dygw_reconcile_run_t *run, dygw_db_t *db)
{
    const dygw_verify_record_t *record = NULL;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < FIND_MAX && rv == APR_SUCCESS; i++) {
        record = dygw_match_next_open(run->match, &run->position);
        if (!record) {
            dygw_match_classify(run->match);
            run->generation = next_generation(run);
            run->step = DYGW_RECONCILE_WRITE;
            break;
        }
        rv = find_partner(run, db, record);
    }
    return rv;
}

/* Makes the JSON of a pair, with Douyin's webhook message about a coupon that is only at Douyin. */
static apr_status_t make_item(const dygw_match_pair_t *pair, dygw_db_t *db, const char **item)
{
    apr_pool_t *pool = dygw_db_pool(db);
    dygw_webhook_t message;
    apr_status_t rv = APR_NOTFOUND;

    if (!pair->ours && pair->douyin->certificate_id) {
        rv = dygw_store_match_webhook(db, pair->douyin->certificate_id, &message, pool);
    }
    *item = dygw_match_item(pair, rv == APR_SUCCESS ? &message : NULL, pool);
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

static apr_status_t write_items(dygw_reconcile_run_t *run, dygw_db_t *db)
{
    const apr_array_header_t *pairs = run->match->pairs;
    const char *items[WRITE_MAX];
    apr_status_t rv = APR_SUCCESS;
    int n = 0;

    while (n < WRITE_MAX && run->written + n < pairs->nelts && rv == APR_SUCCESS) {
        rv = make_item(&APR_ARRAY_IDX(pairs, run->written + n, const dygw_match_pair_t), db,
                       &items[n]);
        n++;
    }
    if (rv == APR_SUCCESS && n > 0) {
        rv = dygw_store_reconciliation_put_items(db, run->row, run->generation, run->written, items,
                                                 n);
    }
    run->written += n;
    if (run->written >= pairs->nelts) {
        run->step = DYGW_RECONCILE_SHOW;
    }
    return rv;
}

static void report_success(const dygw_log_t *log, const dygw_reconcile_run_t *run)
{
    const apr_int64_t *counts = run->match->counts;

    dygw_log(log, INFO, 0,
             DYGWNO(0480) "%s of account %s is reconciled with Douyin's records: "
                          "%" APR_INT64_T_FMT " match, %" APR_INT64_T_FMT " only here, "
                          "%" APR_INT64_T_FMT " only at Douyin, %" APR_INT64_T_FMT
                          " cancelled at Douyin, %" APR_INT64_T_FMT " for other amounts",
             run->row->day, run->row->account_id, counts[DYGW_MATCHED], counts[DYGW_ONLY_HERE],
             counts[DYGW_ONLY_AT_DOUYIN], counts[DYGW_CANCELLED_AT_DOUYIN],
             counts[DYGW_AMOUNT_DIFFERS]);
}

static void report_open_day(const dygw_log_t *log, const dygw_reconcile_run_t *run)
{
    const dygw_match_t *match = run->match;
    char until[DYGW_RFC3339_LEN + 1];

    dygw_time_rfc3339_into(until, match->until);
    dygw_log(log, INFO, 0,
             DYGWNO(0850) "%s of account %s is compared with Douyin's records as far as it has "
                          "come, until %s: %" APR_INT64_T_FMT " match, %d differ; left out, of the "
                          "last minutes %" APR_INT64_T_FMT ", not settled %" APR_INT64_T_FMT,
             run->row->day, run->row->account_id, until, match->counts[DYGW_MATCHED],
             match->pairs->nelts,
             match->left_out[DYGW_RECENT_HERE] + match->left_out[DYGW_RECENT_AT_DOUYIN],
             match->left_out[DYGW_UNSETTLED]);
}

/* Shows the generation. A day that was compared before Douyin's records were surely complete is
 * compared again when they are. */
static apr_status_t show_generation(const dygw_log_t *log, dygw_reconcile_run_t *run, dygw_db_t *db)
{
    const dygw_match_t *match = run->match;
    apr_pool_t *pool = dygw_db_pool(db);
    const dygw_reconciliation_made_t made = {
        .generated_at = run->generation,
        .counts = dygw_match_figures(match, match->counts, pool),
        .amounts = dygw_match_figures(match, match->amounts, pool),
        .compared_until = match->until,
        .left_out = dygw_match_left_out(match, pool),
        .next_run_at = run->is_final ? DYGW_NO_TIME : run->times.ready,
    };
    apr_status_t rv;

    /* Douyin's answers have told since that the clock was ahead when the run began. */
    if (run->is_final && dygw_sure_now() < run->times.ready) {
        run->failed = "this host's clock is ahead, the day has not ended yet";
        return APR_SUCCESS;
    }
    rv = dygw_store_reconciliation_done(db, run->row, &made);
    if (rv == APR_SUCCESS) {
        (run->is_final ? report_success : report_open_day)(log, run);
        run->step = DYGW_RECONCILE_TIDY;
    }
    return rv;
}

static apr_status_t tidy_items(dygw_reconcile_run_t *run, dygw_db_t *db)
{
    int removed = 0;
    apr_status_t rv = dygw_store_reconciliation_tidy(db, run->row, run->generation,
                                                     run->row->generated_at, TIDY_MAX, &removed);

    if (removed == 0) {
        run->step = DYGW_RECONCILE_OVER;
    }
    return rv;
}

apr_status_t dygw_reconcile_step(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_reconcile_run_t *run = baton;

    switch (run->step) {
    case DYGW_RECONCILE_READ:
        return read_verifications(run, db);
    case DYGW_RECONCILE_FIND:
        return find_partners(run, db);
    case DYGW_RECONCILE_WRITE:
        return write_items(run, db);
    case DYGW_RECONCILE_SHOW:
        return show_generation(ctx->log, run, db);
    default:
        return tidy_items(run, db);
    }
}
