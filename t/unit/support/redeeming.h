/* SPDX-License-Identifier: Apache-2.0
 * A redemption under test: its request, its outcome, and what is told of it. With fake_world.c,
 * fake_store.c and fake_douyin.c. */
#ifndef REDEEMING_H
#define REDEEMING_H

#include "fake_world.h"
#include "own_pool.h"

#include "gateway/redeem/redeem.h"

#define POI         "7012345678901234567"
#define COMMITTED   "open insert close"
#define SETTLED     "open settle close"
#define RENEWED     "open claim close token open put close"

extern dygw_gateway_t *gateway;
extern dygw_redeem_request_t request;   /* by code, of one coupon, with all remarks */
extern dygw_redeem_result_t out;

/* A new world, the same request. */
void start_anew(void);

/* For cmocka: each test has a pool and a world of its own. */
int set_up(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, destroy_pool)

/* The request is about a coupon that the caller has prepared. */
void use_encrypted_code(void);

void redeem(void);

/* A record of an outcome that is DYGW_OK. */
const dygw_verification_t *item(int number);

/* What the caller hears is what the table has. */
void check_told_as_recorded(void);

/* A record that is `processing`, with so many requests sent. */
void check_unknown(int number, int attempts);

void check_failed(int number, apr_int64_t error_code);

#endif
