/* SPDX-License-Identifier: Apache-2.0
 * Units of work: open, work, close, and a second unit where the rules allow it. */
#include "gateway/db_work.h"

#define FIRST_PAUSE apr_time_from_msec(100) /* each next pause is twice as long */

/* Opens a connection. in_doubt: tries again until the time `until`. */
static apr_status_t db_work_open(const dygw_ctx_t *ctx, dygw_db_t **db, int in_doubt,
                                 apr_time_t until)
{
    apr_interval_time_t pause = FIRST_PAUSE;
    apr_status_t rv;

    while ((rv = dygw_db_open(db, ctx->gateway->db, ctx->log, ctx->pool)) != APR_SUCCESS && in_doubt
           && dygw_steady_now() < until) {
        apr_sleep(pause);
        pause *= 2;
    }
    return rv;
}

int dygw_db_is_end(const dygw_db_rules_t *rules, apr_status_t rv)
{
    const apr_status_t *end = rules->ends;

    while (*end != rv && *end != APR_SUCCESS) {
        end++;
    }
    return *end == rv;
}

apr_status_t dygw_db_work_again(const dygw_ctx_t *ctx, dygw_db_work_fn *work, void *baton,
                                const dygw_db_rules_t *rules, const dygw_db_unit_t *first)
{
    const apr_time_t until = first->began + apr_time_from_msec(rules->patience);
    dygw_db_t *db;
    apr_status_t rv = db_work_open(ctx, &db, first->rv == APR_INCOMPLETE, until);

    if (rv == APR_SUCCESS) {
        rv = work(ctx, db, baton);
        dygw_db_close(db);
    }
    return rv;
}

apr_status_t dygw_db_work(const dygw_ctx_t *ctx, dygw_db_work_fn *work, void *baton,
                          const dygw_db_rules_t *rules)
{
    dygw_db_unit_t first = { .began = rules ? dygw_steady_now() : 0 };
    dygw_db_t *db;

    first.rv = db_work_open(ctx, &db, 0, 0);
    if (first.rv != APR_SUCCESS) {
        return first.rv;
    }
    first.rv = work(ctx, db, baton);
    dygw_db_close(db);
    return rules && !dygw_db_is_end(rules, first.rv)
               ? dygw_db_work_again(ctx, work, baton, rules, &first)
               : first.rv;
}
