/* SPDX-License-Identifier: Apache-2.0
 * Calls that only look: stores at Douyin, verifications in the table. */
#include "gateway/redeem.h"

#include <apr_strings.h>

#include "gateway/ask.h"

typedef struct stores_query_t {
    dygw_gateway_t *gateway;
    const char *account_id;
    const char *poi_id;
    int page;
    int size;
    const dygw_log_t *log;
    apr_pool_t *pool;
} stores_query_t;

static const dygw_reply_t *call_stores(void *baton, const char *access_token)
{
    stores_query_t *q = baton;

    return dygw_douyin_stores(q->gateway->douyin, access_token, q->account_id, q->poi_id, q->page,
                              q->size, q->log, q->pool);
}

void dygw_stores(dygw_gateway_t *gateway, const char *account_id, const char *poi_id, int page,
                 int size, const dygw_log_t *log, apr_pool_t *pool, dygw_result_t *out)
{
    stores_query_t q = { gateway, account_id, poi_id, page, size, log, pool };
    const dygw_reply_t *reply;

    *out = (dygw_result_t){ 0 };
    reply = dygw_ask(gateway, DYGW_ASK_HARMLESS, call_stores, &q, log, pool, out);
    if (reply) {
        dygw_explain(reply, out);
    }
}

apr_status_t dygw_items_read(dygw_gateway_t *gateway, apr_int64_t first_id, const dygw_log_t *log,
                             apr_pool_t *pool, dygw_redeem_result_t *out)
{
    apr_array_header_t *items;
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = dygw_store_verification_items(db, first_id, &items, pool);
    dygw_db_close(db);
    if (rv == APR_SUCCESS) {
        out->items = (dygw_verification_t **)items->elts;
        out->count = items->nelts;
    }
    return rv;
}

void dygw_verification_read(dygw_gateway_t *gateway, apr_int64_t id, apr_int64_t app_id,
                            const dygw_log_t *log, apr_pool_t *pool, dygw_redeem_result_t *out)
{
    dygw_verification_t *v = NULL;
    dygw_db_t *db;
    apr_status_t rv = dygw_db_open(&db, gateway->db, log, pool);

    *out = (dygw_redeem_result_t){ 0 };
    if (rv == APR_SUCCESS) {
        rv = dygw_store_verification_get(db, id, app_id, &v, pool);
        dygw_db_close(db);
    }
    if (rv == APR_SUCCESS && v->item_count > 1) {
        rv = dygw_items_read(gateway, v->first_id, log, pool, out);
    }
    else if (rv == APR_SUCCESS) {
        out->items = apr_pmemdup(pool, &v, sizeof(v));
        out->count = 1;
    }
    if (rv == APR_NOTFOUND) {
        out->result.code = DYGW_NOT_FOUND;
        out->result.message = "this app has no such verification";
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}
