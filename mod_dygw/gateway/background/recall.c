/* SPDX-License-Identifier: Apache-2.0
 * Recalls work that is due further ahead than anybody puts it off. */
#include "gateway/background/recall.h"

#include "gateway/host.h"
#include "gateway/db_work.h"
#include "store/reconciliation.h"

#define ROWS      1000 /* the most rows of a kind each time */
#define US_PER_MS 1000

/* Returns how far ahead the work of a kind may lie, in ms. */
static dygw_ms_t recall_reach(const dygw_gateway_t *gateway, dygw_due_e what)
{
    dygw_ms_t pause = what == DYGW_DUE_ENRICH ? gateway->enrich_max / US_PER_MS : 0;

    return DYGW_RECALL_WORK_MS + 2 * pause;
}

typedef struct recall_t {
    dygw_ms_t later; /* the later of this host's clock and the database's */
    int count;
} recall_t;

static apr_status_t recall_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    static const dygw_due_e kinds[] = { DYGW_DUE_SETTLE, DYGW_DUE_FOLLOW_UP, DYGW_DUE_ENRICH };
    recall_t *recall = baton;
    dygw_ms_t now = dygw_now();
    int days = 0;
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        int count = 0;

        dygw_store_verification_recall(
            db, kinds[i], now, recall->later + recall_reach(ctx->gateway, kinds[i]), ROWS, &count);
        recall->count += count;
    }
    dygw_store_reconciliation_recall(db, now, recall->later + DYGW_RECALL_DAYS_MS, &days);
    recall->count += days;
    return APR_SUCCESS;
}

void dygw_recall_turn(const dygw_ctx_t *ctx, dygw_ms_t *looked_at, dygw_ms_t database_now)
{
    dygw_ms_t now = dygw_now();
    recall_t recall = { database_now > now ? database_now : now, 0 };

    if (dygw_is_recent(*looked_at, DYGW_RECALL_PAUSE_MS)
        || dygw_db_work(ctx, recall_with, &recall, DYGW_DB_ONCE) != APR_SUCCESS) {
        return;
    }
    *looked_at = now;
    if (recall.count > 0) {
        dygw_log(ctx->log, WARN, 0,
                 DYGWNO(0632) "work lay further ahead than anybody puts it, so that a clock was "
                              "set back: %d records and days are looked at now",
                 recall.count);
        dygw_host_left_work(ctx->gateway);
    }
}
