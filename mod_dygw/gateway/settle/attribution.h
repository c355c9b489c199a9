/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: whose a verification is that Douyin shows of a coupon, as far as our records
 * tell. The table keeps a verify_id from being two records'; what a record whose verify_id is not
 * known may want is told here. */
#ifndef DYGW_GATEWAY_SETTLE_ATTRIBUTION_H
#define DYGW_GATEWAY_SETTLE_ATTRIBUTION_H

#include <apr_tables.h>

#include "gateway/settle/fit.h"

/* All that is recorded of the coupon of v, v itself included: of dygw_rival_t, as the table has
 * them. Only a `success` that Douyin did not name has the verification that is most likely its own,
 * so that it is nobody else's meanwhile. NULL: the coupon cannot be told. */
apr_status_t dygw_attribution_rivals(dygw_db_t *db, const dygw_verification_t *v,
                                     const dygw_seen_coupon_t *seen, apr_array_header_t **rivals,
                                     apr_pool_t *pool);

/* Whether one of them has, or may have, that verification. */
int dygw_attribution_is_known(const apr_array_header_t *rivals, const char *verify_id);

/* For a `success` without verify_id: writes its own into it, which is still to be recorded: the
 * table decides. APR_NOTFOUND: Douyin does not show it. */
apr_status_t dygw_attribution_learn(dygw_db_t *db, dygw_verification_t *v,
                                    const dygw_seen_coupon_t *seen, apr_pool_t *pool);

typedef struct dygw_free_verify_t {
    const dygw_seen_verify_t *verify;   /* that no record has; NULL: none is shown */
    int contested;                      /* a record of that coupon is `processing`, whose it may be
                                         */
} dygw_free_verify_t;

/* A verification that v may have made until then, and that no record has. */
apr_status_t dygw_attribution_find_free(dygw_db_t *db, const dygw_verification_t *v,
                                        dygw_ms_t until, const dygw_seen_coupon_t *seen,
                                        dygw_free_verify_t *found, apr_pool_t *pool);

#endif
