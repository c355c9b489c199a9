/* SPDX-License-Identifier: Apache-2.0
 * Who answers what: the functions that the tables of serve.c and control.c name, each in the file
 * of its noun. Included by these tables and by those files, so that neither includes the other. */
#ifndef DYGW_SANDBOX_HANDLERS_H
#define DYGW_SANDBOX_HANDLERS_H

#include "sandbox/call.h"

/* Answers a call of Douyin's: writes call->w and the rest of the answer. */
typedef void dygw_sandbox_call_fn(dygw_sandbox_call_t *call);

dygw_sandbox_call_fn dygw_sandbox_client_token, dygw_sandbox_stable_token,
    dygw_sandbox_short_link, dygw_sandbox_prepare, dygw_sandbox_verify, dygw_sandbox_cancel,
    dygw_sandbox_get, dygw_sandbox_query, dygw_sandbox_verify_record, dygw_sandbox_stores,
    dygw_sandbox_orders;

/* Answers a request of the control interface. NULL: done, the answer is written; or what is wrong
 * with the request. */
typedef const char *dygw_sandbox_control_fn(dygw_sandbox_control_t *control);

dygw_sandbox_control_fn dygw_sandbox_mint, dygw_sandbox_switch, dygw_sandbox_coupon_show,
    dygw_sandbox_coupon_change;

#endif
