/* SPDX-License-Identifier: Apache-2.0
 * A redemption under test: its request, its outcome, and checks of what the caller is told. For the
 * tests of gateway/redeem/redeem.c; with fake_world.c, fake_store.c, fake_douyin.c and own_pool.c. */
#ifndef REDEEMING_H
#define REDEEMING_H

#include "fake_world.h"
#include "own_pool.h"

#include "gateway/redeem/redeem.h"

#define POI       "7012345678901234567"
/* What fake_trace tells of units of database work: the rows are committed before verify is sent, they
 * are settled with its answer, and a token is renewed. By a code, others with it are looked for before
 * that; and with it where prepare lists several coupons. */
#define COMMITTED "open insert close"
#define LOOKED    "open code close"
#define SEVERAL   LOOKED " open insert code close"
#define BY_CODE   LOOKED " " COMMITTED
#define SETTLED   "open settle close"
#define RENEWED   "open claim close token open put close"

extern dygw_gateway_t *gateway;
extern dygw_redeem_request_t request; /* of one coupon, by its code, with all that is optional */
extern dygw_redeem_result_t out;      /* what the last redeem() came to */

/* Makes a new world, and the request as it is at first. */
void start_anew(void);

/* For cmocka: each test has a pool and a world of its own. */
int set_up(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

/* Turns the request into one for a coupon that its caller has prepared. */
void use_encrypted_code(void);

/* Makes the request. */
void redeem(void);

/* A record of the outcome, counted from 0; the test fails where the outcome is not DYGW_OK. */
const dygw_verification_t *item(int number);

/* Checks that the caller is told what the table has. */
void check_told_as_recorded(void);

/* Checks a record that is `processing`, whose verify was sent `attempts` times. */
void check_unknown(int number, int attempts);

/* Checks a record that failed with this code. */
void check_failed(int number, apr_int64_t error_code);

#endif
