/* SPDX-License-Identifier: Apache-2.0
 * A redeem request as the gateway gets it, and its result. */
#ifndef DYGW_GATEWAY_REDEMPTION_H
#define DYGW_GATEWAY_REDEMPTION_H

#include "gateway/gateway.h"

#define DYGW_COUNT_MAX 10 /* verifications of one request */

/* A redeem request. Exactly one of short_link, code and encrypted_code is set. All memory is the
 * caller's. */
typedef struct dygw_redeem_request_t {
    apr_int64_t app_id;
    const char *app_name;
    const char *poi_id;
    const char *store;       /* code of the declared store that poi_id is; NULL = none */
    const char *store_named; /* the store as the request named it, in place of poi_id; NULL = it
                              * named poi_id */
    const char *account_id;  /* of the merchant; NULL = none */
    dygw_mode_e mode;
    const char *short_link;
    const char *code; /* digits only */
    const char *encrypted_code;
    const char *verify_token; /* set with encrypted_code */
    const char *order_id;
    const char *certificate_id;
    int count; /* coupons to redeem, 1..DYGW_COUNT_MAX */
    const char *operator_name;
    const char *device;
    const char *ext_order_id;
    const char *request_id;
    const char *request_key;     /* 64 hex digits that stand for app and nonce: the same when
                                  * the same signed request comes again; NULL: none */
    const char *idempotency_key; /* NULL: none; see redeem/idempotency.h */
    /* Set by redeem/idempotency.c only: the hash of the key that this request has claimed, and the
     * owner under which it was claimed. NULL: no key. */
    const char *key_hash;
    const char *key_owner;
} dygw_redeem_request_t;

/* What a request led to. The verifications are in the pool of the call's ctx. */
typedef struct dygw_redeem_result_t {
    dygw_result_t result;
    dygw_verification_t **verifications; /* as they are committed, when result.code is DYGW_OK */
    int count;                           /* of verifications */
    int replayed;                        /* an earlier request made them, this one sent nothing */
    apr_interval_time_t upstream_time;   /* us spent waiting for Douyin */
} dygw_redeem_result_t;

#endif
