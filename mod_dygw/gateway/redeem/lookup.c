/* SPDX-License-Identifier: Apache-2.0
 * Look-ups for callers: stores at Douyin, verifications in the database. */
#include "gateway/redeem/redeem.h"

#include <apr_strings.h>

#include "gateway/account.h"
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
    const char *of_store = dygw_account_of_poi(ctx->gateway, poi_id);
    stores_query_t q = { .ctx = ctx,
                         .question = { .what = DYGW_QUESTION_STORES,
                                       .account_id = account_id ? account_id : of_store,
                                       .poi_id = poi_id,
                                       .page = page,
                                       .size = size } };
    dygw_token_t token;

    *out = (dygw_result_t){ 0 };
    if (dygw_ask_ready(ctx, &token, out)) {
        dygw_explain(dygw_ask(ctx, DYGW_ASK_HARMLESS, call_stores, &q, &token), out);
    }
}

/* Which verifications are read, and the result that gets them. */
typedef struct lookup_t {
    apr_int64_t id;
    apr_int64_t app_id;
    dygw_redeem_result_t *out;
} lookup_t;

/* Reads all verifications of a request; lookup->id: of the first. */
static apr_status_t lookup_request(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    const lookup_t *lookup = baton;
    apr_array_header_t *rows;
    apr_status_t rv = dygw_store_verification_items(db, lookup->id, &rows, ctx->pool);

    if (rv == APR_SUCCESS && rows->nelts == 0) {
        return APR_NOTFOUND;
    }
    if (rv == APR_SUCCESS) {
        lookup->out->verifications = (dygw_verification_t **)rows->elts;
        lookup->out->count = rows->nelts;
    }
    return rv;
}

apr_status_t dygw_request_verifications(const dygw_ctx_t *ctx, apr_int64_t first_id,
                                        dygw_redeem_result_t *out)
{
    lookup_t lookup = { .id = first_id, .out = out };

    return dygw_db_work(ctx, lookup_request, &lookup, DYGW_DB_ONCE);
}

/* Reads one verification; when its request has several, all of them. */
static apr_status_t lookup_verification(const dygw_ctx_t *ctx, dygw_db_t *db, void *baton)
{
    lookup_t *lookup = baton;
    dygw_verification_t *v = NULL;
    apr_status_t rv = dygw_store_verification_get(db, lookup->id, lookup->app_id, &v, ctx->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (v->item_count > 1) {
        lookup->id = v->first_id;
        return lookup_request(ctx, db, lookup);
    }
    lookup->out->verifications = apr_pmemdup(ctx->pool, &v, sizeof(v));
    lookup->out->count = 1;
    return APR_SUCCESS;
}

void dygw_verification_read(const dygw_ctx_t *ctx, apr_int64_t id, apr_int64_t app_id,
                            dygw_redeem_result_t *out)
{
    lookup_t lookup = { id, app_id, out };
    apr_status_t rv;

    *out = (dygw_redeem_result_t){ 0 };
    rv = dygw_db_work(ctx, lookup_verification, &lookup, DYGW_DB_ONCE);
    if (rv == APR_NOTFOUND) {
        out->result.code = DYGW_NOT_FOUND;
        out->result.message = "this app has no such verification";
    }
    else if (rv != APR_SUCCESS) {
        dygw_explain_database(&out->result);
    }
}
