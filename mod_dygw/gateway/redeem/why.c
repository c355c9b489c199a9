/* SPDX-License-Identifier: Apache-2.0
 * Why a coupon was refused, while the caller waits: one look at it, where the number of the refusal
 * leaves that open. The look explains, and decides nothing: whatever it shows, the outcome stays.
 *
 * Only a request of which nothing can have been redeemed is held up by it, and for a short time:
 * nothing was sent, or the one verify that was sent was refused for good. A look that comes to
 * nothing costs the caller that time, and leaves the reason to the number. */
#include <apr_time.h>

#include "gateway/account.h"
#include "gateway/host.h"
#include "gateway/redeem/redeem_state.h"
#include "gateway/settle/fit.h"
#include "gateway/unusable.h"

/* A look takes so long at most, and is not begun with less than that left, in us. */
#define LOOK_MOST_US  apr_time_from_sec(2)
#define LOOK_LEAST_US apr_time_from_msec(50)

/* So long before the end of the lease, in ms, the look has ended: there is time left to record the
 * outcome before anybody else works on the verifications. */
#define BEFORE_LEASE_END_MS (DYGW_CLOCKS_APART_MS + 1000)

/* Whether all has failed for good, so that nobody waits for goods, and a reason is open. A refusal
 * of the second verify that was sent may be the doing of the first. */
static int why_is_asked(const dygw_redeem_t *r)
{
    int open = 0;
    int i;

    for (i = 0; i < r->out->count; i++) {
        if (r->out->verifications[i]->verify_status != DYGW_FAILED) {
            return 0;
        }
        open += dygw_unusable_is_open(r->out->verifications[i]);
    }
    return open > 0 && r->sent <= 1;
}

/* The time of one call is for all that the caller has waited for Douyin so far. */
static apr_interval_time_t why_patience(const dygw_redeem_t *r)
{
    apr_interval_time_t left = r->ctx->gateway->upstream_timeout - r->out->upstream_time;

    if (r->sent > 0) {
        apr_interval_time_t leased
            = r->lease_ends - apr_time_from_msec(BEFORE_LEASE_END_MS) - dygw_steady_now();

        left = leased < left ? leased : left;
    }
    return left < LOOK_MOST_US ? left : LOOK_MOST_US;
}

/* Returns what Douyin shows; NULL: nothing, or there is nothing to ask by. An order that the caller
 * names may be another one. */
static const dygw_coupons_reply_t *why_look(dygw_redeem_t *r, apr_interval_time_t patience)
{
    const dygw_verification_t *first = r->out->verifications[0];
    const int by_order = first->order_id && first->mode != DYGW_MODE_ENCRYPTED_CODE;
    const dygw_question_t question = { .what = by_order ? DYGW_QUESTION_QUERY : DYGW_QUESTION_GET,
                                       .account_id = dygw_account_of(r->ctx->gateway, first),
                                       .order_id = first->order_id,
                                       .encrypted_code = first->encrypted_code,
                                       .patience = patience };
    const dygw_coupons_reply_t *reply;

    if (!by_order && !first->encrypted_code) {
        return NULL;
    }
    reply = dygw_douyin_look(r->ctx->gateway->douyin, &question, r->token.access_token, r->ctx->log,
                             r->ctx->pool);
    r->out->upstream_time += reply->reply.took;
    dygw_host_reply_shown(r->ctx->gateway, &reply->reply);
    return reply->reply.kind == DYGW_REPLY_OK ? reply : NULL;
}

/* Whether a redemption that is shown may be what this request has sent. */
static int is_maybe_ours(const dygw_verification_t *v, const dygw_seen_coupon_t *seen)
{
    int i;

    for (i = 0; v->attempts > 0 && i < seen->verifies->nelts; i++) {
        if (dygw_fit_verify(v, &APR_ARRAY_IDX(seen->verifies, i, dygw_seen_verify_t), dygw_now())
            != DYGW_FIT_NO) {
            return 1;
        }
    }
    return 0;
}

/* Without a coupon that was chosen, it is about all of the order's. */
static void why_explain(const dygw_ctx_t *ctx, dygw_verification_t *v,
                        const dygw_coupons_reply_t *reply)
{
    dygw_shown_t shown = {
        .coupons = (const dygw_seen_coupon_t *)reply->coupons->elts,
        .count = reply->coupons->nelts,
        .at = dygw_usable_moment(reply->reply.date, v->poi_id, ctx->gateway->time_zone),
    };

    if (v->encrypted_code) {
        shown.coupons = dygw_fit_coupon(v, reply->coupons);
        shown.count = shown.coupons && !is_maybe_ours(v, shown.coupons);
    }
    dygw_unusable_explain(v, &shown, ctx->pool);
}

void dygw_redeem_why(dygw_redeem_t *r)
{
    const apr_interval_time_t patience = why_patience(r);
    const dygw_coupons_reply_t *reply = NULL;
    int i;

    if (why_is_asked(r) && patience >= LOOK_LEAST_US) {
        reply = why_look(r, patience);
    }
    for (i = 0; reply && i < r->out->count; i++) {
        why_explain(r->ctx, r->out->verifications[i], reply);
    }
}
