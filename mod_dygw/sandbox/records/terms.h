/* SPDX-License-Identifier: Apache-2.0
 * When the coupons of an order may be used, beside their validity. Many orders have the same terms,
 * which are kept once (state.h). This file uses no other file of the room. */
#ifndef DYGW_SANDBOX_TERMS_H
#define DYGW_SANDBOX_TERMS_H

#include "util/clock.h"

#define DYGW_SANDBOX_TERMS_MAX 8 /* ranges of dates, and of hours */

/* Days on which a coupon may not be used; ms, the end inclusive. */
typedef struct dygw_sandbox_dates_t {
    dygw_ms_t from;
    dygw_ms_t to;
} dygw_sandbox_dates_t;

/* Minutes of the day; an end that is not after the beginning is the next day's. */
typedef struct dygw_sandbox_hours_t {
    int from;
    int to;
} dygw_sandbox_hours_t;

/* Padding is zero, so that two can be compared as bytes. All zero: no restriction. */
typedef struct dygw_sandbox_terms_t {
    int weekdays; /* bit n: not on this day of the week, from Monday 1 to Sunday 7 */
    int dates;
    int hours; /* 0: at any hour; else in these only */
    int padding;
    dygw_sandbox_dates_t date[DYGW_SANDBOX_TERMS_MAX];
    dygw_sandbox_hours_t hour[DYGW_SANDBOX_TERMS_MAX];
} dygw_sandbox_terms_t;

/* Whether a coupon with these terms may be used at this time, by the clocks of China. */
int dygw_sandbox_terms_allow(const dygw_sandbox_terms_t *terms, dygw_ms_t now);

#endif
