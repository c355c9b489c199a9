/* SPDX-License-Identifier: Apache-2.0
 * The meter: a slot of shared memory for each app, by its id; where that is not known, by its
 * client_key.
 *
 * The limit is a bucket of tokens: each request takes one, and time fills the bucket. Tokens are
 * counted in millionths: a microsecond adds as many millionths as there are requests allowed in a
 * second, and nothing is rounded. All children of the host take from the same bucket, under a lock;
 * without a limit no lock is taken. The time is written before the level, so that a child that dies
 * between the two writes does not give the app more than it may have.
 *
 * Each request notes the time of last use, without a lock. The background thread of the host writes
 * these times to the database later. */
#include "gateway/apps/meter.h"

#include <stdatomic.h>
#include <string.h>

#include <apr_hash.h>

#include "gateway/db_work.h"
#include "util/compiler.h"
#include "util/lock.h"

#define TOKEN      APR_INT64_C(1000000)
#define US_PER_SEC APR_INT64_C(1000000)
#define FLUSH_MAX  100 /* apps written by one call */
#define OTHERS     0   /* the slot of all ids that have no slot of their own */

typedef struct slot_t {
    _Atomic apr_int64_t filled_at; /* us; 0: the app was never used, its bucket is full */
    _Atomic apr_int64_t level;     /* millionths of a token, at filled_at */
    _Atomic dygw_ms_t used_at;     /* 0: not used since the start of the host */
    dygw_ms_t written;             /* the used_at that is in the database; only the thread that
                                    * flushes uses these two */
    dygw_ms_t written_at;
} slot_t;

struct dygw_meter_t {
    dygw_lock_t lock;         /* guards filled_at and level */
    _Atomic apr_int64_t last; /* the highest id of a slot that was used */
    slot_t slots[DYGW_METER_APPS + 1 + DYGW_METER_NAMELESS];
};

apr_size_t dygw_meter_size(void)
{
    return sizeof(dygw_meter_t);
}

apr_status_t dygw_meter_format(void *memory)
{
    dygw_meter_t *meter = memory;

    memset((void *)meter, 0, sizeof(*meter));
    return dygw_lock_init(&meter->lock);
}

static apr_int64_t slot_of(const dygw_known_app_t *app)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;

    if (app->id == 0) {
        return DYGW_METER_APPS + 1
               + apr_hashfunc_default(app->client_key, &len) % DYGW_METER_NAMELESS;
    }
    return app->id > 0 && app->id <= DYGW_METER_APPS ? app->id : OTHERS;
}

/* --- the limit: the slot functions return 0, or seconds to wait --- */

static apr_int64_t slot_level_at(slot_t *slot, int rate, int burst, apr_int64_t now_us)
{
    apr_int64_t full = burst * TOKEN;
    apr_int64_t passed = now_us - slot->filled_at;
    apr_int64_t level;

    if (slot->filled_at == 0 || passed > full / rate) {
        return full;
    }
    level = slot->level + (passed > 0 ? passed * rate : 0);
    return level < full ? level : full;
}

static int seconds_until_token(apr_int64_t level, int rate)
{
    apr_int64_t us = (TOKEN - level + rate - 1) / rate;

    return (int)((us + US_PER_SEC - 1) / US_PER_SEC);
}

static int slot_take_token(slot_t *slot, int rate, int burst, apr_int64_t now_us)
{
    apr_int64_t level = slot_level_at(slot, rate, burst, now_us);

    if (level < TOKEN) {
        return seconds_until_token(level, rate);
    }
    if (slot->filled_at < now_us) {
        slot->filled_at = now_us;
    }
    slot->level = level - TOKEN;
    return 0;
}

static int slot_admit(dygw_meter_t *meter, slot_t *slot, const dygw_known_app_t *app)
{
    apr_int64_t now_us = dygw_steady_now();
    int wait;

    if (app->rate_per_second == 0) {
        return 0;
    }
    dygw_lock_take(&meter->lock);
    wait = slot_take_token(slot, app->rate_per_second, app->rate_burst, now_us);
    dygw_lock_release(&meter->lock);
    return wait;
}

/* --- last use --- */

static void raise_to(_Atomic apr_int64_t *mark, apr_int64_t value)
{
    apr_int64_t before = atomic_load_explicit(mark, memory_order_relaxed);

    while (before < value && !atomic_compare_exchange_weak(mark, &before, value)) {}
}

/* A use that lies ahead was noted before the clock was set back. */
static void note_use(slot_t *slot, dygw_ms_t now)
{
    apr_int64_t before = atomic_load_explicit(&slot->used_at, memory_order_relaxed);

    if (before > now + DYGW_CLOCKS_APART_MS) {
        atomic_compare_exchange_strong(&slot->used_at, &before, now);
    }
    raise_to(&slot->used_at, now);
}

int dygw_meter_admit(dygw_gateway_t *gateway, const dygw_known_app_t *app)
{
    dygw_meter_t *meter = gateway->meter;
    apr_int64_t number = slot_of(app);

    note_use(&meter->slots[number], dygw_now());
    if (number <= DYGW_METER_APPS) {
        raise_to(&meter->last, number);
    }
    return slot_admit(meter, &meter->slots[number], app);
}

/* --- writing last use to the database --- */

typedef struct use_t {
    apr_int64_t app_id;
    dygw_ms_t at;
} use_t;

typedef struct uses_t {
    int count;
    use_t of[FLUSH_MAX];
} uses_t;

static int use_is_due(const slot_t *slot, dygw_ms_t now)
{
    dygw_ms_t ago = now - slot->written_at;

    return slot->used_at != slot->written && (ago >= DYGW_METER_PAUSE_MS || ago < 0);
}

static void collect_uses(dygw_meter_t *meter, dygw_ms_t now, uses_t *uses)
{
    apr_int64_t last = meter->last;
    apr_int64_t id;

    uses->count = 0;
    for (id = 1; id <= last && uses->count < FLUSH_MAX; id++) {
        if (use_is_due(&meter->slots[id], now)) {
            uses->of[uses->count++] = (use_t){ id, meter->slots[id].used_at };
        }
    }
}

static apr_status_t write_uses(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const uses_t *uses = baton;
    apr_status_t rv = dygw_db_begin(db);
    int i;

    for (i = 0; i < uses->count && rv == APR_SUCCESS; i++) {
        rv = dygw_store_app_used(db, uses->of[i].app_id, uses->of[i].at);
    }
    return rv == APR_SUCCESS ? dygw_db_commit(db) : rv;
}

static void mark_uses_written(dygw_meter_t *meter, dygw_ms_t now, const uses_t *uses)
{
    int i;

    for (i = 0; i < uses->count; i++) {
        meter->slots[uses->of[i].app_id].written = uses->of[i].at;
        meter->slots[uses->of[i].app_id].written_at = now;
    }
}

apr_status_t dygw_meter_flush(const dygw_ctx_t *ctx)
{
    dygw_ms_t now = dygw_now();
    apr_status_t rv;
    uses_t uses;

    collect_uses(ctx->gateway->meter, now, &uses);
    if (uses.count == 0) {
        return APR_SUCCESS;
    }
    rv = dygw_db_work(ctx, write_uses, &uses, DYGW_DB_ONCE);
    if (rv == APR_SUCCESS) {
        mark_uses_written(ctx->gateway->meter, now, &uses);
    }
    return rv;
}
