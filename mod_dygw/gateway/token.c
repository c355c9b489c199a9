/* SPDX-License-Identifier: Apache-2.0
 * The access token.
 *
 * The table holds it sealed, with a version; the cell holds a copy for all children of the host.
 * Whoever finds that a version will not do (the background thread: it ends soon; a request: Douyin
 * refused it, or it has ended) asks to renew that version. The claim in the table, good for one
 * version, lets one of all threads, children and hosts call Douyin; the others wait for the version
 * to change. A claim is not given back when the call came to nothing: its end is the pause before
 * the next try, so that a Douyin in trouble is asked every few seconds and not by everybody. The
 * cell says so, and nobody on this host waits for what has failed already. Storing the successor is
 * conditional on the version too, so even a claim that ran out in the middle cannot put an older
 * token over a newer one.
 */
#include "gateway/token.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "gateway/cell.h"
#include "gateway/db_work.h"
#include "store/token.h"
#include "util/compiler.h"

#define RENEW_FROM              0.80    /* of its life has passed: renewed between here ... */
#define RENEW_SPREAD            0.08    /* ... and this much later */
#define END_SEC                 APR_INT64_C(2)  /* a life that is over: see life_of */
#define CLAIM_MARGIN_MS         1000    /* over the upstream time-out: sealing and storing */
#define WAIT_STEP_US            20000   /* waiters look at the cell each step, ... */
#define WAIT_STEPS_PER_LOOK     12      /* ... and into the table after so many */
#define MOVES_MAX               3       /* versions one renewal follows, found unusable each */
#define REJECTED_PAUSE_MS       60000
#define DIGEST_LEN              8
#define LIFE_MAX_SEC            2592000 /* 30 days: longer is no life of a token */

/* --- the cell --- */

static void publish(dygw_gateway_t *gateway, const char *text, apr_int64_t version,
                    dygw_ms_t obtained_at, dygw_ms_t expires_at)
{
    dygw_cell_t *cell = dygw_cell_lock(gateway);

    apr_cpystrn(cell->token, text, sizeof(cell->token));
    cell->token_version = version;
    cell->token_obtained_at = obtained_at;
    cell->token_expires_at = expires_at;
    cell->token_refused = 0;
    cell->renew_pause_until = 0;
    dygw_cell_unlock(gateway);
}

/* The stored token cannot be read, so it is renewed like one that has ended. What the host holds
 * serves until then: hosts with different master keys do not renew against each other. */
static void publish_version_only(dygw_gateway_t *gateway, apr_int64_t version)
{
    dygw_cell_t *cell = dygw_cell_lock(gateway);

    cell->token_version = version;
    dygw_cell_unlock(gateway);
}

static int usable(const dygw_cell_t *cell, dygw_ms_t now)
{
    return cell->token[0] != '\0' && cell->token_expires_at > now;
}

apr_status_t dygw_token_held(dygw_gateway_t *gateway, dygw_token_t *token, apr_pool_t *pool)
{
    dygw_ms_t now = dygw_now();
    const dygw_cell_t *cell = dygw_cell_lock(gateway);
    int held = usable(cell, now);

    token->version = cell->token_version;
    token->expires_at = cell->token_expires_at;
    token->refused = cell->token_refused;
    token->access_token = held ? apr_pstrdup(pool, cell->token) : NULL;
    dygw_cell_unlock(gateway);
    return held ? APR_SUCCESS : APR_NOTFOUND;
}

static void mark_refused(dygw_gateway_t *gateway, apr_int64_t version, int refused)
{
    dygw_cell_t *cell = dygw_cell_lock(gateway);

    if (cell->token_version == version) {
        cell->token_refused = refused;
    }
    dygw_cell_unlock(gateway);
}

void dygw_token_accepted(dygw_gateway_t *gateway, const dygw_token_t *token)
{
    mark_refused(gateway, token->version, 0);
}

static dygw_ms_t claim_ttl(const dygw_gateway_t *gateway)
{
    return gateway->upstream_timeout / 1000 + CLAIM_MARGIN_MS;
}

static void pause_until(dygw_gateway_t *gateway, apr_int64_t version, dygw_ms_t until)
{
    dygw_cell_t *cell = dygw_cell_lock(gateway);

    if (cell->token_version == version) {
        cell->renew_pause_until = until;
    }
    dygw_cell_unlock(gateway);
}

typedef enum { WAITING, ANOTHER_THERE, PAUSED } outlook_e;

/* What a caller that wants `version` replaced can expect. */
static outlook_e outlook(dygw_gateway_t *gateway, apr_int64_t version)
{
    dygw_ms_t now = dygw_now();
    const dygw_cell_t *cell = dygw_cell_lock(gateway);
    dygw_ms_t pause = cell->renew_pause_until - now;
    outlook_e result = WAITING;

    if (cell->token_version != version && usable(cell, now)) {
        result = ANOTHER_THERE;
    }
    else if (cell->token_version == version && pause > 0 && pause <= claim_ttl(gateway)) {
        result = PAUSED;            /* more than that: the clock was set back */
    }
    dygw_cell_unlock(gateway);
    return result;
}

/* --- the table --- */

static apr_status_t load(const dygw_ctx_t *ctx, dygw_db_t *db, DYGW_UNUSED void *baton)
{
    dygw_token_row_t row;
    const char *text;
    apr_status_t rv = dygw_store_token_get(db, &row, dygw_db_pool(db));

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!row.sealed) {
        /* A database made anew behind a host that still holds the token of the one before. */
        publish(ctx->gateway, "", row.version, 0, 0);
        return APR_SUCCESS;
    }
    rv = dygw_unseal(ctx->gateway->seal, DYGW_TOKEN_SEAL_PURPOSE, row.sealed, dygw_db_pool(db),
                     &text, NULL);
    if (rv != APR_SUCCESS || strlen(text) >= DYGW_TOKEN_MAX) {
        dygw_log(ctx->log, ERR, rv,
                 DYGWNO(0400) "the stored access token of %s, version %" APR_INT64_T_FMT ", does "
                              "not open with DygwMasterKey; a new one is fetched",
                 ctx->gateway->client_key, row.version);
        publish_version_only(ctx->gateway, row.version);
        return APR_SUCCESS;
    }
    publish(ctx->gateway, text, row.version, row.obtained_at, row.expires_at);
    return APR_SUCCESS;
}

apr_status_t dygw_token_load(const dygw_ctx_t *ctx)
{
    return dygw_db_work(ctx, load, NULL, DYGW_DB_ONCE);
}

/* --- renewing --- */

static void report_failure(const dygw_ctx_t *ctx, const dygw_reply_t *reply)
{
    if (reply->kind == DYGW_REPLY_SETUP) {
        dygw_log(ctx->log, ERR, 0,
                 DYGWNO(0401) "Douyin refuses DygwClientKey %s with its DygwClientSecret: "
                              "error_code %" APR_INT64_T_FMT ", logid %s",
                 ctx->gateway->client_key, reply->error_code, reply->logid);
    }
    else {
        dygw_log(ctx->log, WARN, 0,
                 DYGWNO(0402) "no new access token for %s: HTTP status %d, error_code "
                              "%" APR_INT64_T_FMT ", logid %s; it will be tried again",
                 ctx->gateway->client_key, reply->http_status, reply->error_code, reply->logid);
    }
}

static int same_token(dygw_gateway_t *gateway, apr_int64_t version, const char *text)
{
    const dygw_cell_t *cell = dygw_cell_lock(gateway);
    int same = cell->token_version == version && dygw_equal_secret(cell->token, text);

    dygw_cell_unlock(gateway);
    return same;
}

/* Whether what Douyin gave will do in place of `version`. */
static int acceptable(const dygw_ctx_t *ctx, const dygw_token_reply_t *fresh, apr_int64_t version,
                      int refused)
{
    if (fresh->reply.kind != DYGW_REPLY_OK) {
        report_failure(ctx, &fresh->reply);
        return 0;
    }
    if (strlen(fresh->access_token) >= DYGW_TOKEN_MAX || fresh->expires_in < 0
        || fresh->expires_in > LIFE_MAX_SEC) {
        dygw_log(ctx->log, ERR, 0,
                 DYGWNO(0405) "Douyin gives %s an access token of %" APR_SIZE_T_FMT " bytes for "
                              "%" APR_INT64_T_FMT " s: not used",
                 ctx->gateway->client_key, strlen(fresh->access_token), fresh->expires_in);
        return 0;
    }
    if (refused && same_token(ctx->gateway, version, fresh->access_token)) {
        dygw_log(ctx->log, ERR, 0,
                 DYGWNO(0404) "Douyin refuses the access token of %s and gives the same one "
                              "again; `DygwTokenEndpoint client` asks the other call",
                 ctx->gateway->client_key);
        return 0;
    }
    return 1;
}

/* The stable token call gives the same token until it ends, with what is left of its life in whole
 * seconds: a new one cannot be had a moment too early. So the last such life is stretched by what
 * Douyin rounds off and by the second until the background looks again. That there is no token in
 * between would be worse than one that Douyin refuses, which is renewed at once. */
static apr_int64_t life_of(const dygw_token_reply_t *fresh)
{
    return fresh->expires_in > END_SEC ? fresh->expires_in : fresh->expires_in + END_SEC;
}

static void count_renewal(dygw_gateway_t *gateway, dygw_renew_e why)
{
    dygw_renewed_series_e series = DYGW_RENEWED_REFUSED;

    if (why != DYGW_RENEW_REFUSED) {
        const dygw_cell_t *cell = dygw_cell_lock(gateway);
        int missing = !usable(cell, dygw_now());

        dygw_cell_unlock(gateway);
        series = missing ? DYGW_RENEWED_MISSING
                 : why == DYGW_RENEW_TOLD ? DYGW_RENEWED_TOLD : DYGW_RENEWED_DUE;
    }
    dygw_count(gateway->metrics, DYGW_COUNT_RENEWED, series);
}

/* Seals and stores what Douyin gave; whoever stored a successor first, it is in the cell then. */
static apr_status_t store_successor(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why,
                                    const dygw_token_reply_t *fresh)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t expires_at = now + life_of(fresh) * 1000;
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
        rv = load(ctx, db, NULL);
    }
    else if (rv == APR_SUCCESS) {
        count_renewal(ctx->gateway, why);
        publish(ctx->gateway, fresh->access_token, version + 1, now, expires_at);
        dygw_log(ctx->log, INFO, 0,
                 DYGWNO(0403) "new access token for %s, version %" APR_INT64_T_FMT
                              ", good for %" APR_INT64_T_FMT " s",
                 ctx->gateway->client_key, version + 1, fresh->expires_in);
    }
    dygw_db_close(db);
    return rv;
}

/* With the claim in hand. */
static apr_status_t fetch(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why)
{
    dygw_ms_t claimed_until = dygw_now() + claim_ttl(ctx->gateway);
    const dygw_token_reply_t *fresh = dygw_douyin_token(ctx->gateway->douyin, ctx->log, ctx->pool);
    apr_status_t rv = APR_EGENERAL;

    if (acceptable(ctx, fresh, version, why == DYGW_RENEW_REFUSED)) {
        rv = store_successor(ctx, version, why, fresh);
    }
    if (rv != APR_SUCCESS) {
        pause_until(ctx->gateway, version, claimed_until);
    }
    return rv;
}

/* Claims *version if it is free. APR_EEXIST: the table has another, which is in the cell now. */
static apr_status_t claim(const dygw_ctx_t *ctx, dygw_db_t *db, void *version)
{
    const char *owner = apr_pstrcat(ctx->pool, ctx->gateway->owner, "/",
                                    dygw_random_text(ctx->pool, 8), NULL);
    apr_status_t rv = dygw_store_token_claim(db, *(const apr_int64_t *)version, owner,
                                             claim_ttl(ctx->gateway));

    if (rv == APR_EEXIST) {
        apr_status_t loaded = load(ctx, db, NULL);

        rv = loaded == APR_SUCCESS ? APR_EEXIST : loaded;
    }
    return rv;
}

/* Until there is news of `version`, or it is time to look into the table. */
static void wait_for_news(dygw_gateway_t *gateway, apr_int64_t version, apr_time_t deadline)
{
    int step;

    for (step = 0; step < WAIT_STEPS_PER_LOOK; step++) {
        if (outlook(gateway, version) != WAITING || apr_time_now() >= deadline) {
            return;
        }
        apr_sleep(WAIT_STEP_US);
    }
}

/* Tries to replace `version`. APR_SUCCESS: it was; APR_EEXIST: it is not the present one. */
static apr_status_t replace(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why,
                            apr_time_t deadline)
{
    outlook_e expected;

    while ((expected = outlook(ctx->gateway, version)) == WAITING) {
        apr_status_t rv = dygw_db_work(ctx, claim, &version, DYGW_DB_ONCE);

        if (rv == APR_SUCCESS) {
            return fetch(ctx, version, why);
        }
        if (rv != APR_EBUSY) {
            return rv;
        }
        if (apr_time_now() >= deadline) {
            return APR_TIMEUP;
        }
        wait_for_news(ctx->gateway, version, deadline);
    }
    return expected == ANOTHER_THERE ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t dygw_token_renew(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why,
                              apr_interval_time_t patience, dygw_token_t *token)
{
    apr_time_t deadline = apr_time_now() + patience;
    dygw_token_t newest = { .version = version };
    int moves;

    if (why == DYGW_RENEW_REFUSED) {
        mark_refused(ctx->gateway, version, 1);
    }
    for (moves = 0; moves < MOVES_MAX; moves++) {
        apr_status_t rv = replace(ctx, newest.version, why, deadline);

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
    dygw_cell_t *cell;
    int renew;

    if (dygw_token_held(ctx->gateway, &token, ctx->pool) != APR_SUCCESS) {
        return;
    }
    dygw_sha256_hex(token.access_token, strlen(token.access_token), hex);
    if (strncmp(hex, digest, DIGEST_LEN) != 0) {
        return;
    }
    cell = dygw_cell_lock(ctx->gateway);
    renew = cell->token_version == token.version
            && !dygw_is_recent(cell->rejected_at, REJECTED_PAUSE_MS);
    if (renew) {
        cell->rejected_at = dygw_now();
    }
    dygw_cell_unlock(ctx->gateway);
    if (renew) {
        /* Not marked as refused: that is a reader's word, our own calls tell. */
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
