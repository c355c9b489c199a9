/* SPDX-License-Identifier: Apache-2.0
 * The counters, and what tells their series apart. */
#include "handle/scrape.h"

#include <apr_strings.h>

#include "douyin/codes.h"
#include "handle/handle.h"
#include "util/compiler.h"
#include "util/crypto.h"
#include "util/jsonw.h"

#define REFUSED "refused"

/* --- words --- */

static const char *const redemption_words[] = {
    [DYGW_REDEMPTION_SUCCESS] = "success", [DYGW_REDEMPTION_FAILED] = "failed",
    [DYGW_REDEMPTION_PROCESSING] = "processing", [DYGW_REDEMPTION_REFUSED] = REFUSED,
    [DYGW_REDEMPTION_REPLAYED] = "replayed"
};

static const char *const settled_words[] = {
    [DYGW_SETTLED_SUCCESS] = "success", [DYGW_SETTLED_FAILED] = "failed"
};

static const char *const cancel_words[] = {
    [DYGW_CANCEL_DONE] = "cancelled", [DYGW_CANCEL_REFUSED] = REFUSED,
    [DYGW_CANCEL_UNKNOWN] = "unknown", [DYGW_CANCEL_GIVEN_UP] = "given_up",
    [DYGW_CANCEL_ELSEWHERE] = "elsewhere", [DYGW_CANCEL_ORPHAN] = "orphan",
    [DYGW_CANCEL_ORPHAN_LEFT] = "orphan_left"
};

static const char *const renewed_words[] = {
    [DYGW_RENEWED_DUE] = "due", [DYGW_RENEWED_REFUSED] = REFUSED,
    [DYGW_RENEWED_MISSING] = "missing", [DYGW_RENEWED_TOLD] = "told"
};

static const char *const webhook_words[] = {
    [DYGW_WEBHOOK_NEWS] = "news", [DYGW_WEBHOOK_REPEATED] = "repeated",
    [DYGW_WEBHOOK_UNKNOWN] = "unknown_coupon", [DYGW_WEBHOOK_IGNORED] = "ignored",
    [DYGW_WEBHOOK_URL_CHECK] = "url_check", [DYGW_WEBHOOK_FAILED] = "failed"
};

static const char *const call_words[] = {
    [DYGW_UPSTREAM_TOKEN] = "token", [DYGW_UPSTREAM_PREPARE] = "prepare",
    [DYGW_UPSTREAM_VERIFY] = "verify", [DYGW_UPSTREAM_CANCEL] = "cancel",
    [DYGW_UPSTREAM_GET] = "get", [DYGW_UPSTREAM_QUERY] = "query",
    [DYGW_UPSTREAM_ORDER] = "order", [DYGW_UPSTREAM_RECORDS] = "records",
    [DYGW_UPSTREAM_STORES] = "stores", [DYGW_UPSTREAM_SHORT_LINK] = "short_link"
};

static const char *const error_words[] = {
    [DYGW_CALL_BUSY] = "busy", [DYGW_CALL_GARBLED] = "garbled",
    [DYGW_CALL_TIMEOUT] = "timeout", [DYGW_CALL_LOST] = "lost",
    [DYGW_CALL_UNREACHABLE] = "unreachable"
};

static const char *const half_words[] = { "open", "internal" };

/* By the hundreds of the status. */
static const char *const class_words[] = { "", "1xx", "2xx", "3xx", "4xx", "5xx" };

/* --- labels --- */

/* Fill in the labels of one series; give how many, or -1 where there is no such series. */
typedef int labels_fn(int series, dygw_label_t *labels, const dygw_reading_t *reading);

static int labels_of_request(int series, dygw_label_t *labels,
                             DYGW_UNUSED const dygw_reading_t *reading)
{
    int status = 0;
    const char *word = dygw_code_word(series % DYGW_REQUEST_CODES, &status);

    if (!word) {
        return -1;
    }
    labels[0] = (dygw_label_t){ "handler", half_words[series / DYGW_REQUEST_CODES] };
    labels[1] = (dygw_label_t){ "code", word };
    labels[2] = (dygw_label_t){ "class", class_words[status / 100] };
    return 3;
}

/* A number of Douyin's that was not known beforehand; -1: the place is nobody's yet, or nothing is
 * read but which places there are. */
static int labels_of_number(int place, dygw_label_t *labels, const dygw_reading_t *reading)
{
    apr_int64_t number
        = reading->runtime ? dygw_metrics_number(reading->runtime->gateway.metrics, place) : 0;

    labels[0].value = apr_psprintf(reading->pool, "%" APR_INT64_T_FMT, number);
    labels[1].value = dygw_douyin_range_word(number);
    return number ? 2 : -1;
}

static int labels_of_refusal(int series, dygw_label_t *labels, const dygw_reading_t *reading)
{
    labels[0].name = "code";
    labels[1].name = "kind";
    if (series >= DYGW_REFUSAL_CODES) {
        return labels_of_number(series - DYGW_REFUSAL_CODES, labels, reading);
    }
    return dygw_douyin_series_words(series, &labels[0].value, &labels[1].value, reading->pool)
               ? 2
               : -1;
}

static int labels_of_error(int series, dygw_label_t *labels,
                           DYGW_UNUSED const dygw_reading_t *reading)
{
    labels[0] = (dygw_label_t){ "call", call_words[series / DYGW_CALL_ERRORS] };
    labels[1] = (dygw_label_t){ "kind", error_words[series % DYGW_CALL_ERRORS] };
    return 2;
}

/* What is beside the family's own table: the words of its one label, or how else its labels come
 * about; none of them: it has one series. */
static const struct {
    const char *label;
    const char *const *words;
    labels_fn *labels;
    dygw_show_e show;
} described[DYGW_FAMILIES] = {
    [DYGW_FAMILY_REDEMPTIONS] = { .label = "outcome", .words = redemption_words },
    [DYGW_FAMILY_SETTLED] = { .label = "outcome", .words = settled_words },
    [DYGW_FAMILY_CANCELS] = { .label = "outcome", .words = cancel_words },
    [DYGW_FAMILY_REQUESTS] = { .labels = labels_of_request, .show = DYGW_SHOW_SUM },
    [DYGW_FAMILY_REFUSALS] = { .labels = labels_of_refusal, .show = DYGW_SHOW_SUM },
    [DYGW_FAMILY_CALL_ERRORS] = { .labels = labels_of_error, .show = DYGW_SHOW_SUM },
    [DYGW_FAMILY_RENEWED] = { .label = "cause", .words = renewed_words },
    [DYGW_FAMILY_WEBHOOKS] = { .label = "result", .words = webhook_words }
};

/* --- reading --- */

void dygw_reading_metric(dygw_reading_t *reading, const char *name, const char *type,
                         const char *help, dygw_show_e show)
{
    reading->metric = (dygw_metric_t){ name, type, help, show };
    reading->reader->metric(reading->reader->baton, &reading->metric);
}

static void give(const dygw_reading_t *reading, const char *suffix, int labels, apr_int64_t value,
                 dygw_decimals_e decimals)
{
    dygw_sample_t sample = { suffix, reading->labels, reading->fixed + labels, value, decimals };

    reading->reader->sample(reading->reader->baton, &reading->metric, &sample);
}

void dygw_reading_sample(dygw_reading_t *reading, const char *suffix, const char *label,
                         const char *value_of_label, apr_int64_t value, dygw_decimals_e decimals)
{
    reading->labels[reading->fixed] = (dygw_label_t){ label, value_of_label };
    give(reading, suffix, label != NULL, value, decimals);
}

static int labels_of(dygw_reading_t *reading, dygw_family_e family, int series)
{
    dygw_label_t *labels = reading->labels + reading->fixed;

    if (described[family].labels) {
        return described[family].labels(series, labels, reading);
    }
    if (!described[family].words) {
        return 0;
    }
    *labels = (dygw_label_t){ described[family].label, described[family].words[series] };
    return 1;
}

static void read_family(dygw_reading_t *reading, dygw_family_e which)
{
    const dygw_family_t *family = &dygw_families[which];
    int i;

    dygw_reading_metric(reading, family->name, "counter", family->help, described[which].show);
    for (i = 0; i < family->series; i++) {
        int labels = labels_of(reading, which, i);

        if (labels >= 0) {
            give(reading, "", labels,
                 (apr_int64_t)dygw_counted(reading->runtime->gateway.metrics, family->first, i),
                 DYGW_WHOLE);
        }
    }
}

/* --- the histogram --- */

static void read_histogram(dygw_reading_t *reading, dygw_upstream_e call)
{
    dygw_histogram_t histogram;
    int i;

    dygw_observed(reading->runtime->gateway.metrics, call, &histogram);
    reading->labels[reading->fixed++] = (dygw_label_t){ "call", call_words[call] };
    for (i = 0; i < DYGW_BUCKETS; i++) {
        const char *bound = i < DYGW_BUCKETS - 1
                                ? dygw_prometheus_value(dygw_bucket_bounds[i], DYGW_MILLIONTHS,
                                                        reading->pool)
                                : "+Inf";

        dygw_reading_sample(reading, "_bucket", "le", bound, (apr_int64_t)histogram.up_to[i],
                            DYGW_WHOLE);
    }
    dygw_reading_sample(reading, "_sum", NULL, NULL, (apr_int64_t)histogram.sum, DYGW_MILLIONTHS);
    dygw_reading_sample(reading, "_count", NULL, NULL,
                        (apr_int64_t)histogram.up_to[DYGW_BUCKETS - 1], DYGW_WHOLE);
    reading->fixed--;
}

/* --- which place is whose --- */

#define LIST_SIZE 16384

static void list_labels(dygw_jsonw_t *w, const dygw_label_t *labels, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        dygw_jsonw_string(w, NULL, labels[i].name);
        dygw_jsonw_string(w, NULL, labels[i].value);
    }
}

static void list_family(dygw_jsonw_t *w, dygw_reading_t *reading, dygw_family_e which)
{
    int i;

    dygw_jsonw_array(w, NULL);
    dygw_jsonw_string(w, NULL, dygw_families[which].name);
    for (i = 0; i < dygw_families[which].series; i++) {
        int labels = labels_of(reading, which, i);

        dygw_jsonw_array(w, NULL);
        list_labels(w, reading->labels, labels);
        dygw_jsonw_end_array(w);
    }
    dygw_jsonw_end_array(w);
}

static void list_histograms(dygw_jsonw_t *w)
{
    int i;

    for (i = 0; i < DYGW_UPSTREAM_CALLS; i++) {
        dygw_jsonw_string(w, NULL, call_words[i]);
    }
    for (i = 0; i < DYGW_BUCKETS - 1; i++) {
        dygw_jsonw_int(w, NULL, dygw_bucket_bounds[i]);
    }
}

const char *dygw_figures_identity(apr_pool_t *pool)
{
    dygw_reading_t reading = { .pool = pool };
    char *identity = apr_palloc(pool, DYGW_SHA256_HEX_LEN + 1);
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, pool, LIST_SIZE);
    dygw_jsonw_array(&w, NULL);
    for (i = 0; i < DYGW_FAMILIES; i++) {
        list_family(&w, &reading, (dygw_family_e)i);
    }
    list_histograms(&w);
    for (i = 0; i < DYGW_GAUGES; i++) {
        dygw_jsonw_string(&w, NULL, dygw_gauge_words[i]);
    }
    dygw_jsonw_end_array(&w);
    dygw_sha256_hex(w.text, w.len, identity);
    return identity;
}

/* --- all of it --- */

void dygw_figures_read(dygw_runtime_t *runtime, const dygw_reader_t *reader, apr_pool_t *pool)
{
    dygw_reading_t reading = { .runtime = runtime, .reader = reader, .pool = pool, .fixed = 1,
                               .labels = { { "application", runtime->gateway.client_key } } };
    int i;

    for (i = 0; i < DYGW_FAMILIES; i++) {
        read_family(&reading, (dygw_family_e)i);
    }
    dygw_reading_metric(&reading, "dygw_upstream_seconds", "histogram",
                        "How long calls to Douyin took that were sent, by call.", DYGW_SHOW_SUM);
    for (i = 0; i < DYGW_UPSTREAM_CALLS; i++) {
        read_histogram(&reading, (dygw_upstream_e)i);
    }
    dygw_gauges_read(&reading);
}
