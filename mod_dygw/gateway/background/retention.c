/* SPDX-License-Identifier: Apache-2.0
 * Removes, for good, what is older than DygwRetention.
 *
 * A sweep goes round the tables, one statement a turn. If a statement removed a whole batch, there
 * is more: the next sweep follows at once, otherwise after a rest. Reconciliations are removed item
 * by item and then day by day, so that there any row that was removed is a sign of more.
 *
 * What is removed cannot be had again, and a clock may be ahead by years. So nothing is removed
 * before Douyin has told the time, which it does with each answer: the database may be on this very
 * host. */
#include "gateway/background/retention.h"

#include "gateway/host.h"
#include "gateway/db_work.h"
#include "store/audit.h"
#include "store/payout.h"
#include "store/reconciliation.h"
#include "store/webhook.h"
#include "util/day.h"

#define BATCH   500    /* the most rows that one statement removes */
#define REST_MS 300000 /* after sweeps that leave nothing behind, and after a failure */

typedef apr_status_t purge_fn(dygw_db_t *db, dygw_ms_t before, int limit, int *removed);

/* In the order of dygw_retention_t's `removed`. The last table is not in it: its days need a time
 * zone. */
static purge_fn *const purge_of_table[DYGW_RETENTION_TABLES - 1] = {
    dygw_store_verification_purge, dygw_store_audit_purge, dygw_store_webhook_purge,
    dygw_store_payout_purge, /* those whose verifications are gone */
};

typedef struct retention_batch_t {
    int table;
    int removed;
} retention_batch_t;

static apr_status_t purge_batch(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    retention_batch_t *batch = baton;
    dygw_ms_t before = dygw_sure_now() - apr_time_as_msec(ctx->gateway->retention);

    if (batch->table < DYGW_RETENTION_TABLES - 1) {
        return purge_of_table[batch->table](db, before, BATCH, &batch->removed);
    }
    return dygw_store_reconciliation_purge(
        db, dygw_day_of(before, ctx->gateway->time_zone, dygw_db_pool(db)), BATCH, &batch->removed);
}

static void log_removed(dygw_retention_t *state, const dygw_log_t *log)
{
    const int *n = state->removed;

    if (n[0] + n[1] + n[2] + n[3] + n[4] > 0) {
        dygw_log(log, INFO, 0,
                 DYGWNO(0491) "older than DygwRetention and removed: %d verifications, %d entries "
                              "of the audit trail, %d webhooks, %d payouts, %d rows of "
                              "reconciliations",
                 n[0], n[1], n[2], n[3], n[4]);
    }
}

static void retention_next_table(dygw_retention_t *state, const dygw_log_t *log)
{
    if (++state->table < DYGW_RETENTION_TABLES) {
        return;
    }
    state->table = 0;
    if (!state->full) {
        log_removed(state, log);
        *state = (dygw_retention_t){ .next_at = dygw_now() + REST_MS };
    }
    state->full = 0;
}

void dygw_retention_turn(const dygw_ctx_t *ctx, dygw_retention_t *state)
{
    retention_batch_t batch = { state->table, 0 };
    dygw_clock_seen_t seen;

    if (ctx->gateway->retention == 0 || dygw_left_until(state->next_at, REST_MS) > 0
        || !dygw_host_clock(ctx->gateway, DYGW_CLOCK_DOUYIN, &seen)) {
        return;
    }
    if (dygw_db_work(ctx, purge_batch, &batch, DYGW_DB_ONCE) != APR_SUCCESS) {
        state->next_at = dygw_now() + REST_MS;
        return;
    }
    state->removed[state->table] += batch.removed;
    state->full |= batch.removed >= (state->table < DYGW_RETENTION_TABLES - 1 ? BATCH : 1);
    retention_next_table(state, ctx->log);
}
