/* SPDX-License-Identifier: Apache-2.0
 * Spent nonces in memory that all children share and that outlives restarts: a table of a fixed
 * size, which refuses when it is full of entries that still count, and never forgets such an entry.
 * No app can fill the table alone. */
#ifndef DYGW_PROCESS_NONCE_H
#define DYGW_PROCESS_NONCE_H

#include <apr_pools.h>

#include "util/clock.h"

typedef struct dygw_nonces_t dygw_nonces_t;

/* A word for the layout of tables: only tables of the same layout are attached together. From pool.
 */
const char *dygw_nonces_layout(apr_pool_t *pool);

/* The bytes of a table in which one app may hold `entries` nonces, and all apps together half as
 * many again. */
apr_size_t dygw_nonces_size(int entries);

/* Makes an empty table in `memory` (dygw_nonces_size bytes). APR_EGENERAL: there is no
 * random key to be had. */
apr_status_t dygw_nonces_format(void *memory, int entries);

/* Makes an empty table the successor of another: both then know a nonce by the same hash, and what
 * the older one has forgotten stays refused. */
void dygw_nonces_follow(void *fresh, const void *older);

/* What is called around each use. */
typedef struct dygw_nonces_lock_t {
    void (*take)(void *baton);
    void (*release)(void *baton);
    void *baton;
} dygw_nonces_lock_t;

/* Attaches to tables that were formatted before, by this process or by the one before it: first the
 * table in use, then those of generations of children that may still serve. A nonce is good when it
 * is in none of the tables, and is entered in all. APR_EINVAL: one of tables is none. */
apr_status_t dygw_nonces_attach(dygw_nonces_t **nonces, void *const *tables, int count,
                                const dygw_nonces_lock_t *lock, apr_pool_t *pool);

/* Spends `nonce` of the app `client_key` until expires_at. APR_EEXIST: spent before, or it may have
 * been. APR_ENOSPC: full for this app, *free_at (may be NULL) tells when an entry expires first. */
apr_status_t dygw_nonces_spend(dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                               dygw_ms_t now, dygw_ms_t expires_at, dygw_ms_t *free_at);

/* The same without spending the nonce; APR_SUCCESS: it could be spent, if there is room. */
apr_status_t dygw_nonces_look(dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                              dygw_ms_t now, dygw_ms_t expires_at);

/* To be called when the clock was set back, and is known to be right now: what was removed by the
 * clock before, which was ahead, closes the door to nobody any more. A request that was signed then
 * may be accepted once more when its time comes; a redemption still is recognised. */
void dygw_nonces_forgive(dygw_nonces_t *nonces, dygw_ms_t now);

/* How many nonces the table in use holds, and how many one app may hold in it. When none has been
 * spent for long, some may be counted that have expired. */
void dygw_nonces_count(dygw_nonces_t *nonces, dygw_ms_t now, int *held, int *capacity);

/* 32 hex digits that stand for an app's nonce, for the table of nonces in the database. */
void dygw_nonce_key(const char *client_key, const char *nonce, char out[33]);

/* 64 hex digits that a verification keeps of the request that made it: the lowercase SHA-256 of
 * client_key, NUL, nonce. From pool. */
const char *dygw_nonce_request_key(const char *client_key, const char *nonce, apr_pool_t *pool);

#endif
