/* SPDX-License-Identifier: Apache-2.0
 * One redemption of one coupon while it is settled: its row, and what became of it. With
 * settle_state.c, fake_world.c, fake_store.c and fake_douyin.c. */
#ifndef SETTLING_ONE_H
#define SETTLING_ONE_H

#include "own_pool.h"
#include "settling.h"

#define REPEAT "repeat " SETTLING_POI " vt-1 enc-1"

extern dygw_gateway_t *gateway;
extern dygw_verification_t *row;

/* A new world with the row, whose verify was sent 5 s ago. */
void start_anew(void);

/* For cmocka: each test has a pool and a world of its own. */
int set_up(void **state);

/* Runs the job once; gives how many questions it asked. */
int settle(void);

/* Queue one answer of Douyin each: query shows the coupon unused; query shows it redeemed as
 * verify_id, `ago` ms before now; a repetition is told that the coupon is used already. */
void show_unused(void);
dygw_seen_verify_t *show_used(const char *verify_id, dygw_ms_t ago);
void answer_already(void);

/* Makes the row one of which so many repetitions were sent, the last just now. */
void spend(int repeats);

void check_failed(apr_int64_t error_code);
void check_success(dygw_confirmed_by_e by);

/* It is `processing`, and due in from..to ms. */
void check_waits(dygw_ms_t from, dygw_ms_t to);

#endif
