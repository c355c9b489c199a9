/* SPDX-License-Identifier: Apache-2.0
 * Preloaded into a httpd: its clock is ahead by as many seconds as the file $DYGW_CLOCK_AHEAD says,
 * and is set while it runs by another number in that file. Who waits for a time of that clock waits
 * as the kernel has it: for as long as the clock is set back meanwhile. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 20000000L
#define NS_PER_S 1000000000L
#define DIGITS   32

static long read_ahead(void)
{
    const char *path = getenv("DYGW_CLOCK_AHEAD");
    char text[DIGITS + 1] = { 0 };
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (file < 0) {
        return 0;
    }
    if (read(file, text, DIGITS) < 0) {
        text[0] = '\0';
    }
    close(file);
    return strtol(text, NULL, 10);
}

/* Past the library's own, which is replaced below. */
static int real_clock(clockid_t clock, struct timespec *now)
{
    return (int)syscall(SYS_clock_gettime, clock, now);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int rv = real_clock(clock, now);

    if (rv == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += read_ahead();
    }
    return rv;
}

int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec t;
    int rv = clock_gettime(CLOCK_REALTIME, &t);

    (void)zone;
    now->tv_sec = t.tv_sec;
    now->tv_usec = t.tv_nsec / 1000;
    return rv;
}

time_t time(time_t *at)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (at) {
        *at = t.tv_sec;
    }
    return t.tv_sec;
}

static int is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* The time on the clock that the kernel has, one slice from now. */
static struct timespec end_of_slice(void)
{
    struct timespec end;

    real_clock(CLOCK_REALTIME, &end);
    end.tv_nsec += SLICE_NS;
    if (end.tv_nsec >= NS_PER_S) {
        end.tv_sec++;
        end.tv_nsec -= NS_PER_S;
    }
    return end;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) = NULL;
    struct timespec now;

    *(void **)&next = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!next) {
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    }
    while (clock_gettime(CLOCK_REALTIME, &now) == 0 && is_before(&now, until)) {
        struct timespec end = end_of_slice();
        int rv = next(condition, mutex, &end);

        if (rv != ETIMEDOUT) {
            return rv;
        }
    }
    return ETIMEDOUT;
}
