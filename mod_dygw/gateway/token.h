/* SPDX-License-Identifier: Apache-2.0
 * One healthy Douyin access token for everybody. See token.c for how it is renewed exactly once. */
#ifndef DYGW_GATEWAY_TOKEN_H
#define DYGW_GATEWAY_TOKEN_H

#include "gateway/gateway.h"

/* What the stored token is sealed for. */
#define DYGW_TOKEN_SEAL_PURPOSE "access-token"

typedef struct dygw_token_t {
    const char *access_token;
    apr_int64_t version;
    dygw_ms_t expires_at;
    int refused;                /* Douyin refused it */
} dygw_token_t;

/* What the host holds, copied into pool, no database. APR_NOTFOUND: none, or expired; its version
 * is given all the same. A token that Douyin refused is still handed out: the refusal may have been
 * the network's fault. */
apr_status_t dygw_token_held(dygw_gateway_t *gateway, dygw_token_t *token, apr_pool_t *pool);

/* Why one is renewed. */
typedef enum {
    DYGW_RENEW_OLD,             /* it ends soon, or has ended */
    DYGW_RENEW_REFUSED,         /* Douyin refused it */
    DYGW_RENEW_TOLD             /* a reader says so */
} dygw_renew_e;

/* Renews it if `version` is still the present one: one caller asks Douyin, the others wait for its
 * result, for at most `patience`. Gives the newest. Any error: none in time, *token is as it was.
 */
apr_status_t dygw_token_renew(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why,
                              apr_interval_time_t patience, dygw_token_t *token);

/* Douyin has just taken a token that was held as refused. */
void dygw_token_accepted(dygw_gateway_t *gateway, const dygw_token_t *token);

/* ?rejected=: digest is 8 hex digits of the token's SHA-256. Renews if it is the token we hold and
 * the last such renewal is 60 s ago. Whatever comes of it, read dygw_token_held afterwards. */
void dygw_token_rejected(const dygw_ctx_t *ctx, const char *digest);

/* Reads the stored token into the host's state. */
apr_status_t dygw_token_load(const dygw_ctx_t *ctx);

/* When to renew a token that ends at expires_at and was obtained at obtained_at: well before, with
 * jitter (0..1). */
dygw_ms_t dygw_token_due_at(dygw_ms_t obtained_at, dygw_ms_t expires_at, double jitter);

#endif
