/* SPDX-License-Identifier: Apache-2.0
 * Writes the findings about Douyin, by Douyin's replies to the probes; those about stores are in
 * stores.c. */
#include "gateway/diagnosis/probes.h"

#include "douyin/douyin.h"

#define CLOCK_WELL_MS 5000

static void write_finding_with_words(const dygw_probes_t *probes, dygw_check_e check,
                                     dygw_conclusion_t conclusion, const dygw_reply_t *reply)
{
    dygw_finding(probes->d->findings, check, conclusion.state, conclusion.why);
    dygw_findings_words(probes->d->findings, reply);
    dygw_finding_end(probes->d->findings);
}

/* --- the connection --- */

static const dygw_reply_t *first_reply(const dygw_probes_t *probes)
{
    const dygw_reply_t *reply = probes->fresh ? &probes->fresh->reply : probes->certificate.reply;
    int i;

    for (i = 0; i < DYGW_PROBES_OF_ACCOUNT && !reply; i++) {
        reply = probes->accounts[0].scopes[i].reply;
    }
    return reply;
}

static dygw_conclusion_t conclude_connection(const dygw_reply_t *reply)
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
        return (dygw_conclusion_t){ DYGW_FAIL, whys[reply ? reply->trouble : DYGW_TROUBLE_NONE] };
    }
    if (reply->kind == DYGW_REPLY_GARBLED) {
        return (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_UNREADABLE };
    }
    return reply->http_status >= 500 ? (dygw_conclusion_t){ DYGW_WARN, DYGW_WHY_SERVER_ERROR }
                                     : (dygw_conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
}

static void write_connection_finding(const dygw_probes_t *probes)
{
    const dygw_reply_t *reply = first_reply(probes);
    dygw_conclusion_t conclusion = conclude_connection(reply);

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

static dygw_conclusion_t conclude_secret(const dygw_reply_t *reply)
{
    switch (reply->kind) {
    case DYGW_REPLY_OK:
        return (dygw_conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    case DYGW_REPLY_BUSY:
        return (dygw_conclusion_t){ DYGW_WARN, DYGW_WHY_BUSY };
    case DYGW_REPLY_SETUP:
    case DYGW_REPLY_COUPON:
    case DYGW_REPLY_REQUEST:
        return dygw_conclude_setup(reply) == DYGW_WHY_ADDRESS_REFUSED
                   ? (dygw_conclusion_t){ DYGW_SKIPPED, DYGW_WHY_ADDRESS_REFUSED }
                   : (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_REFUSED };
    default:
        return (dygw_conclusion_t){ DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };
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
    dygw_findings_words(probes->d->findings, probes->refusal);
    dygw_finding_end(probes->d->findings);
}

/* --- the address --- */

/* A visitor of replies: whether it is the one that is sought. */
typedef int reply_fn(const dygw_reply_t *reply);

static const dygw_reply_t *find_of_account(const dygw_probed_account_t *account, reply_fn *is_it)
{
    int i;

    for (i = 0; i < DYGW_PROBES_OF_ACCOUNT; i++) {
        const dygw_reply_t *reply = account->scopes[i].reply;

        if (reply && is_it(reply)) {
            return reply;
        }
    }
    return NULL;
}

static const dygw_reply_t *find_of_stores(const dygw_probes_t *probes, reply_fn *is_it)
{
    int i;

    for (i = 0; i < probes->stores->nelts; i++) {
        const dygw_probe_t *alone
            = APR_ARRAY_IDX(probes->stores, i, const dygw_probed_store_t *)->alone;

        if (alone && alone->reply && is_it(alone->reply)) {
            return alone->reply;
        }
    }
    return NULL;
}

/* The first reply to any probe for which is_it says so; NULL: there is none. */
static const dygw_reply_t *find_reply(const dygw_probes_t *probes, reply_fn *is_it)
{
    const dygw_reply_t *found = probes->certificate.reply;
    int i;

    if (found && is_it(found)) {
        return found;
    }
    found = NULL;
    for (i = 0; i < probes->account_count && !found; i++) {
        found = find_of_account(&probes->accounts[i], is_it);
    }
    return found ? found : find_of_stores(probes, is_it);
}

static int is_about_address(const dygw_reply_t *reply)
{
    return dygw_conclude_reply(reply).why == DYGW_WHY_ADDRESS_REFUSED;
}

static int is_about_merchant(const dygw_reply_t *reply)
{
    return dygw_conclude_reply(reply).why == DYGW_WHY_NOT_AUTHORISED;
}

static int is_about_permission(const dygw_reply_t *reply)
{
    return dygw_conclude_reply(reply).why == DYGW_WHY_NO_PERMISSION;
}

static int is_accepted(const dygw_reply_t *reply)
{
    return dygw_conclude_reply(reply).state == DYGW_PASS;
}

static void write_address_finding(const dygw_probes_t *probes)
{
    const dygw_reply_t *refusal = probes->fresh && probes->fresh->reply.kind == DYGW_REPLY_SETUP
                                          && is_about_address(&probes->fresh->reply)
                                      ? &probes->fresh->reply
                                      : find_reply(probes, is_about_address);
    dygw_conclusion_t conclusion = { DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };

    if (refusal) {
        conclusion = (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_ADDRESS_REFUSED };
    }
    else if (find_reply(probes, is_accepted) || find_reply(probes, is_about_merchant)) {
        conclusion = (dygw_conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    write_finding_with_words(probes, DYGW_CHECK_ADDRESS, conclusion, refusal);
}

/* --- interfaces --- */

/* What is known of an interface by the accounts: one that may use it shows that the application
 * may; else the first that shows anything. */
static const dygw_probe_t *probe_of_scope(const dygw_probes_t *probes, int scope)
{
    const dygw_probe_t *best = &probes->accounts[0].scopes[scope];
    int i;

    for (i = 0; i < probes->account_count; i++) {
        const dygw_probe_t *probe = &probes->accounts[i].scopes[scope];

        if (probe->reply && is_accepted(probe->reply)) {
            return probe;
        }
        if (probe->reply && !is_about_merchant(probe->reply)
            && (!best->reply || is_about_merchant(best->reply))) {
            best = probe;
        }
    }
    return best;
}

static void write_scope_finding(const dygw_probes_t *probes, const dygw_probe_t *probe)
{
    dygw_conclusion_t conclusion = dygw_conclude_probe(probe);

    if (conclusion.why == DYGW_WHY_ADDRESS_REFUSED || conclusion.why == DYGW_WHY_NOT_AUTHORISED) {
        conclusion.state = DYGW_SKIPPED;
    }
    if (probe->check == DYGW_CHECK_SCOPE_LEDGER && conclusion.state == DYGW_FAIL) {
        conclusion.state = DYGW_WARN;
    }
    dygw_finding(probes->d->findings, probe->check, conclusion.state, conclusion.why);
    dygw_jsonw_string(&probes->d->findings->w, "scope", probe->scope);
    if (conclusion.state != DYGW_PASS) {
        dygw_findings_words(probes->d->findings, probe->reply);
    }
    dygw_finding_end(probes->d->findings);
}

/* --- the merchants --- */

static int is_left_out(const dygw_probed_account_t *account)
{
    return account->scopes[0].why_not == DYGW_WHY_LEFT_OUT;
}

/* An interface that another account may use, and this one may not; NULL: there is none. Redemptions
 * do without the ledger, which the others do not. */
static const dygw_probe_t *find_withheld(const dygw_probes_t *probes,
                                         const dygw_probed_account_t *account)
{
    int i;

    for (i = 0; i < DYGW_PROBE_LEDGER; i++) {
        const dygw_probe_t *probe = &account->scopes[i];
        const dygw_reply_t *other = probe_of_scope(probes, i)->reply;

        if (probe->reply && is_about_permission(probe->reply) && other && is_accepted(other)) {
            return probe;
        }
    }
    return NULL;
}

/* What Douyin says when the merchant has not authorised us. A question that names no account is
 * about the first one, if about any. */
static const dygw_reply_t *find_refusal(const dygw_probes_t *probes,
                                        const dygw_probed_account_t *account)
{
    if (account == probes->accounts) {
        const dygw_reply_t *certificate = probes->certificate.reply;

        if (certificate && is_about_merchant(certificate)) {
            return certificate;
        }
        if (!account->account_id) {
            return find_of_stores(probes, is_about_merchant);
        }
    }
    return find_of_account(account, is_about_merchant);
}

static void write_authorisation_finding(const dygw_probes_t *probes,
                                        const dygw_probed_account_t *account)
{
    const dygw_reply_t *refusal = find_refusal(probes, account);
    const dygw_probe_t *withheld = refusal ? NULL : find_withheld(probes, account);
    dygw_conclusion_t conclusion = { DYGW_SKIPPED, DYGW_WHY_NO_ANSWER };
    dygw_jsonw_t *w = &probes->d->findings->w;

    if (refusal) {
        conclusion = (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_NOT_AUTHORISED };
    }
    else if (withheld) {
        conclusion = (dygw_conclusion_t){ DYGW_FAIL, DYGW_WHY_NO_PERMISSION };
    }
    else if (find_of_account(account, is_accepted)) {
        conclusion = (dygw_conclusion_t){ DYGW_PASS, DYGW_WHY_NONE };
    }
    else if (!account->account_id) {
        conclusion = (dygw_conclusion_t){ DYGW_WARN, DYGW_WHY_NO_ACCOUNT };
    }
    dygw_finding(probes->d->findings, DYGW_CHECK_AUTHORISATION, conclusion.state, conclusion.why);
    if (account->account_id) {
        dygw_jsonw_string(w, "account_id", account->account_id);
    }
    if (withheld) {
        dygw_jsonw_string(w, "scope", withheld->scope);
    }
    dygw_findings_words(probes->d->findings, withheld ? withheld->reply : refusal);
    dygw_finding_end(probes->d->findings);
}

/* One finding for each account that was asked about, and one for those that were not. */
static void write_account_findings(const dygw_probes_t *probes)
{
    int unasked = probes->accounts_beyond;
    int i;

    for (i = 0; i < probes->account_count; i++) {
        if (is_left_out(&probes->accounts[i])) {
            unasked++;
        }
        else {
            write_authorisation_finding(probes, &probes->accounts[i]);
        }
    }
    if (unasked > 0) {
        dygw_finding(probes->d->findings, DYGW_CHECK_ACCOUNTS, DYGW_WARN, DYGW_WHY_LEFT_OUT);
        dygw_jsonw_int(&probes->d->findings->w, "accounts",
                       probes->account_count + probes->accounts_beyond);
        dygw_jsonw_int(&probes->d->findings->w, "unasked", unasked);
        dygw_finding_end(probes->d->findings);
    }
}

void dygw_probes_write_findings(const dygw_probes_t *probes)
{
    int i;

    write_connection_finding(probes);
    write_douyin_clock_finding(probes);
    write_secret_finding(probes);
    write_token_finding(probes);
    write_address_finding(probes);
    write_account_findings(probes);
    write_scope_finding(probes, &probes->certificate);
    for (i = 0; i < DYGW_PROBES_OF_ACCOUNT; i++) {
        write_scope_finding(probes, probe_of_scope(probes, i));
    }
    dygw_probes_write_stores(probes);
}
