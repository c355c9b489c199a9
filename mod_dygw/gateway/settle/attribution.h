/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: attribution, which is to find the verification of ours that a redemption at
 * Douyin belongs to. The table lets no two verifications have one verify_id. What this file adds is
 * about verifications whose verify_id is not known yet: which redemption is probably theirs. */
#ifndef DYGW_GATEWAY_SETTLE_ATTRIBUTION_H
#define DYGW_GATEWAY_SETTLE_ATTRIBUTION_H

#include <apr_tables.h>

#include "gateway/settle/fit.h"

/* Reads all verifications of the coupon of v, v included, into *rivals (of dygw_rival_t), as the
 * table has them, with one difference: a `success` without verify_id gets the verify_id of the
 * redemption that is most likely its own, so that nobody else takes that redemption meanwhile.
 * *rivals is in pool; NULL: it is not known which coupon this is. An error is the database's. */
apr_status_t dygw_attribution_rivals(dygw_db_t *db, const dygw_verification_t *v,
                                     const dygw_seen_coupon_t *seen, apr_array_header_t **rivals,
                                     apr_pool_t *pool);

/* Whether one of the rivals has, or probably has, the redemption with this verify_id. */
int dygw_attribution_is_known(const apr_array_header_t *rivals, const char *verify_id);

/* For a `success` without verify_id: sets v->verify_id to that of the redemption that is most
 * likely its own. The caller writes the row, and the table decides whether v may have it.
 * APR_NOTFOUND: Douyin does not show that redemption; v is as it was. */
apr_status_t dygw_attribution_learn(dygw_db_t *db, dygw_verification_t *v,
                                    const dygw_seen_coupon_t *seen, apr_pool_t *pool);

typedef struct dygw_free_verify_t {
    const dygw_seen_verify_t *verify; /* NULL: no free redemption is shown */
    int contested;                    /* a rival is `processing`: it may be the owner */
} dygw_free_verify_t;

/* Finds a redemption that v may have caused until the time `until`, and that no verification of
 * ours has. Writes it to *found. An error is the database's. */
apr_status_t dygw_attribution_find_free(dygw_db_t *db, const dygw_verification_t *v,
                                        dygw_ms_t until, const dygw_seen_coupon_t *seen,
                                        dygw_free_verify_t *found, apr_pool_t *pool);

#endif
