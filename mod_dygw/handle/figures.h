/* SPDX-License-Identifier: Apache-2.0
 * All that is known of one gateway in figures, for /metrics and for mod_status. */
#ifndef DYGW_HANDLE_FIGURES_H
#define DYGW_HANDLE_FIGURES_H

#include "process/runtime.h"
#include "util/prometheus.h"

/* What the short form shows of a metric. */
typedef enum {
    DYGW_SHOW_EACH,         /* each sample */
    DYGW_SHOW_SUM,          /* their sum; of a histogram, how many there were */
    DYGW_SHOW_NONE
} dygw_show_e;

typedef struct dygw_metric_t {
    const char *name;
    const char *type;       /* "counter", "gauge" or "histogram" */
    const char *help;
    dygw_show_e show;
} dygw_metric_t;

/* Called for each metric, and then for each of its samples, always in the same order. The first
 * label of a sample is the application. */
typedef struct dygw_reader_t {
    void (*metric)(void *baton, const dygw_metric_t *metric);
    void (*sample)(void *baton, const dygw_metric_t *metric, const dygw_sample_t *sample);
    void *baton;
} dygw_reader_t;

/* 64 hex digits that stand for all series, in the order in which the memory of the counters has
 * them. From pool. */
const char *dygw_figures_identity(apr_pool_t *pool);

void dygw_figures_read(dygw_runtime_t *runtime, const dygw_reader_t *reader, apr_pool_t *pool);

/* --- between figures.c and gauges.c --- */

#define DYGW_LABELS_MAX 4

typedef struct dygw_reading_t {
    dygw_runtime_t *runtime;
    const dygw_reader_t *reader;
    apr_pool_t *pool;
    dygw_metric_t metric;               /* whose samples follow */
    dygw_label_t labels[DYGW_LABELS_MAX];
    int fixed;                          /* how many of them all samples have */
} dygw_reading_t;

void dygw_reading_metric(dygw_reading_t *reading, const char *name, const char *type,
                         const char *help, dygw_show_e show);

/* A sample of the metric; NULL for a label that it has not. */
void dygw_reading_sample(dygw_reading_t *reading, const char *suffix, const char *label,
                         const char *value_of_label, apr_int64_t value, dygw_decimals_e decimals);

/* Those that are no counters. */
void dygw_gauges_read(dygw_reading_t *reading);

#endif
