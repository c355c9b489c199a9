/* SPDX-License-Identifier: Apache-2.0
 * What verify and cancel do to the records, at once or later. Stands on state.h; knows no request
 * and writes no answer. */
#ifndef DYGW_SANDBOX_CHANGE_H
#define DYGW_SANDBOX_CHANGE_H

#include "sandbox/state.h"

typedef struct dygw_sandbox_item_t {
    apr_int64_t result;             /* 0: verified */
    apr_uint32_t index;             /* of the verification */
    dygw_sandbox_verification_t verification;
} dygw_sandbox_item_t;

typedef struct dygw_sandbox_outcome_t {
    apr_int64_t error_code;         /* of the call; 0: look at the items (cancel: done) */
    const char *description;        /* NULL: the code's usual text */
    apr_int64_t sub_error_code;
    dygw_sandbox_order_t order;     /* of verify: a copy, as are the items' verifications */
    dygw_sandbox_item_t items[DYGW_SANDBOX_CODES_MAX];  /* of verify, one a code */
} dygw_sandbox_outcome_t;

/* Verifies or cancels; the lock is held.
 *
 * Verify: a token that has verified something belongs to that store and those codes. The same
 * request again gives the same results and does nothing, even after a cancel, until the switch
 * token_window_ms says that the token is forgotten; then it is a new one, or refused (3000001), as
 * forgotten_token says (one that is `anew` is new in any case). Another request is refused
 * (3000001). A coupon under review refuses the call (1229). Items stand for themselves: a used one
 * (1208) does not hinder the others; but refusals of other kinds refuse the whole call with nothing
 * done, unless the switch refusal_level says "result". */
void dygw_sandbox_change(const dygw_sandbox_change_t *change, dygw_ms_t now,
                         dygw_sandbox_outcome_t *outcome);

/* Somebody else redeems one use of a coupon; the lock is held. 0: nothing is left of it. */
int dygw_sandbox_use_elsewhere(apr_uint32_t index, const char *poi_id, int verify_type,
                               dygw_ms_t now);

/* Somebody else takes the newest verification of a coupon back; the lock is held. 0: there is
 * none. */
int dygw_sandbox_cancel_elsewhere(apr_uint32_t index, dygw_ms_t now);

/* A verify comes under review: refused with 1229, done after ms. One that was done before gives
 * its results, as always. The lock is held. */
void dygw_sandbox_review(const dygw_sandbox_change_t *change, dygw_ms_t ms,
                         dygw_sandbox_outcome_t *outcome);

/* Does what has become due of the changes that come late; the lock is held. */
void dygw_sandbox_apply_due(dygw_ms_t now);

#endif
