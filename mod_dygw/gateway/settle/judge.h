/* SPDX-License-Identifier: Apache-2.0
 * For gateway/ only: the rules of settling. From what is known of the verifications of one request
 * (the evidence), a verdict on each row that is still `processing`. The functions are pure: they
 * ask nobody, read no clock and change no row. */
#ifndef DYGW_GATEWAY_SETTLE_JUDGE_H
#define DYGW_GATEWAY_SETTLE_JUDGE_H

#include "gateway/redemption.h"
#include "gateway/settle/fit.h"

/* Douyin: a verify is repeated 5 times after 5 s each, then every 40 s, 14 times in all. */
#define DYGW_REPEATS_MAX 14

/* So many repetitions are made besides, where they can redeem nothing and only tell whose a
 * redemption is. */
#define DYGW_CONFIRMS_MAX 3

/* 15 minutes, in ms: how late Douyin may still apply a verify. A coupon that is unused so long
 * after the last verify was not redeemed by any verify. */
#define DYGW_LATE_MS APR_INT64_C(900000)

/* What is known of the verifications of one request. Arrays have an entry for each row. */
typedef struct dygw_evidence_t {
    dygw_verification_t *const *rows; /* all rows of the request */
    int count;
    const dygw_seen_coupon_t *seen[DYGW_COUNT_MAX];   /* the coupon as Douyin shows it; */
    const dygw_reply_t *unseen[DYGW_COUNT_MAX];       /* where it is NULL: Douyin's answer */
    const apr_array_header_t *rivals[DYGW_COUNT_MAX]; /* see dygw_attribution_rivals */
    dygw_ms_t prepared_at[DYGW_COUNT_MAX];            /* dygw_fit_prepared_at of the row */
    apr_array_header_t *foreign; /* of const char *: verify_ids that the database has found to be
                                  * other verifications' */
    dygw_ms_t now;
    dygw_ms_t sure; /* dygw_sure_now: by it is judged what is too late */
} dygw_evidence_t;

typedef enum {
    DYGW_VERDICT_WAIT,
    DYGW_VERDICT_REPEAT, /* repeat the verify, to redeem or to confirm */
    DYGW_VERDICT_OURS,   /* `success`: a redemption that is shown is the row's */
    DYGW_VERDICT_FAILED
} dygw_verdict_e;

typedef struct dygw_verdict_t {
    dygw_verdict_e what;
    int silent;                       /* WAIT: no repetition can tell whose the redemption is */
    const dygw_seen_verify_t *verify; /* the redemption that is the row's (OURS) or may be the
                                       * row's; NULL: none is shown */
    apr_int64_t error_code;           /* FAILED, as the next */
    const char *description;
} dygw_verdict_t;

/* Writes a verdict for each row into verdicts, which has room for e->count of them. A row that is
 * not `processing` gets WAIT. */
void dygw_judge(const dygw_evidence_t *e, dygw_verdict_t *verdicts);

/* Whether the verify of this request may be repeated: all of its rows are there, so that the
 * repetition is the very same request, and no row was cancelled, given up, is under review, or was
 * repeated as often as Douyin asks for. */
int dygw_may_repeat(dygw_verification_t *const *rows, int count);

/* Whether the verify may be repeated although Douyin does not show the coupon, which may be a times
 * card. Later Douyin may have forgotten the verify_token, and a repetition would take another use
 * of the card. */
int dygw_may_repeat_unseen(const dygw_verification_t *v, dygw_ms_t now);

/* Whether the verify may be repeated as dygw_may_repeat says, or only to confirm whose a redemption
 * is. The latter is so when every row that forbids the repetition by review or by number has a
 * plain coupon that is used: the repetition cannot redeem that anew. */
int dygw_may_repeat_or_confirm(const dygw_evidence_t *e);

/* Returns the time at which a verify with this row was sent last, or a later time. */
dygw_ms_t dygw_last_sent(const dygw_verification_t *v);

#endif
