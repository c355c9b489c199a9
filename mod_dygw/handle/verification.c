/* SPDX-License-Identifier: Apache-2.0
 * GET /verifications/{id}: what became of a redemption. */
#include "handle/handle.h"

#include <string.h>

#include <apr_strings.h>

#define VIEW_SIZE 2048      /* without Douyin's answers */

static apr_size_t view_size(const dygw_verification_t *v)
{
    return VIEW_SIZE + (v->douyin_response ? strlen(v->douyin_response) : 0);
}

int dygw_reply_verifications(dygw_call_t *call, int status, const dygw_verification_t *data,
                             const dygw_redeem_result_t *all, int with_items)
{
    apr_pool_t *pool = call->r->pool;
    dygw_jsonw_t w;
    int i;

    apr_table_setn(call->r->notes, "dygw-verification",
                   apr_psprintf(pool, "%" APR_INT64_T_FMT, data->id));
    dygw_jsonw_init(&w, pool, view_size(data) * (apr_size_t)(with_items ? 1 + all->count : 1));
    dygw_jsonw_object(&w, NULL);
    dygw_view_verification(&w, "data", data);
    if (with_items) {
        dygw_jsonw_array(&w, "items");
        for (i = 0; i < all->count; i++) {
            dygw_view_verification(&w, NULL, all->items[i]);
        }
        dygw_jsonw_end_array(&w);
    }
    dygw_jsonw_end_object(&w);
    return dygw_reply_json(call, status, w.text, w.len);
}

static const dygw_verification_t *asked_for(const dygw_call_t *call,
                                            const dygw_redeem_result_t *found)
{
    int i;

    for (i = 0; i < found->count; i++) {
        if (found->items[i]->id == call->id) {
            return found->items[i];
        }
    }
    return found->items[0];
}

int dygw_handle_verification(dygw_call_t *call)
{
    dygw_redeem_result_t found = { 0 };

    dygw_read_no_query(call, &found.result);
    if (found.result.code == DYGW_OK) {
        dygw_verification_read(&call->runtime->gateway, call->id, call->app->id, &call->log,
                               call->r->pool, &found);
    }
    if (found.result.code != DYGW_OK) {
        return dygw_reply_error(call, &found.result);
    }
    return dygw_reply_verifications(call, HTTP_OK, asked_for(call, &found), &found,
                                    found.count > 1);
}
