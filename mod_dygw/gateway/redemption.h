/* SPDX-License-Identifier: Apache-2.0
 * A redemption as its caller asked for it, and what came of it. */
#ifndef DYGW_GATEWAY_REDEMPTION_H
#define DYGW_GATEWAY_REDEMPTION_H

#include "gateway/gateway.h"

#define DYGW_COUNT_MAX 10

/* One redemption as the caller asked for it. Exactly one of short_link, code, encrypted_code is
 * set. */
typedef struct dygw_redeem_request_t {
    apr_int64_t app_id;
    const char *app_name;
    const char *poi_id;
    dygw_mode_e mode;
    const char *short_link;
    const char *code;               /* digits only */
    const char *encrypted_code;
    const char *verify_token;       /* with encrypted_code */
    const char *order_id;
    const char *certificate_id;
    int count;                      /* 1..DYGW_COUNT_MAX */
    const char *operator_name;
    const char *device;
    const char *ext_order_id;
    const char *request_id;
    const char *request_key;        /* 64 hex digits that stand for app and nonce; NULL: none */
    const char *idempotency_key;    /* NULL: none; see idempotency.h */
    const char *key_hash;           /* gateway/ only: the claimed key as the table has it, */
    const char *key_owner;          /* and what it was claimed as; NULL: none */
} dygw_redeem_request_t;

typedef struct dygw_redeem_result_t {
    dygw_result_t result;
    dygw_verification_t **items;    /* `count` records as committed, when result.code is DYGW_OK */
    int count;
    int replayed;                   /* recorded before, nothing was sent */
    apr_interval_time_t upstream_time;  /* us spent waiting for Douyin */
} dygw_redeem_result_t;

#endif
