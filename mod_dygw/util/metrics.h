/* SPDX-License-Identifier: Apache-2.0
 * Metrics for monitoring: counters, a histogram for each call to Douyin, and gauges. All threads of
 * all children count without a lock (see metrics.c), in shared memory that outlives restarts, so
 * that counters never go down.
 *
 * Each series of a counter has a fixed place in that memory. The identity of the list of series
 * (dygw_series_identity) names the memory, so that a build with another list uses another memory.
 *
 * The functions that count take NULL for `metrics`: then nothing is counted. */
#ifndef DYGW_UTIL_METRICS_H
#define DYGW_UTIL_METRICS_H

#include <apr_pools.h>
#include <apr_time.h>

/* --- the series of each counter; the last name of each list is how many there are --- */

/* Of POST /coupons/verify. The first three are counted for each verification, the others for each
 * request. */
typedef enum {
    DYGW_REDEMPTION_SUCCESS,
    DYGW_REDEMPTION_FAILED,
    DYGW_REDEMPTION_PROCESSING,
    DYGW_REDEMPTION_REFUSED,
    DYGW_REDEMPTION_REPLAYED,
    DYGW_REDEMPTION_SERIES
} dygw_redemption_series_e;

/* Verifications that the background settled, by their outcome. */
typedef enum {
    DYGW_SETTLED_SUCCESS,
    DYGW_SETTLED_FAILED,
    DYGW_SETTLED_SERIES
} dygw_settled_series_e;

typedef enum {
    DYGW_CANCEL_DONE,
    DYGW_CANCEL_REFUSED,
    DYGW_CANCEL_UNKNOWN,
    DYGW_CANCEL_GIVEN_UP,
    DYGW_CANCEL_ELSEWHERE,
    DYGW_CANCEL_ORPHAN,
    DYGW_CANCEL_ORPHAN_LEFT, /* an orphan was cancelled, or could not be */
    DYGW_CANCEL_SERIES
} dygw_cancel_series_e;

/* The calls to Douyin. */
typedef enum {
    DYGW_UPSTREAM_TOKEN,
    DYGW_UPSTREAM_PREPARE,
    DYGW_UPSTREAM_VERIFY,
    DYGW_UPSTREAM_CANCEL,
    DYGW_UPSTREAM_GET,
    DYGW_UPSTREAM_QUERY,
    DYGW_UPSTREAM_ORDER,
    DYGW_UPSTREAM_RECORDS,
    DYGW_UPSTREAM_STORES,
    DYGW_UPSTREAM_LEDGER,
    DYGW_UPSTREAM_SHORT_LINK,
    DYGW_UPSTREAM_AFTER_SALE,
    DYGW_UPSTREAM_CALLS
} dygw_upstream_e;

/* How calls to Douyin fail, apart from refusals. */
typedef enum {
    DYGW_CALL_BUSY,
    DYGW_CALL_GARBLED,
    DYGW_CALL_TIMEOUT,
    DYGW_CALL_LOST,
    DYGW_CALL_UNREACHABLE,
    DYGW_CALL_ERRORS
} dygw_call_error_e;

/* Why the access token was renewed. */
typedef enum {
    DYGW_RENEWED_DUE,
    DYGW_RENEWED_REFUSED,
    DYGW_RENEWED_MISSING,
    DYGW_RENEWED_TOLD,
    DYGW_RENEWED_SERIES
} dygw_renewed_series_e;

typedef enum {
    DYGW_WEBHOOK_NEWS,
    DYGW_WEBHOOK_REPEATED,
    DYGW_WEBHOOK_UNKNOWN,
    DYGW_WEBHOOK_IGNORED,
    DYGW_WEBHOOK_URL_CHECK,
    DYGW_WEBHOOK_FAILED,
    DYGW_WEBHOOK_SERIES
} dygw_webhook_series_e;

/* What requests share commits for. */
typedef enum { DYGW_BATCH_INSERT, DYGW_BATCH_SETTLE, DYGW_BATCH_SERIES } dygw_batch_series_e;

/* Places for series whose names are in other files. */
#define DYGW_REQUEST_CODES  32 /* codes of our replies, for each of the two APIs */
#define DYGW_REQUEST_APIS   2  /* /open and /internal */
#define DYGW_REFUSAL_CODES  96 /* codes of Douyin's that douyin/codes.h has */
#define DYGW_METRIC_NUMBERS 32 /* other codes of Douyin's, see dygw_metrics_place */
#define DYGW_REASON_SERIES  48 /* reasons that gateway/reasons.h has */

/* --- all counters --- */

/* X(family, how many series, name, help) */
#define DYGW_COUNTERS(X) \
    X(REDEMPTIONS, DYGW_REDEMPTION_SERIES, "dygw_redemptions_total", \
      "What POST /coupons/verify was answered: coupons by their outcome, and requests that were " \
      "refused or replayed.") \
    X(SETTLED, DYGW_SETTLED_SERIES, "dygw_settled_total", \
      "Redemptions that were processing and were settled by the background.") \
    X(CANCELS, DYGW_CANCEL_SERIES, "dygw_cancels_total", \
      "Cancels by what became of them, by request and by the background.") \
    X(REQUESTS, (DYGW_REQUEST_APIS * DYGW_REQUEST_CODES), "dygw_requests_total", \
      "Requests by handler and by the code of the answer.") \
    X(REFUSALS, DYGW_REFUSAL_CODES + DYGW_METRIC_NUMBERS, "dygw_refusals_total", \
      "What Douyin refused, by its error_code or the result of a coupon.") \
    X(CALL_ERRORS, (DYGW_UPSTREAM_CALLS * DYGW_CALL_ERRORS), "dygw_upstream_errors_total", \
      "Calls to Douyin that had no answer that tells, by call and kind.") \
    X(RENEWED, DYGW_RENEWED_SERIES, "dygw_token_refreshes_total", \
      "New access tokens by why they were fetched.") \
    X(WEBHOOKS, DYGW_WEBHOOK_SERIES, "dygw_webhooks_total", \
      "Messages of Douyin by what came of them.") \
    X(REASONS, DYGW_REASON_SERIES, "dygw_reasons_total", \
      "Why coupons were not redeemed, and what was answered with an error that has a reason.") \
    X(DB_ERRORS, 1, "dygw_database_errors_total", "Statements that failed for good.") \
    X(DB_UNREACHABLE, 1, "dygw_database_connection_failures_total", \
      "Units of work that got no connection to the database.") \
    X(DB_REPAIRS, 1, "dygw_database_repairs_total", \
      "Connections that had died and were renewed under way.") \
    X(DB_BATCHES, DYGW_BATCH_SERIES, "dygw_database_batches_total", \
      "Commits that requests may share, by what they write.") \
    X(DB_BATCHED, DYGW_BATCH_SERIES, "dygw_database_batched_total", \
      "Requests in those commits: as many where none were shared.")

/* A counter with its series is a family. dygw_counter_e: the place of the first series of a family;
 * dygw_family_e: the place of the family in the list. */
#define DYGW_FIRST_AND_LAST(id, series, name, help) \
    DYGW_COUNT_##id, DYGW_LAST_OF_##id = DYGW_COUNT_##id + (series)-1,
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

/* Gauges. Only the background thread of the host's leader sets them. */
#define DYGW_GAUGE_LIST(X) \
    X(LEASE_HELD)  /* 1: this host does the background work */ \
    X(JOBS)        /* jobs under way */ \
    X(TO_SETTLE)   /* verifications that wait to be settled, as counted last; */ \
    X(TO_CANCEL)   /* to be cancelled; */ \
    X(TO_ENRICH)   /* to be enriched */ \
    X(OLDEST_AT)   /* ms: when the oldest `processing` verification began; 0: none */ \
    X(COUNTED_AT)  /* ms: when these four were counted */ \
    X(APPS_ACTIVE) /* apps of the database, */ \
    X(APPS_DISABLED) \
    X(DECLARED_ACTIVE) /* and of httpd.conf */ \
    X(DECLARED_DISABLED) \
    X(DIFFERENCES)    /* apps that another host declares otherwise than this one */ \
    X(CONFLICTS)      /* declared apps that another app is in the way of */ \
    X(LEDGER_REFUSED) /* accounts whose settlement ledger Douyin does not show us */

#define DYGW_GAUGE(id) DYGW_GAUGE_##id,
typedef enum { DYGW_GAUGE_LIST(DYGW_GAUGE) DYGW_GAUGES } dygw_gauge_e;
#undef DYGW_GAUGE

extern const char *const dygw_gauge_words[DYGW_GAUGES];

/* --- the memory --- */

typedef struct dygw_metrics_t dygw_metrics_t;

/* The size of the shared memory, in bytes. */
apr_size_t dygw_metrics_size(void);

/* Prepares the memory, before any process attaches to it: sets all counters to 0. */
void dygw_metrics_format(void *memory);

/* Gives this process access to the formatted memory; the result is in pool. */
dygw_metrics_t *dygw_metrics_attach(void *memory, apr_pool_t *pool);

/* --- counting; any thread may call these --- */

/* Adds one to a series of a family. */
void dygw_count(const dygw_metrics_t *metrics, dygw_counter_e family, int series);

/* Adds `more` to it. */
void dygw_count_more(const dygw_metrics_t *metrics, dygw_counter_e family, int series, int more);

/* Counts a call to Douyin that took `took` (us). */
void dygw_observe(const dygw_metrics_t *metrics, dygw_upstream_e call, apr_interval_time_t took);

/* Sets a gauge. */
void dygw_gauge(const dygw_metrics_t *metrics, dygw_gauge_e gauge, apr_int64_t value);

/* Returns the place of a number (not 0) that has no series in the lists, as a code of Douyin's that
 * we do not know. The first call for a number reserves a place for it, which is the same in all
 * processes. -1: other numbers have all places, or metrics is NULL. */
int dygw_metrics_place(const dygw_metrics_t *metrics, apr_int64_t number);

/* --- reading --- */

/* The number that has the place; 0: the place is free. */
apr_int64_t dygw_metrics_number(const dygw_metrics_t *metrics, int place);

/* The value of a series. */
apr_uint64_t dygw_counted(const dygw_metrics_t *metrics, dygw_counter_e family, int series);

/* The upper bounds of the histogram's buckets, in us. The last bucket has no bound. */
#define DYGW_BUCKETS 13
extern const apr_interval_time_t dygw_bucket_bounds[DYGW_BUCKETS - 1];

typedef struct dygw_histogram_t {
    apr_uint64_t up_to[DYGW_BUCKETS]; /* how many calls took up to the bound; last: all calls */
    apr_uint64_t sum;                 /* us that all calls took */
} dygw_histogram_t;

/* Reads the histogram of a call to Douyin into *out. */
void dygw_observed(const dygw_metrics_t *metrics, dygw_upstream_e call, dygw_histogram_t *out);

/* The value of a gauge. */
apr_int64_t dygw_gauged(const dygw_metrics_t *metrics, dygw_gauge_e gauge);

/* When the memory was formatted, in ms: since then the counters have counted. */
apr_int64_t dygw_metrics_since(const dygw_metrics_t *metrics);

#endif
