/* SPDX-License-Identifier: Apache-2.0
 * The access token.
 *
 * The table has the token, sealed, with a version; the host's state has a copy for all children.
 * A thread that needs another token asks to renew that version: the background thread when the
 * token ends soon, a request when the token has ended or Douyin has refused it.
 *
 * A claim in the table, for one version and for some seconds, lets only one thread of all hosts
 * call Douyin; the others wait until the version changes. When the call fails the claim is kept
 * until its time is over: this is the pause before the next try, so that Douyin is not asked by
 * everybody while it has trouble. The host's state has the end of the pause, so that no thread of
 * this host waits for a renewal that has failed already. The new token is stored only if the
 * version is still the one that was claimed. So a thread whose claim has run out meanwhile cannot
 * replace a newer token by an older one.
 */
#include "gateway/token.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "gateway/host.h"
#include "gateway/db_work.h"
#include "store/token.h"
#include "util/compiler.h"

#define RENEW_FROM          0.80           /* a token is renewed after this part of its life */
#define RENEW_SPREAD        0.08           /* or up to this part later, at random */
#define END_SEC             APR_INT64_C(2) /* a life this short is over: see token_life */
#define CLAIM_MARGIN_MS     1000           /* added to the upstream time-out, to seal and store */
#define WAIT_STEP_US        20000          /* between two looks into the host's state, */
#define WAIT_STEPS_PER_LOOK 12             /* so many of which come before a look into the table */
/* So many versions are replaced by one renewal, when each new one turns out to be unusable. */
#define MOVES_MAX           3
#define REJECTED_PAUSE_MS   60000 /* between renewals that ?rejected= causes */
#define DIGEST_LEN          8
#define LIFE_MAX_SEC        2592000 /* 30 days: no token lives longer */

/* --- the host's state --- */

static void token_publish(dygw_gateway_t *gateway, const char *text, apr_int64_t version,
                          dygw_ms_t obtained_at, dygw_ms_t expires_at)
{
    dygw_host_t *host = dygw_host_lock(gateway);

    apr_cpystrn(host->token, text, sizeof(host->token));
    host->token_version = version;
    host->token_obtained_at = obtained_at;
    host->token_expires_at = expires_at;
    host->token_refused = 0;
    host->renew_pause_until = 0;
    dygw_host_unlock(gateway);
}

/* For a stored token that cannot be opened: it is renewed like a token that has ended. The host
 * uses the token that it holds until then, so that two hosts with different master keys do not
 * renew the token in turn for ever. */
static void token_publish_version(dygw_gateway_t *gateway, apr_int64_t version)
{
    dygw_host_t *host = dygw_host_lock(gateway);

    host->token_version = version;
    dygw_host_unlock(gateway);
}

static int token_is_usable(const dygw_host_t *host, dygw_ms_t now)
{
    return host->token[0] != '\0' && host->token_expires_at > now;
}

apr_status_t dygw_token_held(dygw_gateway_t *gateway, dygw_token_t *token, apr_pool_t *pool)
{
    dygw_ms_t now = dygw_now();
    const dygw_host_t *host = dygw_host_lock(gateway);
    int held = token_is_usable(host, now);

    token->version = host->token_version;
    token->expires_at = host->token_expires_at;
    token->refused = host->token_refused;
    token->access_token = held ? apr_pstrdup(pool, host->token) : NULL;
    dygw_host_unlock(gateway);
    return held ? APR_SUCCESS : APR_NOTFOUND;
}

static void token_mark_refused(dygw_gateway_t *gateway, apr_int64_t version, int refused)
{
    dygw_host_t *host = dygw_host_lock(gateway);

    if (host->token_version == version) {
        host->token_refused = refused;
    }
    dygw_host_unlock(gateway);
}

void dygw_token_accepted(dygw_gateway_t *gateway, const dygw_token_t *token)
{
    token_mark_refused(gateway, token->version, 0);
}

static dygw_ms_t renewal_claim_ms(const dygw_gateway_t *gateway)
{
    return gateway->upstream_timeout / 1000 + CLAIM_MARGIN_MS;
}

static void renewal_pause(dygw_gateway_t *gateway, apr_int64_t version, dygw_ms_t until)
{
    dygw_host_t *host = dygw_host_lock(gateway);

    if (host->token_version == version) {
        host->renew_pause_until = until;
    }
    dygw_host_unlock(gateway);
}

typedef enum { RENEWAL_AWAITED, RENEWAL_DONE, RENEWAL_PAUSED } renewal_outlook_e;

/* What a thread that wants `version` replaced can expect. */
static renewal_outlook_e renewal_outlook(dygw_gateway_t *gateway, apr_int64_t version)
{
    dygw_ms_t now = dygw_now();
    const dygw_host_t *host = dygw_host_lock(gateway);
    dygw_ms_t pause = host->renew_pause_until - now;
    renewal_outlook_e result = RENEWAL_AWAITED;

    if (host->token_version != version && token_is_usable(host, now)) {
        result = RENEWAL_DONE;
    }
    else if (host->token_version == version && pause > 0 && pause <= renewal_claim_ms(gateway)) {
        result = RENEWAL_PAUSED; /* a longer pause: the clock was set back */
    }
    dygw_host_unlock(gateway);
    return result;
}

/* --- the table --- */

static apr_status_t token_load_stored(const dygw_ctx_t *ctx, dygw_db_t *db, DYGW_UNUSED void *baton)
{
    dygw_token_row_t row;
    const char *text;
    apr_status_t rv = dygw_store_token_get(db, &row, dygw_db_pool(db));

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!row.sealed) {
        /* The database was made anew while the host still held the token of the old one. */
        token_publish(ctx->gateway, "", row.version, 0, 0);
        return APR_SUCCESS;
    }
    rv = dygw_unseal(ctx->gateway->seal, DYGW_TOKEN_SEAL_PURPOSE, row.sealed, dygw_db_pool(db),
                     &text, NULL);
    if (rv != APR_SUCCESS || strlen(text) >= DYGW_TOKEN_MAX) {
        dygw_log_rarely(ctx->log, ERR, NULL, rv,
                        DYGWNO(0400) "the stored access token of %s, version %" APR_INT64_T_FMT
                                     ", does not open with DygwMasterKey and counts as ended",
                        ctx->gateway->client_key, row.version);
        token_publish_version(ctx->gateway, row.version);
        return APR_SUCCESS;
    }
    token_publish(ctx->gateway, text, row.version, row.obtained_at, row.expires_at);
    return APR_SUCCESS;
}

apr_status_t dygw_token_load(const dygw_ctx_t *ctx)
{
    return dygw_db_work(ctx, token_load_stored, NULL, DYGW_DB_ONCE);
}

/* --- renewing --- */

static void renewal_report_failure(const dygw_ctx_t *ctx, const dygw_reply_t *reply)
{
    if (reply->kind == DYGW_REPLY_SETUP) {
        dygw_log_rarely(ctx->log, ERR, NULL, 0,
                        DYGWNO(0401) "Douyin refuses DygwClientKey %s with its DygwClientSecret: "
                                     "error_code %" APR_INT64_T_FMT ", logid %s",
                        ctx->gateway->client_key, reply->error_code, reply->logid);
    }
    else {
        dygw_log_rarely(ctx->log, WARN, NULL, 0,
                        DYGWNO(0402) "no new access token for %s: HTTP status %d, error_code "
                                     "%" APR_INT64_T_FMT ", logid %s; it will be tried again",
                        ctx->gateway->client_key, reply->http_status, reply->error_code,
                        reply->logid);
    }
}

static int token_is_same(dygw_gateway_t *gateway, apr_int64_t version, const char *text)
{
    const dygw_host_t *host = dygw_host_lock(gateway);
    int same = host->token_version == version && dygw_equal_secret(host->token, text);

    dygw_host_unlock(gateway);
    return same;
}

/* Whether the token that Douyin gave may replace `version`. refused: Douyin refused `version`. */
static int token_is_acceptable(const dygw_ctx_t *ctx, const dygw_token_reply_t *fresh,
                               apr_int64_t version, int refused)
{
    if (fresh->reply.kind != DYGW_REPLY_OK) {
        renewal_report_failure(ctx, &fresh->reply);
        return 0;
    }
    if (strlen(fresh->access_token) >= DYGW_TOKEN_MAX || fresh->expires_in < 0
        || fresh->expires_in > LIFE_MAX_SEC) {
        dygw_log_rarely(ctx->log, ERR, NULL, 0,
                        DYGWNO(0405) "Douyin gives %s an access token of %" APR_SIZE_T_FMT
                                     " bytes for "
                                     "%" APR_INT64_T_FMT " s: not used",
                        ctx->gateway->client_key, strlen(fresh->access_token), fresh->expires_in);
        return 0;
    }
    if (refused && token_is_same(ctx->gateway, version, fresh->access_token)) {
        dygw_log_rarely(ctx->log, ERR, NULL, 0,
                        DYGWNO(0404) "Douyin refuses the access token of %s and gives the same one "
                                     "again; `DygwTokenEndpoint client` asks the other call",
                        ctx->gateway->client_key);
        return 0;
    }
    return 1;
}

/* The stable token call gives the same token until the token ends, and says what is left of its
 * life in whole seconds: a new token cannot be had earlier. So a life of 2 s or less is made longer
 * by the second that Douyin rounds off and the second until the background looks again. To have no
 * token in between would be worse than to have a token that Douyin refuses: that is renewed at
 * once. */
static apr_int64_t token_life(const dygw_token_reply_t *fresh)
{
    return fresh->expires_in > END_SEC ? fresh->expires_in : fresh->expires_in + END_SEC;
}

static void renewal_count(dygw_gateway_t *gateway, dygw_renew_e why)
{
    dygw_renewed_series_e series = DYGW_RENEWED_REFUSED;

    if (why != DYGW_RENEW_REFUSED) {
        const dygw_host_t *host = dygw_host_lock(gateway);
        int missing = !token_is_usable(host, dygw_now());

        dygw_host_unlock(gateway);
        series = missing                  ? DYGW_RENEWED_MISSING
                 : why == DYGW_RENEW_TOLD ? DYGW_RENEWED_TOLD
                                          : DYGW_RENEWED_DUE;
    }
    dygw_count(gateway->metrics, DYGW_COUNT_RENEWED, series);
}

/* Seals and stores the token that Douyin gave as the successor of `version`. Afterwards the host's
 * state has the successor, also when another thread or host has stored one first. */
static apr_status_t token_store_successor(const dygw_ctx_t *ctx, apr_int64_t version,
                                          dygw_renew_e why, const dygw_token_reply_t *fresh)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t expires_at = now + token_life(fresh) * 1000;
    const char *sealed;
    dygw_db_t *db;
    apr_status_t rv = dygw_seal(ctx->gateway->seal, DYGW_TOKEN_SEAL_PURPOSE, fresh->access_token,
                                ctx->pool, &sealed);

    if (rv == APR_SUCCESS) {
        rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_store_token_put(db, version, sealed, now, expires_at);
    if (rv == APR_EEXIST) {
        rv = token_load_stored(ctx, db, NULL);
    }
    else if (rv == APR_SUCCESS) {
        renewal_count(ctx->gateway, why);
        token_publish(ctx->gateway, fresh->access_token, version + 1, now, expires_at);
        dygw_log(ctx->log, INFO, 0,
                 DYGWNO(0403) "new access token for %s, version %" APR_INT64_T_FMT
                              ", good for %" APR_INT64_T_FMT " s",
                 ctx->gateway->client_key, version + 1, fresh->expires_in);
    }
    dygw_db_close(db);
    return rv;
}

/* Gets a successor of `version` from Douyin and stores it. Only for the thread that has the
 * claim. */
static apr_status_t token_fetch_successor(const dygw_ctx_t *ctx, apr_int64_t version,
                                          dygw_renew_e why)
{
    dygw_ms_t claimed_until = dygw_now() + renewal_claim_ms(ctx->gateway);
    const dygw_token_reply_t *fresh = dygw_douyin_token(ctx->gateway->douyin, ctx->log, ctx->pool);
    apr_status_t rv = APR_EGENERAL;

    dygw_host_reply_shown(ctx->gateway, &fresh->reply);
    if (token_is_acceptable(ctx, fresh, version, why == DYGW_RENEW_REFUSED)) {
        rv = token_store_successor(ctx, version, why, fresh);
    }
    if (rv != APR_SUCCESS) {
        renewal_pause(ctx->gateway, version, claimed_until);
    }
    return rv;
}

/* Claims the renewal of *version. APR_EBUSY: another has the claim. APR_EEXIST: the table has
 * another version, which is in the host's state now. */
static apr_status_t renewal_claim(const dygw_ctx_t *ctx, dygw_db_t *db, void *version)
{
    const char *owner
        = apr_pstrcat(ctx->pool, ctx->gateway->owner, "/", dygw_random_text(ctx->pool, 8), NULL);
    apr_status_t rv = dygw_store_token_claim(db, *(const apr_int64_t *)version, owner,
                                             renewal_claim_ms(ctx->gateway));

    if (rv == APR_EEXIST) {
        apr_status_t loaded = token_load_stored(ctx, db, NULL);

        rv = loaded == APR_SUCCESS ? APR_EEXIST : loaded;
    }
    return rv;
}

/* Waits until the host's state says that the renewal of `version` is done or has failed, or until
 * it is time to look into the table. */
static void renewal_wait(dygw_gateway_t *gateway, apr_int64_t version, apr_time_t deadline)
{
    int step;

    for (step = 0; step < WAIT_STEPS_PER_LOOK; step++) {
        if (renewal_outlook(gateway, version) != RENEWAL_AWAITED || dygw_steady_now() >= deadline) {
            return;
        }
        apr_sleep(WAIT_STEP_US);
    }
}

/* Tries to replace `version`, or waits until another has replaced it. APR_SUCCESS: it is replaced;
 * APR_EEXIST: it is not the present version of the table. */
static apr_status_t token_replace(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why,
                                  apr_time_t deadline)
{
    renewal_outlook_e expected;

    while ((expected = renewal_outlook(ctx->gateway, version)) == RENEWAL_AWAITED) {
        apr_status_t rv = dygw_db_work(ctx, renewal_claim, &version, DYGW_DB_ONCE);

        if (rv == APR_SUCCESS) {
            return token_fetch_successor(ctx, version, why);
        }
        if (rv != APR_EBUSY) {
            return rv;
        }
        if (dygw_steady_now() >= deadline) {
            return APR_TIMEUP;
        }
        renewal_wait(ctx->gateway, version, deadline);
    }
    return expected == RENEWAL_DONE ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t dygw_token_renew(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why,
                              apr_interval_time_t patience, dygw_token_t *token)
{
    apr_time_t deadline = dygw_steady_now() + patience;
    dygw_token_t newest = { .version = version };
    int moves;

    if (dygw_host_key(ctx->gateway) == DYGW_KEY_WRONG) {
        return APR_EGENERAL; /* what hosts with the right key use would be overwritten */
    }
    if (why == DYGW_RENEW_REFUSED) {
        token_mark_refused(ctx->gateway, version, 1);
    }
    for (moves = 0; moves < MOVES_MAX; moves++) {
        apr_status_t rv = token_replace(ctx, newest.version, why, deadline);

        if (rv != APR_SUCCESS && rv != APR_EEXIST) {
            return rv;
        }
        if (dygw_token_held(ctx->gateway, &newest, ctx->pool) == APR_SUCCESS
            && newest.version != version && !newest.refused) {
            *token = newest;
            return APR_SUCCESS;
        }
        why = newest.refused ? DYGW_RENEW_REFUSED : DYGW_RENEW_OLD;
    }
    return APR_EGENERAL;
}

void dygw_token_rejected(const dygw_ctx_t *ctx, const char *digest)
{
    char hex[DYGW_SHA256_HEX_LEN + 1];
    dygw_token_t token;
    dygw_host_t *host;
    int renew;

    if (dygw_token_held(ctx->gateway, &token, ctx->pool) != APR_SUCCESS) {
        return;
    }
    dygw_sha256_hex(token.access_token, strlen(token.access_token), hex);
    if (strncmp(hex, digest, DIGEST_LEN) != 0) {
        return;
    }
    host = dygw_host_lock(ctx->gateway);
    renew = host->token_version == token.version
            && !dygw_is_recent(host->rejected_at, REJECTED_PAUSE_MS);
    if (renew) {
        host->rejected_at = dygw_now();
    }
    dygw_host_unlock(ctx->gateway);
    if (renew) {
        /* The token is not marked as refused: only our own calls are trusted to tell that. */
        dygw_token_renew(ctx, token.version, DYGW_RENEW_TOLD, ctx->gateway->upstream_timeout,
                         &token);
    }
}

dygw_ms_t dygw_token_due_at(dygw_ms_t obtained_at, dygw_ms_t expires_at, double jitter)
{
    double life = (double)(expires_at - obtained_at);
    dygw_ms_t due = obtained_at + (dygw_ms_t)(life * (RENEW_FROM + RENEW_SPREAD * jitter));
    dygw_ms_t latest = expires_at - END_SEC * 1000;

    return due < latest ? due : latest;
}
