/* SPDX-License-Identifier: Apache-2.0
 * Adds the business days that have ended to the table of reconciliations, account by account, and
 * makes those wanted anew that were compared before they had ended. */
#include "gateway/reports/reconcile_days.h"

#include <string.h>

#include "gateway/account.h"
#include "gateway/db_work.h"
#include "store/match.h"
#include "store/reconciliation.h"
#include "store/verification/id.h"
#include "util/day.h"

#define BACK_DAYS         30 /* missing days are added up to so long back */
#define ACCOUNTS_PER_TURN 16 /* with a unit of work for each */

apr_status_t dygw_day_times(const dygw_gateway_t *gateway, const char *day, dygw_day_times_t *times)
{
    apr_status_t rv = dygw_day_start(day, gateway->time_zone, &times->start);

    if (rv == APR_SUCCESS) {
        times->end = times->start + DYGW_DAY_MS;
        times->ready = times->end + DYGW_RECONCILE_LAG_MS;
    }
    return rv;
}

/* --- days that are missing --- */

/* The account whose days are added, and when the last of them begins. */
typedef struct missing_t {
    const char *account;
    dygw_ms_t last;
} missing_t;

/* Adds the days from the one that begins at `from` to the last one. */
static apr_status_t add_days_from(const dygw_gateway_t *gateway, dygw_db_t *db,
                                  const missing_t *missing, dygw_ms_t from)
{
    const dygw_ms_t now = dygw_now();
    apr_status_t rv = APR_SUCCESS;

    for (; from <= missing->last && rv == APR_SUCCESS; from += DYGW_DAY_MS) {
        const char *day = dygw_day_of(from, gateway->time_zone, dygw_db_pool(db));

        rv = dygw_store_reconciliation_add(db, day, missing->account, now, now);
    }
    return rv;
}

/* Whether a declared store of the account had a verification before the one with that id. */
static apr_status_t has_store_begun(const dygw_gateway_t *gateway, dygw_db_t *db,
                                    const char *account, apr_int64_t id, int *began)
{
    const apr_array_header_t *stores = gateway->declared->stores;
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < stores->nelts && rv == APR_SUCCESS && !*began; i++) {
        const dygw_declared_store_t *store
            = APR_ARRAY_IDX(stores, i, const dygw_declared_store_t *);

        if (store->account_id && !strcmp(store->account_id, account)) {
            rv = dygw_store_match_began_in_store(db, store->poi_id, id, began);
        }
    }
    return rv;
}

/* Whether we had a verification of the account by the end of its last day. Any one counts for
 * DygwAccountId, which has all stores that are not declared. */
static apr_status_t has_account_begun(const dygw_gateway_t *gateway, dygw_db_t *db,
                                      const missing_t *missing, int *began)
{
    const apr_int64_t id = dygw_id_at(missing->last + DYGW_DAY_MS);

    *began = 0;
    if (gateway->account_id && !strcmp(gateway->account_id, missing->account)) {
        return dygw_store_match_began_before(db, id, began);
    }
    return has_store_begun(gateway, db, missing->account, id, began);
}

/* Whether the row tells that the days before it were added: it was not only compared while it was
 * open, which happens whenever somebody asks. */
static int is_day_settled(const dygw_gateway_t *gateway, const dygw_reconciliation_day_t *known)
{
    dygw_day_times_t times;

    return dygw_day_times(gateway, known->day, &times) == APR_SUCCESS
           && (known->wanted_at >= times.end || known->generated_at >= times.ready);
}

/* Returns the first day that may be missing: the one after the last settled one; where none is, the
 * first known one, which is not missing but may be followed by some. NULL: no day is known. */
static const char *first_missing_day(const dygw_gateway_t *gateway, const apr_array_header_t *known,
                                     apr_pool_t *pool)
{
    const char *first = NULL;
    int i;

    for (i = 0; i < known->nelts; i++) {
        const dygw_reconciliation_day_t *day
            = &APR_ARRAY_IDX(known, i, const dygw_reconciliation_day_t);
        dygw_ms_t start = 0;

        first = day->day;
        if (is_day_settled(gateway, day)) {
            dygw_day_start(day->day, gateway->time_zone, &start);
            return dygw_day_of(start + DYGW_DAY_MS, gateway->time_zone, pool);
        }
    }
    return first;
}

/* Adds the days after the last one of the account in the table. Where none is in the table, only
 * the last ended one is added, and only if we had a verification by its end: Douyin is not asked
 * for days before the first verification of an account. */
static apr_status_t add_missing_days(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const missing_t *missing = baton;
    const dygw_ms_t last = missing->last;
    const int zone = ctx->gateway->time_zone;
    apr_array_header_t *known;
    const char *first;
    dygw_ms_t from = last;
    int began = 1;
    apr_status_t rv = dygw_store_reconciliation_days(
        db, missing->account, dygw_day_of(last - BACK_DAYS * DYGW_DAY_MS, zone, ctx->pool),
        dygw_day_of(last, zone, ctx->pool), &known, ctx->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    first = first_missing_day(ctx->gateway, known, ctx->pool);
    rv = first ? dygw_day_start(first, zone, &from)
               : has_account_begun(ctx->gateway, db, missing, &began);
    return rv == APR_SUCCESS && began ? add_days_from(ctx->gateway, db, missing, from) : rv;
}

/* --- days that were compared before their end --- */

/* Such a day is due by itself when it is ready. This is for those of which every try before that
 * failed, or which an older version has given up. */
static apr_status_t close_days(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_ms_t last = *(const dygw_ms_t *)baton;
    const dygw_ms_t now = dygw_sure_now();
    apr_status_t rv = APR_SUCCESS;
    dygw_ms_t start;

    for (start = last - BACK_DAYS * DYGW_DAY_MS; start <= last && rv == APR_SUCCESS;
         start += DYGW_DAY_MS) {
        const char *day = dygw_day_of(start, ctx->gateway->time_zone, ctx->pool);

        rv = dygw_store_reconciliation_close(db, day, now, start + DYGW_DAY_MS,
                                             start + DYGW_DAY_MS + DYGW_RECONCILE_LAG_MS);
    }
    return rv;
}

/* --- all of it --- */

/* Returns when the last day began that has ended long enough ago to be reconciled: for certain, as
 * a day that was reconciled before its end would stay so. */
static dygw_ms_t last_ended_day(const dygw_ctx_t *ctx)
{
    const int zone = ctx->gateway->time_zone;
    const dygw_ms_t at = dygw_sure_now() - DYGW_RECONCILE_LAG_MS - DYGW_DAY_MS;
    dygw_ms_t start = 0;

    dygw_day_start(dygw_day_of(at, zone, ctx->pool), zone, &start);
    return start;
}

/* Goes on where the last turn ended, unless another day has ended since. */
static apr_status_t add_for_next_accounts(const dygw_ctx_t *ctx, dygw_reconcile_days_t *days)
{
    const apr_array_header_t *accounts = dygw_accounts(ctx->gateway, ctx->pool);
    missing_t missing = { .last = last_ended_day(ctx) };
    apr_status_t rv = APR_SUCCESS;
    int i;

    if (days->last != missing.last) {
        days->last = missing.last;
        days->accounts = 0;
    }
    for (i = 0; i < ACCOUNTS_PER_TURN && days->accounts < accounts->nelts; i++) {
        missing.account = APR_ARRAY_IDX(accounts, days->accounts, const char *);
        rv = dygw_db_work(ctx, add_missing_days, &missing, DYGW_DB_ONCE);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        days->accounts++;
    }
    if (days->accounts < accounts->nelts) {
        return APR_INCOMPLETE;
    }
    rv = dygw_db_work(ctx, close_days, &days->last, DYGW_DB_ONCE);
    if (rv == APR_SUCCESS) {
        days->known_from = days->last + DYGW_DAY_MS + DYGW_RECONCILE_LAG_MS;
        days->accounts = 0;
    }
    return rv;
}

apr_status_t dygw_reconcile_days_add(const dygw_ctx_t *ctx, dygw_reconcile_days_t *days)
{
    const dygw_ms_t now = dygw_sure_now();
    dygw_ctx_t of_turn = *ctx;
    apr_status_t rv;

    if (now >= days->known_from && now < days->known_from + DYGW_DAY_MS) {
        return APR_SUCCESS;
    }
    apr_pool_create(&of_turn.pool, ctx->pool);
    rv = add_for_next_accounts(&of_turn, days);
    apr_pool_destroy(of_turn.pool);
    return rv;
}
