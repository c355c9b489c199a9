/* SPDX-License-Identifier: Apache-2.0
 * /open: the endpoints for verifier apps and for Douyin's webhooks, and what several of their files
 * share. An endpoint here answers a call that its app has signed (call->app), or Douyin. The room
 * may call the tools of handle/, and of the gateway what redeems and what tells of it. */
#ifndef DYGW_HANDLE_OPEN_OPEN_H
#define DYGW_HANDLE_OPEN_OPEN_H

#include "gateway/redeem/redeem.h"
#include "handle/handle.h"

/* --- the endpoints; the table of routes in dispatch.c tells their paths --- */
dygw_endpoint_fn dygw_handle_verify, dygw_handle_prepare, dygw_handle_cancel,
    dygw_handle_verification, dygw_handle_verification_by_key, dygw_handle_access_token,
    dygw_handle_stores, dygw_handle_webhook;

/* --- coupon.c: what verify and prepare have in common --- */
/* Whether the app may use the store that the body names. 0: it may not, *f->out says so. */
int dygw_coupon_store_allowed(const dygw_fields_t *f, const dygw_known_app_t *app);
/* The members that may name the coupon, NULL ended: short_link, code, encrypted_code for verify, */
extern const char *const dygw_coupon_modes[4];
/* short_link and code for prepare. */
extern const char *const dygw_prepare_modes[3];
/* Reads poi_id, and exactly one of modes, which is one of the two lists, into *request. */
void dygw_coupon_read(const dygw_fields_t *f, const char *const *modes,
                      dygw_redeem_request_t *request);

/* --- verification.c --- */
/* Replies {"data": data}, and when with_items also "items": all of `all`. With the status 202 goes
 * a Location, where data is to be found. For the endpoint to return. */
int dygw_reply_verifications(dygw_call_t *call, int status, const dygw_verification_t *data,
                             const dygw_redeem_result_t *all, int with_items);

#endif
