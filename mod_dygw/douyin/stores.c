/* SPDX-License-Identifier: Apache-2.0
 * The stores that an account has claimed at Douyin. (Douyin's page shop.query.)
 *
 * Calls client.c. */
#include <apr_strings.h>

#include "douyin/questions.h"
#include "util/compiler.h"

#define PATH "/goodlife/v1/shop/poi/query/"

void dygw_douyin_put_stores(const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER,
                                  .counted_as = DYGW_UPSTREAM_STORES,
                                  .name = "stores",
                                  .account_id = question->account_id };
    call->target = apr_psprintf(
        pool, PATH "?page=%d&size=%d%s%s", question->page, question->size,
        dygw_douyin_argument("account_id", dygw_douyin_named_account(question), pool),
        dygw_douyin_argument("poi_id", question->poi_id, pool));
}

dygw_reply_t *dygw_douyin_stores(dygw_douyin_t *douyin, const dygw_question_t *question,
                                 const char *access_token, const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_reply_t *reply = apr_palloc(pool, sizeof(*reply));
    dygw_douyin_call_t call;

    dygw_douyin_put_stores(question, &call, pool);
    call.access_token = access_token;
    dygw_douyin_call(douyin, &call, reply, log, pool);
    return reply;
}
