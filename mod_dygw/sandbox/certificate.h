/* SPDX-License-Identifier: Apache-2.0
 * A coupon as Douyin's answers show it: for the calls that show coupons, and for the control
 * interface. Stands on call.h. */
#ifndef DYGW_SANDBOX_CERTIFICATE_H
#define DYGW_SANDBOX_CERTIFICATE_H

#include "sandbox/call.h"

#define DYGW_SANDBOX_ACCOUNT_ID     "7014065493820573710"
#define DYGW_SANDBOX_ACCOUNT_NAME   "沙箱餐饮有限公司"

typedef struct dygw_sandbox_recorded_t {
    apr_uint32_t index;
    dygw_sandbox_verification_t verification;
} dygw_sandbox_recorded_t;

/* A copy, so that it can be written without the lock. */
typedef struct dygw_sandbox_snapshot_t {
    apr_uint32_t index;
    dygw_sandbox_order_t order;
    dygw_sandbox_coupon_t coupon;
    apr_array_header_t *records;        /* of dygw_sandbox_recorded_t, newest first; NULL: not
                                           asked for */
} dygw_sandbox_snapshot_t;

typedef enum {
    DYGW_SANDBOX_IN_PREPARE,
    DYGW_SANDBOX_IN_GET,
    DYGW_SANDBOX_IN_QUERY
} dygw_sandbox_view_e;

/* Copies a coupon that exists, with its verifications if pool is given; the lock is held. */
void dygw_sandbox_snapshot(apr_uint32_t coupon, apr_pool_t *pool, dygw_sandbox_snapshot_t *out);

/* Writes the object. */
void dygw_sandbox_write_certificate(dygw_sandbox_call_t *call, const char *key,
                                    const dygw_sandbox_snapshot_t *snapshot,
                                    dygw_sandbox_view_e view);

/* Its parts. `uses`: how many uses of a times card the amounts are for; 0: of the whole coupon. */
void dygw_sandbox_write_amount(dygw_jsonw_t *w, const char *key, const dygw_sandbox_order_t *order,
                               int uses);
void dygw_sandbox_write_sku(dygw_jsonw_t *w, const char *key, const dygw_sandbox_order_t *order);
void dygw_sandbox_write_times_amount(dygw_jsonw_t *w, const dygw_sandbox_order_t *order,
                                     int serial);

/* Whether a verification can be cancelled now. */
int dygw_sandbox_can_cancel(const dygw_sandbox_call_t *call, const dygw_sandbox_verification_t *v);

const char *dygw_sandbox_sku_name(const dygw_sandbox_order_t *order);
const char *dygw_sandbox_sku_id(const dygw_sandbox_order_t *order);

#endif
