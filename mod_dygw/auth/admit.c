/* SPDX-License-Identifier: Apache-2.0
 * Whether a request whose signature is right may go on, in the order of the contract: its
 * timestamp, its nonce, the app's state and the app's rate.
 *
 * The body may have taken long: the timestamp counts as it stands when the nonce is spent.
 *
 * A request that is refused spends nothing. So the nonce is spent last, and looked up before. With
 * nonces in shared memory every request is looked up. In the database a look-up would be one more
 * statement: it is made only for a request that is refused anyway, to tell a replay from other
 * reasons. Any other replay is noticed when its nonce is spent, and has then used up one call of
 * the app's rate. */
#include "auth/auth.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"
#include "gateway/apps/meter.h"
#include "store/nonce.h"
#include "util/compiler.h"

/* What the clocks of hosts may differ by: rows are removed by one host's and accepted by
 * another's. */
#define NONCE_CLOCKS_MS 600000

static dygw_ms_t expiry_of(const dygw_call_t *call)
{
    return call->timestamp * 1000 + call->runtime->cfg->signature_window / 1000;
}

/* --- refusing --- */

static void report_full_table(const dygw_call_t *call)
{
    dygw_log_rarely(&call->log, ERR, call->app->client_key, 0,
                    DYGWNO(0200) "app %" APR_INT64_T_FMT " has its share of the %d entries of "
                                 "DygwNonceStore in use, its requests to /open are refused: give "
                                 "it more entries, or shorten DygwSignatureWindow (client_key %s)",
                    call->app->id, call->runtime->cfg->nonce_entries, call->app->client_key);
}

static void explain_full_table(const dygw_call_t *call, dygw_ms_t wait, dygw_result_t *out)
{
    report_full_table(call);
    out->code = DYGW_NONCE_STORE_FULL;
    out->message = "too many requests within the signature window; try again later";
    out->retry_after = wait > 0 ? (int)((wait + 999) / 1000) : 1;
}

static void explain_nonce(const dygw_call_t *call, apr_status_t rv, dygw_ms_t wait,
                          dygw_result_t *out)
{
    if (rv == APR_EEXIST) {
        dygw_explain_replay(out);
    }
    else if (rv == APR_ENOSPC) {
        explain_full_table(call, wait, out);
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

/* --- in shared memory --- */

static void look_in_memory(const dygw_call_t *call, dygw_result_t *out)
{
    apr_status_t rv = dygw_nonces_look(call->runtime->nonces, call->signed_key, call->signed_nonce,
                                       dygw_now(), expiry_of(call));

    explain_nonce(call, rv, 0, out);
}

static void spend_in_memory(const dygw_call_t *call, dygw_result_t *out)
{
    dygw_ms_t now = dygw_now();
    dygw_ms_t free_at = now;
    apr_status_t rv = dygw_nonces_spend(call->runtime->nonces, call->signed_key, call->signed_nonce,
                                        now, expiry_of(call), &free_at);

    explain_nonce(call, rv, free_at - now, out);
}

/* --- in the database --- */

static apr_status_t look_at_row(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_call_t *call = baton;
    char key[33];

    dygw_nonce_key(call->signed_key, call->signed_nonce, key);
    return dygw_store_nonce_look(db, key);
}

static apr_status_t spend_row(DYGW_UNUSED const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const dygw_call_t *call = baton;
    char key[33];

    dygw_nonce_key(call->signed_key, call->signed_nonce, key);
    return dygw_store_nonce_spend(db, key, expiry_of(call) + NONCE_CLOCKS_MS);
}

/* What is refused anyway is refused as a replay if it is one. */
static void put_replay_first(dygw_call_t *call, dygw_result_t *out)
{
    if (dygw_db_work(&call->ctx, look_at_row, call, DYGW_DB_ONCE) == APR_EEXIST) {
        dygw_explain_replay(out);
    }
}

/* The database may have kept us waiting until the row of an earlier request was removed: only when
 * the timestamp still is in the window is it certain that it was there to be found. */
static void spend_in_database(dygw_call_t *call, dygw_result_t *out)
{
    explain_nonce(call, dygw_db_work(&call->ctx, spend_row, call, DYGW_DB_ONCE), 0, out);
    if (out->code == DYGW_OK) {
        dygw_auth_timestamp(call, out);
    }
}

/* --- the app --- */

static void check_app(const dygw_call_t *call, dygw_result_t *out)
{
    int wait;

    if (call->app->status != DYGW_APP_ACTIVE) {
        out->code = DYGW_APP_DISABLED_ERROR;
        out->message = "this app is disabled";
        return;
    }
    wait = dygw_meter_admit(&call->runtime->gateway, call->app);
    if (wait > 0) {
        out->code = DYGW_RATE_LIMITED;
        out->message = "this app calls too often; try again after Retry-After seconds";
        out->retry_after = wait;
    }
}

static void admit_by_memory(const dygw_call_t *call, dygw_result_t *out)
{
    look_in_memory(call, out);
    if (out->code == DYGW_OK) {
        check_app(call, out);
    }
    if (out->code == DYGW_OK) {
        spend_in_memory(call, out);
    }
}

static void admit_by_database(dygw_call_t *call, dygw_result_t *out)
{
    check_app(call, out);
    if (out->code == DYGW_OK) {
        spend_in_database(call, out);
    }
    else {
        put_replay_first(call, out);
    }
}

void dygw_auth_admit(dygw_call_t *call, dygw_result_t *out)
{
    dygw_auth_timestamp(call, out);
    if (out->code != DYGW_OK) {
        return;
    }
    if (call->runtime->nonces) {
        admit_by_memory(call, out);
    }
    else {
        admit_by_database(call, out);
    }
}
