/* SPDX-License-Identifier: Apache-2.0
 * /open: the endpoints for verifier apps and for Douyin's webhooks, and what several of them share.
 * An endpoint here answers a call that a verifier app has signed (call->app is that app), or a
 * webhook. The room may call the tools of handle/ and what handle/ may call, and besides them
 * gateway/redeem and gateway/settle. */
#ifndef DYGW_HANDLE_OPEN_OPEN_H
#define DYGW_HANDLE_OPEN_OPEN_H

#include "gateway/redeem/redeem.h"
#include "handle/handle.h"

/* --- the endpoints; their paths are in the table of routes (dispatch.c) --- */
dygw_endpoint_fn dygw_handle_verify, dygw_handle_prepare, dygw_handle_preview, dygw_handle_cancel,
    dygw_handle_verification, dygw_handle_verification_by_key, dygw_handle_access_token,
    dygw_handle_stores, dygw_handle_webhook;

/* --- coupon.c: what verify and prepare have in common --- */
/* Returns whether the app may use the store that the body names; 1 when the body names none. 0:
 * *f->out says so. */
int dygw_coupon_store_allowed(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                              const dygw_known_app_t *app);
/* The members of a body that may name the coupon, ended by NULL. For verify: short_link, code and
 * encrypted_code. */
extern const char *const dygw_coupon_modes[4];
/* For prepare: short_link and code. */
extern const char *const dygw_prepare_modes[3];
/* Reads the store, which is required, and the one member of `modes` that the body has, into
 * *request. modes: one of the two lists. A mistake is told by *f->out. */
void dygw_coupon_read(const dygw_fields_t *f, const dygw_gateway_t *gateway,
                      const char *const *modes, dygw_redeem_request_t *request);

/* --- prepare.c: what prepare and preview have in common --- */
/* Reads all of such a request. A mistake is told by *out. */
void dygw_prepare_read(dygw_call_t *call, dygw_redeem_request_t *request, dygw_result_t *out);

/* --- verification.c --- */
/* Whether the id of the app that calls is known (dygw_known_app_t). 0: nothing can be recorded or
 * looked up for it, *out says that the database is away; or *out tells of a mistake already. */
int dygw_open_has_app_id(const dygw_call_t *call, dygw_result_t *out);
/* Replies {"data": data}; when with_items is set, also "items": the verifications of `all`. With
 * the status 202 the header Location says where `data` can be read later. Returns what the endpoint
 * returns. */
int dygw_reply_verifications(dygw_call_t *call, int status, const dygw_verification_t *data,
                             const dygw_redeem_result_t *all, int with_items);

#endif
