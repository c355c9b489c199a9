/* SPDX-License-Identifier: Apache-2.0
 * For redeem.c and prepare.c only: the state of a redeem request, and its first step. */
#ifndef DYGW_GATEWAY_REDEEM_REDEEM_STATE_H
#define DYGW_GATEWAY_REDEEM_REDEEM_STATE_H

#include "gateway/redemption.h"
#include "gateway/token.h"

/* A redeem request under way. What the members point to is in ctx->pool, or the caller's. */
typedef struct dygw_redeem_t {
    const dygw_ctx_t *ctx;
    const dygw_redeem_request_t *request;
    dygw_redeem_result_t *out;
    dygw_token_t token;         /* for all calls; renewed when Douyin refuses it */
    const char *encrypted_data; /* what the short link led to */
    const char *verify_token;
    const char *codes[DYGW_COUNT_MAX]; /* encrypted codes to send, one for each verification */
    int times_left[DYGW_COUNT_MAX];    /* how many uses of the coupon remain afterwards */
    apr_time_t lease_ends;             /* by the steady clock */
    int redrawn;                       /* ids were drawn again: the verifications may also be
                                        * committed under the ids before */
    int in_doubt;                      /* it is not known whether they are committed */
    int sent;                          /* verify calls that may have reached Douyin */
} dygw_redeem_t;

/* Calls prepare; follows the short link before, in that mode. Returns the reply, from ctx->pool,
 * also when it is an error; NULL when prepare could not be called, *out says why. */
const dygw_prepare_reply_t *dygw_redeem_prepare(dygw_redeem_t *r, dygw_result_t *out);

/* Chooses the first usable coupons that prepare lists; each use of a times card counts as one.
 * Fills in `chosen`, which has room for request->count, and r->times_left. Returns how many were
 * found, at most request->count. */
int dygw_redeem_choose(dygw_redeem_t *r, const dygw_prepare_reply_t *prepared,
                       const dygw_certificate_t **chosen);

#endif
