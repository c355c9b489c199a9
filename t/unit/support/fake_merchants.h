/* SPDX-License-Identifier: Apache-2.0
 * Douyin with several merchants behind one application, for the tests of gateway/diagnosis/: what douyin/async.c and
 * the token calls would do. A call under way is completed when its reply is waited for, in the order of their
 * beginnings. */
#ifndef DYGW_T_FAKE_MERCHANTS_H
#define DYGW_T_FAKE_MERCHANTS_H

#include "douyin/douyin.h"

#define FAKE_MERCHANTS_MAX 80
#define FAKE_NOW           APR_INT64_C(1767225600000)

/* A merchant has the stores first, first + 1, ... first + count - 1. */
typedef struct fake_merchant_t {
    const char *account_id;
    int first;
    int count;
    apr_int64_t refused[DYGW_QUESTIONS]; /* error codes by question; 0: none */
    const char *root;                    /* root_account of its stores; NULL: itself */
} fake_merchant_t;

typedef struct fake_merchants_t {
    fake_merchant_t list[FAKE_MERCHANTS_MAX];
    int count;
    int tells_no_total;
    int needs_account;         /* a question without one is refused as malformed */
    int is_dead;               /* the token */
    int asked[DYGW_QUESTIONS]; /* how often */
    int asked_alone;           /* for a store by its poi_id */
    int under_way, most_under_way;
    apr_time_t clock, tick; /* the steady clock, and by how much it goes on with each look */
} fake_merchants_t;

extern fake_merchants_t merchants;

/* Sets all of it back, and the clocks. */
void fake_merchants_begin(void);
void fake_merchants_end(void);

fake_merchant_t *fake_merchant_new(const char *account_id, int first, int count);

/* NULL: there is none. */
fake_merchant_t *fake_merchant(const char *account_id);

#endif
