/* SPDX-License-Identifier: Apache-2.0
 * One scrape: the counters, the histogram of upstream calls, and the gauges.
 *
 * The counters stand in shared memory, and the gauges are what the background of this host found
 * last: a scrape costs the same whatever the database holds, and works while it is away. */
#include "handle/scrape.h"

#include <string.h>

#include <apr_strings.h>

#include "gateway/host.h"
#include "handle/health.h"
#include "process/series.h"

#define LABELS_MAX (1 + DYGW_SERIES_LABELS) /* the application is on each sample */

typedef struct scrape_t {
    dygw_runtime_t *runtime;
    const dygw_scraper_t *scraper;
    apr_pool_t *pool;
    dygw_metric_t metric; /* whose samples follow */
    dygw_label_t labels[LABELS_MAX];
    int fixed; /* how many of the labels stay from sample to sample */
} scrape_t;

static void begin_metric(scrape_t *scrape, const char *name, const char *type, const char *help,
                         dygw_show_e show)
{
    scrape->metric = (dygw_metric_t){ name, type, help, show };
    scrape->scraper->metric(scrape->scraper->baton, &scrape->metric);
}

/* A sample whose first `labels` labels after the fixed ones stand there already. */
static void give_sample(const scrape_t *scrape, const char *suffix, int labels, apr_int64_t value,
                        dygw_decimals_e decimals)
{
    dygw_sample_t sample = { suffix, scrape->labels, scrape->fixed + labels, value, decimals };

    scrape->scraper->sample(scrape->scraper->baton, &scrape->metric, &sample);
}

/* A sample with one more label; NULL: without. */
static void add_sample(scrape_t *scrape, const char *suffix, const char *label, const char *word,
                       apr_int64_t value, dygw_decimals_e decimals)
{
    scrape->labels[scrape->fixed] = (dygw_label_t){ label, word };
    give_sample(scrape, suffix, label != NULL, value, decimals);
}

/* --- counters --- */

/* The families that have too many series to be shown one by one; the others are. */
static const dygw_show_e shown[DYGW_FAMILIES] = {
    [DYGW_FAMILY_REQUESTS] = DYGW_SHOW_SUM,
    [DYGW_FAMILY_REFUSALS] = DYGW_SHOW_SUM,
    [DYGW_FAMILY_CALL_ERRORS] = DYGW_SHOW_SUM,
    [DYGW_FAMILY_REASONS] = DYGW_SHOW_SUM,
};

static void read_family(scrape_t *scrape, dygw_family_e which)
{
    const dygw_family_t *family = &dygw_families[which];
    const dygw_metrics_t *metrics = scrape->runtime->gateway.metrics;
    int i;

    begin_metric(scrape, family->name, "counter", family->help, shown[which]);
    for (i = 0; i < family->series; i++) {
        int labels
            = dygw_series_labels(which, i, metrics, scrape->labels + scrape->fixed, scrape->pool);

        if (labels >= 0) {
            give_sample(scrape, "", labels, (apr_int64_t)dygw_counted(metrics, family->first, i),
                        DYGW_WHOLE);
        }
    }
}

/* --- the histogram --- */

static void read_histogram(scrape_t *scrape, dygw_upstream_e call)
{
    dygw_histogram_t histogram;
    int i;

    dygw_observed(scrape->runtime->gateway.metrics, call, &histogram);
    scrape->labels[scrape->fixed++] = (dygw_label_t){ "call", dygw_series_call_word(call) };
    for (i = 0; i < DYGW_BUCKETS; i++) {
        const char *bound
            = i < DYGW_BUCKETS - 1
                  ? dygw_prometheus_value(dygw_bucket_bounds[i], DYGW_MILLIONTHS, scrape->pool)
                  : "+Inf";

        add_sample(scrape, "_bucket", "le", bound, (apr_int64_t)histogram.up_to[i], DYGW_WHOLE);
    }
    add_sample(scrape, "_sum", NULL, NULL, (apr_int64_t)histogram.sum, DYGW_MILLIONTHS);
    add_sample(scrape, "_count", NULL, NULL, (apr_int64_t)histogram.up_to[DYGW_BUCKETS - 1],
               DYGW_WHOLE);
    scrape->fixed--;
}

static void read_histograms(scrape_t *scrape)
{
    int i;

    begin_metric(scrape, "dygw_upstream_seconds", "histogram",
                 "How long calls to Douyin took that were sent, by call.", DYGW_SHOW_SUM);
    for (i = 0; i < DYGW_UPSTREAM_CALLS; i++) {
        read_histogram(scrape, (dygw_upstream_e)i);
    }
}

/* --- gauges --- */

/* What the host's state has, copied under its lock. */
typedef struct copied_t {
    dygw_ms_t token_obtained_at;
    dygw_ms_t token_expires_at;
    dygw_ms_t lease_renewed_at;
} copied_t;

static copied_t copy_host(dygw_gateway_t *gateway)
{
    const dygw_host_t *host = dygw_host_lock(gateway);
    copied_t copied = { host->token_obtained_at, host->token_expires_at, host->lease_renewed_at };

    dygw_host_unlock(gateway);
    return copied;
}

static apr_int64_t gauged(const scrape_t *scrape, dygw_gauge_e gauge)
{
    return dygw_gauged(scrape->runtime->gateway.metrics, gauge);
}

static void begin_gauge(scrape_t *scrape, const char *name, const char *help)
{
    begin_metric(scrape, name, "gauge", help, DYGW_SHOW_EACH);
}

/* A gauge of a single sample without a label. */
static void add_gauge(scrape_t *scrape, const char *name, apr_int64_t value,
                      dygw_decimals_e decimals, const char *help)
{
    begin_gauge(scrape, name, help);
    add_sample(scrape, "", NULL, NULL, value, decimals);
}

static void add_labelled(scrape_t *scrape, const char *label, const char *word, apr_int64_t value)
{
    add_sample(scrape, "", label, word, value, DYGW_WHOLE);
}

static void read_health(scrape_t *scrape)
{
    dygw_health_t health;

    dygw_health_look(&scrape->runtime->gateway, &health);
    begin_gauge(scrape, "dygw_health", "1: as /health says, that is ok.");
    add_labelled(scrape, "check", "database", strcmp(health.database, "ok") == 0);
    add_labelled(scrape, "check", "token", strcmp(health.token, "ok") == 0);
    add_labelled(scrape, "check", "worker", strcmp(health.worker, "ok") == 0);
    add_labelled(scrape, "check", "key", strcmp(health.key, "ok") == 0);
    if (health.clock) {
        add_labelled(scrape, "check", "clock", 0);
    }
    add_gauge(scrape, "dygw_upstream_sandbox", health.is_sandbox, DYGW_WHOLE,
              "1: not Douyin answers but the sandbox, or a server on this host.");
}

/* The labels are the scrape's own. */
static void read_closed_apps(scrape_t *scrape)
{
    dygw_gateway_t *gateway = &scrape->runtime->gateway;
    char names[DYGW_CLOSED_APPS][DYGW_APP_LABEL_MAX + 1];
    const dygw_host_t *host = dygw_host_lock(gateway);
    int count = host->closed_count;
    int i;

    memcpy(names, host->closed_apps, sizeof names);
    dygw_host_unlock(gateway);
    begin_gauge(scrape, "dygw_secret_closed",
                "1: the secret of this app does not open with DygwMasterKey; the first 8 of them.");
    for (i = 0; i < count && i < DYGW_CLOSED_APPS; i++) {
        add_labelled(scrape, "app", apr_pstrdup(scrape->pool, names[i]), 1);
    }
}

static void read_clocks(scrape_t *scrape)
{
    static const char *const words[]
        = { [DYGW_CLOCK_DATABASE] = "database", [DYGW_CLOCK_DOUYIN] = "douyin" };
    dygw_clock_seen_t seen;
    int i;

    begin_gauge(scrape, "dygw_clock_offset_seconds",
                "How far this host's clock is ahead of another; negative: behind it.");
    for (i = 0; i < DYGW_CLOCKS; i++) {
        if (dygw_host_clock(&scrape->runtime->gateway, (dygw_clock_e)i, &seen)) {
            add_sample(scrape, "", "clock", words[i], dygw_clock_ahead(&seen), DYGW_THOUSANDTHS);
        }
    }
}

static void read_token_and_lease(scrape_t *scrape)
{
    copied_t copied = copy_host(&scrape->runtime->gateway);

    add_gauge(scrape, "dygw_token_obtained_timestamp_seconds", copied.token_obtained_at,
              DYGW_THOUSANDTHS, "When the access token was fetched; 0: there is none.");
    add_gauge(scrape, "dygw_token_expiry_timestamp_seconds", copied.token_expires_at,
              DYGW_THOUSANDTHS, "When the access token ends; 0: there is none.");
    add_gauge(scrape, "dygw_lease_held", gauged(scrape, DYGW_GAUGE_LEASE_HELD), DYGW_WHOLE,
              "1: this host does the background work.");
    add_gauge(scrape, "dygw_lease_renewed_timestamp_seconds", copied.lease_renewed_at,
              DYGW_THOUSANDTHS, "When any host renewed the lease of the background work last.");
}

static dygw_ms_t age_of_oldest(const scrape_t *scrape)
{
    dygw_ms_t at = gauged(scrape, DYGW_GAUGE_OLDEST_AT);
    dygw_ms_t age = at ? dygw_now() - at : 0;

    return age > 0 ? age : 0;
}

static void read_backlog(scrape_t *scrape)
{
    begin_gauge(scrape, "dygw_backlog",
                "Redemptions that the background has to do with, due or not; 10000 stands for "
                "more.");
    add_labelled(scrape, "work", "settle", gauged(scrape, DYGW_GAUGE_TO_SETTLE));
    add_labelled(scrape, "work", "errand", gauged(scrape, DYGW_GAUGE_TO_CANCEL));
    add_labelled(scrape, "work", "enrich", gauged(scrape, DYGW_GAUGE_TO_ENRICH));
    add_gauge(scrape, "dygw_oldest_processing_age_seconds", age_of_oldest(scrape), DYGW_THOUSANDTHS,
              "The age of the oldest redemption that is processing; 0: none is.");
    add_gauge(scrape, "dygw_backlog_counted_timestamp_seconds",
              gauged(scrape, DYGW_GAUGE_COUNTED_AT), DYGW_THOUSANDTHS,
              "When the backlog was counted last.");
    add_gauge(scrape, "dygw_jobs_running", gauged(scrape, DYGW_GAUGE_JOBS), DYGW_WHOLE,
              "Jobs of the background under way on this host.");
}

static void read_nonces(scrape_t *scrape)
{
    int held;
    int capacity;

    if (!scrape->runtime->nonces) {
        return;
    }
    dygw_nonces_count(scrape->runtime->nonces, dygw_now(), &held, &capacity);
    add_gauge(scrape, "dygw_nonces_used", held, DYGW_WHOLE, "Nonces that are held, of all apps.");
    add_gauge(scrape, "dygw_nonces_capacity", capacity, DYGW_WHOLE,
              "Nonces that one app may hold; all together half as many again.");
}

static void add_apps(scrape_t *scrape, const char *source, const char *status, dygw_gauge_e gauge)
{
    scrape->labels[scrape->fixed] = (dygw_label_t){ "source", source };
    scrape->labels[scrape->fixed + 1] = (dygw_label_t){ "status", status };
    give_sample(scrape, "", 2, gauged(scrape, gauge), DYGW_WHOLE);
}

static void read_apps(scrape_t *scrape)
{
    begin_gauge(scrape, "dygw_apps",
                "Verifier apps by status; source: whether the database or httpd.conf has them.");
    add_apps(scrape, "database", "active", DYGW_GAUGE_APPS_ACTIVE);
    add_apps(scrape, "database", "disabled", DYGW_GAUGE_APPS_DISABLED);
    add_apps(scrape, "config", "active", DYGW_GAUGE_DECLARED_ACTIVE);
    add_apps(scrape, "config", "disabled", DYGW_GAUGE_DECLARED_DISABLED);
    add_gauge(scrape, "dygw_declaration_differences", gauged(scrape, DYGW_GAUGE_DIFFERENCES),
              DYGW_WHOLE,
              "Apps that another host declares otherwise than this one, or only one of them.");
}

/* What could not be read is known since the start, what is in the way the background has seen. */
static void read_troubles(scrape_t *scrape)
{
    const dygw_declared_t *declared = scrape->runtime->gateway.declared;

    begin_gauge(scrape, "dygw_declared_troubles",
                "Of what httpd.conf declares: apps that another app is in the way of, apps without "
                "a readable secret, files of stores that are left out.");
    add_labelled(scrape, "kind", "conflict", gauged(scrape, DYGW_GAUGE_CONFLICTS));
    add_labelled(scrape, "kind", "secret", dygw_declared_unread(declared));
    add_labelled(scrape, "kind", "stores_file", dygw_declared_left_out(declared));
}

static void read_gauges(scrape_t *scrape)
{
    read_health(scrape);
    read_closed_apps(scrape);
    read_clocks(scrape);
    read_token_and_lease(scrape);
    read_backlog(scrape);
    read_nonces(scrape);
    read_apps(scrape);
    read_troubles(scrape);
    add_gauge(scrape, "dygw_ledger_refused_accounts", gauged(scrape, DYGW_GAUGE_LEDGER_REFUSED),
              DYGW_WHOLE,
              "Accounts whose settlement ledger Douyin does not show, so that nobody knows what "
              "will be paid out.");
    add_gauge(scrape, "dygw_start_timestamp_seconds",
              dygw_metrics_since(scrape->runtime->gateway.metrics), DYGW_THOUSANDTHS,
              "When counting began: the start of this httpd.");
    begin_metric(scrape, "dygw_build_info", "gauge", "1, with the version.", DYGW_SHOW_NONE);
    add_labelled(scrape, "version", DYGW_VERSION, 1);
}

/* --- all of it --- */

void dygw_scrape(dygw_runtime_t *runtime, const dygw_scraper_t *scraper, apr_pool_t *pool)
{
    scrape_t scrape = { .runtime = runtime,
                        .scraper = scraper,
                        .pool = pool,
                        .fixed = 1,
                        .labels = { { "application", runtime->gateway.client_key } } };
    int i;

    for (i = 0; i < DYGW_FAMILIES; i++) {
        read_family(&scrape, (dygw_family_e)i);
    }
    read_histograms(&scrape);
    read_gauges(&scrape);
}
