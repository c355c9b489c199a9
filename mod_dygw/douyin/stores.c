/* SPDX-License-Identifier: Apache-2.0
 * The stores that an account has claimed at Douyin. */
#include <apr_strings.h>

#include "douyin/client.h"

#define PATH "/goodlife/v1/shop/poi/query/"

dygw_reply_t *dygw_douyin_stores(dygw_douyin_t *douyin, const char *access_token,
                                 const char *account_id, const char *poi_id, int page, int size,
                                 const dygw_log_t *log, apr_pool_t *pool)
{
    dygw_reply_t *reply = apr_palloc(pool, sizeof(*reply));
    const char *account = account_id ? account_id : douyin->config.account_id;
    dygw_douyin_call_t call
        = { .what = DYGW_CALL_OTHER, .name = "stores", .access_token = access_token };

    call.target = apr_psprintf(pool, PATH "?page=%d&size=%d%s%s", page, size,
                               dygw_douyin_argument("account_id", account, pool),
                               dygw_douyin_argument("poi_id", poi_id, pool));
    dygw_douyin_call(douyin, &call, reply, log, pool);
    return reply;
}
