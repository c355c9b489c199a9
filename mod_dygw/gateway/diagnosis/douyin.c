/* SPDX-License-Identifier: Apache-2.0
 * Checks the connection to Douyin, and what Douyin lets this application do.
 *
 * First comes the token call, which shows whether Douyin can be reached and accepts the secret. The
 * call is left out where it would end a token that is in use. Then one probe is sent to each
 * interface, all at once, with the token that the host holds. The coupon and the order that probes
 * ask for do not exist, so that the kind of the refusal shows whether the interface is open to us.
 * Last come probes for the stores that are not on the first page of the account's stores. One reply
 * can matter to several findings: a refusal that is about the address or the merchant says nothing
 * about the interface. */
#include "gateway/diagnosis/probes.h"

#include <string.h>

#define STORES_AT_ONCE    5 /* Douyin allows small applications 20 calls a second */
#define AWAIT_PATIENCE_US apr_time_from_sec(1)
#define RECORDS_SPAN_MS   3600000
#define A10               "AAAAAAAAAA"
/* Has the form of an encrypted_code, but is of no coupon: Douyin says that it cannot decrypt it. */
#define NO_CODE           "CgwIARAA" A10 A10 A10 A10 A10 A10 "AAA="
#define NO_ORDER          "1000000000000000001"

/* --- the token and the interfaces --- */

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

static void start_probe(dygw_probes_t *probes, dygw_probe_t *probe)
{
    if (!probes->token) {
        int was_answered = !probes->fresh || dygw_probe_is_answer(&probes->fresh->reply);

        probe->why_not = was_answered ? DYGW_WHY_NO_TOKEN : DYGW_WHY_NO_ANSWER;
    }
    else if (probe->why_not == DYGW_WHY_NONE) {
        dygw_douyin_async_begin(probes->async, &probe->question, probes->token, probes->d->ctx->log,
                                probes->d->ctx->pool, probe);
    }
}

static void await_probes(dygw_probes_t *probes)
{
    dygw_answer_t answer;
    void *probe;

    while (dygw_douyin_async_count(probes->async) > 0) {
        if (dygw_douyin_async_next(probes->async, AWAIT_PATIENCE_US, &probe, &answer)) {
            ((dygw_probe_t *)probe)->reply = answer.reply;
        }
    }
}

static void probe_scopes(dygw_probes_t *probes)
{
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        start_probe(probes, &probes->scopes[i]);
    }
    await_probes(probes);
}

static const dygw_reply_t *token_refusal(const dygw_probes_t *probes)
{
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        if (probes->scopes[i].reply && probes->scopes[i].reply->kind == DYGW_REPLY_TOKEN) {
            return probes->scopes[i].reply;
        }
    }
    return NULL;
}

/* Where Douyin refused the token that the host holds, sends the probes again with the fresh token,
 * if that is another one. The host is not told: its next call to Douyin renews the token. */
static void probe_scopes_again(dygw_probes_t *probes)
{
    const char *fresh = probes->fresh ? probes->fresh->access_token : NULL;

    probes->refusal = probes->is_held ? token_refusal(probes) : NULL;
    if (!probes->refusal) {
        return;
    }
    probes->token = fresh && strcmp(fresh, probes->held.access_token) != 0 ? fresh : NULL;
    if (probes->token) {
        probe_scopes(probes);
    }
}

/* --- stores --- */

/* Whether probes for single stores can show something: Douyin did not refuse the list of the
 * account's stores, or was not asked for the list because no account is configured. */
static int may_probe_stores(const dygw_probes_t *probes)
{
    const dygw_reply_t *reply = probes->scopes[DYGW_PROBE_STORES].reply;

    return probes->scopes[DYGW_PROBE_STORES].why_not == DYGW_WHY_NO_ACCOUNT
           || (reply && (reply->kind == DYGW_REPLY_OK || reply->kind == DYGW_REPLY_COUPON));
}

/* A store is asked for by its id: with the argument account_id, Douyin would ignore the id. */
static void probe_stores(dygw_probes_t *probes)
{
    const dygw_probe_t *all = &probes->scopes[DYGW_PROBE_STORES];
    int i;

    for (i = 0; i < probes->store_count; i++) {
        dygw_probe_t *probe = &probes->stores[i];

        probe->is_listed
            = dygw_probes_find_store(all->reply, probe->poi_id, probes->d->ctx->pool) != NULL;
        if (probe->is_listed) {
            continue;
        }
        if (!may_probe_stores(probes)) {
            probe->reply = all->reply;
            probe->why_not = all->why_not;
            continue;
        }
        start_probe(probes, probe);
        if (dygw_douyin_async_count(probes->async) >= STORES_AT_ONCE) {
            await_probes(probes);
        }
    }
    await_probes(probes);
}

/* --- all of it --- */

static void make_scope_probes(dygw_probes_t *probes)
{
    const char *account = probes->d->ctx->gateway->account_id;
    dygw_ms_t now = dygw_now();
    int i;

    probes->scopes[DYGW_PROBE_CERTIFICATE] = (dygw_probe_t){
        .check = DYGW_CHECK_SCOPE_CERTIFICATE,
        .scope = "life.capacity.fulfilment",
        .question = { .what = DYGW_QUESTION_GET, .account_id = account, .encrypted_code = NO_CODE }
    };
    probes->scopes[DYGW_PROBE_STORES]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_STORE,
                          .scope = "life.capacity.shop",
                          .question = { .what = DYGW_QUESTION_STORES,
                                        .account_id = account,
                                        .page = 1,
                                        .size = DYGW_STORES_PER_PAGE } };
    probes->scopes[DYGW_PROBE_ORDER] = (dygw_probe_t){
        .check = DYGW_CHECK_SCOPE_ORDER,
        .scope = "life.capacity.order.query",
        .question = { .what = DYGW_QUESTION_ORDER, .account_id = account, .order_id = NO_ORDER }
    };
    probes->scopes[DYGW_PROBE_BILLING]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_BILLING,
                          .scope = "life.capacity.billing",
                          .question = { .what = DYGW_QUESTION_RECORDS,
                                        .account_id = account,
                                        .start_time = now - RECORDS_SPAN_MS,
                                        .end_time = now } };
    for (i = DYGW_PROBE_CERTIFICATE + 1; i < DYGW_PROBE_SCOPES && !account; i++) {
        probes->scopes[i].why_not = DYGW_WHY_NO_ACCOUNT;
    }
}

static void make_store_probes(dygw_probes_t *probes)
{
    const char *account = probes->d->ctx->gateway->account_id;

    probes->store_count = probes->d->poi_ids->nelts;
    for (int i = 0; i < probes->store_count; i++) {
        const char *poi_id = APR_ARRAY_IDX(probes->d->poi_ids, i, const char *);

        probes->stores[i] = (dygw_probe_t){ .check = DYGW_CHECK_STORE,
                                            .poi_id = poi_id,
                                            .question = { .what = DYGW_QUESTION_STORES,
                                                          .account_id = account,
                                                          .account_in_header_only = 1,
                                                          .poi_id = poi_id,
                                                          .page = 1,
                                                          .size = DYGW_STORES_PER_PAGE } };
    }
}

void dygw_diagnose_douyin(const dygw_diagnosis_t *d)
{
    dygw_probes_t *probes = apr_pcalloc(d->ctx->pool, sizeof(*probes));

    probes->d = d;
    make_scope_probes(probes);
    make_store_probes(probes);
    if (dygw_douyin_async_create(&probes->async, d->ctx->gateway->douyin, d->ctx->pool)
        == APR_SUCCESS) {
        probe_token(probes);
        probe_scopes(probes);
        probe_scopes_again(probes);
        probe_stores(probes);
    }
    dygw_probes_write_findings(probes);
}
