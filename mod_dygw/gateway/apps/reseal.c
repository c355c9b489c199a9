/* SPDX-License-Identifier: Apache-2.0
 * The change of the master key.
 *
 * Requests can open what either key has sealed. The background thread of one host looks through all
 * sealed text when it begins its work, and again when apps have changed, because a host that has
 * only the old key may have changed them. Each text that the old key opens is sealed again, and is
 * replaced in the table if it is still the same text there. */
#include "gateway/apps/reseal.h"

#include <apr_strings.h>

#include "gateway/db_work.h"
#include "gateway/token.h"
#include "gateway/apps/apps.h"
#include "store/token.h"

#define AT_ONCE 100 /* secrets in one transaction: changes of apps wait for it */

/* The secrets that the old key has sealed. */
typedef struct old_secrets_t {
    dygw_gateway_t *gateway;
    apr_pool_t *pool;    /* for what is found */
    apr_pool_t *scratch; /* cleared after each app */
    dygw_app_reseal_t found[AT_ONCE];
    int count;
    int left; /* there are more than AT_ONCE */
} old_secrets_t;

typedef struct reseal_result_t {
    int count;
    int left; /* there is more to seal */
} reseal_result_t;

/* Seals the secret again, when the old key opens it. is_old: the secret before the present one. */
static void collect_secret(old_secrets_t *search, const dygw_app_t *app, int is_old,
                           const char *sealed)
{
    const dygw_seal_t *seal = search->gateway->seal;
    const char *purpose = dygw_app_seal_purpose(search->scratch, app->client_key);
    dygw_app_reseal_t *found = &search->found[search->count];
    const char *text;
    int used_old = 0;

    if (!sealed || !*sealed
        || dygw_unseal(seal, purpose, sealed, search->scratch, &text, &used_old) != APR_SUCCESS
        || !used_old) {
        return;
    }
    if (search->count == AT_ONCE) {
        search->left = 1;
        return;
    }
    if (dygw_seal(seal, purpose, text, search->pool, &found->to) == APR_SUCCESS) {
        found->id = app->id;
        found->is_old = is_old;
        found->from = apr_pstrdup(search->pool, sealed);
        search->count++;
    }
}

static void collect_app_secrets(void *baton, const dygw_app_t *app)
{
    old_secrets_t *search = baton;

    collect_secret(search, app, 0, app->secret_sealed);
    collect_secret(search, app, 1, app->old_secret_sealed);
    apr_pool_clear(search->scratch);
}

static apr_status_t reseal_token(dygw_gateway_t *gateway, dygw_db_t *db, int *done)
{
    dygw_token_row_t row = { 0 };
    apr_pool_t *pool = dygw_db_pool(db);
    const char *text, *sealed;
    int used_old = 0;
    apr_status_t rv = dygw_store_token_get(db, &row, pool);

    if (rv != APR_SUCCESS || !row.sealed
        || dygw_unseal(gateway->seal, DYGW_TOKEN_SEAL_PURPOSE, row.sealed, pool, &text, &used_old)
               != APR_SUCCESS
        || !used_old
        || dygw_seal(gateway->seal, DYGW_TOKEN_SEAL_PURPOSE, text, pool, &sealed) != APR_SUCCESS) {
        return rv;
    }
    return dygw_store_token_reseal(db, row.version, row.sealed, sealed, done);
}

static apr_status_t reseal_with(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    old_secrets_t search = { .gateway = ctx->gateway, .pool = dygw_db_pool(db) };
    reseal_result_t *resealed = baton;
    apr_int64_t version;
    int tokens = 0;
    apr_status_t rv;

    apr_pool_create(&search.scratch, search.pool);
    rv = dygw_store_app_each(db, &version, collect_app_secrets, &search);
    if (rv == APR_SUCCESS && search.count > 0) {
        rv = dygw_store_app_reseal(db, search.found, search.count, &resealed->count);
    }
    if (rv == APR_SUCCESS) {
        rv = reseal_token(ctx->gateway, db, &tokens);
    }
    resealed->count += tokens;
    resealed->left = search.left;
    return rv;
}

apr_status_t dygw_reseal(const dygw_ctx_t *ctx, int *left)
{
    reseal_result_t resealed = { 0, 0 };
    apr_status_t rv = APR_SUCCESS;

    if (ctx->gateway->seal->has_old) {
        rv = dygw_db_work(ctx, reseal_with, &resealed, DYGW_DB_ONCE);
    }
    if (resealed.count > 0) {
        dygw_log(ctx->log, NOTICE, 0,
                 DYGWNO(0461) "%d secrets that the old key of DygwMasterKey had sealed are sealed "
                              "with the new one%s",
                 resealed.count, resealed.left ? "; there are more" : "");
    }
    *left = resealed.left;
    return rv;
}
