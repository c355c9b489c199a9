/* SPDX-License-Identifier: Apache-2.0
 * Preloaded into whoever writes a database: as long as the file $DYGW_FULL is there, no file below the directory
 * $DYGW_FULL_DIR can grow, as on a disk that is full. What lies within a file can still be written. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Would the file grow over `end`? */
static int is_full(int fd, off64_t end)
{
    const char *full = getenv("DYGW_FULL");
    const char *dir = getenv("DYGW_FULL_DIR");
    char link[64];
    char path[512];
    struct stat info;
    int error = errno;
    int is;
    ssize_t len;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = full && dir && access(full, F_OK) == 0 ? readlink(link, path, sizeof(path) - 1) : 0;
    path[len > 0 ? len : 0] = '\0';
    is = len > 0 && strncmp(path, dir, strlen(dir)) == 0 && fstat(fd, &info) == 0 && end > info.st_size;
    errno = is ? ENOSPC : error;
    return is;
}

static void *next_of(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

ssize_t write(int fd, const void *buffer, size_t count)
{
    ssize_t (*next)(int, const void *, size_t) = NULL;

    *(void **)&next = next_of("write");
    return is_full(fd, lseek64(fd, 0, SEEK_CUR) + (off64_t)count) ? -1 : next(fd, buffer, count);
}

ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
    ssize_t (*next)(int, const void *, size_t, off_t) = NULL;

    *(void **)&next = next_of("pwrite");
    return is_full(fd, offset + (off64_t)count) ? -1 : next(fd, buffer, count, offset);
}

ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset)
{
    ssize_t (*next)(int, const void *, size_t, off64_t) = NULL;

    *(void **)&next = next_of("pwrite64");
    return is_full(fd, offset + (off64_t)count) ? -1 : next(fd, buffer, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    ssize_t (*next)(int, const struct iovec *, int, off64_t) = NULL;
    off64_t end = offset;
    int i;

    for (i = 0; i < count; i++) {
        end += (off64_t)parts[i].iov_len;
    }
    *(void **)&next = next_of("pwritev64");
    return is_full(fd, end) ? -1 : next(fd, parts, count, offset);
}

int ftruncate64(int fd, off64_t size)
{
    int (*next)(int, off64_t) = NULL;

    *(void **)&next = next_of("ftruncate64");
    return is_full(fd, size) ? -1 : next(fd, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t len)
{
    int (*next)(int, off64_t, off64_t) = NULL;

    *(void **)&next = next_of("posix_fallocate64");
    return is_full(fd, offset + len) ? ENOSPC : next(fd, offset, len);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
    int (*next)(int, int, off64_t, off64_t) = NULL;

    *(void **)&next = next_of("fallocate64");
    return mode == 0 && is_full(fd, offset + len) ? -1 : next(fd, mode, offset, len);
}
