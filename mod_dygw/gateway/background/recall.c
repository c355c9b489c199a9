/* SPDX-License-Identifier: Apache-2.0
 * Recalls work that is due further ahead than anybody puts it off. */
#include "gateway/background/recall.h"

#include "gateway/host.h"
#include "gateway/db_work.h"
#include "store/reconciliation.h"

#define ROWS      1000 /* the most rows of a kind each time */
#define TIMES_MAX 50   /* of these, when all is recalled */
/* A request's lease ends sooner, and so does any pause that is worth keeping: see LEASE_CALLS of
 * redeem/redeem.c. */
#define LEASES    4
#define US_PER_MS 1000

typedef struct recall_t {
    dygw_ms_t later; /* the later of this host's clock and the database's */
    int all;         /* whatever waits, not only what lies too far ahead */
    int count;
    int full;  /* there may be more */
    int sales; /* refunds that an older version has dropped */
} recall_t;

/* Returns how far ahead the work of a kind may lie, in ms. */
static dygw_ms_t recall_reach(const dygw_gateway_t *gateway, const recall_t *recall,
                              dygw_due_e what)
{
    dygw_ms_t lease = LEASES * gateway->upstream_timeout / US_PER_MS + DYGW_RECALL_LEASE_MS;
    dygw_ms_t pause = what == DYGW_DUE_ENRICH ? gateway->enrich_max / US_PER_MS
                      : what == DYGW_DUE_SALE ? DYGW_RECALL_SALES_MS / 2
                                              : 0;

    return recall->all ? lease : DYGW_RECALL_WORK_MS + 2 * pause;
}

static apr_status_t recall_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    static const dygw_due_e kinds[]
        = { DYGW_DUE_SETTLE, DYGW_DUE_FOLLOW_UP, DYGW_DUE_ENRICH, DYGW_DUE_SALE };
    recall_t *recall = baton;
    dygw_ms_t now = dygw_now();
    int days = 0;
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        int count = 0;

        dygw_store_verification_recall(db, kinds[i], now,
                                       recall->later + recall_reach(ctx->gateway, recall, kinds[i]),
                                       ROWS, &count);
        recall->count += count;
        recall->full |= count >= ROWS;
    }
    dygw_store_reconciliation_recall(db, now, recall->later + DYGW_RECALL_DAYS_MS, &days);
    recall->count += days;
    return APR_SUCCESS;
}

/* Without it a refund that a host of version 5 has dropped would stay `requested` for ever. */
static apr_status_t turn_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    recall_t *recall = baton;

    dygw_store_verification_resume_sales(db, dygw_now(), ROWS, &recall->sales);
    return recall_with(ctx, db, recall);
}

static void recall_done(const dygw_ctx_t *ctx, const recall_t *recall)
{
    if (recall->count > 0) {
        dygw_log(
            ctx->log, WARN, 0,
            DYGWNO(0632) "a clock was set back: %d records and days that waited for a time further "
                         "ahead than anybody puts it are looked at now",
            recall->count);
    }
    if (recall->sales > 0) {
        dygw_log(ctx->log, INFO, 0,
                 DYGWNO(0885) "%d refunds that a host of an older version had dropped are followed "
                              "again",
                 recall->sales);
    }
    if (recall->count > 0 || recall->sales > 0) {
        dygw_host_left_work(ctx->gateway);
    }
}

void dygw_recall_turn(const dygw_ctx_t *ctx, dygw_ms_t *looked_at, dygw_ms_t database_now)
{
    dygw_ms_t now = dygw_now();
    recall_t recall = { .later = database_now > now ? database_now : now };

    if (dygw_is_recent(*looked_at, DYGW_RECALL_PAUSE_MS)
        || dygw_db_work(ctx, turn_with, &recall, DYGW_DB_ONCE) != APR_SUCCESS) {
        return;
    }
    *looked_at = now;
    recall_done(ctx, &recall);
}

apr_status_t dygw_recall_all(const dygw_ctx_t *ctx, dygw_ms_t database_now)
{
    dygw_ms_t now = dygw_now();
    recall_t recall = { .later = database_now > now ? database_now : now, .all = 1 };
    int times = 0;
    apr_status_t rv = APR_SUCCESS;

    do {
        recall.full = 0;
        rv = dygw_db_work(ctx, recall_with, &recall, DYGW_DB_ONCE);
    } while (rv == APR_SUCCESS && recall.full && ++times < TIMES_MAX);
    recall_done(ctx, &recall);
    return rv;
}
