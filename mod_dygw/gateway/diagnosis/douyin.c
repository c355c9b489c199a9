/* SPDX-License-Identifier: Apache-2.0
 * Checks the connection to Douyin, and what Douyin lets this application do.
 *
 * First comes the token call, which shows whether Douyin can be reached and accepts the secret. The
 * call is left out where it would end a token that is in use. Then one probe is sent to each
 * interface, all at once, with the token that the host holds, about the first account; then the
 * same for each other account. The coupon and the order that probes ask for do not exist, so that
 * the kind of the refusal shows whether the interface is open to us. Last come the stores. One
 * reply can matter to several findings: a refusal that is about the address or the merchant says
 * nothing about the interface. */
#include <string.h>

#include "gateway/diagnosis/probes.h"

#define A10     "AAAAAAAAAA"
/* Has the form of an encrypted_code, but is of no coupon: Douyin says that it cannot decrypt it. */
#define NO_CODE "CgwIARAA" A10 A10 A10 A10 A10 A10 "AAA="

/* --- the token --- */

static void probe_token(dygw_probes_t *probes)
{
    dygw_gateway_t *gateway = probes->d->ctx->gateway;

    probes->is_held = dygw_token_held(gateway, &probes->held, probes->d->ctx->pool) == APR_SUCCESS;
    probes->token = probes->held.access_token;
    if (probes->is_held && !probes->held.refused && !dygw_douyin_token_is_stable(gateway->douyin)) {
        return;
    }
    probes->fresh = dygw_douyin_token(gateway->douyin, probes->d->ctx->log, probes->d->ctx->pool);
    if (!dygw_probe_is_answer(&probes->fresh->reply)) {
        probes->token = NULL;
    }
    else if (!probes->is_held) {
        probes->token = probes->fresh->access_token;
    }
}

/* --- the interfaces --- */

/* An account that is left out is so as a whole: half an answer about it would tell less. */
static void begin_account(dygw_probes_t *probes, dygw_probed_account_t *account)
{
    int i;

    for (i = 0; i < DYGW_PROBES_OF_ACCOUNT; i++) {
        if (account->scopes[0].why_not == DYGW_WHY_LEFT_OUT) {
            account->scopes[i].why_not = DYGW_WHY_LEFT_OUT;
        }
        dygw_probe_begin(probes, &account->scopes[i]);
    }
}

static void probe_first_account(dygw_probes_t *probes)
{
    dygw_probe_begin(probes, &probes->certificate);
    begin_account(probes, &probes->accounts[0]);
    dygw_probes_await(probes);
}

static const dygw_reply_t *token_refusal(const dygw_probes_t *probes)
{
    int i;

    if (probes->certificate.reply && probes->certificate.reply->kind == DYGW_REPLY_TOKEN) {
        return probes->certificate.reply;
    }
    for (i = 0; i < DYGW_PROBES_OF_ACCOUNT; i++) {
        const dygw_reply_t *reply = probes->accounts[0].scopes[i].reply;

        if (reply && reply->kind == DYGW_REPLY_TOKEN) {
            return reply;
        }
    }
    return NULL;
}

/* Where Douyin refused the token that the host holds, sends the probes again with the fresh token,
 * if that is another one. The host is not told: its next call to Douyin renews the token. */
static void probe_again(dygw_probes_t *probes)
{
    const char *fresh = probes->fresh ? probes->fresh->access_token : NULL;

    probes->refusal = probes->is_held ? token_refusal(probes) : NULL;
    if (!probes->refusal) {
        return;
    }
    probes->token = fresh && strcmp(fresh, probes->held.access_token) != 0 ? fresh : NULL;
    if (probes->token) {
        probe_first_account(probes);
    }
}

static void probe_other_accounts(dygw_probes_t *probes)
{
    int i;

    for (i = 1; i < probes->account_count; i++) {
        begin_account(probes, &probes->accounts[i]);
    }
    dygw_probes_await(probes);
}

/* --- all of it --- */

void dygw_diagnose_douyin(const dygw_diagnosis_t *d)
{
    dygw_probes_t *probes = apr_pcalloc(d->ctx->pool, sizeof(*probes));

    probes->d = d;
    probes->certificate = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_CERTIFICATE,
                                          .scope = "life.capacity.fulfilment",
                                          .question = { .what = DYGW_QUESTION_GET,
                                                        .account_id = d->ctx->gateway->account_id,
                                                        .encrypted_code = NO_CODE } };
    dygw_probes_make_accounts(probes);
    if (dygw_douyin_async_create(&probes->async, d->ctx->gateway->douyin, d->ctx->pool)
        == APR_SUCCESS) {
        probe_token(probes);
        probes->began = dygw_steady_now();
        probe_first_account(probes);
        probe_again(probes);
        probe_other_accounts(probes);
        dygw_probes_ask_stores(probes);
    }
    dygw_probes_write_findings(probes);
}
