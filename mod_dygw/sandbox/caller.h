/* SPDX-License-Identifier: Apache-2.0
 * Whose call it is, of the accounts that the sandbox plays, and what a call may not see of others.
 *
 * A call is for the account in the header Rpc-Transit-Life-Account, else for that in the parameter
 * (GET) or the member of the body (POST) account_id, else for that of the store in poi_id, else for
 * that of the coupon. As long as the sandbox plays one account only, any id is taken for it, and no
 * two differ. serve.c and the calls use this file. */
#ifndef DYGW_SANDBOX_CALLER_H
#define DYGW_SANDBOX_CALLER_H

#include "sandbox/call.h"

#define DYGW_SANDBOX_ACCOUNT_HEADER "Rpc-Transit-Life-Account"

/* Finds out which account a call names, or whose store, and fills in call->account. Returns 0 where
 * the call is refused; then the answer is written: header and account_id differ, or the switch
 * need_account is on and there is neither (both 2119001); or the account has not authorised the
 * application, or nobody knows it. The caller does not hold the lock. */
int dygw_sandbox_caller_admit(dygw_sandbox_call_t *call);

/* Whether a call may deal with an order and its coupons (NULL: it may, because there is none). If
 * not, the answer is written: the order is of another account than the call, or its account has not
 * authorised the application. The caller holds the lock. */
int dygw_sandbox_caller_may(dygw_sandbox_call_t *call, const dygw_sandbox_order_t *order);

/* Whether an order is of the account that a call named. The caller holds the lock. */
int dygw_sandbox_caller_owns(const dygw_sandbox_call_t *call, const dygw_sandbox_order_t *order);

#endif
