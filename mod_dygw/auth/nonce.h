/* SPDX-License-Identifier: Apache-2.0
 * Spent nonces in memory that all children share and that outlives restarts: a fixed table that
 * refuses when it is full of living entries, and never forgets one. No app can fill it alone. */
#ifndef DYGW_AUTH_NONCE_H
#define DYGW_AUTH_NONCE_H

#include <apr_pools.h>

#include "util/clock.h"

typedef struct dygw_nonces_t dygw_nonces_t;

/* A word for a table's layout: only tables with the same one are attached together. From pool. */
const char *dygw_nonces_layout(apr_pool_t *pool);

/* Bytes that a table needs in which one app may hold `entries`, and all together half as many
 * again. */
apr_size_t dygw_nonces_size(int entries);

/* Makes an empty table in `memory` (dygw_nonces_size bytes). APR_EGENERAL: no random key to be had.
 */
apr_status_t dygw_nonces_format(void *memory, int entries);

/* Lets an empty table take its place beside another: both know a nonce by the same hash, and what
 * the other has forgotten stays refused. */
void dygw_nonces_follow(void *fresh, const void *older);

/* What is called around each use. */
typedef struct dygw_nonces_lock_t {
    void (*take)(void *baton);
    void (*release)(void *baton);
    void *baton;
} dygw_nonces_lock_t;

/* Tables formatted before, by this process or the one before it: first the one in use, then those
 * of generations that may still serve. A nonce is good when it is in none of them, and enters all.
 * APR_EINVAL: one of them is no table. */
apr_status_t dygw_nonces_attach(dygw_nonces_t **nonces, void *const *tables, int count,
                                const dygw_nonces_lock_t *lock, apr_pool_t *pool);

/* Spends `nonce` of the app `client_key` until expires_at. APR_EEXIST: spent before, or it may have
 * been. APR_ENOSPC: full for this app, *free_at (may be NULL) tells when an entry expires first. */
apr_status_t dygw_nonces_spend(dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                               dygw_ms_t now, dygw_ms_t expires_at, dygw_ms_t *free_at);

/* The same without spending it; APR_SUCCESS: it could be, if there is room. */
apr_status_t dygw_nonces_look(dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                              dygw_ms_t now, dygw_ms_t expires_at);

/* How many nonces the table in use holds, and how many one app may hold in it. Long after the last
 * one was spent some may still be counted that have expired. */
void dygw_nonces_count(dygw_nonces_t *nonces, dygw_ms_t now, int *held, int *capacity);

/* 32 hex digits that stand for an app's nonce, for the table of nonces in the database. */
void dygw_nonce_key(const char *client_key, const char *nonce, char out[33]);

/* 64 for what a request records: lowercase hex SHA-256 of client_key, NUL, nonce. From pool. */
const char *dygw_nonce_request_key(const char *client_key, const char *nonce, apr_pool_t *pool);

#endif
