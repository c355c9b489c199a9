/* SPDX-License-Identifier: Apache-2.0
 * The labels of the counters' series, and what tells one list of series from another. */
#include "process/series.h"

#include <apr_strings.h>

#include "douyin/codes.h"
#include "gateway/reasons.h"
#include "process/code.h"
#include "util/crypto.h"
#include "util/jsonw.h"

#define REFUSED   "refused"
#define LIST_SIZE 16384

_Static_assert(DYGW_REASON_COUNT <= DYGW_REASON_SERIES, "each reason needs a series");

/* --- words --- */

static const char *const redemption_words[] = {
    [DYGW_REDEMPTION_SUCCESS] = "success",       [DYGW_REDEMPTION_FAILED] = "failed",
    [DYGW_REDEMPTION_PROCESSING] = "processing", [DYGW_REDEMPTION_REFUSED] = REFUSED,
    [DYGW_REDEMPTION_REPLAYED] = "replayed",
};

static const char *const settled_words[] = {
    [DYGW_SETTLED_SUCCESS] = "success",
    [DYGW_SETTLED_FAILED] = "failed",
};

static const char *const cancel_words[] = {
    [DYGW_CANCEL_DONE] = "cancelled",          [DYGW_CANCEL_REFUSED] = REFUSED,
    [DYGW_CANCEL_UNKNOWN] = "unknown",         [DYGW_CANCEL_GIVEN_UP] = "given_up",
    [DYGW_CANCEL_ELSEWHERE] = "elsewhere",     [DYGW_CANCEL_ORPHAN] = "orphan",
    [DYGW_CANCEL_ORPHAN_LEFT] = "orphan_left",
};

static const char *const renewed_words[] = {
    [DYGW_RENEWED_DUE] = "due",
    [DYGW_RENEWED_REFUSED] = REFUSED,
    [DYGW_RENEWED_MISSING] = "missing",
    [DYGW_RENEWED_TOLD] = "told",
};

static const char *const webhook_words[] = {
    [DYGW_WEBHOOK_NEWS] = "news",
    [DYGW_WEBHOOK_REPEATED] = "repeated",
    [DYGW_WEBHOOK_UNKNOWN] = "unknown_coupon",
    [DYGW_WEBHOOK_IGNORED] = "ignored",
    [DYGW_WEBHOOK_URL_CHECK] = "url_check",
    [DYGW_WEBHOOK_FAILED] = "failed",
};

static const char *const call_words[] = {
    [DYGW_UPSTREAM_TOKEN] = "token",
    [DYGW_UPSTREAM_PREPARE] = "prepare",
    [DYGW_UPSTREAM_VERIFY] = "verify",
    [DYGW_UPSTREAM_CANCEL] = "cancel",
    [DYGW_UPSTREAM_GET] = "get",
    [DYGW_UPSTREAM_QUERY] = "query",
    [DYGW_UPSTREAM_ORDER] = "order",
    [DYGW_UPSTREAM_RECORDS] = "records",
    [DYGW_UPSTREAM_STORES] = "stores",
    [DYGW_UPSTREAM_LEDGER] = "ledger",
    [DYGW_UPSTREAM_SHORT_LINK] = "short_link",
    [DYGW_UPSTREAM_AFTER_SALE] = "after_sale",
};

static const char *const error_words[] = {
    [DYGW_CALL_BUSY] = "busy",
    [DYGW_CALL_GARBLED] = "garbled",
    [DYGW_CALL_TIMEOUT] = "timeout",
    [DYGW_CALL_LOST] = "lost",
    [DYGW_CALL_UNREACHABLE] = "unreachable",
};

static const char *const batch_words[] = {
    [DYGW_BATCH_INSERT] = "insert",
    [DYGW_BATCH_SETTLE] = "settle",
};

static const char *const api_words[] = { "open", "internal" };

/* By the hundreds of the status. */
static const char *const class_words[] = { "", "1xx", "2xx", "3xx", "4xx", "5xx" };

/* --- labels --- */

typedef struct place_t {
    int series; /* its number within the family */
    const dygw_metrics_t *metrics;
    apr_pool_t *pool;
} place_t;

/* Fills in the labels of one series; returns how many, or -1 where there is no such series. */
typedef int labels_fn(const place_t *place, dygw_label_t *labels);

static int labels_of_request(const place_t *place, dygw_label_t *labels)
{
    int code = place->series % DYGW_REQUEST_CODES;
    const char *word = dygw_code_word(code);

    if (!word) {
        return -1;
    }
    labels[0] = (dygw_label_t){ "handler", api_words[place->series / DYGW_REQUEST_CODES] };
    labels[1] = (dygw_label_t){ "code", word };
    labels[2] = (dygw_label_t){ "class", class_words[dygw_code_status(code) / 100] };
    return 3;
}

/* A number of Douyin's that was not known beforehand. */
static int labels_of_number(const place_t *place, dygw_label_t *labels)
{
    apr_int64_t number
        = place->metrics ? dygw_metrics_number(place->metrics, place->series - DYGW_REFUSAL_CODES)
                         : 0;

    labels[0].value = apr_psprintf(place->pool, "%" APR_INT64_T_FMT, number);
    labels[1].value = dygw_douyin_range_word(number);
    return number ? 2 : -1;
}

static int labels_of_refusal(const place_t *place, dygw_label_t *labels)
{
    labels[0].name = "code";
    labels[1].name = "kind";
    if (place->series >= DYGW_REFUSAL_CODES) {
        return labels_of_number(place, labels);
    }
    return dygw_douyin_series_words(place->series, &labels[0].value, &labels[1].value, place->pool)
               ? 2
               : -1;
}

static int labels_of_error(const place_t *place, dygw_label_t *labels)
{
    labels[0] = (dygw_label_t){ "call", call_words[place->series / DYGW_CALL_ERRORS] };
    labels[1] = (dygw_label_t){ "kind", error_words[place->series % DYGW_CALL_ERRORS] };
    return 2;
}

/* Which of the reasons are anybody's to mend is what an alarm goes by. */
static int labels_of_reason(const place_t *place, dygw_label_t *labels)
{
    static const char *const help_words[] = {
        [DYGW_ACT_NOBODY] = "nobody",     [DYGW_ACT_WAIT] = "wait",
        [DYGW_ACT_CUSTOMER] = "customer", [DYGW_ACT_CASHIER] = "cashier",
        [DYGW_ACT_MANAGER] = "manager",   [DYGW_ACT_ADMIN] = "admin",
    };
    const dygw_reason_e reason = (dygw_reason_e)place->series;

    if (place->series >= DYGW_REASON_COUNT) {
        return -1;
    }
    labels[0] = (dygw_label_t){ "reason", dygw_reason_word(reason) };
    labels[1] = (dygw_label_t){ "help", help_words[dygw_reason_act(reason)] };
    return 2;
}

/* How the series of a family are told apart: by one label with these words, or by labels that a
 * function fills in. A family with neither has one series, without labels. */
static const struct {
    const char *label;
    const char *const *words;
    labels_fn *labels;
} described[DYGW_FAMILIES] = {
    [DYGW_FAMILY_REDEMPTIONS] = { .label = "outcome", .words = redemption_words },
    [DYGW_FAMILY_SETTLED] = { .label = "outcome", .words = settled_words },
    [DYGW_FAMILY_CANCELS] = { .label = "outcome", .words = cancel_words },
    [DYGW_FAMILY_REQUESTS] = { .labels = labels_of_request },
    [DYGW_FAMILY_REFUSALS] = { .labels = labels_of_refusal },
    [DYGW_FAMILY_CALL_ERRORS] = { .labels = labels_of_error },
    [DYGW_FAMILY_RENEWED] = { .label = "cause", .words = renewed_words },
    [DYGW_FAMILY_REASONS] = { .labels = labels_of_reason },
    [DYGW_FAMILY_WEBHOOKS] = { .label = "result", .words = webhook_words },
    [DYGW_FAMILY_DB_BATCHES] = { .label = "work", .words = batch_words },
    [DYGW_FAMILY_DB_BATCHED] = { .label = "work", .words = batch_words },
};

int dygw_series_labels(dygw_family_e family, int series, const dygw_metrics_t *metrics,
                       dygw_label_t *labels, apr_pool_t *pool)
{
    place_t place = { series, metrics, pool };

    if (described[family].labels) {
        return described[family].labels(&place, labels);
    }
    if (!described[family].words) {
        return 0;
    }
    *labels = (dygw_label_t){ described[family].label, described[family].words[series] };
    return 1;
}

const char *dygw_series_call_word(dygw_upstream_e call)
{
    return call_words[call];
}

/* --- the identity of the list --- */

static void list_labels(dygw_jsonw_t *w, const dygw_label_t *labels, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        dygw_jsonw_string(w, NULL, labels[i].name);
        dygw_jsonw_string(w, NULL, labels[i].value);
    }
}

static void list_family(dygw_jsonw_t *w, dygw_family_e family, apr_pool_t *pool)
{
    dygw_label_t labels[DYGW_SERIES_LABELS];
    int i;

    dygw_jsonw_array(w, NULL);
    dygw_jsonw_string(w, NULL, dygw_families[family].name);
    for (i = 0; i < dygw_families[family].series; i++) {
        int count = dygw_series_labels(family, i, NULL, labels, pool);

        dygw_jsonw_array(w, NULL);
        list_labels(w, labels, count);
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

/* A change of the names, of the order or of the bounds gives other digits. */
const char *dygw_series_identity(apr_pool_t *pool)
{
    char *identity = apr_palloc(pool, DYGW_SHA256_HEX_LEN + 1);
    dygw_jsonw_t w;
    int i;

    dygw_jsonw_init(&w, pool, LIST_SIZE);
    dygw_jsonw_array(&w, NULL);
    for (i = 0; i < DYGW_FAMILIES; i++) {
        list_family(&w, (dygw_family_e)i, pool);
    }
    list_histograms(&w);
    for (i = 0; i < DYGW_GAUGES; i++) {
        dygw_jsonw_string(&w, NULL, dygw_gauge_words[i]);
    }
    dygw_jsonw_end_array(&w);
    dygw_sha256_hex(w.text, w.len, identity);
    return identity;
}
