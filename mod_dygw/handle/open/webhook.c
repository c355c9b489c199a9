/* SPDX-License-Identifier: Apache-2.0
 * POST /douyin/webhook: Douyin's messages. A query is no mistake here: it may be part of the
 * address that was registered at Douyin. */
#include "handle/open/open.h"

#include <string.h>

#include "gateway/settle/webhook.h"

#define MSG_ID "Msg-Id"

int dygw_handle_webhook(dygw_call_t *call)
{
    dygw_result_t out = { 0 };
    const char *answer;

    dygw_webhook_receive(&call->ctx, apr_table_get(call->r->headers_in, MSG_ID), call->body,
                         call->body_len, &answer, &out);
    return out.code == DYGW_OK ? dygw_reply_json(call, HTTP_OK, answer, strlen(answer))
                               : dygw_reply_error(call, &out);
}
