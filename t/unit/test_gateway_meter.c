/* SPDX-License-Identifier: Apache-2.0
 * The meter: how many requests an app has, exactly, and when its last use is written down.
 * links: gateway/ask.c gateway/host.c gateway/apps/meter.c gateway/token.c gateway/db_work.c
 * helpers: fake_world.c fake_store.c fake_apps.c fake_douyin.c own_pool.c */
#include "support/fake_world.h"
#include "support/own_pool.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "gateway/apps/meter.h"
#include "util/compiler.h"

#define START_US  APR_INT64_C(5000000)
#define SEC_US    APR_INT64_C(1000000)
#define PROCESSES 4
#define ALL       1000000 /* long enough for them to meet */
#define MINUTE_MS 60000

static dygw_gateway_t *gateway;
static void *memory;
static apr_int64_t now_us;

/* The clock of the allowances. */
int clock_gettime(DYGW_UNUSED clockid_t clock, struct timespec *t)
{
    t->tv_sec = now_us / SEC_US;
    t->tv_nsec = now_us % SEC_US * 1000;
    return 0;
}

static int set_up(void **state)
{
    make_pool(state);
    gateway = fake_world(pool);
    memory = mmap(NULL, dygw_meter_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    assert_int_equal(dygw_meter_format(memory), APR_SUCCESS);
    gateway->meter = memory;
    now_us = START_US;
    return 0;
}

static int tear_down(void **state)
{
    munmap(memory, dygw_meter_size());
    return destroy_pool(state);
}

static void limit(int per_second, int burst)
{
    gateway->rate_per_second = per_second;
    gateway->rate_burst = burst;
}

static int wait_of(apr_int64_t app_id)
{
    const dygw_known_app_t app = { .id = app_id,
                                   .client_key = "key",
                                   .rate_per_second = gateway->rate_per_second,
                                   .rate_burst = gateway->rate_burst };

    return dygw_meter_admit(gateway, &app);
}

/* An app whose id is not known. */
static int wait_of_key(const char *client_key)
{
    const dygw_known_app_t app = { .client_key = client_key, .rate_per_second = 1, .rate_burst = 2 };

    return dygw_meter_admit(gateway, &app);
}

/* How many of `tries` at once come through. */
static int admitted(apr_int64_t app_id, int tries)
{
    int count = 0;

    while (tries-- > 0) {
        count += wait_of(app_id) == 0;
    }
    return count;
}

/* --- the allowance --- */

static void without_a_limit_everything_comes_through(DYGW_UNUSED void **state)
{
    assert_int_equal(admitted(1, 100000), 100000);
}

static void so_many_may_come_at_once(DYGW_UNUSED void **state)
{
    limit(5, 20);
    assert_int_equal(admitted(1, 100), 20);
    assert_int_equal(admitted(2, 100), 20);
}

static void so_many_come_back_with_each_second(DYGW_UNUSED void **state)
{
    limit(5, 20);
    admitted(1, 20);
    now_us += SEC_US;
    assert_int_equal(admitted(1, 100), 5);
    now_us += 3 * SEC_US;
    assert_int_equal(admitted(1, 100), 15);
    now_us += 3600 * SEC_US;
    assert_int_equal(admitted(1, 100), 20);
}

static void nothing_is_lost_by_rounding(DYGW_UNUSED void **state)
{
    int count = 0;
    int i;

    limit(7, 7); /* 1/7 s is no whole number of us */
    admitted(1, 7);
    for (i = 0; i < 1000; i++) {
        now_us += 10007;
        count += admitted(1, 1);
    }
    assert_int_equal(count, 1000 * 10007 * 7 / 1000000);
}

static void a_token_comes_exactly_when_its_time_is_full(DYGW_UNUSED void **state)
{
    limit(4, 1);
    assert_int_equal(admitted(1, 1), 1);
    now_us += 249999;
    assert_int_equal(admitted(1, 1), 0);
    now_us += 1;
    assert_int_equal(admitted(1, 2), 1);
    limit(7, 1);
    now_us += 142857; /* a millionth is missing */
    assert_int_equal(wait_of(1), 1);
    now_us += 1;
    assert_int_equal(wait_of(1), 0);
}

static void the_wait_that_is_told_is_long_enough(DYGW_UNUSED void **state)
{
    int wait;

    limit(1, 3);
    admitted(1, 3);
    now_us += 400000;
    wait = wait_of(1);
    assert_int_equal(wait, 1);
    now_us += wait * SEC_US;
    assert_int_equal(wait_of(1), 0);
    assert_int_equal(wait_of(1), 1);
}

static void what_is_refused_costs_nothing(DYGW_UNUSED void **state)
{
    limit(1, 1);
    admitted(1, 1000);
    now_us += SEC_US;
    assert_int_equal(admitted(1, 1), 1);
}

static void a_thread_that_was_overtaken_gains_nothing(DYGW_UNUSED void **state)
{
    limit(10, 2);
    admitted(1, 1);
    now_us -= 90000;
    assert_int_equal(admitted(1, 10), 1);
    now_us += 90000 + 99999;
    assert_int_equal(admitted(1, 10), 0);
    now_us += 1;
    assert_int_equal(admitted(1, 10), 1);
}

static void a_lower_limit_holds_at_once(DYGW_UNUSED void **state)
{
    limit(100, 1000);
    admitted(1, 10);
    limit(2, 3);
    assert_int_equal(admitted(1, 100), 3);
    limit(0, 0);
    assert_int_equal(admitted(1, 100), 100);
    limit(2, 3);
    assert_int_equal(admitted(1, 100), 0);
}

static void the_highest_limit_does_not_overflow(DYGW_UNUSED void **state)
{
    limit(1000000, 1000000);
    assert_int_equal(admitted(1, 1000001), 1000000);
    now_us += 1;
    assert_int_equal(admitted(1, 2), 1);
    now_us = APR_INT64_C(1) << 60;
    assert_int_equal(admitted(1, 1000001), 1000000);
}

static void apps_beyond_the_table_share_one_allowance(DYGW_UNUSED void **state)
{
    limit(1, 10);
    assert_int_equal(admitted(DYGW_METER_APPS, 20), 10);
    assert_int_equal(admitted(DYGW_METER_APPS + 1, 6), 6);
    assert_int_equal(admitted(APR_INT64_C(1) << 53, 6), 4);
}

static void all_processes_take_from_one_allowance(DYGW_UNUSED void **state)
{
    int *counts = mmap(NULL, PROCESSES * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[PROCESSES];
    int total = 0;
    int i;

    limit(1, ALL);
    for (i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            counts[i] = admitted(1, ALL / 2);
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++) {
        waitpid(pids[i], NULL, 0);
        total += counts[i];
    }
    munmap(counts, PROCESSES * sizeof(int));
    assert_int_equal(total, ALL);
}

/* --- last use --- */

static void add_apps(int count)
{
    int i;

    for (i = 0; i < count; i++) {
        dygw_app_t app
            = { .id = i + 1, .client_key = apr_psprintf(pool, "key-%d", i + 1), .last_used_at = DYGW_NO_TIME };

        fake_store_add_app(&app);
    }
}

static apr_status_t flush(void)
{
    return dygw_meter_flush(FAKE_CTX(gateway, pool));
}

static void a_use_is_written_with_the_next_look(DYGW_UNUSED void **state)
{
    add_apps(2);
    assert_int_equal(flush(), APR_SUCCESS);
    assert_string_equal(fake_trace(), "");
    wait_of(2);
    assert_string_equal(fake_trace(), "");
    assert_int_equal(flush(), APR_SUCCESS);
    assert_string_equal(fake_trace(), "open begin used commit close");
    assert_true(fake_store_app(0)->last_used_at == DYGW_NO_TIME);
    assert_true(fake_store_app(1)->last_used_at == FAKE_START_MS);
}

static void an_app_is_written_once_a_minute_at_most(DYGW_UNUSED void **state)
{
    int i;

    add_apps(1);
    for (i = 0; i < 180; i++) {
        wait_of(1);
        flush();
        fake_clock_advance(1000);
    }
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 3);
    fake_clock_advance(MINUTE_MS);
    flush();
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 4);
    assert_true(fake_store_app(0)->last_used_at == FAKE_START_MS + 179000);
    fake_clock_advance(MINUTE_MS);
    flush();
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 4);
}

static void what_could_not_be_written_is_written_later(DYGW_UNUSED void **state)
{
    add_apps(1);
    wait_of(1);
    fake_store_fail(FAKE_APP_USED, 0, 1, APR_EGENERAL, 0);
    assert_int_equal(flush(), APR_EGENERAL);
    assert_int_equal(flush(), APR_SUCCESS);
    assert_true(fake_store_app(0)->last_used_at == FAKE_START_MS);
}

static void many_apps_are_written_by_and_by(DYGW_UNUSED void **state)
{
    int i;

    add_apps(120);
    for (i = 1; i <= 120; i++) {
        wait_of(i);
    }
    flush();
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 100);
    flush();
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 120);
    flush();
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 120);
}

static void what_is_refused_is_a_use_too(DYGW_UNUSED void **state)
{
    limit(1, 1);
    add_apps(1);
    wait_of(1);
    fake_clock_advance(10);
    assert_int_equal(wait_of(1), 1);
    flush();
    assert_true(fake_store_app(0)->last_used_at == FAKE_START_MS + 10);
}

static void a_clock_set_back_does_not_stop_it(DYGW_UNUSED void **state)
{
    add_apps(1);
    wait_of(1);
    flush();
    fake_clock_advance(1);
    wait_of(1);
    fake_clock_advance(-10 * MINUTE_MS);
    flush();
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 2);
    wait_of(1); /* a use by the clock as it is */
    fake_clock_advance(MINUTE_MS);
    flush();
    assert_int_equal(fake_store_calls(FAKE_APP_USED), 3);
}

static void an_app_has_its_own_rate(DYGW_UNUSED void **state)
{
    const dygw_known_app_t slow = { .id = 1, .client_key = "key", .rate_per_second = 1, .rate_burst = 1 };
    const dygw_known_app_t free = { .id = 2, .client_key = "key", .rate_per_second = 0 };

    limit(5, 5);
    assert_int_equal(dygw_meter_admit(gateway, &slow), 0);
    assert_int_equal(dygw_meter_admit(gateway, &slow), 1);
    assert_int_equal(dygw_meter_admit(gateway, &free), 0);
    assert_int_equal(dygw_meter_admit(gateway, &free), 0);
    assert_int_equal(admitted(3, 10), 5);
}

static void apps_without_an_id_have_an_allowance_each(DYGW_UNUSED void **state)
{
    add_apps(1);
    assert_int_equal(wait_of_key("key-1"), 0);
    assert_int_equal(wait_of_key("key-1"), 0);
    assert_int_equal(wait_of_key("key-1"), 1);
    assert_int_equal(wait_of_key("key-2"), 0);
    assert_int_equal(flush(), APR_SUCCESS);
    assert_string_equal(fake_trace(), ""); /* and are nobody to write down */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_limit_everything_comes_through),
        TEST(so_many_may_come_at_once),
        TEST(so_many_come_back_with_each_second),
        TEST(nothing_is_lost_by_rounding),
        TEST(a_token_comes_exactly_when_its_time_is_full),
        TEST(the_wait_that_is_told_is_long_enough),
        TEST(what_is_refused_costs_nothing),
        TEST(a_thread_that_was_overtaken_gains_nothing),
        TEST(a_lower_limit_holds_at_once),
        TEST(the_highest_limit_does_not_overflow),
        TEST(apps_beyond_the_table_share_one_allowance),
        TEST(all_processes_take_from_one_allowance),
        TEST(a_use_is_written_with_the_next_look),
        TEST(an_app_is_written_once_a_minute_at_most),
        TEST(what_could_not_be_written_is_written_later),
        TEST(many_apps_are_written_by_and_by),
        TEST(what_is_refused_is_a_use_too),
        TEST(a_clock_set_back_does_not_stop_it),
        TEST(an_app_has_its_own_rate),
        TEST(apps_without_an_id_have_an_allowance_each),
    };

    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gateway_meter", tests, NULL, NULL);
}
