/* SPDX-License-Identifier: Apache-2.0
 * Checks access tokens, and ends them. For serve.c and control.c. */
#ifndef DYGW_SANDBOX_TOKEN_H
#define DYGW_SANDBOX_TOKEN_H

#include "sandbox/records/state.h"

/* Returns 0 where a token (which may be NULL) is good, else the code that refuses it. The caller
 * holds the lock, here and below. */
apr_int64_t dygw_sandbox_token_check(const char *token, dygw_ms_t now);

/* Ends the tokens that are good now: from now on they count as unknown (killed), or as expired.
 * Returns how many. */
int dygw_sandbox_tokens_end(int killed, dygw_ms_t now);

#endif
