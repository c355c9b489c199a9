/* SPDX-License-Identifier: Apache-2.0
 * A redemption that is asked for by a plain code: what its request does about other verifications
 * with the same code, by the rules of gateway/code_use.h. */
#include "gateway/code_use.h"
#include "gateway/db_work.h"
#include "gateway/redeem/redeem_state.h"

/* 1 s: so old may prepare's answer be when its verifications are committed, to be taken for what is
 * true at that moment. A commit takes a few ms, or seconds where the database fails over. */
#define JUST_LISTED_US APR_TIME_C(1000000)

static dygw_code_use_t code_of(const dygw_redeem_t *r)
{
    return (dygw_code_use_t){
        .rows = r->out->verifications,
        .count = r->out->count,
        .listed = r->listed,
        .to_send = 1,
    };
}

apr_status_t dygw_redeem_look_at_code(dygw_redeem_t *r)
{
    static const apr_status_t ends[] = { APR_TIMEUP, APR_SUCCESS };
    static const dygw_db_rules_t rules = { .ends = ends };
    dygw_code_use_t code = code_of(r);
    apr_status_t rv;

    if (r->request->mode != DYGW_MODE_CODE) {
        return APR_SUCCESS;
    }
    rv = dygw_db_work(r->ctx, dygw_code_look, &code, &rules);
    r->code_use = code.use;
    r->code_by = code.by;
    return rv;
}

/* Whether prepare listed more than one coupon that can be redeemed, however many uses it has. */
static int lists_several(const dygw_redeem_t *r)
{
    int usable = 0;
    int i;

    for (i = 0; i < r->listed->nelts; i++) {
        const dygw_certificate_t *c = &APR_ARRAY_IDX(r->listed, i, dygw_certificate_t);

        usable += c->status == DYGW_CERTIFICATE_UNSAID || c->status == DYGW_CERTIFICATE_UNUSED;
    }
    return usable > 1;
}

/* Whether so little time has passed since prepare was answered that nobody had time to make another
 * coupon usable meanwhile, and another request to be given that. */
static int is_just_listed(const dygw_redeem_t *r)
{
    return dygw_steady_now() - r->listed_at < JUST_LISTED_US;
}

/* The second look is for two requests that came at once and were given different coupons. Where
 * prepare has just listed one coupon only, ours, there is no such other request:
 *
 *   it was given the same coupon      neither waits: Douyin redeems that once, and of a times card
 *                                     each use may be redeemed
 *   its prepare was answered before   its coupon could be redeemed then and cannot any more. Either
 *   ours, with another coupon         it has redeemed it, or another request with the code has:
 *                                     that was committed before its verify was sent, which was
 *                                     before our prepare, and the first look has seen it. Or the
 *                                     coupon was used or refunded elsewhere: its verify is refused
 *   its prepare was answered after    the other coupon can be redeemed again since our prepare. At
 *   ours, with another coupon         the same moment somebody has cancelled a redemption of it or
 *                                     taken back a refund: then both are redeemed, each once, as
 *                                     Douyin and the records say
 *
 * The same moment is JUST_LISTED_US at most: where our commit took longer, there was time for that,
 * and the second look finds a request that has come meanwhile.
 *
 * Of several coupons, others may be given one of them, even if this request redeems them all: for
 * them the one coupon, for us it and the next, are two redemptions with one code. */
int dygw_redeem_must_look_again(const dygw_redeem_t *r)
{
    return r->request->mode == DYGW_MODE_CODE && r->code_use == DYGW_CODE_FREE
           && r->out->verifications[0]->verify_status == DYGW_PROCESSING
           && (lists_several(r) || !is_just_listed(r));
}

void dygw_redeem_look_again(dygw_redeem_t *r, dygw_db_t *db)
{
    dygw_code_use_t code = code_of(r);

    if (dygw_redeem_must_look_again(r) && dygw_code_look(r->ctx, db, &code) == APR_SUCCESS) {
        r->code_use = code.use == DYGW_CODE_FREE ? DYGW_CODE_FREE : DYGW_CODE_WAITS;
        r->code_by = code.by;
    }
}

void dygw_redeem_wait(const dygw_redeem_t *r)
{
    dygw_ms_t now = dygw_now();
    int i;

    for (i = 0; i < r->out->count; i++) {
        dygw_verification_t *v = r->out->verifications[i];

        v->attempts = 0;
        v->sent_at = 0;
        v->lease_until = 0;
        v->updated_at = now;
        v->next_run_at = now + DYGW_CODE_FIRST_LOOK_MS;
    }
}
