/* SPDX-License-Identifier: Apache-2.0
 * Counters, gauges and the histogram, in memory that processes share.
 * helpers: own_pool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_general.h>

#include "support/own_pool.h"
#include "util/compiler.h"
#include "util/metrics.h"

#define PROCESSES 4
#define ROUNDS    20000

static char *memory;
static dygw_metrics_t *metrics;

static int set_up(void **state)
{
    make_pool(state);
    memory = mmap(NULL, dygw_metrics_size() + 8, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return -1;
    }
    dygw_metrics_format(memory + 8); /* where APR would have it begin */
    metrics = dygw_metrics_attach(memory + 8, pool);
    return 0;
}

static int tear_down(void **state)
{
    destroy_pool(state);
    return munmap(memory, dygw_metrics_size() + 8);
}

static void nothing_is_counted_at_first(DYGW_UNUSED void **state)
{
    dygw_histogram_t histogram;
    int i;

    for (i = 0; i < DYGW_COUNTER_SLOTS; i++) {
        assert_int_equal(dygw_counted(metrics, (dygw_counter_e)0, i), 0);
    }
    dygw_observed(metrics, DYGW_UPSTREAM_VERIFY, &histogram);
    assert_int_equal(histogram.up_to[DYGW_BUCKETS - 1], 0);
    assert_int_equal(dygw_gauged(metrics, DYGW_GAUGE_JOBS), 0);
    assert_true(dygw_metrics_since(metrics) > 0);
}

static void a_series_is_counted_and_no_other(DYGW_UNUSED void **state)
{
    apr_uint64_t others = 0;
    int i;

    dygw_count(metrics, DYGW_COUNT_CANCELS, DYGW_CANCEL_REFUSED);
    dygw_count(metrics, DYGW_COUNT_CANCELS, DYGW_CANCEL_REFUSED);
    assert_int_equal(dygw_counted(metrics, DYGW_COUNT_CANCELS, DYGW_CANCEL_REFUSED), 2);
    for (i = 0; i < DYGW_COUNTER_SLOTS; i++) {
        others += dygw_counted(metrics, (dygw_counter_e)0, i);
    }
    assert_int_equal(others, 2);
}

static void families_do_not_overlap(DYGW_UNUSED void **state)
{
    int next = 0;
    int i;

    for (i = 0; i < DYGW_FAMILIES; i++) {
        assert_int_equal(dygw_families[i].first, next);
        assert_true(dygw_families[i].series > 0);
        next += dygw_families[i].series;
    }
    assert_int_equal(next, DYGW_COUNTER_SLOTS);
}

static void without_memory_nothing_happens(DYGW_UNUSED void **state)
{
    dygw_count(NULL, DYGW_COUNT_DB_ERRORS, 0);
    dygw_observe(NULL, DYGW_UPSTREAM_GET, 1000);
    dygw_gauge(NULL, DYGW_GAUGE_JOBS, 7);
    assert_int_equal(dygw_counted(metrics, DYGW_COUNT_DB_ERRORS, 0), 0);
}

static void a_gauge_is_what_was_set_last(DYGW_UNUSED void **state)
{
    dygw_gauge(metrics, DYGW_GAUGE_JOBS, 7);
    dygw_gauge(metrics, DYGW_GAUGE_JOBS, 3);
    assert_int_equal(dygw_gauged(metrics, DYGW_GAUGE_JOBS), 3);
    assert_int_equal(dygw_gauged(metrics, DYGW_GAUGE_LEASE_HELD), 0);
}

static void buckets_are_cumulative_and_take_their_bound_in(DYGW_UNUSED void **state)
{
    apr_interval_time_t last = dygw_bucket_bounds[DYGW_BUCKETS - 2];
    dygw_histogram_t histogram;
    int i;

    dygw_observe(metrics, DYGW_UPSTREAM_ORDER, dygw_bucket_bounds[0]);
    dygw_observe(metrics, DYGW_UPSTREAM_ORDER, dygw_bucket_bounds[0] + 1);
    dygw_observe(metrics, DYGW_UPSTREAM_ORDER, last + 1);
    dygw_observed(metrics, DYGW_UPSTREAM_ORDER, &histogram);
    assert_int_equal(histogram.up_to[0], 1);
    for (i = 1; i < DYGW_BUCKETS - 1; i++) {
        assert_int_equal(histogram.up_to[i], 2);
    }
    assert_int_equal(histogram.up_to[DYGW_BUCKETS - 1], 3);
    assert_int_equal(histogram.sum, 2 * dygw_bucket_bounds[0] + 1 + last + 1);
    dygw_observed(metrics, DYGW_UPSTREAM_TOKEN, &histogram);
    assert_int_equal(histogram.up_to[DYGW_BUCKETS - 1], 0);
}

static void bounds_grow_from_what_is_quick_to_the_longest_call(DYGW_UNUSED void **state)
{
    int i;

    for (i = 1; i < DYGW_BUCKETS - 1; i++) {
        assert_true(dygw_bucket_bounds[i] > dygw_bucket_bounds[i - 1]);
    }
    assert_true(dygw_bucket_bounds[0] < 80000);
    assert_true(dygw_bucket_bounds[DYGW_BUCKETS - 2] >= 5000000);
}

static void count_in_a_process(void)
{
    dygw_metrics_t *own = dygw_metrics_attach(memory + 8, pool);
    int i;

    for (i = 0; i < ROUNDS; i++) {
        dygw_count(own, DYGW_COUNT_WEBHOOKS, DYGW_WEBHOOK_NEWS);
        dygw_observe(own, DYGW_UPSTREAM_QUERY, 1);
    }
    _exit(0);
}

/* The first and the last have pids that lead to the same copy now and then; and one is gone before
 * anybody reads. */
static void nothing_is_lost_between_processes(DYGW_UNUSED void **state)
{
    dygw_histogram_t histogram;
    pid_t pids[PROCESSES];
    int i;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            count_in_a_process();
        }
    }
    for (i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
    }
    assert_int_equal(dygw_counted(metrics, DYGW_COUNT_WEBHOOKS, DYGW_WEBHOOK_NEWS), PROCESSES * ROUNDS);
    dygw_observed(metrics, DYGW_UPSTREAM_QUERY, &histogram);
    assert_int_equal(histogram.up_to[DYGW_BUCKETS - 1], PROCESSES * ROUNDS);
    assert_int_equal(histogram.sum, PROCESSES * ROUNDS);
}

static void a_number_has_one_place_in_all_processes_as_long_as_there_is_room(DYGW_UNUSED void **state)
{
    const dygw_metrics_t *other = dygw_metrics_attach(memory + 8, pool);
    int places[DYGW_METRIC_NUMBERS] = { 0 };

    assert_int_equal(dygw_metrics_number(metrics, 0), 0);
    for (apr_int64_t number = 2119001; number <= 2119000 + DYGW_METRIC_NUMBERS; number++) {
        int place = dygw_metrics_place(metrics, number);

        assert_in_range(place, 0, DYGW_METRIC_NUMBERS - 1);
        assert_int_equal(places[place]++, 0);
        assert_int_equal(dygw_metrics_place(other, number), place);
        assert_int_equal(dygw_metrics_number(other, place), number);
    }
    assert_int_equal(dygw_metrics_place(metrics, 1), -1);
    assert_in_range(dygw_metrics_place(metrics, 2119001), 0, DYGW_METRIC_NUMBERS - 1);
    assert_int_equal(dygw_metrics_place(NULL, 1), -1);
}

static void processes_that_meet_a_number_at_once_agree_on_its_place(DYGW_UNUSED void **state)
{
    pid_t pids[PROCESSES];
    int status;
    int i;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            for (apr_int64_t number = 1; number <= DYGW_METRIC_NUMBERS; number++) {
                dygw_count(metrics, DYGW_COUNT_REFUSALS, DYGW_REFUSAL_CODES + dygw_metrics_place(metrics, number));
            }
            _exit(0);
        }
        assert_true(pids[i] > 0);
    }
    for (i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    for (i = 0; i < DYGW_METRIC_NUMBERS; i++) {
        assert_in_range(dygw_metrics_number(metrics, i), 1, DYGW_METRIC_NUMBERS);
        assert_int_equal(dygw_counted(metrics, DYGW_COUNT_REFUSALS, DYGW_REFUSAL_CODES + i), PROCESSES);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_counted_at_first),
        TEST(a_series_is_counted_and_no_other),
        TEST(families_do_not_overlap),
        TEST(without_memory_nothing_happens),
        TEST(a_gauge_is_what_was_set_last),
        TEST(buckets_are_cumulative_and_take_their_bound_in),
        TEST(bounds_grow_from_what_is_quick_to_the_longest_call),
        TEST(nothing_is_lost_between_processes),
        TEST(a_number_has_one_place_in_all_processes_as_long_as_there_is_room),
        TEST(processes_that_meet_a_number_at_once_agree_on_its_place),
    };
    int failed;

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    failed = cmocka_run_group_tests_name("util_metrics", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
