/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: one redemption on its way, from the request to its outcome. */
#ifndef DYGW_GATEWAY_REDEEM_ATTEMPT_H
#define DYGW_GATEWAY_REDEEM_ATTEMPT_H

#include "gateway/redemption.h"
#include "gateway/token.h"

typedef struct dygw_attempt_t {
    const dygw_ctx_t *ctx;
    const dygw_redeem_request_t *request;
    dygw_redeem_result_t *out;
    dygw_token_t token;                     /* looked up once; newer when Douyin refused it */
    const char *encrypted_data;             /* what the short link led to */
    const char *verify_token;
    const char *codes[DYGW_COUNT_MAX];      /* to send, one a row */
    int times_left[DYGW_COUNT_MAX];         /* uses of that coupon that remain after the row's */
    int redrawn;                            /* rows with other ids may have been committed */
    int in_doubt;                           /* whether the rows are committed is not known */
    int sent;                               /* verify requests that may have reached Douyin */
} dygw_attempt_t;

/* Asks prepare, through the short link where that is the mode. Its answer, whatever it says; NULL
 * when it cannot even be asked, *out tells. */
const dygw_prepare_reply_t *dygw_attempt_prepare(dygw_attempt_t *a, dygw_result_t *out);

/* Chooses the first usable coupons, and uses of times cards, of those that prepare lists: into
 * chosen, which has room for request->count, and a->times_left. Gives how many there are, at most
 * what was asked for. */
int dygw_attempt_choose(dygw_attempt_t *a, const dygw_prepare_reply_t *prepared,
                        const dygw_certificate_t **chosen);

#endif
