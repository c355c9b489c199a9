/* SPDX-License-Identifier: Apache-2.0
 * Everything that one gateway has to say to monitoring, metric by metric: /metrics writes it as
 * Prometheus' text, mod_status shows it in brief. */
#ifndef DYGW_HANDLE_SCRAPE_H
#define DYGW_HANDLE_SCRAPE_H

#include "process/runtime.h"
#include "util/prometheus.h"

/* What the short form of mod_status shows of a metric. */
typedef enum {
    DYGW_SHOW_EACH, /* each sample */
    DYGW_SHOW_SUM,  /* the sum of the samples; of a histogram how many there were */
    DYGW_SHOW_NONE
} dygw_show_e;

typedef struct dygw_metric_t {
    const char *name;
    const char *type; /* "counter", "gauge" or "histogram" */
    const char *help;
    dygw_show_e show;
} dygw_metric_t;

/* Who scrapes: called for each metric, and then for each sample of this metric, always in the same
 * order. The first label of a sample is the application. What the calls are given is gone when they
 * return. */
typedef struct dygw_scraper_t {
    void (*metric)(void *baton, const dygw_metric_t *metric);
    void (*sample)(void *baton, const dygw_metric_t *metric, const dygw_sample_t *sample);
    void *baton;
} dygw_scraper_t;

/* Nobody is asked, neither the database nor Douyin. pool is used meanwhile. */
void dygw_scrape(dygw_runtime_t *runtime, const dygw_scraper_t *scraper, apr_pool_t *pool);

#endif
