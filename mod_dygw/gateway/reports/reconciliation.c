/* SPDX-License-Identifier: Apache-2.0
 * What requests read of reconciliations, and how they ask for one. */
#include "gateway/reports/reconciliation.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/reports/reconcile_days.h"
#include "util/jsonw.h"

#define STATE_SIZE 128

/* A wish for an open day goes before what became due by itself in this time; but not before what
 * has waited longer, so that people who ask again and again hold up nothing for ever. */
#define FIRST_MS APR_INT64_C(7200000) /* 2 h */

static int is_day_open(const dygw_gateway_t *gateway, const char *day)
{
    dygw_day_times_t times;

    return dygw_day_times(gateway, day, &times) == APR_SUCCESS && dygw_now() < times.end;
}

/* Whether the day is due already and has not failed: then asking for it again changes nothing. */
static int is_day_on_its_way(const dygw_reconciliation_t *found)
{
    return found->next_run_at != DYGW_NO_TIME && found->tries == 0
           && found->next_run_at <= dygw_now();
}

/* Whether the comparison of an open day that is shown was made, or asked for, a moment ago. By the
 * one alone a clock that was set back, or is behind that of the host that leads, would find nothing
 * recent; by the other what took long. */
static int is_fresh(const dygw_reconciliation_t *found)
{
    return found->generated_at != DYGW_NO_TIME
           && (dygw_is_recent(found->generated_at, DYGW_RECONCILIATION_FRESH_MS)
               || dygw_is_recent(found->wanted_at, DYGW_RECONCILIATION_FRESH_MS));
}

/* Whether the last try of the day has failed, and the next one is to come. */
static int waits_for_next_try(const dygw_reconciliation_t *found)
{
    return found->tries > 0 && found->next_run_at != DYGW_NO_TIME;
}

static int must_day_be_wanted(const dygw_gateway_t *gateway, const dygw_reconciliation_t *found,
                              int refresh)
{
    if (!found) {
        return 1;
    }
    if (refresh) {
        return !is_day_on_its_way(found);
    }
    if (is_day_open(gateway, found->day)) {
        return !is_day_on_its_way(found) && !is_fresh(found) && !waits_for_next_try(found);
    }
    return found->generated_at == DYGW_NO_TIME && found->next_run_at == DYGW_NO_TIME;
}

/* Returns when the day is to be reconciled: an open one at once, any other one with `refresh` too;
 * otherwise not before Douyin's records of the day are complete. */
static dygw_ms_t first_run_at(const dygw_gateway_t *gateway,
                              const dygw_reconciliation_wanted_t *wanted, dygw_ms_t now)
{
    dygw_day_times_t times = { 0 };

    dygw_day_times(gateway, wanted->day, &times);
    if (is_day_open(gateway, wanted->day)) {
        return now - FIRST_MS;
    }
    return wanted->refresh || times.ready < now ? now : times.ready;
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

/* Who looks at an open day every minute does not fill the audit trail. */
static apr_status_t want_day(dygw_gateway_t *gateway, dygw_db_t *db, const day_look_t *look)
{
    const dygw_reconciliation_wanted_t *wanted = look->wanted;
    const dygw_ms_t now = dygw_now();
    const int is_renewal = !wanted->refresh && look->shown != NULL;
    dygw_audit_entry_t entry = { 0 };

    if (!is_renewal) {
        fill_audit_entry(gateway, look, dygw_db_pool(db), &entry);
    }
    return dygw_store_reconciliation_want(db, wanted->day, wanted->account_id, now,
                                          first_run_at(gateway, wanted, now),
                                          is_renewal ? NULL : &entry);
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
    if (rv == APR_SUCCESS && must_day_be_wanted(ctx->gateway, look->shown, look->wanted->refresh)) {
        rv = want_day(ctx->gateway, db, look);
        if (rv == APR_SUCCESS) {
            rv = dygw_store_reconciliation_get(db, day, account_id, &look->shown, ctx->pool);
        }
    }
    return rv;
}

/* A day that has a result, and is given up since, may have been compared before it was over. */
static int is_reconciliation_final(const dygw_gateway_t *gateway,
                                   const dygw_reconciliation_t *shown)
{
    dygw_day_times_t times;

    return shown->next_run_at == DYGW_NO_TIME && shown->compared_until == DYGW_NO_TIME
           && shown->generated_at != DYGW_NO_TIME
           && (!shown->last_error
               || (dygw_day_times(gateway, shown->day, &times) == APR_SUCCESS
                   && shown->generated_at >= times.ready));
}

const char *dygw_reconciliation_state(const dygw_gateway_t *gateway,
                                      const dygw_reconciliation_t *shown)
{
    if (is_day_open(gateway, shown->day)) {
        return "open";
    }
    return is_reconciliation_final(gateway, shown) ? "done" : "pending";
}

int dygw_reconciliation_is_coming(const dygw_gateway_t *gateway, const dygw_reconciliation_t *shown)
{
    return shown->generated_at == DYGW_NO_TIME
           || (is_day_open(gateway, shown->day) && is_day_on_its_way(shown));
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
