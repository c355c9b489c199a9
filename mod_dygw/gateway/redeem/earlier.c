/* SPDX-License-Identifier: Apache-2.0
 * The insert has found that a verify_token and code of this request are recorded already: what the
 * caller hears. */
#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/reasons.h"
#include "gateway/redeem/redeem_state.h"
#include "util/text.h"

/* What an earlier request has recorded about the codes of this one. */
typedef struct earlier_t {
    const dygw_redeem_t *r;
    dygw_verification_t *first;        /* of the first of our codes that has a verification */
    apr_array_header_t *verifications; /* all verifications of the request that made it */
} earlier_t;

/* Reads the earlier verifications. APR_NOTFOUND: there are none. */
static apr_status_t find_earlier(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    earlier_t *found = baton;
    const dygw_redeem_t *r = found->r;
    apr_status_t rv = APR_NOTFOUND;
    int i;

    for (i = 0; i < r->out->count && rv == APR_NOTFOUND; i++) {
        rv = dygw_store_verification_find(db, r->verify_token, r->codes[i], &found->first,
                                          ctx->pool);
    }
    return rv == APR_SUCCESS ? dygw_store_verification_items(db, found->first->first_id,
                                                             &found->verifications, ctx->pool)
                             : rv;
}

static void explain_conflict(dygw_redeem_t *r, dygw_reason_e reason, const char *message)
{
    r->out->result.code = DYGW_CONFLICT;
    r->out->result.reason = dygw_reason_word(reason);
    r->out->result.message = message;
}

/* Whether the same signed request has made these verifications and has now come once more. It must
 * not redeem again, also when its nonce was not recognised. After ids were drawn again the
 * verifications may be our own, under the ids before, so that nothing is concluded then. */
static int earlier_is_this_request(const dygw_redeem_t *r, const apr_array_header_t *items)
{
    const dygw_verification_t *first = APR_ARRAY_IDX(items, 0, dygw_verification_t *);

    return !r->redrawn && dygw_text_same(r->request->request_key, first->request_key);
}

apr_status_t dygw_redeem_replay_earlier(dygw_redeem_t *r)
{
    earlier_t found = { .r = r };
    apr_status_t rv = dygw_db_work(r->ctx, find_earlier, &found, DYGW_DB_ONCE);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    r->out->result = (dygw_result_t){ 0 };
    if (found.first->app_id != r->request->app_id) {
        explain_conflict(r, DYGW_REASON_NOT_OURS,
                         "another app has used this coupon with the same verify_token");
    }
    else if (earlier_is_this_request(r, found.verifications)) {
        dygw_explain_replay(&r->out->result);
    }
    else if (r->request->mode != DYGW_MODE_ENCRYPTED_CODE
             && found.first->verify_status != DYGW_PROCESSING) {
        explain_conflict(r, DYGW_REASON_BUSY,
                         "Douyin gave a verify_token that a finished verification has used; "
                         "nothing was redeemed, try again later");
    }
    else {
        r->out->verifications = (dygw_verification_t **)found.verifications->elts;
        r->out->count = found.verifications->nelts;
        r->out->replayed = 1;
    }
    return APR_SUCCESS;
}
