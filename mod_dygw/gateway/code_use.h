/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: one code redeems one coupon. Douyin's prepare answers a plain code with all
 * usable coupons of the order, and only the answer to verify says which of them has the code. So
 * who sends a code again would be given the order's next coupon.
 *
 * A verification that is asked for by a code has the code as its origin_code from the beginning.
 * Before another one with that code is sent, the records of the order are looked at: where one of
 * them is a redemption, the code is used; where one is not settled, the other waits for it. Only
 * where both are about the very same coupon, neither waits: Douyin redeems that once. A times card
 * with uses left may be redeemed again.
 *
 * A record is committed before its verify is sent. So who was given the next coupon by prepare
 * finds the record of the first one. Two requests that are given different coupons although none
 * was redeemed in between find each other when they look once more, after both are committed: then
 * both wait, and the background lets the first one go. Where prepare has just listed one coupon
 * only, there is no second look (redeem/by_code.c says why). */
#ifndef DYGW_GATEWAY_CODE_USE_H
#define DYGW_GATEWAY_CODE_USE_H

#include "gateway/redemption.h"

/* How soon, in ms, the background looks at a verification that waits: most requests have ended by
 * then. */
#define DYGW_CODE_FIRST_LOOK_MS 1000

typedef enum {
    DYGW_CODE_FREE,
    DYGW_CODE_WAITS, /* another verification has the code, and is `processing` */
    DYGW_CODE_USED   /* another one has redeemed it */
} dygw_code_use_e;

/* The verifications of a request that may redeem, and what a look at their code tells. */
typedef struct dygw_code_use_t {
    dygw_verification_t *const *rows; /* asked for by the origin_code of the first, NULL: by none */
    int count;
    const apr_array_header_t *listed; /* of dygw_certificate_t: what prepare listed; NULL: not known
                                       * any more */
    int to_send; /* they are sent if the code is free: each that is not settled goes before them. 0:
                  * they have waited, and go before those that wait like them and were made later */
    dygw_code_use_e use;
    apr_int64_t by; /* the verification that stands in the way; 0: none */
} dygw_code_use_t;

/* Work for dygw_db_work, whose baton is a dygw_code_use_t: looks at the records of the code, and
 * fills in `use` and `by`. An error is the database's. */
apr_status_t dygw_code_look(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton);

/* Returns the error_description of a verification that ends with DYGW_OUTCOME_NOT_OURS because
 * another one, `by`, has redeemed its code. From pool. The id is told to other apps, too: it says
 * nothing more, and the shop finds the record by it. */
const char *dygw_code_used_text(apr_int64_t by, apr_pool_t *pool);

#endif
