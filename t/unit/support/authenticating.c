/* SPDX-License-Identifier: Apache-2.0
 * A request that is to be authenticated, and what stands for the rest of the gateway. */
#include "authenticating.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/apps/meter.h"
#include "gateway/settle/webhook.h"
#include "store/nonce.h"
#include "gateway/host.h"
#include "util/compiler.h"

module AP_MODULE_DECLARE_DATA dygw_module;

apr_pool_t *pool;

/* --- what stands for the rest of the gateway --- */

dygw_known_app_t app;
apr_status_t find_rv;
int is_memory;
apr_status_t spend_rv;
int spends;
int looks;
int spend_ms;
int wait_sec;
int metered;
dygw_ms_t now;
char spent[200];
dygw_ms_t spent_until;

apr_status_t dygw_apps_find(const dygw_ctx_t *ctx, DYGW_UNUSED dygw_apps_t *apps, const char *client_key,
                            dygw_known_app_t **found)
{
    if (find_rv != APR_SUCCESS) {
        return find_rv;
    }
    if (strcmp(client_key, app.client_key) != 0) {
        return APR_NOTFOUND;
    }
    *found = apr_pmemdup(ctx->pool, &app, sizeof app);
    return APR_SUCCESS;
}

/* A function of httpd; what it escapes does not matter here. */
AP_DECLARE(char *) ap_escape_logitem(apr_pool_t *p, DYGW_UNUSED const char *str)
{
    return apr_pstrdup(p, "escaped");
}

void dygw_explain_database(dygw_result_t *out)
{
    out->code = DYGW_DATABASE_UNAVAILABLE;
}

void dygw_explain_key(dygw_result_t *out)
{
    out->code = DYGW_KEY_UNAVAILABLE;
}

void dygw_explain_replay(dygw_result_t *result)
{
    *result = (dygw_result_t){ .code = DYGW_REPLAYED_NONCE };
}

int dygw_webhook_is_url_check(DYGW_UNUSED const char *body, DYGW_UNUSED apr_size_t len, DYGW_UNUSED apr_pool_t *p)
{
    return 0;
}

int dygw_meter_admit(DYGW_UNUSED dygw_gateway_t *gateway, DYGW_UNUSED const dygw_known_app_t *known)
{
    metered++;
    return wait_sec;
}

apr_status_t dygw_nonces_spend(DYGW_UNUSED dygw_nonces_t *nonces, const char *client_key, const char *nonce,
                               dygw_ms_t at, dygw_ms_t expires_at, dygw_ms_t *free_at)
{
    spends++;
    apr_snprintf(spent, sizeof spent, "%s %s", client_key, nonce);
    spent_until = expires_at;
    *free_at = at + 1500;
    return spend_rv;
}

apr_status_t dygw_nonces_look(DYGW_UNUSED dygw_nonces_t *nonces, DYGW_UNUSED const char *client_key,
                              DYGW_UNUSED const char *nonce, DYGW_UNUSED dygw_ms_t at, DYGW_UNUSED dygw_ms_t expires_at)
{
    looks++;
    return spend_rv == APR_EEXIST ? APR_EEXIST : APR_SUCCESS;
}

void dygw_nonce_key(const char *client_key, const char *nonce, char out[33])
{
    apr_snprintf(spent, sizeof spent, "%s %s", client_key, nonce);
    apr_cpystrn(out, "key", 33);
}

apr_status_t dygw_db_open(DYGW_UNUSED dygw_db_t **db, DYGW_UNUSED dygw_db_source_t *source,
                          DYGW_UNUSED const dygw_log_t *log, DYGW_UNUSED apr_pool_t *p)
{
    return APR_SUCCESS;
}

void dygw_db_close(DYGW_UNUSED dygw_db_t *db)
{
}

apr_status_t dygw_store_nonce_spend(DYGW_UNUSED dygw_db_t *db, const char *key, dygw_ms_t expires_at)
{
    assert_string_equal(key, "key");
    spends++;
    spent_until = expires_at;
    now += spend_ms;
    return spend_rv;
}

apr_status_t dygw_store_nonce_look(DYGW_UNUSED dygw_db_t *db, const char *key)
{
    assert_string_equal(key, "key");
    looks++;
    return spend_rv;
}

int stale;
apr_int64_t stale_sec;

void dygw_host_stale(DYGW_UNUSED dygw_gateway_t *gateway, apr_int64_t sec)
{
    stale++;
    stale_sec = sec;
}

static dygw_ms_t clock_of_test(void)
{
    return now;
}

/* --- a call --- */

dygw_cfg_t cfg;
dygw_runtime_t runtime;
request_rec request;
dygw_call_t call;
dygw_result_t out;

void header(const char *name, const char *value)
{
    if (value) {
        apr_table_set(request.headers_in, name, value);
    }
    else {
        apr_table_unset(request.headers_in, name);
    }
}

int begin(DYGW_UNUSED void **state)
{
    apr_pool_clear(pool);
    cfg = (dygw_cfg_t){ .signature_window = apr_time_from_sec(300), .operator_header = "X-XTJ-UID" };
    app = (dygw_known_app_t){ .client_key = KEY, .secret = SECRET, .status = DYGW_APP_ACTIVE };
    is_memory = 1;
    find_rv = spend_rv = APR_SUCCESS;
    stale = 0;
    spends = looks = spend_ms = wait_sec = metered = 0;
    now = NOW;
    request = (request_rec){ .pool = pool,
                             .method = "POST",
                             .unparsed_uri = (char *)"/v1/open/coupons/verify",
                             .headers_in = apr_table_make(pool, 8) };
    header("X-Client-Key", KEY);
    header("X-Timestamp", "1767225600");
    header("X-Nonce", "b7f1c2d3e4a5968712345678");
    header("X-Signature", SIGNED);
    call = (dygw_call_t){ .r = &request,
                          .runtime = &runtime,
                          .body = BODY,
                          .body_len = sizeof BODY - 1,
                          .ctx = { &runtime.gateway, &call.log, pool } };
    out = (dygw_result_t){ 0 };
    dygw_clock_set(clock_of_test);
    return 0;
}

dygw_code_e authenticate_after(int body_ms)
{
    /* The table of nonces that is played here never reads what it is given. */
    runtime = (dygw_runtime_t){ .cfg = &cfg, .nonces = is_memory ? (dygw_nonces_t *)&cfg : NULL };
    out = (dygw_result_t){ 0 };
    dygw_auth_headers(&call, &out);
    now += body_ms;
    if (out.code == DYGW_OK) {
        dygw_auth_signature(&call, &out);
    }
    if (out.code == DYGW_OK) {
        dygw_auth_admit(&call, &out);
    }
    return out.code;
}

dygw_code_e authenticate(void)
{
    return authenticate_after(0);
}
