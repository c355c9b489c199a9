/* SPDX-License-Identifier: Apache-2.0
 * Figures for monitoring: counters, one histogram, gauges. Counted by all threads of all children
 * without a lock, in memory that they share and that outlives restarts, so that counters only ever
 * grow. See metrics.c.
 *
 * A series is a place in that memory. Which one has which place is told by the identity of the list
 * (dygw_series_identity): a build with another list has a memory of its own.
 *
 * Each call of dygw_count and its like takes NULL for "not counted". */
#ifndef DYGW_UTIL_METRICS_H
#define DYGW_UTIL_METRICS_H

#include <apr_pools.h>
#include <apr_time.h>

/* --- what tells the series of a counter apart; each ends with how many there are --- */

/* Of POST /coupons/verify. The first three are counted for each coupon, the others for each
 * request. */
typedef enum {
    DYGW_REDEMPTION_SUCCESS, DYGW_REDEMPTION_FAILED, DYGW_REDEMPTION_PROCESSING,
    DYGW_REDEMPTION_REFUSED, DYGW_REDEMPTION_REPLAYED, DYGW_REDEMPTION_SERIES
} dygw_redemption_series_e;

/* Of redemptions that the background settled. */
typedef enum {
    DYGW_SETTLED_SUCCESS, DYGW_SETTLED_FAILED, DYGW_SETTLED_SERIES
} dygw_settled_series_e;

typedef enum {
    DYGW_CANCEL_DONE, DYGW_CANCEL_REFUSED, DYGW_CANCEL_UNKNOWN, DYGW_CANCEL_GIVEN_UP,
    DYGW_CANCEL_ELSEWHERE,
    DYGW_CANCEL_ORPHAN, DYGW_CANCEL_ORPHAN_LEFT,    /* a lost verify that redeemed late: it was
                                                     * taken back, or not */
    DYGW_CANCEL_SERIES
} dygw_cancel_series_e;

/* The calls to Douyin. */
typedef enum {
    DYGW_UPSTREAM_TOKEN, DYGW_UPSTREAM_PREPARE, DYGW_UPSTREAM_VERIFY, DYGW_UPSTREAM_CANCEL,
    DYGW_UPSTREAM_GET, DYGW_UPSTREAM_QUERY, DYGW_UPSTREAM_ORDER, DYGW_UPSTREAM_RECORDS,
    DYGW_UPSTREAM_STORES, DYGW_UPSTREAM_SHORT_LINK, DYGW_UPSTREAM_CALLS
} dygw_upstream_e;

/* How they go wrong, but for refusals. */
typedef enum {
    DYGW_CALL_BUSY, DYGW_CALL_GARBLED, DYGW_CALL_TIMEOUT, DYGW_CALL_LOST,
    DYGW_CALL_UNREACHABLE, DYGW_CALL_ERRORS
} dygw_call_error_e;

/* Why the access token was renewed. */
typedef enum {
    DYGW_RENEWED_DUE, DYGW_RENEWED_REFUSED, DYGW_RENEWED_MISSING, DYGW_RENEWED_TOLD,
    DYGW_RENEWED_SERIES
} dygw_renewed_series_e;

typedef enum {
    DYGW_WEBHOOK_NEWS, DYGW_WEBHOOK_REPEATED, DYGW_WEBHOOK_UNKNOWN, DYGW_WEBHOOK_IGNORED,
    DYGW_WEBHOOK_URL_CHECK, DYGW_WEBHOOK_FAILED, DYGW_WEBHOOK_SERIES
} dygw_webhook_series_e;

/* Room for what has its words elsewhere. */
#define DYGW_REQUEST_CODES      32      /* our codes, for each part of the API */
#define DYGW_REQUEST_HALVES     2
#define DYGW_REFUSAL_CODES      96      /* Douyin's, as far as they are known */
#define DYGW_METRIC_NUMBERS     32      /* and numbers that are not, see dygw_metrics_place */

/* --- all of them --- */

/* X(family, how many series, name, help) */
#define DYGW_COUNTERS(X) \
    X(REDEMPTIONS, DYGW_REDEMPTION_SERIES, "dygw_redemptions_total", \
      "What POST /coupons/verify was answered: coupons by their outcome, and requests that were " \
      "refused or replayed.") \
    X(SETTLED, DYGW_SETTLED_SERIES, "dygw_settled_total", \
      "Redemptions that were processing and were settled by the background.") \
    X(CANCELS, DYGW_CANCEL_SERIES, "dygw_cancels_total", \
      "Cancels by what became of them, by request and by the background.") \
    X(REQUESTS, DYGW_REQUEST_HALVES * DYGW_REQUEST_CODES, "dygw_requests_total", \
      "Requests by handler and by the code of the answer.") \
    X(REFUSALS, DYGW_REFUSAL_CODES + DYGW_METRIC_NUMBERS, "dygw_refusals_total", \
      "What Douyin refused, by its error_code or the result of a coupon.") \
    X(CALL_ERRORS, DYGW_UPSTREAM_CALLS * DYGW_CALL_ERRORS, "dygw_upstream_errors_total", \
      "Calls to Douyin that had no answer that tells, by call and kind.") \
    X(RENEWED, DYGW_RENEWED_SERIES, "dygw_token_refreshes_total", \
      "New access tokens by why they were fetched.") \
    X(WEBHOOKS, DYGW_WEBHOOK_SERIES, "dygw_webhooks_total", \
      "Messages of Douyin by what came of them.") \
    X(DB_ERRORS, 1, "dygw_database_errors_total", "Statements that failed for good.") \
    X(DB_UNREACHABLE, 1, "dygw_database_connection_failures_total", \
      "Units of work that got no connection to the database.") \
    X(DB_REPAIRS, 1, "dygw_database_repairs_total", \
      "Connections that had died and were renewed under way.")

/* dygw_counter_e: a family's first series; dygw_family_e: its place in the list. */
#define DYGW_FIRST_AND_LAST(id, series, name, help) \
    DYGW_COUNT_##id, DYGW_LAST_OF_##id = DYGW_COUNT_##id + (series) - 1,
typedef enum { DYGW_COUNTERS(DYGW_FIRST_AND_LAST) DYGW_COUNTER_SLOTS } dygw_counter_e;
#undef DYGW_FIRST_AND_LAST

#define DYGW_FAMILY(id, series, name, help) DYGW_FAMILY_##id,
typedef enum { DYGW_COUNTERS(DYGW_FAMILY) DYGW_FAMILIES } dygw_family_e;
#undef DYGW_FAMILY

typedef struct dygw_family_t {
    dygw_counter_e first;
    int series;
    const char *name;
    const char *help;
} dygw_family_t;

extern const dygw_family_t dygw_families[DYGW_FAMILIES];

/* Set by one thread of the host. */
#define DYGW_GAUGE_LIST(X) \
    X(LEASE_HELD)       /* 1: this host does the background work */ \
    X(JOBS)             /* under way */ \
    X(TO_SETTLE)        /* what waits for the background, as counted last */ \
    X(TO_CANCEL) \
    X(TO_ENRICH) \
    X(OLDEST_AT)        /* ms: when the oldest that is processing began; 0: none is */ \
    X(COUNTED_AT)       /* ms: of these four */ \
    X(APPS_ACTIVE) \
    X(APPS_DISABLED)

#define DYGW_GAUGE(id) DYGW_GAUGE_##id,
typedef enum { DYGW_GAUGE_LIST(DYGW_GAUGE) DYGW_GAUGES } dygw_gauge_e;
#undef DYGW_GAUGE

extern const char *const dygw_gauge_words[DYGW_GAUGES];

/* --- the memory --- */

typedef struct dygw_metrics_t dygw_metrics_t;

/* Shared memory of this size, formatted once. */
apr_size_t dygw_metrics_size(void);
void dygw_metrics_format(void *memory);

/* This process's way to it, in pool. */
dygw_metrics_t *dygw_metrics_attach(void *memory, apr_pool_t *pool);

/* --- counting, from any thread --- */

void dygw_count(const dygw_metrics_t *metrics, dygw_counter_e family, int series);

/* A call to Douyin that took so long. */
void dygw_observe(const dygw_metrics_t *metrics, dygw_upstream_e call, apr_interval_time_t took);

void dygw_gauge(const dygw_metrics_t *metrics, dygw_gauge_e gauge, apr_int64_t value);

/* A number that nobody could know beforehand gets a place of its own, the same in all processes, to
 * be counted by. -1: all places are taken by others, or metrics is NULL. */
int dygw_metrics_place(const dygw_metrics_t *metrics, apr_int64_t number);

/* --- reading --- */

/* Whose a place is; 0: nobody's yet. */
apr_int64_t dygw_metrics_number(const dygw_metrics_t *metrics, int place);

apr_uint64_t dygw_counted(const dygw_metrics_t *metrics, dygw_counter_e family, int series);

/* Upper bounds of the histogram's buckets, in us; above the last one is one more bucket. */
#define DYGW_BUCKETS 13
extern const apr_interval_time_t dygw_bucket_bounds[DYGW_BUCKETS - 1];

typedef struct dygw_histogram_t {
    apr_uint64_t up_to[DYGW_BUCKETS];   /* how many calls took up to the bound; the last: all */
    apr_uint64_t sum;                   /* us */
} dygw_histogram_t;

void dygw_observed(const dygw_metrics_t *metrics, dygw_upstream_e call, dygw_histogram_t *out);

apr_int64_t dygw_gauged(const dygw_metrics_t *metrics, dygw_gauge_e gauge);

/* When the memory was formatted, in ms: since then it has been counted. */
apr_int64_t dygw_metrics_since(const dygw_metrics_t *metrics);

#endif
