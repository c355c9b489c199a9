/* SPDX-License-Identifier: Apache-2.0
 * Apps as administrators see them: create, list, read, change. */
#include "gateway/apps.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/cell.h"

#define KEY_LEN         24
#define SECRET_LEN      43      /* of 62 characters: 256 bits */
#define KEY_PREFIX      "ck_"
#define SECRET_PREFIX   "sk_"

static void explain(apr_status_t rv, dygw_result_t *out)
{
    if (rv == APR_NOTFOUND) {
        out->code = DYGW_NOT_FOUND;
        out->message = "there is no such app";
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(out);
    }
}

/* After a change every cache of this host reads anew; other hosts see the table's version. */
static void finish_change(dygw_gateway_t *gateway, apr_status_t rv, dygw_result_t *out)
{
    explain(rv, out);
    if (rv == APR_SUCCESS) {
        dygw_cell_apps_changed(gateway);
    }
}

static const char *generated(apr_pool_t *pool, const char *prefix, int length)
{
    const char *text = dygw_random_text(pool, (apr_size_t)length);

    return text ? apr_pstrcat(pool, prefix, text, NULL) : NULL;
}

static void explain_taken(const char *taken, dygw_result_t *out)
{
    out->code = DYGW_CONFLICT;
    out->field = taken;
    out->message = "another app has it already; choose another";
}

static dygw_app_t *new_app(const dygw_new_app_t *wanted, apr_pool_t *pool)
{
    dygw_app_t *app = apr_pcalloc(pool, sizeof(*app));

    app->name = wanted->name;
    app->code = wanted->code;
    app->description = wanted->description;
    app->client_key = wanted->client_key;
    if (!app->client_key) {
        app->client_key = generated(pool, KEY_PREFIX, KEY_LEN);
    }
    app->status = wanted->status;
    app->allow_token_read = wanted->allow_token_read;
    app->poi_ids = wanted->poi_ids;
    app->old_secret_until = DYGW_NO_TIME;
    app->last_used_at = DYGW_NO_TIME;
    app->created_at = app->updated_at = dygw_now();
    return app;
}

void dygw_app_create(dygw_gateway_t *gateway, const dygw_new_app_t *wanted, const dygw_log_t *log,
                     apr_pool_t *pool, dygw_app_t **app, const char **secret, dygw_result_t *out)
{
    const char *taken = NULL;
    dygw_db_t *db;
    apr_status_t rv;

    *out = (dygw_result_t){ 0 };
    *app = new_app(wanted, pool);
    *secret = wanted->secret ? wanted->secret : generated(pool, SECRET_PREFIX, SECRET_LEN);
    if (!(*app)->client_key || !*secret
        || dygw_seal(gateway->seal, dygw_app_seal_purpose(pool, (*app)->client_key), *secret, pool,
                     &(*app)->secret_sealed) != APR_SUCCESS) {
        dygw_log(log, ERR, 0, DYGWNO(0421) "OpenSSL gives no random numbers or no AES-256-GCM");
        out->code = DYGW_INTERNAL_ERROR;
        out->message = "the secret could not be made";
        return;
    }
    rv = dygw_db_open(&db, gateway->db, log, pool);
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_insert(db, *app, &taken);
        dygw_db_close(db);
    }
    if (rv == APR_EEXIST) {
        explain_taken(taken, out);
        return;
    }
    finish_change(gateway, rv, out);
}

void dygw_app_list(dygw_gateway_t *gateway, int status, const char *q, int page, int page_size,
                   const dygw_log_t *log, apr_pool_t *pool, apr_array_header_t **apps,
                   apr_int64_t *total, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_list(db, status, q, (page - 1) * page_size, page_size, apps, total,
                                 pool);
        dygw_db_close(db);
    }
    explain(rv, out);
}

void dygw_app_read(dygw_gateway_t *gateway, apr_int64_t id, const dygw_log_t *log, apr_pool_t *pool,
                   dygw_app_t **app, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_get(db, id, app, pool);
        dygw_db_close(db);
    }
    explain(rv, out);
}

void dygw_app_set_token_read(dygw_gateway_t *gateway, apr_int64_t id, int allow,
                             const dygw_log_t *log, apr_pool_t *pool, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_set_token_read(db, id, allow, dygw_now());
        dygw_db_close(db);
    }
    finish_change(gateway, rv, out);
}

static void apply(const dygw_app_change_t *change, dygw_app_t *app)
{
    if (change->name) {
        app->name = change->name;
    }
    if (change->set_description) {
        app->description = change->description;
    }
    if (change->set_status) {
        app->status = change->status;
    }
    if (change->set_poi_ids) {
        app->poi_ids = change->poi_ids;
    }
}

void dygw_app_change(dygw_gateway_t *gateway, apr_int64_t id, const dygw_app_change_t *change,
                     const dygw_log_t *log, apr_pool_t *pool, dygw_app_t **app, dygw_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    *out = (dygw_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_app_get(db, id, app, pool);
        if (rv == APR_SUCCESS) {
            apply(change, *app);
            (*app)->updated_at = dygw_now();
            rv = dygw_store_app_update(db, *app, (*app)->updated_at);
        }
        dygw_db_close(db);
    }
    finish_change(gateway, rv, out);
}
