/* SPDX-License-Identifier: Apache-2.0
 * A unit of work with the database: it opens a connection, works and closes it, and is done once
 * more where that helps. It is never held across a call to Douyin. */
#ifndef DYGW_GATEWAY_DB_WORK_H
#define DYGW_GATEWAY_DB_WORK_H

#include "gateway/gateway.h"

/* The work itself, with the ctx and the baton that dygw_db_work was given. Memory of the unit
 * (dygw_db_pool) goes with it; what the work gives out belongs into ctx->pool. */
typedef apr_status_t dygw_db_work_fn(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton);

/* For work that may be done twice: it is done once more, in a second unit, unless it comes to one
 * of `ends`. A connection that dies in one unit is not the next one's.
 *
 * What may stand in `ends`, and what it means for a write:
 *   APR_SUCCESS     it is done; stands in each list, as the last
 *   APR_EEXIST      another record has what it would write, and keeps it
 *   APR_NOTFOUND    a row is not as it was read: somebody else has written it, and that counts
 *   APR_EBUSY       another request has taken over the idempotency key
 *   APR_EACCES      the same signed request has made its records before
 *   APR_EAGAIN      each id that was drawn is taken: a new connection changes nothing about that
 *   APR_TIMEUP      the database kept it waiting too long, and would do so again
 * What does not, and so is worth a second unit:
 *   APR_EGENERAL    it failed, and nothing is done
 *   APR_INCOMPLETE  the connection died with the commit, and it may be done: the store recognises
 *                   what an earlier try has written, so that doing it again tells
 * That no connection can be had is an end, too: dygw_db_open has tried for long enough. */
typedef struct dygw_db_rules_t {
    const apr_status_t *ends;
    dygw_ms_t patience;         /* after APR_INCOMPLETE alone: a database that gives no connection
                                 * is asked again until so long after the beginning; 0: it is not */
} dygw_db_rules_t;

/* Rules for work that is done once, whatever it comes to. */
#define DYGW_DB_ONCE  NULL

/* Gives what the work came to last, or, when there was no connection for it, what dygw_db_open gave
 * and has logged. Logs nothing itself. */
apr_status_t dygw_db_work(const dygw_ctx_t *ctx, dygw_db_work_fn *work, void *baton,
                          const dygw_db_rules_t *rules);

#endif
