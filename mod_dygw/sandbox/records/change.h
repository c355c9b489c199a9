/* SPDX-License-Identifier: Apache-2.0
 * What the calls verify and cancel do to the records, at once or later. It uses state.h; it knows
 * no requests and writes no answers. */
#ifndef DYGW_SANDBOX_CHANGE_H
#define DYGW_SANDBOX_CHANGE_H

#include "sandbox/records/state.h"

/* What became of one code of a verify. */
typedef struct dygw_sandbox_item_t {
    apr_int64_t result; /* 0: verified; else the code that says why not */
    const char *text;   /* other words to it than the code's usual ones; NULL: those */
    apr_uint32_t index; /* with result 0: of the verification */
    dygw_sandbox_verification_t verification;
} dygw_sandbox_item_t;

/* What became of a verify or a cancel. */
typedef struct dygw_sandbox_outcome_t {
    apr_int64_t error_code;  /* of the call; 0: the items say (verify), or done (cancel) */
    const char *description; /* NULL: the code's usual text */
    apr_int64_t sub_error_code;
    dygw_sandbox_order_t order;                        /* of verify: a copy */
    dygw_sandbox_item_t items[DYGW_SANDBOX_CODES_MAX]; /* of verify: one for each code */
} dygw_sandbox_outcome_t;

/* Why a coupon cannot be redeemed for the time being; 0: nothing keeps it from that. */
apr_int64_t dygw_sandbox_code_of_block(const dygw_sandbox_coupon_t *coupon);

/* Verifies or cancels at the time `now` (ms). The caller holds the lock, here and below.
 *
 * Verify: a verify_token that has verified something belongs to the store, the account_id and the
 * codes of that request. The same request again changes nothing and gives the same results, even
 * after a cancel. A different request with the token is refused (3000001). With the switch
 * token_window_ms, the token is forgotten after that time: then it counts as a new token or is
 * refused (3000001), as the switch forgotten_token says; a change that is `anew` always counts as
 * one with a new token. A coupon under review refuses the call (1229). A used coupon (1208) does
 * not hinder the other codes. A refusal for another reason refuses the whole call, and nothing is
 * done, unless the switch refusal_level is "result". */
void dygw_sandbox_change(const dygw_sandbox_change_t *change, dygw_ms_t now,
                         dygw_sandbox_outcome_t *outcome);

/* Redeems one use of a coupon as if somebody else did it. Returns 0 where the coupon is not
 * unused, or the records are full. */
int dygw_sandbox_use_elsewhere(apr_uint32_t index, const char *poi_id, int verify_type,
                               dygw_ms_t now);

/* Cancels the newest verification of a coupon as if somebody else did it. Returns 0 where there is
 * none. */
int dygw_sandbox_cancel_elsewhere(apr_uint32_t index, dygw_ms_t now);

/* Puts a verify under review: it is refused with 1229 now, and done after ms. A verify that was
 * done before gives its results again. */
void dygw_sandbox_review(const dygw_sandbox_change_t *change, dygw_ms_t ms,
                         dygw_sandbox_outcome_t *outcome);

/* Makes the late changes that are due by now. */
void dygw_sandbox_apply_due(dygw_ms_t now);

#endif
