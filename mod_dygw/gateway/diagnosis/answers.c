/* SPDX-License-Identifier: Apache-2.0
 * What Douyin's answers to a diagnosis mean. */
#include "gateway/diagnosis/probes.h"

#include <string.h>

#include "douyin/douyin.h"
#include "util/json.h"

#define CLOCK_WELL_MS       5000

int dygw_probe_is_answer(const dygw_reply_t *reply)
{
    return reply && reply->trouble == DYGW_TROUBLE_NONE && reply->http_status != 0;
}

const json_t *dygw_probes_find_store(const dygw_reply_t *reply, const char *poi_id,
                                     apr_pool_t *pool)
{
    const json_t *list = reply && reply->kind == DYGW_REPLY_OK
                             ? json_object_get(reply->data, "pois")
                             : NULL;
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

/* --- what the answers mean --- */

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
        [DYGW_OBSTACLE_TAKEN_DOWN] = DYGW_WHY_TAKEN_DOWN
    };

    return whys[dygw_douyin_reply_obstacle(reply)];
}

static conclusion_t judge(const dygw_reply_t *reply)
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
    return probe->reply ? judge(probe->reply) : (conclusion_t){ DYGW_SKIPPED, probe->why_not };
}

static void write_words(const dygw_diagnosis_t *d, const dygw_reply_t *reply)
{
    if (reply && reply->error_code != 0) {
        dygw_jsonw_int(&d->findings->w, "error_code", reply->error_code);
        dygw_jsonw_string(&d->findings->w, "description", reply->description);
        dygw_jsonw_string(&d->findings->w, "logid", reply->logid);
    }
}

static void find_words(const dygw_probes_t *v, dygw_check_e check, conclusion_t conclusion,
                       const dygw_reply_t *reply)
{
    dygw_finding(v->d->findings, check, conclusion.state, conclusion.why);
    write_words(v->d, reply);
    dygw_finding_end(v->d->findings);
}

/* --- the way --- */

static const dygw_reply_t *first_reply(const dygw_probes_t *v)
{
    const dygw_reply_t *reply = v->fresh ? &v->fresh->reply : NULL;
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES && !reply; i++) {
        reply = v->scopes[i].reply;
    }
    return reply;
}

static conclusion_t conclude_way(const dygw_reply_t *reply)
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

static void find_way(const dygw_probes_t *v)
{
    const dygw_reply_t *reply = first_reply(v);
    conclusion_t conclusion = conclude_way(reply);

    dygw_finding(v->d->findings, DYGW_CHECK_CONNECTION, conclusion.state, conclusion.why);
    if (reply) {
        dygw_jsonw_int(&v->d->findings->w, "took_us", reply->took);
        dygw_jsonw_int(&v->d->findings->w, "http_status", reply->http_status);
    }
    dygw_finding_end(v->d->findings);
}

/* Douyin's clock is told to the second, so it is half a second later on average. */
static void find_clock(const dygw_probes_t *v)
{
    const dygw_reply_t *reply = first_reply(v);
    dygw_finding_e state;
    dygw_ms_t ahead;

    if (!dygw_probe_is_answer(reply) || reply->date == DYGW_NO_TIME) {
        dygw_finding_plain(v->d->findings, DYGW_CHECK_DOUYIN_CLOCK, DYGW_SKIPPED,
                           DYGW_WHY_NO_ANSWER);
        return;
    }
    ahead = reply->date + 500 - reply->ended_at;
    state = dygw_finding_of_clock(ahead, CLOCK_WELL_MS);
    dygw_finding(v->d->findings, DYGW_CHECK_DOUYIN_CLOCK, state,
                 state == DYGW_PASS ? DYGW_WHY_NONE : DYGW_WHY_CLOCK_OFF);
    dygw_jsonw_int(&v->d->findings->w, "difference_ms", ahead);
    dygw_finding_end(v->d->findings);
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

static void find_secret(const dygw_probes_t *v)
{
    if (v->fresh) {
        find_words(v, DYGW_CHECK_SECRET, conclude_secret(&v->fresh->reply), &v->fresh->reply);
    }
    else {
        dygw_finding_plain(v->d->findings, DYGW_CHECK_SECRET, DYGW_SKIPPED, DYGW_WHY_NOT_ASKED);
    }
}

static dygw_why_e why_of_token(const dygw_probes_t *v)
{
    if (!v->is_held) {
        return v->held.version == 0 ? DYGW_WHY_MISSING : DYGW_WHY_EXPIRED;
    }
    return v->refusal ? DYGW_WHY_TOKEN_REFUSED : DYGW_WHY_NONE;
}

static void find_token(const dygw_probes_t *v)
{
    dygw_why_e why = why_of_token(v);

    dygw_finding(v->d->findings, DYGW_CHECK_TOKEN, why == DYGW_WHY_NONE ? DYGW_PASS : DYGW_FAIL,
                 why);
    dygw_jsonw_int(&v->d->findings->w, "version", v->held.version);
    if (v->is_held) {
        dygw_jsonw_int(&v->d->findings->w, "expires_in",
                       (v->held.expires_at - dygw_now()) / 1000);
    }
    write_words(v->d, v->refusal);
    dygw_finding_end(v->d->findings);
}

/* --- address and merchant --- */

/* The first reply with that conclusion; NULL: there is none. */
static const dygw_reply_t *find_conclusion(const dygw_probes_t *v, dygw_why_e why)
{
    int i;

    if (v->fresh && v->fresh->reply.kind == DYGW_REPLY_SETUP
        && why == why_of_setup(&v->fresh->reply)
        && why != DYGW_WHY_NOT_AUTHORISED) {
        return &v->fresh->reply;
    }
    for (i = 0; i < DYGW_PROBE_SCOPES + v->store_count; i++) {
        const dygw_probe_t *probe = i < DYGW_PROBE_SCOPES ? &v->scopes[i]
                                                          : &v->stores[i - DYGW_PROBE_SCOPES];

        if (probe->reply && judge(probe->reply).why == why) {
            return probe->reply;
        }
    }
    return NULL;
}

/* Has Douyin looked at a question; at one about the account, where need_account? */
static int was_heard(const dygw_probes_t *v, int need_account)
{
    int i;

    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        const dygw_reply_t *reply = v->scopes[i].reply;

        if (reply && judge(reply).state == DYGW_PASS
            && !(need_account && i == DYGW_PROBE_CERTIFICATE)) {
            return 1;
        }
    }
    return 0;
}

static void find_address(const dygw_probes_t *v)
{
    const dygw_reply_t *refusal = find_conclusion(v, DYGW_WHY_ADDRESS_REFUSED);
    conclusion_t conclusion = { DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };

    if (refusal) {
        conclusion = (conclusion_t){ DYGW_FAIL, DYGW_WHY_ADDRESS_REFUSED };
    }
    else if (was_heard(v, 0) || find_conclusion(v, DYGW_WHY_NOT_AUTHORISED)) {
        conclusion = (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    find_words(v, DYGW_CHECK_ADDRESS, conclusion, refusal);
}

static void find_authorisation(const dygw_probes_t *v)
{
    const dygw_reply_t *refusal = find_conclusion(v, DYGW_WHY_NOT_AUTHORISED);
    conclusion_t conclusion = { DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };

    if (refusal) {
        conclusion = (conclusion_t){ DYGW_FAIL, DYGW_WHY_NOT_AUTHORISED };
    }
    else if (was_heard(v, 1)) {
        conclusion = (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    else if (!v->d->ctx->gateway->account_id) {
        conclusion = (conclusion_t){ DYGW_WARN, DYGW_WHY_NO_ACCOUNT };
    }
    find_words(v, DYGW_CHECK_AUTHORISATION, conclusion, refusal);
}

/* --- interfaces and stores --- */

static void find_scope(const dygw_probes_t *v, const dygw_probe_t *probe)
{
    conclusion_t conclusion = conclude_probe(probe);

    if (conclusion.why == DYGW_WHY_ADDRESS_REFUSED || conclusion.why == DYGW_WHY_NOT_AUTHORISED) {
        conclusion.state = DYGW_SKIPPED;
    }
    dygw_finding(v->d->findings, probe->check, conclusion.state, conclusion.why);
    dygw_jsonw_string(&v->d->findings->w, "scope", probe->scope);
    if (conclusion.state != DYGW_PASS) {
        write_words(v->d, probe->reply);
    }
    dygw_finding_end(v->d->findings);
}

/* Whose the store is; NULL: Douyin does not say. */
static const char *account_of(const json_t *store, apr_pool_t *pool)
{
    const char *root = dygw_json_id(json_object_get(store, "root_account"), "account_id", pool);

    return root ? root
                : dygw_json_id(json_object_get(json_object_get(store, "account"),
                                               "parent_account"),
                               "account_id", pool);
}

static conclusion_t conclude_store(const dygw_probes_t *v, const dygw_probe_t *probe,
                                   const char **account)
{
    const char *ours = v->d->ctx->gateway->account_id;
    const json_t *store;

    *account = NULL;
    if (probe->is_listed) {
        return (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    if (!probe->reply || judge(probe->reply).state != DYGW_PASS) {
        return conclude_probe(probe);
    }
    if (probe->reply->kind != DYGW_REPLY_OK) {
        return (conclusion_t){ DYGW_FAIL, DYGW_WHY_REFUSED };
    }
    store = dygw_probes_find_store(probe->reply, probe->poi_id, v->d->ctx->pool);
    if (!store) {
        return (conclusion_t){ DYGW_FAIL, DYGW_WHY_UNKNOWN_STORE };
    }
    *account = account_of(store, v->d->ctx->pool);
    return ours && *account && strcmp(ours, *account) != 0
               ? (conclusion_t){ DYGW_FAIL, DYGW_WHY_OTHER_ACCOUNT }
               : (conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
}

static void find_one_store(const dygw_probes_t *v, const dygw_probe_t *probe)
{
    const char *account;
    conclusion_t conclusion = conclude_store(v, probe, &account);

    dygw_finding(v->d->findings, DYGW_CHECK_STORE, conclusion.state, conclusion.why);
    dygw_jsonw_string(&v->d->findings->w, "poi_id", probe->poi_id);
    if (account) {
        dygw_jsonw_string(&v->d->findings->w, "account_id", account);
    }
    if (conclusion.state != DYGW_PASS) {
        write_words(v->d, probe->reply);
    }
    dygw_finding_end(v->d->findings);
}

void dygw_probes_tell(const dygw_probes_t *v)
{
    int i;

    find_way(v);
    find_clock(v);
    find_secret(v);
    find_token(v);
    find_address(v);
    find_authorisation(v);
    for (i = 0; i < DYGW_PROBE_SCOPES; i++) {
        find_scope(v, &v->scopes[i]);
    }
    for (i = 0; i < v->store_count; i++) {
        find_one_store(v, &v->stores[i]);
    }
}
