/* SPDX-License-Identifier: Apache-2.0
 * Redeeming coupons: validate nothing here (the glue did), promise everything. */
#ifndef DYGW_GATEWAY_REDEEM_REDEEM_H
#define DYGW_GATEWAY_REDEEM_REDEEM_H

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

/* Prepares (unless encrypted_code is given), records, verifies, records the outcome. DYGW_OK: items
 * say how it ended, or `processing`; anything else: nothing was redeemed. DYGW_REPLAYED_NONCE: a
 * request with this request_key has made its records before. */
void dygw_redeem(dygw_gateway_t *gateway, const dygw_redeem_request_t *request,
                 const dygw_log_t *log, apr_pool_t *pool, dygw_redeem_result_t *out);

/* /coupons/prepare: out->reply is Douyin's whole answer when out->code is DYGW_OK. */
void dygw_prepare_only(dygw_gateway_t *gateway, const dygw_redeem_request_t *request,
                       const dygw_log_t *log, apr_pool_t *pool, dygw_result_t *out);

/* /douyin/stores, likewise. */
void dygw_stores(dygw_gateway_t *gateway, const char *account_id, const char *poi_id, int page,
                 int size, const dygw_log_t *log, apr_pool_t *pool, dygw_result_t *out);

/* The records of one request, by the id of its first, into out. APR_NOTFOUND: there is none. */
apr_status_t dygw_items_read(dygw_gateway_t *gateway, apr_int64_t first_id, const dygw_log_t *log,
                             apr_pool_t *pool, dygw_redeem_result_t *out);

/* A verification of app_id and the others of its request. DYGW_NOT_FOUND,
 * DYGW_DATABASE_UNAVAILABLE. */
void dygw_verification_read(dygw_gateway_t *gateway, apr_int64_t id, apr_int64_t app_id,
                            const dygw_log_t *log, apr_pool_t *pool, dygw_redeem_result_t *out);

#endif
