/* SPDX-License-Identifier: Apache-2.0
 * The table of spent nonces among many apps, and what a child that dies at work leaves in it.
 * links: process/nonce.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_errno.h>
#include <apr_general.h>

#include "process/nonce.h"
#include "util/compiler.h"
#include "util/lock.h"

#define NOW       APR_INT64_C(1767225600000)
#define WINDOW_MS 300000
#define APPS      10
#define ENTRIES   1000
#define FEW       20
#define STEPS_MAX 100000

static apr_pool_t *root;

/* --- a table, shared with children --- */

typedef struct fixture_t {
    apr_pool_t *pool;
    dygw_lock_t *lock;
    void *memory;
    apr_size_t size;
    dygw_nonces_t *nonces;
} fixture_t;

static void *shared(apr_size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

/* The key is that of a table of noughts, so that no two of our apps ever meet by chance. */
static void *new_memory(int entries)
{
    static const char noughts[65536];
    void *memory = shared(dygw_nonces_size(entries));

    assert_int_equal(dygw_nonces_format(memory, entries), APR_SUCCESS);
    dygw_nonces_follow(memory, noughts);
    return memory;
}

static dygw_nonces_t *attach(const fixture_t *f, void *const *tables, int count)
{
    dygw_nonces_t *nonces = NULL;

    assert_int_equal(dygw_nonces_attach(&nonces, tables, count,
                                        &(dygw_nonces_lock_t){ dygw_lock_take, dygw_lock_release, f->lock }, f->pool),
                     APR_SUCCESS);
    return nonces;
}

static void begin(fixture_t *f, int entries)
{
    apr_pool_create(&f->pool, root);
    f->lock = shared(sizeof(*f->lock));
    assert_int_equal(dygw_lock_init(f->lock), APR_SUCCESS);
    f->memory = new_memory(entries);
    f->size = dygw_nonces_size(entries);
    f->nonces = attach(f, &f->memory, 1);
}

static void end(fixture_t *f)
{
    apr_pool_destroy(f->pool);
    munmap(f->memory, f->size);
    munmap(f->lock, sizeof(*f->lock));
}

/* --- apps and their nonces --- */

static apr_status_t spend(dygw_nonces_t *nonces, int app, int number, dygw_ms_t now)
{
    char key[32], nonce[32];

    snprintf(key, sizeof key, "ck_app_%d", app);
    snprintf(nonce, sizeof nonce, "nonce-%010d", number);
    return dygw_nonces_spend(nonces, key, nonce, now, now + WINDOW_MS, NULL);
}

/* How many nonces from number on the app can spend until it is refused. */
static int flood(dygw_nonces_t *nonces, int app, int number, dygw_ms_t now)
{
    int spent = 0;
    apr_status_t rv;

    while ((rv = spend(nonces, app, number + spent, now)) == APR_SUCCESS) {
        spent++;
    }
    assert_int_equal(rv, APR_ENOSPC);
    return spent;
}

static int held_at(dygw_nonces_t *nonces, dygw_ms_t now)
{
    int held, capacity;

    dygw_nonces_count(nonces, now, &held, &capacity);
    return held;
}

static void one_app_alone_holds_what_is_configured(DYGW_UNUSED void **state)
{
    fixture_t f;
    int entries;

    for (entries = ENTRIES; entries < ENTRIES + 4; entries++) {
        begin(&f, entries);
        assert_int_equal(flood(f.nonces, 0, 0, NOW), entries);
        assert_int_equal(held_at(f.nonces, NOW), entries);
        end(&f);
    }
}

static void an_app_that_takes_all_it_can_shuts_out_nobody(DYGW_UNUSED void **state)
{
    fixture_t f;
    int app, got, before = ENTRIES;

    begin(&f, ENTRIES);
    assert_int_equal(flood(f.nonces, 0, 0, NOW), ENTRIES);
    for (app = 1; app < 5; app++) {
        got = flood(f.nonces, app, 0, NOW);
        assert_in_range(got, before / 3, before);
        before = got;
        assert_int_equal(spend(f.nonces, 0, ENTRIES + app, NOW), APR_ENOSPC);
        assert_int_equal(spend(f.nonces, app, 0, NOW), APR_EEXIST);
    }
    end(&f);
}

static void apps_that_all_take_what_they_can_get_the_same(DYGW_UNUSED void **state)
{
    fixture_t f;
    int spent[APPS] = { 0 };
    int open = 1;
    int app;

    begin(&f, ENTRIES);
    while (open) {
        for (open = app = 0; app < APPS; app++) {
            if (spend(f.nonces, app, spent[app], NOW) == APR_SUCCESS) {
                spent[app]++;
                open = 1;
            }
        }
    }
    for (app = 0; app < APPS; app++) {
        /* 2 / (2n + 1) of half as many again */
        assert_in_range(spent[app], ENTRIES * 3 / (2 * APPS + 1) - 1, ENTRIES * 3 / (2 * APPS + 1) + 1);
    }
    end(&f);
}

static void a_share_comes_back_as_nonces_expire(DYGW_UNUSED void **state)
{
    dygw_ms_t later = NOW + WINDOW_MS + 1001;
    fixture_t f;
    int turn;

    begin(&f, ENTRIES);
    for (turn = 0; turn < 5; turn++) {
        assert_int_equal(flood(f.nonces, turn % 2, turn * ENTRIES, NOW + turn * (later - NOW)), ENTRIES);
    }
    end(&f);
}

static void an_older_generation_learns_what_is_over_the_share_there(DYGW_UNUSED void **state)
{
    fixture_t f;
    void *tables[2];
    dygw_nonces_t *newer;

    begin(&f, ENTRIES);
    assert_int_equal(flood(f.nonces, 0, 0, NOW), ENTRIES);
    tables[0] = new_memory(2 * ENTRIES);
    tables[1] = f.memory;
    newer = attach(&f, tables, 2);
    assert_int_equal(spend(newer, 0, ENTRIES, NOW), APR_SUCCESS);
    assert_int_equal(spend(f.nonces, 0, ENTRIES, NOW), APR_EEXIST);
    munmap(tables[0], dygw_nonces_size(2 * ENTRIES));
    end(&f);
}

/* --- death at work --- */

#define LATER (NOW + WINDOW_MS + 1500)

static void take_and_stop(void *lock)
{
    dygw_lock_take(lock);
    raise(SIGSTOP);
}

/* A table of which ten entries have just expired. */
static void begin_expired(fixture_t *f)
{
    int i;

    begin(f, FEW);
    for (i = 0; i < FEW / 2; i++) {
        assert_int_equal(spend(f->nonces, 1, i, NOW), APR_SUCCESS);
    }
    assert_int_equal(held_at(f->nonces, NOW), FEW / 2);
}

/* The child's: a call that removes some and enters one, traced from where it has the lock. */
static void call_traced(const fixture_t *f)
{
    dygw_nonces_t *nonces = NULL;

    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    dygw_nonces_attach(&nonces, &f->memory, 1, &(dygw_nonces_lock_t){ take_and_stop, dygw_lock_release, f->lock },
                       f->pool);
    spend(nonces, 2, 1000, LATER);
    _exit(0);
}

static void check_whole(dygw_nonces_t *nonces)
{
    int held = held_at(nonces, LATER);

    assert_in_range(held, 0, 1);
    assert_int_equal(flood(nonces, 2, 0, LATER), FEW - held);
    assert_int_equal(held_at(nonces, LATER), FEW);
    assert_true(flood(nonces, 3, 0, LATER) > 0);
    assert_int_equal(held_at(nonces, LATER + 2 * WINDOW_MS), 0);
    assert_int_equal(flood(nonces, 1, 0, LATER + 2 * WINDOW_MS), FEW);
}

/* What is in the memory is all that a child leaves: is it well as it is now? `seen` is what it was
 * when that was asked last. */
static int check_memory(const fixture_t *f, void *seen)
{
    fixture_t left = *f;

    if (memcmp(seen, f->memory, f->size) == 0) {
        return 0;
    }
    memcpy(seen, f->memory, f->size);
    begin(&left, FEW);
    memcpy(left.memory, seen, f->size);
    check_whole(left.nonces);
    end(&left);
    return 1;
}

/* Gives how many different memories the call left on its way; 0: it could not be followed to its end
 * (nobody may be traced here, or each step is many of a machine within the machine). */
static int step_through(const fixture_t *f, void *seen)
{
    int checked = 0;
    int steps = 0;
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        call_traced(f);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    while (WIFSTOPPED(status) && steps++ < STEPS_MAX && ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0) {
        assert_int_equal(waitpid(child, &status, 0), child);
        checked += check_memory(f, seen);
    }
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        return 0;
    }
    return checked;
}

static void a_child_that_dies_at_any_step_takes_nothing_along(DYGW_UNUSED void **state)
{
    fixture_t f;
    void *seen;
    int checked;

    begin_expired(&f);
    seen = malloc(f.size);
    memcpy(seen, f.memory, f.size);
    checked = step_through(&f, seen);
    free(seen);
    end(&f);
    if (checked > 0) {
        assert_true(checked > 20);
    }
    else {
        print_message("# no process can be followed here\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_app_alone_holds_what_is_configured),
        cmocka_unit_test(an_app_that_takes_all_it_can_shuts_out_nobody),
        cmocka_unit_test(apps_that_all_take_what_they_can_get_the_same),
        cmocka_unit_test(a_share_comes_back_as_nonces_expire),
        cmocka_unit_test(an_older_generation_learns_what_is_over_the_share_there),
        cmocka_unit_test(a_child_that_dies_at_any_step_takes_nothing_along),
    };
    int failed;

    cmocka_set_message_output(CM_OUTPUT_TAP);
    apr_initialize();
    apr_pool_create(&root, NULL);
    failed = cmocka_run_group_tests_name("process_nonce_share", tests, NULL, NULL);
    apr_pool_destroy(root);
    return failed;
}
