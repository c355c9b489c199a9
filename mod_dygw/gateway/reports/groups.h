/* SPDX-License-Identifier: Apache-2.0
 * What sums of verifications and of payouts have in common.
 *
 * A long range of time is read in pieces, with one unit of work for each. So no statement runs into
 * the time limit of the database, and redemptions do not wait for long with SQLite, whose driver
 * runs one statement of a process at a time. A piece begins at the next verification, and is longer
 * the fewer rows the piece before had. Sums of different pieces for the same group are added up by
 * the caller. Each verification is in exactly one piece, because its created_at never changes. */
#ifndef DYGW_GATEWAY_REPORTS_GROUPS_H
#define DYGW_GATEWAY_REPORTS_GROUPS_H

#include "gateway/gateway.h"
#include "store/report.h"

/* --- pieces --- */

typedef struct dygw_pieces_t {
    dygw_report_filter_t filter; /* with the times of the present piece */
    int days;                    /* length of the first piece, then of the present one */
    apr_int64_t few;             /* after a piece with fewer rows, the next is twice as long */
    apr_int64_t many;            /* after a piece with more, the next is half as long */
    /* Reads the present piece, and says how many verifications it had. */
    apr_status_t (*read)(dygw_db_t *db, void *baton, apr_int64_t *verifications);
    void *baton;
    dygw_ms_t from;  /* the present piece begins then or later */
    dygw_ms_t until; /* the last piece ends then */
} dygw_pieces_t;

/* Reads all pieces of the time of p->filter. Returns what p->read returns, as soon as that is not
 * APR_SUCCESS. */
apr_status_t dygw_pieces_read(const dygw_ctx_t *ctx, dygw_pieces_t *p);

/* What came of it for the caller; APR_ENOSPC stands for more than rows_max groups. */
void dygw_pieces_explain(apr_status_t rv, int rows_max, apr_pool_t *pool, dygw_result_t *out);

/* --- keys --- */

/* A text that two groups have in common if all their keys are the same. keys, here and below: of
 * DYGW_KEYS. */
const char *dygw_group_key(const dygw_sums_value_t *keys, apr_pool_t *pool);

/* Copies the texts of the keys. */
void dygw_group_keep(dygw_sums_value_t *keys, apr_pool_t *pool);

/* As strcmp, in the order of the keys; what is absent comes first. */
int dygw_group_compare(const dygw_sums_value_t *a, const dygw_sums_value_t *b);

#endif
