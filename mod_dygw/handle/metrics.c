/* SPDX-License-Identifier: Apache-2.0
 * GET /metrics: the figures of this virtual host's gateway, for Prometheus. */
#include "handle/figures.h"
#include "handle/handle.h"

#define REPLY_SIZE 65536

static void write_metric(void *baton, const dygw_metric_t *metric)
{
    dygw_prometheus_metric(baton, metric->name, metric->type, metric->help);
}

static void write_sample(void *baton, const dygw_metric_t *metric, const dygw_sample_t *sample)
{
    dygw_prometheus_sample(baton, metric->name, sample);
}

int dygw_handle_metrics(dygw_call_t *call)
{
    dygw_prometheus_t page;
    dygw_reader_t reader = { write_metric, write_sample, &page };
    dygw_result_t out = { 0 };

    dygw_read_no_query(call, &out);
    if (out.code != DYGW_OK) {
        return dygw_reply_error(call, &out);
    }
    dygw_prometheus_init(&page, call->r->pool, REPLY_SIZE);
    dygw_figures_read(call->runtime, &reader, call->r->pool);
    return dygw_reply_text(call, DYGW_PROMETHEUS_TYPE, page.text, page.len);
}
