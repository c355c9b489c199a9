/* SPDX-License-Identifier: Apache-2.0
 * The world of payouts under test: a clock that the test moves, a table of redemptions, a token, and
 * a Douyin whose ledger has one line of each coupon. The test sets and reads all of it in `world`.
 * For test_gateway_payouts. */
#ifndef PAYOUTS_WORLD_H
#define PAYOUTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_strings.h>

#include "gateway/ask.h"
#include "gateway/reports/payouts.h"
#include "store/payout.h"

#define ROWS_MAX  500
#define ASKED_MAX 500
#define DAY_MS    APR_INT64_C(86400000)

/* A row of dygw_payouts, with its verification. */
typedef struct world_row_t {
    dygw_payout_due_t due;
    dygw_ms_t next_ask_at; /* DYGW_NO_TIME: never */
    dygw_payout_t last;    /* as it was written last */
    int writes;
} world_row_t;

typedef struct world_t {
    dygw_ms_t now_ms;
    /* the store */
    int units;   /* how many units of database work are open */
    int db_away; /* no connection can be opened */
    int cannot_write;
    world_row_t rows[ROWS_MAX];
    int row_count;
    int left_to_walk;        /* verifications that the walk has not come to */
    int pieces;              /* how many pieces it had */
    apr_int64_t first_after; /* where the last walk began, */
    apr_int64_t last_below;  /* and where it ended */
    int transactions;        /* how often rows were written */
    /* the token */
    int no_token;
    int renewals;
    /* Douyin */
    int status;                 /* of each line; -1: there is none */
    int failing;                /* so many answers are failures, */
    dygw_reply_class_e failure; /* of this kind, */
    apr_int64_t error_code;     /* and with this code */
    const char *poison;         /* a coupon of which every question is refused so */
    const char *refused_account;
    int held; /* no answer comes */
    int asked;
    dygw_ms_t asked_at[ASKED_MAX];
    int asked_count[ASKED_MAX]; /* coupons of each question */
    char accounts[ASKED_MAX];   /* the first character of each account */
    /* the log */
    char said[2048];
} world_t;

extern world_t world;

/* Forgets everything, and sets the clock; world_end gives the real clock back. */
void world_begin(dygw_ms_t now_ms);
void world_end(void);

/* Adds a row that is due since `at`, redeemed at that time less 70 minutes. */
world_row_t *world_redeemed(const char *certificate_id, const char *account_id, dygw_ms_t at);

#endif
