/* SPDX-License-Identifier: Apache-2.0
 * The host's state: its lock, and the members that are used without the lock. */
#include "gateway/host.h"

#include <stdatomic.h>

#include "store/verification/id.h"
#include "util/clock.h"

#define WITHIN_MS      ((1 << DYGW_ID_BITS_WITHIN_MS) - 1)
/* The last id may be so far ahead of the clock; an id that is further ahead was drawn before the
 * clock was set back. */
#define AHEAD_MAX_MS   1000
/* The background reads the apps version every 1.6 s; a change counts on every host after 2 s. */
#define APPS_UNSEEN_MS 1700
/* What was found longer ago may be true no more: then requests find out for themselves. */
#define SHUT_MAX_US    apr_time_from_sec(10)

/* A test may succeed where the next redemption does not. */
#define FAILURE_US apr_time_from_sec(5)

/* Several processes share the atomic members, so that each must be one instruction: a lock that the
 * compiler's library puts around it would belong to one process. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");

dygw_host_t *dygw_host_lock(dygw_gateway_t *gateway)
{
    gateway->lock_host(gateway->host_baton);
    return gateway->host;
}

void dygw_host_unlock(dygw_gateway_t *gateway)
{
    gateway->unlock_host(gateway->host_baton);
}

apr_int64_t dygw_host_next_ids(dygw_gateway_t *gateway, int count)
{
    /* The random part is there for hosts that draw in the same millisecond. */
    apr_uint16_t within = 0;
    apr_int64_t last = atomic_load(&gateway->host->last_id);
    apr_int64_t drawn;
    apr_int64_t id;

    dygw_random_number(&within, sizeof(within));
    drawn = dygw_id_at(dygw_now()) + (within & WITHIN_MS);
    do {
        id = drawn > last || dygw_id_time(last) > dygw_now() + AHEAD_MAX_MS ? drawn : last + 1;
    } while (!atomic_compare_exchange_weak(&gateway->host->last_id, &last, id + count - 1));
    return id;
}

dygw_apps_stamp_t dygw_host_apps_stamp(const dygw_gateway_t *gateway)
{
    dygw_apps_stamp_t stamp;

    stamp.changes = atomic_load(&gateway->host->apps_changes);
    stamp.version = atomic_load(&gateway->host->apps_version);
    return stamp;
}

int dygw_apps_stamp_equal(const dygw_apps_stamp_t *a, const dygw_apps_stamp_t *b)
{
    return a->version == b->version && a->changes == b->changes;
}

void dygw_host_apps_changed(dygw_gateway_t *gateway)
{
    atomic_fetch_add(&gateway->host->apps_changes, 1);
}

void dygw_host_apps_seen(dygw_gateway_t *gateway, apr_int64_t version, dygw_ms_t asked_at)
{
    dygw_host_t *host = dygw_host_lock(gateway);
    dygw_ms_t seen_at = host->apps_seen_at;

    if (asked_at >= seen_at || seen_at > dygw_now()) { /* in the future: clock set back */
        host->apps_version = version;
        host->apps_seen_at = asked_at;
    }
    dygw_host_unlock(gateway);
}

int dygw_host_apps_unseen(const dygw_gateway_t *gateway)
{
    dygw_ms_t seen_at = atomic_load(&gateway->host->apps_seen_at);
    dygw_ms_t ago = dygw_now() - seen_at;

    return seen_at != 0 && (ago > APPS_UNSEEN_MS || ago < 0)
           && atomic_load(&gateway->host->database_state) == DYGW_DB_OK;
}

void dygw_host_database_is(dygw_gateway_t *gateway, dygw_database_state_e state)
{
    dygw_host_t *host = dygw_host_lock(gateway);

    host->tick_at = dygw_steady_now();
    host->database_state = state;
    dygw_host_unlock(gateway);
}

int dygw_host_is_shut(dygw_gateway_t *gateway)
{
    apr_time_t seen_at;

    if (atomic_load(&gateway->host->database_state) <= DYGW_DB_UNREACHABLE) {
        return 0;
    }
    seen_at = dygw_host_lock(gateway)->tick_at;
    dygw_host_unlock(gateway);
    return dygw_steady_now() - seen_at < SHUT_MAX_US;
}

dygw_db_writes_e dygw_host_writes(const dygw_gateway_t *gateway)
{
    const dygw_db_shared_t *database = &gateway->host->database;
    int is_recent = dygw_steady_now() - database->failed_at < FAILURE_US;

    if (database->tested_as != DYGW_WRITES_WORK) {
        return (dygw_db_writes_e)database->tested_as;
    }
    return is_recent ? (dygw_db_writes_e)database->failed_as : DYGW_WRITES_WORK;
}

#define KEY_STATE_BITS 2

/* The generation before may have had another key: what is known is known of one key. */
dygw_key_state_e dygw_host_key(const dygw_gateway_t *gateway)
{
    apr_int64_t tried = atomic_load(&gateway->host->key_tried);

    return tried && tried >> KEY_STATE_BITS == (apr_int64_t)dygw_seal_id(gateway->seal)
               ? (dygw_key_state_e)(tried & ((1 << KEY_STATE_BITS) - 1))
               : DYGW_KEY_NOT_TRIED;
}

void dygw_host_set_key(dygw_gateway_t *gateway, dygw_key_state_e state)
{
    apr_int64_t id = dygw_seal_id(gateway->seal);

    atomic_store(&gateway->host->key_tried, id << KEY_STATE_BITS | (apr_int64_t)state);
}
int dygw_host_is_latest(dygw_gateway_t *gateway)
{
    int latest;

    /* Only the leader of the host calls this, and there is one at a time. */
    latest = gateway->generation >= gateway->host->generation;
    if (latest) {
        gateway->host->generation = gateway->generation;
    }
    return latest;
}

int dygw_host_is_overtaken(const dygw_gateway_t *gateway)
{
    return gateway->generation < gateway->host->generation;
}

/* --- clocks --- */

/* Douyin tells whole seconds, so that its clock is half a second later on average. */
#define HALF_SECOND_MS 500
/* A clock that tells whole seconds, over the network, is not told wrong by less. */
#define CLOCK_FLOOR_MS 5000
#define US_PER_MS      1000

void dygw_host_clock_shown(dygw_gateway_t *gateway, dygw_clock_e which, dygw_ms_t shown)
{
    const dygw_clock_seen_t seen = dygw_clock_see(shown);

    gateway->host->clocks[which].ahead = seen.ahead;
    gateway->host->clocks[which].at = seen.at;
    gateway->host->clocks[which].doubted = 0;
    dygw_clock_note(which, &seen);
}

/* The answer was written somewhere between its question and its arrival. */
void dygw_host_reply_shown(dygw_gateway_t *gateway, const dygw_reply_t *reply)
{
    if (reply->date > 0) {
        dygw_host_clock_shown(gateway, DYGW_CLOCK_DOUYIN,
                              reply->date + HALF_SECOND_MS + reply->took / 2 / US_PER_MS);
    }
}

int dygw_host_clock(const dygw_gateway_t *gateway, dygw_clock_e which, dygw_clock_seen_t *seen)
{
    seen->ahead = gateway->host->clocks[which].ahead;
    seen->at = gateway->host->clocks[which].at;
    if (seen->at != 0 && dygw_steady_now() - seen->at > DYGW_CLOCK_KNOWN_US) {
        seen->at = 0;
    }
    dygw_clock_note(which, seen);
    return seen->at != 0 && !gateway->host->clocks[which].doubted;
}

void dygw_host_clock_doubt(dygw_gateway_t *gateway, dygw_clock_e which)
{
    gateway->host->clocks[which].doubted = 1;
}

/* Half of the window: beyond it a caller whose clock is right still is let in, but none whose clock
 * is wrong by as much in the other direction. The database's clock does not count: of two clocks of
 * the shop's nobody knows which one is wrong, and Douyin's is the one that callers have, too. */
dygw_ms_t dygw_host_clock_wrong(const dygw_gateway_t *gateway)
{
    const dygw_ms_t half = gateway->signature_window / 2 / US_PER_MS;
    const dygw_ms_t bound = half > CLOCK_FLOOR_MS ? half : CLOCK_FLOOR_MS;
    dygw_clock_seen_t seen;
    dygw_ms_t ahead;

    if (!dygw_host_clock(gateway, DYGW_CLOCK_DOUYIN, &seen)) {
        return 0;
    }
    ahead = dygw_clock_ahead(&seen);
    return ahead > bound || ahead < -bound ? ahead : 0;
}

void dygw_host_stale(dygw_gateway_t *gateway, apr_int64_t sec)
{
    apr_int64_t number = atomic_fetch_add(&gateway->host->stale, 1);

    gateway->host->stale_off[number % DYGW_STALE_KEPT] = sec;
}

/* --- work --- */

void dygw_host_left_work(dygw_gateway_t *gateway)
{
    atomic_fetch_add_explicit(&gateway->host->work, 1, memory_order_release);
}

apr_int64_t dygw_host_work(const dygw_gateway_t *gateway)
{
    return atomic_load_explicit(&gateway->host->work, memory_order_acquire);
}
