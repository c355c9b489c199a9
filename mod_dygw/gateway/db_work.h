/* SPDX-License-Identifier: Apache-2.0
 * A unit of work: a connection to the database is opened, the work is done, the connection is
 * closed. Where it helps, the work is done once more in a second unit. No connection is kept open
 * during a call to Douyin. */
#ifndef DYGW_GATEWAY_DB_WORK_H
#define DYGW_GATEWAY_DB_WORK_H

#include "gateway/gateway.h"

/* The work itself; ctx and baton are those of dygw_db_work. Memory from dygw_db_pool is freed with
 * the unit; results belong into ctx->pool. */
typedef apr_status_t dygw_db_work_fn(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton);

/* Rules for work that may be done twice. The work is done a second time, in a second unit with a
 * connection of its own, unless the first time ended with one of the statuses in `ends`.
 *
 * These statuses may stand in `ends`; for a write they mean:
 *   APR_SUCCESS     the write is done; the last status in every list
 *   APR_EEXIST      another row has what the work would write, and keeps it
 *   APR_NOTFOUND    a row is not as it was read: somebody else has written it, and what was
 *                   written counts
 *   APR_EBUSY       another request has taken over the idempotency key
 *   APR_EACCES      the same signed request has made its rows before
 *   APR_EAGAIN      each id that was drawn is taken; a new connection does not change that
 *   APR_TIMEUP      the database made the work wait too long, and would do so again
 * These do not stand there, because a second unit may help:
 *   APR_EGENERAL    the work has failed, and nothing is written
 *   APR_INCOMPLETE  the connection died during the commit, and the work may be written or not. The
 *                   store recognises rows that an earlier try has written, so that a second try
 *                   finds out
 * When no connection can be opened there is no second unit either: dygw_db_open has tried for long
 * enough. */
typedef struct dygw_db_rules_t {
    const apr_status_t *ends; /* ends with APR_SUCCESS */
    dygw_ms_t patience;       /* only after APR_INCOMPLETE: opening a connection is tried again
                               * until so many ms after the first unit began; 0: tried once */
} dygw_db_rules_t;

/* Instead of rules: the work is done once, whatever its status is. */
#define DYGW_DB_ONCE NULL

/* Does the work in one unit, or in two as the rules say. Returns the status of the last work; when
 * no connection could be opened, the status of dygw_db_open, which has logged the reason. This
 * function logs nothing. */
apr_status_t dygw_db_work(const dygw_ctx_t *ctx, dygw_db_work_fn *work, void *baton,
                          const dygw_db_rules_t *rules);

/* --- for who does the first unit by himself (share.c) --- */

/* A first unit that had a connection. */
typedef struct dygw_db_unit_t {
    apr_status_t rv;  /* of its work */
    apr_time_t began; /* by the steady clock */
} dygw_db_unit_t;

/* Whether no second unit follows. */
int dygw_db_is_end(const dygw_db_rules_t *rules, apr_status_t rv);

/* Does the work in a second unit. Returns what dygw_db_work would. */
apr_status_t dygw_db_work_again(const dygw_ctx_t *ctx, dygw_db_work_fn *work, void *baton,
                                const dygw_db_rules_t *rules, const dygw_db_unit_t *first);

#endif
