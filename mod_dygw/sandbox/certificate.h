/* SPDX-License-Identifier: Apache-2.0
 * Writes a coupon (certificate) as Douyin's answers show it: for the calls that show coupons, and
 * for the control interface. It uses call.h. */
#ifndef DYGW_SANDBOX_CERTIFICATE_H
#define DYGW_SANDBOX_CERTIFICATE_H

#include "sandbox/call.h"

/* A verification and its index in the records. */
typedef struct dygw_sandbox_recorded_t {
    apr_uint32_t index;
    dygw_sandbox_verification_t verification;
} dygw_sandbox_recorded_t;

/* A copy of a coupon, so that an answer can be written without the lock. */
typedef struct dygw_sandbox_snapshot_t {
    dygw_sandbox_order_t order;
    dygw_sandbox_coupon_t coupon;
    dygw_sandbox_terms_t terms;
    apr_array_header_t *records; /* its verifications, of dygw_sandbox_recorded_t, the
                                  * newest first; NULL: not copied */
    dygw_sandbox_poi_set_t not_for;
    apr_uint32_t index;
} dygw_sandbox_snapshot_t;

/* Which call shows the coupon. */
typedef enum {
    DYGW_SANDBOX_IN_PREPARE,
    DYGW_SANDBOX_IN_GET,
    DYGW_SANDBOX_IN_QUERY
} dygw_sandbox_view_e;

/* Copies a coupon that exists to *out; if pool is not NULL, also its verifications, from pool. The
 * caller holds the lock. */
void dygw_sandbox_snapshot(apr_uint32_t coupon, apr_pool_t *pool, dygw_sandbox_snapshot_t *out);

/* Writes the coupon as an object to call->w. */
void dygw_sandbox_write_certificate(dygw_sandbox_call_t *call, const char *key,
                                    const dygw_sandbox_snapshot_t *snapshot,
                                    dygw_sandbox_view_e view);

/* Write parts of that object. `uses`: the amounts are for so many uses of a times card; 0: for the
 * whole coupon. */
void dygw_sandbox_write_amount(dygw_jsonw_t *w, const char *key, const dygw_sandbox_order_t *order,
                               int uses);
void dygw_sandbox_write_sku(dygw_jsonw_t *w, const char *key, const dygw_sandbox_order_t *order);
void dygw_sandbox_write_times_amount(dygw_jsonw_t *w, const dygw_sandbox_order_t *order,
                                     int serial);

/* Whether a verification can be cancelled now. */
int dygw_sandbox_can_cancel(const dygw_sandbox_call_t *call, const dygw_sandbox_verification_t *v);

/* The name and the id of the product of an order; constant strings. */
const char *dygw_sandbox_sku_name(const dygw_sandbox_order_t *order);
const char *dygw_sandbox_sku_id(const dygw_sandbox_order_t *order);

#endif
