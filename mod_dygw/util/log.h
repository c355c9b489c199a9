/* SPDX-License-Identifier: Apache-2.0
 * The log facade: what the library calls instead of httpd's ap_log_*. The glue sets a writer that
 * passes the messages to httpd. */
#ifndef DYGW_UTIL_LOG_H
#define DYGW_UTIL_LOG_H

#include <stdarg.h>

#include <apr_errno.h>

/* Every message starts with DYGWNO(nnnn): four digits, unique in the tree, explained in
 * manual/log-codes.md. */
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

/* What a message belongs to. `where` is opaque to the library: the glue keeps a server_rec in it.
 * `request_id` may be NULL. A pointer to a dygw_log_t is never NULL. */
typedef struct dygw_log_t {
    const void *where;
    const char *request_id;
} dygw_log_t;

/* Where the message stands in the sources, and how grave it is. */
typedef struct dygw_log_place_t {
    const char *file;
    int line;
    dygw_log_level_e level;
} dygw_log_place_t;

/* Writes one formatted message. It must be callable from every thread. */
typedef void dygw_log_writer_fn(const dygw_log_t *log, const dygw_log_place_t *place,
                                apr_status_t rv, const char *fmt, va_list args);

/* Sets the writer of the process. NULL, as at the start: messages are dropped. */
void dygw_log_set_writer(dygw_log_writer_fn *writer);

void dygw_log_write(const dygw_log_t *log, const dygw_log_place_t *place, apr_status_t rv,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* dygw_log(log, ERR, rv, DYGWNO(0001) "what happened to %s", name);  rv is 0 when there is none. */
#define dygw_log(log, level, rv, ...) \
    dygw_log_write((log), &(const dygw_log_place_t){ __FILE__, __LINE__, DYGW_LOG_##level }, (rv), \
                   __VA_ARGS__)

/* --- what may come with every request, or with every try while nothing changes --- */

/* Logs the message at its level when the like of it was not logged in the last minute, and says how
 * many were left out since the last time; at DEBUG otherwise. Alike is what comes from the same
 * line of the sources, about the same `subject` (NULL: there is only one) of the same server. */
void dygw_log_write_rarely(const dygw_log_t *log, const dygw_log_place_t *place,
                           const char *subject, apr_status_t rv, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* dygw_log_rarely(log, ERR, subject, rv, DYGWNO(0001) "what happened to %s", name); */
#define dygw_log_rarely(log, level, subject, rv, ...) \
    dygw_log_write_rarely((log), \
                          &(const dygw_log_place_t){ __FILE__, __LINE__, DYGW_LOG_##level }, \
                          (subject), (rv), __VA_ARGS__)

/* The memory, of zeros at first, in which all processes of a host keep what they have logged; until
 * it is set, and with NULL, each process keeps that for itself. */
apr_size_t dygw_log_memory_size(void);
void dygw_log_share(void *memory);

#endif
