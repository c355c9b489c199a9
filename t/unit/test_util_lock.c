/* SPDX-License-Identifier: Apache-2.0
 * The lock in shared memory: one holder at a time among processes, and none that dies keeps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/lock.h"

#define PROCESSES 4
#define ROUNDS    20000

typedef struct shared_t {
    dygw_lock_t lock;
    volatile int count; /* not atomic: only the lock keeps it right */
} shared_t;

static int make(void **state)
{
    shared_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    *state = shared;
    return shared != MAP_FAILED && dygw_lock_init(&shared->lock) == APR_SUCCESS ? 0 : -1;
}

static int unmake(void **state)
{
    return munmap(*state, sizeof(shared_t));
}

static int ended_well(pid_t pid)
{
    int status;

    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void count_up(shared_t *shared)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        dygw_lock_take(&shared->lock);
        shared->count = shared->count + 1;
        dygw_lock_release(&shared->lock);
    }
}

static void processes_do_not_meet_inside(void **state)
{
    shared_t *shared = *state;
    pid_t pids[PROCESSES];
    int i;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            count_up(shared);
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++) {
        assert_true(ended_well(pids[i]));
    }
    assert_int_equal(shared->count, PROCESSES * ROUNDS);
}

static void a_holder_that_is_killed_leaves_the_lock_to_the_next(void **state)
{
    shared_t *shared = *state;
    int i, status;

    for (i = 0; i < 3; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            dygw_lock_take(&shared->lock);
            raise(SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        alarm(30); /* a lock that is lost would wait for ever */
        dygw_lock_take(&shared->lock);
        dygw_lock_release(&shared->lock);
        alarm(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(processes_do_not_meet_inside, make, unmake),
        cmocka_unit_test_setup_teardown(a_holder_that_is_killed_leaves_the_lock_to_the_next, make, unmake),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("util/lock", tests, NULL, NULL);
}
