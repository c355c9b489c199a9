/* SPDX-License-Identifier: Apache-2.0
 * A diagnosis of the way to Douyin and of what Douyin lets this application do.
 *
 * The token call shows the way and the secret; where it would end a token that somebody uses, it is
 * left out. Then a question to each interface, all at once, with the token that the host holds:
 * what is asked for does not exist, so that only the kind of refusal tells. Last the stores that
 * the account's first page did not show. What one answer tells goes into several findings: an
 * interface is not judged by a refusal that is about the address or the merchant. */
#include "gateway/diagnosis/probes.h"

#include <string.h>

#define STORES_AT_ONCE      5       /* Douyin lets small applications ask 20 times a second */
#define AWAIT_PATIENCE_US   apr_time_from_sec(1)
#define RECORDS_SPAN_MS     3600000
#define A10                 "AAAAAAAAAA"
/* No coupon's, but spelled as they are: Douyin says that it cannot be decrypted. */
#define NO_CODE             "CgwIARAA" A10 A10 A10 A10 A10 A10 "AAA="
#define NO_ORDER            "1000000000000000001"

/* --- asking --- */

static void ask_for_token(dygw_probes_t *v)
{
    dygw_gateway_t *gateway = v->d->ctx->gateway;

    v->is_held = dygw_token_held(gateway, &v->held, v->d->ctx->pool) == APR_SUCCESS;
    v->token = v->held.access_token;
    if (v->is_held && !v->held.refused && !dygw_douyin_token_is_stable(gateway->douyin)) {
        return;
    }
    v->fresh = dygw_douyin_token(gateway->douyin, v->d->ctx->log, v->d->ctx->pool);
    if (!dygw_probe_is_answer(&v->fresh->reply)) {
        v->token = NULL;
    }
    else if (!v->is_held) {
        v->token = v->fresh->access_token;
    }
}

static void start(dygw_probes_t *v, dygw_probe_t *probe)
{
    if (!v->token) {
        int was_answered = !v->fresh || dygw_probe_is_answer(&v->fresh->reply);

        probe->why_not = was_answered ? DYGW_WHY_NO_TOKEN : DYGW_WHY_NO_ANSWER;
    }
    else if (probe->why_not == DYGW_WHY_NONE) {
        dygw_douyin_async_begin(v->async, &probe->question, v->token, v->d->ctx->log,
                                v->d->ctx->pool, probe);
    }
}

static void await_all(dygw_probes_t *v)
{
    dygw_answer_t answer;
    void *probe;

    while (dygw_douyin_async_count(v->async) > 0) {
        if (dygw_douyin_async_next(v->async, AWAIT_PATIENCE_US, &probe, &answer)) {
            ((dygw_probe_t *)probe)->reply = answer.reply;
        }
    }
}

static void ask_scopes(dygw_probes_t *v)
{
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        start(v, &v->scopes[i]);
    }
    await_all(v);
}

static const dygw_reply_t *find_refusal(const dygw_probes_t *v)
{
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        if (v->scopes[i].reply && v->scopes[i].reply->kind == DYGW_REPLY_TOKEN) {
            return v->scopes[i].reply;
        }
    }
    return NULL;
}

/* The token that is held may be dead while a new one can be had; then the rest is asked with that
 * one. The host finds that out by itself with the next request. */
static void ask_scopes_again(dygw_probes_t *v)
{
    const char *fresh = v->fresh ? v->fresh->access_token : NULL;

    v->refusal = v->is_held ? find_refusal(v) : NULL;
    if (!v->refusal) {
        return;
    }
    v->token = fresh && strcmp(fresh, v->held.access_token) != 0 ? fresh : NULL;
    if (v->token) {
        ask_scopes(v);
    }
}

/* --- stores --- */

/* Whether Douyin let the account's stores be seen at all, so that it makes sense to ask for one. */
static int may_ask_stores(const dygw_probes_t *v)
{
    const dygw_reply_t *reply = v->scopes[DYGW_PROBE_STORES].reply;

    return v->scopes[DYGW_PROBE_STORES].why_not == DYGW_WHY_NO_ACCOUNT
           || (reply && (reply->kind == DYGW_REPLY_OK || reply->kind == DYGW_REPLY_COUPON));
}

/* By its id alone: with an account_id, Douyin looks at that only. */
static void ask_stores(dygw_probes_t *v)
{
    const dygw_probe_t *all = &v->scopes[DYGW_PROBE_STORES];
    int i;

    for (i = 0; i < v->store_count; i++) {
        dygw_probe_t *probe = &v->stores[i];

        probe->is_listed = dygw_probes_find_store(all->reply, probe->poi_id, v->d->ctx->pool)
                           != NULL;
        if (probe->is_listed) {
            continue;
        }
        if (!may_ask_stores(v)) {
            probe->reply = all->reply;
            probe->why_not = all->why_not;
            continue;
        }
        start(v, probe);
        if (dygw_douyin_async_count(v->async) >= STORES_AT_ONCE) {
            await_all(v);
        }
    }
    await_all(v);
}

/* --- all of it --- */

static void prepare_scopes(dygw_probes_t *v)
{
    const char *account = v->d->ctx->gateway->account_id;
    dygw_ms_t now = dygw_now();
    int i;

    v->scopes[DYGW_PROBE_CERTIFICATE]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_CERTIFICATE,
                          .scope = "life.capacity.fulfilment",
                          .question = { .what = DYGW_QUESTION_GET, .encrypted_code = NO_CODE } };
    v->scopes[DYGW_PROBE_STORES]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_STORE, .scope = "life.capacity.shop",
                          .question = { .what = DYGW_QUESTION_STORES, .account_id = account,
                                        .page = 1, .size = DYGW_STORES_PER_PAGE } };
    v->scopes[DYGW_PROBE_ORDER]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_ORDER, .scope = "life.capacity.order.query",
                          .question = { .what = DYGW_QUESTION_ORDER, .order_id = NO_ORDER } };
    v->scopes[DYGW_PROBE_BILLING]
        = (dygw_probe_t){ .check = DYGW_CHECK_SCOPE_BILLING, .scope = "life.capacity.billing",
                          .question = { .what = DYGW_QUESTION_RECORDS, .account_id = account,
                                        .start_time = now - RECORDS_SPAN_MS, .end_time = now } };
    for (i = DYGW_PROBE_CERTIFICATE + 1; i < DYGW_PROBE_SCOPES && !account; i++) {
        v->scopes[i].why_not = DYGW_WHY_NO_ACCOUNT;
    }
}

static void prepare_stores(dygw_probes_t *v)
{
    v->store_count = v->d->poi_ids->nelts;
    for (int i = 0; i < v->store_count; i++) {
        const char *poi_id = APR_ARRAY_IDX(v->d->poi_ids, i, const char *);

        v->stores[i] = (dygw_probe_t){ .check = DYGW_CHECK_STORE, .poi_id = poi_id,
                                       .question = { .what = DYGW_QUESTION_STORES,
                                                     .poi_id = poi_id, .page = 1,
                                                     .size = DYGW_STORES_PER_PAGE } };
    }
}

void dygw_diagnose_douyin(const dygw_diagnosis_t *d)
{
    dygw_probes_t *v = apr_pcalloc(d->ctx->pool, sizeof(*v));

    v->d = d;
    prepare_scopes(v);
    prepare_stores(v);
    if (dygw_douyin_async_create(&v->async, d->ctx->gateway->douyin, d->ctx->pool) == APR_SUCCESS) {
        ask_for_token(v);
        ask_scopes(v);
        ask_scopes_again(v);
        ask_stores(v);
    }
    dygw_probes_tell(v);
}
