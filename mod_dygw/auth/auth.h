/* SPDX-License-Identifier: Apache-2.0
 * Who is calling, and whether this caller may call now. /open always authenticates by itself; no
 * configuration can open it.
 *
 * Each function fills in the call, and *out when it refuses: then out->code is no longer DYGW_OK.
 * The room knows neither the paths of endpoints nor their bodies; it may call process/, cfg/ and
 * the library. */
#ifndef DYGW_AUTH_AUTH_H
#define DYGW_AUTH_AUTH_H

#include "auth/call.h"

/* --- /open, in this order --- */

/* Headers present, well formed, timestamp in the window: all that can be said before the body is
 * read. */
void dygw_auth_headers(dygw_call_t *call, dygw_result_t *out);

/* Whether the timestamp, well formed, is in the window at this moment. Sets call->timestamp. */
void dygw_auth_timestamp(dygw_call_t *call, dygw_result_t *out);

/* Key and signature over call->body. Sets call->app and r->user. */
void dygw_auth_signature(dygw_call_t *call, dygw_result_t *out);

/* Whether the request of call->app, signed by it, may go on: timestamp, nonce, app active, within
 * its DygwRateLimit. Spends the nonce when the request may, and notes that the app was used. */
void dygw_auth_admit(dygw_call_t *call, dygw_result_t *out);

/* --- Douyin's webhooks --- */

/* Douyin's signature over call->body, by which its webhooks are known. */
void dygw_auth_webhook(dygw_call_t *call, dygw_result_t *out);

/* --- /internal --- */

/* The operator: Apache's user, or the configured header. Sets call->actor. */
void dygw_auth_operator(dygw_call_t *call, dygw_result_t *out);

/* Says once in each child that a request to /internal, which Apache let in without asking who it
 * is, has come through a proxy on this host: for `Require local` everybody behind it is local. */
void dygw_auth_notice_proxy(const dygw_call_t *call);

/* --- hooks --- */

/* post_read_request and quick_handler, before all others that look at headers: in between, the
 * signatures are not among the headers, so that httpd cannot log them. DECLINED. */
int dygw_auth_hide(request_rec *r);
int dygw_auth_show(request_rec *r);

#endif
