/* SPDX-License-Identifier: Apache-2.0
 * Writing Prometheus' text format, version 0.0.4: an appending writer. Samples of one metric stand
 * together, behind its HELP and TYPE. */
#ifndef DYGW_UTIL_PROMETHEUS_H
#define DYGW_UTIL_PROMETHEUS_H

#include <apr_pools.h>

#define DYGW_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* name="value" */
typedef struct dygw_label_t {
    const char *name;
    const char *value;
} dygw_label_t;

typedef struct dygw_prometheus_t {
    apr_pool_t *pool;
    char *text;         /* NUL ended */
    apr_size_t len;
    apr_size_t size;
} dygw_prometheus_t;

/* Starts an empty text; grows by doubling, from pool. */
void dygw_prometheus_init(dygw_prometheus_t *p, apr_pool_t *pool, apr_size_t size_hint);

/* type: "counter", "gauge" or "histogram". */
void dygw_prometheus_metric(dygw_prometheus_t *p, const char *name, const char *type,
                            const char *help);

/* Of a value: how many of its digits are decimals. */
typedef enum { DYGW_WHOLE = 0, DYGW_THOUSANDTHS = 3, DYGW_MILLIONTHS = 6 } dygw_decimals_e;

typedef struct dygw_sample_t {
    const char *suffix;                 /* of the metric's name: "", or that of a histogram's */
    const dygw_label_t *labels;
    int count;                          /* of labels */
    apr_int64_t value;
    dygw_decimals_e decimals;
} dygw_sample_t;

/* One line, of the metric of that name. */
void dygw_prometheus_sample(dygw_prometheus_t *p, const char *name, const dygw_sample_t *sample);

/* The value as text: 1500 thousandths are 1.5. */
const char *dygw_prometheus_value(apr_int64_t value, dygw_decimals_e decimals, apr_pool_t *pool);

#endif
