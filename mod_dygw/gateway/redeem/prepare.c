/* SPDX-License-Identifier: Apache-2.0
 * The first step of a request: from the short link or the code to the coupons that prepare lists.
 * Nothing is redeemed here. */
#include "gateway/redeem/redeem_state.h"

#include <apr_time.h>

#include "douyin/codes.h"
#include "gateway/ask.h"
#include "gateway/reasons.h"
#include "gateway/redeem/redeem.h"

static const dygw_reply_t *call_prepare(void *baton, const char *access_token)
{
    dygw_redeem_t *r = baton;
    const dygw_prepare_question_t question = { .poi_id = r->request->poi_id,
                                               .account_id = r->request->account_id,
                                               .encrypted_data = r->encrypted_data,
                                               .code = r->request->code };
    dygw_prepare_reply_t *reply = dygw_douyin_prepare(r->ctx->gateway->douyin, &question,
                                                      access_token, r->ctx->log, r->ctx->pool);

    r->listed_at = dygw_steady_now();
    r->out->upstream_time += reply->reply.took;
    return &reply->reply;
}

static dygw_link_e follow_short_link(dygw_redeem_t *r, const char **why)
{
    apr_time_t began = dygw_steady_now();
    dygw_link_e link = dygw_douyin_short_link(r->ctx->gateway->douyin, r->request->short_link,
                                              &r->encrypted_data, why, r->ctx->log, r->ctx->pool);

    r->out->upstream_time += dygw_steady_now() - began;
    return link;
}

/* Follows the short link, and once more when its server could not be reached. 0: *out says why. */
static int resolve_short_link(dygw_redeem_t *r, dygw_result_t *out)
{
    const char *why = NULL;
    dygw_link_e link = follow_short_link(r, &why);

    if (link == DYGW_LINK_UNAVAILABLE) {
        link = follow_short_link(r, &why);
    }
    switch (link) {
    case DYGW_LINK_OK:
        return 1;
    case DYGW_LINK_BAD:
    case DYGW_LINK_DEAD:
        out->code = DYGW_INVALID_REQUEST;
        out->message = why;
        out->field = "short_link";
        out->reason = dygw_reason_word(link == DYGW_LINK_DEAD ? DYGW_REASON_QR_EXPIRED
                                                              : DYGW_REASON_WRONG_CODE);
        break;
    case DYGW_LINK_TIMEOUT:
        dygw_explain_timeout(why, out);
        break;
    case DYGW_LINK_UNAVAILABLE:
        dygw_explain_unavailable(why, out);
        break;
    }
    return 0;
}

/* What Douyin answers of another merchant's store is not documented; an empty list is among what
 * was seen. Most empty lists are of orders that have been used up. */
static void hint_at_account(const dygw_redeem_t *r, const dygw_prepare_reply_t *prepared)
{
    const char *account = prepared->reply.account_id;

    if (prepared->reply.kind == DYGW_REPLY_OK && prepared->certificates->nelts == 0 && account) {
        dygw_log_rarely(r->ctx->log, INFO, r->request->poi_id, 0,
                        DYGWNO(0760) "Douyin lists no coupon for store %s and account %s; if that "
                                     "goes on: does this store belong to this account?",
                        r->request->poi_id, account);
    }
}

const dygw_prepare_reply_t *dygw_redeem_prepare(dygw_redeem_t *r, dygw_result_t *out)
{
    const dygw_prepare_reply_t *prepared;

    if (r->request->mode == DYGW_MODE_SHORT_LINK && !resolve_short_link(r, out)) {
        return NULL;
    }
    if (!dygw_ask_ready(r->ctx, &r->token, out)) {
        return NULL;
    }
    /* call_prepare returns the first member of a dygw_prepare_reply_t. */
    prepared = (const dygw_prepare_reply_t *)dygw_ask(r->ctx, DYGW_ASK_HARMLESS, call_prepare, r,
                                                      &r->token);
    hint_at_account(r, prepared);
    return prepared;
}

int dygw_redeem_choose(dygw_redeem_t *r, const dygw_prepare_reply_t *prepared,
                       const dygw_certificate_t **chosen)
{
    const dygw_certificate_t *listed = (const dygw_certificate_t *)prepared->certificates->elts;
    int wanted = r->request->count;
    int n = 0;
    int i, use;

    for (i = 0; i < prepared->certificates->nelts && n < wanted; i++) {
        if (listed[i].status != DYGW_CERTIFICATE_UNSAID
            && listed[i].status != DYGW_CERTIFICATE_UNUSED) {
            continue;
        }
        for (use = 1; use <= listed[i].times_left && n < wanted; use++) {
            r->times_left[n] = listed[i].times_left - use;
            chosen[n++] = &listed[i];
        }
    }
    return n;
}

const dygw_prepare_reply_t *dygw_prepare_only(const dygw_ctx_t *ctx,
                                              const dygw_redeem_request_t *request,
                                              dygw_result_t *out)
{
    dygw_redeem_result_t ignored = { 0 };
    dygw_redeem_t r = {
        .ctx = ctx,
        .request = request,
        .out = &ignored,
    };
    const dygw_prepare_reply_t *prepared;

    *out = (dygw_result_t){ 0 };
    prepared = dygw_redeem_prepare(&r, out);
    if (prepared) {
        dygw_explain(&prepared->reply, out);
    }
    return prepared;
}
