/* SPDX-License-Identifier: Apache-2.0
 * The world of a gateway under test: a clock that the test moves, the state that a host's processes
 * share, a log, and a trace of what happened in which order. With fake_store.h and fake_douyin.h a
 * test needs neither a database nor a network. For the tests of gateway/. */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/gateway.h"

#include "fake_douyin.h"
#include "fake_store.h"

#define FAKE_START_MS APR_INT64_C(1767225600000) /* the time at the start: 2026-01-01T00:00:00Z */
#define FAKE_LIFE_MS  APR_INT64_C(7200000)       /* of a token */

/* Makes a new gateway, in this pool, and forgets all that was before: its store is empty and works,
 * its Douyin agrees to everything, and it holds the token "tok-1", version 1, for two hours. */
dygw_gateway_t *fake_world(apr_pool_t *pool);

/* The log, which fake_logged reads. */
extern dygw_log_t fake_log;

/* The context (dygw_ctx_t *) that functions of the gateway are given; it lives as long as the block
 * in which it is written. */
#define FAKE_CTX(gateway, pool) (&(dygw_ctx_t){ (gateway), &fake_log, (pool) })

/* Moves the clock, which else stands still. */
void fake_clock_advance(dygw_ms_t ms);

/* Puts a token into the host's state and into the store, both. */
void fake_hold_token(dygw_gateway_t *gateway, const char *text, apr_int64_t version, dygw_ms_t life_ms);

/* How often the host's state was locked since the world was made. */
int fake_host_locks(void);

/* Appends a word to the trace. Any thread may call it. */
void fake_event(const char *word);
/* Returns the words of the trace, with one blank between them, and empties the trace. The text lives
 * until the next call. */
const char *fake_trace(void);

/* Checks that each row that is settled has a reason if and only if there is something to explain. The
 * store in memory checks all that is written so: no way to an outcome may forget it. */
void fake_check_reasons(const dygw_verification_t *const *rows, int count);

/* How many messages of the log contain this text. */
int fake_logged(const char *text);

#endif
