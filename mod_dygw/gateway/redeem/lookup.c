/* SPDX-License-Identifier: Apache-2.0
 * Calls that only look: stores at Douyin, verifications in the table. */
#include "gateway/redeem/redeem.h"

#include <apr_strings.h>

#include "gateway/ask.h"

typedef struct stores_query_t {
    const dygw_ctx_t *ctx;
    const char *account_id;
    const char *poi_id;
    int page;
    int size;
} stores_query_t;

static const dygw_reply_t *call_stores(void *baton, const char *access_token)
{
    stores_query_t *q = baton;

    return dygw_douyin_stores(q->ctx->gateway->douyin, access_token, q->account_id, q->poi_id,
                              q->page, q->size, q->ctx->log, q->ctx->pool);
}

void dygw_stores(const dygw_ctx_t *ctx, const char *account_id, const char *poi_id, int page,
                 int size, dygw_result_t *out)
{
    stores_query_t q = { ctx, account_id, poi_id, page, size };
    dygw_token_t token;

    *out = (dygw_result_t){ 0 };
    if (dygw_ask_ready(ctx, &token, out)) {
        dygw_explain(dygw_ask(ctx, DYGW_ASK_HARMLESS, call_stores, &q, &token), out);
    }
}

static apr_status_t read_items(dygw_db_t *db, apr_int64_t first_id, apr_pool_t *pool,
                               dygw_redeem_result_t *out)
{
    apr_array_header_t *items;
    apr_status_t rv = dygw_store_verification_items(db, first_id, &items, pool);

    if (rv == APR_SUCCESS && items->nelts == 0) {
        return APR_NOTFOUND;
    }
    if (rv == APR_SUCCESS) {
        out->items = (dygw_verification_t **)items->elts;
        out->count = items->nelts;
    }
    return rv;
}

apr_status_t dygw_items_read(const dygw_ctx_t *ctx, apr_int64_t first_id,
                             dygw_redeem_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    if (rv == APR_SUCCESS) {
        rv = read_items(db, first_id, ctx->pool, out);
        dygw_db_close(db);
    }
    return rv;
}

/* One of several is shown with the others. */
static apr_status_t read_verification(dygw_db_t *db, apr_int64_t id, apr_int64_t app_id,
                                      apr_pool_t *pool, dygw_redeem_result_t *out)
{
    dygw_verification_t *v = NULL;
    apr_status_t rv = dygw_store_verification_get(db, id, app_id, &v, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (v->item_count > 1) {
        return read_items(db, v->first_id, pool, out);
    }
    out->items = apr_pmemdup(pool, &v, sizeof(v));
    out->count = 1;
    return APR_SUCCESS;
}

void dygw_verification_read(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                            dygw_redeem_result_t *out)
{
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, ctx->gateway->db, ctx->log, ctx->pool);

    *out = (dygw_redeem_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = read_verification(db, id, app_id, ctx->pool, out);
        dygw_db_close(db);
    }
    if (rv == APR_NOTFOUND) {
        out->result.code = DYGW_NOT_FOUND;
        out->result.message = "this app has no such verification";
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}
