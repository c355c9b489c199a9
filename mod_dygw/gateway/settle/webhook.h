/* SPDX-License-Identifier: Apache-2.0
 * Webhooks: messages that Douyin sends of its own accord when a coupon has changed. */
#ifndef DYGW_GATEWAY_SETTLE_WEBHOOK_H
#define DYGW_GATEWAY_SETTLE_WEBHOOK_H

#include "gateway/gateway.h"

/* Whether this message is Douyin's check of the URL, which asks for nothing but its challenge. */
int dygw_webhook_is_url_check(const char *body, apr_size_t len, apr_pool_t *pool);

/* Takes a message whose signature was verified. A body that came before does nothing anew. msg_id:
 * from the request's header, for the log alone; NULL when absent. *answer: the JSON to answer with,
 * in ctx->pool. out->code: DYGW_OK, for events that are unknown, too; DYGW_INVALID_JSON;
 * DYGW_DATABASE_UNAVAILABLE, so that Douyin sends the message again. */
void dygw_webhook_receive(const dygw_ctx_t *ctx, const char *msg_id, const char *body,
                          apr_size_t len, const char **answer, dygw_result_t *out);

#endif
