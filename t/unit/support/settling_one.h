/* SPDX-License-Identifier: Apache-2.0
 * One redemption of one coupon that is settled: its row, answers of Douyin, and checks of what became
 * of the row. For the tests of settling that need no other row at first; with settling.c,
 * fake_world.c, fake_store.c, fake_douyin.c and own_pool.c. */
#ifndef SETTLING_ONE_H
#define SETTLING_ONE_H

#include "own_pool.h"
#include "settling.h"

#define REPEAT "repeat " SETTLING_POI " vt-1 enc-1"

extern dygw_gateway_t *gateway;
extern dygw_verification_t *row;

/* Makes a new world with the row, whose verify was sent 5 s ago. */
void start_anew(void);

/* For cmocka: each test has a pool and a world of its own. */
int set_up(void **state);

/* Runs the job of settling once; returns how many questions it asked. */
int settle(void);

/* Each queues one answer of Douyin: query shows the coupon unused; query shows it redeemed as
 * verify_id, `ago` ms before now; a repetition is told that the coupon is used already. */
void show_unused(void);
dygw_seen_verify_t *show_used(const char *verify_id, dygw_ms_t ago);
void answer_already(void);

/* Makes the row one of which so many repetitions were sent, the last just now. */
void spend(int repeats);

/* Checks the row: it failed with this code, or succeeded and was confirmed in this way. */
void check_failed(apr_int64_t error_code);
void check_success(dygw_confirmed_by_e by);

/* Checks that the row is `processing`, and due in from..to ms. */
void check_waits(dygw_ms_t from, dygw_ms_t to);

#endif
