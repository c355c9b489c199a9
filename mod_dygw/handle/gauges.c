/* SPDX-License-Identifier: Apache-2.0
 * How things stand. Nothing is asked: it is what the background of this host found last, so that a
 * scrape costs the same whatever the database holds, and works while it is away. */
#include "handle/scrape.h"

#include <string.h>

#include "gateway/cell.h"
#include "handle/health.h"

/* What the cell has, copied under its lock. */
typedef struct copied_t {
    dygw_ms_t token_obtained_at;
    dygw_ms_t token_expires_at;
    dygw_ms_t lease_renewed_at;
} copied_t;

static copied_t copy_cell(dygw_gateway_t *gateway)
{
    const dygw_cell_t *cell = dygw_cell_lock(gateway);
    copied_t copied = { cell->token_obtained_at, cell->token_expires_at, cell->lease_renewed_at };

    dygw_cell_unlock(gateway);
    return copied;
}

static apr_int64_t gauged(const dygw_reading_t *reading, dygw_gauge_e gauge)
{
    return dygw_gauged(reading->runtime->gateway.metrics, gauge);
}

static void metric(dygw_reading_t *reading, const char *name, const char *help)
{
    dygw_reading_metric(reading, name, "gauge", help, DYGW_SHOW_EACH);
}

/* One of a single sample. */
static void single(dygw_reading_t *reading, const char *name, apr_int64_t value,
                   dygw_decimals_e decimals, const char *help)
{
    metric(reading, name, help);
    dygw_reading_sample(reading, "", NULL, NULL, value, decimals);
}

static void labelled(dygw_reading_t *reading, const char *label, const char *word,
                     apr_int64_t value)
{
    dygw_reading_sample(reading, "", label, word, value, DYGW_WHOLE);
}

static void read_health(dygw_reading_t *reading)
{
    dygw_health_t health;

    dygw_health_look(&reading->runtime->gateway, &health);
    metric(reading, "dygw_health", "1: as /health says, that is ok.");
    labelled(reading, "check", "database", strcmp(health.database, "ok") == 0);
    labelled(reading, "check", "token", strcmp(health.token, "ok") == 0);
    labelled(reading, "check", "worker", strcmp(health.worker, "ok") == 0);
}

static void read_cell(dygw_reading_t *reading)
{
    copied_t copied = copy_cell(&reading->runtime->gateway);

    single(reading, "dygw_token_obtained_timestamp_seconds", copied.token_obtained_at,
           DYGW_THOUSANDTHS, "When the access token was fetched; 0: there is none.");
    single(reading, "dygw_token_expiry_timestamp_seconds", copied.token_expires_at,
           DYGW_THOUSANDTHS, "When the access token ends; 0: there is none.");
    single(reading, "dygw_lease_held", gauged(reading, DYGW_GAUGE_LEASE_HELD), DYGW_WHOLE,
           "1: this host does the background work.");
    single(reading, "dygw_lease_renewed_timestamp_seconds", copied.lease_renewed_at,
           DYGW_THOUSANDTHS, "When any host renewed the lease of the background work last.");
}

static dygw_ms_t age_of_oldest(const dygw_reading_t *reading)
{
    dygw_ms_t at = gauged(reading, DYGW_GAUGE_OLDEST_AT);
    dygw_ms_t age = at ? dygw_now() - at : 0;

    return age > 0 ? age : 0;
}

static void read_work(dygw_reading_t *reading)
{
    metric(reading, "dygw_backlog",
           "Redemptions that the background has to do with, due or not; 10000 stands for more.");
    labelled(reading, "work", "settle", gauged(reading, DYGW_GAUGE_TO_SETTLE));
    labelled(reading, "work", "errand", gauged(reading, DYGW_GAUGE_TO_CANCEL));
    labelled(reading, "work", "enrich", gauged(reading, DYGW_GAUGE_TO_ENRICH));
    single(reading, "dygw_oldest_processing_age_seconds", age_of_oldest(reading),
           DYGW_THOUSANDTHS, "The age of the oldest redemption that is processing; 0: none is.");
    single(reading, "dygw_backlog_counted_timestamp_seconds",
           gauged(reading, DYGW_GAUGE_COUNTED_AT), DYGW_THOUSANDTHS,
           "When the backlog was counted last.");
    single(reading, "dygw_jobs_running", gauged(reading, DYGW_GAUGE_JOBS), DYGW_WHOLE,
           "Jobs of the background under way on this host.");
}

static void read_nonces(dygw_reading_t *reading)
{
    int held;
    int capacity;

    if (!reading->runtime->nonces) {
        return;
    }
    dygw_nonces_count(reading->runtime->nonces, dygw_now(), &held, &capacity);
    single(reading, "dygw_nonces_used", held, DYGW_WHOLE, "Nonces that are held, of all apps.");
    single(reading, "dygw_nonces_capacity", capacity, DYGW_WHOLE,
           "Nonces that one app may hold; all together half as many again.");
}

void dygw_gauges_read(dygw_reading_t *reading)
{
    read_health(reading);
    read_cell(reading);
    read_work(reading);
    read_nonces(reading);
    metric(reading, "dygw_apps", "Verifier apps by status.");
    labelled(reading, "status", "active", gauged(reading, DYGW_GAUGE_APPS_ACTIVE));
    labelled(reading, "status", "disabled", gauged(reading, DYGW_GAUGE_APPS_DISABLED));
    single(reading, "dygw_start_timestamp_seconds",
           dygw_metrics_since(reading->runtime->gateway.metrics), DYGW_THOUSANDTHS,
           "When counting began: the start of this httpd.");
    dygw_reading_metric(reading, "dygw_build_info", "gauge", "1, with the version.",
                        DYGW_SHOW_NONE);
    labelled(reading, "version", DYGW_VERSION, 1);
}
