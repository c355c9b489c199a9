/* SPDX-License-Identifier: Apache-2.0
 * Counts without a lock.
 *
 * Each counter is a slot in shared memory, and is added to atomically, by any thread of any
 * process; so nothing is lost when a child dies. There are several copies of all slots, each on
 * cache lines of its own, only for speed: a process adds to the copy that follows from its pid, and
 * readers add all copies up. */
#include "util/metrics.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

#define COPIES     16
#define CACHE_LINE 64

/* Several processes share the slots. So 64-bit atomics that a compiler emulates by a lock of one
 * process would not work. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");

typedef _Atomic apr_uint64_t slot_t;

typedef struct histogram_t {
    slot_t buckets[DYGW_BUCKETS];
    slot_t sum; /* us */
} histogram_t;

typedef struct copy_t {
    alignas(CACHE_LINE) slot_t counters[DYGW_COUNTER_SLOTS];
    histogram_t upstream[DYGW_UPSTREAM_CALLS];
} copy_t;

typedef struct shared_t {
    dygw_ms_t since;
    _Atomic apr_int64_t gauges[DYGW_GAUGES];
    _Atomic apr_int64_t numbers[DYGW_METRIC_NUMBERS]; /* 0: the place is free */
    copy_t copies[COPIES];
} shared_t;

struct dygw_metrics_t {
    shared_t *shared;
    copy_t *own;
};

const dygw_family_t dygw_families[DYGW_FAMILIES] = {
#define DYGW_FAMILY(id, series, name, help) { DYGW_COUNT_##id, (series), (name), (help) },
    DYGW_COUNTERS(DYGW_FAMILY)
#undef DYGW_FAMILY
};

const char *const dygw_gauge_words[DYGW_GAUGES] = {
#define DYGW_GAUGE(id) #id,
    DYGW_GAUGE_LIST(DYGW_GAUGE)
#undef DYGW_GAUGE
};

/* Douyin usually takes 80 ms and more, and the configuration allows a call to take some seconds. */
const apr_interval_time_t dygw_bucket_bounds[DYGW_BUCKETS - 1] = {
    25000, 50000, 80000, 100000, 150000, 200000, 300000, 500000, 1000000, 2000000, 3000000, 5000000,
};

/* --- the memory --- */

apr_size_t dygw_metrics_size(void)
{
    return sizeof(shared_t) + CACHE_LINE;
}

/* Returns the first address in memory that begins a cache line. Shared memory may begin anywhere,
 * but it has the same address in all processes. */
static shared_t *align_shared(void *memory)
{
    apr_uintptr_t past = (apr_uintptr_t)memory % CACHE_LINE;

    return (shared_t *)((char *)memory + (past ? CACHE_LINE - past : 0));
}

void dygw_metrics_format(void *memory)
{
    memset(memory, 0, dygw_metrics_size());
    align_shared(memory)->since = dygw_now();
}

dygw_metrics_t *dygw_metrics_attach(void *memory, apr_pool_t *pool)
{
    dygw_metrics_t *metrics = apr_palloc(pool, sizeof(*metrics));

    metrics->shared = align_shared(memory);
    metrics->own = &metrics->shared->copies[getpid() % COPIES];
    return metrics;
}

/* --- counting --- */

static void add_to_slot(slot_t *slot, apr_uint64_t more)
{
    atomic_fetch_add_explicit(slot, more, memory_order_relaxed);
}

void dygw_count(const dygw_metrics_t *metrics, dygw_counter_e family, int series)
{
    dygw_count_more(metrics, family, series, 1);
}

void dygw_count_more(const dygw_metrics_t *metrics, dygw_counter_e family, int series, int more)
{
    if (metrics) {
        add_to_slot(&metrics->own->counters[(int)family + series], (apr_uint64_t)more);
    }
}

void dygw_observe(const dygw_metrics_t *metrics, dygw_upstream_e call, apr_interval_time_t took)
{
    histogram_t *histogram;
    int bucket = 0;

    if (!metrics) {
        return;
    }
    while (bucket < DYGW_BUCKETS - 1 && took > dygw_bucket_bounds[bucket]) {
        bucket++;
    }
    histogram = &metrics->own->upstream[call];
    add_to_slot(&histogram->buckets[bucket], 1);
    add_to_slot(&histogram->sum, took > 0 ? (apr_uint64_t)took : 0);
}

void dygw_gauge(const dygw_metrics_t *metrics, dygw_gauge_e gauge, apr_int64_t value)
{
    if (metrics) {
        atomic_store_explicit(&metrics->shared->gauges[gauge], value, memory_order_relaxed);
    }
}

int dygw_metrics_place(const dygw_metrics_t *metrics, apr_int64_t number)
{
    int place;

    for (place = 0; metrics && place < DYGW_METRIC_NUMBERS; place++) {
        _Atomic apr_int64_t *owner = &metrics->shared->numbers[place];
        apr_int64_t found = atomic_load(owner);

        if (found == 0 && atomic_compare_exchange_strong(owner, &found, number)) {
            return place;
        }
        if (found == number) {
            return place;
        }
    }
    return -1;
}

/* --- reading --- */

apr_int64_t dygw_metrics_number(const dygw_metrics_t *metrics, int place)
{
    return atomic_load(&metrics->shared->numbers[place]);
}

static apr_uint64_t read_slot(const slot_t *slot)
{
    return atomic_load_explicit(slot, memory_order_relaxed);
}

apr_uint64_t dygw_counted(const dygw_metrics_t *metrics, dygw_counter_e family, int series)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < COPIES; i++) {
        sum += read_slot(&metrics->shared->copies[i].counters[(int)family + series]);
    }
    return sum;
}

void dygw_observed(const dygw_metrics_t *metrics, dygw_upstream_e call, dygw_histogram_t *out)
{
    apr_uint64_t count = 0;
    int bucket;
    int i;

    out->sum = 0;
    for (bucket = 0; bucket < DYGW_BUCKETS; bucket++) {
        for (i = 0; i < COPIES; i++) {
            count += read_slot(&metrics->shared->copies[i].upstream[call].buckets[bucket]);
        }
        out->up_to[bucket] = count;
    }
    for (i = 0; i < COPIES; i++) {
        out->sum += read_slot(&metrics->shared->copies[i].upstream[call].sum);
    }
}

apr_int64_t dygw_gauged(const dygw_metrics_t *metrics, dygw_gauge_e gauge)
{
    return atomic_load_explicit(&metrics->shared->gauges[gauge], memory_order_relaxed);
}

apr_int64_t dygw_metrics_since(const dygw_metrics_t *metrics)
{
    return metrics->shared->since;
}
