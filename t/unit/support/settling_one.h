/* SPDX-License-Identifier: Apache-2.0
 * One redemption of one coupon while it is settled: its row, and what became of it. With
 * settle_state.c, fake_world.c, fake_store.c and fake_douyin.c. */
#ifndef SETTLING_ONE_H
#define SETTLING_ONE_H

#include "settling.h"

#define ID          101
#define QUARTER_MS  900000
#define HOUR_MS     APR_INT64_C(3600000)
#define REPEAT      "repeat " SETTLING_POI " vt-1 enc-1"

extern apr_pool_t *pool;
extern dygw_gateway_t *gateway;
extern dygw_verification_t *row;

/* A new world with the row, whose verify was sent 5 s ago. */
void start_anew(void);

/* For cmocka: each test has a pool and a world of its own. */
int set_up(void **state);
int tear_down(void **state);

/* Runs the job once; gives how many questions it asked. */
int settle(void);

/* What was asked since the last call. */
void check_asked(const char *expected);

void check_failed(apr_int64_t error_code);
void check_success(dygw_confirmed_by_e by);

/* It is `processing`, and due in from..to ms. */
void check_waits(dygw_ms_t from, dygw_ms_t to);

#endif
