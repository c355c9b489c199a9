/* SPDX-License-Identifier: Apache-2.0
 * Units of work that several requests share. What threads of a child want written at the same
 * moment goes to the database as one commit; what comes alone is written as ever, by its own
 * thread and without a wait. How it goes on is told in share.c. */
#ifndef DYGW_GATEWAY_SHARE_H
#define DYGW_GATEWAY_SHARE_H

#include "gateway/db_work.h"

/* Requests of one commit: a batch. */
#define DYGW_SHARE_MAX 32

/* So long a request waits for a batch to take it; then it begins one by itself. */
#define DYGW_SHARE_PATIENCE apr_time_from_msec(30)

/* A queue, of one kind of work of one child; from pool, of which nobody waits when it goes. Batches
 * and the requests in them are counted in metrics (NULL: nowhere). */
apr_status_t dygw_share_create(dygw_share_t **share, dygw_batch_series_e series,
                               const dygw_metrics_t *metrics, apr_pool_t *pool);

/* The work of one kind. */
typedef struct dygw_share_job_t {
    dygw_db_work_fn *alone;       /* the work of one request, in a unit of its own, */
    const dygw_db_rules_t *rules; /* and what follows, see dygw_db_work */
    /* The work of count requests, 2 at least, in one commit: all or none. Only reads what belongs
     * to them. */
    apr_status_t (*together)(const dygw_ctx_t *ctx, dygw_db_t *db, void *const *batons, int count);
    /* Called in the request's own thread, without a connection, when its work was in a batch with
     * that of others, with the batch's status, before anything follows. */
    void (*told)(const dygw_ctx_t *ctx, void *baton, apr_status_t rv);
} dygw_share_job_t;

/* Does the work of one request as dygw_db_work would, alone or in a batch; share NULL: alone. Gives
 * what dygw_db_work gives. No connection may be open meanwhile. */
apr_status_t dygw_share_work(const dygw_ctx_t *ctx, dygw_share_t *share,
                             const dygw_share_job_t *job, void *baton);

#endif
