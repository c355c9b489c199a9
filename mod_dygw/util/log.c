/* SPDX-License-Identifier: Apache-2.0
 * The log facade: passes messages to the one writer of the process. */
#include "util/log.h"

#include <stddef.h>

#include <apr_atomic.h>

#include "util/clock.h"

#define REPEAT_PAUSE_SEC 60

/* It is set once, before there are threads. */
static dygw_log_writer_fn *log_writer;

void dygw_log_set_writer(dygw_log_writer_fn *writer)
{
    log_writer = writer;
}

void dygw_log_write(const dygw_log_t *log, const dygw_log_place_t *place, apr_status_t rv,
                    const char *fmt, ...)
{
    va_list args;

    if (log_writer == NULL) {
        return;
    }
    va_start(args, fmt);
    log_writer(log, place, rv, fmt, args);
    va_end(args);
}

int dygw_log_may_repeat(volatile apr_uint32_t *said_at)
{
    apr_uint32_t before = apr_atomic_read32(said_at);
    apr_uint32_t now = (apr_uint32_t)(dygw_now() / 1000);

    return now - before >= REPEAT_PAUSE_SEC && apr_atomic_cas32(said_at, now, before) == before;
}
