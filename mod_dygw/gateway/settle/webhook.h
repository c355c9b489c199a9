/* SPDX-License-Identifier: Apache-2.0
 * What Douyin tells of its own accord. */
#ifndef DYGW_GATEWAY_SETTLE_WEBHOOK_H
#define DYGW_GATEWAY_SETTLE_WEBHOOK_H

#include "gateway/gateway.h"

/* Whether this is Douyin's check of the URL, which asks for nothing but its challenge. */
int dygw_webhook_is_url_check(const char *body, apr_size_t len, apr_pool_t *pool);

/* Takes a message whose signature was right; the same body counts once. msg_id: of the header, for
 * the log alone, NULL when absent. *answer: the JSON to answer with. Unknown events are DYGW_OK.
 * DYGW_INVALID_JSON, DYGW_DATABASE_UNAVAILABLE (Douyin sends it again). */
void dygw_webhook_receive(const dygw_ctx_t *ctx, const char *msg_id, const char *body,
                          apr_size_t len, const char **answer, dygw_result_t *out);

#endif
