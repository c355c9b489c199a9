/* SPDX-License-Identifier: Apache-2.0
 * Access tokens, whether they are good and how they end: for serve.c and control.c. */
#ifndef DYGW_SANDBOX_TOKEN_H
#define DYGW_SANDBOX_TOKEN_H

#include "sandbox/state.h"

/* 0 when a token is good, else the code that refuses it; the lock is held. token may be NULL. */
apr_int64_t dygw_sandbox_token_check(const char *token, dygw_ms_t now);

/* Ends the tokens that are good now: as unknown (killed), or as expired. Gives how many; the lock
 * is held. */
int dygw_sandbox_tokens_end(int killed, dygw_ms_t now);

#endif
