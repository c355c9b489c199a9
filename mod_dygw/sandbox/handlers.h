/* SPDX-License-Identifier: Apache-2.0
 * The functions that answer requests: serve.c and control.c have the tables of them, and each
 * function is in the file of its noun. Both sides include this header, so that neither includes the
 * other. */
#ifndef DYGW_SANDBOX_HANDLERS_H
#define DYGW_SANDBOX_HANDLERS_H

#include "sandbox/call.h"

/* Answers a call of Douyin's API: fills in the answer, which is the last part of *call. */
typedef void dygw_sandbox_call_fn(dygw_sandbox_call_t *call);

dygw_sandbox_call_fn dygw_sandbox_client_token, dygw_sandbox_stable_token, dygw_sandbox_short_link,
    dygw_sandbox_prepare, dygw_sandbox_verify, dygw_sandbox_cancel, dygw_sandbox_get,
    dygw_sandbox_query, dygw_sandbox_verify_record, dygw_sandbox_stores, dygw_sandbox_orders,
    dygw_sandbox_ledger, dygw_sandbox_after_sale;

/* Answers a request of the control interface: writes members to control->w. Returns NULL, or what
 * is wrong with the request. */
typedef const char *dygw_sandbox_control_fn(dygw_sandbox_control_t *control);

dygw_sandbox_control_fn dygw_sandbox_mint, dygw_sandbox_switch, dygw_sandbox_coupon_show,
    dygw_sandbox_coupon_change, dygw_sandbox_accounts_show, dygw_sandbox_account_change,
    dygw_sandbox_sale_change;

#endif
