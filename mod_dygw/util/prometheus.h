/* SPDX-License-Identifier: Apache-2.0
 * Writes Prometheus' text format, version 0.0.4, from front to back. The samples of one metric
 * stand together, behind the lines HELP and TYPE of the metric. */
#ifndef DYGW_UTIL_PROMETHEUS_H
#define DYGW_UTIL_PROMETHEUS_H

#include <apr_pools.h>

#define DYGW_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* A label of a sample: name="value". */
typedef struct dygw_label_t {
    const char *name;
    const char *value;
} dygw_label_t;

typedef struct dygw_prometheus_t {
    apr_pool_t *pool;
    char *text; /* NUL ended */
    apr_size_t len;
    apr_size_t size;
} dygw_prometheus_t;

/* Begins an empty text of size_hint bytes, from pool; the text grows by doubling. */
void dygw_prometheus_init(dygw_prometheus_t *p, apr_pool_t *pool, apr_size_t size_hint);

/* Writes HELP and TYPE of a metric. type: "counter", "gauge" or "histogram". */
void dygw_prometheus_metric(dygw_prometheus_t *p, const char *name, const char *type,
                            const char *help);

/* How many of the digits of a value are decimals. */
typedef enum { DYGW_WHOLE = 0, DYGW_THOUSANDTHS = 3, DYGW_MILLIONTHS = 6 } dygw_decimals_e;

typedef struct dygw_sample_t {
    const char *suffix; /* of a histogram "_bucket", "_sum" or "_count"; else "" */
    const dygw_label_t *labels;
    int count; /* of labels */
    apr_int64_t value;
    dygw_decimals_e decimals;
} dygw_sample_t;

/* Writes one sample, which is one line, of the metric `name`. */
void dygw_prometheus_sample(dygw_prometheus_t *p, const char *name, const dygw_sample_t *sample);

/* The value as text, from pool: 1500 thousandths are "1.5". */
const char *dygw_prometheus_value(apr_int64_t value, dygw_decimals_e decimals, apr_pool_t *pool);

#endif
