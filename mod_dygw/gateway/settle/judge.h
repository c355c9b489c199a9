/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: what to think of the `processing` rows of one request, given what Douyin shows
 * and what else is recorded. Pure: all of the rules, none of the talking. */
#ifndef DYGW_GATEWAY_SETTLE_JUDGE_H
#define DYGW_GATEWAY_SETTLE_JUDGE_H

#include "gateway/redemption.h"
#include "gateway/settle/fit.h"

/* Douyin: 5 repetitions after 5 s each, then one every 40 s, 14 in all. */
#define DYGW_REPEATS_MAX        14

/* So many more, when they can redeem nothing and only tell whose a redemption is. */
#define DYGW_CONFIRMS_MAX       3

/* A coupon that is still unused so long after the last verify was not redeemed by it. */
#define DYGW_LATE_MS            APR_INT64_C(900000)

/* What is known, an entry for each row. */
typedef struct dygw_evidence_t {
    dygw_verification_t *const *rows;                   /* all of the request */
    int count;
    const dygw_seen_coupon_t *seen[DYGW_COUNT_MAX];     /* NULL: Douyin does not show the coupon, */
    const dygw_reply_t *unseen[DYGW_COUNT_MAX];         /* but says this */
    const apr_array_header_t *rivals[DYGW_COUNT_MAX];  /* see dygw_attribution_records */
    dygw_ms_t prepared_at[DYGW_COUNT_MAX];              /* dygw_fit_prepared_at of it */
    apr_array_header_t *foreign;    /* of const char *: verify_ids found to be other records' */
    dygw_ms_t now;
} dygw_evidence_t;

typedef enum {
    DYGW_VERDICT_WAIT,
    DYGW_VERDICT_REPEAT,    /* the verify has to be repeated, to redeem or to confirm */
    DYGW_VERDICT_OURS,      /* success */
    DYGW_VERDICT_FAILED
} dygw_verdict_e;

typedef struct dygw_verdict_t {
    dygw_verdict_e what;
    int silent;                         /* WAIT: no repetition can tell whose it is */
    const dygw_seen_verify_t *verify;   /* OURS: which; else the one that may be, or NULL */
    apr_int64_t error_code;             /* FAILED */
    const char *description;
} dygw_verdict_t;

/* A verdict for each row; those that are settled already get WAIT. */
void dygw_judge(const dygw_evidence_t *e, dygw_verdict_t *verdicts);

/* Whether the verify of these rows may be repeated at all: the very same request, nothing in it
 * that was taken back, given up or is under review. */
int dygw_may_repeat(dygw_verification_t *const *rows, int count);

/* Whether it may be while Douyin does not show the coupon, which may be a times card: later, when
 * Douyin has forgotten the verify_token, that would take another use of it. */
int dygw_may_repeat_unseen(const dygw_verification_t *v, dygw_ms_t now);

/* The same as dygw_may_repeat, or it may be repeated only to hear whose a redemption is: what would
 * forbid it otherwise is about plain coupons that are used, so that it cannot redeem anything. */
int dygw_may_repeat_or_confirm(const dygw_evidence_t *e);

/* When a verify of this row may have been sent last. */
dygw_ms_t dygw_last_sent(const dygw_verification_t *v);

#endif
