/* SPDX-License-Identifier: Apache-2.0
 * For store/ and the glue: nobody waits without end for a database that does not answer. A child
 * has a guard for each source of connections, unless nobody else could use the source meanwhile.
 *
 * The gate stands before the source. A pool that makes a connection keeps everybody from what it
 * has until that one is made, and a host that is gone takes a connect time-out each time. So one
 * thread at a time goes to where a connection may have to be made; the others wait for it, and fail
 * with it when it began after they came: a host that is gone costs each of them two time-outs at
 * most, however many they are. When a connection was refused, all wait for a moment, and then one
 * thread of the host tries again for all who wait. It knocks with a connection of its own before
 * the pool is asked: a pool logs each failure, and has to be asked once for each of its dead
 * connections. A thread for which an idle connection must be there passes at once. And no more
 * threads pass than there can be connections: the rest wait here, where they can give up.
 *
 * The watch ends what takes too long. Client libraries wait for an answer for ever, so a thread of
 * the child looks once a second at what its threads wait for; what is over the limit has its socket
 * shut down, and the library returns with an error. An idle connection that was last used before
 * that wait began is cut as well: it is hardly any better. The watch has a descriptor of its own
 * for each socket, so that it never shuts down another socket that was given the same number. */
#ifndef DYGW_STORE_DB_GUARD_H
#define DYGW_STORE_DB_GUARD_H

#include <apr_ring.h>
#include <apr_time.h>

#include "store/db/source.h"

/* A connection that the guard knows, as long as its session lasts. */
typedef struct dygw_watched_t dygw_watched_t;

/* What a unit of work waits for, one thing at a time. Zeroed but for the guard, which may be NULL:
 * then all of this does nothing. */
struct dygw_wait_t {
    dygw_guard_t *guard;
    dygw_watched_t *watched; /* the unit's; NULL while it has none */
    apr_time_t since;        /* on a clock that does not jump; 0: it does not wait */
    int cut;                 /* it took too long */
    APR_RING_ENTRY(dygw_wait_t) ring;
};

typedef struct dygw_guard_config_t {
    dygw_dialect_e dialect;
    int max;                   /* connections that the source gives out */
    apr_interval_time_t limit; /* how long anything may take */
    void (*wake)(void *baton); /* called, from any thread, when dygw_guard_look has something
                                * to look at again */
    void *baton;
} dygw_guard_config_t;

/* From pool. */
apr_status_t dygw_guard_create(dygw_guard_t **guard, const dygw_guard_config_t *config,
                               apr_pool_t *pool);

/* The limit; 0 without a guard. */
apr_interval_time_t dygw_guard_limit(const dygw_guard_t *guard);

/* Can connections of that kind be cut? Not with a client library that does not tell their
 * sockets. */
int dygw_guard_can_cut(dygw_dialect_e dialect);

/* Cuts what waits for too long. 0: nothing waits; there is no need to look before `wake`. */
int dygw_guard_look(dygw_guard_t *guard);

/* An attempt to open that has taken longer than this is not repeated: the host is gone, and the
 * next would take as long again. */
#define DYGW_OPEN_PATIENCE apr_time_from_sec(1)

/* --- the gate --- */

/* A connection of the source. APR_EGENERAL: there is none; APR_EBUSY: all are in use, and none
 * became free in time. */
apr_status_t dygw_guard_take(dygw_db_source_t *source, dygw_wait_t *wait, apr_pool_t *pool,
                             dygw_dbd_t *dbd);

/* Gives it back. */
void dygw_guard_give(dygw_db_source_t *source, dygw_wait_t *wait, dygw_dbd_t *dbd);

/* --- the watch --- */

/* Makes a connection known until the pool goes, which must be before the connection closes. NULL
 * without a guard. */
dygw_watched_t *dygw_guard_watch(dygw_guard_t *guard, apr_pool_t *pool);

/* From now on the unit uses that connection, whose socket may be a new one. watched NULL: the unit
 * uses none. */
void dygw_wait_use(dygw_wait_t *wait, dygw_watched_t *watched, const dygw_dbd_t *dbd);

/* Stand around whatever may block. dygw_wait_end gives whether the connection was cut. */
void dygw_wait_begin(dygw_wait_t *wait);
int dygw_wait_end(dygw_wait_t *wait);

#endif
