/* SPDX-License-Identifier: Apache-2.0
 * What requests read of reconciliations, and how they ask for one. */
#include "gateway/reports/reconciliation.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/reports/reconcile_days.h"
#include "util/day.h"
#include "util/jsonw.h"

#define STATE_SIZE 128

/* Whether the day is due already and has not failed: then asking for it again changes nothing. */
static int is_day_on_its_way(const dygw_reconciliation_t *found, dygw_ms_t now)
{
    return found->next_run_at != DYGW_NO_TIME && found->tries == 0 && found->next_run_at <= now;
}

static int must_day_be_wanted(const dygw_reconciliation_t *found, int refresh, dygw_ms_t now)
{
    if (!found) {
        return 1;
    }
    return refresh ? !is_day_on_its_way(found, now)
                   : found->generated_at == DYGW_NO_TIME && found->next_run_at == DYGW_NO_TIME;
}

/* Returns when the day is to be reconciled: at once with `refresh`; otherwise not before Douyin's
 * records of the day are complete. */
static dygw_ms_t first_run_at(const dygw_gateway_t *gateway,
                              const dygw_reconciliation_wanted_t *wanted, dygw_ms_t now)
{
    dygw_ms_t start = 0;
    dygw_ms_t ready;

    dygw_day_start(wanted->day, gateway->time_zone, &start);
    ready = start + DYGW_DAY_MS + DYGW_RECONCILE_LAG_MS;
    return wanted->refresh || ready < now ? now : ready;
}

/* The reading of one day: who asks for what, and what is shown. */
typedef struct day_look_t {
    const dygw_reconciliation_wanted_t *wanted;
    const dygw_actor_t *actor;
    dygw_reconciliation_t *shown;
} day_look_t;

static void fill_audit_entry(dygw_gateway_t *gateway, const day_look_t *look, apr_pool_t *pool,
                             dygw_audit_entry_t *entry)
{
    dygw_jsonw_t w;

    dygw_jsonw_init(&w, pool, STATE_SIZE);
    dygw_jsonw_object(&w, NULL);
    dygw_jsonw_string(&w, "date", look->wanted->day);
    dygw_jsonw_string(&w, "account_id", look->wanted->account_id);
    dygw_jsonw_end_object(&w);
    dygw_audit_fill(gateway, look->actor, entry);
    entry->action = "reconciliation.refresh";
    entry->target = apr_pstrcat(pool, "reconciliation:", look->wanted->day, NULL);
    entry->after_state = w.text;
}

static apr_status_t want_day(dygw_gateway_t *gateway, dygw_db_t *db, const day_look_t *look)
{
    const dygw_reconciliation_wanted_t *wanted = look->wanted;
    const dygw_ms_t now = dygw_now();
    dygw_audit_entry_t entry = { 0 };

    fill_audit_entry(gateway, look, dygw_db_pool(db), &entry);
    return dygw_store_reconciliation_want(db, wanted->day, wanted->account_id, now,
                                          first_run_at(gateway, wanted, now), &entry);
}

static apr_status_t read_or_want_day(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    day_look_t *look = baton;
    const char *day = look->wanted->day;
    const char *account_id = look->wanted->account_id;
    apr_status_t rv = dygw_store_reconciliation_get(db, day, account_id, &look->shown, ctx->pool);

    if (rv == APR_NOTFOUND) {
        look->shown = NULL;
        rv = APR_SUCCESS;
    }
    if (rv == APR_SUCCESS && must_day_be_wanted(look->shown, look->wanted->refresh, dygw_now())) {
        rv = want_day(ctx->gateway, db, look);
        if (rv == APR_SUCCESS) {
            rv = dygw_store_reconciliation_get(db, day, account_id, &look->shown, ctx->pool);
        }
    }
    return rv;
}

void dygw_reconciliation_read(const dygw_ctx_t *ctx, const dygw_reconciliation_wanted_t *wanted,
                              const dygw_actor_t *actor, dygw_reconciliation_t **shown,
                              dygw_result_t *out)
{
    day_look_t look = { wanted, actor, NULL };

    *out = (dygw_result_t){ 0 };
    if (dygw_db_work(ctx, read_or_want_day, &look, DYGW_DB_ONCE) != APR_SUCCESS) {
        dygw_explain_database(out);
    }
    *shown = look.shown;
}

void dygw_reconciliation_items(const dygw_ctx_t *ctx, const dygw_reconciliation_t *shown,
                               int after_no, int limit, apr_array_header_t **items,
                               dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_reconciliation_items(db, shown, after_no, limit, items, ctx->pool);
        dygw_db_close(db);
    }
    if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}
