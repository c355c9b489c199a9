/* SPDX-License-Identifier: Apache-2.0
 * The one Douyin access token that all requests of all hosts share. token.c says why only
 * one thread of all renews a token. */
#ifndef DYGW_GATEWAY_TOKEN_H
#define DYGW_GATEWAY_TOKEN_H

#include "gateway/gateway.h"

/* The purpose under which the stored token is sealed (dygw_seal). */
#define DYGW_TOKEN_SEAL_PURPOSE "access-token"

typedef struct dygw_token_t {
    const char *access_token;
    apr_int64_t version;
    dygw_ms_t expires_at;
    int refused; /* Douyin refused this token */
} dygw_token_t;

/* Copies the token that the host's state holds into *token, from pool; does not use the database.
 * APR_NOTFOUND: the host has no token, or the token has ended; token->version is set all the same.
 * A token that Douyin refused is still given: a fault in the network may have caused the
 * refusal. */
apr_status_t dygw_token_held(dygw_gateway_t *gateway, dygw_token_t *token, apr_pool_t *pool);

/* Why a token is renewed. */
typedef enum {
    DYGW_RENEW_OLD,     /* the token ends soon, or has ended */
    DYGW_RENEW_REFUSED, /* Douyin refused the token */
    DYGW_RENEW_TOLD     /* an app that may read the token says that Douyin refused it */
} dygw_renew_e;

/* Renews the token if `version` is still the present version. One thread of all hosts asks Douyin;
 * the others wait for its result, for at most `patience` us. APR_SUCCESS: *token is the newest
 * token, from ctx->pool. Any error: there is no newer token in time, and *token is unchanged. */
apr_status_t dygw_token_renew(const dygw_ctx_t *ctx, apr_int64_t version, dygw_renew_e why,
                              apr_interval_time_t patience, dygw_token_t *token);

/* Notes that Douyin has just taken a token that was marked as refused. */
void dygw_token_accepted(dygw_gateway_t *gateway, const dygw_token_t *token);

/* Does what ?rejected= asks for. digest: the first 8 hex digits of the SHA-256 of a token. Renews
 * the token if it is the one that the host holds, unless an app has caused a renewal in the last
 * 60 s. Waits for at most one upstream time-out. The caller then gets the token from
 * dygw_token_held, whether there is a new one or not. */
void dygw_token_rejected(const dygw_ctx_t *ctx, const char *digest);

/* Reads the stored token from the database into the host's state. A stored token that cannot be
 * opened is no error. */
apr_status_t dygw_token_load(const dygw_ctx_t *ctx);

/* Returns when a token is to be renewed that was obtained at obtained_at and ends at expires_at:
 * when 80 % to 88 % of its life has passed, by jitter (0..1), and 2 s before its end at the
 * latest. */
dygw_ms_t dygw_token_due_at(dygw_ms_t obtained_at, dygw_ms_t expires_at, double jitter);

#endif
