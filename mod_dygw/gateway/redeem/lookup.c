/* SPDX-License-Identifier: Apache-2.0
 * Calls that only look: stores at Douyin, verifications in the table. */
#include "gateway/redeem/redeem.h"

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/db_work.h"

typedef struct stores_query_t {
    const dygw_ctx_t *ctx;
    dygw_question_t question;
} stores_query_t;

static const dygw_reply_t *call_stores(void *baton, const char *access_token)
{
    stores_query_t *q = baton;

    return dygw_douyin_stores(q->ctx->gateway->douyin, &q->question, access_token, q->ctx->log,
                              q->ctx->pool);
}

void dygw_stores(const dygw_ctx_t *ctx, const char *account_id, const char *poi_id, int page,
                 int size, dygw_result_t *out)
{
    stores_query_t q = { .ctx = ctx,
                         .question = { .what = DYGW_QUESTION_STORES, .account_id = account_id,
                                       .poi_id = poi_id, .page = page, .size = size } };
    dygw_token_t token;

    *out = (dygw_result_t){ 0 };
    if (dygw_ask_ready(ctx, &token, out)) {
        dygw_explain(dygw_ask(ctx, DYGW_ASK_HARMLESS, call_stores, &q, &token), out);
    }
}

/* Which records are read, and where to. */
typedef struct lookup_t {
    apr_int64_t id;
    apr_int64_t app_id;
    dygw_redeem_result_t *out;
} lookup_t;

/* All of a request, by the id of its first. */
static apr_status_t read_items(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const lookup_t *lookup = baton;
    apr_array_header_t *items;
    apr_status_t rv = dygw_store_verification_items(db, lookup->id, &items, ctx->pool);

    if (rv == APR_SUCCESS && items->nelts == 0) {
        return APR_NOTFOUND;
    }
    if (rv == APR_SUCCESS) {
        lookup->out->items = (dygw_verification_t **)items->elts;
        lookup->out->count = items->nelts;
    }
    return rv;
}

apr_status_t dygw_items_read(const dygw_ctx_t *ctx, apr_int64_t first_id,
                             dygw_redeem_result_t *out)
{
    lookup_t lookup = { .id = first_id, .out = out };

    return dygw_db_work(ctx, read_items, &lookup, DYGW_DB_ONCE);
}

/* One of several is shown with the others. */
static apr_status_t read_verification(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    lookup_t *lookup = baton;
    dygw_verification_t *v = NULL;
    apr_status_t rv = dygw_store_verification_get(db, lookup->id, lookup->app_id, &v, ctx->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (v->item_count > 1) {
        lookup->id = v->first_id;
        return read_items(ctx, db, lookup);
    }
    lookup->out->items = apr_pmemdup(ctx->pool, &v, sizeof(v));
    lookup->out->count = 1;
    return APR_SUCCESS;
}

void dygw_verification_read(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                            dygw_redeem_result_t *out)
{
    lookup_t lookup = { id, app_id, out };
    apr_status_t rv;

    *out = (dygw_redeem_result_t){ 0 };
    rv = dygw_db_work(ctx, read_verification, &lookup, DYGW_DB_ONCE);
    if (rv == APR_NOTFOUND) {
        out->result.code = DYGW_NOT_FOUND;
        out->result.message = "this app has no such verification";
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}
