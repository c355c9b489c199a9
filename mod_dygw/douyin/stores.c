/* SPDX-License-Identifier: Apache-2.0
 * The stores that an account has claimed at Douyin. (Douyin's page shop.query.)
 *
 * Calls client.c. */
#include <apr_strings.h>

#include "douyin/questions.h"
#include "util/compiler.h"

#define PATH "/goodlife/v1/shop/poi/query/"

static void put_stores_call(const char *account_id, const char *poi_id, int page, int size,
                            dygw_douyin_call_t *call, apr_pool_t *pool)
{
    *call = (dygw_douyin_call_t){ .what = DYGW_CALL_OTHER, .counted_as = DYGW_UPSTREAM_STORES,
                                  .name = "stores" };
    call->target = apr_psprintf(pool, PATH "?page=%d&size=%d%s%s", page, size,
                                dygw_douyin_argument("account_id", account_id, pool),
                                dygw_douyin_argument("poi_id", poi_id, pool));
}

dygw_reply_t *dygw_douyin_stores(dygw_douyin_t *douyin, const char *access_token,
                                 const char *account_id, const char *poi_id, int page, int size,
                                 const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_reply_t *reply = apr_palloc(pool, sizeof(*reply));
    dygw_douyin_call_t call;

    put_stores_call(account_id ? account_id : douyin->config.account_id, poi_id, page, size, &call,
                    pool);
    call.access_token = access_token;
    dygw_douyin_call(douyin, &call, reply, log, pool);
    return reply;
}

void dygw_douyin_put_stores(DYGW_UNUSED const dygw_douyin_t *douyin,
                            const dygw_question_t *question, dygw_douyin_call_t *call,
                            apr_pool_t *pool)
{
    put_stores_call(question->account_id, question->poi_id, 1, DYGW_STORES_PER_PAGE, call, pool);
}
