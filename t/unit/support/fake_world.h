/* SPDX-License-Identifier: Apache-2.0
 * The world of a gateway under test: a clock, a host's state, a log and a trace of what happened. With
 * fake_store and fake_douyin, nothing outside this process is touched. */
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

#define FAKE_START_MS   APR_INT64_C(1767225600000)  /* 2026-01-01T00:00:00Z */
#define FAKE_LIFE_MS    APR_INT64_C(7200000)        /* of a token */

/* A gateway whose store is empty and works, whose Douyin says yes, and that holds token version 1,
 * "tok-1", for two hours. Everything before is forgotten. */
dygw_gateway_t *fake_world(apr_pool_t *pool);

extern dygw_log_t fake_log;

/* The context of a piece of work there; lives as long as the block that it stands in. */
#define FAKE_CTX(gateway, pool) (&(dygw_ctx_t){ (gateway), &fake_log, (pool) })

/* The clock stands still until it is moved. */
void fake_clock_advance(dygw_ms_t ms);

/* Puts a token into host's state and table. */
void fake_hold_token(dygw_gateway_t *gateway, const char *text, apr_int64_t version,
                     dygw_ms_t life_ms);

/* How often the host's state was locked. */
int fake_host_locks(void);

/* Appends a word to the trace; from any thread. */
void fake_event(const char *word);
/* The words since the start, or since the last call, with one blank between. */
const char *fake_trace(void);

/* How many messages contain this. */
int fake_logged(const char *text);

#endif
