/* SPDX-License-Identifier: Apache-2.0
 * The series of the counters: a series is a place in shared memory (util/metrics.h), and its labels
 * tell what is counted there. */
#ifndef DYGW_PROCESS_SERIES_H
#define DYGW_PROCESS_SERIES_H

#include <apr_pools.h>

#include "util/metrics.h"
#include "util/prometheus.h"

#define DYGW_SERIES_LABELS 3 /* that a series has at most */

/* Fills in the labels of one series of a family, in pool where they are no constants. Returns how
 * many labels there are; -1: there is no such series. metrics knows whose the places are that are
 * given away while httpd runs; NULL: nobody's. */
int dygw_series_labels(dygw_family_e family, int series, const dygw_metrics_t *metrics,
                       dygw_label_t *labels, apr_pool_t *pool);

/* The label of a call to Douyin, a constant. */
const char *dygw_series_call_word(dygw_upstream_e call);

/* 64 hex digits for the list of all series in their order: a build with another list, which would
 * count in other places, has other digits. From pool. */
const char *dygw_series_identity(apr_pool_t *pool);

#endif
