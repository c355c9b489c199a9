/* SPDX-License-Identifier: Apache-2.0
 * The backlog as metrics. The look at the database, which is made anyway, tells whether anything
 * waits at all; only then the backlog is counted. While the database is away, the gauges stay as
 * they are, and the time of the last count tells how old they are. */
#include "gateway/background/backlog.h"

#include "store/app.h"
#include "store/backlog.h"

static void set_backlog_gauges(const dygw_gateway_t *gateway, const dygw_backlog_t *backlog,
                               dygw_ms_t now)
{
    dygw_gauge(gateway->metrics, DYGW_GAUGE_TO_SETTLE, backlog->to_settle);
    dygw_gauge(gateway->metrics, DYGW_GAUGE_TO_CANCEL, backlog->to_cancel);
    dygw_gauge(gateway->metrics, DYGW_GAUGE_TO_ENRICH, backlog->to_enrich);
    dygw_gauge(gateway->metrics, DYGW_GAUGE_OLDEST_AT, backlog->oldest_at);
    dygw_gauge(gateway->metrics, DYGW_GAUGE_COUNTED_AT, now);
}

static void count_apps(const dygw_gateway_t *gateway, dygw_backlog_state_t *state, dygw_db_t *db,
                       apr_int64_t apps_version)
{
    static const dygw_gauge_e gauges[DYGW_APP_SOURCES][DYGW_APP_STATUSES] = {
        [DYGW_APP_OF_DATABASE] = { [DYGW_APP_ACTIVE] = DYGW_GAUGE_APPS_ACTIVE,
                                   [DYGW_APP_DISABLED] = DYGW_GAUGE_APPS_DISABLED },
        [DYGW_APP_OF_CONFIG] = { [DYGW_APP_ACTIVE] = DYGW_GAUGE_DECLARED_ACTIVE,
                                 [DYGW_APP_DISABLED] = DYGW_GAUGE_DECLARED_DISABLED },
    };
    dygw_apps_count_t count;
    int source, status;

    if (dygw_store_apps_count(db, &count) != APR_SUCCESS) {
        return;
    }
    state->apps_version = apps_version;
    for (source = 0; source < DYGW_APP_SOURCES; source++) {
        for (status = 0; status < DYGW_APP_STATUSES; status++) {
            dygw_gauge(gateway->metrics, gauges[source][status], count.of[source][status]);
        }
    }
}

void dygw_backlog_turn(const dygw_ctx_t *ctx, dygw_backlog_state_t *state, int waits,
                       apr_int64_t apps_version)
{
    dygw_backlog_t backlog = { 0 };
    dygw_ms_t now = dygw_now();
    int is_due = now - state->counted_at >= DYGW_BACKLOG_PAUSE_MS || now < state->counted_at;
    dygw_db_t *db;

    if (!waits) {
        set_backlog_gauges(ctx->gateway, &backlog, now);
    }
    if (!(waits && is_due) && apps_version == state->apps_version) {
        return;
    }
    if (dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool) != APR_SUCCESS) {
        return;
    }
    if (waits && is_due && dygw_store_backlog(db, &backlog) == APR_SUCCESS) {
        state->counted_at = now;
        set_backlog_gauges(ctx->gateway, &backlog, now);
    }
    if (apps_version != state->apps_version) {
        count_apps(ctx->gateway, state, db, apps_version);
    }
    dygw_db_close(db);
}
