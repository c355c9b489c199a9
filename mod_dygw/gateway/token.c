/* SPDX-License-Identifier: Apache-2.0
 * The access token.
 *
 * The table holds it sealed, with a version; the cell holds a copy for all children of the host.
 * Whoever finds that a version will not do (the background thread: it ends soon; a request: Douyin
 * refused it) asks to renew that version. The claim in the table, good for one version, lets one of
 * all threads, children and hosts call Douyin; the others wait for the version to change. A claim
 * is not given back when the call came to nothing: its end is the pause before the next try, so
 * that a Douyin in trouble is asked every few seconds and not by everybody. Storing the successor
 * is conditional on the version too, so even a claim that ran out in the middle cannot put an older
 * token over a newer one.
 */
#include "gateway/token.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "gateway/cell.h"
#include "store/token.h"

#define SEAL_PURPOSE            "access-token"
#define RENEW_FROM              0.80    /* of a token's life has passed: renewed between here ... */
#define RENEW_SPREAD            0.08    /* ... and this much later */
#define CLAIM_MARGIN_MS         1000    /* over the upstream time-out: sealing and storing */
#define WAIT_STEP_US            20000
#define WAIT_STEPS_PER_LOOK 12 /* waiters look at the cell each step, into the table each so many  \
                                */
#define REJECTED_PAUSE_MS       60000
#define DIGEST_LEN              8

static void publish(dygw_gateway_t *gateway, const char *text, apr_int64_t version,
                    dygw_ms_t obtained_at, dygw_ms_t expires_at)
{
    dygw_cell_t *cell = dygw_cell_lock(gateway);

    apr_cpystrn(cell->token, text, sizeof(cell->token));
    cell->token_version = version;
    cell->token_obtained_at = obtained_at;
    cell->token_expires_at = expires_at;
    cell->token_refused = 0;
    dygw_cell_unlock(gateway);
}

apr_status_t dygw_token_held(dygw_gateway_t *gateway, dygw_token_t *token, apr_pool_t *pool)
{
    const dygw_cell_t *cell = dygw_cell_lock(gateway);

    token->version = cell->token_version;
    token->expires_at = cell->token_expires_at;
    token->access_token = cell->token_version ? apr_pstrdup(pool, cell->token) : NULL;
    dygw_cell_unlock(gateway);
    return token->access_token && token->expires_at > dygw_now() ? APR_SUCCESS : APR_NOTFOUND;
}

static apr_status_t load(dygw_gateway_t *gateway, dygw_db_t *db, const dygw_log_t *log)
{
    dygw_token_row_t row;
    const char *text;
    apr_status_t rv = dygw_store_token_get(db, &row, dygw_db_pool(db));

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!row.sealed) {
        /* A database made anew behind a host that still holds the token of the one before. */
        publish(gateway, "", 0, 0, 0);
        return APR_SUCCESS;
    }
    rv = dygw_unseal(gateway->seal, SEAL_PURPOSE, row.sealed, dygw_db_pool(db), &text, NULL);
    if (rv != APR_SUCCESS) {
        dygw_log(log, ERR, rv, DYGWNO(0400) "the stored access token does not open with the "
                 "present master key; a new one will be fetched when it is due");
        return rv;
    }
    if (strlen(text) >= DYGW_TOKEN_MAX) {
        return APR_EGENERAL;
    }
    publish(gateway, text, row.version, row.obtained_at, row.expires_at);
    return APR_SUCCESS;
}

apr_status_t dygw_token_load(dygw_gateway_t *gateway, const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    if (rv == APR_SUCCESS) {
        rv = load(gateway, db, log);
        dygw_db_close(db);
    }
    return rv;
}

static void report_failure(dygw_gateway_t *gateway, const dygw_reply_t *reply,
                           const dygw_log_t *log)
{
    if (reply->kind == DYGW_REPLY_SETUP) {
        dygw_log(log, ERR, 0,
                 DYGWNO(0401) "Douyin refuses DygwClientKey %s with its DygwClientSecret: "
                              "error_code %" APR_INT64_T_FMT ", logid %s",
                 gateway->client_key, reply->error_code, reply->logid);
    }
    else {
        dygw_log(
            log, WARN, 0,
            DYGWNO(0402) "no new access token for %s: HTTP status %d, error_code %" APR_INT64_T_FMT
                         ", logid %s; it will be tried again",
            gateway->client_key, reply->http_status, reply->error_code, reply->logid);
    }
}

/* Seals and stores what Douyin gave. APR_EEXIST: somebody stored a newer one meanwhile. */
static apr_status_t store_successor(dygw_gateway_t *gateway, apr_int64_t version,
                                    const dygw_token_reply_t *fresh, const dygw_log_t *log,
                                    apr_pool_t *pool)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t expires_at = now + fresh->expires_in * 1000;
    const char *sealed;
    dygw_db_t *db;
    apr_status_t rv = dygw_seal(gateway->seal, SEAL_PURPOSE, fresh->access_token, pool, &sealed);

    if (rv == APR_SUCCESS) {
        rv = dygw_db_open(&db, gateway->db, log, pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_store_token_put(db, version, sealed, now, expires_at);
    if (rv == APR_EEXIST) {
        rv = load(gateway, db, log);
    }
    else if (rv == APR_SUCCESS) {
        publish(gateway, fresh->access_token, version + 1, now, expires_at);
        dygw_log(log, INFO, 0,
                 DYGWNO(0403) "new access token for %s, version %" APR_INT64_T_FMT
                              ", good for %" APR_INT64_T_FMT " s",
                 gateway->client_key, version + 1, fresh->expires_in);
    }
    dygw_db_close(db);
    return rv;
}

static int same_token(dygw_gateway_t *gateway, apr_int64_t version, const char *text)
{
    const dygw_cell_t *cell = dygw_cell_lock(gateway);
    int same = cell->token_version == version && version > 0
               && dygw_equal_secret(cell->token, text);

    dygw_cell_unlock(gateway);
    return same;
}

static apr_status_t fetch(dygw_gateway_t *gateway, apr_int64_t version, int refused,
                          const dygw_log_t *log, apr_pool_t *pool)
{
    const dygw_token_reply_t *fresh = dygw_douyin_token(gateway->douyin, log, pool);

    if (fresh->reply.kind != DYGW_REPLY_OK) {
        report_failure(gateway, &fresh->reply, log);
        return APR_EGENERAL;
    }
    if (refused && same_token(gateway, version, fresh->access_token)) {
        dygw_log(log, ERR, 0,
                 DYGWNO(0404) "Douyin refuses the access token of %s and gives the same one "
                              "again; `DygwTokenEndpoint client` asks the other call",
                 gateway->client_key);
        return APR_EGENERAL;
    }
    return store_successor(gateway, version, fresh, log, pool);
}

/* Claims `version` if it is free. APR_EEXIST: the table has a newer one, which is in the cell now.
 */
static apr_status_t claim(dygw_gateway_t *gateway, apr_int64_t version, const dygw_log_t *log,
                          apr_pool_t *pool)
{
    dygw_ms_t ttl = gateway->upstream_timeout / 1000 + CLAIM_MARGIN_MS;
    const char *owner = apr_pstrcat(pool, gateway->owner, "/", dygw_random_text(pool, 8), NULL);
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_store_token_claim(db, version, owner, ttl);
    if (rv == APR_EEXIST) {
        apr_status_t loaded = load(gateway, db, log);
        rv = loaded == APR_SUCCESS ? APR_EEXIST : loaded;
    }
    dygw_db_close(db);
    return rv;
}

static int another_is_held(dygw_gateway_t *gateway, apr_int64_t version)
{
    const dygw_cell_t *cell = dygw_cell_lock(gateway);
    int another = cell->token_version != version && cell->token_version > 0;

    dygw_cell_unlock(gateway);
    return another;
}

static void wait_for_another(dygw_gateway_t *gateway, apr_int64_t version, apr_time_t deadline)
{
    int step;

    for (step = 0; step < WAIT_STEPS_PER_LOOK; step++) {
        if (another_is_held(gateway, version) || apr_time_now() >= deadline) {
            return;
        }
        apr_sleep(WAIT_STEP_US);
    }
}

static void mark_refused(dygw_gateway_t *gateway, apr_int64_t version)
{
    dygw_cell_t *cell = dygw_cell_lock(gateway);

    if (cell->token_version == version) {
        cell->token_refused = 1;
    }
    dygw_cell_unlock(gateway);
}

apr_status_t dygw_token_renew(dygw_gateway_t *gateway, apr_int64_t version, int refused,
                              apr_interval_time_t patience, dygw_token_t *token,
                              const dygw_log_t *log, apr_pool_t *pool)
{
    apr_time_t deadline = apr_time_now() + patience;

    if (refused) {
        mark_refused(gateway, version);
    }
    while (!another_is_held(gateway, version)) {
        apr_status_t rv = claim(gateway, version, log, pool);

        if (rv == APR_SUCCESS) {
            rv = fetch(gateway, version, refused, log, pool);
            if (rv != APR_SUCCESS) {
                return rv;
            }
            break;
        }
        if (rv == APR_EBUSY && apr_time_now() < deadline) {
            wait_for_another(gateway, version, deadline);
        }
        else if (rv != APR_EEXIST) {
            return rv == APR_EBUSY ? APR_TIMEUP : rv;
        }
        else {
            break;
        }
    }
    return dygw_token_held(gateway, token, pool);
}

void dygw_token_rejected(dygw_gateway_t *gateway, const char *digest, const dygw_log_t *log,
                         apr_pool_t *pool)
{
    char hex[DYGW_SHA256_HEX_LEN + 1];
    dygw_token_t token;
    dygw_ms_t now = dygw_now();
    dygw_cell_t *cell;
    int renew;

    if (dygw_token_held(gateway, &token, pool) != APR_SUCCESS) {
        return;
    }
    dygw_sha256_hex(token.access_token, strlen(token.access_token), hex);
    if (strncmp(hex, digest, DIGEST_LEN) != 0) {
        return;
    }
    cell = dygw_cell_lock(gateway);
    renew = cell->token_version == token.version && now - cell->rejected_at >= REJECTED_PAUSE_MS;
    if (renew) {
        cell->rejected_at = now;
    }
    dygw_cell_unlock(gateway);
    if (renew) {
        dygw_token_renew(gateway, token.version, 1, gateway->upstream_timeout, &token, log, pool);
    }
}

dygw_ms_t dygw_token_due_at(dygw_ms_t obtained_at, dygw_ms_t expires_at, double jitter)
{
    double life = (double)(expires_at - obtained_at);

    return obtained_at + (dygw_ms_t)(life * (RENEW_FROM + RENEW_SPREAD * jitter));
}
