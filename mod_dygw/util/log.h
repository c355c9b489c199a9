/* SPDX-License-Identifier: Apache-2.0
 * The log facade: what the library half calls instead of ap_log_*; the glue points it at httpd. */
#ifndef DYGW_UTIL_LOG_H
#define DYGW_UTIL_LOG_H

#include <stdarg.h>

#include <apr_errno.h>

/* Every message starts with DYGWNO(nnnn): four digits, unique in the tree, explained in
 * conf/log-codes.md. */
#define DYGWNO(n) "DYGW" #n ": "

/* The same numbers as httpd's APLOG_*, so that the glue passes them on. */
typedef enum {
    DYGW_LOG_ERR = 3,
    DYGW_LOG_WARN = 4,
    DYGW_LOG_NOTICE = 5,
    DYGW_LOG_INFO = 6,
    DYGW_LOG_DEBUG = 7,
    DYGW_LOG_TRACE = 8
} dygw_log_level_e;

/* Where a message belongs: `where` is opaque to the library (the glue keeps a server_rec in it);
 * `request_id` may be NULL. Never NULL itself. */
typedef struct dygw_log_t {
    const void *where;
    const char *request_id;
} dygw_log_t;

/* Which message it is in the sources, and how grave. */
typedef struct dygw_log_place_t {
    const char *file;
    int line;
    dygw_log_level_e level;
} dygw_log_place_t;

/* Writes one formatted message. Must be callable from every thread. */
typedef void dygw_log_writer_fn(const dygw_log_t *log, const dygw_log_place_t *place,
                                apr_status_t rv, const char *fmt, va_list args);

/* Sets the process's writer; NULL restores the default, which drops everything. */
void dygw_log_set_writer(dygw_log_writer_fn *writer);

void dygw_log_write(const dygw_log_t *log, const dygw_log_place_t *place, apr_status_t rv,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* dygw_log(log, ERR, rv, DYGWNO(0001) "what happened to %s", name);  rv is 0 when there is none. */
#define dygw_log(log, level, rv, ...) \
    dygw_log_write((log), &(const dygw_log_place_t){ __FILE__, __LINE__, DYGW_LOG_##level }, \
                   (rv), __VA_ARGS__)

/* Whether what happens with every request may be said now: once a minute and process, by what
 * said_at keeps (s; 0 = never). */
int dygw_log_may_repeat(volatile apr_uint32_t *said_at);

#endif
