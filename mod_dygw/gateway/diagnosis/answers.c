/* SPDX-License-Identifier: Apache-2.0
 * Concludes from Douyin's replies to the probes, and writes the findings. */
#include "gateway/diagnosis/probes.h"

#include <string.h>

#include "douyin/douyin.h"
#include "util/json.h"

#define CLOCK_WELL_MS 5000

int dygw_probe_is_answer(const dygw_reply_t *reply)
{
    return reply && reply->trouble == DYGW_TROUBLE_NONE && reply->http_status != 0;
}

const json_t *dygw_probes_find_store(const dygw_reply_t *reply, const char *poi_id,
                                     apr_pool_t *pool)
{
    const json_t *list
        = reply && reply->kind == DYGW_REPLY_OK ? json_object_get(reply->data, "pois") : NULL;
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *id = dygw_json_id(json_object_get(item, "poi"), "poi_id", pool);

        if (id && strcmp(id, poi_id) == 0) {
            return item;
        }
    }
    return NULL;
}

/* --- what a reply means --- */

typedef struct conclusion_t {
    dygw_finding_e state;
    dygw_why_e why;
} conclusion_t;

static dygw_why_e why_of_setup(const dygw_reply_t *reply)
{
    static const dygw_why_e whys[] = {
        [DYGW_OBSTACLE_PERMISSION] = DYGW_WHY_NO_PERMISSION,
        [DYGW_OBSTACLE_ADDRESS] = DYGW_WHY_ADDRESS_REFUSED,
        [DYGW_OBSTACLE_MERCHANT] = DYGW_WHY_NOT_AUTHORISED,
        [DYGW_OBSTACLE_PUNISHED] = DYGW_WHY_PUNISHED,
        [DYGW_OBSTACLE_TAKEN_DOWN] = DYGW_WHY_TAKEN_DOWN,
    };

    return whys[dygw_douyin_reply_obstacle(reply)];
}

static conclusion_t conclude_reply(const dygw_reply_t *reply)
{
    switch (reply->kind) {
    case DYGW_REPLY_OK:
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REVIEW:
        return (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    case DYGW_REPLY_SETUP:
        return (conclusion_t){ DYGW_FAIL, why_of_setup(reply) };
    case DYGW_REPLY_TOKEN:
        return (conclusion_t){ DYGW_SKIPPED, DYGW_WHY_TOKEN_REFUSED };
    case DYGW_REPLY_REQUEST:
        return (conclusion_t){ DYGW_SKIPPED, DYGW_WHY_NOT_UNDERSTOOD };
    case DYGW_REPLY_BUSY:
        return (conclusion_t){ DYGW_WARN, DYGW_WHY_BUSY };
    default:
        return (conclusion_t){ DYGW_WARN, DYGW_WHY_NO_ANSWER };
    }
}

static conclusion_t conclude_probe(const dygw_probe_t *probe)
{
    return probe->reply ? conclude_reply(probe->reply)
                        : (conclusion_t){ DYGW_SKIPPED, probe->why_not };
}

/* Writes Douyin's own words, where the reply is an error. */
static void write_douyin_words(const dygw_diagnosis_t *d, const dygw_reply_t *reply)
{
    if (reply && reply->error_code != 0) {
        dygw_jsonw_int(&d->findings->w, "error_code", reply->error_code);
        dygw_jsonw_string(&d->findings->w, "description", reply->description);
        dygw_jsonw_string(&d->findings->w, "logid", reply->logid);
    }
}

static void write_finding_with_words(const dygw_probes_t *probes, dygw_check_e check,
                                     conclusion_t conclusion, const dygw_reply_t *reply)
{
    dygw_finding(probes->d->findings, check, conclusion.state, conclusion.why);
    write_douyin_words(probes->d, reply);
    dygw_finding_end(probes->d->findings);
}

/* --- the connection --- */

static const dygw_reply_t *first_reply(const dygw_probes_t *probes)
{
    const dygw_reply_t *reply = probes->fresh ? &probes->fresh->reply : NULL;
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES && !reply; i++) {
        reply = probes->scopes[i].reply;
    }
    return reply;
}

static conclusion_t conclude_connection(const dygw_reply_t *reply)
{
    static const dygw_why_e whys[] = {
        [DYGW_TROUBLE_NONE] = DYGW_WHY_NO_ANSWER,
        [DYGW_TROUBLE_PROXY_NAME] = DYGW_WHY_PROXY_NOT_RESOLVED,
        [DYGW_TROUBLE_NAME] = DYGW_WHY_NOT_RESOLVED,
        [DYGW_TROUBLE_CONNECT] = DYGW_WHY_NOT_CONNECTED,
        [DYGW_TROUBLE_CONNECT_TIME] = DYGW_WHY_CONNECT_TIMEOUT,
        [DYGW_TROUBLE_PROXY] = DYGW_WHY_PROXY_REFUSED,
        [DYGW_TROUBLE_CA_FILE] = DYGW_WHY_CA_FILE_UNREADABLE,
        [DYGW_TROUBLE_CERTIFICATE] = DYGW_WHY_CERTIFICATE_UNTRUSTED,
        [DYGW_TROUBLE_EXPIRED] = DYGW_WHY_CERTIFICATE_EXPIRED,
        [DYGW_TROUBLE_TLS] = DYGW_WHY_TLS_FAILED,
        [DYGW_TROUBLE_TIME] = DYGW_WHY_TIMEOUT,
        [DYGW_TROUBLE_BROKEN] = DYGW_WHY_CONNECTION_BROKEN,
        [DYGW_TROUBLE_UNREADABLE] = DYGW_WHY_UNREADABLE,
    };

    if (!dygw_probe_is_answer(reply)) {
        return (conclusion_t){ DYGW_FAIL, whys[reply ? reply->trouble : DYGW_TROUBLE_NONE] };
    }
    if (reply->kind == DYGW_REPLY_GARBLED) {
        return (conclusion_t){ DYGW_FAIL, DYGW_WHY_UNREADABLE };
    }
    return reply->http_status >= 500 ? (conclusion_t){ DYGW_WARN, DYGW_WHY_SERVER_ERROR }
                                     : (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
}

static void write_connection_finding(const dygw_probes_t *probes)
{
    const dygw_reply_t *reply = first_reply(probes);
    conclusion_t conclusion = conclude_connection(reply);

    if (dygw_douyin_is_sandbox(probes->d->ctx->gateway->douyin)) {
        dygw_finding_plain(probes->d->findings, DYGW_CHECK_UPSTREAM, DYGW_WARN, DYGW_WHY_SANDBOX);
    }
    dygw_finding(probes->d->findings, DYGW_CHECK_CONNECTION, conclusion.state, conclusion.why);
    if (reply) {
        dygw_jsonw_int(&probes->d->findings->w, "took_us", reply->took);
        dygw_jsonw_int(&probes->d->findings->w, "http_status", reply->http_status);
    }
    dygw_finding_end(probes->d->findings);
}

/* Douyin tells its clock in whole seconds, so that the clock is half a second later on average. */
static void write_douyin_clock_finding(const dygw_probes_t *probes)
{
    const dygw_reply_t *reply = first_reply(probes);
    dygw_finding_e state;
    dygw_ms_t ahead;

    if (!dygw_probe_is_answer(reply) || reply->date == DYGW_NO_TIME) {
        dygw_finding_plain(probes->d->findings, DYGW_CHECK_DOUYIN_CLOCK, DYGW_SKIPPED,
                           DYGW_WHY_NO_ANSWER);
        return;
    }
    ahead = reply->date + 500 - reply->ended_at;
    state = dygw_finding_of_clock(ahead, CLOCK_WELL_MS);
    dygw_finding(probes->d->findings, DYGW_CHECK_DOUYIN_CLOCK, state,
                 state == DYGW_PASS ? DYGW_WHY_NONE : DYGW_WHY_CLOCK_OFF);
    dygw_jsonw_int(&probes->d->findings->w, "difference_ms", ahead);
    dygw_finding_end(probes->d->findings);
}

/* --- secret and token --- */

static conclusion_t conclude_secret(const dygw_reply_t *reply)
{
    switch (reply->kind) {
    case DYGW_REPLY_OK:
        return (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    case DYGW_REPLY_BUSY:
        return (conclusion_t){ DYGW_WARN, DYGW_WHY_BUSY };
    case DYGW_REPLY_SETUP:
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REQUEST:
        return why_of_setup(reply) == DYGW_WHY_ADDRESS_REFUSED
                   ? (conclusion_t){ DYGW_SKIPPED, DYGW_WHY_ADDRESS_REFUSED }
                   : (conclusion_t){ DYGW_FAIL, DYGW_WHY_REFUSED };
    default:
        return (conclusion_t){ DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };
    }
}

static void write_secret_finding(const dygw_probes_t *probes)
{
    if (probes->fresh) {
        write_finding_with_words(probes, DYGW_CHECK_SECRET, conclude_secret(&probes->fresh->reply),
                                 &probes->fresh->reply);
    }
    else {
        dygw_finding_plain(probes->d->findings, DYGW_CHECK_SECRET, DYGW_SKIPPED,
                           DYGW_WHY_NOT_ASKED);
    }
}

static dygw_why_e why_of_token(const dygw_probes_t *probes)
{
    if (!probes->is_held) {
        return probes->held.version == 0 ? DYGW_WHY_MISSING : DYGW_WHY_EXPIRED;
    }
    return probes->refusal ? DYGW_WHY_TOKEN_REFUSED : DYGW_WHY_NONE;
}

static void write_token_finding(const dygw_probes_t *probes)
{
    dygw_why_e why = why_of_token(probes);

    dygw_finding(probes->d->findings, DYGW_CHECK_TOKEN,
                 why == DYGW_WHY_NONE ? DYGW_PASS : DYGW_FAIL, why);
    dygw_jsonw_int(&probes->d->findings->w, "version", probes->held.version);
    if (probes->is_held) {
        dygw_jsonw_int(&probes->d->findings->w, "expires_in",
                       (probes->held.expires_at - dygw_now()) / 1000);
    }
    write_douyin_words(probes->d, probes->refusal);
    dygw_finding_end(probes->d->findings);
}

/* --- address and merchant --- */

/* Returns the first reply that led to a conclusion with this reason; NULL: there is none. */
static const dygw_reply_t *first_reply_concluded(const dygw_probes_t *probes, dygw_why_e why)
{
    int i;

    if (probes->fresh && probes->fresh->reply.kind == DYGW_REPLY_SETUP
        && why == why_of_setup(&probes->fresh->reply) && why != DYGW_WHY_NOT_AUTHORISED) {
        return &probes->fresh->reply;
    }
    for (i = 0; i < DYGW_PROBE_SCOPES + probes->store_count; i++) {
        const dygw_probe_t *probe
            = i < DYGW_PROBE_SCOPES ? &probes->scopes[i] : &probes->stores[i - DYGW_PROBE_SCOPES];

        if (probe->reply && conclude_reply(probe->reply).why == why) {
            return probe->reply;
        }
    }
    return NULL;
}

/* Whether Douyin answered the question of a probe, and did not refuse it; with need_account, only
 * probes that are about the account count. */
static int has_douyin_accepted(const dygw_probes_t *probes, int need_account)
{
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        const dygw_reply_t *reply = probes->scopes[i].reply;

        if (reply && conclude_reply(reply).state == DYGW_PASS
            && !(need_account && i == DYGW_PROBE_CERTIFICATE)) {
            return 1;
        }
    }
    return 0;
}

static void write_address_finding(const dygw_probes_t *probes)
{
    const dygw_reply_t *refusal = first_reply_concluded(probes, DYGW_WHY_ADDRESS_REFUSED);
    conclusion_t conclusion = { DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };

    if (refusal) {
        conclusion = (conclusion_t){ DYGW_FAIL, DYGW_WHY_ADDRESS_REFUSED };
    }
    else if (has_douyin_accepted(probes, 0)
             || first_reply_concluded(probes, DYGW_WHY_NOT_AUTHORISED)) {
        conclusion = (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    write_finding_with_words(probes, DYGW_CHECK_ADDRESS, conclusion, refusal);
}

static void write_authorisation_finding(const dygw_probes_t *probes)
{
    const dygw_reply_t *refusal = first_reply_concluded(probes, DYGW_WHY_NOT_AUTHORISED);
    conclusion_t conclusion = { DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };

    if (refusal) {
        conclusion = (conclusion_t){ DYGW_FAIL, DYGW_WHY_NOT_AUTHORISED };
    }
    else if (has_douyin_accepted(probes, 1)) {
        conclusion = (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    else if (!probes->d->ctx->gateway->account_id) {
        conclusion = (conclusion_t){ DYGW_WARN, DYGW_WHY_NO_ACCOUNT };
    }
    write_finding_with_words(probes, DYGW_CHECK_AUTHORISATION, conclusion, refusal);
}

/* --- interfaces and stores --- */

static void write_scope_finding(const dygw_probes_t *probes, const dygw_probe_t *probe)
{
    conclusion_t conclusion = conclude_probe(probe);

    if (conclusion.why == DYGW_WHY_ADDRESS_REFUSED || conclusion.why == DYGW_WHY_NOT_AUTHORISED) {
        conclusion.state = DYGW_SKIPPED;
    }
    dygw_finding(probes->d->findings, probe->check, conclusion.state, conclusion.why);
    dygw_jsonw_string(&probes->d->findings->w, "scope", probe->scope);
    if (conclusion.state != DYGW_PASS) {
        write_douyin_words(probes->d, probe->reply);
    }
    dygw_finding_end(probes->d->findings);
}

/* The account that the store belongs to; NULL: Douyin does not say. */
static const char *account_of_store(const json_t *store, apr_pool_t *pool)
{
    const char *root = dygw_json_id(json_object_get(store, "root_account"), "account_id", pool);

    return root ? root
                : dygw_json_id(json_object_get(json_object_get(store, "account"), "parent_account"),
                               "account_id", pool);
}

static conclusion_t conclude_store(const dygw_probes_t *probes, const dygw_probe_t *probe,
                                   const char **account)
{
    const char *ours = probes->d->ctx->gateway->account_id;
    const json_t *store;

    *account = NULL;
    if (probe->is_listed) {
        return (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    if (!probe->reply || conclude_reply(probe->reply).state != DYGW_PASS) {
        return conclude_probe(probe);
    }
    if (probe->reply->kind != DYGW_REPLY_OK) {
        return (conclusion_t){ DYGW_FAIL, DYGW_WHY_REFUSED };
    }
    store = dygw_probes_find_store(probe->reply, probe->poi_id, probes->d->ctx->pool);
    if (!store) {
        return (conclusion_t){ DYGW_FAIL, DYGW_WHY_UNKNOWN_STORE };
    }
    *account = account_of_store(store, probes->d->ctx->pool);
    return ours && *account && strcmp(ours, *account) != 0
               ? (conclusion_t){ DYGW_FAIL, DYGW_WHY_OTHER_ACCOUNT }
               : (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
}

static void write_store_finding(const dygw_probes_t *probes, const dygw_probe_t *probe)
{
    const char *account;
    conclusion_t conclusion = conclude_store(probes, probe, &account);

    dygw_finding(probes->d->findings, DYGW_CHECK_STORE, conclusion.state, conclusion.why);
    dygw_jsonw_string(&probes->d->findings->w, "poi_id", probe->poi_id);
    if (account) {
        dygw_jsonw_string(&probes->d->findings->w, "account_id", account);
    }
    if (conclusion.state != DYGW_PASS) {
        write_douyin_words(probes->d, probe->reply);
    }
    dygw_finding_end(probes->d->findings);
}

void dygw_probes_write_findings(const dygw_probes_t *probes)
{
    int i;

    write_connection_finding(probes);
    write_douyin_clock_finding(probes);
    write_secret_finding(probes);
    write_token_finding(probes);
    write_address_finding(probes);
    write_authorisation_finding(probes);
    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        write_scope_finding(probes, &probes->scopes[i]);
    }
    for (i = 0; i < probes->store_count; i++) {
        write_store_finding(probes, &probes->stores[i]);
    }
}
