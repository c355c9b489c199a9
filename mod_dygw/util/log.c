/* SPDX-License-Identifier: Apache-2.0
 * The log facade: passes messages to the one writer of the process.
 *
 * What may come with every request or every try is logged once a minute, with the number of those
 * that were left out since. That is kept in a few slots, in memory that the children of a host
 * share: a message that finds none of its own takes the one that has been silent longest. Slots are
 * used without a lock; where two threads meet, one line too many is all that comes of it. */
#include "util/log.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "util/clock.h"

#define REPEAT_PAUSE_SEC 60
#define SLOTS            128
#define SLOTS_TRIED      4 /* in a row, from the place that follows from the key */
#define MAX_TEXT_LEN     1024

typedef struct slot_t {
    _Atomic apr_uint32_t key;      /* of the message; 0: free */
    _Atomic apr_uint32_t said_at;  /* s, when it was logged last */
    _Atomic apr_uint32_t left_out; /* how often it was not, since then */
} slot_t;

static slot_t own_slots[SLOTS];
static slot_t *slots = own_slots;

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

/* --- what is logged once a minute --- */

apr_size_t dygw_log_memory_size(void)
{
    return sizeof own_slots;
}

void dygw_log_share(void *memory)
{
    slots = memory ? memory : own_slots;
}

static apr_uint32_t mix(apr_uint32_t hash, const void *data, apr_size_t len)
{
    const unsigned char *bytes = data;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 16777619u; /* FNV-1a */
    }
    return hash;
}

/* The same in all children: their addresses are the parent's. Never 0. */
static apr_uint32_t key_of(const dygw_log_t *log, const dygw_log_place_t *place,
                           const char *subject)
{
    apr_uint32_t key = mix(2166136261u, &log->where, sizeof log->where);

    key = mix(key, &place->file, sizeof place->file);
    key = mix(key, &place->line, sizeof place->line);
    key = mix(key, subject, strlen(subject));
    return key ? key : 1;
}

static slot_t *slot_of(apr_uint32_t key, apr_uint32_t now)
{
    slot_t *oldest = &slots[key % SLOTS];
    apr_uint32_t i;

    for (i = 0; i < SLOTS_TRIED; i++) {
        slot_t *slot = &slots[(key + i) % SLOTS];

        if (atomic_load(&slot->key) == key) {
            return slot;
        }
        if (now - atomic_load(&slot->said_at) > now - atomic_load(&oldest->said_at)) {
            oldest = slot;
        }
    }
    atomic_store(&oldest->key, key);
    atomic_store(&oldest->said_at, now - REPEAT_PAUSE_SEC);
    atomic_store(&oldest->left_out, 0);
    return oldest;
}

/* A clock that was set back makes the pause look long: then it is logged. */
static int may_log(slot_t *slot, apr_uint32_t now, apr_uint32_t *left_out)
{
    apr_uint32_t before = atomic_load(&slot->said_at);

    if (now - before >= REPEAT_PAUSE_SEC
        && atomic_compare_exchange_strong(&slot->said_at, &before, now)) {
        *left_out = atomic_exchange(&slot->left_out, 0);
        return 1;
    }
    atomic_fetch_add(&slot->left_out, 1);
    return 0;
}

void dygw_log_write_rarely(const dygw_log_t *log, const dygw_log_place_t *place,
                           const char *subject, apr_status_t rv, const char *fmt, ...)
{
    apr_uint32_t now = (apr_uint32_t)(dygw_now() / 1000);
    slot_t *slot = slot_of(key_of(log, place, subject ? subject : ""), now);
    dygw_log_place_t as = *place;
    char text[MAX_TEXT_LEN];
    apr_uint32_t left_out = 0;
    va_list args;

    if (!may_log(slot, now, &left_out) && as.level < DYGW_LOG_DEBUG) {
        as.level = DYGW_LOG_DEBUG;
    }
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (left_out > 0) {
        dygw_log_write(log, &as, rv, "%s (%u more of these were not logged)", text, left_out);
        return;
    }
    dygw_log_write(log, &as, rv, "%s", text);
}
