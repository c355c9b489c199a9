/* SPDX-License-Identifier: Apache-2.0
 * Counts the calls of malloc, calloc and realloc of all processes that it is preloaded into
 * (LD_PRELOAD), in the file that DYGW_MALLOC_COUNT names. For t/bench/run cost. */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *room, size_t size);

static unsigned long before_the_file;
static unsigned long *calls = &before_the_file;

__attribute__((constructor)) static void open_count(void)
{
    const char *path = getenv("DYGW_MALLOC_COUNT");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared = MAP_FAILED;

    if (fd >= 0) {
        shared = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    if (shared != MAP_FAILED) {
        calls = shared;
    }
}

void *malloc(size_t size)
{
    __atomic_fetch_add(calls, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    __atomic_fetch_add(calls, 1, __ATOMIC_RELAXED);
    return __libc_calloc(count, size);
}

void *realloc(void *room, size_t size)
{
    __atomic_fetch_add(calls, 1, __ATOMIC_RELAXED);
    return __libc_realloc(room, size);
}
