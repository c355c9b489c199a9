/* SPDX-License-Identifier: Apache-2.0
 * The table of spent nonces. links: process/nonce.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_errno.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "process/nonce.h"
#include "util/compiler.h"

#define NOW       APR_INT64_C(1767225600000)
#define WINDOW_MS 300000
#define HOURS_MS  APR_INT64_C(28800000)

/* --- a table in memory of exactly its size, so that tools see every step beside it --- */

typedef struct fixture_t {
    apr_pool_t *pool;
    void *memory;
    dygw_nonces_t *nonces;
    apr_thread_mutex_t *mutex;
    int held;   /* locks minus unlocks */
    int locked; /* locks */
} fixture_t;

static apr_pool_t *root;

static void lock(void *baton)
{
    fixture_t *f = baton;

    apr_thread_mutex_lock(f->mutex);
    f->held++;
    f->locked++;
}

static void unlock(void *baton)
{
    fixture_t *f = baton;

    f->held--;
    apr_thread_mutex_unlock(f->mutex);
}

static void *new_memory(int entries)
{
    void *memory = malloc(dygw_nonces_size(entries));

    assert_non_null(memory);
    assert_int_equal(dygw_nonces_format(memory, entries), APR_SUCCESS);
    return memory;
}

static dygw_nonces_t *attach_all(fixture_t *f, void *const *tables, int count)
{
    dygw_nonces_t *nonces = NULL;

    assert_int_equal(dygw_nonces_attach(&nonces, tables, count, &(dygw_nonces_lock_t){ lock, unlock, f }, f->pool),
                     APR_SUCCESS);
    return nonces;
}

static dygw_nonces_t *attach(fixture_t *f, void *memory)
{
    return attach_all(f, &memory, 1);
}

static void begin(fixture_t *f, int entries)
{
    memset(f, 0, sizeof *f);
    apr_pool_create(&f->pool, root);
    apr_thread_mutex_create(&f->mutex, APR_THREAD_MUTEX_DEFAULT, f->pool);
    f->memory = new_memory(entries);
    f->nonces = attach(f, f->memory);
}

static void end(fixture_t *f)
{
    assert_int_equal(f->held, 0);
    apr_pool_destroy(f->pool);
    free(f->memory);
}

static apr_status_t spend_at(fixture_t *f, const char *nonce, dygw_ms_t now, dygw_ms_t expires_at)
{
    return dygw_nonces_spend(f->nonces, "ck_one", nonce, now, expires_at, NULL);
}

static apr_status_t look_at(fixture_t *f, const char *nonce, dygw_ms_t now, dygw_ms_t expires_at)
{
    return dygw_nonces_look(f->nonces, "ck_one", nonce, now, expires_at);
}

static apr_status_t spend_number(fixture_t *f, int number, dygw_ms_t now, dygw_ms_t expires_at)
{
    char nonce[32];

    snprintf(nonce, sizeof nonce, "nonce-%010d", number);
    return spend_at(f, nonce, now, expires_at);
}

static int held_at(fixture_t *f, dygw_ms_t now)
{
    int held, capacity;

    dygw_nonces_count(f->nonces, now, &held, &capacity);
    assert_int_equal(capacity, 100);
    return held;
}

/* --- the promises --- */

static void a_nonce_is_spent_once(DYGW_UNUSED void **state)
{
    fixture_t f;

    begin(&f, 100);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_EEXIST);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW + 1, NOW + WINDOW_MS + 1), APR_EEXIST);
    assert_int_equal(spend_at(&f, "0123456789abcdeg", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    end(&f);
}

static void apps_have_nonces_of_their_own(DYGW_UNUSED void **state)
{
    fixture_t f;
    dygw_ms_t expires_at = NOW + WINDOW_MS;

    begin(&f, 100);
    assert_int_equal(dygw_nonces_spend(f.nonces, "ck", "0123456789abcdef", NOW, expires_at, NULL), APR_SUCCESS);
    assert_int_equal(dygw_nonces_spend(f.nonces, "kc", "0123456789abcdef", NOW, expires_at, NULL), APR_SUCCESS);
    /* the border between key and nonce counts */
    assert_int_equal(dygw_nonces_spend(f.nonces, "ck0", "123456789abcdef", NOW, expires_at, NULL), APR_SUCCESS);
    end(&f);
}

static void a_nonce_is_remembered_to_the_last_millisecond_and_not_longer(DYGW_UNUSED void **state)
{
    fixture_t f;
    dygw_ms_t odd = NOW + 12345;

    begin(&f, 100);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, odd), APR_SUCCESS);
    assert_int_equal(spend_at(&f, "0123456789abcdef", odd - 1, odd + WINDOW_MS), APR_EEXIST);
    assert_int_equal(spend_at(&f, "0123456789abcdef", odd, odd + WINDOW_MS), APR_EEXIST);
    /* the whole second has to pass before its slot is emptied */
    assert_int_equal(spend_at(&f, "0123456789abcdef", odd + 1000, odd + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(spend_at(&f, "0123456789abcdef", odd + 1001, odd + WINDOW_MS), APR_EEXIST);
    end(&f);
}

/* A quiet table's wheel lags: what has expired goes within the very call that asks for it. */
static void what_is_forgotten_within_the_call_is_refused_by_it(DYGW_UNUSED void **state)
{
    dygw_ms_t expires_at = NOW + WINDOW_MS;
    fixture_t f;
    int late;

    for (late = 1; late < 20000; late += 999) {
        begin(&f, 50);
        assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, expires_at), APR_SUCCESS);
        assert_int_equal(spend_at(&f, "0123456789abcdef", expires_at + late, expires_at), APR_EEXIST);
        assert_int_equal(look_at(&f, "0123456789abcdef", expires_at + late, expires_at), APR_EEXIST);
        end(&f);
    }
}

static void room_that_is_made_by_forgetting_is_not_for_what_may_be_forgotten(DYGW_UNUSED void **state)
{
    dygw_ms_t expires_at = NOW + WINDOW_MS;
    fixture_t f;
    int i;

    begin(&f, 50);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spend_number(&f, i, NOW, expires_at), APR_SUCCESS);
    }
    assert_int_equal(spend_number(&f, 50, expires_at + 3000, expires_at), APR_EEXIST);
    assert_int_equal(spend_number(&f, 51, expires_at + 3000, expires_at + 1), APR_SUCCESS);
    end(&f);
}

static void looking_spends_nothing(DYGW_UNUSED void **state)
{
    fixture_t f;
    int i;

    begin(&f, 100);
    for (i = 0; i < 3; i++) {
        assert_int_equal(look_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    }
    assert_int_equal(held_at(&f, NOW), 0);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(look_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_EEXIST);
    assert_int_equal(look_at(&f, "0123456789abcdeg", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    end(&f);
}

static void a_full_table_refuses_and_forgets_nothing(DYGW_UNUSED void **state)
{
    fixture_t f;
    dygw_ms_t free_at = 0;
    int i;

    begin(&f, 50);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spend_number(&f, i, NOW, NOW + 10000 + i * 1000), APR_SUCCESS);
    }
    assert_int_equal(dygw_nonces_spend(f.nonces, "ck_one", "one-too-many", NOW + 5000, NOW + WINDOW_MS, &free_at),
                     APR_ENOSPC);
    assert_true(free_at == NOW + 10000);
    assert_int_equal(spend_at(&f, "one-too-many", NOW + 5000, NOW + WINDOW_MS), APR_ENOSPC);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spend_number(&f, i, NOW + 5000, NOW + WINDOW_MS), APR_EEXIST);
    }
    end(&f);
}

static void room_comes_back_as_entries_expire(DYGW_UNUSED void **state)
{
    fixture_t f;
    int i;

    begin(&f, 50);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spend_number(&f, i, NOW, NOW + 10000 + i * 1000), APR_SUCCESS);
    }
    /* just over 20 s later eleven have gone: those of 10 to 20 s */
    for (i = 0; i < 11; i++) {
        assert_int_equal(spend_number(&f, 100 + i, NOW + 20001, NOW + WINDOW_MS), APR_SUCCESS);
    }
    assert_int_equal(spend_number(&f, 200, NOW + 20001, NOW + WINDOW_MS), APR_ENOSPC);
    assert_int_equal(spend_number(&f, 11, NOW + 20001, NOW + WINDOW_MS), APR_EEXIST);
    end(&f);
}

static void the_count_is_of_what_has_not_expired(DYGW_UNUSED void **state)
{
    fixture_t f;
    int i;

    begin(&f, 100);
    assert_int_equal(held_at(&f, NOW), 0);
    for (i = 0; i < 100; i++) {
        assert_int_equal(spend_number(&f, i, NOW, NOW + 1000 * (i + 1)), APR_SUCCESS);
    }
    assert_int_equal(held_at(&f, NOW), 100);
    assert_int_equal(spend_number(&f, 100, NOW, NOW + WINDOW_MS), APR_ENOSPC);
    assert_int_equal(held_at(&f, NOW), 100);
    assert_int_equal(held_at(&f, NOW + 40001), 60);
    assert_int_equal(spend_number(&f, 101, NOW + 40001, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(spend_number(&f, 101, NOW + 40001, NOW + WINDOW_MS), APR_EEXIST);
    assert_int_equal(held_at(&f, NOW + 40001), 61);
    assert_int_equal(held_at(&f, NOW + 2 * WINDOW_MS), 0);
    end(&f);
}

static void traffic_without_end_needs_no_more_room_than_a_window(DYGW_UNUSED void **state)
{
    fixture_t f;
    int i;

    /* one request in 10 ms, each remembered for 2 s: 200 living, and those that wait to go */
    begin(&f, 320);
    for (i = 0; i < 200000; i++) {
        dygw_ms_t now = NOW + (dygw_ms_t)i * 10;

        assert_int_equal(spend_number(&f, i, now, now + 2000), APR_SUCCESS);
        if (i >= 150) {
            assert_int_equal(spend_number(&f, i - 150, now, now + 2000), APR_EEXIST);
        }
    }
    end(&f);
}

static void timestamps_need_not_come_in_order(DYGW_UNUSED void **state)
{
    fixture_t f;
    int i;

    begin(&f, 2000);
    srand(7);
    for (i = 0; i < 20000; i++) {
        dygw_ms_t now = NOW + (dygw_ms_t)i * 100;
        dygw_ms_t expires_at = now + rand() % 100000;

        assert_int_equal(spend_number(&f, i, now, expires_at), APR_SUCCESS);
        assert_int_equal(spend_number(&f, i, now, expires_at), APR_EEXIST);
    }
    end(&f);
}

static void after_a_long_silence_everything_is_free(DYGW_UNUSED void **state)
{
    fixture_t f;
    dygw_ms_t later = NOW + APR_INT64_C(1000) * 3600 * 24 * 30;
    int i;

    begin(&f, 50);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spend_number(&f, i, NOW, NOW + i * 7000), APR_SUCCESS);
    }
    for (i = 0; i < 50; i++) {
        assert_int_equal(spend_number(&f, i, later, later + WINDOW_MS), APR_SUCCESS);
    }
    assert_int_equal(spend_number(&f, 50, later, later + WINDOW_MS), APR_ENOSPC);
    end(&f);
}

/* Calls that let the table catch up with a clock that jumped. */
static void catch_up(fixture_t *f, dygw_ms_t now)
{
    int i;

    for (i = 0; i < 200; i++) {
        spend_at(f, "catching up", now, now + WINDOW_MS);
    }
}

static void a_clock_that_is_set_back_brings_no_nonce_back(DYGW_UNUSED void **state)
{
    fixture_t f;

    begin(&f, 50);
    catch_up(&f, NOW);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + 5000), APR_SUCCESS);
    assert_int_equal(spend_at(&f, "another", NOW + 60000, NOW + 60000 + WINDOW_MS), APR_SUCCESS);
    catch_up(&f, NOW + 60000);
    /* it is gone, and the clock says that its timestamp is good again */
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + 5000), APR_EEXIST);
    assert_int_equal(spend_at(&f, "another", NOW, NOW + WINDOW_MS), APR_EEXIST);
    /* what expires later than anything that is gone is not refused for it */
    assert_int_equal(spend_at(&f, "a third one", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    /* what a clock that was ahead for hours has removed closes the door, until that is known and forgiven */
    assert_int_equal(spend_at(&f, "of hours ahead", NOW + HOURS_MS, NOW + HOURS_MS + WINDOW_MS), APR_SUCCESS);
    catch_up(&f, NOW + HOURS_MS + 2 * WINDOW_MS);
    assert_int_equal(spend_at(&f, "of a second later", NOW + 1000, NOW + 1000 + WINDOW_MS), APR_EEXIST);
    dygw_nonces_forgive(f.nonces, NOW + 1000);
    assert_int_equal(spend_at(&f, "a third one", NOW + 1000, NOW + WINDOW_MS), APR_EEXIST);
    assert_int_equal(spend_at(&f, "of a second later", NOW + 1001, NOW + 1001 + WINDOW_MS), APR_SUCCESS);
    end(&f);
}

static void a_clock_that_was_far_ahead_does_not_close_the_door(DYGW_UNUSED void **state)
{
    fixture_t f;
    dygw_ms_t ahead = NOW + APR_INT64_C(1000) * 3600 * 24 * 3650;
    int i;

    begin(&f, 50);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + 5000), APR_SUCCESS);
    catch_up(&f, ahead);
    assert_int_equal(spend_at(&f, "back again", NOW + 1, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(spend_at(&f, "back again", NOW + 2, NOW + WINDOW_MS), APR_EEXIST);
    /* what expires from now on makes room as ever: one entry is from ahead, one from now */
    for (i = 0; i < 48; i++) {
        assert_int_equal(spend_number(&f, i, NOW + 10, NOW + 6000), APR_SUCCESS);
    }
    assert_int_equal(spend_number(&f, 48, NOW + 10, NOW + 6000), APR_ENOSPC);
    for (i = 0; i < 48; i++) {
        assert_int_equal(spend_number(&f, 100 + i, NOW + 8000, NOW + WINDOW_MS), APR_SUCCESS);
    }
    end(&f);
}

/* --- two generations --- */

static void two_attachments_see_one_table(DYGW_UNUSED void **state)
{
    fixture_t f;
    dygw_nonces_t *newer;

    begin(&f, 50);
    newer = attach(&f, f.memory);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(dygw_nonces_spend(newer, "ck_one", "0123456789abcdef", NOW, NOW + WINDOW_MS, NULL), APR_EEXIST);
    end(&f);
}

static void the_table_works_wherever_it_is_mapped(DYGW_UNUSED void **state)
{
    fixture_t f;
    apr_size_t size = dygw_nonces_size(50);
    void *elsewhere = malloc(size);

    begin(&f, 50);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    memcpy(elsewhere, f.memory, size);
    memset(f.memory, 0xA5, size);
    free(f.memory);
    f.memory = elsewhere;
    f.nonces = attach(&f, elsewhere);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + WINDOW_MS), APR_EEXIST);
    end(&f);
}

static void memory_that_is_no_table_is_not_attached(DYGW_UNUSED void **state)
{
    apr_size_t size = dygw_nonces_size(50);
    void *memory = calloc(1, size);
    dygw_nonces_t *nonces = NULL;

    assert_int_equal(dygw_nonces_attach(&nonces, &memory, 1, &(dygw_nonces_lock_t){ lock, unlock, NULL }, root),
                     APR_EINVAL);
    assert_null(nonces);
    free(memory);
}

/* --- a table of another size --- */

/* The generation that came with the other size; the one before goes on with f. */
static fixture_t begin_newer(fixture_t *f, int entries)
{
    fixture_t newer = *f;
    void *tables[] = { new_memory(entries), f->memory };

    dygw_nonces_follow(tables[0], tables[1]);
    newer.memory = tables[0];
    newer.nonces = attach_all(f, tables, 2);
    return newer;
}

static void another_size_keeps_what_is_spent(DYGW_UNUSED void **state)
{
    fixture_t f, newer;
    int i;

    begin(&f, 50);
    for (i = 0; i < 30; i++) {
        assert_int_equal(spend_number(&f, i, NOW, NOW + WINDOW_MS), APR_SUCCESS);
    }
    newer = begin_newer(&f, 10);
    for (i = 0; i < 30; i++) {
        assert_int_equal(spend_number(&newer, i, NOW, NOW + WINDOW_MS), APR_EEXIST);
    }
    assert_int_equal(spend_number(&newer, 30, NOW, NOW + WINDOW_MS), APR_SUCCESS);
    free(newer.memory);
    end(&f);
}

static void two_generations_with_tables_of_their_own_know_of_each_other(DYGW_UNUSED void **state)
{
    fixture_t f, newer;

    begin(&f, 50);
    newer = begin_newer(&f, 5000);
    assert_int_equal(spend_at(&f, "by the older one", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(spend_at(&newer, "by the older one", NOW, NOW + WINDOW_MS), APR_EEXIST);
    assert_int_equal(spend_at(&newer, "by the newer one", NOW, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(spend_at(&f, "by the newer one", NOW, NOW + WINDOW_MS), APR_EEXIST);
    free(newer.memory);
    end(&f);
}

static void a_full_older_table_does_not_close_the_door(DYGW_UNUSED void **state)
{
    fixture_t f, newer;
    int i;

    begin(&f, 50);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spend_number(&f, i, NOW, NOW + WINDOW_MS), APR_SUCCESS);
    }
    newer = begin_newer(&f, 100);
    assert_int_equal(spend_number(&newer, 50, NOW, NOW + WINDOW_MS), APR_SUCCESS);
    assert_int_equal(spend_number(&newer, 50, NOW, NOW + WINDOW_MS), APR_EEXIST);
    assert_int_equal(spend_number(&newer, 49, NOW, NOW + WINDOW_MS), APR_EEXIST);
    free(newer.memory);
    end(&f);
}

static void another_size_brings_no_nonce_back_with_the_clock(DYGW_UNUSED void **state)
{
    fixture_t f, newer;

    begin(&f, 50);
    catch_up(&f, NOW);
    assert_int_equal(spend_at(&f, "0123456789abcdef", NOW, NOW + 5000), APR_SUCCESS);
    catch_up(&f, NOW + 60000);
    newer = begin_newer(&f, 100);
    newer.nonces = attach(&f, newer.memory); /* when the older one is gone */
    assert_int_equal(spend_at(&newer, "0123456789abcdef", NOW, NOW + 5000), APR_EEXIST);
    free(newer.memory);
    end(&f);
}

/* --- many at once --- */

#define THREADS 4
#define ROUNDS  2000

typedef struct racer_t {
    fixture_t *f;
    int won;
} racer_t;

static void *APR_THREAD_FUNC race(apr_thread_t *thread, void *data)
{
    racer_t *racer = data;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        racer->won += spend_number(racer->f, i, NOW + i, NOW + WINDOW_MS) == APR_SUCCESS;
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void of_many_at_once_one_wins(DYGW_UNUSED void **state)
{
    fixture_t f;
    racer_t racers[THREADS];
    apr_thread_t *threads[THREADS];
    int i, won = 0;

    begin(&f, ROUNDS);
    for (i = 0; i < THREADS; i++) {
        racers[i] = (racer_t){ &f, 0 };
        assert_int_equal(apr_thread_create(&threads[i], NULL, race, &racers[i], f.pool), APR_SUCCESS);
    }
    for (i = 0; i < THREADS; i++) {
        apr_status_t rv;

        apr_thread_join(&rv, threads[i]);
        won += racers[i].won;
    }
    assert_int_equal(won, ROUNDS);
    assert_int_equal(f.locked, THREADS * ROUNDS);
    end(&f);
}

/* --- the database's key --- */

static void the_databases_key_tells_apps_and_nonces_apart(DYGW_UNUSED void **state)
{
    char one[33], two[33];

    dygw_nonce_key("ck", "0123456789abcdef", one);
    assert_int_equal(strlen(one), 32);
    assert_int_equal(strspn(one, "0123456789abcdef"), 32);
    dygw_nonce_key("ck", "0123456789abcdef", two);
    assert_string_equal(one, two);
    dygw_nonce_key("ck0", "123456789abcdef", two);
    assert_string_not_equal(one, two);
    dygw_nonce_key("ck", "0123456789abcdeg", two);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_spent_once),
        cmocka_unit_test(apps_have_nonces_of_their_own),
        cmocka_unit_test(a_nonce_is_remembered_to_the_last_millisecond_and_not_longer),
        cmocka_unit_test(what_is_forgotten_within_the_call_is_refused_by_it),
        cmocka_unit_test(room_that_is_made_by_forgetting_is_not_for_what_may_be_forgotten),
        cmocka_unit_test(looking_spends_nothing),
        cmocka_unit_test(a_full_table_refuses_and_forgets_nothing),
        cmocka_unit_test(room_comes_back_as_entries_expire),
        cmocka_unit_test(the_count_is_of_what_has_not_expired),
        cmocka_unit_test(traffic_without_end_needs_no_more_room_than_a_window),
        cmocka_unit_test(timestamps_need_not_come_in_order),
        cmocka_unit_test(after_a_long_silence_everything_is_free),
        cmocka_unit_test(a_clock_that_is_set_back_brings_no_nonce_back),
        cmocka_unit_test(a_clock_that_was_far_ahead_does_not_close_the_door),
        cmocka_unit_test(two_attachments_see_one_table),
        cmocka_unit_test(the_table_works_wherever_it_is_mapped),
        cmocka_unit_test(memory_that_is_no_table_is_not_attached),
        cmocka_unit_test(another_size_keeps_what_is_spent),
        cmocka_unit_test(two_generations_with_tables_of_their_own_know_of_each_other),
        cmocka_unit_test(a_full_older_table_does_not_close_the_door),
        cmocka_unit_test(another_size_brings_no_nonce_back_with_the_clock),
        cmocka_unit_test(of_many_at_once_one_wins),
        cmocka_unit_test(the_databases_key_tells_apps_and_nonces_apart),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&root, NULL);
    failed = cmocka_run_group_tests_name("process_nonce", tests, NULL, NULL);
    apr_pool_destroy(root);
    return failed;
}
