/* SPDX-License-Identifier: Apache-2.0
 * Records of four days, and what the settlement ledger said of them, for tests of dygw_payouts. */
#ifndef DYGW_T_DB_PAYOUTS_H
#define DYGW_T_DB_PAYOUTS_H

#include "records.h"
#include "store/payout.h"

#define PAYOUTS          48
#define PAYOUTS_APART_MS 7200000 /* two hours */
#define PAYOUTS_DAYS     7       /* of a test: its records are the only ones in there */
#define PAYOUTS_ZONE     480     /* minutes: in China */

/* Values that records have: of two of them either, but for those that have none. */
typedef struct payouts_values_t {
    const char *pois[2];
    const char *certificates[2];
    const char *accounts[2];
    const char *operators[2];
    const char *devices[2];
    apr_int64_t apps[2];
    const char *request;
    const char *ext_order;
    const char *code; /* its first digits */
} payouts_values_t;

extern payouts_values_t payouts_values;
extern dygw_verification_t *payouts_made[PAYOUTS];
extern dygw_payout_t payouts_said[PAYOUTS]; /* ledger_lines 0: nothing */
extern dygw_ms_t payouts_began;             /* the first ms of a day in China, and of the first record */

/* Setup of a test: makes the records. */
int payouts_make(void **state);

/* Lets the ledger say something of each but some, and cancels a part of them behind that. */
void payouts_say_all(void);

#define PAYOUT_TEST(f) cmocka_unit_test_setup_teardown(f, payouts_make, suite_teardown)

#endif
