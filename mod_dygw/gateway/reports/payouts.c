/* SPDX-License-Identifier: Apache-2.0
 * What will be paid out: the turns of the background.
 *
 * A redemption writes nothing for it. Instead the host that leads walks the verifications by their
 * ids, some hundred in a turn, up to those of 70 minutes ago, and makes a row for each redemption.
 * That edge is fixed when a walk begins, so that each walk ends, however many redemptions follow.
 * Now and then it goes back by as long as settling may take, for those that were settled late. A
 * host that begins to lead goes back by as long as a line of the ledger may change.
 *
 * Rows that are due are asked about in batches, see payout_batch.c. */
#include "gateway/reports/payouts.h"

#include "gateway/account.h"
#include "gateway/db_work.h"
#include "gateway/reports/payouts_state.h"
#include "util/compiler.h"
#include "util/day.h"

#define PIECE         500 /* verifications that are looked at in one turn */
#define DUE_ROWS      400 /* that are read at once */
#define LOOK_MS       10000
#define WALK_PAUSE_MS 10000
#define LOOK_BACK_MS  1800000
#define SETTLED_MS    (51 * APR_INT64_C(3600000)) /* risk reviews are followed for 49 h */
#define FIRST_BACK_MS (8 * DYGW_DAY_MS)

/* --- making rows --- */

/* From where the walk goes on. */
static void move_cursor(dygw_payouts_t *p, dygw_ms_t now)
{
    const apr_int64_t back = dygw_id_at(now - SETTLED_MS);

    if (p->cursor == 0) {
        p->cursor = dygw_id_at(now - FIRST_BACK_MS);
        p->look_back_at = dygw_now() + LOOK_BACK_MS;
    }
    else if (dygw_left_until(p->look_back_at, LOOK_BACK_MS) == 0) {
        p->cursor = back < p->cursor ? back : p->cursor;
        p->look_back_at = dygw_now() + LOOK_BACK_MS;
    }
}

static void begin_walk(dygw_payouts_t *p)
{
    const dygw_ms_t now = dygw_sure_now();

    if (p->cursor == 0) {
        dygw_payouts_show_refused(p);
    }
    move_cursor(p, now);
    p->walk_until = dygw_id_at(now - DYGW_PAYOUT_AFTER_MS);
}

static void end_walk(dygw_payouts_t *p)
{
    p->walk_until = 0;
    p->walk_at = dygw_now() + WALK_PAUSE_MS;
}

/* One piece of the walk. Where the database fails, the walk goes on from there later. */
static apr_status_t make_rows(dygw_payouts_t *p, dygw_db_t *db)
{
    dygw_payout_piece_t piece = { .limit = PIECE };
    apr_int64_t last = 0;
    apr_status_t rv = APR_SUCCESS;
    int added;

    if (p->walk_until == 0) {
        if (dygw_left_until(p->walk_at, WALK_PAUSE_MS) > 0) {
            return APR_SUCCESS;
        }
        begin_walk(p);
    }
    piece.after = p->cursor;
    piece.below = p->walk_until;
    if (piece.after < piece.below) {
        rv = dygw_store_payout_add(db, &piece, &last, &added);
    }
    if (rv == APR_SUCCESS) {
        p->cursor = last != 0 ? last : p->cursor;
        if (last == 0 || last + 1 >= p->walk_until) {
            end_walk(p);
        }
    }
    return rv;
}

/* --- rows that are due --- */

static const char *account_of(const dygw_payouts_t *p, const dygw_payout_due_t *row)
{
    const dygw_recorded_t recorded = { row->account_id, row->store, row->poi_id };

    return dygw_account_recorded(p->ctx.gateway, &recorded);
}

static apr_status_t read_due(dygw_payouts_t *p, dygw_db_t *db)
{
    apr_array_header_t *rows;
    apr_status_t rv;

    apr_pool_clear(p->due_pool);
    p->due = NULL;
    rv = dygw_store_payout_due(db, dygw_sure_now(), DUE_ROWS, &rows, p->due_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    p->is_due_full = rows->nelts == DUE_ROWS;
    p->due = apr_array_make(p->due_pool, rows->nelts, sizeof(dygw_payout_ask_t));
    for (int i = 0; i < rows->nelts; i++) {
        const dygw_payout_due_t *row = &APR_ARRAY_IDX(rows, i, const dygw_payout_due_t);

        APR_ARRAY_PUSH(p->due, dygw_payout_ask_t)
            = (dygw_payout_ask_t){ .row = row, .account_id = account_of(p, row) };
    }
    return APR_SUCCESS;
}

static apr_status_t look(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    dygw_payouts_t *p = baton;
    apr_status_t rv = make_rows(p, db);

    return rv == APR_SUCCESS && p->walk_until == 0 ? read_due(p, db) : rv;
}

/* One piece of the walk, and behind the last one what is due. Returns whether there is more at
 * once. */
static int look_at_database(dygw_payouts_t *p)
{
    dygw_ctx_t ctx = p->ctx;
    apr_status_t rv;

    p->look_at = dygw_now() + LOOK_MS;
    apr_pool_create(&ctx.pool, p->ctx.pool);
    rv = dygw_db_work(&ctx, look, p, DYGW_DB_ONCE);
    apr_pool_destroy(ctx.pool);
    if (rv != APR_SUCCESS || p->walk_until == 0) {
        return rv == APR_SUCCESS && p->due && p->due->nelts > 0;
    }
    p->look_at = dygw_now();
    return 1;
}

/* --- turns --- */

/* Runs before the pool of the calls is destroyed, because calls under way point into that pool. */
static apr_status_t end_async(void *data)
{
    apr_pool_destroy(data);
    return APR_SUCCESS;
}

apr_status_t dygw_payouts_create(dygw_payouts_t **payouts, const dygw_ctx_t *ctx)
{
    dygw_payouts_t *made;
    apr_pool_t *own, *async_pool;

    apr_pool_create(&own, ctx->pool);
    *payouts = made = apr_pcalloc(own, sizeof(*made));
    made->ctx = dygw_ctx_with_pool(ctx, own);
    made->refused = apr_hash_make(own);
    apr_pool_create(&made->due_pool, own);
    apr_pool_create(&made->batch_pool, own);
    apr_pool_tag(made->batch_pool, "dygw_payouts");
    apr_pool_create(&async_pool, own);
    apr_pool_pre_cleanup_register(own, async_pool, end_async);
    return dygw_douyin_async_create(&made->async, ctx->gateway->douyin, async_pool);
}

/* Another host leads, or none: what is known of the table may not be true any more. Returns whether
 * a call is still under way, whose memory is needed until it is completed. */
static int leave(dygw_payouts_t *p, apr_interval_time_t patience)
{
    if (p->under_way && dygw_payouts_drop_batch(p, patience)) {
        return 1;
    }
    if (p->cursor != 0) { /* shown again when this host leads again */
        dygw_gauge(p->ctx.gateway->metrics, DYGW_GAUGE_LEDGER_REFUSED, 0);
    }
    p->cursor = 0;
    p->walk_until = 0;
    p->walk_at = 0;
    p->due = NULL;
    p->look_at = 0;
    return 0;
}

/* What is known of the table stays, and so does the place in the walk. */
static int rest(dygw_payouts_t *p, apr_interval_time_t patience)
{
    return p->under_way && dygw_payouts_await_batch(p, patience);
}

/* dygw_douyin_async_next closes connections to Douyin that were not used for long. */
static void close_idle_connections(dygw_payouts_t *p)
{
    dygw_answer_t answer;
    void *baton;

    dygw_douyin_async_next(p->async, 0, &baton, &answer);
}

/* Whether all rows that were read are done with, so that others may be read. */
static int is_due_done(const dygw_payouts_t *p)
{
    for (int i = 0; p->due && i < p->due->nelts; i++) {
        if (!APR_ARRAY_IDX(p->due, i, dygw_payout_ask_t).is_taken) {
            return 0;
        }
    }
    return 1;
}

int dygw_payouts_turn(dygw_payouts_t *p, dygw_payouts_turn_e turn, apr_interval_time_t patience)
{
    int more = 0;

    if (turn != DYGW_PAYOUTS_WORK) {
        return turn == DYGW_PAYOUTS_REST ? rest(p, patience) : leave(p, patience);
    }
    if (p->under_way) {
        dygw_payouts_await_batch(p, patience);
        return 1;
    }
    if (is_due_done(p)) {
        if (p->due && p->is_due_full) {
            p->look_at = 0;
        }
        if (dygw_left_until(p->look_at, DYGW_PAYOUTS_PAUSE_MS) == 0) {
            more = look_at_database(p);
        }
    }
    else if (dygw_left_until(p->ask_at, DYGW_PAYOUTS_PAUSE_MS) == 0) {
        more = dygw_payouts_begin_batch(p);
    }
    if (!p->under_way) {
        close_idle_connections(p);
    }
    return more;
}
